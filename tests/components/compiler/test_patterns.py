"""The matcher: order of inputs, repeated variables, numbers, and what others read."""

import pytest

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.patterns import either, match, number, op, var

X = var("x")


@pytest.fixture
def found(graph_of):
    def find(text, pattern):
        graph = graph_of(text)
        draft = Draft(graph)
        root = draft.maker(graph.outputs[0])
        return match(draft, root, pattern)

    return find


HEAD = "g (float[4] a, float[4] b) => (float[4] y) <float two = {2.0}>"


@pytest.mark.parametrize("body", ["y = Add(r, b)", "y = Add(b, r)"])
def test_sums_match_in_either_order(found, body):
    hit = found(f"{HEAD} {{ r = Relu(a) {body} }}", op("Add", op("Relu", X), var("z")))
    assert hit.tensors == {"x": "a", "z": "b"}
    assert [node.op_type for node in hit.nodes] == ["Add", "Relu"]


def test_differences_do_not(found):
    pattern = op("Sub", op("Relu", X), var("z"))
    assert found(f"{HEAD} {{ r = Relu(a) y = Sub(r, b) }}", pattern) is not None
    assert found(f"{HEAD} {{ r = Relu(a) y = Sub(b, r) }}", pattern) is None


def test_the_same_variable_is_the_same_tensor(found):
    square = op("Mul", X, X)
    assert found(f"{HEAD} {{ y = Mul(a, a) }}", square).tensors == {"x": "a"}
    assert found(f"{HEAD} {{ y = Mul(a, b) }}", square) is None


def test_a_choice_made_too_early_is_taken_back(found):
    """The first Relu that is tried is not the one whose input is a; the matcher has to come back to the other order."""
    pattern = op("Add", op("Relu", X), op("Mul", X, var("z")))
    hit = found(f"{HEAD} {{ m = Mul(b, a) r = Relu(a) y = Add(m, r) }}", pattern)
    assert hit.tensors == {"x": "a", "z": "b"}


def test_numbers_match_by_value(found):
    text = f"{HEAD} {{ y = Mul(a, two) }}"
    assert found(text, op("Mul", X, number(2.0))) is not None
    assert found(text, op("Mul", X, number(2.1))) is None
    assert found(text, op("Mul", X, either(number(1.0), number()))) is not None
    assert found(f"{HEAD} {{ y = Mul(a, b) }}", op("Mul", X, number())) is None


@pytest.mark.parametrize("reader", ["float[4] r", "float[4] z"])
def test_an_inside_that_others_read_is_no_match(found, reader):
    text = f"""g (float[4] a, float[4] b) => (float[4] y, {reader}) {{ r = Relu(a) y = Add(r, b) z = Exp(r) }}"""
    assert found(text, op("Add", op("Relu", X), var("z"))) is None
