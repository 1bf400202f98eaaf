"""What a program's work costs: pJ for each cycle and byte of each operator, so that energy can be told at any instant.

An operator's energy of products and accumulators goes with its cycles on the tensor cores, that of vector operations
with its cycles on the vector units, that of memories and networks with its bytes, by what they are (weights,
activations, extras, outputs); its SRAM accesses go with its cycles, or with its bytes where it computes nothing. Over
whole runs this sums to the energies of ``leptonsim.machine.energy``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.program import Program
from leptonsim.compiler.routes import RouteTable
from leptonsim.kernels.tiles import RUN_FIELDS, STEP_FIELDS, WORK_FIELDS
from leptonsim.machine.energy import DYNAMIC, EnergyModel
from leptonsim.machine.rest_energy import RestEnergy, Sleep, Spans

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ON_DIE = ("tensor_core", "accumulators", "vector_unit", "sram", "shared_sram", "noc")
"""Components on the die; the last three may have a supply of their own."""

_TENSOR, _VECTOR, _MOVED = ((0,), (1,), (2, 3, 4, 5))
_CARRIERS = {
    "tensor_core": (_TENSOR, _VECTOR, _MOVED),
    "accumulators": (_TENSOR, _VECTOR, _MOVED),
    "vector_unit": (_VECTOR, _TENSOR, _MOVED),
    "sram": (_TENSOR, _VECTOR, _MOVED),
}
"""Columns of the work that a component's energy goes with: the first group in which an operator has any."""


class Supplies(NamedTuple):
    """What the energy of operations and bytes goes by: the voltages of cores and of network and SRAM, where these have
    their own, and the energy of DRAM's interface over that in the memory's state at the start.
    """

    core_v: float
    uncore_v: float | None = None
    io: float = 1.0


@dataclass(frozen=True)
class Spending:
    """``pj`` is float64 (components, operators + 1, columns of the work) at the supplies of the start.

    ``on_core`` are the components whose energy goes with the square of the core's voltage, ``on_uncore`` those that go
    with that of network and SRAM. ``idle_pj``, float64 (components, operators + 1), is the energy of one run of
    operators that do no work that the machine counts. Where the memory's state may change, ``io_pj`` is what of DRAM's
    energy its interface takes, float64 (operators + 1, columns).
    """

    pj: Floats
    idle_pj: Floats
    start: Supplies
    on_core: tuple[str, ...]
    on_uncore: tuple[str, ...]
    io_pj: Floats | None = None

    @property
    def rows(self) -> Floats:
        """float64 (operators + 1, columns, components), as the meter takes it: ``pj``, then ``io_pj``, if any."""
        parts = self.pj if self.io_pj is None else np.concatenate([self.pj, self.io_pj[None]])
        return np.ascontiguousarray(parts.transpose(1, 2, 0))

    def by_component(self, levels: Floats) -> Floats:
        """Columns of the meter after the first two by component: what DRAM's interface takes more or less than at the
        start is DRAM's.
        """
        if self.io_pj is None:
            return levels
        found = np.asfortranarray(np.delete(levels, 2 + len(DYNAMIC), axis=1))
        found[:, 2 + DYNAMIC.index("dram")] += levels[:, 2 + len(DYNAMIC)]
        return found

    def scale(self, at: Supplies) -> Floats:
        """float64 (components,): energy by component at some supplies over that at the start; for ``io_pj``, if any,
        what it takes more, as a share.
        """
        core = uncore = (at.core_v / self.start.core_v) ** 2
        if at.uncore_v is not None and self.start.uncore_v is not None:
            uncore = (at.uncore_v / self.start.uncore_v) ** 2
        found = [core if name in self.on_core else uncore if name in self.on_uncore else 1.0 for name in DYNAMIC]
        return np.array(found if self.io_pj is None else [*found, at.io - 1.0])

    def energy_pj(self, work: Integers, at: Supplies) -> dict[str, float]:
        """Energy of some work at some supplies, by component, each an exact sum in the order of operators."""
        scale = self.scale(at)
        found = {
            component: float(scale[index]) * math.fsum((self.pj[index] * work).ravel().tolist())
            for index, component in enumerate(DYNAMIC)
        }
        found["dram"] += self.io_extra_pj(work, at)
        return found

    def io_extra_pj(self, work: Integers, at: Supplies) -> float:
        """What DRAM's interface took for some work beyond what it would have in the memory's state at the start."""
        if self.io_pj is None:
            return 0.0
        return (at.io - 1.0) * math.fsum((self.io_pj * work).ravel().tolist())

    def operators_pj(self, work: Integers, at: Supplies) -> Floats:
        """float64 (operators + 1, components): energy of some work at some supplies, the copies last."""
        found: Floats = np.einsum("c,cow,ow->oc", self.scale(at)[: len(DYNAMIC)], self.pj, work)
        if self.io_pj is not None:
            found[:, DYNAMIC.index("dram")] += (at.io - 1.0) * (self.io_pj * work).sum(axis=1)
        return found


def work_of(program: Program) -> Integers:
    """int64 (steps, columns): cycles and bytes of one run of the program, as the kernel counts them."""
    fields = [RUN_FIELDS.index(name) for name in WORK_FIELDS]
    blocks = _sums(program.runs[:, fields] * program.runs[:, :1], program.blocks[:, 1], program.blocks[:, 2])
    begin, end = (program.steps[:, STEP_FIELDS.index(name)] for name in ("block", "block_end"))
    return _sums(blocks * program.blocks[:, :1], begin, end)


