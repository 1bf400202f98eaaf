"""A saved result, read back: the same attributes as ``Result``, without the program that it was computed from.

What is drawn and compared is taken from here or from a ``Result`` alike, so that a file and a run say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leptonsim.errors import LeptonError
from leptonsim.result.checking import check
from leptonsim.result.document import SCHEMA, json_text
from leptonsim.result.result import Result
from leptonsim.result.step import Step

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class SavedResult:
    """One simulation as its JSON has it; every field of the schema is an attribute, ``steps`` are ``Step`` records."""

    document: Mapping[str, Any]
    steps: tuple[Step, ...]

    def __getattr__(self, name: str) -> Any:
        """A field of the JSON."""
        if name == "document" or name not in self.document:
            raise AttributeError(f"a result has no {name!r}")
        return self.document[name]

    @property
    def samples(self) -> int:
        """Samples of all requests."""
        return int(self.document["requests"] * self.document["batch"])

    @property
    def makespan_s(self) -> float:
        """The whole run."""
        return float(self.document["makespan_ps"] / 1e12)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values, in the order of the schema."""
        return dict(self.document)

    def to_json(self) -> str:
        """The result as JSON text: the bytes that were read."""
        return json_text(self.document)

    def to_dataframe(self) -> DataFrame:
        """A row for each operator; see ``leptonsim.result.notebook.dataframe``."""
        from leptonsim.result.notebook import dataframe

        return dataframe(self)

    def _repr_html_(self) -> str:
        from leptonsim.result.notebook import summary_html

        return summary_html(self)


AnyResult = Result | SavedResult


def power_in_time(result: AnyResult) -> Mapping[str, Any] | None:
    """The part ``power`` of the JSON: clock, temperature and power over time; None where the run had a fixed state."""
    block: Mapping[str, Any] | None = result.to_dict().get("power")
    return block


def domains_in_time(result: AnyResult) -> dict[str, Mapping[str, Any]]:
    """Of ``power_in_time`` the domains beside the cores whose state changed; none where the run had a fixed state."""
    block = power_in_time(result)
    return {} if block is None else {name: each for name, each in block["domains"].items() if each["changes"]}


def load_result(path: str | Path) -> SavedResult:
    """Read what ``Result.save`` wrote. Raises LeptonError if the file is not that, or not of this version."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise LeptonError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise LeptonError(f"{path}: not a result: it is no JSON; write one with `leptonsim run --json`") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        other = "a compiled program" if str(schema).startswith("leptonsim-program") else "not a result"
        raise LeptonError(
            f"{path}: {other}, or one of another version of leptonsim (schema {SCHEMA} is expected); "
            "write a result with `leptonsim run --json`"
        )
    check(document, str(path))
    return SavedResult(document, tuple(_step(each) for each in document["steps"]))


def _step(values: dict[str, Any]) -> Step:
    spans = {name: (begin, end) for name, (begin, end) in values["spans_ps"].items()}
    return Step(**{**values, "spans_ps": spans})
