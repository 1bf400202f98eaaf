"""A run as a timeline that trace viewers open: what every engine did when, counters, and flows between steps.

``timeline`` gathers tracks, slices, counters and flows from what the machine recorded; each file of ``formats`` writes
them in one format, and its name is the suffix of the files.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.compiler.program import Program
    from leptonsim.machine.machine import Record
    from leptonsim.result.result import Result


def trace_formats() -> list[str]:
    """Suffixes of the formats that can be written."""
    from leptonsim.result.trace import formats

    return sorted(module.name for module in pkgutil.iter_modules(formats.__path__))


def check_trace_path(path: str | Path) -> str:
    """The format that a file's name asks for. Raises LeptonError if there is none or the file cannot be written."""
    from leptonsim.files import check_writable

    suffix = Path(path).suffix.removeprefix(".")
    if suffix not in trace_formats():
        known = " or ".join(f".{each}" for each in trace_formats())
        raise LeptonError(f"{path}: which format? a trace's name ends in {known}")
    check_writable(path)
    return suffix


def write_trace(path: str | Path, program: Program, record: Record, result: Result) -> None:
    """Write the trace of a run whose jobs were logged, whole or not at all; the same run gives the same bytes.

    Raises LeptonError if the suffix names no format or the file cannot be written.
    """
    from leptonsim.files import write_whole
    from leptonsim.result.trace.timeline import make_timeline

    module = importlib.import_module(f"leptonsim.result.trace.formats.{check_trace_path(path)}")
    write_whole(path, module.encode(make_timeline(program, record, result)))
