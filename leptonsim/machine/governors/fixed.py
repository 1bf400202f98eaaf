"""``fixed``: the state at which the chip starts, for ever (heat may still throttle it)."""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.machine.governors import Governor, Sample, Setting, told_nothing


@dataclass(frozen=True)
class Fixed:
    """Stays where it is."""

    first: int

    def choose(self, sample: Sample) -> int:
        """The same point again."""
        return self.first


def govern(setting: Setting, told: str) -> Governor:
    """The state of ``power.state``."""
    told_nothing("fixed", told, setting)
    return Fixed(setting.start)
