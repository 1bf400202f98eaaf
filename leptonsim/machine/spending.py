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

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.program import Program
from leptonsim.compiler.routes import RouteTable
from leptonsim.kernels.tiles import RUN_FIELDS, STEP_FIELDS, WORK_FIELDS
from leptonsim.machine.energy import DYNAMIC, EnergyModel
from leptonsim.machine.resting import RestEnergy, Sleep, Spans

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


@dataclass(frozen=True)
class Spending:
    """``pj`` is float64 (components, operators + 1, columns of the work) at ``voltage_v``.

    ``on_core`` are the components whose energy goes with the square of the core's voltage. ``idle_pj``,
    float64 (components, operators + 1), is the energy of one run of operators that do no work that the machine counts.
    """

    pj: Floats
    idle_pj: Floats
    voltage_v: float
    on_core: tuple[str, ...]

    @property
    def rows(self) -> Floats:
        """``pj`` as float64 (operators + 1, columns, components), as the meter takes it."""
        return np.ascontiguousarray(self.pj.transpose(1, 2, 0))

    def scale(self, voltage_v: float) -> Floats:
        """Energy by component at a voltage over that at the table's own."""
        square = (voltage_v / self.voltage_v) ** 2
        return np.array([square if component in self.on_core else 1.0 for component in DYNAMIC])

    def energy_pj(self, work: Integers, voltage_v: float) -> dict[str, float]:
        """Energy of some work at one voltage, by component, each an exact sum in the order of operators."""
        scale = self.scale(voltage_v)
        return {
            component: float(scale[index]) * math.fsum((self.pj[index] * work).ravel().tolist())
            for index, component in enumerate(DYNAMIC)
        }

    def operators_pj(self, work: Integers, voltage_v: float) -> Floats:
        """float64 (operators + 1, components): energy of some work at one voltage, the copies last."""
        found: Floats = np.einsum("c,cow,ow->oc", self.scale(voltage_v), self.pj, work)
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
    for component in costs[0]:
        place = DYNAMIC.index(component)
        # a step without a route moves nothing: the cost it looks up does not count
        cost = np.array([each[component] for each in costs])
        for column in _MOVED:
            spent = np.zeros(len(work))
            np.add.at(spent, owner, steps[:, column] * cost[program.steps[:, first + column - _MOVED[0]]])
            pj[place, :, column] = spent / np.maximum(work[:, column], 1)
        pj[place, -1, _MOVED[0]] = cost[RouteTable.COPY_IN]
        pj[place, -1, _MOVED[-1]] = cost[RouteTable.COPY_OUT]
    return Spending(pj, idle, model.table.voltage_v, ON_DIE if program.chip.power.uncore is None else ON_DIE[:3])
