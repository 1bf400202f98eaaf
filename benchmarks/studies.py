"""The shipped sweeps as studies: run each and draw its pictures into docs/images.

    python benchmarks/studies.py                  # all, a few minutes
    python benchmarks/studies.py dvfs             # one
    python benchmarks/studies.py --stores DIR     # keep the stores; what they hold is not computed again

The same sweep gives the same pictures, byte for byte.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pictures import keep

from leptonsim.explore.executors.processes import Processes
from leptonsim.explore.figures import bars, curves, front, heat_map, parallel
from leptonsim.explore.results import table
from leptonsim.explore.runner import Runner
from leptonsim.explore.sensitivity import shares
from leptonsim.explore.spec import Sweep, load_sweep
from leptonsim.explore.store import Store
from leptonsim.explore.study import Study, studies
from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IMAGES = Path(__file__).parent.parent / "docs" / "images"


def save(figure: Figure, path: Path) -> None:
    """A picture for docs/, where it is small enough."""
    keep(style.picture(figure, "png", dpi=110), path)


def kept(sweep: Sweep) -> tuple[list[str], list[str]]:
    """The constraints of a sweep, and what is derived in it."""
    about = sweep.about()
    return about["constraints"], about["derived"]


def short(study: Study) -> str:
    """A workload's name for a title."""
    model, *rest = study.workload.removeprefix("zoo:").split(", ")
    return ", ".join([model.partition("?")[0], *rest])


def latencies(found: list[Study], columns: str, rows: str, title: str, file: str, names: dict[str, str]) -> None:
    """A heat map of the latency of each workload over two parameters."""
    for study in found:
        name = next(name for model, name in names.items() if model in study.workload)
        picture = heat_map.figure(study.records, columns, rows, "latency_s", False, f"{short(study)}{title}")
        save(picture, IMAGES / f"sweep-{file}-{name}.png")


def sram_bandwidth(found: list[Study]) -> None:
    names = {"resnet50": "resnet50", "llama": "llama-decode"}
    latencies(found, "dram.channels", "core.sram.size", ": latency on lepton-c1 variants", "sram-bandwidth", names)


def array_shape(found: list[Study]) -> None:
    names = {"resnet50": "resnet50", "bert-base": "bert-base"}
    title = ", batch 8: latency by shape of the array"
    latencies(found, "core.tensor_core.cols", "core.tensor_core.rows", title, "array-shape", names)


def cores_equal_area(found: list[Study]) -> None:
    picture = curves.figure(
        {short(study): study.records for study in found},
        "core.tensor_core.rows",
        "throughput_per_s",
        True,
        "Throughput at the area of lepton-c1, by rows (and columns) of the array",
    )
    save(picture, IMAGES / "sweep-cores-equal-area.png")


def dvfs(found: list[Study]) -> None:
    picture = curves.figure(
        {short(study): study.records for study in found},
        "power.states.1.voltage",
        "edp_js",
        False,
        "Energy x delay of lepton-c1 by voltage, the clock following by the alpha-power law",
    )
    save(picture, IMAGES / "sweep-dvfs.png")


def search(found: list[Study]) -> None:
    (study,) = found
    measures = [each.measure for each in study.objectives]
    title = "ResNet-50, batch 8: cards of 75 W and 400 mm2 found by NSGA-II"
    save(
        front.figure(study.records, study.is_front, study.objectives, study.labels, title),
        IMAGES / "sweep-search-front.png",
    )
    lines = parallel.figure(study.records, study.is_front, [*study.varied, *measures], title)
    save(lines, IMAGES / "sweep-search-parallel.png")


def cards(found: list[Study]) -> None:
    (study,) = found
    measures = ["latency_s", "energy_j", "power_avg_w", "area_mm2", "die_cost_usd"]
    picture = bars.figure(
        shares(study.records, study.varied, measures), "ResNet-50, batch 8: what moves what, over 300 cards"
    )
    save(picture, IMAGES / "sweep-cards-sensitivity.png")


STUDIES: dict[str, Callable[[list[Study]], None]] = {
    "sram-bandwidth": sram_bandwidth,
    "array-shape": array_shape,
    "cores-equal-area": cores_equal_area,
    "dvfs": dvfs,
    "search": search,
    "cards": cards,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*STUDIES, []], help="studies to run (default: all)")
    parser.add_argument("--stores", type=Path, help="folder to keep the stores in")
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.stores or Path(temporary)
        executor = Processes(arguments.workers)
        try:
            for name in arguments.names or STUDIES:
                sweep = load_sweep(name)
                with Store(folder / f"{name}.db") as store:
                    progress = Runner(sweep, store, executor).run()
                    records = [record for record in table(store.rows(name)) if record["status"] == "ok"]
                print(f"{name}: {progress.done} points, {progress.failed} failed")
                STUDIES[name](studies(records, sweep.objectives, *kept(sweep)))
        finally:
            executor.abandon()


if __name__ == "__main__":
    main()
