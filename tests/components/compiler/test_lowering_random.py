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


def test_a_multinomial_compares_each_sample_with_the_sums_of_all_classes(work_of):
    (operator,) = work_of("g (float[2,10] x) => (int32[2,7] y) { y = Multinomial<sample_size = 7>(x) }").operators
    assert operator.vector == {
        "mul": 6 * 14,
        "add": 11 * 14 + 20 + 14 * 10,
        "exp": 20,
        "reduce": 14 * 10,
    }
