"""What the user may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def near(word: str, known: Sequence[str]) -> str:
    """A hint that names the nearest of the known words, or all of them when none is near."""
    close = difflib.get_close_matches(word, known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
