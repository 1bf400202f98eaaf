"""Read a broadcast tensor at its own size instead of writing out its copies.

An Expand (or Tile) is dropped where all that read it broadcast by themselves: element-wise operators read the tensor
itself. A matrix product reads one B for several groups where the copies lie in neighbouring groups: the heads of a
group in grouped-query attention, spelt Unsqueeze, Expand, Reshape before the product. Copies of any other shape are
written out as they stand.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import Flow, with_inputs
from leptonsim.compiler.work import Operand, Operator

AFTER = ()


def fuse(flow: Flow) -> None:
    """Try every Expand and Tile."""
    for operator in flow:
        copies = operator.kind in ("Expand", "Tile") and operator.engine == "dma" and bool(operator.inputs)
        if copies and not _feed_elementwise(flow, operator):
            _feed_product(flow, operator)


def _feed_elementwise(flow: Flow, expand: Operator) -> bool:
    copies, source = expand.outputs[0], expand.inputs[0]
    readers = flow.readers(copies.tensor)
    if not readers or copies.tensor in flow.results or not all(reader.elementwise for reader in readers):
        return False
    if expand.kind == "Tile" and flow.tensors[source.tensor].elements != 1:
        return False
    place, *others = readers
    for reader in others:
        flow.replace([reader], _reading(reader, copies.tensor, source))
    flow.remove(expand)
    flow.replace([place], _reading(place, copies.tensor, source, expand.nodes))
    return True


def _reading(reader: Operator, tensor: str, source: Operand, nodes: tuple[str, ...] = ()) -> Operator:
    inputs = tuple(dict.fromkeys(source if operand.tensor == tensor else operand for operand in reader.inputs))
    return with_inputs(reader, inputs, nodes)


def _feed_product(flow: Flow, expand: Operator) -> bool:
    """Follow the copies through views, and a transposition of each matrix, to the B of one product."""
    tensor, path = expand.outputs[0].tensor, [expand]
    while True:
        reader = flow.only_reader(tensor)
        if reader is None:
            return False
        if reader.engine == "tensor":
            break
        if reader.engine != "view" and not _transposes_matrices(flow, reader):
            return False
        path.append(reader)
        tensor = reader.outputs[0].tensor
    if (
        len(reader.inputs) < 2
        or reader.inputs[1].tensor != tensor
        or reader.inputs[0].tensor == tensor
        or len(reader.matmuls) != 1
    ):
        return False
    copies = _copies_in_neighbouring_groups(flow, expand)
    product = reader.matmuls[0]
    if copies is None or product.shared_b != 1 or product.groups % copies:
        return False
    source = replace(reader.inputs[1], tensor=expand.inputs[0].tensor, elements=expand.inputs[0].elements)
    inputs = (reader.inputs[0], source, *reader.inputs[2:])
    nodes = tuple(name for operator in path for name in operator.nodes)
    shared = replace(with_inputs(reader, inputs, nodes), matmuls=(replace(product, shared_b=copies),))
    flow.replace([*path, reader], shared)
    return True


def _transposes_matrices(flow: Flow, operator: Operator) -> bool:
    if operator.kind != "Transpose" or operator.engine != "dma":
        return False
    perm = list(flow.nodes[operator.name].attributes.get("perm") or ())
    lead = len(perm) - 2
    return lead >= 0 and perm == [*range(lead), lead + 1, lead]


def _copies_in_neighbouring_groups(flow: Flow, expand: Operator) -> int | None:
    """How many copies of each matrix an Expand lays side by side; None where it copies otherwise."""
    source = flow.tensors[expand.inputs[0].tensor].shape
    result = flow.tensors[expand.outputs[0].tensor].shape
    if len(result) < 3 or expand.kind != "Expand":
        return None
    source = (1,) * (len(result) - len(source)) + source
    if source[-2:] != result[-2:]:
        return None
    lead = len(result) - 2
    first = next(axis for axis in range(lead) if source[axis] != result[axis])
    if any(extent != 1 for extent in source[first:lead]):
        return None
    return math.prod(result[first:lead])
