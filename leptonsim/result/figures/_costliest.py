"""The operators that a picture has room for: the costliest by some measure, alike ones together.

Where there are more operators than room, those of one kind whose names differ in their first number only count as one,
written with * for the number: the layers of a network repeat themselves. Where that is not enough, the second number is
left out too, and so on.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from leptonsim.result.style import LONGEST_NAME, short

if TYPE_CHECKING:
    from leptonsim.result.load import AnyResult
    from leptonsim.result.step import Step

Row = tuple[str, Mapping[str, float]]
_NUMBER = re.compile(r"\d+")
_MOST_NUMBERS = 6


def alike(step: Step, numbers: int = 1) -> tuple[str, str]:
    """The same for operators of one kind whose names differ in so many of their first numbers only."""
    return _NUMBER.sub("*", step.name, count=numbers) if numbers else step.name, step.kind


def costliest(
    result: AnyResult, parts: Callable[[Step], Mapping[str, float]], room: int, text: Callable[[float], str]
) -> tuple[list[Row], str]:
    """Names and parts of the costliest, largest first; a sentence that says of how many, and what is left out."""
    count = len(result.steps)
    groups: dict[object, list[Step]] = {number: [step] for number, step in enumerate(result.steps)}
    numbers = 0
    while len(groups) > room and numbers < _MOST_NUMBERS:
        numbers += 1
        groups = {}
        for step in result.steps:
            groups.setdefault(alike(step, numbers), []).append(step)
    rows: list[tuple[float, str, Mapping[str, float]]] = []
    for members in groups.values():
        total: Counter[str] = Counter()
        for step in members:
            total.update(parts(step))
        name = members[0].name if len(members) == 1 else alike(members[0], numbers)[0]
        times = "" if len(members) == 1 else f" ({len(members):,}\u00d7)"
        rows.append((math.fsum(total.values()), short(name, LONGEST_NAME - len(times)) + times, total))
    rows.sort(key=lambda row: -row[0])
    shown: list[Row] = [(name, each) for _, name, each in rows[:room]]
    if count <= room:
        return shown, f"{count} operator{'s' if count > 1 else ''}, costliest first"
    told = f"{count:,} operators, alike ones (* for numbers) together, costliest first"
    if len(rows) > room:
        rest = math.fsum(cost for cost, _, _ in rows[room:])
        share = rest / (math.fsum(cost for cost, _, _ in rows) or 1)
        told += f"; {len(rows) - room:,} more come to {text(rest)}, {share:.1%}"
    return shown, told
