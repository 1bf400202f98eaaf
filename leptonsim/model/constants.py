"""Nodes whose output is a constant by what they are: Constant, and Shape and Size of a tensor whose shape is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Tensor
from leptonsim.model.protos import dtype_name, frozen, is_small, tensor_value

if TYPE_CHECKING:
    import onnx


def initialisers_of(graph: onnx.GraphProto) -> list[Tensor]:
    """The initialisers of a graph, dense and sparse, as weights; a sparse one has its dense shape and no value."""
    dense = [_dense(proto.name, proto) for proto in graph.initializer]
    return dense + [_sparse(proto.values.name, proto) for proto in graph.sparse_initializer]


def constant_of(node: onnx.NodeProto, output: str, where: str) -> Tensor:
    """What a Constant node holds, under the name ``output``."""
    for attribute in node.attribute:
        match attribute.name:
            case "value":
                return _dense(output, attribute.t)
            case "sparse_value":
                return _sparse(output, attribute.sparse_tensor)
            case "value_float":
                return _scalars(output, "float", np.array(attribute.f, np.float32))
            case "value_floats":
                return _scalars(output, "float", np.array(attribute.floats, np.float32))
            case "value_int":
                return _scalars(output, "int64", np.array(attribute.i, np.int64))
            case "value_ints":
                return _scalars(output, "int64", np.array(attribute.ints, np.int64))
            case "value_string":
                return _scalars(output, "string", np.array(attribute.s.decode(), object))
            case "value_strings":
                return _scalars(output, "string", np.array([text.decode() for text in attribute.strings], object))
    raise LeptonError(f"{where}: has no value")


def shape_of(node: onnx.NodeProto, tensor: Tensor, output: str) -> Tensor:
    """The output of Shape (with its ``start`` and ``end``) or Size."""
    if node.op_type == "Size":
        return _scalars(output, "int64", np.array(tensor.elements, np.int64))
    limits = {attribute.name: attribute.i for attribute in node.attribute}
    piece = tensor.shape[slice(limits.get("start", 0), limits.get("end", len(tensor.shape)))]
    return _scalars(output, "int64", np.array(piece, np.int64))


def _dense(name: str, proto: onnx.TensorProto) -> Tensor:
    return Tensor(name, tuple(proto.dims), dtype_name(proto.data_type), "weight", tensor_value(proto))


def _sparse(name: str, proto: onnx.SparseTensorProto) -> Tensor:
    return Tensor(name, tuple(proto.dims), dtype_name(proto.values.data_type), "weight")


def _scalars(name: str, dtype: str, value: np.ndarray[Any, Any]) -> Tensor:
    return Tensor(name, value.shape, dtype, "weight", frozen(value) if is_small(dtype, value.size) else None)
