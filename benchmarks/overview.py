"""Three models on the three shipped chips: a table of results and a picture of where the tensor cores' time goes.

    python benchmarks/overview.py                                    # the table, in Markdown
    python benchmarks/overview.py --plot docs/images/overview.png    # and the picture

Both are in README.md. Each number comes from a simulation of one request, batch 1, in the chip's own data type.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from pictures import keep

import leptonsim as ls
from leptonsim.result import style
from leptonsim.result.result import Result
from leptonsim.result.units import energy_text, micro, rate_text, time_text

CHIPS = ("lepton-e1", "lepton-c1", "lepton-t1")
MODELS = {
    "ResNet-50": "zoo:resnet50",
    "BERT-base, 128 tokens": "zoo:bert-base",
    "Llama 3 8B, one token after 2048": "zoo:llama-3-8b?seq=1&past=2048",
}
CAUSES = {
    "tensor core busy": (("busy",), style.BLUE, None),
    "DRAM at full rate": (("dram",), style.VERMILLION, None),
    "links shared with others": (("contention",), style.CAUSES["contention"], style.HATCHES["contention"]),
    "latency, network on chip": (("latency", "noc"), style.YELLOW, None),
    "PCIe": (("pcie",), style.CAUSES["pcie"], None),
    "dependency, input, buffer": (("dependency", "input", "buffer"), style.CAUSES["input"], style.HATCHES["input"]),
    "launch, done": (("launch", "arrival", "transition", "done"), style.CAUSES["done"], None),
}


def results() -> dict[tuple[str, str], Result]:
    chips = [ls.load_chip(name) for name in CHIPS]
    models = {title: ls.load_model(source) for title, source in MODELS.items()}
    return {(title, chip.name): ls.simulate(chip, model) for title, model in models.items() for chip in chips}


def table(found: dict[tuple[str, str], Result]) -> str:
    lines = [
        "| model | chip | type | latency | samples/s | energy/sample | avg. power | of peak MACs | of DRAM pins |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for (title, chip), result in found.items():
        cells = (
            title,
            f"`{chip}`",
            result.program.dtype,
            time_text(result.latency_s * 1e12),
            rate_text(result.throughput_per_s),
            energy_text(result.energy_per_sample_j),
            f"{result.power_avg_w:.1f} W",
            f"{result.utilization['macs']:.1%}",
            f"{result.utilization['dram']:.0%}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def shares(result: Result) -> list[float]:
    """Parts of the tensor cores' time, averaged over cores, in the order of CAUSES."""
    total: Counter[str] = Counter()
    for engine, causes in result.time_ps.items():
        if engine.endswith(".tensor"):
            total.update(causes)
    whole = sum(total.values())
    return [sum(total[cause] for cause in causes) / whole for causes, _, _ in CAUSES.values()]


def plot(found: dict[tuple[str, str], Result], path: str) -> None:
    with style.applied():
        figure = style.canvas(5.0, "Where the tensor cores' time goes", 9.0)
        axes = figure.add_subplot()
        places, labels, place = [], [], 0.0
        for title in MODELS:
            axes.text(0, place - 0.62, title, fontweight="bold", va="center")
            for chip in CHIPS:
                result, left = found[title, chip], 0.0
                for share, (_, colour, hatch) in zip(shares(result), CAUSES.values(), strict=True):
                    axes.barh(
                        place, 100 * share, left=left, height=0.72, facecolor=colour, hatch=hatch,
                        edgecolor=style.HATCH_INK, linewidth=0,
                    )  # fmt: skip
                    left += 100 * share
                axes.text(101, place, micro(time_text(result.latency_s * 1e12)), va="center")
                places.append(place)
                labels.append(chip)
                place += 0.86
            place += 0.75
        axes.set_yticks(places, labels)
        axes.set(ylim=(place - 0.95, -1.0), xlim=(0, 100), xlabel="share of the run, averaged over cores (%)")
        axes.tick_params(length=0)
        axes.text(101, -0.62, "latency", va="center")
        axes.spines[:].set_visible(False)
        handles = [style.patch(colour, name, hatch) for name, (_, colour, hatch) in CAUSES.items()]
        style.legend(figure, handles, columns=4)
    keep(style.picture(figure, "png"), Path(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", metavar="FILE", help="draw the picture")
    arguments = parser.parse_args()
    found = results()
    print(table(found))
    if arguments.plot:
        plot(found, arguments.plot)


if __name__ == "__main__":
    main()
