"""The collector of cycles rests while a model's records are made, and is left as it was found."""

import gc

import pytest

from leptonsim.compiler.uncollected import uncollected


def assert_at_rest_and_fail():
    assert not gc.isenabled()
    raise KeyError


@pytest.mark.parametrize("at_work", [True, False])
def test_the_collector_is_left_as_it_was_found(at_work):
    before = gc.isenabled()
    (gc.enable if at_work else gc.disable)()
    try:
        with pytest.raises(KeyError), uncollected():
            assert_at_rest_and_fail()
        assert gc.isenabled() == at_work
    finally:
        (gc.enable if before else gc.disable)()
