"""A compiled program: for each core a sequence of steps, each a run-length encoded list of tiles.

A program can be saved, read back, printed and run again with the same result: it carries the chip it was compiled for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.compiler.routes import Route
from leptonsim.errors import LeptonError

SCHEMA = "leptonsim-program-2"
Integers = npt.NDArray[np.int64]


class ProgramOperator(NamedTuple):
    """One operator as it was mapped, with what it costs in events of energy; the counts are of all cores together.

    ``macs`` are the operator's multiply-accumulates, ``tensor_macs`` those of them that the tensor core does: none
    where the vector unit does the work, then they are in ``vector`` as multiplications and additions.

    ``mapping`` says how it was cut, for people. ``sram_read_bytes`` and ``sram_written_bytes`` are accesses of the
    engines to the cores' SRAM, DMA included; ``accumulator_bytes`` reads and writes of partial sums. ``useful_cycles``
    and the two kinds of lost cycles are of the tensor core of one busiest core. ``cells_share`` is the share of an
    array's cells in rows and columns that hold no padding, on average while it works. ``sram_resident_bytes`` and
    ``shared_resident_bytes`` are what tensors take in one core's SRAM and in shared SRAM while it runs,
    ``sram_kept_bytes`` what of one core's they take after it.
    """

    name: str
    kind: str
    engine: str
    nodes: tuple[str, ...]
    dtype: str
    macs: int
    tensor_macs: int
    vector: Mapping[str, int]
    mapping: str
    sram_read_bytes: int
    sram_written_bytes: int
    accumulator_bytes: int
    tensor_cycles: int
    useful_cycles: int
    weight_load_cycles: int
    sram_stall_cycles: int
    cells_share: float
    sram_resident_bytes: int
    sram_kept_bytes: int
    shared_resident_bytes: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that the program needs.

    Weights, those of them that one run reads (the rows gathered from a table, not the table) and those streamed from
    the host; inputs and outputs; state kept between runs (key-value caches); and the peaks of activations in DRAM, in
    shared SRAM and resident in one core's SRAM.
    """

    weights_bytes: int
    weights_read_bytes: int
    weights_on_host_bytes: int
    input_bytes: int
    output_bytes: int
    state_bytes: int
    activations_bytes: int
    dram_peak_bytes: int
    dram_capacity_bytes: int
    shared_peak_bytes: int
    sram_peak_bytes: int
    sram_capacity_bytes: int


@dataclass(frozen=True)
class Program:
    """What ``simulate`` executes; arrays are laid out as leptonsim.kernels.tiles.TileMachine takes them.

    ``runs_per_request`` is how many times the program is run for one request: more than once where repeating a program
    for a smaller batch is faster than one for the whole. ``upper_bounds`` names tensors of which the data decide how
    many results they hold, with the largest number, for which the program is made.
    """

    chip: Chip
    model: str
    model_digest: str
    batch: int
    tokens: int | None
    dtype: str
    runs_per_request: int
    operators: tuple[ProgramOperator, ...]
    mapped: Mapping[str, int]
    views: tuple[str, ...]
    routes: tuple[Route, ...]
    memory: Memory
    warnings: tuple[str, ...]
    upper_bounds: Mapping[str, int]
    runs: Integers
    blocks: Integers
    steps: Integers
    cores: Integers
    dependencies: Integers

    def save(self, path: str | Path) -> None:
        """Write the program as JSON, whole or not at all. Raises LeptonError if the file cannot be written."""
        from leptonsim.files import write_whole

        write_whole(path, self.to_json())

    def to_json(self) -> str:
        """The program as JSON; the same program gives the same bytes."""
        record = {
            "schema": SCHEMA,
            "chip": self.chip.document(),
            "model": self.model,
            "model_digest": self.model_digest,
            "batch": self.batch,
            "tokens": self.tokens,
            "dtype": self.dtype,
            "runs_per_request": self.runs_per_request,
            "operators": [operator._asdict() for operator in self.operators],
            "mapped": dict(self.mapped),
            "views": list(self.views),
            "routes": [asdict(route) for route in self.routes],
            "memory": asdict(self.memory),
            "warnings": list(self.warnings),
            "upper_bounds": dict(self.upper_bounds),
            **{name: getattr(self, name).tolist() for name in _ARRAYS},
        }
        return json.dumps(record, separators=(",", ":")) + "\n"

    @staticmethod
    def load(path: str | Path) -> Program:
        """Read a saved program. Raises LeptonError if the file is not one."""
        try:
            record = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise LeptonError(f"{path}: cannot be read: {error.strerror or error}") from None
        except ValueError:
            raise LeptonError(f"{path}: not a saved program: it is no JSON") from None
        if not isinstance(record, dict) or record.get("schema") != SCHEMA:
            raise LeptonError(
                f"{path}: not a program saved by this version of leptonsim (schema {SCHEMA}); compile it again"
            )
        try:
            return _from_record(record)
        except (KeyError, TypeError, ValueError) as error:
            raise LeptonError(f"{path}: the saved program is damaged ({error}); compile it again") from None


_ARRAYS = {"runs": 7, "blocks": 3, "steps": 12, "cores": 0, "dependencies": 0}


def _from_record(record: dict[str, Any]) -> Program:
    import yaml

    from leptonsim.chip.load import chip_from_text

    arrays = {
        name: np.array(record[name], dtype=np.int64).reshape((-1, columns) if columns else (-1,))
        for name, columns in _ARRAYS.items()
    }
    return Program(
        chip=chip_from_text(yaml.safe_dump(record["chip"], sort_keys=False), record["chip"]["name"]),
        model=record["model"],
        model_digest=record["model_digest"],
        batch=record["batch"],
        tokens=record["tokens"],
        dtype=record["dtype"],
        runs_per_request=record["runs_per_request"],
        operators=tuple(ProgramOperator(**{**each, "nodes": tuple(each["nodes"])}) for each in record["operators"]),
        mapped=record["mapped"],
        views=tuple(record["views"]),
        routes=tuple(Route(**each) for each in record["routes"]),
        memory=Memory(**record["memory"]),
        warnings=tuple(record["warnings"]),
        upper_bounds=record["upper_bounds"],
        **arrays,
    )
