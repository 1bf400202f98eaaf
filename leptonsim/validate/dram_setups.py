"""The channels and controllers of the two simulators behind ``dram.csv``, from the parameters in the files beside it.

DRAMsim3 keeps a queue for each bank and serves the banks in turn; Ramulator 2.1 serves the oldest ready request of
one queue. Both are settings of one kernel. What a simulator does otherwise than the standard, and what its
configuration files hold beyond the columns of ``dram_timings.csv``, is here.
"""

from __future__ import annotations

import math

from leptonsim.chip.dram_setup import FIELDS, DramSetup
from leptonsim.validate.table import Row

WINDOW = 256
"""Accesses in flight for each channel in a closed loop."""


def _bits(value: int) -> int:
    return value.bit_length() - 1


def _number(row: Row, name: str) -> int:
    """The whole number in a column, which may be written as a decimal fraction."""
    value = row.number(name) if row[name].strip() not in ("0", "0.0") else 0.0
    if not value.is_integer():
        raise row.fail(f"{name}: expects a whole number, not {row[name]!r}")
    return int(value)


def setup_of(row: Row, setup: Row, timing: Row) -> DramSetup:
    """The channels that a row of ``dram.csv`` was measured on; raises BadFile where a parameter cannot be read."""
    channels, access_bytes = row.integer("channels", 1), row.integer("tx_bytes", 1)
    simulator = row.choice("simulator", ("DRAMsim3", "Ramulator2.1"))
    build = _dramsim3 if simulator == "DRAMsim3" else _ramulator
    return build(timing, setup, channels, access_bytes, row["addr_map"])


def _positions(order: list[tuple[str, int]], start: int) -> list[tuple[int, int, int, int]]:
    """Pieces of an address from its lowest field up: (field, address bit, bits, bit in the field)."""
    pieces = []
    filled: dict[str, int] = {}
    for name, bits in order:
        if bits:
            pieces.append((FIELDS.index(name), start, bits, filled.get(name, 0)))
        filled[name] = filled.get(name, 0) + bits
        start += bits
    return pieces


