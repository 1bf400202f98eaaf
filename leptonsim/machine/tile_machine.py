"""The tile kernel as a program and its chip ask for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.compiler.routes import RouteTable
from leptonsim.kernels.tiles import TileMachine
from leptonsim.machine.banks import are_gated, bank_arguments
from leptonsim.machine.energy import energy_model
from leptonsim.machine.links import Links
from leptonsim.machine.resting import may_sleep, route_blocks

Integers = npt.NDArray[np.int64]


def sleeping(chip: Chip) -> Mapping[str, Integers]:
    """When the blocks of a chip sleep, as the tile kernel takes it; nothing where none does."""
    return energy_model(chip).resting.machine_arguments() if may_sleep(chip) else {}


def tile_machine(program: Program, links: Links, sleeps: Mapping[str, Integers], log_jobs: bool = False) -> TileMachine:
    """All cores of the program's chip, ready to run it over ``links``; ``log_jobs``: remember every job."""
    chip = program.chip
    return TileMachine(
        program.runs, program.blocks, program.steps, program.cores, program.dependencies,
        links.routes, links.capacities, links.dram_mix,
        operators=len(program.operators), core_khz=chip.clocks.core_hz // 1000, setup_ps=chip.core.dma.setup_ps,
        copy_routes=(RouteTable.COPY_IN, RouteTable.COPY_OUT), one_queue=chip.core.dma.engines == 1,
        log_jobs=log_jobs, route_blocks=route_blocks(program.routes), **sleeps,
        **(bank_arguments(program, energy_model(chip).resting.bank_policy) if are_gated(chip) else {}),
    )  # fmt: skip
