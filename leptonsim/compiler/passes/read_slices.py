"""Read a piece where it lies instead of cutting it out first.

The parts of a Split, a Slice, or one index of a Gather are rectangular pieces: whoever reads one can read it from its
source in runs of what is contiguous there (Q, K and V out of one projection). Reshapes in between go along. A piece
that the outside reads, or that is viewed in several ways, is cut out as it stands. Two pieces of one source are two
operands, equal though they may look: this pass is the last to touch operands.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.flow import Flow, with_inputs
from leptonsim.compiler.operators.movement import piece_run
from leptonsim.compiler.work import Access, Operand, Operator

AFTER = ("fuse_prologue",)

Reading = tuple[Operator, str, Operand]


def fuse(flow: Flow) -> None:
    """Every piece that is moved, last ones first, so that a piece of a piece is read from the whole."""
    for operator in reversed([operator for operator in flow if operator.kind in ("Split", "Slice", "Gather")]):
        if operator.engine == "dma" and len(operator.inputs) == 1 and operator.inputs[0].access != "random":
            _read_pieces(flow, operator)


def _read_pieces(flow: Flow, cut: Operator) -> None:
    views: list[Operator] = []
    reading: list[Reading] = []
    for piece in cut.outputs:
        found = _readers(flow, cut, piece, views)
        if found is None:
            return
        reading += found
    if not reading:
        return
    taken = (*cut.nodes, *(name for view in views for name in view.nodes))
    last = max((reader for reader, _, _ in reading), key=flow.place)
    for name in dict.fromkeys(reader.name for reader, _, _ in reading):
        reader = flow[name]
        changes = {tensor: operand for other, tensor, operand in reading if other.name == name}
        inputs = tuple(
            _through(changes[operand.tensor], operand) if operand.tensor in changes else operand
            for operand in reader.inputs
        )
        nodes = taken if name == last.name else ()
        flow.replace([reader], with_inputs(reader, inputs, nodes))
    for operator in (*views, cut):
        flow.remove(operator)


def _readers(flow: Flow, cut: Operator, piece: Operand, views: list[Operator]) -> list[Reading] | None:
    """Who reads a piece, under which name, and how it lies in its source; None where it has to be cut out."""
    tensor = piece.tensor
    while (view := flow.only_reader(tensor)) is not None and view.engine == "view":
        views.append(view)
        tensor = view.outputs[0].tensor
    readers = flow.readers(tensor)
    if tensor in flow.results or any(reader.engine == "view" for reader in readers):
        return None
    source = cut.inputs[0]
    run = source.run_elements
    if cut.kind == "Split":
        run = piece_run(flow.tensors[source.tensor].shape, flow.tensors[piece.tensor].shape, {})
    lying = Operand(source.tensor, piece.elements, "strided" if run is not None else "sequential", run)
    return [(reader, tensor, lying) for reader in readers]


def _through(lying: Operand, read: Operand) -> Operand:
    """A piece read in an order of its own, from a source where it lies in runs: the shorter runs tell."""
    runs = [run for run in (lying.run_elements, read.run_elements) if run is not None]
    if not runs:
        return replace(lying, elements=read.elements)
    access: Access = "random" if read.access == "random" else "strided"
    return Operand(lying.tensor, read.elements, access, min(runs))
