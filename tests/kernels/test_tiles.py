"""The tile kernel and its plain-Python twin give the same integers."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leptonsim.kernels import tiles as kernel
from leptonsim.kernels.plain import tiles as plain


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_the_kernel_and_its_twin_agree_on_every_output(tile_tools: Any, data: Any) -> None:
    case = data.draw(tile_tools.cases())
    expected = tile_tools.drive(plain.TileMachine(**case.program), case)
    got = tile_tools.drive(kernel.TileMachine(**case.program), case)
    for name, value in expected.items():
        assert got[name] == value, name
