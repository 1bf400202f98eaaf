"""Draw docs/gallery.md: every kind of picture on a real run, with the commands that draw it.

    python benchmarks/gallery.py

The commands on the page are the ones that are run here. The screenshot of the HTML page is taken with Chromium, and
left as it is where there is none; all else gives the same bytes each time.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from pictures import keep

from leptonsim.files import write_whole
from leptonsim.result.figures import kinds

ROOT = Path(__file__).parent.parent

RUNS = {
    "resnet50.json": "leptonsim run --config lepton-c1 zoo:resnet50 --json resnet50.json",
    "resnet50x16.json": "leptonsim run --config lepton-c1 zoo:resnet50 --batch 16 --json resnet50x16.json",
    "bert.json": "leptonsim run --config lepton-c1 zoo:bert-base --json bert.json",
    "capped.json": "leptonsim run --config lepton-c1 zoo:resnet50 --batch 16 --requests 40 "
    "--governor power_cap:45W/2ms --ambient 35 --json capped.json",
    "llama.json": "leptonsim run --config lepton-t1 'zoo:llama-3-8b?seq=1&past=2048' --json llama.json",
}
SHOWN = {
    "time": (
        "llama.json",
        "Where the time of engines and operators goes; operators that are alike are taken together.",
    ),
    "roofline": ("resnet50.json", "What operators do in a second against what they do for each byte of DRAM."),
    "timeline": ("resnet50.json", "Which operator is on which kind of engine when."),
    "power": ("bert.json", "Power over the first run, stacked by component."),
    "states": ("capped.json", "The clock over the run under a power cap, and the time in each performance state."),
    "temperature": ("capped.json", "The temperature of the die, with where it settles and where it throttles."),
    "energy": ("resnet50.json", "Where the energy goes, by component and by operator."),
    "sram": ("resnet50x16.json", "What tensors and tiles on their way take in SRAM while operators run."),
    "utilization": ("resnet50x16.json", "How busy each engine of each core is."),
}
OTHERS = {
    "compare": (
        "What changed between two results or more: metrics as multiples of the first, and operators by their change.",
        ["leptonsim run --config lepton-c1 --set dram.part=LPDDR4X-4266 zoo:resnet50 --json lpddr4x.json",
         "leptonsim compare resnet50.json lpddr4x.json --plot {picture}"],
    ),
    "front": (
        "The Pareto front of a sweep.",
        ["leptonsim sweep gallery.yaml", "leptonsim pareto gallery.db --plot {picture}"],
    ),
    "parallel": (
        "All points of a sweep, an axis for each parameter and result.",
        ["leptonsim pareto gallery.db --parallel {picture}"],
    ),
    "heat-map": (
        "A result over two parameters.",
        ["leptonsim pareto gallery.db --heat-map {picture} --axes core.sram.size,dram.channels,latency_s"],
    ),
    "sensitivity": (
        "Which parameter moves what.",
        ["leptonsim pareto gallery.db --sensitivity {picture}"],
    ),
    "validation": (
        "Measured against predicted, here the cycles of systolic arrays in RTL.",
        ["leptonsim validate systolic_rtl.csv --plot {picture}"],
    ),
    "dram": (
        "Latency of a DRAM part against the bandwidth that is asked of it.",
        ["leptonsim dram --part LPDDR5-6400 --mix 2:1 --sweep {picture}"],
    ),
}  # fmt: skip
"""Pictures that are not of one result: what they show, and the commands that draw them."""
SWEEP = """name: gallery
chips: [lepton-e1]
models: ["zoo:mobilenet-v2"]
set:
  core.sram.size: {from: 512 KiB, to: 4 MiB, scale: log2}
  dram.channels: [1, 2, 4]
  core.tensor_core.rows: [32, 64]
objectives: [latency_s, energy_j, area_mm2]
"""
REFERENCE = ROOT / "benchmarks" / "reference" / "systolic_rtl.csv"
REPORT = "leptonsim run --config lepton-c1 zoo:resnet50 --report resnet50.html"

HEAD = """# Gallery

Every kind of picture on a real run, with the commands that draw it. Drawn by `python benchmarks/gallery.py`; do not
edit.

`leptonsim plot RESULT.json --kind KIND -o FILE` draws from a saved result, PNG, SVG or PDF by the file's suffix;
`leptonsim run --plot KIND=FILE` draws at once. In Python, `leptonsim.result.figures.draw(kind, result)` gives a
matplotlib figure. A kind is a file in `leptonsim/result/figures/`: put one there and it is found.
"""

MORE = f"""# Comparisons, sweeps, validation

`gallery.yaml` is

{textwrap.indent(SWEEP, "    ")}
Each kind of picture shows itself: `python -m leptonsim.result.figures.roofline`, `python -m
leptonsim.explore.figures.front`, `python -m leptonsim.validate.plot`. All have one style, `leptonsim/result/style.py`.
"""

PAGE = """# The page

All of it in one HTML file that works offline: summary, pictures, a timeline with zoom, a table of operators that sorts
and filters, the chip, warnings and provenance.

    {command}

![The top of the page](images/gallery-report.png)
"""


def run(command: str, folder: Path) -> None:
    """Run a command of the page in a folder."""
    arguments = shlex.split(command)[1:]
    subprocess.run([sys.executable, "-m", "leptonsim", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def screenshot(page: Path, kept: Path) -> None:
    """The top of the HTML page, where Chromium is installed."""
    browser = shutil.which("chromium")
    if browser is None:
        print(f"{kept} is left as it is: chromium is not installed")
        return
    picture = page.with_suffix(".png")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1200,1000"]
    subprocess.run(
        [browser, *options, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True, timeout=120
    )
    keep(picture, kept)


def section(kind: str) -> str:
    source, caption = SHOWN[kind]
    commands = f"    {RUNS[source]}\n    leptonsim plot {source} --kind {kind} -o {kind}.png"
    return f"## {kind}\n\n{caption}\n\n{commands}\n\n![{caption}](images/gallery-{kind}.png)\n"


def other(name: str) -> str:
    caption, commands = OTHERS[name]
    lines = "\n".join("    " + command.format(picture=f"{name}.png") for command in commands)
    return f"## {name.replace('-', ' ')}\n\n{caption}\n\n{lines}\n\n![{caption}](images/gallery-{name}.png)\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the page, with images/ in it")
    out = parser.parse_args().out
    if missing := set(kinds()) - set(SHOWN):
        raise SystemExit(f"gallery.py does not show {', '.join(sorted(missing))}")
    (out / "images").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for command in RUNS.values():
            run(command, folder)
        for kind, (source, _) in SHOWN.items():
            run(f"leptonsim plot {source} --kind {kind} -o {kind}.png", folder)
            keep(folder / f"{kind}.png", out / "images" / f"gallery-{kind}.png")
        write_whole(folder / "gallery.yaml", SWEEP)
        shutil.copy(REFERENCE, folder)
        for name, (_, commands) in OTHERS.items():
            for command in commands:
                run(command.format(picture=f"{name}.png"), folder)
            keep(folder / f"{name}.png", out / "images" / f"gallery-{name}.png")
        run(REPORT, folder)
        screenshot(folder / "resnet50.html", out / "images" / "gallery-report.png")
    report = PAGE.format(command=REPORT)
    write_whole(out / "gallery.md", "\n".join([HEAD, *map(section, SHOWN), MORE, *map(other, OTHERS), report]))


if __name__ == "__main__":
    main()
