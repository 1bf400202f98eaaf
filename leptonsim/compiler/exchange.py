"""What cores tell each other when an operator works across the borders between their parts of a tensor.

What a product makes lies in the cores' SRAM by rows (of an image: of its positions), or by columns (channels). Where a
softmax, a normalisation or a reduction has its rows divided between cores, each core makes partial results of its part
(a maximum, a sum) in 32 bits; each core receives those of a share of the results from the others, and where all need
them they are given back. Where elements change their places along a divided axis, the elements themselves cross over.

Modelled: the bytes of these transfers over the network on chip, and that every core waits for all others' parts. Not
modelled: the latency of the second round, adding up the partial results, parts of unequal size, windows of pooling and
resampling that reach into a neighbour's rows.
"""

from __future__ import annotations

from leptonsim.compiler.operands import COLUMNS, ROWS, Placed
from leptonsim.compiler.work import Along

NUMBER_BYTES = 4
"""Partial results are held in 32 bits."""


def divided_between(along: Along, place: Placed, cores: int) -> int:
    """Cores that have a part of what belongs together, 1 where each has all that it needs."""
    if place.home == "sram" and place.split == COLUMNS:
        together = along.columns(place.channels_first)
        return min(place.column_parts, max(1, together * place.column_parts // place.columns))
    if place.home == "sram" and place.split == ROWS and along.cuts_rows(place.channels_first):
        return max(1, -(-cores // along.apart(place.channels_first)))
    # Every core can be given whole rows, if there are as many.
    return max(1, -(-cores // max(1, along.results)))


def exchanged_bytes(along: Along, place: Placed, cores: int) -> int:
    """Bytes that all cores together receive from others of the partial results for an input that lies as told."""
    parts = divided_between(along, place, cores)
    rounds = 2 if along.returned else 1
    return rounds * (parts - 1) * along.results * along.numbers * NUMBER_BYTES