def _dramsim3(timing: Row, setup: Row, channels: int, access_bytes: int, mapping: str) -> DramSetup:
    """DRAMsim3: a command queue for each bank, served in turn; refresh rank after rank; posted writes.

    Sources: its manual, source and configuration files. tRTRS is 1 there for DDR4, LPDDR4 and GDDR6 and 2 for HBM;
    GDDR6 has its bank groups disabled, 32 activates in 420 clocks, and tRTP as tRTP_L, which is not read, so that
    the default of 5 holds; a row is closed after four hits when another is wanted; reads and writes share a bank's
    queue; writes drain when their queue is full, or half full with no read waiting; reads of a burst that is
    waited for are merged; HBM issues a row and a column command in one clock.
    """

    def ck(name: str) -> int:
        return _number(timing, name)

    protocol = timing["protocol"]
    graphics, stacked = protocol.startswith("GDDR"), protocol.startswith("HBM")
    groups, banks = ck("bank_groups"), ck("banks_per_group")
    rows, row_bytes = ck("rows"), ck("row_bytes_per_channel")
    rank_bytes = groups * banks * rows * row_bytes
    ranks = max(1, setup.integer("capacity_bytes", 1) // channels // rank_bytes)
    column_s, column_l, act_s, act_l = ck("tCCD_S"), ck("tCCD_L"), ck("tRRD_S"), ck("tRRD_L")
    wtr_s, wtr_l = ck("tWTR_S"), ck("tWTR_L")
    if graphics and "derived" not in timing["source"]:
        banks, groups = banks * groups, 1
    if groups == 1:
        column_l, act_l, wtr_l = column_s, act_s, wtr_s
    burst, cl, cwl = ck("nBL_ck"), ck("tCL"), ck("tCWL")
    turn = 2 if stacked else 1
    column_s, column_l = max(burst, column_s), max(burst, column_l)
    read_to_write = cl + burst - cwl + turn
    fields = {
        "ro": ("row", _bits(rows)),
        "ra": ("rank", _bits(ranks)),
        "bg": ("group", _bits(groups)),
        "ba": ("bank", _bits(banks)),
        "co": ("column", _bits(row_bytes // access_bytes)),
        "ch": ("channel", _bits(channels)),
    }
    text = mapping.partition(":")[2]
    order = [fields[text[i : i + 2]] for i in range(len(text) - 2, -1, -2)]
    queue = setup.integer("write_queue", 1)
    return DramSetup(
        channels=channels,
        lanes=1,
        ranks=ranks,
        groups=groups,
        banks_per_group=banks,
        rows=rows,
        columns=row_bytes // access_bytes,
        access_bytes=access_bytes,
        address_map=tuple(_positions(order, _bits(access_bytes))),
        xor_map=(),
        tick_hz=round(1e9 / timing.number("tCK_ns")),
        burst=burst,
        read_latency=cl + burst,
        act_to_read=ck("tRCD_RD"),
        act_to_write=ck("tRCD_WR"),
        act_to_pre=ck("tRAS"),
        act_to_act=ck("tRC"),
        act_to_act_rank=act_s,
        act_to_act_group=act_l,
        four_activates=ck("tFAW"),
        wide_window=420 if graphics else 0,
        pre_to_act=ck("tRP"),
        pre_to_pre=2 if graphics else 0,
        read_to_pre=5 if graphics else ck("tRTP"),
        write_to_pre=cwl + burst + ck("tWR"),
        same_group=((column_l, read_to_write), (cwl + burst + wtr_l, column_l)),
        same_rank=((column_s, read_to_write), (cwl + burst + wtr_s, column_s)),
        other_rank=((burst + turn, cl + burst + turn - cwl), (cwl + burst + turn - cl, burst)),
        refresh_interval=ck("tREFI"),
        refresh_cycle=ck("tRFC"),
        refresh_staggered=True,
        act_to_refresh=0,
        pre_to_refresh=ck("tRP"),
        two_buses=stacked,
        arbiter="bank_round_robin",
        read_queue=setup.integer("read_queue", 1),
        write_queue=queue,
        bank_queue=int(setup["command_queue"].split()[0]),
        row_hit_cap=4,
        drain_high=queue,
        drain_idle=queue // 2,
        posted_writes=True,
        merge_reads=True,
        window=WINDOW * channels,
    )


def _ramulator(timing: Row, setup: Row, channels: int, access_bytes: int, mapping: str) -> DramSetup:
    """Ramulator 2.1: the oldest ready request of one queue; a row stays open for the request that it was opened for.

    Sources: its Python descriptions of the standards. Command offsets of multi-clock commands are counted as there:
    an activate of n slots takes effect with its last. HBM3 runs in half clocks. A gap of 2 clocks separates reads
    from writes and ranks from each other.
    """
    protocol = timing["protocol"]
    mult = 2 if protocol == "HBM3" else 1

    def ck(name: str) -> int:
        return _number(timing, name) * mult

    groups, banks, lanes, ranks = (
        _number(timing, name) for name in ("bank_groups", "banks_per_group", "pseudo_channels", "ranks_or_sid")
    )
    # Clocks (ticks) that a command takes beyond its first, on the command bus.
    act_off = {"HBM1": 1, "HBM2": 1, "DDR5": 1, "HBM3": 2}.get(protocol, 0)
    col_off = {"DDR5": 1, "HBM3": 1}.get(protocol, 0)
    row_bytes = _number(timing, "row_bytes_per_channel")
    columns = row_bytes // access_bytes
    burst, cl, cwl = ck("nBL_ck"), ck("tCL"), ck("tCWL")
    stacked = protocol.startswith("HBM")
    gap = 2 * mult
    read_to_write = cl + burst + gap - cwl
    if protocol == "DDR5":
        read_to_write += 2
    elif protocol == "GDDR6":
        read_to_write = cl + 1
    if timing["tRTW"]:
        read_to_write = ck("tRTW")
    write_s, write_l = cwl + burst + ck("tWTR_S"), cwl + burst + ck("tWTR_L")
    column_s, column_l = max(burst, ck("tCCD_S")), ck("tCCD_L")
    write_column_l = 4 * column_l if protocol == "DDR5" else column_l
    if protocol == "HBM3":
        other = ((3 * mult, read_to_write), (write_s, 3 * mult))
    else:
        other = ((burst + gap, burst + gap), (max(0, cwl + burst + gap - cl), burst))
    levels = [("lane", _bits(lanes)), ("rank", _bits(ranks)), ("group", _bits(groups)), ("bank", _bits(banks))]
    column_bits = _bits(columns)
    row_bits = 24
    xor: list[tuple[int, int, int, int]] = []
    if mapping.startswith("MOP4CLXOR"):
        order = [("column", 2), *levels, ("column", column_bits - 2), ("row", row_bits)]
        source = 0
        for name, bits in [*levels, ("row", row_bits)]:
            if bits and source < column_bits:
                xor.append((FIELDS.index(name), FIELDS.index("column"), source, min(bits, column_bits - source)))
                source += bits
    else:
        order = [("column", column_bits), *levels, ("row", row_bits)]
    low, channel_bits = 8, _bits(channels)
    pieces: list[tuple[int, int, int, int]] = [(FIELDS.index("channel"), low, channel_bits, 0)] if channel_bits else []
    for field, bit, bits, position in _positions(order, _bits(access_bytes)):
        below = min(bits, max(0, low - bit))
        if below:
            pieces.append((field, bit, below, position))
        if bits > below:
            pieces.append((field, max(bit, low) + channel_bits, bits - below, position + below))
    read_queue, write_queue = setup.integer("read_queue", 1), setup.integer("write_queue", 1)
    return DramSetup(
        channels=channels,
        lanes=lanes,
        ranks=ranks,
        groups=groups,
        banks_per_group=banks,
        rows=1 << row_bits,
        columns=columns,
        access_bytes=access_bytes,
        address_map=tuple(pieces),
        xor_map=tuple(xor),
        tick_hz=round(1e9 * mult / timing.number("tCK_ns")),
        burst=burst,
        read_latency=cl + burst,
        act_to_read=ck("tRCD_RD") + act_off - col_off,
        act_to_write=ck("tRCD_WR") + act_off - col_off,
        act_to_pre=ck("tRAS") + act_off,
        act_to_act=ck("tRC"),
        act_to_act_rank=ck("tRRD_S"),
        act_to_act_group=ck("tRRD_L"),
        four_activates=ck("tFAW"),
        wide_window=0,
        pre_to_act=ck("tRP") - act_off,
        pre_to_pre={"DDR5": 2, "LPDDR5": 2, "GDDR6": 2, "HBM3": 4}.get(protocol, 0),
        read_to_pre=ck("tRTP") + col_off,
        write_to_pre=cwl + burst + ck("tWR") + col_off,
        same_group=((column_l, read_to_write), (write_l, write_column_l)),
        same_rank=((column_s, read_to_write), (write_s, column_s)),
        other_rank=other,
        refresh_interval=ck("tREFI"),
        refresh_cycle=ck("tRFC") - act_off,
        refresh_mode="lane" if stacked else "rank",
        refresh_one_precharge=False,
        refresh_blocks_channel=True,
        act_to_refresh=ck("tRC") + act_off,
        pre_to_refresh=ck("tRP"),
        activate_scope="lane" if stacked else "rank",
        two_buses=stacked,
        act_slots=1 + act_off,
        column_slots=1 + col_off,
        issue_align=mult,
        split_activate=8 if protocol == "LPDDR5" else 0,
        column_sync=1 if protocol == "LPDDR5" else 0,
        arbiter="oldest_ready",
        read_queue=read_queue,
        write_queue=write_queue,
        protect_hits="older",
        drain_high=math.floor(0.8 * write_queue) + 1,
        drain_low=math.ceil(0.2 * write_queue) - 1,
        window=WINDOW * channels,
    )
