"""What a worker does: points of one model, each compiled and run, and what came of them.

A worker is given the model and the chips in one piece of bytes, opens it once and keeps it. It never raises for a
point: a point that fails says why, and the rest go on.

``mapping: own`` gives every point the program for its own chip, as ``leptonsim run`` does. Points that differ in what
the compiler never reads (voltages, power, energy: ``UNREAD``) share one, which is the same program for all of them.
``mapping: kept`` compiles for the chip without the changes that only re-time it (clocks, bandwidths, latencies too:
``RETIMED``), and runs that program on the chip with all changes, as a compiled binary would run at another clock. Which
program that is follows from the point alone, never from the points before it or the worker.
"""

from __future__ import annotations

import dataclasses
import functools
import pickle
import platform
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leptonsim.errors import LeptonError
from leptonsim.explore.area import area, die_cost
from leptonsim.explore.design import one_line
from leptonsim.explore.measures import completed, measured

if TYPE_CHECKING:
    from leptonsim.chip import Chip
    from leptonsim.compiler.program import Program
    from leptonsim.model import Model

KEPT_PROGRAMS = 64

UNREAD = ("name", "description", "process_nm", "noc.hop_length", "power", "energy")
"""Parameters (and sections) that the compiler does not read: programs for chips that differ in them are equal."""

RETIMED = (
    *UNREAD,
    "clocks",
    "host",
    "noc.link",
    "noc.hop",
    "shared_sram.bandwidth",
    "shared_sram.latency",
    "dram.part",
    "dram.channels",
    "dram.latency",
    "dram.mapping",
    "pcie",
    "software.launch",
    "core.dma.setup",
    "core.dma.outstanding",
    "core.dma.port",
)
"""Parameters (and sections) under which a program still fits and computes the same: they change only how long things
take and what they cost. Everything that a tile's size, place or number of cycles follows from is absent: cores, arrays,
vector units, capacities, SRAM ports, DMA engines, data types.
"""


@dataclass(frozen=True, slots=True)
class Task:
    """One point to compute: the label of its base chip, its changes and options, and how its program is found."""

    number: int
    chip: str
    overrides: dict[str, Any]
    batch: int | None
    dtype: str | None
    requests: int
    cold: bool
    mapping: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task: measures, or the error of a point that failed."""

    number: int
    status: str
    error: str | None
    measures: dict[str, Any]


def mapped_overrides(overrides: dict[str, Any], mapping: str) -> dict[str, Any]:
    """The changes for which a point's program is compiled: all of them, or those that do more than re-time it."""
    return overrides if mapping == "own" else _without(overrides, RETIMED)


def _without(overrides: dict[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """The changes but for those of some parameters and sections."""
    sections = tuple(f"{path}." for path in paths)
    return {path: value for path, value in overrides.items() if path not in paths and not path.startswith(sections)}


def pack(model: Model, chips: dict[str, Chip]) -> bytes:
    """A model and the base chips as a worker gets them."""
    return pickle.dumps((model, chips), protocol=pickle.HIGHEST_PROTOCOL)


def work(packed: bytes, tasks: list[Task], version: str) -> list[Outcome]:
    """Compute some tasks of one model; one outcome for each, in their order.

    Raises LeptonError where this process runs another version of leptonsim than the sweep: its rows would be filed
    under the wrong one.
    """
    from leptonsim.version import leptonsim_version

    if leptonsim_version() != version:
        raise LeptonError(
            f"a worker on {platform.node()} runs leptonsim {leptonsim_version()}, this sweep {version}; "
            "install the same version everywhere"
        )
    bench = _opened(packed)
    return [bench.outcome(task) for task in tasks]


@functools.lru_cache(maxsize=4)
def _opened(packed: bytes) -> Workbench:
    model, chips = pickle.loads(packed)
    return Workbench(model, chips)


class Workbench:
    """One model and the base chips, with the programs that several points share."""

    def __init__(self, model: Model, chips: dict[str, Chip]) -> None:
        self._model, self._chips = model, chips
        self._programs: OrderedDict[object, Program] = OrderedDict()

    def outcome(self, task: Task) -> Outcome:
        """Compile and run one point."""
        from leptonsim.api import execute

        try:
            chip = self._chips[task.chip].with_(task.overrides)
            result = execute(self._program(task, chip), requests=task.requests, cold=task.cold)
            die_mm2 = area(chip).total_mm2
            cost = die_cost(die_mm2, chip.process_nm)
            return Outcome(
                task.number, "ok", None, completed(measured(result), die_mm2, None if cost is None else cost.cost_usd)
            )
        except LeptonError as error:
            return Outcome(task.number, "failed", one_line(error), {})
        except MemoryError:
            return Outcome(task.number, "lost", "out of memory", {})
        except Exception as error:
            # A defect of the simulator costs one point, not the sweep.
            return Outcome(
                task.number, "failed", one_line(Exception(f"internal error: {type(error).__name__}: {error}")), {}
            )

    def _program(self, task: Task, chip: Chip) -> Program:
        """The program of a point, compiled now or kept from a point that has the same."""
        from leptonsim.compiler.compile import compile

        compiled_for = mapped_overrides(task.overrides, task.mapping)
        shared = _without(compiled_for, UNREAD)
        if len(shared) == len(task.overrides):
            return compile(chip, self._model, batch=task.batch, dtype=task.dtype)
        key = (task.chip, repr(shared), task.batch, task.dtype)
        program = self._programs.get(key)
        if program is None:
            mapped = chip if task.mapping == "own" else self._chips[task.chip].with_(compiled_for)
            program = compile(mapped, self._model, batch=task.batch, dtype=task.dtype)
            self._programs[key] = program
            if len(self._programs) > KEPT_PROGRAMS:
                self._programs.popitem(last=False)
        return dataclasses.replace(program, chip=chip)
