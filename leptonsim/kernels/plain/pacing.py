"""From sample to sample: the tile machine runs, the meter reads, a governor chooses; until more is to be done.

Events of the tile machine, an instant that was set, a die that is too hot, a change that takes time: each ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WHY = ("events", "hot", "change")
_EVENTS, _HOT, _CHANGE = range(3)


class Pace:
    """See ``kernels/pacing.pyx`` for the parameters."""

    def __init__(
        self,
        tiles: Any,
        meter: Any,
        read: Callable[[int, int], object],
        sample_type: type,
        cores: int,
        interval_ps: int,
        hot_c: float,
    ) -> None:
        if interval_ps < 1 or cores < 1:
            raise ValueError("Pace: an interval is at least 1 ps, and there is at least one core")
        if not issubclass(sample_type, tuple):
            raise ValueError("Pace: a sample is a tuple")
        self._tiles, self._meter, self._read, self._sample_type = tiles, meter, read, sample_type
        self._cores, self._interval_ps, self._hot_c = cores, interval_ps, hot_c
        self.sample_ps: int = tiles.now_ps + interval_ps
        self.changed = 0
        self.has_run = False

    def run(
        self,
        until_ps: int,
        choose: Callable[[Any], int],
        follow: Callable[[int, int], int],
        point: int,
        highest: int,
        once_pj: float,
        busy_ps: int,
        waiting: bool,
    ) -> tuple[int, list[tuple[str, int]]]:
        """Go on until something else is to be done than to sample, or until ``until_ps`` (-1: as long as anything
        happens); why it ended, and the events.
        """
        tiles, meter = self._tiles, self._meter
        begin_ps = tiles.now_ps
        while True:
            since_ps = tiles.now_ps
            happened = tiles.run(self.sample_ps if until_ps < 0 else min(self.sample_ps, until_ps))
            now_ps = tiles.now_ps
            if happened or now_ps < self.sample_ps:
                return _EVENTS, happened
            self.changed, self.has_run = tiles.changes(), now_ps > since_ps
            self._read(self.changed, now_ps)
            if meter.die_c >= self._hot_c:
                return _HOT, happened
            self.sample_ps = now_ps + self._interval_ps
            busy_now_ps = busy_ps + (now_ps - begin_ps if waiting else 0)
            sample = meter.sample(self._cores, point, busy_now_ps, waiting, once_pj, highest)
            wanted = choose(tuple.__new__(self._sample_type, sample))
            once_pj = 0.0
            if wanted != point:
                point = follow(wanted, now_ps)
                if point < 0:
                    return _CHANGE, happened
            is_over = until_ps < 0 and self.changed == 0 and self.has_run and tiles.next_ps() is None
            if now_ps == until_ps or is_over:
                return _EVENTS, happened
