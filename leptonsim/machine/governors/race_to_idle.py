"""``race_to_idle``: the highest state while there is work, the lowest when there is none."""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.machine.governors import Governor, Sample, Setting, told_nothing


@dataclass(frozen=True)
class RaceToIdle:
    """Starts fast, for work comes first."""

    first: int

    def choose(self, sample: Sample) -> int:
        """What holds already."""
        return self.work_changed(sample.waiting)

    def work_changed(self, waiting: bool) -> int:
        """The highest point while a request is being worked on."""
        return self.first if waiting else 0


def govern(setting: Setting, told: str) -> Governor:
    """The highest and the lowest point."""
    told_nothing("race_to_idle", told, setting)
    return RaceToIdle(len(setting.points) - 1)
