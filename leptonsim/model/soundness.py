"""Whether a file holds what an ONNX file has to, before anything is made of it.

Checked are: names that are text, opset versions, sizes of constants, and of every node the number of its inputs and
outputs and the types of its attributes, by ONNX's own definition of the operator. Weights that are not at hand are no
damage. Whether shapes fit together is for the inference to tell.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    import onnx

MOST_ELEMENTS = 1 << 40
"""Of one tensor: a thousand times the largest weight of today's models. Beyond it a size is damage or a slip."""
DAMAGE = (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError)
"""What reading a node raises whose inputs, attributes or subgraphs are not of the form that its operator has."""

_NEWEST_VERSION = 1 << 16


def check_sound(model: onnx.ModelProto) -> None:
    """Check names, versions and constants of a whole file; LeptonError says which is wrong."""
    for entry in model.opset_import:
        _check_text(entry.domain)
        if not 1 <= entry.version < _NEWEST_VERSION:
            raise LeptonError(f"opset version {entry.version} of {entry.domain or 'ai.onnx'} is none; is it damaged?")
    _check_graph(model.graph)
    for function in model.functions:
        _check_text(function.name, function.domain, *function.input, *function.output)
        _check_nodes(function.node)


def _check_graph(graph: onnx.GraphProto) -> None:
    for value in (*graph.input, *graph.output):
        _check_text(value.name)
    for tensor in graph.initializer:
        _check_tensor(tensor)
    for sparse in graph.sparse_initializer:
        _check_tensor(sparse.values)
        check_elements(sparse.values.name, sparse.dims)
    _check_nodes(graph.node)


def _check_nodes(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        _check_text(node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            _check_text(attribute.name)
            if attribute.HasField("t"):
                _check_tensor(attribute.t)
            if attribute.HasField("g"):
                _check_graph(attribute.g)


def _check_text(*names: str) -> None:
    for name in names:
        # protobuf gives what is no UTF-8 as the bytes that it is
        if not isinstance(name, str):
            raise LeptonError(f"the name {name!r} in it is no UTF-8 text; the file is damaged")


def _check_tensor(tensor: onnx.TensorProto) -> None:
    _check_text(tensor.name)
    check_elements(tensor.name, tensor.dims)


def check_elements(name: str, shape: Sequence[int]) -> None:
    """LeptonError for a tensor with a negative size, or with more than ``MOST_ELEMENTS`` elements."""
    if any(size < 0 for size in shape) or math.prod(shape) > MOST_ELEMENTS:
        raise LeptonError(
            f"tensor {name!r} has the shape {list(shape)}: sizes are 0 or more, and 2^40 elements are the most that is "
            "read; a dimension is wrong, or the file is damaged"
        )


@functools.lru_cache(maxsize=1024)
def _form(schema: onnx.defs.OpSchema) -> tuple[list[bool], dict[str, Any], list[str]]:
    """Which of its first inputs an operator must have, types of its attributes by name, and the required ones."""
    from onnx import defs

    single = defs.OpSchema.FormalParameterOption.Single
    needed = [parameter.option == single for parameter in schema.inputs]
    types = {name: _number(attribute.type) for name, attribute in schema.attributes.items()}
    return needed, types, [name for name, attribute in schema.attributes.items() if attribute.required]


def _number(kind: Any) -> int:
    """An attribute's type as the files number it; the type stubs of onnx leave the value out."""
    return int(kind.value)


def check_form(node: onnx.NodeProto, schema: onnx.defs.OpSchema, where: str) -> None:
    """Hold a node against ONNX's definition of its operator; LeptonError says what it has too many or too few of."""
    needed, types, required = _form(schema)
    for told, names, least, most in (
        ("inputs", node.input, schema.min_input, schema.max_input),
        ("outputs", node.output, schema.min_output, schema.max_output),
    ):
        if not least <= len(names) <= most:
            bounds = f"{least}" if least == most else f"{least} to {most}" if most < 1 << 20 else f"{least} or more"
            raise LeptonError(f"{where}: has {len(names)} {told}, and ONNX defines {node.op_type} with {bounds}")
    for index, (name, must) in enumerate(zip(node.input, needed, strict=False)):
        if must and not name:
            raise LeptonError(f"{where}: its input {index} ({schema.inputs[index].name}) is absent")
    given = set()
    for attribute in node.attribute:
        given.add(attribute.name)
        wanted = types.get(attribute.name)
        if wanted is not None and attribute.type and attribute.type != wanted:
            raise LeptonError(f"{where}: its attribute {attribute.name!r} is of another type than ONNX defines")
    for name in required:
        if name not in given:
            raise LeptonError(f"{where}: has no attribute {name!r}, which {node.op_type} must have")
