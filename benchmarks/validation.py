"""Draw docs/validation.md and its pictures: every reference file in benchmarks/reference, held against the models.

    python benchmarks/validation.py [KIND ...]

For each kind of data: a table of errors, a scatter plot of predicted against measured, the worst rows with their
causes, and what is not modelled. The same data give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pictures import keep

from leptonsim.errors import LeptonError
from leptonsim.files import write_whole
from leptonsim.result.style import picture
from leptonsim.validate.kind import Kind, kind_of
from leptonsim.validate.plot import figure
from leptonsim.validate.report import Record, Report, Summary
from leptonsim.validate.table import BadFile, read_table

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "benchmarks" / "reference"
WORST_ROWS = 3

HEAD = """# How right leptonsim is

Drawn by `python benchmarks/validation.py` from the files in `benchmarks/reference/` (sources there); do not edit. Any
of them, or a file of your own with the same columns, can be checked with `leptonsim validate FILE.csv`.

An error is predicted / measured - 1. *Exact* counts the predictions that equal the figure to the digits it was written
with; median, mean and p90 are of the error's size, bias is its mean with the sign.
"""


def files(wanted: list[str]) -> list[tuple[Kind, Report]]:
    """The report of every file of a known kind (of those wanted, where any are named), by name of the kind."""
    found = []
    for path in sorted(REFERENCE.glob("*.csv")):
        table = read_table(path)
        try:
            kind = kind_of(table)
        except BadFile:
            continue
        if wanted and kind.name not in wanted:
            continue
        found.append((kind, Report(kind.name, kind.title, path.name, tuple(kind.predict(table, None)))))
    return sorted(found, key=lambda pair: pair[0].name)


def percent(share: float | None, signed: bool = False) -> str:
    if share is None:
        return "-"
    if share == 0:
        return "0"
    if abs(share) < 5e-5:
        return "< 0.01 %"
    return f"{100 * share:{'+' if signed else ''}.2f} %"


def line(name: str, summary: Summary) -> str:
    sizes = (summary.median_abs_error, summary.mean_abs_error, summary.p90_abs_error)
    cells = [name, str(summary.rows), str(summary.predicted), str(summary.exact), *map(percent, sizes)]
    return "| " + " | ".join([*cells, percent(summary.bias, True), percent(summary.worst, True)]) + " |"


def worst(report: Report) -> list[str]:
    """The rows furthest off, those within rounding left out."""
    off: list[tuple[float, Record]] = [
        (record.error, record) for record in report.records if record.error is not None and abs(record.error) > 5e-5
    ]
    off.sort(key=lambda pair: (-abs(pair[0]), pair[1].row.line))
    return [
        f"- line {record.row.line}, {record.group}, {record.quantity}: predicted {record.predicted:.6g}, "
        f"measured {record.measured:.6g}, {percent(error, True)}"
        for error, record in off[:WORST_ROWS]
    ]


def section(kind: Kind, report: Report) -> str:
    parts = [f"## {kind.title}", "", f"`{report.file}`", ""]
    parts += ["| group | rows | predicted | exact | median | mean | p90 | bias | worst |"]
    parts += ["|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    parts += [line(name, summary) for name, summary in report.summary().items()]
    parts += ["", f"![predicted against measured](images/validation-{kind.name}.png)", ""]
    rows = worst(report)
    parts += ["Worst rows:", "", *rows, ""] if rows else ["Worst rows: none is off by 0.01 % or more.", ""]
    parts += [f"Causes: {kind.causes}", ""] if kind.causes else []
    parts += [f"Not modelled: {kind.not_modelled}", ""] if kind.not_modelled else []
    skipped = [f"- {count}: {reason}" for reason, count in report.skipped().items()]
    parts += ["Skipped rows:", "", *skipped, ""] if skipped else []
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", help="kinds to put on the page; all of them by default")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the page, with images/ in it")
    arguments = parser.parse_args()
    try:
        (arguments.out / "images").mkdir(parents=True, exist_ok=True)
        found = files(arguments.kinds)
        for kind, report in found:
            keep(picture(figure(report), "png", dpi=110), arguments.out / "images" / f"validation-{kind.name}.png")
        sections = [section(kind, report) for kind, report in found]
        write_whole(arguments.out / "validation.md", "\n".join([HEAD, *sections]).rstrip() + "\n")
    except LeptonError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
