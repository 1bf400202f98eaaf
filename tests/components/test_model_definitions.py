"""Operators that are read as what ONNX defines them by, and optional values."""

import onnx.parser
import pytest

from leptonsim.compiler.workload import workload
from leptonsim.errors import LeptonError
from leptonsim.model import load_model


def graph_of(body, imports='"" : 20'):
    return load_model(onnx.parser.parse_model(f"<ir_version: 10, opset_import: [{imports}]> {body}")).graph


def test_a_loss_becomes_the_operators_of_its_definition():
    graph = graph_of("g (float[8, 5] x, int64[8] t) => (float y) { y = NegativeLogLikelihoodLoss(x, t) }")
    assert graph.tensors[graph.outputs[0]].shape == ()
    kinds = {node.op_type for node in graph.nodes}
    assert {"GatherElements", "Neg"} <= kinds
    assert sum(workload(graph).mapped.values()) == len(graph.nodes) + graph.folded


def test_two_losses_do_not_share_what_is_inside():
    graph = graph_of("""g (float[8, 5] x, int64[8] t, float[8, 9] z) => (float y) {
        a = SoftmaxCrossEntropyLoss(x, t)
        b = SoftmaxCrossEntropyLoss(z, t)
        y = Add(a, b)
    }""")
    written = [name for node in graph.nodes for name in node.outputs if name]
    assert len(written) == len(set(written))
    softmaxes = [node for node in graph.nodes if node.op_type == "LogSoftmax"]
    assert [graph.tensors[node.inputs[0]].elements for node in softmaxes] == [40, 72]


def test_flexible_attention_is_recognised_as_attention():
    graph = graph_of(
        """g (float[1, 4, 8, 16] q, float[1, 4, 8, 16] k, float[1, 4, 8, 16] v) => (float[1, 4, 8, 16] y)
            { y = ai.onnx.preview.FlexAttention(q, k, v) }""",
        '"" : 26, "ai.onnx.preview" : 1',
    )
    operators = workload(graph).operators
    assert sum(operator.macs for operator in operators) == 2 * 4 * 8 * 8 * 16
    assert "Attention" in [operator.kind for operator in operators]


def test_an_optional_value_is_the_tensor_inside():
    graph = graph_of("""g (float[2, 3] x) => (float[2, 3] y, bool there) {
        o = Optional(x)
        e = OptionalGetElement(o)
        there = OptionalHasElement(x)
        y = Relu(e)
    }""")
    assert [(node.op_type, node.inputs) for node in graph.nodes] == [("Relu", ("x",))]
    assert graph.tensors["there"].value
    with pytest.raises(LeptonError, match=r"Optional.*absent"):
        graph_of("""g (float[2, 3] x) => (float[2, 3] y) {
            o = Optional<type = seq(float[2])>()
            z = OptionalGetElement(o)
            y = Add(z, x)
        }""")
