"""Element-wise operators: what one output element costs on the vector unit.

Transcendental functions are one operation of class ``exp`` each, whatever the argument; a division by a constant is a
multiplication by its reciprocal. A power by a small constant is the multiplications or the square root that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from leptonsim.compiler.records import has_input, vector_operator, view
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def _each(op_types: Iterable[str], cost: Mapping[str, int]) -> dict[str, Mapping[str, int]]:
    return dict.fromkeys(op_types, cost)


COST: Mapping[str, Mapping[str, int]] = {
    # One comparison, selection, rounding, sign change or logical operation.
    **_each(
        ["Relu", "Neg", "Abs", "Floor", "Ceil", "Round", "Not", "IsNaN", "IsInf", "BitwiseNot", "Trilu", "Where"],
        {"add": 1},
    ),
    **_each(
        ["Add", "Sub", "And", "Or", "Xor", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"], {"add": 1}
    ),
    **_each(["BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"], {"add": 1}),
    "Sign": {"add": 2},  # two comparisons
    "Mul": {"mul": 1},
    # Divisions and roots.
    **_each(["Sqrt", "Reciprocal"], {"div": 1}),
    "Softsign": {"add": 2, "div": 1},  # x / (1 + |x|)
    # One transcendental function.
    **_each(["Exp", "Log", "Erf", "Sigmoid", "Tanh"], {"exp": 1}),
    **_each(["Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"], {"exp": 1}),
    # Activations.
    "LeakyRelu": {"mul": 1, "add": 1},  # select(x > 0, x, a x), the comparison being the select's
    "PRelu": {"mul": 1, "add": 1},
    "ThresholdedRelu": {"add": 1},
    "Shrink": {"add": 3},  # two comparisons that select, one shift by the bias
    "Selu": {"exp": 1, "mul": 2, "add": 2},  # select(x > 0, gamma x, gamma a (exp(x) - 1))
    "Softplus": {"exp": 2, "add": 1},  # log(1 + exp(x))
    "Mish": {"exp": 3, "add": 1, "mul": 1},  # x tanh(softplus(x))
    "HardSigmoid": {"mul": 1, "add": 3},  # max(0, min(1, a x + b))
    "HardSwish": {"mul": 2, "add": 3},  # x times that
}


def lower_by_table(node: Node, graph: Graph) -> Operator:
    """The table's cost for each output element."""
    elements = graph.tensors[node.outputs[0]].elements
    return vector_operator(
        node, graph, {function: cost * elements for function, cost in COST[node.op_type].items()}, elementwise=True
    )


def lower_swish(node: Node, graph: Graph) -> Operator:
    """x sigmoid(alpha x); SwiGLU multiplies that by a second input."""
    elements = graph.tensors[node.outputs[0]].elements
    scaled = node.attributes.get("alpha", 1.0) != 1.0
    multiplies = 1 + scaled + (node.op_type == "SwiGLU")
    return vector_operator(node, graph, {"exp": elements, "mul": multiplies * elements}, elementwise=True)


def lower_elu(node: Node, graph: Graph) -> Operator:
    """select(x > 0, x, a (exp(x) - 1)), Celu of x / a: an exp and two adds, and a multiply for each a other than 1."""
    elements = graph.tensors[node.outputs[0]].elements
    scaled = node.attributes.get("alpha", 1.0) != 1.0
    multiplies = scaled * (2 if node.op_type == "Celu" else 1)
    vector = {"exp": elements, "mul": multiplies * elements, "add": 2 * elements}
    return vector_operator(node, graph, vector, elementwise=True)


