"""Who makes and who reads each tensor, kept true while items are replaced: the ground that every pass stands on.

The same structure serves twice: over graph nodes (``draft``) and over operator records (``flow``). Items are known by a
unique name and kept in a topological order. A replacement takes the place of the last item that it replaces: whatever
any of them read has been made by then, and only the last one's results may be read by others before that place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """Unique among the items of one dataflow."""
        ...


Item = TypeVar("Item", bound=Named)


class Dataflow(ABC, Generic[Item]):
    """Items in topological order, with the maker and the readers of every tensor.

    ``results`` are the tensors that the world outside reads: whoever makes one cannot be fused away.
    """

    def __init__(self, items: Iterable[Item], results: Iterable[str]) -> None:
        self.results = frozenset(results)
        self._items: dict[str, Item] = {}
        self._place: dict[str, float] = {}
        self._maker: dict[str, str] = {}
        self._readers: dict[str, dict[str, None]] = {}
        for place, item in enumerate(items):
            self._enter(item, place)

    @abstractmethod
    def reads(self, item: Item) -> Iterable[str]:
        """Names of the tensors that an item reads."""

    @abstractmethod
    def writes(self, item: Item) -> Iterable[str]:
        """Names of the tensors that an item makes."""

    def __iter__(self) -> Iterator[Item]:
        """Items in topological order, as they are now: replacing while iterating is safe, and what was replaced is
        skipped.
        """
        for name in sorted(self._items, key=self._place.__getitem__):
            item = self._items.get(name)
            if item is not None:
                yield item

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __getitem__(self, name: str) -> Item:
        return self._items[name]

    def place(self, item: Item) -> float:
        """Rank of an item in the order of execution (with gaps)."""
        return self._place[item.name]

    def maker(self, tensor: str) -> Item | None:
        """The item that makes a tensor; None for inputs and weights."""
        name = self._maker.get(tensor)
        return None if name is None else self._items[name]

    def readers(self, tensor: str) -> list[Item]:
        """The distinct items that read a tensor."""
        return [self._items[name] for name in self._readers.get(tensor, ())]

    def only_reader(self, tensor: str) -> Item | None:
        """The one item that reads a tensor; None where there are none or several, or where the outside reads it."""
        names = self._readers.get(tensor, ())
        if len(names) != 1 or tensor in self.results:
            return None
        return self._items[next(iter(names))]

    def replace(self, old: Sequence[Item], new: Item) -> None:
        """Put one item in the place of several; ``new`` may carry the name of any of them."""
        place = max(self._place[item.name] for item in old)
        for item in old:
            self.remove(item)
        self._enter(new, place)

    def move_behind(self, anchor: Item, old: Item, new: Item) -> None:
        """Take ``old`` out and put ``new`` directly behind another item."""
        self.remove(old)
        self._enter(new, self._place[anchor.name] + 0.5)

    def remove(self, item: Item) -> None:
        """Take an item out; what it made is then made by nobody."""
        del self._items[item.name], self._place[item.name]
        for tensor in self.writes(item):
            self._maker.pop(tensor, None)
        for tensor in self.reads(item):
            self._readers[tensor].pop(item.name, None)

    def _enter(self, item: Item, place: float) -> None:
        self._items[item.name] = item
        self._place[item.name] = place
        for tensor in self.writes(item):
            self._maker[tensor] = item.name
        for tensor in self.reads(item):
            self._readers.setdefault(tensor, {})[item.name] = None
