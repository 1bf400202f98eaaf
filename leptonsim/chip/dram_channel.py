"""Channels of a DRAM part as the burst-level kernel takes them: JEDEC's timings turned into command-to-command times.

Timings of a command of several slots count from its last slot, as in JEDEC's tables. Ranks are refreshed one after
the other; pseudo-channels together, because they share a queue, which the one that is refreshed would fill. The
controller serves the oldest ready request of a queue, reads before writes until the write queue fills; a row with
older hits is not closed.

The address map, from the lowest bit: a burst, four bursts that stay together, then (``bank_groups`` low) the bank
group, so that neighbours alternate; the rest of the interleave granule; channel and pseudo-channel; the rest of the
row; (``high``) the bank group; bank; rank; row. With ``xor``, bank group, bank, channel and pseudo-channel are XORed
with row bits.
"""

from __future__ import annotations

from typing import Protocol

from leptonsim.chip.dram_part import DramPart
from leptonsim.chip.dram_setup import FIELDS, DramSetup

TOGETHER = 4
"""Consecutive bursts that stay in one bank (Minimalist Open-page, Kaseridis et al., MICRO 2011)."""

Piece = tuple[int, int, int, int]


class Mapping(Protocol):
    """How addresses spread over channels and banks."""

    @property
    def interleave_bytes(self) -> int:
        """Consecutive bytes that stay on one channel."""

    @property
    def bank_groups(self) -> str:
        """``low``: consecutive bursts go to other bank groups; ``high``: a row is read to its end first."""

    @property
    def xor(self) -> bool:
        """Whether bank bits are XORed with low row bits, so that power-of-two pitches spread."""


def channel_setup(part: DramPart, mapping: Mapping, channels: int = 1, window: int | None = None) -> DramSetup:
    """The setup of ``channels`` channels (a power of two) of ``part``.

    ``window`` accesses are in flight at most; by default twice what the queues hold.
    """
    shape, slots, control = part.organization, part.clocking, part.controller

    def ck(name: str) -> int:
        return part.clocks("timings", name)

    burst, cl, cwl = part.burst_clocks, ck("tCL"), ck("tCWL")
    act_late, column_late = slots.activate_slots - 1, slots.column_slots - 1
    column_s, column_l = max(burst, ck("tCCD_S")), max(burst, ck("tCCD_L"))
    write_l = max(column_l, ck("tCCD_L_WR"))
    to_write = max(1, cl + burst + ck("tRTW_gap") - cwl)
    gap = ck("tRTRS")
    per_bank = part.refresh.mode == "per_bank"
    address_map, xor_map = address_pieces(part, mapping, channels)
    return DramSetup(
        channels=channels,
        lanes=shape.pseudo_channels,
        ranks=shape.ranks,
        groups=shape.bank_groups,
        banks_per_group=shape.banks_per_group,
        rows=shape.rows,
        columns=shape.row_bytes // part.access_bytes,
        access_bytes=part.access_bytes,
        address_map=address_map,
        xor_map=xor_map,
        tick_hz=part.clock_hz,
        burst=burst,
        read_latency=column_late + cl + burst + part.clocks("controller", "latency"),
        act_to_read=ck("tRCDRD") + act_late - column_late,
        act_to_write=ck("tRCDWR") + act_late - column_late,
        act_to_pre=ck("tRAS") + act_late,
        act_to_act=ck("tRAS") + ck("tRP"),
        act_to_act_rank=ck("tRRD_S"),
        act_to_act_group=ck("tRRD_L"),
        four_activates=ck("tFAW"),
        wide_window=0,
        pre_to_act=max(1, ck("tRP") - act_late),
        pre_to_pre=slots.precharge_slots,
        read_to_pre=ck("tRTP") + column_late,
        write_to_pre=cwl + burst + ck("tWR") + column_late,
        same_group=((column_l, to_write), (cwl + burst + ck("tWTR_L"), write_l)),
        same_rank=((column_s, to_write), (cwl + burst + ck("tWTR_S"), column_s)),
        other_rank=(
            (burst + gap, max(1, cl + burst + gap - cwl)),
            (max(1, cwl + burst + gap - cl), burst + gap),
        ),
        refresh_interval=part.clocks("refresh", "tREFI"),
        refresh_cycle=part.clocks("refresh", "tRFC_per_bank" if per_bank else "tRFC"),
        refresh_mode="bank" if per_bank else "rank",
        refresh_staggered=shape.pseudo_channels == 1,
        refresh_one_precharge=False,
        act_to_refresh=ck("tRAS") + ck("tRP"),
        pre_to_refresh=ck("tRP"),
        two_buses=slots.command_buses == "row_column",
        act_slots=slots.activate_slots,
        column_slots=slots.column_slots,
        pre_slots=slots.precharge_slots,
        arbiter="oldest_ready",
        read_queue=control.read_queue,
        write_queue=control.write_queue,
        protect_hits="older",
        drain_high=max(1, int(control.drain_high * control.write_queue)),
        drain_low=int(control.drain_low * control.write_queue),
        window=window or 2 * (control.read_queue + control.write_queue) * channels,
    )


def address_pieces(part: DramPart, mapping: Mapping, channels: int) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """``address_map`` and ``xor_map`` of a setup, for a power of two of channels."""
    shape = part.organization

    def bits(count: int) -> int:
        return count.bit_length() - 1

    access = bits(part.access_bytes)
    column, group = bits(shape.row_bytes // part.access_bytes), bits(shape.bank_groups)
    inner = max(0, bits(mapping.interleave_bytes) - access)
    low_group = group if mapping.bank_groups == "low" else 0
    below = min(column, bits(TOGETHER), inner)
    above = min(column - below, max(0, inner - below - low_group))
    fields = [
        ("column", below),
        ("group", low_group),
        ("column", above),
        ("channel", bits(channels)),
        ("lane", bits(shape.pseudo_channels)),
        ("column", column - below - above),
        ("group", group - low_group),
        ("bank", bits(shape.banks_per_group)),
        ("rank", bits(shape.ranks)),
        ("row", bits(shape.rows)),
    ]
    pieces: list[Piece] = []
    filled = dict.fromkeys(FIELDS, 0)
    at = access
    for name, width in fields:
        if width:
            pieces.append((FIELDS.index(name), at, width, filled[name]))
        filled[name] += width
        at += width
    hashes: list[Piece] = []
    if mapping.xor:
        source = 0
        for name in ("group", "bank", "channel", "lane"):
            width = min(filled[name], filled["row"] - source)
            if width > 0:
                hashes.append((FIELDS.index(name), FIELDS.index("row"), source, width))
                source += width
    return tuple(pieces), tuple(hashes)
