"""Recurrent networks, split by a pass into a projection of all steps and the recurrence (see
``passes/split_recurrent``).

Projection: one product of [steps x batch, inputs] by [inputs, directions x gates x hidden], and one add for each result
for the biases, if given.

Recurrence: for each step and direction a product of [batch, hidden] by [hidden, gates x hidden], with the same weights
at every step. That each step waits for the one before shows as groups of ``batch`` rows, between which the weights go
round again; the hidden state stays on the chip, so the operand read as A is the tensor of projected gates. For each
element of the hidden state and step:
- LSTM: 4 adds of the projections, 3 sigmoids, 2 tanh, c' = f c + i g (2 multiplies, an add), h = o tanh(c') (a
  multiply).
- GRU: 3 adds of the projections, 2 sigmoids, a tanh, the reset (a multiply), h' = h + z (n - h) (a multiply, two adds).
- RNN: an add and a tanh.
"""

from __future__ import annotations

from leptonsim.compiler.records import has_input, shape_of, tensor_operator
from leptonsim.compiler.work import MatMul, Operator
from leptonsim.model.graph import Graph, Node

STEP_COST = {
    "LSTM": {"add": 5, "exp": 5, "mul": 3},
    "GRU": {"add": 5, "exp": 3, "mul": 2},
    "RNN": {"add": 1, "exp": 1},
}


def lower_projection(node: Node, graph: Graph) -> Operator:
    """Inputs X [steps, batch, inputs] (or batch first), W [directions, gates * hidden, inputs], and biases."""
    x, weights = node.inputs[:2]
    first, second, features = shape_of(graph, x)
    directions, rows, _ = shape_of(graph, weights)
    product = MatMul(groups=1, m=first * second, k=features, n=directions * rows)
    vector = {"add": product.m * product.n * has_input(node, 2)}
    return tensor_operator(node, graph, product, x, weights, node.inputs[2:3], vector)


def lower_recurrence(node: Node, graph: Graph) -> Operator:
    """Inputs gates [steps, batch, ...] (batch first if ``layout`` is 1), R [directions, gates * hidden, hidden],
    lengths, states.
    """
    gates, recurrent = node.inputs[:2]
    steps, batch = shape_of(graph, gates)[:2]
    if node.attributes.get("layout", 0):
        steps, batch = batch, steps
    directions, rows, hidden = shape_of(graph, recurrent)
    product = MatMul(groups=directions * steps, m=batch, k=hidden, n=rows, shared_b=steps)
    updates = directions * steps * batch * hidden
    vector = {function: cost * updates for function, cost in STEP_COST[node.op_type].items()}
    return tensor_operator(node, graph, product, gates, recurrent, node.inputs[2:], vector)


LOWERINGS = {
    "leptonsim::RecurrentProjection": lower_projection,
    "leptonsim::LSTM": lower_recurrence,
    "leptonsim::GRU": lower_recurrence,
    "leptonsim::RNN": lower_recurrence,
}
