"""Random numbers, from a counter-based generator.

Philox 4x32-10 makes four numbers by ten rounds of two multiplies and four additions or exclusive ors (Salmon et al., SC
2011): five multiplies and ten adds for each. A uniform number is scaled and shifted (a multiply, an add). A normal one
is made of two uniform ones two at a time (Box and Muller, 1958): for each a share of a logarithm and of a root, a sine
or cosine, a multiply, then scaled and shifted. Bernoulli compares a uniform number with its input. Multinomial turns
logarithms into running sums of probabilities (an exponential and an addition for each class), and compares a uniform
number for each sample with those of all classes.
"""

from __future__ import annotations

from leptonsim.compiler.records import shape_of, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node

UNIFORM = {"mul": 6, "add": 11}
NORMAL = {"mul": 7, "add": 11, "exp": 2, "div": 1}


def lower_random(node: Node, graph: Graph) -> Operator:
    """Only the shape of an input is used, but by Bernoulli."""
    elements = graph.tensors[node.outputs[0]].elements
    cost = dict(NORMAL if "Normal" in node.op_type else UNIFORM)
    compares = node.op_type == "Bernoulli"
    cost["add"] += compares
    vector = {function: count * elements for function, count in cost.items()}
    return vector_operator(node, graph, vector, inputs=node.inputs if compares else ())


def lower_multinomial(node: Node, graph: Graph) -> Operator:
    """A uniform number for each sample, compared with the running sums of all classes (a comparison, a reduction)."""
    classes = graph.tensors[node.inputs[0]].elements
    samples = graph.tensors[node.outputs[0]].elements
    compared = samples * shape_of(graph, node.inputs[0])[-1]
    vector = {function: count * samples for function, count in UNIFORM.items()}
    vector |= {"add": vector["add"] + classes + compared, "exp": classes, "reduce": compared}
    return vector_operator(node, graph, vector)


RANDOM = ["RandomUniform", "RandomUniformLike", "RandomNormal", "RandomNormalLike", "Bernoulli"]

LOWERINGS = {**dict.fromkeys(RANDOM, lower_random), "Multinomial": lower_multinomial}
