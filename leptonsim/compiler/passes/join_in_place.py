"""Let those who make the parts of a Concat write them where they belong.

A result that only a Concat reads can be written into its part of the joined tensor at once, in runs of everything from
the joined axis inwards: nothing is left to copy. Marked so are Concats all of whose parts are made by operators for it
alone and that the outside does not read; parts that are inputs or weights lie elsewhere already, and a join of joins
copies its parts. The joined tensor is one in memory from its first part on (see ``outline``).
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import Flow
from leptonsim.compiler.work import Along, Operand, Operator

AFTER = ("read_slices", "append_in_place")


def fuse(flow: Flow) -> None:
    """Try every Concat that copies."""
    for operator in flow:
        if operator.kind == "Concat" and operator.engine == "dma" and operator.along is not None:
            _join(flow, operator, operator.along)


def _join(flow: Flow, concat: Operator, along: Along) -> None:
    if concat.outputs[0].tensor in flow.results:
        return
    outer = math.prod(along.shape[: along.axes[0]])
    makers: list[tuple[Operator, int]] = []
    for part in concat.inputs:
        tensor, _ = flow.through_views(part.tensor)
        maker = flow.maker(tensor)
        if maker is None or maker.engine not in ("tensor", "vector", "dma") or len(maker.outputs) != 1:
            return
        if (
            maker.joins
            or flow.only_reader(part.tensor) is None
            or flow.only_reader(tensor) is None
            or part.access != "sequential"
        ):
            return
        makers.append((maker, part.elements // outer))
    if len({maker.name for maker, _ in makers}) != len(makers):
        return
    flow.replace([concat], replace(concat, engine="view", joins=True))
    if outer > 1:
        for maker, run in makers:
            flow.replace([maker], _in_runs(maker, run))


def _in_runs(maker: Operator, run: int) -> Operator:
    """A maker that writes in runs of at most so many elements."""
    written = maker.outputs[0]
    pieces = min(run, written.run_elements or run)
    return replace(
        maker,
        outputs=(Operand(written.tensor, written.elements, "strided", pieces),),
        alternatives=tuple(_in_runs(other, run) for other in maker.alternatives),
    )
