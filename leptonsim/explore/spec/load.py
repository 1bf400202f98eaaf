"""A sweep file read by the same strict reader as a chip: text with marks, so that everything wrong is told at
file:line:column.
"""

from __future__ import annotations

from pathlib import Path

from leptonsim.chip.load import configs_folder, read_text
from leptonsim.chip.report import near
from leptonsim.chip.scalars import Flag
from leptonsim.chip.tree import fail, read
from leptonsim.errors import LeptonError
from leptonsim.explore.spec import goals, space, workloads
from leptonsim.explore.spec.fields import Fields
from leptonsim.explore.spec.sweep import Sweep

KEYS = (
    "name",
    "description",
    "chips",
    "models",
    "set",
    "derive",
    "batch",
    "dtype",
    "requests",
    "cold",
    "mapping",
    "where",
    "equal_area",
    "sample",
    "objectives",
    "constraints",
)
MAPPINGS = ("own", "kept")


def shipped_sweeps() -> tuple[str, ...]:
    """Names of the sweeps that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in (configs_folder() / "sweeps").glob("*.yaml")))


def load_sweep(source: str | Path) -> Sweep:
    """The sweep of a YAML file, or of a shipped one by name. Raises LeptonError that lists every problem."""
    file = Path(source)
    if isinstance(source, str) and not file.exists() and file.suffix not in (".yaml", ".yml"):
        if source not in shipped_sweeps():
            raise LeptonError(f"no sweep is called {source!r}; {near(source, shipped_sweeps())}")
        file = configs_folder() / "sweeps" / f"{source}.yaml"
    return sweep_from_text(read_text(file), str(file), file.parent, file.stem)


def sweep_from_text(text: str, file: str, folder: Path = Path(), name: str = "sweep") -> Sweep:
    """The sweep that a text describes; ``file`` stands for it in messages, ``folder`` is where its relative paths
    start.
    """
    document, problems = read(text, file, "a sweep", "chips: [lepton-c1]")
    sweep = _sweep(Fields(document, folder, problems), name)
    fail(problems)
    return sweep


def _sweep(fields: Fields, name: str) -> Sweep:
    fields.known_keys((), fields.tree, KEYS)
    for key in ("chips", "models"):
        if not fields.tree.get(key):
            fields.wrong((), f"{key}: missing; expects a list")
    sampler, count, seed = goals.sample(fields)
    return Sweep(
        name=fields.text(("name",), name),
        chips=workloads.chips(fields),
        models=workloads.models(fields),
        axes=space.axes(fields),
        derived=space.derived(fields),
        batches=workloads.batches(fields),
        dtypes=workloads.dtypes(fields),
        requests=fields.whole(("requests",), str(fields.tree.get("requests", "1"))) or 1,
        cold=bool(fields.attempt(("cold",), lambda: Flag().parse(fields.text(("cold",), "false")))),
        mapping=fields.one_of(("mapping",), MAPPINGS, "own"),
        where=space.where(fields),
        equal_area=space.equal_area(fields),
        sampler=sampler,
        count=count,
        seed=seed,
        objectives=goals.objectives(fields),
        constraints=goals.constraints(fields),
        folder=fields.folder,
    )
