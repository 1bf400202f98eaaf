"""When requests arrive: back to back, as a Poisson process, or at times from a file.

``poisson:200/s`` draws exponential gaps of that mean rate from a seed; a path names a CSV file whose column ``time_s``
has the seconds of each arrival, ascending. The first request of a Poisson process comes after the first gap.
"""

from __future__ import annotations

import csv
import math
import random
import re

from leptonsim.errors import LeptonError

LATEST_S = 1e6
"""A million seconds: beyond it picoseconds no longer fit where they are counted."""


def arrival_times_ps(text: str, requests: int | None, seed: int) -> tuple[int, ...]:
    """Picoseconds at which requests arrive; ``requests`` of them, or all of a file for None.

    Raises LeptonError for a text or file that cannot be read, and for more requests than the file has.
    """
    if text.startswith("poisson"):
        return _poisson(text, 1 if requests is None else requests, seed)
    return _from_file(text, requests)


def _poisson(text: str, requests: int, seed: int) -> tuple[int, ...]:
    found = re.fullmatch(r"poisson:(\d+(?:\.\d*)?(?:e[+-]?\d+)?)/s", text)
    rate = float(found[1]) if found else 0.0
    if not 0 < rate < math.inf:
        raise LeptonError(f"--arrival {text}: expects a rate above zero, as in poisson:200/s, or a CSV file")
    draw = random.Random(seed)
    times, now_s = [], 0.0
    for _ in range(requests):
        now_s += draw.expovariate(rate)
        times.append(now_s)
    if now_s > LATEST_S:
        raise LeptonError(
            f"--arrival {text}: {requests} requests take {now_s:.3g} s; at most {LATEST_S:g} s are possible"
        )
    return tuple(round(time * 1e12) for time in times)


def _from_file(path: str, requests: int | None) -> tuple[int, ...]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            lines = csv.DictReader(stream)
            if "time_s" not in (lines.fieldnames or ()):
                raise LeptonError(f"{path}:1: no column is called time_s; arrivals are a CSV file with one")
            times = [_time(path, lines.line_num, row["time_s"]) for row in lines]
    except OSError as error:
        raise LeptonError(f"--arrival {path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise LeptonError(f"--arrival {path}: not a CSV file") from None
    for index in range(1, len(times)):
        if times[index] < times[index - 1]:
            raise LeptonError(f"{path}: time_s falls from arrival {index} to {index + 1}; arrivals are in order")
    if not times or (requests is not None and requests > len(times)):
        raise LeptonError(f"{path}: {len(times)} arrivals, but {requests or 1} requests are asked for")
    return tuple(round(time * 1e12) for time in times[:requests])


def _time(path: str, line: int, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not 0 <= value <= LATEST_S:
        raise LeptonError(f"{path}:{line}: time_s expects seconds from 0 to {LATEST_S:g}, not {text!r}")
    return value
