"""From a model and a chip to a program.

    workload (fold, recognise, lower, fuse)  ->  schedule (place, tile, order)  ->  Program

Batches: a program for the whole batch and one for a single sample, run once for each, are both made where the batch is
more than one; the one that the machine finishes first is taken. Of small models so are the mappings (``refine``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.chip.spec import Chip
from leptonsim.compiler.compilation import Compilation, Unsupported
from leptonsim.compiler.policy import Policy
from leptonsim.compiler.program import Program
from leptonsim.compiler.refine import refined
from leptonsim.compiler.schedule import Choose, fastest_mapping
from leptonsim.errors import LeptonError
from leptonsim.model import Model

if TYPE_CHECKING:
    from leptonsim.machine.stopwatch import Stopwatch

__all__ = ["Unsupported", "compile", "compile_graph"]


def compile(
    chip: Chip,
    model: Model,
    *,
    batch: int | None = None,
    dtype: str | None = None,
    policy: Policy | None = None,
    unsupported: Unsupported = "error",
) -> Program:
    """The program of ``model`` for ``chip``.

    ``batch`` is the samples of a run (default: the model's own), ``dtype`` the data type of floating-point models
    (default: the chip's ``software.default_dtype``), ``policy`` those of single layers and of caches;
    with ``unsupported`` "host", operators that cannot be mapped are done by the host.

    Raises LeptonError if an operator cannot be mapped, a tile cannot fit, the chip has no rate for the data type, or
    the model cannot be read at that batch.
    """
    if batch is not None:
        model = model.with_batch(batch)
    stopwatch = _stopwatch(chip)
    whole = refined(Compilation(chip, model, dtype, 1, policy, unsupported), stopwatch)
    count = model.graph.batch
    if count == 1 or not _separable(model):
        return whole
    one = model.with_batch(1)
    single = refined(Compilation(chip, one, dtype, count, policy, unsupported), stopwatch)
    return min((whole, single), key=stopwatch.time_ps)


def _separable(model: Model) -> bool:
    """Whether the model can be read for a single sample."""
    try:
        model.with_batch(1)
    except LeptonError:
        return False
    return True


def _stopwatch(chip: Chip) -> Stopwatch:
    from leptonsim.machine.stopwatch import Stopwatch

    return Stopwatch(chip)


def compile_graph(
    chip: Chip,
    model: Model,
    dtype: str | None,
    repeats: int = 1,
    choose: Choose = fastest_mapping,
    policy: Policy | None = None,
    unsupported: Unsupported = "error",
) -> Program:
    """The program of a model's graph as it is bound, to be run ``repeats`` times for one request."""
    return Compilation(chip, model, dtype, repeats, policy, unsupported).program(choose)
