"""Linear attention and causal convolution; graphs are built by hand, as their shape inference is young."""

from leptonsim.compiler.lowering import lower
from leptonsim.model.graph import Graph, Node, Tensor


def lowered(op_type, shapes, outputs, attributes):
    tensors = {name: Tensor(name, shape, "float", "input") for name, shape in shapes.items()}
    tensors |= {name: Tensor(name, shape, "float", "activation") for name, shape in outputs.items()}
    node = Node("n", op_type, "", 27, tuple(shapes), tuple(outputs), attributes)
    (operator,) = lower(Graph("g", (node,), tensors, tuple(shapes), tuple(outputs), 1, 0, ""), {})
    return operator


def test_the_gated_delta_rule_touches_the_state_four_times_for_each_token():
    steps, kv, q, key, value = 2 * 5, 2, 4, 16, 8
    operator = lowered(
        "LinearAttention",
        {"q": (2, 5, q * key), "k": (2, 5, kv * key), "v": (2, 5, kv * value), "s": (2, kv, key, value),
         "g": (2, 5, kv), "b": (2, 5, kv)},
        {"o": (2, 5, q * value), "t": (2, kv, key, value)},
        {"q_num_heads": q, "kv_num_heads": kv, "update_rule": b"gated_delta"},
    )  # fmt: skip
    state = key * value
    assert operator.vector == {
        "mul": steps * (3 * kv * state + kv * value + q * (state + value)),
        "add": steps * (2 * kv * state + kv * value + q * state),
        "exp": steps * kv,
    }


def test_a_causal_convolution_is_depthwise_with_its_activation():
    operator = lowered(
        "CausalConvWithState",
        {"x": (2, 8, 10), "w": (8, 1, 4), "b": (8,), "s": (2, 8, 3)},
        {"y": (2, 8, 10), "t": (2, 8, 3)},
        {"activation": "silu"},
    )
    assert operator.vector == {"mul": 5 * 160, "add": 5 * 160, "exp": 160}
