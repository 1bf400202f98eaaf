"""How long a program takes, and nothing else about it: for choosing between programs of one chip.

A request alone on the machine, at the clock that the chip starts with: no governor, no arrivals, no heat. The host has
nothing to decide then, so its few signals (inputs copied, launch, outputs copied) are given to the tile kernel here in
the order of time, without SimPy. Programs that take the same ways share what the ways are in numbers. The time is that
of ``Machine(program, governed=False).execute(1)``, which runs requests of several runs.
"""

from __future__ import annotations

from collections.abc import Mapping

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.compiler.routes import Route, RouteTable
from leptonsim.kernels.tiles import TileMachine
from leptonsim.machine.links import Fabric, Links
from leptonsim.machine.machine import Machine, copy_pieces
from leptonsim.machine.tile_machine import Integers, sleeping, tile_machine


class Stopwatch:
    """Times the programs of one chip."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._links: dict[tuple[Route, ...], Links] = {}
        self._fabric: Fabric | None = None
        self._sleeps: Mapping[str, Integers] | None = None

    def time_ps(self, program: Program) -> int:
        """Picoseconds from the request until its last result is with the host."""
        if program.runs_per_request > 1:
            return Machine(program, governed=False).execute(1).makespan_ps
        if self._sleeps is None:
            self._sleeps = sleeping(self._chip)
        tiles = tile_machine(program, self._links_of(program), self._sleeps)
        return _finished_ps(tiles, program, self._chip.software.launch_ps)

    def around(self, program: Program) -> tuple[int, int, int]:
        """What no program with these copies beats: picoseconds from the request until the launch, until the inputs of
        the first run are there, and from the last result until it is with the host.
        """
        memory, runs, routes = program.memory, program.runs_per_request, self._links_of(program).routes.tolist()

        def copied(size_bytes: int, route: list[int]) -> int:
            rate, latency_ps = route[:2]
            return latency_ps + self._chip.core.dma.setup_ps + (size_bytes << 32) // rate if size_bytes else 0

        inputs_ps = copied(memory.input_bytes // runs, routes[RouteTable.COPY_IN])
        outputs_ps = copied(memory.output_bytes // runs, routes[RouteTable.COPY_OUT])
        return self._chip.software.launch_ps, inputs_ps, outputs_ps

    def _links_of(self, program: Program) -> Links:
        links = self._links.get(program.routes)
        if links is None:
            self._fabric = Fabric(self._chip, program.routes, self._fabric)
            links = self._links[program.routes] = self._fabric.at(self._chip.clocks.core_hz)
        return links


def _finished_ps(tiles: TileMachine, program: Program, launch_ps: int) -> int:
    """When the first run's outputs are copied back."""
    tiles.submit(1)
    coming = _copy(tiles, False, program.memory.input_bytes)
    if not coming:
        tiles.input_ready(0, False)
    is_launched = is_done = is_returning = False
    returning = 0
    while True:
        if not is_launched and tiles.now_ps == launch_ps:
            tiles.launch(0)
            is_launched = True
        for what, _ in tiles.run(-1 if is_launched else launch_ps):
            if what == "done":
                is_done = True
            elif coming:
                coming -= 1
                if not coming:
                    tiles.input_ready(0, True)
            else:
                returning -= 1
        if is_done and not coming:
            if not is_returning:
                is_returning = True
                returning = _copy(tiles, True, program.memory.output_bytes)
            if not returning:
                return int(tiles.now_ps)


def _copy(tiles: TileMachine, out: bool, size_bytes: int) -> int:
    """Queue a copy; in how many pieces."""
    pieces = copy_pieces(size_bytes)
    for tag, piece in enumerate(pieces):
        tiles.copy(out, piece, tag)
    return len(pieces)
