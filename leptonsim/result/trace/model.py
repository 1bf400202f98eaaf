"""What a trace holds, whatever the format: tracks, slices, counters, flows; times in integer picoseconds.

Texts are numbered: slices, which are many, hold numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NOTHING: Integers = np.zeros(0, dtype=np.int64)


class Texts:
    """Texts in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}

    def index(self, text: str) -> int:
        """Number of a text."""
        return self._index.setdefault(text, len(self._index))

    def indices(self, texts: list[str]) -> Integers:
        """int64 (texts,): numbers of several."""
        return np.array([self.index(text) for text in texts], dtype=np.int64)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)


@dataclass(frozen=True, slots=True)
class Track:
    """A row of the timeline, below ``parent`` (an index; None: at the top); counters have a ``unit``."""

    name: str
    parent: int | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """Slices with the same annotations; all arrays have one entry for each.

    ``track`` is an index; ``name`` and ``kind`` number texts, ``texts`` holds annotations that number texts,
    ``numbers`` those that are counts. ``leaving`` and ``arriving`` are int64 (ends, 2): a slice and the number of a
    flow that leaves it or arrives at it, by slice.
    """

    track: Integers
    begin_ps: Integers
    end_ps: Integers
    name: Integers
    kind: Integers
    numbers: Mapping[str, Integers] = field(default_factory=dict)
    texts: Mapping[str, Integers] = field(default_factory=dict)
    leaving: Integers = field(default_factory=lambda: NOTHING.reshape(0, 2))
    arriving: Integers = field(default_factory=lambda: NOTHING.reshape(0, 2))


@dataclass(frozen=True, slots=True)
class Counter:
    """Values of one track, each from its time on until the next."""

    track: int
    time_ps: Integers
    values: Floats


@dataclass(frozen=True, slots=True)
class Timeline:
    """A whole trace."""

    tracks: tuple[Track, ...]
    texts: tuple[str, ...]
    slices: tuple[Slices, ...]
    counters: tuple[Counter, ...]
