"""The nine real networks that come with the onnx wheel: opset 9, IR 3, weights made by ConstantOfShape."""

from pathlib import Path

import onnx
import pytest

from leptonsim.model import load_model

LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("light_*.onnx"))


def test_the_wheel_holds_the_nine_networks():
    assert len(LIGHT) == 9


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_shapes_are_those_of_onnx_where_onnx_knows_them(path):
    graph = load_model(path).graph
    inferred = onnx.shape_inference.infer_shapes(onnx.load(path), strict_mode=True, data_prop=True)
    compared = 0
    for value in [*inferred.graph.value_info, *inferred.graph.output]:
        shape = tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        if value.name in graph.tensors and value.type.tensor_type.HasField("shape"):
            assert graph.tensors[value.name].shape == shape, value.name
            compared += 1
    assert compared >= len(graph.nodes)


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_every_activation_scales_with_the_batch(path):
    model = load_model(path)
    one, eight = model.graph, model.with_batch(8).graph
    assert eight.batch == 8
    assert [node.op_type for node in one.nodes] == [node.op_type for node in eight.nodes]
    for name, tensor in one.tensors.items():
        if tensor.kind != "weight":
            assert eight.tensors[name].shape == (8, *tensor.shape[1:]), name


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_every_node_is_kept_folded_or_unused(path):
    graph = load_model(path).graph
    assert len(graph.nodes) + graph.folded + graph.unused == len(onnx.load(path).graph.node)
    assert "ConstantOfShape" not in {node.op_type for node in graph.nodes}


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_only_the_picture_is_an_input(path):
    graph = load_model(path).graph
    assert [graph.tensors[name].shape for name in graph.inputs] == [(1, 3, 224, 224)]
