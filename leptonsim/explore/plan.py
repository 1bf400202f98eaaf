"""From designs to points: each with its key, its task for a worker, and the row that it will be.

The key of a point is a digest of everything that its result depends on: chip, model (at its batch), options and the
version of leptonsim. A point that another sweep has computed has the same key, whatever it was called there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leptonsim.errors import LeptonError
from leptonsim.explore.design import Design, Designer
from leptonsim.explore.spec import ModelSource, Sweep
from leptonsim.explore.store import Row
from leptonsim.explore.workbench import Outcome, Task, mapped_overrides, pack

if TYPE_CHECKING:
    from leptonsim.model import Model

KEY_DIGITS = 32

MOST_DIGESTS = 4096
"""Digests of chips that are kept; a sweep of more begins anew, so that memory stays flat."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A model at a batch and in a data type; ``packed`` is what workers get of it."""

    label: str
    batch: int | None
    dtype: str | None
    model_digest: str
    samples: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Point:
    """One design under one workload: its row but for the results, and what a worker needs. ``error``: it cannot be
    computed.
    """

    row: Row
    task: Task
    packed: bytes
    error: str | None

    def finished(self, outcome: Outcome) -> Row:
        """The row with what came of the point."""
        return dataclasses.replace(self.row, status=outcome.status, error=outcome.error, measures=outcome.measures)


class Planner:
    """Points of a sweep. Loads every model once. Raises LeptonError where a chip or a model cannot be read."""

    def __init__(self, sweep: Sweep) -> None:
        from leptonsim.version import leptonsim_version

        self.sweep = sweep
        self.designer = Designer(sweep)
        self.version = leptonsim_version()
        self.workloads = tuple(self._workloads())
        self._number = 0
        self._mapped_digests: dict[tuple[str, str], str] = {}

    def points(self, design: Design) -> Iterator[Point]:
        """The points of a design: one for each workload that the conditions want."""
        for workload in self.workloads:
            dtype = self._dtype(design, workload)
            names = {
                "batch": workload.samples,
                "dtype": dtype,
                "model": workload.label,
                "requests": self.sweep.requests,
            }
            if self.designer.is_wanted(design, names):
                yield self._point(design, workload, dtype)

    def _workloads(self) -> Iterator[Workload]:
        from leptonsim.model import load_model

        for source in self.sweep.models:
            model = load_model(source.source, dims=dict(source.dims), shapes=dict(source.shapes))
            packed = pack(model, self.designer.chips)
            for batch in self.sweep.batches:
                at_batch = model if batch is None else _at_batch(model, batch, source)
                for dtype in self.sweep.dtypes:
                    yield Workload(source.label, batch, dtype, at_batch.graph.digest, at_batch.graph.batch, packed)

    def _dtype(self, design: Design, workload: Workload) -> str:
        chip = design.chip or self.designer.chips[design.base]
        return workload.dtype or chip.software.default_dtype

    def _point(self, design: Design, workload: Workload, dtype: str) -> Point:
        sweep, base = self.sweep, self.designer.chips[design.base]
        overrides = dict(design.overrides)
        options: dict[str, Any] = {
            "batch": workload.samples,
            "dtype": dtype,
            "requests": sweep.requests,
            "cold": sweep.cold,
            "mapping": "own",
        }
        chip_digest = _digest([base.digest, overrides]) if design.chip is None else design.chip.digest
        compiled_for = mapped_overrides(overrides, sweep.mapping)
        mapped_digest = chip_digest
        if design.chip is not None and len(compiled_for) < len(overrides):
            mapped_digest = self._mapped_digest(design.base, compiled_for)
            options["mapping"] = "kept"
        key = _digest([chip_digest, mapped_digest, workload.model_digest, options, self.version])[:KEY_DIGITS]
        self._number += 1
        row = Row(
            sweep.name,
            key,
            design.base,
            workload.label,
            overrides,
            "failed",
            design.error,
            chip_digest,
            workload.model_digest,
            options,
            self.version,
            {},
        )
        task = Task(
            self._number,
            design.base,
            overrides,
            workload.batch,
            workload.dtype,
            sweep.requests,
            sweep.cold,
            sweep.mapping,
        )
        return Point(row, task, workload.packed, design.error)

    def _mapped_digest(self, label: str, overrides: dict[str, Any]) -> str:
        """Digest of the chip that a kept program is compiled for; many points share one."""
        key = (label, repr(overrides))
        found = self._mapped_digests.get(key)
        if found is None:
            if len(self._mapped_digests) >= MOST_DIGESTS:
                self._mapped_digests.clear()
            found = self.designer.chips[label].with_(overrides).digest
            self._mapped_digests[key] = found
        return found


def _at_batch(model: Model, batch: int, source: ModelSource) -> Model:
    try:
        return model.with_batch(batch)
    except LeptonError as error:
        raise LeptonError(f"{source.label} at batch {batch}: {error}") from None


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
