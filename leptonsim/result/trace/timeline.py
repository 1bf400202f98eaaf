"""The timeline of a run: what every engine of every core did when, and the counters beside it.

A slice on an engine's track is a job, or several of one step without a pause between them, so that the slices of a
track sum to the engine's busy time, to the picosecond, and no two overlap. Above them are the operators of the first
run, each as long as it moved the end of everything (``time_ps`` of the result's steps), and the requests.
"""

from __future__ import annotations

import numpy as np

from leptonsim.compiler.program import Program
from leptonsim.errors import LeptonError
from leptonsim.kernels.tiles import ENGINE_NAMES, JOB_FIELDS
from leptonsim.machine.energy import AT_REST
from leptonsim.machine.machine import Record
from leptonsim.result.result import Result
from leptonsim.result.trace.counters import dram_bytes_per_s, power_w, readings_w, resident_bytes, staging_bytes
from leptonsim.result.trace.flows import flows
from leptonsim.result.trace.model import Counter, Integers, Slices, Texts, Timeline, Track

ENGINE, STEP, INSTANCE, ROUTE, BEGIN, END, JOBS, BYTES = range(len(JOB_FIELDS))
_OPERATOR = 11


def make_timeline(program: Program, record: Record, result: Result) -> Timeline:
    """The timeline of a run whose jobs were logged. Raises LeptonError if they were not."""
    if not len(record.jobs):
        raise LeptonError("no job of this run was logged; give execute() the trace's path, or Machine log_jobs=True")
    building = _Building(program, record, result)
    building.add_operators()
    building.add_requests()
    building.add_engines()
    building.add_counters()
    return Timeline(tuple(building.tracks), tuple(building.texts), tuple(building.slices), tuple(building.counters))


