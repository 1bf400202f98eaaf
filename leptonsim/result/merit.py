"""Figures of merit: what a chip gives for its energy, as architects compare chips.

Energy is that of the whole run, idle time between requests included, so that each inference has its share of it.
A multiply-accumulate counts as two operations, as in a data sheet's TOPS.
"""

from __future__ import annotations

JOULES_PER_KWH = 3.6e6


def figures_of_merit(
    energy_j: float, requests: int, samples: int, latency_s: float, macs: int, carbon_g_per_kwh: float | None
) -> dict[str, float | None]:
    """The part ``merit`` of a result; ``macs`` are those of one request, ``latency_s`` the mean over requests."""
    per_request_j, per_sample_j = energy_j / requests, energy_j / samples
    return {
        "energy_delay_product_js": per_request_j * latency_s,
        "samples_per_j": 1 / per_sample_j if per_sample_j else None,
        "operations_per_j": 2 * macs * requests / energy_j if energy_j else None,
        "carbon_g_per_kwh": carbon_g_per_kwh,
        "carbon_g_per_sample": None if carbon_g_per_kwh is None else per_sample_j / JOULES_PER_KWH * carbon_g_per_kwh,
    }
