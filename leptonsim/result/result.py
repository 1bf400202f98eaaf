"""What a simulation reports: latency, throughput, energy, and a cause for every part of each.

``Result.to_dict`` is the documented JSON (schema in ``schema.json``); the same run gives the same bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leptonsim.compiler.program import Program
from leptonsim.machine.power_record import PowerRecord
from leptonsim.result.bounds import peaks
from leptonsim.result.document import document, json_text
from leptonsim.result.merit import figures_of_merit
from leptonsim.result.step import Step
from leptonsim.version import leptonsim_version

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Result:
    """One simulation. Times in integer picoseconds; energies in joules; ``to_dict`` says what each field is.

    ``latency_s`` is the mean over requests from the host's first byte in to its last byte out; ``throughput_per_s``
    counts samples over the whole run.
    """

    program: Program
    requests: int
    makespan_ps: int
    request_times_ps: tuple[int, ...]
    utilization: dict[str, float]
    time_ps: dict[str, dict[str, int]]
    tensor_cycles: dict[str, int]
    energy_breakdown_j: dict[str, float]
    copies_breakdown_j: dict[str, float]
    dram_energy_j: dict[str, float]
    power_peak_w: float
    bytes: dict[str, dict[str, int]]
    bounds_ps: dict[str, int]
    sram_peak_bytes: int
    steps: tuple[Step, ...]
    events: dict[str, int]
    warnings: tuple[str, ...]
    seed: int = 0
    power: PowerRecord | None = None
    carbon_g_per_kwh: float | None = None
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def chip(self) -> str:
        """Name of the chip; ``program.chip`` is the chip."""
        return self.program.chip.name

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.program.model

    @property
    def batch(self) -> int:
        """Samples in one request."""
        return self.program.batch

    @property
    def dtype(self) -> str:
        """Data type in which floating-point models run."""
        return self.program.dtype

    @property
    def operators(self) -> dict[str, int]:
        """Nodes of the graph by where they went."""
        return dict(self.program.mapped)

    @property
    def upper_bounds(self) -> dict[str, int]:
        """Tensors whose size the data decide, with the largest number of results in one run, which was simulated."""
        return dict(self.program.upper_bounds)

    @property
    def latency_s(self) -> float:
        """Mean latency of a request, host to host."""
        return math.fsum(self.request_times_ps) / len(self.request_times_ps) / 1e12

    def latency_percentile_s(self, percent: int) -> float:
        """Latency that ``percent`` of the requests do not exceed (nearest rank)."""
        ranked = sorted(self.request_times_ps)
        return ranked[max(0, -(-percent * len(ranked) // 100) - 1)] / 1e12

    @property
    def latency_p50_s(self) -> float:
        """Latency that half of the requests do not exceed."""
        return self.latency_percentile_s(50)

    @property
    def latency_p99_s(self) -> float:
        """Latency that 99 % of the requests do not exceed."""
        return self.latency_percentile_s(99)

    @property
    def samples(self) -> int:
        """Samples of all requests."""
        return self.requests * self.program.batch

    @property
    def runs(self) -> int:
        """Runs of the program: one or several for each request."""
        return self.requests * self.program.runs_per_request

    @property
    def makespan_s(self) -> float:
        """The whole run."""
        return self.makespan_ps / 1e12

    @property
    def throughput_per_s(self) -> float:
        """Samples a second."""
        return self.samples / self.makespan_s

    @property
    def tokens_per_s(self) -> float | None:
        """Token positions a second of a language model, None for other models."""
        return None if self.program.tokens is None else self.program.tokens * self.requests / self.makespan_s

    @property
    def energy_j(self) -> float:
        """Energy of the whole run: the sum of the breakdown."""
        return math.fsum(self.energy_breakdown_j.values())

    @property
    def energy_per_sample_j(self) -> float:
        """Energy of one sample."""
        return self.energy_j / self.samples

    @property
    def power_avg_w(self) -> float:
        """Energy over time."""
        return self.energy_j / self.makespan_s

    @property
    def merit(self) -> dict[str, float | None]:
        """Figures of merit: see ``leptonsim.result.merit``."""
        return figures_of_merit(
            self.energy_j, self.requests, self.samples, self.latency_s, self.macs, self.carbon_g_per_kwh
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one request."""
        return self.program.runs_per_request * sum(operator.macs for operator in self.program.operators)

    @property
    def memory(self) -> dict[str, int]:
        """What the model takes, and what there is."""
        memory, shared = self.program.memory, self.program.chip.shared_sram
        return {
            "weights_bytes": memory.weights_bytes,
            "weights_read_bytes": memory.weights_read_bytes,
            "weights_on_host_bytes": memory.weights_on_host_bytes,
            "input_bytes": memory.input_bytes,
            "output_bytes": memory.output_bytes,
            "state_bytes": memory.state_bytes,
            "activations_bytes": memory.activations_bytes,
            "sram_peak_bytes": self.sram_peak_bytes,
            "sram_capacity_bytes": memory.sram_capacity_bytes,
            "shared_sram_peak_bytes": memory.shared_peak_bytes,
            "shared_sram_capacity_bytes": 0 if shared is None else shared.size_bytes,
            "dram_peak_bytes": memory.dram_peak_bytes,
            "dram_capacity_bytes": memory.dram_capacity_bytes,
        }

    @property
    def peaks(self) -> dict[str, Any]:
        """What the chip could do in a second: see ``leptonsim.result.bounds.peaks``."""
        return peaks(self.program.chip)

    @property
    def provenance(self) -> dict[str, Any]:
        """What the result was computed from."""
        return {
            "version": leptonsim_version(),
            "chip_digest": self.program.chip.digest,
            "model_digest": self.program.model_digest,
            "seed": self.seed,
        }

    @property
    def chip_parameters(self) -> dict[str, Any]:
        """The chip as its YAML would say it."""
        return dict(self.program.chip.document())

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values, in the order of the schema."""
        return document(self)

    def to_json(self) -> str:
        """The result as JSON text."""
        return json_text(self.to_dict())

    def to_dataframe(self) -> DataFrame:
        """A row for each operator; see ``leptonsim.result.notebook.dataframe``."""
        from leptonsim.result.notebook import dataframe

        return dataframe(self)

    def _repr_html_(self) -> str:
        from leptonsim.result.notebook import summary_html

        return summary_html(self)

    def save(self, path: str | Path) -> None:
        """Write the JSON, whole or not at all. Raises LeptonError if the file cannot be written."""
        from leptonsim.files import write_whole

        write_whole(path, self.to_json())
