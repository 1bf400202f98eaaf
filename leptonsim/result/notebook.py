"""A result in a notebook: a summary in HTML, and the operators as a pandas table.

pandas is optional (``pip install 'leptonsim[pandas]'``); the summary needs nothing.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.result.summary import setting, step_row, summary_rows

if TYPE_CHECKING:
    from pandas import DataFrame

    from leptonsim.result.load import AnyResult

COSTLIEST = 10


def summary_html(result: AnyResult) -> str:
    """The figures that matter, the ten costliest operators, the warnings; all text is escaped."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in summary_rows(result))
    steps = sorted(result.steps, key=lambda step: -step.time_ps)[:COSTLIEST]
    total_ps = sum(step.time_ps for step in result.steps)
    cells = [step_row(step, total_ps) for step in steps]
    header = "".join(f"<th>{escape(name)}</th>" for name in cells[0]) if cells else ""
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in each.values()) + "</tr>" for each in cells)
    warnings = "".join(f"<p>warning: {escape(each)}</p>" for each in result.warnings)
    left = len(result.steps) - len(steps)
    more = f"<p>... and {left:,} more operators: to_dataframe() has them all</p>" if left else ""
    return (
        f"<h4>{escape(result.model)} on {escape(result.chip)}</h4><p>{escape(setting(result))}</p><table>{rows}</table>"
        f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>{more}{warnings}"
    )


def dataframe(result: AnyResult) -> DataFrame:
    """A row for each operator of the first run.

    Columns are the fields of a step (units in their names); what has parts becomes a column for each of them, such as
    ``waits_ps.dram`` and ``energy_breakdown_pj.sram``, 0 where there are none, and ``spans_ps.tensor.start`` and
    ``.end``, missing where the engine is not used. Raises LeptonError without pandas.
    """
    try:
        import pandas as pd
    except ImportError:
        raise LeptonError("to_dataframe needs pandas; install it with: pip install 'leptonsim[pandas]'") from None
    from leptonsim.kernels.tiles import CAUSE_NAMES, ENGINE_NAMES
    from leptonsim.machine.energy import DYNAMIC

    rows = []
    for step in result.steps:
        row: dict[str, object] = {
            name: getattr(step, name)
            for name in step._fields
            if name not in ("waits_ps", "spans_ps", "energy_breakdown_pj")
        }
        row |= {f"waits_ps.{cause}": step.waits_ps.get(cause, 0) for cause in CAUSE_NAMES}
        row |= {f"energy_breakdown_pj.{part}": step.energy_breakdown_pj.get(part, 0.0) for part in DYNAMIC}
        for engine in ENGINE_NAMES:
            begin, end = step.spans_ps.get(engine, (pd.NA, pd.NA))
            row |= {f"spans_ps.{engine}.start": begin, f"spans_ps.{engine}.end": end}
        rows.append(row)
    table = pd.DataFrame(rows)
    spans = [name for name in table.columns if name.startswith("spans_ps.")]
    return table.astype(dict.fromkeys(spans, "Int64"))
