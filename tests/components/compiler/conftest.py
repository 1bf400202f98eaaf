"""Graphs for tests, written in ONNX's own text form; what is declared but made by no node is a weight."""

import hashlib

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import numpy_helper, shape_inference

from leptonsim.model.graph import Graph, Node, Tensor


def graph_of_text(text, opset=20):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : {opset}, "other" : 1]> {text}')
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    made = {name for node in graph.node for name in node.output}
    given = [value.name for value in graph.input]
    tensors = {}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor_type = value.type.tensor_type
        shape = tuple(dim.dim_value for dim in tensor_type.shape.dim)
        dtype = onnx.TensorProto.DataType.Name(tensor_type.elem_type).lower()
        kind = "input" if value.name in given else "activation" if value.name in made else "weight"
        tensors[value.name] = Tensor(value.name, shape, dtype, kind)
    for constant in graph.initializer:
        array = numpy_helper.to_array(constant)
        dtype = onnx.TensorProto.DataType.Name(constant.data_type).lower()
        tensors[constant.name] = Tensor(constant.name, tuple(array.shape), dtype, "weight", np.asarray(array))
    nodes = tuple(
        Node(
            name=f"n_{next(filter(None, node.output))}",
            op_type=node.op_type,
            domain=node.domain,
            opset=opset,
            inputs=tuple(node.input),
            outputs=tuple(node.output),
            attributes={a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
        )
        for node in graph.node
    )
    outputs = tuple(value.name for value in graph.output)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Graph("test", nodes, tensors, tuple(given), outputs, batch=1, folded=0, digest=digest)


@pytest.fixture
def graph_of():
    """graph_of(text, opset) -> Graph"""
    return graph_of_text


@pytest.fixture
def work_of(graph_of):
    """work_of(text, opset) -> Workload; every node is checked to be accounted for once."""
    from leptonsim.compiler.workload import workload

    def work(text, opset=20):
        graph = graph_of(text, opset)
        result = workload(graph)
        assert sum(result.mapped.values()) == len(graph.nodes) + graph.folded
        named = [name for operator in result.operators for name in operator.nodes]
        assert len(named) == len(set(named))
        return result

    return work


@pytest.fixture
def fused(graph_of):
    """fused(text, opset) -> Workload, held against the same graph lowered node by node.

    Passes change neither multiply-accumulates nor what the graph puts out; operators read only what is there.
    """
    from leptonsim.compiler.draft import Draft
    from leptonsim.compiler.lowering import lower
    from leptonsim.compiler.workload import workload

    def check(text, opset=20):
        graph = graph_of(text, opset)
        result = workload(graph)
        plain = lower(graph, Draft(graph).origins)
        assert sum(o.macs for o in result.operators) == sum(o.macs for o in plain)
        results = set(graph.outputs)
        made = {name for name, tensor in result.tensors.items() if tensor.kind != "activation"}
        for operator in result.operators:
            assert {operand.tensor for operand in operator.inputs} <= made
            made |= {operand.tensor for operand in operator.outputs}
        assert results <= made
        for operator in result.operators:
            if not operator.kind.endswith("InPlace"):
                assert all(
                    o.elements == graph.tensors[o.tensor].elements for o in operator.outputs if o.tensor in results
                )
        assert sum(result.mapped.values()) == len(graph.nodes) + graph.folded
        return result

    return check
