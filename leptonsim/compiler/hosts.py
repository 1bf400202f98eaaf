"""Operators that the host does, for want of a way to do them on the chip (``--unsupported host``).

Such an operator is three kinds of steps in the simulated machine: every input that the run computes goes out over PCIe,
the host works, every output comes back. The host begins ``host.latency`` after the last byte and takes as long as its
arithmetic or its memory, whichever is slower: what an unknown operator computes is taken as one operation for each
element that it reads or writes (an estimate), each of which crosses the host's memory once. The chip learns of the end
by reading a flag over PCIe: a load whose first byte comes when the host is done. Weights are in the host's memory
already.

What does not depend on the operator goes on meanwhile; the DMA engine of the first core that waits for the flag does
not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from leptonsim.compiler.operands import OTHERWISE, Located, Placed
from leptonsim.compiler.plan import Plan, Tiles
from leptonsim.compiler.records import moved, results, whole
from leptonsim.compiler.routes import Route
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node, Tensor

FLAG_BYTES = 64
"""What is read to learn that the host is done: a cache line."""


def host_operator(node: Node, graph: Graph) -> Operator:
    """A node as work of the host."""
    read = [whole(graph, name) for name in dict.fromkeys(node.inputs) if name and graph.tensors[name].kind != "weight"]
    written = results(graph, node)
    touched = sum(graph.tensors[name].elements for name in {*node.inputs, *node.outputs} if name)
    return moved(node, read, written, "host", {"add": touched})


def with_transfers(
    operators: Iterable[Operator], tensors: Mapping[str, Tensor]
) -> tuple[tuple[Operator, ...], dict[str, Tensor], frozenset[str]]:
    """The same work with steps that bring the host what it reads and back what it makes; names in the host's memory."""
    result: list[Operator] = []
    known = dict(tensors)
    there: set[str] = set()

    def beside(operand: Operand, name: str) -> Operand:
        copied = f"{name}/host/{operand.tensor}"
        original = known[operand.tensor]
        known[copied] = Tensor(copied, original.shape, original.dtype, "activation")
        there.add(copied)
        return Operand(copied, operand.elements)

    for operator in operators:
        if operator.engine != "host":
            result.append(operator)
            continue
        read = [beside(operand, operator.name) for operand in operator.inputs]
        made = [beside(operand, operator.name) for operand in operator.outputs]
        result += [
            _copy(f"{operator.name}/to host {index}", "CopyToHost", source, target)
            for index, (source, target) in enumerate(zip(operator.inputs, read, strict=True))
        ]
        result.append(_on_host(operator, read, made))
        result += [
            _copy(f"{operator.name}/from host {index}", "CopyFromHost", source, target)
            for index, (source, target) in enumerate(zip(made, operator.outputs, strict=True))
        ]
    return tuple(result), known, frozenset(there)


def _copy(name: str, kind: str, source: Operand, target: Operand) -> Operator:
    return Operator(name, kind, "dma", (), (source,), (target,))


def _on_host(operator: Operator, read: Sequence[Operand], made: Sequence[Operand]) -> Operator:
    return Operator(
        operator.name, operator.kind, "host", operator.nodes, tuple(read), tuple(made), vector=operator.vector
    )


def host_time_ps(target: Target, operations: int, size_bytes: int) -> int:
    """From the last byte of the inputs to the end of the host's work."""
    host = target.chip.host
    seconds = max(operations / host.rate_flop_per_s, size_bytes / host.memory_bytes_per_s)
    return host.latency_ps + math.ceil(seconds * 1e12)


def plan_host(target: Target, operator: Operator, read: Sequence[Located], made: Sequence[Placed]) -> Plan:
    """One load of a flag, whose first byte comes when the host is done."""
    size = sum(each.size_bytes for each in read) + sum(each.size_bytes for each in made)
    wait_ps = host_time_ps(target, sum(operator.vector.values()), size)
    tiles = Tiles(((1, 0, FLAG_BYTES, 0, 0, 0, 0),), ((1, 0, 1),), FLAG_BYTES)
    return Plan(
        {0: tiles}, OTHERWISE, "on the host", float(wait_ps), a=Route("host", wait_ps=wait_ps),
        sram_written_bytes=FLAG_BYTES,
    )  # fmt: skip
