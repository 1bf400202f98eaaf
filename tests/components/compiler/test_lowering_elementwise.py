"""Element-wise operators: cost for each output element, and each operand at its own size."""

import pytest


@pytest.mark.parametrize(
    ("expression", "cost"),
    [
        ("Relu(x)", {"add": 1}),
        ("Sigmoid(x)", {"exp": 1}),
        ("Sqrt(x)", {"div": 1}),
        ("LeakyRelu(x)", {"add": 1, "mul": 1}),
        ("HardSwish(x)", {"mul": 2, "add": 3}),
        ("Mish(x)", {"exp": 3, "add": 1, "mul": 1}),
        ("Gelu(x)", {"mul": 3, "add": 1, "exp": 1}),
        ('Gelu<approximate="tanh">(x)', {"mul": 6, "add": 2, "exp": 1}),
        ("Clip(x, zero, six)", {"add": 2}),
        ('Clip(x, zero, "")', {"add": 1}),
        ("Add(x, z)", {"add": 1}),
        ("Div(x, z)", {"div": 1}),
        ("Div(x, six)", {"mul": 1}),
        ("Pow(x, two)", {"mul": 1}),
        ("Pow(x, z)", {"exp": 1}),
        ("Mod<fmod=1>(x, z)", {"div": 1, "add": 2, "mul": 1}),
        ("Max(x, z, x)", {"add": 2}),
        ("Mean(x, z)", {"add": 1, "mul": 1}),
        ("Trilu(x)", {"add": 1}),
        ("Cast<to=10>(x)", {"add": 1}),
    ],
)
def test_an_element_costs_what_its_steps_cost(work_of, expression, cost):
    result = "float16" if expression.startswith("Cast") else "float"
    text = expression.replace('""', "")
    (operator,) = work_of(
        f"""g (float[4,6] x, float[4,6] z) => ({result}[4,6] y)
        <float zero = {{0.0}}, float six = {{6.0}}, float two = {{2.0}}> {{ y = {text} }}"""
    ).operators
    assert operator.engine == "vector"
    assert operator.elementwise
    assert operator.vector == {function: count * 24 for function, count in cost.items()}


def test_a_broadcast_operand_is_read_once_and_a_scalar_weight_not_at_all(work_of):
    (operator,) = work_of(
        "g (float[4,6] x, float[6] z) => (float[4,6] y) <float c = {3.0}> { a = Mul(x, c) y = Add(a, z) }"
    ).operators
    assert [(o.tensor, o.elements) for o in operator.inputs] == [("x", 24), ("z", 6)]
    assert operator.vector == {"mul": 24, "add": 24}


def test_a_cast_to_the_same_type_and_a_sum_of_one_are_views(work_of):
    result = work_of("g (float[4,6] x) => (float[4,6] y) { a = Sum(x) y = Cast<to=1>(a) }")
    assert [operator.engine for operator in result.operators] == ["view", "view"]
    assert result.mapped["view"] == 2
