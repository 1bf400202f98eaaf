"""Warnings that only a run can give: that little of the chip was used, and why.

What the compiler warns of (spills, weights and operators on the host) is in the program. The limits below are choices,
not measurements: they let pass what is bound by something, be it DRAM or PCIe, and tell of what is bound by nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

IDLE = 0.1
"""Of the run; below it an engine, or a link, counts as hardly used."""
BUSY, USEFUL = 0.25, 0.1
"""Of the run, and of the busy time: tensor cores that are busy for longer with less than that in useful work."""
WELL_USED = 0.5
"""Of what a link could carry: from there on it is the link that binds, whatever the tensor cores do."""


def low_utilization(
    utilization: Mapping[str, float], time_ps: Mapping[str, Mapping[str, int]], tensor_works: bool
) -> list[str]:
    """What a user should know of a run's utilisation; ``tensor_works``: the model has products for the tensor cores."""
    used = {name: utilization[name] for name in ("tensor", "vector", "dram", "pcie_in", "pcie_out")}
    if max(used.values()) < IDLE:
        total: dict[str, int] = {}
        for name, causes in time_ps.items():
            if name.endswith(".tensor" if tensor_works else ".vector"):
                for cause, value in causes.items():
                    total[cause] = total.get(cause, 0) + value
        cause = max(total, key=lambda name: total[name])
        most = max(used, key=lambda name: used[name])
        return [
            f"low utilization: nothing on the chip is used for {IDLE:.0%} of the run (most: {most.replace('_', ' ')}, "
            f"{used[most]:.1%}); {total[cause] / max(1, sum(total.values())):.0%} of it goes to {cause}; a larger "
            "batch, or several requests, would fill it"
        ]
    is_fed = max(used["dram"], used["pcie_in"]) < WELL_USED
    if tensor_works and is_fed and used["tensor"] > BUSY and utilization["macs"] < USEFUL * used["tensor"]:
        return [
            f"low utilization: the tensor cores are busy {used['tensor']:.0%} of the run but reach "
            f"{utilization['macs']:.1%} of their peak: products are too small or too narrow for the array"
        ]
    return []
