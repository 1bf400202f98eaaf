"""From ONNX's protobuf messages to plain Python: element types, attributes, and constants with or without their values.

Values are kept up to 4 kB only: shapes, axes and scales are needed to infer shapes, weights are not. A model can
thus be read whose weight file is missing or larger than memory.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import onnx

VALUE_LIMIT_BYTES = 4096
"""Largest constant whose value is kept."""

_DATA = ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
_BITS = {"int4": 4, "uint4": 4, "float4e2m1": 4, "int2": 2, "uint2": 2}
_SCALAR_BYTES = {
    "double": 8, "int64": 8, "uint64": 8, "complex64": 8, "complex128": 16, "string": 64,
    "float": 4, "int32": 4, "uint32": 4, "float16": 2, "bfloat16": 2, "int16": 2, "uint16": 2,
}  # fmt: skip


@functools.cache
def dtype_name(elem_type: int) -> str:
    """Name of an ONNX element type in lower case ("float", "int64", "bfloat16"); "undefined" for 0.

    Raises LeptonError for a number that is no type.
    """
    from onnx import TensorProto

    try:
        return str(TensorProto.DataType.Name(elem_type)).lower()
    except ValueError:
        raise LeptonError(f"element type {elem_type} is none that ONNX defines; the file is damaged or newer") from None


@functools.cache
def dtype_code(name: str) -> int:
    """ONNX's number of an element type given in lower case."""
    from onnx import TensorProto

    return int(TensorProto.DataType.Value(name.upper()))


def stored_bytes(dtype: str, elements: int) -> int:
    """Bytes that ``elements`` of a type take in a file; types below one byte are packed, a string counts as 64."""
    if dtype in _BITS:
        return -(-elements * _BITS[dtype] // 8)
    return elements * _SCALAR_BYTES.get(dtype, 1)


def is_small(dtype: str, elements: int) -> bool:
    """Whether a constant of this type and size keeps its value."""
    return stored_bytes(dtype, elements) <= VALUE_LIMIT_BYTES


def strip_weights(model: onnx.ModelProto) -> None:
    """Drop, in place, the data of every tensor too large to keep: they become external data that is nowhere."""
    _strip_graph(model.graph)
    for function in model.functions:
        _strip_nodes(function.node)


def _strip_graph(graph: onnx.GraphProto) -> None:
    for tensor in graph.initializer:
        _strip_tensor(tensor)
    for sparse in graph.sparse_initializer:
        _strip_tensor(sparse.values)
        _strip_tensor(sparse.indices)
    _strip_nodes(graph.node)


def _strip_nodes(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _strip_tensor(attribute.t)
            if attribute.HasField("g"):
                _strip_graph(attribute.g)
            for graph in attribute.graphs:
                _strip_graph(graph)


def _strip_tensor(tensor: onnx.TensorProto) -> None:
    if tensor.data_location == tensor.EXTERNAL or is_small(dtype_name(tensor.data_type), math.prod(tensor.dims)):
        return
    for name in _DATA:
        tensor.ClearField(name)
    tensor.data_location = tensor.EXTERNAL


def load_small_external(model: onnx.ModelProto, folder: Path) -> None:
    """Read, in place, small initialisers from their weight files; one that cannot be read stays unknown."""
    for tensor in model.graph.initializer:
        if tensor.data_location != tensor.EXTERNAL:
            continue
        dtype = dtype_name(tensor.data_type)
        size_bytes = stored_bytes(dtype, math.prod(tensor.dims))
        if dtype == "string" or size_bytes > VALUE_LIMIT_BYTES:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        data = _read_piece(folder, entries.get("location", ""), entries.get("offset", "0"), size_bytes)
        if data is not None:
            tensor.raw_data = data
            tensor.data_location = tensor.DEFAULT
            del tensor.external_data[:]


def _read_piece(folder: Path, location: str, offset: str, size_bytes: int) -> bytes | None:
    try:
        root = folder.resolve()
        path = (root / location).resolve()
        # ONNX allows only relative locations below the model's folder; anything else is not followed.
        if not location or not path.is_relative_to(root) or not path.is_file():
            return None
        with path.open("rb") as file:
            file.seek(int(offset))
            data = file.read(size_bytes)
    except (OSError, ValueError):
        # A name or an offset that no file can have.
        return None
    return data if len(data) == size_bytes else None


def tensor_value(tensor: onnx.TensorProto) -> np.ndarray[Any, Any] | None:
    """The value of a small constant, read-only; None where it is large or not at hand.

    Raises LeptonError where the data are not of the length that the shape asks for.
    """
    from onnx import numpy_helper

    if tensor.data_location == tensor.EXTERNAL or not is_small(dtype_name(tensor.data_type), math.prod(tensor.dims)):
        return None
    if math.prod(tensor.dims) and not any(
        tensor.HasField(f) if f == "raw_data" else len(getattr(tensor, f)) for f in _DATA
    ):
        return None
    try:
        return frozen(np.asarray(numpy_helper.to_array(tensor)))
    except (ValueError, TypeError) as error:
        raise LeptonError(
            f"tensor {tensor.name!r} of type {dtype_name(tensor.data_type)} and shape {list(tensor.dims)} holds other "
            f"data than that ({error}); the file is damaged"
        ) from error


def frozen(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same array, which can no longer be written to."""
    value.setflags(write=False)
    return value


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """Attributes as int, float, str, tuples of them, or arrays; subgraphs and types are left out.

    A tensor too large to keep becomes None.
    """
    return {attribute.name: value for attribute in node.attribute if (value := _attribute(attribute)) is not _LEFT_OUT}


_LEFT_OUT = object()


def _attribute(attribute: onnx.AttributeProto) -> Any:
    kind = attribute.type
    if kind == attribute.INT:
        return int(attribute.i)
    if kind == attribute.FLOAT:
        return float(attribute.f)
    if kind == attribute.STRING:
        return attribute.s.decode("utf-8", "replace")
    if kind == attribute.INTS:
        return tuple(attribute.ints)
    if kind == attribute.FLOATS:
        return tuple(attribute.floats)
    if kind == attribute.STRINGS:
        return tuple(text.decode("utf-8", "replace") for text in attribute.strings)
    if kind == attribute.TENSOR:
        return tensor_value(attribute.t)
    return _LEFT_OUT
