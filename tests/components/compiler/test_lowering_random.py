"""Random numbers by the operations of their generator."""

import pytest


@pytest.mark.parametrize(
    ("expression", "cost", "read"),
    [
        ("RandomUniformLike(x)", {"mul": 6, "add": 11}, []),
        ("RandomNormalLike(x)", {"mul": 7, "add": 11, "exp": 2, "div": 1}, []),
        ("Bernoulli(x)", {"mul": 6, "add": 12}, ["x"]),
    ],
)
def test_each_number_costs_its_share_of_the_generator(work_of, expression, cost, read):
    (operator,) = work_of(f"g (float[4,6] x) => (float[4,6] y) {{ y = {expression} }}").operators
    assert operator.vector == {function: count * 24 for function, count in cost.items()}
    assert [o.tensor for o in operator.inputs] == read
