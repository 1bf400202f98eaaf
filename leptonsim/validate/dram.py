"""Burst-level DRAM against DRAMsim3 and Ramulator 2.1: bandwidth, latency and device energy of access patterns.

Each row of the file names a simulator, a configuration and an access pattern; ``dram_setup.csv`` and
``dram_timings.csv`` beside it hold the parameters. The kernel runs as many accesses as the row measured, after the
same share of warm-up; random addresses are drawn anew. A row gives three records: the useful fraction of peak, the
average latency of reads, and the energy of the devices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from leptonsim.chip.dram_setup import DramSetup, Stream
from leptonsim.validate.dram_setups import WINDOW, setup_of
from leptonsim.validate.kind import Config, Kind
from leptonsim.validate.report import Record, predicted, skipped
from leptonsim.validate.table import BadFile, Row, Table, read_table

USEFUL, LATENCY, ENERGY = "useful_fraction_of_peak", "avg_latency_ns", "energy_pJ_bit"
COLUMNS = ("simulator", "dram_config", "addr_map", "channels", "tx_bytes", "peak_GBs", "pattern", "params", "mode")
PATTERNS = ("seq", "mix", "streams", "strided", "random")
"""What the names of patterns begin with."""

WARM_UP = 7
"""One access in so many of those measured goes before them: the first 12.5 % of all."""

TURN_BYTES = 256
"""What a stream sends when it is its turn, unless ``sgran`` says otherwise."""

_PARAMETER = re.compile(r"(\w+)=([\d.]+)")


def predict(table: Table, config: Config) -> Iterator[Record]:
    """Three records for every row; raises BadFile for a row, or a file beside it, that cannot be read."""
    setups, timings = _neighbours(Path(table.file))
    for row in table.rows:
        key = tuple(row[name] for name in ("simulator", "dram_config", "addr_map"))
        if key not in setups:
            raise row.fail(f"dram_setup.csv has no line for {', '.join(key)}")
        setup = setups[key]
        if setup["timings_config"] not in timings:
            raise setup.fail(f"dram_timings.csv has no line for {setup['timings_config']!r}")
        yield from _records(row, setup, timings[setup["timings_config"]])


def _neighbours(file: Path) -> tuple[dict[tuple[str, ...], Row], dict[str, Row]]:
    """Setups by simulator, configuration and map, and timings by configuration, from the files beside ``file``."""
    for name in ("dram_setup.csv", "dram_timings.csv"):
        if not (file.parent / name).is_file():
            raise BadFile(f"{file}: needs {name} beside it, which holds the parameters of its rows")
    setups = read_table(file.parent / "dram_setup.csv").rows
    timings = read_table(file.parent / "dram_timings.csv").rows
    by_key = {tuple(each[name] for name in ("simulator", "dram_config", "addr_map")): each for each in setups}
    return by_key, {each["config"]: each for each in timings}


def _records(row: Row, setup_row: Row, timing: Row) -> Iterator[Record]:
    group = f"{row['mode']} {row['simulator']} {row['dram_config']}"
    if not row["pattern"].startswith(PATTERNS):
        for column, quantity in ((USEFUL, "bandwidth"), (LATENCY, "latency"), (ENERGY, "energy")):
            yield skipped(row, column, f"pattern {row['pattern']!r} is not known", f"{group} {quantity}")
        return
    setup, streams, turns = case(row, setup_row, timing)
    counts = simulate(setup, streams, turns, row.integer("requests", 1))
    time_ns = counts["tick"] * 1e9 / setup.tick_hz
    accesses = counts["reads"] + counts["writes"]
    useful_bytes = accesses * counts["useful_bytes_sent"] / counts["sent"]
    yield predicted(row, USEFUL, useful_bytes / time_ns / row.number("peak_GBs"), f"{group} bandwidth")
    if row[LATENCY].strip() and float(row[LATENCY]) > 0:
        latency_ns = counts["read_latency"] / max(1, counts["reads"]) * 1e9 / setup.tick_hz
        yield predicted(row, LATENCY, latency_ns, f"{group} latency")
    else:
        yield skipped(row, LATENCY, "writes are posted and have no latency", f"{group} latency")
    if row.columns.get(ENERGY, "").strip():
        energy = sum(device_energy(timing, setup_row, setup, counts).values())
        yield predicted(row, ENERGY, energy / (8 * accesses * setup.access_bytes), f"{group} energy")
    else:
        yield skipped(row, ENERGY, "the simulator gives no energy", f"{group} energy")


def simulate(setup: DramSetup, streams: list[Stream], turns: list[int], accesses: int) -> dict[str, Any]:
    """Counts of the accesses after the warm-up, as in ``DramSimulation.totals``."""
    from leptonsim.kernels.dram import DramSimulation

    simulation = DramSimulation(setup, streams, turns)
    simulation.run(accesses // WARM_UP)
    before = simulation.totals()
    simulation.run(accesses)
    after = simulation.totals()
    bounds = tuple(new - old for old, new in zip(before["bounds"], after["bounds"], strict=True))
    return {name: after[name] - before[name] for name in after if name != "bounds"} | {"bounds": bounds}


def case(row: Row, setup_row: Row, timing: Row) -> tuple[DramSetup, list[Stream], list[int]]:
    """Channels, streams and the order of their turns for one row."""
    setup = setup_of(row, setup_row, timing)
    values = {name: float(value) for name, value in _PARAMETER.findall(row["params"])}
    if "load" in values:
        # Paced evenly at a share of the pins' bandwidth; nothing limits what waits in the source.
        ticks = setup.tick_hz * setup.access_bytes / (values["load"] * row.number("peak_GBs") * 1e9)
        setup = replace(setup, interval=(round(ticks * 10**6), 10**6), window=2 * row.integer("requests", 1))
    else:
        setup = replace(setup, window=int(values.get("window", WINDOW)) * setup.channels)
    bases = [int(text) for text in setup_row["base_addresses"].split()]
    return setup, *_streams(row, values, bases, setup_row.integer("capacity_bytes", 1), setup.access_bytes)


def _streams(
    row: Row, values: Mapping[str, float], bases: list[int], capacity: int, access: int
) -> tuple[list[Stream], list[int]]:
    pattern = row["pattern"]
    reads, writes = int(values.get("rd", 1)), int(values.get("wr", 0))
    if pattern.startswith("strided"):
        run, pitch, rows = (int(values[name]) for name in ("L", "P", "TH"))
        return [Stream("tile", False, bases[0], capacity, run, pitch, rows)], [0]
    if pattern.startswith("random"):
        run = int(values["L"])
        turn = max(1, run // access)
        ways = [False] * bool(reads) + [True] * bool(writes)
        streams = [
            Stream("random", way, 0, capacity, run, turn_accesses=turn, seed=1 + index)
            for index, way in enumerate(ways)
        ]
        return streams, [0] * reads + [len(streams) - 1] * writes
    turn = max(1, int(values.get("sgran", TURN_BYTES)) // access)
    count = int(values.get("streams", 1))
    readers, writers = (count if reads else 0), (count if writes else 0)
    if readers + writers > len(bases):
        raise row.fail(f"params: {readers + writers} streams, but dram_setup.csv gives {len(bases)} base addresses")
    streams = [
        Stream("linear", index >= readers, base, turn_accesses=turn)
        for index, base in enumerate(bases[: readers + writers])
    ]
    turns: list[int] = []
    for step in range(count):
        turns += [(step * reads + each) % readers for each in range(reads) if readers]
        turns += [readers + (step * writes + each) % writers for each in range(writers and writes)]
    return streams, turns


def device_energy(timing: Row, setup_row: Row, setup: DramSetup, counts: Mapping[str, Any]) -> dict[str, float]:
    """Energy of the devices in pJ by part, from data sheet currents (Micron TN-40-07); no I/O.

    activate V (IDD0 tRC - IDD3N tRAS - IDD2N tRP), read V (IDD4R - IDD3N) burst, refresh V (IDD5 - IDD3N) tRFC, all
    times the devices of a rank; background V IDD3N while a bank is open, V IDD2N else.
    """
    scale = timing.number("VDD") * setup_row.integer("devices_per_rank", 1) * timing.number("tCK_ns")
    idle, open_, act = timing.number("IDD2N"), timing.number("IDD3N"), timing.number("IDD0")
    rank_ticks = counts["tick"] * setup.channels * setup.lanes * setup.ranks
    active = act * setup.act_to_act - open_ * setup.act_to_pre - idle * setup.pre_to_act
    return {
        "activate": scale * active * counts["activates"],
        "read": scale * (timing.number("IDD4R") - open_) * setup.burst * counts["read_bursts"],
        "write": scale * (timing.number("IDD4W") - open_) * setup.burst * counts["write_bursts"],
        "refresh": scale * (timing.number("IDD5AB") - open_) * setup.refresh_cycle * counts["refreshes"],
        "background": scale * (open_ * counts["open_ticks"] + idle * (rank_ticks - counts["open_ticks"])),
    }


KIND = Kind(
    "dram",
    "Burst-level DRAM against DRAMsim3 and Ramulator",
    frozenset((*COLUMNS, "requests", USEFUL, LATENCY)),
    predict,
    no_config="every row has its own setup and timings beside it",
)
