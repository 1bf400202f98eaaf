"""``leptonsim dram``: what a DRAM part sustains under an access pattern, and what bounds it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip.dram_part import DramPart
    from leptonsim.fabric.dram_bench import Measurement

SWEEP_LOADS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84, 0.88, 0.92, 0.96, 1.0)


@dataclass(frozen=True, slots=True)
class _Mapping:
    interleave_bytes: int
    bank_groups: str
    xor: bool


@click.command("dram")
@click.option("--part", required=True, help="A DRAM part such as HBM2E-3600, a family such as HBM2E, or a YAML file.")
@click.option("--channels", type=click.IntRange(1, 64), default=1, show_default=True, help="Channels, a power of two.")
@click.option(
    "--pattern",
    default="sequential",
    show_default=True,
    help="sequential, streams:COUNTxTURN, strided:ROWxPITCH[xROWS] or random:BYTES.",
)
@click.option("--mix", default="1:0", show_default=True, metavar="READS:WRITES", help="Turns read to turns written.")
@click.option("--outstanding", type=click.IntRange(1, 65536), help="Accesses in flight for each channel.")
@click.option("--load", type=click.FloatRange(0, 1.5, min_open=True), help="Pace at this share of peak instead.")
@click.option("--interleave", type=click.IntRange(16, 1 << 20), default=256, show_default=True, metavar="BYTES")
@click.option("--bank-groups", type=click.Choice(["low", "high"]), default="low", show_default=True)
@click.option("--xor/--no-xor", default=True, show_default=True, help="Hash banks and channels with row bits.")
@click.option("--accesses", type=click.IntRange(8, 10**8), default=100_000, show_default=True, help="How many to run.")
@click.option("--sweep", type=click.Path(), metavar="FILE", help="Draw latency against bandwidth over loads here.")
@click.option("--json", "json_file", type=click.Path(), help="Write the figures here; - prints them instead.")
def command(
    part: str,
    channels: int,
    pattern: str,
    mix: str,
    outstanding: int | None,
    load: float | None,
    interleave: int,
    bank_groups: str,
    xor: bool,
    accesses: int,
    sweep: str | None,
    json_file: str | None,
) -> None:
    """Run an access pattern through the burst-level DRAM model.

    Tells bandwidth, latency, row hits, energy, and what bounds them.

    leptonsim dram --part HBM2E --channels 8 --pattern strided:256x22016
    """
    from leptonsim.chip.dram_part import load_part
    from leptonsim.fabric.dram_bench import measure

    reads, writes = _ratio(mix)
    if sweep is not None and not reads:
        raise LeptonError(f"--sweep draws the latency of reads, and --mix {mix} has none")
    device = load_part(part)
    mapping = _Mapping(interleave, bank_groups, xor)
    options: dict[str, Any] = {"reads": reads, "writes": writes, "accesses": accesses}
    found = measure(device, mapping, pattern, channels, outstanding=outstanding, load=load, **options)
    swept: list[Measurement] = []
    if sweep is not None:
        swept = [measure(device, mapping, pattern, channels, load=each, **options) for each in SWEEP_LOADS]
        _draw(sweep, f"{device.name} x {channels}, {pattern}, reads:writes {mix}", swept)
    if json_file is not None:
        figures = {"part": device.name, "channels": channels, "pattern": pattern, "mix": mix, **found.as_dict()}
        if swept:
            figures["sweep"] = [{"load": each, **one.as_dict()} for each, one in zip(SWEEP_LOADS, swept, strict=True)]
        text = json.dumps(figures, indent=1) + "\n"
        if json_file == "-":
            click.echo(text, nl=False)
            return
        from leptonsim.files import write_whole

        write_whole(json_file, text.encode())
    _show(device, channels, pattern, mix, found)


def _ratio(mix: str) -> tuple[int, int]:
    reads, colon, writes = mix.partition(":")
    if not colon or not reads.isdecimal() or not writes.isdecimal() or not 1 <= int(reads) + int(writes) <= 64:
        raise LeptonError(f"--mix {mix}: expects READS:WRITES such as 2:1, at most 64 turns in all")
    return int(reads), int(writes)


def _show(part: DramPart, channels: int, pattern: str, mix: str, found: Measurement) -> None:
    share, peak = found.bytes_per_s / found.peak_bytes_per_s, found.peak_bytes_per_s
    click.echo(f"{part.name} x {channels}, {pattern}, reads:writes {mix}, {found.accesses} accesses")
    _line("bandwidth", f"{found.bytes_per_s / 1e9:.2f} GB/s, {100 * share:.1f} % of {peak / 1e9:.1f}")
    if found.useful_share < 1:
        _line("", f"{100 * found.useful_share:.1f} % of the bytes moved were asked for")
    if found.latency_mean_ps:
        mean, half, last = (each / 1000 for each in (found.latency_mean_ps, found.latency_p50_ps, found.latency_p99_ps))
        _line("latency", f"{mean:.1f} ns mean, {half:.1f} ns median, {last:.1f} ns p99")
    else:
        _line("latency", "none: writes are posted")
    _line("row hits", f"{100 * found.row_hit_rate:.1f} %")
    parts = ", ".join(f"{name} {value:.2f}" for name, value in found.energy_pj_per_bit.items() if value)
    _line("energy", f"{sum(found.energy_pj_per_bit.values()):.2f} pJ/bit: {parts}")
    _line("bound", found.bound.replace("_", " "))
    times = sorted(found.time_shares.items(), key=lambda pair: -pair[1])
    _line(
        "time", ", ".join(f"{name.replace('_', ' ')} {100 * value:.1f} %" for name, value in times if value >= 0.0005)
    )


def _line(name: str, text: str) -> None:
    """One line of the page, or as many as 80 columns take."""
    import textwrap

    click.echo(textwrap.fill(text, 80, initial_indent=f"  {name:<12}", subsequent_indent=" " * 14))


def _draw(path: str, title: str, swept: list[Measurement]) -> None:
    from leptonsim.result import style

    with style.applied():
        figure = style.canvas(4.0, title)
        axes = figure.add_subplot()
        bandwidth = [each.bytes_per_s / 1e9 for each in swept]
        curves = ("mean", "99th percentile")
        latencies = zip(*((each.latency_mean_ps / 1000, each.latency_p99_ps / 1000) for each in swept), strict=True)
        for name, own, (colour, mark, dashes) in zip(curves, latencies, style.LINES, strict=False):
            axes.plot(bandwidth, own, color=colour, marker=mark, markersize=4, linestyle=dashes, label=name)
        axes.axvline(swept[0].peak_bytes_per_s / 1e9, color=style.INK, linewidth=0.8, linestyle=":", label="peak")
        axes.set(xlabel="bandwidth (GB/s)", ylabel="latency of reads (ns)", xlim=(0, None))
        style.logarithmic(axes.yaxis)
        axes.grid(True)
        style.legend(figure, list(axes.get_legend_handles_labels()[0]))
    style.save(figure, path)