class _Building:
    """The timeline so far."""

    def __init__(self, program: Program, record: Record, result: Result) -> None:
        self.program, self.record, self.result = program, record, result
        self.texts = Texts()
        self.tracks: list[Track] = []
        self.slices: list[Slices] = []
        self.counters: list[Counter] = []
        self.root = self.track(f"{program.model} on {program.chip.name}")

    def track(self, name: str, parent: int | None = None, unit: str | None = None) -> int:
        self.tracks.append(Track(name, parent, unit))
        return len(self.tracks) - 1

    def same(self, text: str, count: int) -> Integers:
        """One text for so many slices."""
        return np.full(count, self.texts.index(text), dtype=np.int64)

    def add_operators(self) -> None:
        """The operators of the first run, end to end."""
        steps = [step for step in self.result.steps if step.time_ps > 0]
        count = len(steps)
        end = np.array([step.end_ps for step in steps], dtype=np.int64)
        time = np.array([step.time_ps for step in steps], dtype=np.int64)
        self.slices.append(
            Slices(
                np.full(count, self.track("operators, first run", self.root)),
                end - time,
                end,
                self.texts.indices([step.name for step in steps]),
                self.texts.indices([step.kind for step in steps]),
                {
                    "time_ps": time,
                    "macs": np.array([step.macs for step in steps], dtype=np.int64),
                    "vector_operations": np.array([step.vector_operations for step in steps], dtype=np.int64),
                    "dram_bytes": np.array([step.bytes for step in steps], dtype=np.int64),
                    "energy_pj": np.array([round(step.energy_pj) for step in steps], dtype=np.int64),
                },
                {
                    "engine": self.texts.indices([step.engine for step in steps]),
                    "bound_by": self.texts.indices([step.bound_by for step in steps]),
                    "mapping": self.texts.indices([step.mapping for step in steps]),
                },
            )
        )

    def add_requests(self) -> None:
        """Each request from its first byte in to its last byte out, on as many tracks as there are at once."""
        spans = self.record.requests_ps
        lanes: list[int] = []
        of_request = []
        for begin, end in spans:
            lane = next((lane for lane, until in enumerate(lanes) if until <= begin), len(lanes))
            lanes[lane : lane + 1] = [end]
            of_request.append(lane)
        tracks = np.array([self.track("requests", self.root) for _ in lanes], dtype=np.int64)
        times = np.array(spans, dtype=np.int64)
        self.slices.append(
            Slices(
                tracks[np.array(of_request)],
                times[:, 0],
                times[:, 1],
                self.texts.indices([f"request {request}" for request in range(len(spans))]),
                self.same("request", len(spans)),
                {"time_ps": times[:, 1] - times[:, 0], "request": np.arange(len(spans))},
            )
        )
        launches = np.array(self.record.launches_ps, dtype=np.int64).reshape(-1, 2)
        self.host = self.track("host", self.root)
        self.slices.append(
            Slices(
                np.full(len(launches), self.host),
                launches[:, 0],
                launches[:, 1],
                self.same("launch", len(launches)),
                self.same("host", len(launches)),
                {"time_ps": launches[:, 1] - launches[:, 0], "request": np.arange(len(launches))},
            )
        )

    def add_engines(self) -> None:
        """The jobs of every engine, and the flows between them."""
        program, jobs = self.program, self.record.jobs
        copies = [self.track("PCIe in", self.root), self.track("PCIe out", self.root)]
        tracks = []
        self.cores = []
        for core in range(program.chip.cores):
            self.cores.append(self.track(f"core {core}", self.root))
            tracks += [self.track(name, self.cores[-1]) for name in ENGINE_NAMES]
        track = np.array([*tracks, self.host, *copies], dtype=np.int64)[jobs[:, ENGINE]]
        order = np.lexsort((jobs[:, BEGIN], track))
        found = flows(program, self.record)
        for rows in (
            order[jobs[order, STEP] < 0],
            order[(jobs[order, STEP] >= 0) & (jobs[order, ROUTE] >= 0)],
            order[(jobs[order, STEP] >= 0) & (jobs[order, ROUTE] < 0)],
        ):
            if len(rows):
                self._add_jobs(rows, track, found)

    def _add_jobs(self, rows: Integers, track: Integers, found: Integers) -> None:
        """Rows of the job log of one kind: copies, transfers or computations."""
        program, record, each = self.program, self.record, self.program.runs_per_request
        jobs = record.jobs[rows]
        numbers = {"time_ps": jobs[:, END] - jobs[:, BEGIN], "jobs": jobs[:, JOBS]}
        texts: dict[str, Integers] = {}
        runs = jobs[:, INSTANCE]
        if jobs[0, STEP] < 0:
            runs = np.array([run for run, _ in record.copies], dtype=np.int64)[runs]
            outwards = jobs[:, ENGINE] == program.chip.cores * len(ENGINE_NAMES) + 2
            what = [
                self.texts.index("weights" if run < 0 else "outputs" if out else "inputs")
                for run, out in zip(runs.tolist(), outwards.tolist(), strict=True)
            ]
            name, kind = np.array(what, dtype=np.int64), self.same("copy", len(rows))
            runs = np.maximum(runs, 0)
        else:
            operator = program.steps[jobs[:, STEP], _OPERATOR]
            name = self.texts.indices([each.name for each in program.operators])[operator]
            kind = self.texts.indices([each.kind for each in program.operators])[operator]
            texts["bound_by"] = self.texts.indices([step.bound_by for step in self.result.steps])[operator]
            numbers["step"] = jobs[:, STEP]
        if jobs[0, ROUTE] >= 0:
            numbers["bytes"] = jobs[:, BYTES]
            texts["route"] = self.texts.indices([route.end for route in program.routes])[jobs[:, ROUTE]]
        numbers["request"] = runs // each
        if each > 1:
            numbers["run"] = runs
        place = np.full(len(record.jobs), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        ends = []
        for side in (0, 1):
            at = place[found[:, side]]
            own = np.flatnonzero(at >= 0)
            own = own[np.argsort(at[own], kind="stable")]
            ends.append(np.stack([at[own], own], axis=1))
        self.slices.append(Slices(track[rows], jobs[:, BEGIN], jobs[:, END], name, kind, numbers, texts, *ends))

    def add_counters(self) -> None:
        """Power, bandwidth, staging space, clock."""
        program, record = self.program, self.record
        result = self.result
        at_rest_w = {name: result.energy_breakdown_j[name] / result.makespan_s for name in AT_REST}
        governed = record.power
        watts = power_w(program, record, result.steps, at_rest_w) if governed is None else readings_w(governed)
        for name, (times, values) in watts.items():
            self.counters.append(Counter(self.track(f"power, {name}", self.root, "W"), times, values))
        for name, (times, values) in dram_bytes_per_s(program, record).items():
            self.counters.append(Counter(self.track(f"DRAM {name}", self.root, "GB/s"), times, values / 1e9))
        for core, (times, values) in enumerate(staging_bytes(record, program.chip.cores)):
            self.counters.append(Counter(self.track("SRAM staging", self.cores[core], "bytes"), times, values))
        resident = self.track("SRAM resident in a core, first run", self.root, "bytes")
        self.counters.append(Counter(resident, *resident_bytes(self.result.steps)))
        begin, clock = np.zeros(1, dtype=np.int64), np.array([program.chip.clocks.core_hz / 1e6])
        if governed is not None:
            begin, clock = governed.times[:, 0], governed.times[:, 2] / 1e6
            for name, domain in governed.domains.items():
                rate = self.track(f"{name} clock", self.root, "MT/s" if name == "memory" else "MHz")
                self.counters.append(Counter(rate, begin, domain.clock_hz / 1e6))
                self.counters.append(Counter(self.track(f"{name} voltage", self.root, "V"), begin, domain.voltage_v))
            voltage, die_c = governed.levels[:, 0], governed.levels[:, 1]
            self.counters.append(Counter(self.track("core voltage", self.root, "V"), begin, voltage))
            if not np.isnan(die_c).any():
                # the temperature of a reading is that at its end
                self.counters.append(Counter(self.track("die", self.root, "degC"), governed.times[:, 1], die_c))
        self.counters.append(Counter(self.track("core clock", self.root, "MHz"), begin, clock))