def lower_gelu(node: Node, graph: Graph) -> Operator:
    """Exact: 0.5 x (1 + erf(x / sqrt 2)): three multiplies, an add, an erf.

    By tanh: (0.5 x) (1 + tanh((c x) (1 + a (x x)))): six multiplies, two adds, a tanh.
    """
    elements = graph.tensors[node.outputs[0]].elements
    if node.attributes.get("approximate", "none") in ("tanh", b"tanh"):
        return vector_operator(
            node, graph, {"mul": 6 * elements, "add": 2 * elements, "exp": elements}, elementwise=True
        )
    return vector_operator(node, graph, {"mul": 3 * elements, "add": elements, "exp": elements}, elementwise=True)


def lower_clip(node: Node, graph: Graph) -> Operator:
    """One comparison for each bound that is given (by attribute before opset 11, by input since); a view without."""
    bounds = sum(has_input(node, index) for index in (1, 2)) or sum(name in node.attributes for name in ("min", "max"))
    if not bounds:
        return view(node, graph)
    elements = graph.tensors[node.outputs[0]].elements
    return vector_operator(node, graph, {"add": bounds * elements}, elementwise=True)


def lower_variadic(node: Node, graph: Graph) -> Operator:
    """Max, Min, Sum: one operation for each input after the first; Mean: a multiply more. Of one input, a view."""
    inputs = [name for name in node.inputs if name]
    if len(inputs) == 1:
        return view(node, graph)
    elements = graph.tensors[node.outputs[0]].elements
    vector = {"add": (len(inputs) - 1) * elements, "mul": elements if node.op_type == "Mean" else 0}
    return vector_operator(node, graph, vector, elementwise=True)


def lower_cast(node: Node, graph: Graph) -> Operator:
    """One conversion for each element; a view where the type stays."""
    source, result = graph.tensors[node.inputs[0]], graph.tensors[node.outputs[0]]
    if source.dtype == result.dtype:
        return view(node, graph)
    return vector_operator(node, graph, {"add": result.elements}, inputs=node.inputs[:1], elementwise=True)


def lower_div(node: Node, graph: Graph) -> Operator:
    """A division; by a floating-point constant, a multiplication."""
    elements = graph.tensors[node.outputs[0]].elements
    divisor = graph.tensors[node.inputs[1]]
    function = "mul" if divisor.kind == "weight" and "float" in divisor.dtype else "div"
    return vector_operator(node, graph, {function: elements}, elementwise=True)


def lower_mod(node: Node, graph: Graph) -> Operator:
    """a - floor(a / b) b."""
    elements = graph.tensors[node.outputs[0]].elements
    return vector_operator(node, graph, {"div": elements, "add": 2 * elements, "mul": elements}, elementwise=True)


def lower_pow(node: Node, graph: Graph) -> Operator:
    """By a constant of 2, 3, 4: one or two multiplies; of 0.5 or -1: a root or reciprocal; else one transcendental."""
    elements = graph.tensors[node.outputs[0]].elements
    exponent = graph.tensors[node.inputs[1]]
    value = None
    if exponent.kind == "weight" and exponent.value is not None and exponent.elements == 1:
        value = float(np.asarray(exponent.value).reshape(-1)[0])
    cost = {2.0: {"mul": 1}, 3.0: {"mul": 2}, 4.0: {"mul": 2}, 0.5: {"div": 1}, -1.0: {"div": 1}, -0.5: {"div": 2}}
    per_element = {"exp": 1} if value is None else cost.get(value, {"exp": 1})
    return vector_operator(node, graph, {f: c * elements for f, c in per_element.items()}, elementwise=True)


LOWERINGS = {
    **dict.fromkeys(COST, lower_by_table),
    **dict.fromkeys(["Elu", "Celu"], lower_elu),
    "Swish": lower_swish,
    "SwiGLU": lower_swish,
    "Gelu": lower_gelu,
    "Clip": lower_clip,
    **dict.fromkeys(["Max", "Min", "Sum", "Mean"], lower_variadic),
    **dict.fromkeys(["Cast", "CastLike"], lower_cast),
    "Div": lower_div,
    "Mod": lower_mod,
    "Pow": lower_pow,
}
