"""Choices that only later nodes can tell right from wrong, and what to try after a failure.

Where samples lie after a Reshape is such a choice (see ``placing``): the model is walked with the likeliest, and a node
that then does not fit tells that a choice before it was wrong. Networks repeat themselves, so a choice is made once for
all nodes of the same shapes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

TRIALS = 32
"""Walks at most, before a model is refused."""

Key = Hashable


class Choices:
    """Choices of one model at one batch, by what they are about; kept from one walk to the next."""

    def __init__(self) -> None:
        self._taken: dict[Key, int] = {}
        self._options: dict[Key, int] = {}
        self._before: dict[str, frozenset[Key]] = {}

    def begin(self) -> None:
        """Forget which tensors depend on which choices: a new walk begins."""
        self._before = {}

    def choose(self, key: Key, options: int) -> int:
        """Which of so many options to take, 0 being the likeliest."""
        self._options[key] = options
        return self._taken.setdefault(key, 0)

    def follow(self, inputs: Iterable[str], outputs: Iterable[str], key: Key | None = None) -> None:
        """Outputs depend on the choices that their inputs depend on, and on that of ``key``."""
        behind = self.behind(inputs)
        if key is not None:
            behind |= {key}
        if behind:
            self._before.update(dict.fromkeys(outputs, behind))

    def behind(self, names: Iterable[str]) -> frozenset[Key]:
        """Choices that tensors depend on."""
        found: frozenset[Key] = frozenset()
        for name in names:
            behind = self._before.get(name)
            if behind is not None and behind is not found:
                found = found | behind
        return found

    def revise(self, culprits: frozenset[Key]) -> bool:
        """Take the next option of the latest of the culprits that has one, later choices anew; False if none has."""
        order = list(self._taken)
        for position in range(len(order) - 1, -1, -1):
            key = order[position]
            if key in culprits and self._taken[key] + 1 < self._options[key]:
                self._taken[key] += 1
                for later in order[position + 1 :]:
                    del self._taken[later]
                return True
        return False
