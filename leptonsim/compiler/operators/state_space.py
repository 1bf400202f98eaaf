"""Linear attention and the causal convolution before it: recurrences over tokens with a state instead of a cache.

LinearAttention, on the vector unit, token by token (chunked forms are not modelled). The state of a key-value head has
d_k x d_v elements. For each token and key-value head: one multiply and one add for each state element to add k v';
gated rules one multiply more, and one exponential for each decay; delta rules also S'k (a multiply and an add for each
state element), the difference to v and its rate (an add and a multiply for each of d_v). For each query head: q'S (a
multiply and an add for each state element), and the scale.

CausalConvWithState: a depthwise convolution along the line, of which the last positions are kept: one multiply and one
add for each output element and kernel element, SiLU if asked for.
"""

from __future__ import annotations

from leptonsim.compiler.records import has_input, shape_of, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def lower_linear_attention(node: Node, graph: Graph) -> Operator:
    """Inputs of shape [batch, tokens, heads * size]; numbers of heads by attribute."""
    batch, tokens, q_width = shape_of(graph, node.inputs[0])
    q_heads, kv_heads = int(node.attributes["q_num_heads"]), int(node.attributes["kv_num_heads"])
    key_size, value_size = q_width // q_heads, shape_of(graph, node.inputs[2])[2] // kv_heads
    rule = _text(node.attributes.get("update_rule", "gated_delta"))
    steps = batch * tokens
    state = key_size * value_size
    vector = {
        "mul": steps * (kv_heads * state + q_heads * (state + value_size)),
        "add": steps * (kv_heads * state + q_heads * state),
        "exp": 0,
    }
    if "gated" in rule:
        vector["mul"] += steps * kv_heads * state
        vector["exp"] += graph.tensors[node.inputs[4]].elements if has_input(node, 4) else 0
    if "delta" in rule:
        vector["mul"] += steps * kv_heads * (state + value_size)
        vector["add"] += steps * kv_heads * (state + value_size)
    return vector_operator(node, graph, vector)


def lower_causal_convolution(node: Node, graph: Graph) -> Operator:
    """Input [batch, channels, length], weights [channels, 1, kernel]."""
    outputs = graph.tensors[node.outputs[0]].elements
    kernel = shape_of(graph, node.inputs[1])[2]
    active = _text(node.attributes.get("activation", "none")) not in ("none", "")
    vector = {
        "mul": (kernel + active) * outputs,
        "add": (kernel + has_input(node, 2)) * outputs,
        "exp": active * outputs,
    }
    return vector_operator(node, graph, vector)


LOWERINGS = {"LinearAttention": lower_linear_attention, "CausalConvWithState": lower_causal_convolution}
