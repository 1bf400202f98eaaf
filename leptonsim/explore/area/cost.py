"""What a good die costs: the price of a wafer over the good dies on it.

    dies = pi (d/2)^2 / A - pi d / sqrt(2 A)                  (de Vries 2005; Hennessy and Patterson)
    yield = ((1 - exp(-A D)) / (A D))^2                      (Murphy 1964, defects spread in a triangle around D)

Not modelled: test, package, memory stacks, masks and design, harvesting of dies with a broken core.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from leptonsim.chip.interpolate import log_log


@dataclass(frozen=True, slots=True)
class DieCost:
    """A die on its wafer; ``cost_usd`` is for a good die."""

    dies_per_wafer: int
    good_share: float
    wafer_usd: float
    cost_usd: float


@functools.cache
def data() -> Any:
    """``cost.yaml``, beside this file."""
    text = (resources.files(__package__) / "cost.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def die_cost(area_mm2: float, node_nm: int) -> DieCost | None:
    """Cost of a good die of this area; None where it is larger than the reticle."""
    known = data()
    if area_mm2 > known["reticle_mm2"]:
        return None
    price = log_log(known["price_usd"]["nodes"], node_nm)
    dies = dies_per_wafer(area_mm2, known["wafer_mm"])
    good = murphy_yield(area_mm2 / 100, log_log(known["defects_per_cm2"]["nodes"], node_nm))
    return DieCost(dies, good, price, price / (dies * good))


def dies_per_wafer(area_mm2: float, wafer_mm: float) -> int:
    """Whole dies on a round wafer."""
    return math.floor(math.pi * (wafer_mm / 2) ** 2 / area_mm2 - math.pi * wafer_mm / math.sqrt(2 * area_mm2))


def murphy_yield(area_cm2: float, defects_per_cm2: float) -> float:
    """Share of dies without a defect."""
    expected = area_cm2 * defects_per_cm2
    return ((1 - math.exp(-expected)) / expected) ** 2
