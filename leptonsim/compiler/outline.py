"""A model's work as every chip's schedule sees it: tensors by number, who waits for whom, what is alike.

Which tensors an operator reads and makes, when each is read for the last time, whose results an operator waits for, and
which operators differ in nothing but names: all of it follows from the work alone, so it is made once for a model and
serves every chip. A view is its input under another name; both have one number. So have the parts of a tensor that is
joined where they are made: its place is taken when the first part is. Whatever is in DRAM from the start and
never goes, such as weights, has the number ``EVER_THERE``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.precision import element_bits
from leptonsim.compiler.work import Along, Operand, Operator
from leptonsim.compiler.workload import Workload
from leptonsim.model.graph import Graph, Tensor

Integers = npt.NDArray[np.int64]

EVER_THERE = 0
INPUT, RESIDENT = -1, -2
"""In place of the operator that makes a tensor: it is copied from the host for each run; it is in DRAM from the start.
"""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor that has to lie somewhere. ``maker`` is the number of the line that makes it, or INPUT or RESIDENT.

    ``is_kept``: the world outside gives or takes it, in DRAM; ``on_host``: it is in the host's memory. ``joined`` tells
    along which axis further lines than ``maker`` make parts of it.
    """

    name: str
    elements: int
    dtype: str
    maker: int
    is_kept: bool = False
    on_host: bool = False
    joined: Along | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An operator with work to do, and the numbers of tensors.

    ``alike`` is the same number for operators that differ in names only. ``reads`` and ``makes`` are the tensors behind
    its operands, ``ends`` those that nobody reads any more. ``after`` numbers the lines that make what it reads (INPUT:
    the copy of the run's inputs), each once.
    """

    operator: Operator
    alike: int
    reads: tuple[int, ...]
    makes: tuple[int, ...]
    after: tuple[int, ...]
    ends: list[int] = field(default_factory=list)


class Elements:
    """Counts of elements with their types, ready to be turned into bytes in the data type of any run."""

    def __init__(self, counted: Iterable[tuple[int, str]]) -> None:
        pairs = list(counted)
        self._dtypes = list(dict.fromkeys(dtype for _, dtype in pairs))
        number = {dtype: place for place, dtype in enumerate(self._dtypes)}
        self._count = np.array([count for count, _ in pairs], dtype=np.int64)
        self._dtype = np.array([number[dtype] for _, dtype in pairs], dtype=np.int64)

    def in_bytes(self, run_dtype: str) -> Integers:
        """Bytes of each in memory, rounded up to whole ones."""
        bits = np.array([element_bits(dtype, run_dtype) for dtype in self._dtypes], dtype=np.int64)
        sizes: Integers = -(-self._count * bits[self._dtype] // 8)
        return sizes


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines in the order of execution, all tensors by name and those that need a place by number, names of views.

    ``after`` has the ``after`` of all lines, one behind the other, and ``waits`` how many each has. ``weights`` names
    the weights that are read: ``weights_held`` are in memory, ``weights_read`` of them are read at least once in a run
    (rows gathered from a table, not the table). ``given``, ``put_out`` and ``state`` are what a run is given, puts out,
    and finds in memory.
    """

    lines: tuple[Line, ...]
    tensors: Mapping[str, Tensor]
    values: tuple[Value, ...]
    elements: Elements
    views: tuple[str, ...]
    after: Integers
    waits: Integers
    weights: tuple[str, ...]
    weights_held: Elements
    weights_read: Elements
    given: Elements
    put_out: Elements
    state: Elements


def outline(work: Workload, graph: Graph) -> Outline:
    """The outline of a graph's work."""
    state = frozenset(graph.resident)
    inputs = [name for name in graph.inputs if name in work.tensors]
    walk = _Walk(work, inputs, graph.outputs, state)
    read = _weights_read(work)

    def whole(names: Iterable[str]) -> Elements:
        return Elements((work.tensors[name].elements, work.tensors[name].dtype) for name in names)

    return Outline(
        lines=tuple(walk.lines),
        tensors=work.tensors,
        values=tuple(walk.values),
        elements=Elements((value.elements, value.dtype) for value in walk.values),
        views=tuple(walk.views),
        after=np.array([maker for line in walk.lines for maker in line.after], dtype=np.int64),
        waits=np.array([len(line.after) for line in walk.lines], dtype=np.int64),
        weights=tuple(read),
        weights_held=whole(read),
        weights_read=Elements((count, work.tensors[name].dtype) for name, count in read.items()),
        given=whole(name for name in inputs if name not in state),
        put_out=whole(name for name in graph.outputs if name not in state),
        state=whole(name for name in inputs if name in state),
    )


class _Walk:
    """One pass over the operators, in which tensors get their numbers."""

    def __init__(self, work: Workload, inputs: Iterable[str], outputs: Iterable[str], state: frozenset[str]) -> None:
        self._work = work
        self._kept = frozenset((*inputs, *outputs))
        self._number: dict[str, int] = {}
        self._names_left = [0]
        self._joins = _joins(work.operators)
        self._joined: dict[str, int] = {}
        self._makers: dict[int, list[int]] = {}
        self.values = [Value("", 0, "float", RESIDENT)]
        self.lines: list[Line] = []
        self.views: list[str] = []
        for name in inputs:
            self._enter(name, work.tensors[name].elements, RESIDENT if name in state else INPUT)
        alike: dict[object, int] = {}
        for operator, ending in zip(work.operators, _last_uses(work.operators), strict=True):
            if operator.engine == "view":
                self._view(operator)
            else:
                kind = alike.setdefault(_likeness(operator, work.tensors), len(alike))
                self._line(operator, kind)
            ended = self._ended(ending)
            if ended:
                # What a view is the last to read may as well end with the line before it: a view takes no place.
                self.lines[-1].ends.extend(ended)

    def _view(self, operator: Operator) -> None:
        """Another name; of a join, of the tensor of which all inputs are parts."""
        number = self._of(operator.inputs[0])
        self._number[operator.outputs[0].tensor] = number
        self._names_left[number] += 1
        self.views.append(operator.name)

    def _line(self, operator: Operator, alike: int) -> None:
        reads = tuple([self._of(operand) for operand in operator.inputs])
        makes = tuple([self._enter(each.tensor, each.elements, len(self.lines)) for each in operator.outputs])
        makers = dict.fromkeys([maker for number in reads for maker in self._makers_of(number)])
        after = tuple([maker for maker in makers if maker != RESIDENT])
        self.lines.append(Line(operator, alike, reads, makes, after))

    def _of(self, operand: Operand) -> int:
        return self._number.get(operand.tensor, EVER_THERE)

    def _makers_of(self, number: int) -> Sequence[int]:
        return self._makers.get(number) or (self.values[number].maker,)

    def _enter(self, name: str, elements: int, maker: int) -> int:
        """A tensor that comes to life, whole or a part of it."""
        join = self._joins.get(name)
        if join is not None and join.name in self._joined:
            number = self._number[name] = self._joined[join.name]
            self._names_left[number] += 1
            self._makers[number].append(maker)
            return number
        number = len(self.values)
        dtype, along = self._work.tensors[name].dtype, None
        if join is not None:
            elements, along = join.outputs[0].elements, join.along
            self._joined[join.name] = number
            self._makers[number] = [maker]
        self.values.append(Value(name, elements, dtype, maker, name in self._kept, name in self._work.on_host, along))
        self._number[name] = number
        self._names_left.append(1)
        return number

    def _ended(self, names: Iterable[str]) -> list[int]:
        """Tensors whose last name ends now; ``names`` are those that nobody reads from here on."""
        ended = []
        for name in names:
            number = self._number.get(name, EVER_THERE)
            if number != EVER_THERE and name not in self._kept:
                self._names_left[number] -= 1
                if not self._names_left[number]:
                    ended.append(number)
        return ended


def _joins(operators: Iterable[Operator]) -> dict[str, Operator]:
    """The parts of joined tensors, under the names by which they are made, with the operators that join them."""
    source: dict[str, str] = {}
    parts: dict[str, Operator] = {}
    for operator in operators:
        if operator.joins:
            for operand in operator.inputs:
                name = operand.tensor
                while name in source:
                    name = source[name]
                parts[name] = operator
        elif operator.engine == "view":
            source[operator.outputs[0].tensor] = operator.inputs[0].tensor
    return parts


def _last_uses(operators: Sequence[Operator]) -> list[list[str]]:
    """For each operator, the names that it is the last to make or read."""
    last: dict[str, int] = {}
    for index, operator in enumerate(operators):
        for operand in (*operator.outputs, *operator.inputs):
            last[operand.tensor] = index
    ending: list[list[str]] = [[] for _ in operators]
    for name, index in last.items():
        ending[index].append(name)
    return ending


def _all_but(record: type, *left_out: str) -> attrgetter[tuple[object, ...]]:
    return attrgetter(*(each.name for each in fields(record) if each.name not in left_out))


_OF_OPERAND = _all_but(Operand, "tensor")
_OF_OPERATOR = _all_but(Operator, "name", "nodes", "inputs", "outputs", "vector", "alternatives")


def _likeness(operator: Operator, tensors: Mapping[str, Tensor]) -> tuple[object, ...]:
    """All that an operator's record says but names, which is what its plan follows from: equal for a network's layers.

    What a record comes to say in future counts as well: left out are names alone.
    """

    def seen(operand: Operand) -> tuple[object, ...]:
        tensor = tensors[operand.tensor]
        return (_OF_OPERAND(operand), tensor.dtype, tensor.kind)

    return (
        _OF_OPERATOR(operator),
        tuple(operator.vector.items()),
        tuple([seen(operand) for operand in operator.inputs]),
        tuple([seen(operand) for operand in operator.outputs]),
        tuple([_likeness(other, tensors) for other in operator.alternatives]),
    )


def _weights_read(work: Workload) -> dict[str, int]:
    """Elements of each weight that one run reads at least once."""
    read: dict[str, int] = {}
    for operator in work.operators:
        for operand in operator.inputs:
            tensor = work.tensors[operand.tensor]
            if tensor.kind == "weight":
                count = min(operand.elements, tensor.elements)
                read[operand.tensor] = max(read.get(operand.tensor, 0), count)
    return read
