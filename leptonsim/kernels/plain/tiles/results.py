"""What a tile machine tells of itself: totals so far, what changed since it was last asked, and what it logged."""

from __future__ import annotations

from typing import Any

import numpy as np

from leptonsim.kernels.plain.tiles.accounts import Accounts
from leptonsim.kernels.plain.tiles.banks import Banks
from leptonsim.kernels.plain.tiles.engines import WORK_FIELDS, Engines
from leptonsim.kernels.plain.tiles.program import JOB_FIELDS, Program
from leptonsim.kernels.plain.tiles.rest import REST_FIELDS, Blocks
from leptonsim.kernels.plain.tiles.stages import Core


class Results:
    """The part of ``TileMachine`` that reads and never decides."""

    now_ps: int
    _program: Program
    _cores: list[Core]
    _accounts: Accounts
    _engines: Engines
    _blocks: Blocks
    _banks: Banks | None
    _step_staging: list[int]
    _told: list[list[int]]
    _rows: Any
    _change: Any
    _rested: Any

    @property
    def engine_time_ps(self) -> Any:
        """int64 (engines, 13): picoseconds by cause; a row sums to the end given to ``finish``."""
        return self._accounts.engine_time_ps.copy()

    @property
    def step_time_ps(self) -> Any:
        """int64 (steps, 5, 13): picoseconds by engine of the step's core and cause, over all instances."""
        return self._accounts.step_time_ps.copy()

    @property
    def step_span_ps(self) -> Any:
        """int64 (steps, 5, 2): first start and last end of each engine's jobs in the first instance; -1 where it had
        none."""
        return self._accounts.step_span_ps.copy()

    @property
    def moving_time_ps(self) -> Any:
        """int64 (engines, 13): how the busy time of DMA engines divides into dram, noc, pcie, latency and
        contention."""
        return self._accounts.moving_time_ps.copy()

    @property
    def route_bytes(self) -> Any:
        """int64 (routes,): bytes delivered over each route."""
        return np.array(self._engines.route_bytes, dtype=np.int64)

    def progress(self, work: Any) -> None:
        """Write what every operator has done until now into ``work``, int64 (operators + 1, 6), ``WORK_FIELDS``.

        Whole cycles and bytes, over all cores and instances, with the part of the jobs in progress; the last row has
        the copies: to the device under ``w_bytes``, to the host under ``o_bytes``.
        """
        if work.shape != (self._program.operators + 1, len(WORK_FIELDS)):
            raise ValueError("progress: a row for each operator and one for the copies, of 6 columns")
        work[:] = self._engines.done(self.now_ps)

    def _told_shapes(self) -> tuple[Any, Any]:
        rows = self._program.operators + 1
        return np.zeros(rows, dtype=np.int64), np.zeros((rows, len(WORK_FIELDS)), dtype=np.int64)

    def tell_changes(self, rows: Any, change: Any, rested: Any) -> None:
        """Where ``changes`` writes: ``rows`` int64 (operators + 1,), ``change`` int64 (operators + 1, 6), ``rested``
        int64 (6,)."""
        if [rows.shape, change.shape] != [each.shape for each in self._told_shapes()]:
            raise ValueError("tell_changes: a row for each operator and one for the copies, of 6 columns")
        if rested.shape != self.rested_ps().shape:
            raise ValueError("tell_changes: a rested time for each kind of block")
        self._rows, self._change, self._rested = rows, change, rested

    def changes(self) -> int:
        """How many operators did something since the last call; which, and how much (``progress``).

        Also how long blocks rested until now (``rested_ps``).
        In the order of the program here; the compiled kernel has them in the order in which they began to.
        """
        done = self._engines.done(self.now_ps)
        changed = [row for row, told in enumerate(self._told) if done[row] != told]
        for place, row in enumerate(changed):
            self._rows[place] = row
            self._change[place] = [new - old for new, old in zip(done[row], self._told[row], strict=True)]
        self._told = done
        self._rested[:] = self.rested_ps()
        return len(changed)

    @property
    def mix_bytes(self) -> Any:
        """int64 (mixes, routes): bytes that moved until now, by the set of access patterns in flight."""
        self._engines.count_mix(self.now_ps)
        return np.array([[moved >> 32 for moved in row] for row in self._engines.mix_moved], dtype=np.int64)

    @property
    def peak_staging_bytes(self) -> Any:
        """int64 (cores,): most staging bytes held at once."""
        return np.array([core.peak_bytes for core in self._cores], dtype=np.int64)

    @property
    def step_staging_bytes(self) -> Any:
        """int64 (steps,): most staging bytes that the step's core held while the step was its oldest in flight, in any
        instance."""
        return np.array(self._step_staging, dtype=np.int64)

    @property
    def least_free_bytes(self) -> Any:
        """int64 (cores,): least staging space left by the steps in flight after a grant; 2^62 without grants."""
        return np.array([core.least_free_bytes for core in self._cores], dtype=np.int64)

    @property
    def jobs(self) -> Any:
        """int64 (n, 8): ``JOB_FIELDS``, in the order in which their first jobs ended; none unless ``log_jobs``.

        Jobs of one engine that belong to the same step and instance, take the same route and follow each other without
        a pause are one row, which says how ``jobs`` many ended in it; a pause of the clock divides a job into rows.
        Step and route are -1 where there is none; the instance of a copy is its tag.
        """
        return np.array(self._accounts.jobs, dtype=np.int64).reshape(-1, len(JOB_FIELDS))

    @property
    def staging(self) -> Any:
        """int64 (n, 3): core, time, and the staging bytes that it holds from then on; none unless ``log_jobs``."""
        return np.array(self._accounts.staging, dtype=np.int64).reshape(-1, 3)

    def rested_ps(self) -> Any:
        """int64 (6,): how long blocks rested until now by ``BLOCK_NAMES``, over all cores."""
        return self._blocks.rested_until(self.now_ps)

    def banks_empty_ps(self) -> int:
        """How long banks of the cores' SRAM held nothing until now, over all of them; 0 where they are not told
        apart."""
        return 0 if self._banks is None else self._banks.empty_until(self.now_ps)

    def rests(self, first: int = 0, also_open: bool = False) -> Any:
        """int64 (n, 4): ``REST_FIELDS`` of the remembered rests from number ``first`` on, as they ended.

        With ``also_open`` those that go on follow, up to now. Banks of SRAM that hold nothing are block 6; their unit
        is core * banks + bank.
        """
        found = self._blocks.rests_until(first, also_open, self.now_ps)
        if not also_open or self._banks is None:
            return found
        banks = self._banks.open_rests(self.now_ps)
        return np.concatenate([found, np.array(banks, dtype=np.int64).reshape(-1, len(REST_FIELDS))])

    def newest_rests(self, first: int, rows: Any) -> tuple[int, int]:
        """``rests`` with ``also_open`` into the first of ``rows``: how many ended, and how many there are in all.

        Where there are not rows enough for all, what is in them counts for nothing.
        """
        found = self.rests(first, True)
        if rows.shape[1] != len(REST_FIELDS):
            raise ValueError(f"newest_rests: rests have {len(REST_FIELDS)} columns")
        rows[: len(found)] = found[: len(rows)]
        return len(self.rests(first)), len(found)

    @property
    def log_segments(self) -> int:
        """Segments of time kept to resolve waits by: all that ever were."""
        return sum(len(log) for log in self._accounts.logs)
