"""One page that says everything about a result: a single HTML file that asks nobody for anything.

The summary, the pictures as SVG in the reader's own colours, a table of operators that sorts and filters, a timeline
with zoom, the chip's parameters, warnings and provenance. Texts of the model are data: they are escaped wherever they
are shown. Scripts and styles are our own, inline, and a content policy in the page forbids everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leptonsim.result import summary
from leptonsim.result.document import SCHEMA
from leptonsim.result.report.figures import inline_svg
from leptonsim.result.step import Step
from leptonsim.result.units import micro, time_text

if TYPE_CHECKING:
    from leptonsim.result.load import AnyResult

ENGINES = ("weights", "activations", "tensor", "vector", "store")
CAPTIONS = {
    "time": "Where the time of engines and operators goes.",
    "roofline": "What operators do in a second against what they do for each byte of DRAM.",
    "power": "Power over time.",
    "states": "The clock over the run, and the time in each performance state.",
    "temperature": "The temperature of the die.",
    "energy": "Where the energy goes.",
    "sram": "What tensors and tiles on their way take in SRAM.",
    "utilization": "How busy each engine of each core is.",
}
DRAWN_HERE = ("timeline",)
"""Kinds of picture that the page draws itself."""


def save_report(result: AnyResult, path: str | Path) -> None:
    """Write the page, whole or not at all. Raises LeptonError if the file cannot be written."""
    from leptonsim.files import write_whole

    write_whole(path, report_html(result))


def report_html(result: AnyResult) -> str:
    """The page; the same result gives the same text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    folder = files(__name__)

    def own(name: str) -> str:
        return folder.joinpath(name).read_text(encoding="utf-8")

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["micro"] = micro
    rows = summary.summary_rows(result)
    return environment.from_string(own("page.html")).render(
        title=f"{result.model} on {result.chip}",
        subtitle=summary.setting(result),
        cards=_cards(result),
        rows=rows,
        blocks=summary.block_rows(result),
        bounds=[(name.replace("_", " "), time_text(value)) for name, value in result.bounds_ps.items()],
        warnings=list(result.warnings),
        pictures=[(kind, CAPTIONS.get(kind, kind), Markup(svg)) for kind, svg in _pictures(result)],
        parameters=list(_flat(result.chip_parameters)),
        provenance={"schema": SCHEMA, **result.provenance},
        data=page_data(result),
        style=Markup(own("page.css")),
        scripts=[Markup(own(name)) for name in ("table.js", "timeline.js")],
    )


def page_data(result: AnyResult) -> dict[str, Any]:
    """What the page's scripts show: operators as lists, in the order of ``fields``, and the timeline's colours."""
    from leptonsim.result.figures.timeline import colours

    total_ps = sum(step.time_ps for step in result.steps)
    mappings = list(dict.fromkeys(step.mapping for step in result.steps))
    places = {mapping: index for index, mapping in enumerate(mappings)}
    return {
        "fields": ["name", "kind", "engine", "bound", "mapping", "numbers", "texts", "spans", "waits"],
        "numbers": ["time", "share", "MACs", "DRAM", "energy"],
        "engines": list(ENGINES),
        "colours": colours(result),
        "mappings": mappings,
        "total_ps": total_ps,
        "steps": [_row(step, places[step.mapping], total_ps) for step in result.steps],
    }


def _row(step: Step, mapping: int, total_ps: int) -> list[Any]:
    texts = summary.step_row(step, total_ps)
    spans = [list(step.spans_ps[engine]) if engine in step.spans_ps else None for engine in ENGINES]
    numbers = [step.time_ps, step.time_ps / max(1, total_ps), step.macs, step.bytes, step.energy_pj]
    shown = [micro(texts[name]) for name in ("time", "share", "MACs", "DRAM", "energy")]
    return [
        step.name, step.kind, step.engine, step.bound_by, mapping, numbers, shown, spans, summary.shares(step.waits_ps)
    ]  # fmt: skip


def _cards(result: AnyResult) -> list[tuple[str, str, str]]:
    """What is read first: a name, a figure, and what belongs to it."""
    rows = dict(summary.summary_rows(result))
    cards = []
    for name in ("latency", "throughput", "energy", "power", "work"):
        head, _, rest = rows[name].partition(": " if name == "energy" else ", ")
        cards.append((name, micro(head), micro(rest)))
    return cards


def _pictures(result: AnyResult) -> Iterator[tuple[str, str]]:
    from leptonsim.result.figures import applies, draw, kinds

    order = [*CAPTIONS, *(kind for kind in kinds() if kind not in CAPTIONS)]
    for kind in order:
        if kind in kinds() and kind not in DRAWN_HERE and applies(kind, result):
            yield kind, inline_svg(draw(kind, result), kind)


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Parameters as ``--set`` names them, with their values."""
    for name, value in tree.items():
        place = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield from _flat(value, place)
        elif isinstance(value, list):
            for index, each in enumerate(value):
                parts = each.items() if isinstance(each, Mapping) else ()
                yield f"{place}[{index}]", ", ".join(f"{key}: {_text(part)}" for key, part in parts) or _text(each)
        else:
            yield place, _text(value)


def _text(value: object) -> str:
    """A value as YAML writes it."""
    return (
        str(value).lower() if isinstance(value, bool) else f"{value:.10g}" if isinstance(value, float) else str(value)
    )
