"""Into how many parts work is cut: cores over a dimension, tiles along one."""

from __future__ import annotations

from leptonsim.kernels.plain.sram_conflicts import ceil_div

PARTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 4096, 16384)
"""Equal parts into which a core's share is cut along each dimension."""


def sizes(share: int, fold: int, fine: bool) -> list[int]:
    """Equal parts in whole folds, from the largest down; one fold is also cut in two; ``fine``: halves down to 1."""
    found = list(dict.fromkeys(min(share, ceil_div(ceil_div(share, fold), parts) * fold) for parts in PARTS))
    if not fine and 1 < share <= fold:
        found.append(ceil_div(share, 2))
    while fine and found[-1] > 1:
        found.append(found[-1] // 2)
    return found


def divisors(n: int) -> list[int]:
    """Divisors of ``n``, ascending."""
    return [d for d in range(1, n + 1) if n % d == 0]
