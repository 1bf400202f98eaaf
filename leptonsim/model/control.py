"""Control flow whose course is known before it runs: the branch taken, the loop unrolled.

``If`` with a known condition becomes its branch. ``Loop`` with a known number of trips, and ``Scan``, whose number of
trips is a dimension, become that many copies of their body, with a Concat for what they collect. A course that
depends on the data is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Tensor
from leptonsim.model.protos import frozen

if TYPE_CHECKING:
    import onnx

UNROLLED_NODES = 50_000
"""Most nodes that one loop may be unrolled into."""

Names = dict[str, str]


class Visitor(Protocol):
    """What stacking needs of the walk."""

    def opset_of(self, domain: str) -> int:
        """Imported version of a domain."""
        ...

    def define(self, tensor: Tensor) -> None:
        """Enter a tensor."""
        ...

    def visit(self, node: onnx.NodeProto, names: Names) -> None:
        """Walk one node."""
        ...


class Unroller(Visitor, Protocol):
    """What control flow needs of the walk."""

    def is_taken(self, name: str) -> bool:
        """Whether a tensor of that name exists already."""
        ...

    def find(self, name: str, where: str) -> Tensor:
        """A tensor that exists."""
        ...

    def enter(self, graph: onnx.GraphProto, names: Names) -> None:
        """Walk a subgraph; ``names`` says what its tensors are called outside."""
        ...


def inline(
    walk: Unroller, graph: onnx.GraphProto, prefix: str, outer: Names, bound: Mapping[str, str], results: Sequence[str]
) -> list[str]:
    """Walk a subgraph in place; the names under which its outputs are then found.

    ``bound`` gives its inputs the names of tensors outside, ``results`` proposes names for its outputs ("" for none).
    """
    names = dict(outer)
    produced = [output for node in graph.node for output in node.output if output]
    for tensor in [*produced, *(proto.name for proto in graph.initializer)]:
        names[tensor] = f"{prefix}/{tensor}" if walk.is_taken(tensor) else tensor
    for output, result in zip(graph.output, results, strict=True):
        if result and output.name in produced and result not in names.values():
            names[output.name] = result
    names.update(bound)
    walk.enter(graph, names)
    return [names.get(output.name, output.name) for output in graph.output]


def branch(
    walk: Unroller, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[Tensor | None], names: Names
) -> None:
    """Replace an If by the branch that its condition takes."""
    condition = inputs[0]
    if condition is None or condition.value is None:
        raise LeptonError(
            f"{where}: its condition {node.input[0]!r} is computed from the data, so the branch taken is unknown; "
            "if an input of one integer decides it, give its value with --bind INPUT=N"
        )
    wanted = "then_branch" if bool(condition.value.reshape(-1)[0]) else "else_branch"
    graph = _subgraph(node, wanted, where)
    outer = [names.get(output, output) for output in node.output]
    _alias(names, node.output, inline(walk, graph, name, names, {}, outer))


def loop(
    walk: Unroller, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[Tensor | None], names: Names
) -> None:
    """Unroll a Loop whose number of trips is known."""
    body = _subgraph(node, "body", where)
    count, condition = inputs[0], inputs[1] if len(inputs) > 1 else None
    for tensor, told in ((count, "number of trips"), (condition, "condition")):
        if tensor is not None and tensor.value is None:
            raise LeptonError(
                f"{where}: its {told} {tensor.name!r} is computed from the data, so it cannot be unrolled"
            )
    trips = None if count is None or count.value is None else int(count.value.reshape(-1)[0])
    going = condition is None or condition.value is None or bool(condition.value.reshape(-1)[0])
    carried = [names.get(tensor, tensor) for tensor in node.input[2:]]
    collected: list[list[str]] = [[] for _ in range(len(body.output) - 1 - len(carried))]
    trip = 0
    while going and (trips is None or trip < trips):
        _check_size(where, max(trip + 1, trips or 0), body)
        step = f"{name}[{trip}]"
        bound = dict(
            zip((value.name for value in body.input), (f"{step}/trip", f"{step}/condition", *carried), strict=True)
        )
        walk.define(Tensor(f"{step}/trip", (), "int64", "weight", frozen(np.array(trip, np.int64))))
        walk.define(Tensor(f"{step}/condition", (), "bool", "weight", frozen(np.array(True))))
        found = inline(walk, body, step, names, bound, [""] * len(body.output))
        again = walk.find(found[0], where)
        if again.value is None:
            raise LeptonError(
                f"{where}: its condition {found[0]!r} is computed from the data, so it cannot be unrolled"
            )
        going = bool(again.value.reshape(-1)[0])
        carried = found[1 : 1 + len(carried)]
        for pieces, piece in zip(collected, found[1 + len(carried) :], strict=True):
            pieces.append(piece)
        trip += 1
    _alias(names, node.output, carried)
    _collect(walk, node.output[len(carried) :], collected, [0] * len(collected), name, where, names)


def scan(
    walk: Unroller, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[Tensor | None], names: Names
) -> None:
    """Unroll a Scan: its number of trips is a dimension of its inputs."""
    if walk.opset_of("") < 9:
        raise LeptonError(f"{where}: Scan of opset 8 is not supported; convert the model to opset 9 or later")
    body = _subgraph(node, "body", where)
    attributes = {attribute.name: attribute for attribute in node.attribute}
    count = attributes["num_scan_inputs"].i
    present = [tensor for tensor in inputs if tensor is not None]
    carried = [tensor.name for tensor in present[: len(present) - count]]
    scanned = present[len(present) - count :]
    outputs = len(body.output) - len(carried)

    def listed(key: str, length: int) -> list[int]:
        return list(attributes[key].ints) if key in attributes else [0] * length

    axes = [axis % len(t.shape) for axis, t in zip(listed("scan_input_axes", count), scanned, strict=True)]
    backwards, out_axes, out_backwards = (
        listed(key, length)
        for key, length in (
            ("scan_input_directions", count),
            ("scan_output_axes", outputs),
            ("scan_output_directions", outputs),
        )
    )
    trips = scanned[0].shape[axes[0]]
    collected: list[list[str]] = [[] for _ in range(outputs)]
    _check_size(where, trips, body)
    for trip in range(trips):
        step = f"{name}[{trip}]"
        pieces = [
            _slice(walk, tensor.name, axis, trips - 1 - trip if reverse else trip, f"{step}/{index}", names)
            for index, (tensor, axis, reverse) in enumerate(zip(scanned, axes, backwards, strict=True))
        ]
        bound = dict(zip((value.name for value in body.input), (*carried, *pieces), strict=True))
        found = inline(walk, body, step, names, bound, [""] * len(body.output))
        carried = found[: len(carried)]
        for kept, piece, reverse in zip(collected, found[len(carried) :], out_backwards, strict=True):
            kept.insert(0 if reverse else len(kept), piece)
    _alias(names, node.output, carried)
    _collect(walk, node.output[len(carried) :], collected, out_axes, name, where, names)


def _subgraph(node: onnx.NodeProto, wanted: str, where: str) -> onnx.GraphProto:
    for attribute in node.attribute:
        if attribute.name == wanted:
            graph: onnx.GraphProto = attribute.g
            return graph
    raise LeptonError(f"{where}: has no {wanted}")


def _check_size(where: str, trips: int, body: onnx.GraphProto) -> None:
    if trips * max(1, len(body.node)) > UNROLLED_NODES:
        raise LeptonError(
            f"{where}: unrolled it has more than {UNROLLED_NODES:,} nodes; export the model with fewer trips"
        )


def _alias(names: Names, outputs: Sequence[str], actual: Sequence[str]) -> None:
    for output, found in zip(outputs, actual, strict=False):
        if output and found != names.get(output, output):
            names[output] = found


def _slice(walk: Unroller, tensor: str, axis: int, index: int, name: str, names: Names) -> str:
    from onnx import helper

    walk.define(Tensor(f"{name}/index", (), "int64", "weight", frozen(np.array(index, np.int64))))
    walk.visit(helper.make_node("Gather", [tensor, f"{name}/index"], [f"{name}/slice"], name=name, axis=axis), names)
    return f"{name}/slice"


def _collect(
    walk: Unroller,
    outputs: Sequence[str],
    collected: Sequence[Sequence[str]],
    axes: Sequence[int],
    name: str,
    where: str,
    names: Names,
) -> None:
    for output, pieces, axis in zip(outputs, collected, axes, strict=False):
        if not output:
            continue
        if not pieces:
            raise LeptonError(f"{where}: runs no trip, so its output {output!r} has no shape")
        stack(walk, pieces, names.get(output, output), axis, name)


def stack(walk: Visitor, pieces: Sequence[str], output: str, axis: int, name: str) -> None:
    """Join tensors along a new axis, by Unsqueeze and Concat."""
    from onnx import helper

    stacked = []
    for index, piece in enumerate(pieces):
        stacked.append(f"{output}[{index}]")
        step = f"{name}/{output}[{index}]"
        if walk.opset_of("") >= 13:
            walk.define(Tensor(f"{step}/axis", (1,), "int64", "weight", frozen(np.array([axis], np.int64))))
            walk.visit(helper.make_node("Unsqueeze", [piece, f"{step}/axis"], [stacked[-1]], name=step), {})
        else:
            walk.visit(helper.make_node("Unsqueeze", [piece], [stacked[-1]], name=step, axes=[axis]), {})
    walk.visit(helper.make_node("Concat", stacked, [output], name=f"{name}/{output}", axis=axis), {})