def array_cycles(program: Program, work: Integers | None = None) -> list[int]:
    """Cycles on the tensor cores by operator in one run, over all cores; ``work`` is ``work_of`` the program."""
    owner = program.steps[:, STEP_FIELDS.index("operator")]
    # sums of cycles stay far below 2^53, so that floats hold them exactly
    cycles = np.bincount(owner, (work_of(program) if work is None else work)[:, _TENSOR[0]], len(program.operators))
    found: list[int] = cycles.astype(np.int64).tolist()
    return found


def padding_ps(program: Program, runs: int) -> float:
    """Time on the tensor cores in some runs, over all cores, times the share of their cells with padding.

    None where these are not off: then nobody asks.
    """
    if not program.chip.power.blocks.partial_arrays:
        return 0.0
    cycles = zip(array_cycles(program), program.operators, strict=True)
    padded = math.fsum(count * (1 - operator.cells_share) for count, operator in cycles)
    return runs * padded * 1e12 / program.chip.clocks.core_hz


def padded_cells(program: Program) -> Floats:
    """float64 (operators + 1, columns, 1): share of the array's cells with padding, in the column of its cycles."""
    found = np.zeros((len(program.operators) + 1, len(WORK_FIELDS), 1))
    found[:-1, _TENSOR[0], 0] = [1 - operator.cells_share for operator in program.operators]
    return found


def resting_energy(
    program: Program, model: EnergyModel, runs: int, makespan_ps: int, rested_ps: Integers, rests: Integers
) -> tuple[RestEnergy, Sleep]:
    """What blocks at rest took in a whole run at the voltage and clock of ``model``."""
    core_hz = program.chip.clocks.core_hz
    spans = Spans(
        bounds_ps=np.array([0, makespan_ps], dtype=np.int64),
        rested_ps=rested_ps[None, :],
        padding_ps=np.array([padding_ps(program, runs)]),
        voltage_v=np.array([model.table.voltage_v]),
        core_hz=np.array([core_hz], dtype=np.int64),
        heat=np.ones(1),
    )
    sleep = model.resting.sleep(spans, rests)
    return model.resting.energy(spans, sleep).total(), sleep


def _sums(rows: Integers, begin: Integers, end: Integers) -> Integers:
    """Sums of ranges of rows."""
    running = np.vstack([np.zeros((1, rows.shape[1]), dtype=np.int64), np.cumsum(rows, axis=0)])
    return running[end] - running[begin]


def _carried(
    energies: Mapping[str, float], row: tuple[int, ...]
) -> tuple[list[tuple[int, int, float]], list[tuple[int, float]]]:
    """An operator's energy for each unit of its work, as (component, column, pJ); and what no work of it carries."""
    carried, uncarried = [], []
    for component, groups in _CARRIERS.items():
        value = energies[component]
        if not value:
            continue
        carriers = next((group for group in groups if any(row[column] for column in group)), ())
        place = DYNAMIC.index(component)
        units = sum(row[each] for each in carriers)
        carried += [(place, column, value / units) for column in carriers]
        if not carriers:
            uncarried.append((place, value))
    return carried, uncarried


def spending(program: Program, model: EnergyModel) -> Spending:
    """The costs of a program's work, at the voltage of ``model``."""
    steps = work_of(program)
    owner = program.steps[:, STEP_FIELDS.index("operator")]
    work = np.zeros((len(program.operators) + 1, len(WORK_FIELDS)), dtype=np.int64)
    np.add.at(work, owner, steps)
    pj = np.zeros((len(DYNAMIC), *work.shape))
    idle = np.zeros((len(DYNAMIC), len(work)))
    known: dict[object, tuple[list[tuple[int, int, float]], list[tuple[int, float]]]] = {}
    for index, (operator, row) in enumerate(zip(program.operators, map(tuple, work.tolist()), strict=False)):
        own = operator.dtype, operator.tensor_macs, operator.cells_share, operator.accumulator_bytes
        alike = (*own, operator.sram_read_bytes, operator.sram_written_bytes, tuple(operator.vector.items()), row)
        if alike not in known:
            known[alike] = _carried(model.operator_pj(operator, {}, row[_TENSOR[0]]), row)
        carried, uncarried = known[alike]
        for place, column, value in carried:
            pj[place, index, column] = value
        for place, value in uncarried:
            idle[place, index] += value
    costs = [model.bytes_pj({route: 1}) for route in program.routes]
    first = STEP_FIELDS.index("w_route")

    def by_work(cost: Floats) -> Floats:
        """float64 (operators + 1, columns): what each byte of the work costs, from the cost of a byte by route."""
        found = np.zeros(work.shape)
        # a step without a route moves nothing: the cost it looks up does not count
        for column in _MOVED:
            spent = np.zeros(len(work))
            np.add.at(spent, owner, steps[:, column] * cost[program.steps[:, first + column - _MOVED[0]]])
            found[:, column] = spent / np.maximum(work[:, column], 1)
        found[-1, _MOVED[0]], found[-1, _MOVED[-1]] = cost[RouteTable.COPY_IN], cost[RouteTable.COPY_OUT]
        return found

    for component in costs[0]:
        columns = by_work(np.array([each[component] for each in costs]))[:, _MOVED[0] :]
        pj[DYNAMIC.index(component), :, _MOVED[0] :] += columns
    uncore, memory = program.chip.power.uncore, program.chip.power.memory
    io_pj = None
    if memory is not None and memory.governor != "fixed":
        by_route = [
            model.dram_pj_per_byte(route)["io"] / route.receivers if route.end in ("dram", "copy") else 0.0
            for route in program.routes
        ]
        io_pj = by_work(np.array(by_route))
    return Spending(
        pj,
        idle,
        Supplies(model.table.voltage_v, None if uncore is None else uncore.start.voltage_v),
        ON_DIE if uncore is None else ON_DIE[:3],
        () if uncore is None else ON_DIE[3:],
        io_pj,
    )
