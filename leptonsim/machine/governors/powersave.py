"""``powersave``: the lowest state, for ever."""

from __future__ import annotations

from leptonsim.machine.governors import Governor, Setting, told_nothing
from leptonsim.machine.governors.fixed import Fixed


def govern(setting: Setting, told: str) -> Governor:
    """The lowest point."""
    told_nothing("powersave", told, setting)
    return Fixed(0)
