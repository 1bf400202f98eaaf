"""Give every dimension of every input a number: the batch, named dimensions, explicit shapes.

A model file may leave dimensions open: by name (``dim_param``), by nothing, or by -1. Named ones are bound by
``dims``, inputs as a whole by ``shapes``, and the first dimension by ``batch``. What is the batch:

- dimensions whose name says so (batch, batch_size, bs, n, ...), wherever they stand;
- where no name says so, the open first dimension of every input;
- where no first dimension is open, the fixed one of the first input of rank 2 or more, and that of every other input
  whose first dimension is the same (vectors of one element excepted).

An input of one integer (a sampling rate) may be bound to a value like a dimension: what depends on it is then known.

Without ``batch`` it is what the file fixes, else 1 if the name says batch or there is no name. An explicit shape
wins over ``batch``. A dimension left open is an error, never a guess.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from leptonsim.errors import LeptonError

_BATCH_NAME = re.compile(
    r"^(n|b|bs|batch|(.*[_./])?batch[_.]?(size|dim|axis)?|n_?batch|num_?batch(es)?|batch_?(size|dim|axis)?_?\d*)$", re.I
)
_AUTOMATIC_NAME = re.compile(r"^(s\d+|unk__\d+|\?|none|-1|dynamic_axes_\d+|.*_dynamic_axes_\d+|.*_dim_0)$", re.I)


@dataclass(frozen=True, slots=True)
class DeclaredInput:
    """A graph input as the file declares it: a dimension is a number, a name, or None.

    ``dims`` is None where the file gives it no shape at all.
    """

    name: str
    dtype: str
    dims: tuple[int | str | None, ...] | None


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for."""

    batch: int | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    dims: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    """A shape for every input.

    ``batch_axes`` names the inputs that hold samples, with the axes that are the batch; ``batch_symbols`` are the names
    it has. ``fixed_batch`` is the batch that the file fixes, None where it leaves it open. ``values`` are those of
    inputs of one element that are known, ``counts`` the numbers of results of operators that the data decide.
    """

    shapes: Mapping[str, tuple[int, ...]]
    batch: int
    batch_axes: Mapping[str, tuple[int, ...]]
    batch_symbols: frozenset[str]
    fixed_batch: int | None
    values: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    def request_at(self, batch: int, request: Request) -> Request:
        """The same request at another batch, explicit shapes and named dimensions included."""
        return Request(
            batch,
            {
                name: tuple(batch if axis in self.batch_axes.get(name, ()) else size for axis, size in enumerate(shape))
                for name, shape in request.shapes.items()
            },
            {name: self._size_at(batch, name, size) for name, size in request.dims.items()},
        )

    def _size_at(self, batch: int, name: str, size: int) -> int:
        """What was told of a name, at another batch: as many results of each sample, or the dimension itself."""
        if name in self.counts:
            if size * batch % self.batch:
                raise LeptonError(
                    f"--bind {name}={size} counts the results of all {self.batch} samples together, "
                    f"so it cannot be told for {batch}: give a multiple of {self.batch}"
                )
            return size * batch // self.batch
        return batch if name in self.batch_symbols else size


def bind(inputs: Sequence[DeclaredInput], request: Request, counting: Collection[str] = ()) -> Binding:
    """Shapes of all inputs under a request; LeptonError for a contradiction, an unknown name or an open dimension.

    ``counting`` names tensors whose number of elements depends on the data, which the request may give.
    """
    if request.batch is not None and request.batch < 1:
        raise LeptonError(f"batch {request.batch}: must be 1 or more")
    counts = {name: size for name, size in request.dims.items() if name in counting}
    if counts:
        request = replace(request, dims={name: size for name, size in request.dims.items() if name not in counts})
    _check_names(inputs, request)
    symbols = _symbols_from_shapes(inputs, request)
    batch_symbols = _batch_symbols(inputs, symbols)
    fixed = _fixed_batch(inputs, batch_symbols)
    batch = _choose_batch(inputs, request, symbols, batch_symbols, fixed)
    if batch is not None:
        for symbol in batch_symbols:
            symbols.setdefault(symbol, batch)

    shapes: dict[str, tuple[int, ...]] = {}
    batch_axes: dict[str, tuple[int, ...]] = {}
    for declared in inputs:
        leads = _leads_with_batch(declared, batch_symbols, fixed)
        explicit = request.shapes.get(declared.name)
        shape = explicit if explicit is not None else _shape(declared, symbols, batch, leads)
        shapes[declared.name] = shape
        axes = [axis for axis, dim in enumerate(declared.dims or ()) if dim in batch_symbols or (axis == 0 and leads)]
        if declared.dims is None and shape:
            axes = [0]
        if axes:
            batch_axes[declared.name] = tuple(axes)
    told = {name: shapes[name][axes[0]] for name, axes in batch_axes.items()}
    if len(set(told.values())) > 1:
        spelt = ", ".join(f"{name} has {size}" for name, size in told.items())
        raise LeptonError(f"inputs contradict each other on the batch: {spelt}; give one --batch, or shapes that agree")
    agreed = next(iter(told.values()), 1)
    if agreed < 1:
        raise LeptonError(f"the batch cannot be {agreed}: it must be 1 or more")
    for name, size in counts.items():
        if size < 0:
            raise LeptonError(f"--bind {name}={size}: a number of results cannot be negative")
    values = {name: size for name, size in request.dims.items() if name in _single(inputs)}
    return Binding(shapes, agreed, batch_axes, frozenset(batch_symbols), fixed, values, counts)


def _single(inputs: Sequence[DeclaredInput]) -> list[str]:
    """Inputs of one number, which may be given a value as dimensions are given a size."""
    return [declared.name for declared in inputs if declared.dims in ((), (1,)) and "float" not in declared.dtype]


def _check_names(inputs: Sequence[DeclaredInput], request: Request) -> None:
    names = [declared.name for declared in inputs]
    for name, shape in request.shapes.items():
        if name not in names:
            raise LeptonError(
                f"--shape {name}=...: the model has no input {name!r}{_hint(name, names, 'its inputs are')}"
            )
        if any(size < 0 for size in shape):
            raise LeptonError(f"--shape {name}={_spell(shape)}: a dimension cannot be negative")
        dims = next(declared.dims for declared in inputs if declared.name == name)
        if dims is None:
            continue
        if len(dims) != len(shape):
            raise LeptonError(
                f"--shape {name}={_spell(shape)}: the model declares {len(dims)} dimensions for it, {_spell(dims)}"
            )
        for axis, (declared_size, size) in enumerate(zip(dims, shape, strict=True)):
            if axis > 0 and isinstance(declared_size, int) and declared_size != size:
                raise LeptonError(
                    f"--shape {name}={_spell(shape)}: the model fixes dimension {axis} of it at {declared_size} "
                    f"({_spell(dims)}); export it again with that dimension left open"
                )
    known = sorted({dim for declared in inputs for dim in declared.dims or () if isinstance(dim, str)})
    for symbol, size in request.dims.items():
        if symbol in _single(inputs):
            continue
        if symbol not in known and not any(symbol in _names_in(expression) for expression in known):
            raise LeptonError(
                f"--bind {symbol}={size}: the model has no dimension named {symbol!r}"
                f"{_hint(symbol, known, 'named are')}"
            )
        if size < 0:
            raise LeptonError(f"--bind {symbol}={size}: a dimension cannot be negative")


def _symbols_from_shapes(inputs: Sequence[DeclaredInput], request: Request) -> dict[str, int]:
    symbols = dict(request.dims)
    for declared in inputs:
        shape = request.shapes.get(declared.name)
        for symbol, size in zip(declared.dims or (), shape or (), strict=False):
            if isinstance(symbol, str) and symbols.setdefault(symbol, size) != size:
                raise LeptonError(
                    f"--shape {declared.name}={_spell(shape or ())} makes dimension {symbol!r} {size}, "
                    f"but it is {symbols[symbol]} by --bind or another --shape"
                )
    return symbols


def _batch_symbols(inputs: Sequence[DeclaredInput], symbols: Mapping[str, int]) -> set[str]:
    everywhere = {dim for declared in inputs for dim in declared.dims or () if isinstance(dim, str)}
    named = {symbol for symbol in everywhere if _BATCH_NAME.match(symbol)}
    if named:
        return named
    leading = {declared.dims[0] for declared in inputs if declared.dims}
    return {dim for dim in leading if isinstance(dim, str) and dim not in symbols}


def _fixed_batch(inputs: Sequence[DeclaredInput], batch_symbols: set[str]) -> int | None:
    if batch_symbols or any(declared.dims and declared.dims[0] is None for declared in inputs):
        return None
    by_rank = sorted((declared.dims for declared in inputs if declared.dims), key=lambda dims: len(dims) < 2)
    return next((dims[0] for dims in by_rank if isinstance(dims[0], int)), None)


def _leads_with_batch(declared: DeclaredInput, batch_symbols: set[str], fixed: int | None) -> bool:
    if not declared.dims:
        return declared.dims is None
    first = declared.dims[0]
    if isinstance(first, str):
        return first in batch_symbols
    if first is None:
        return True
    # A fixed vector of one element is more often a scalar (a time step, a threshold) than a batch of scalars.
    return fixed is not None and first == fixed and (len(declared.dims) > 1 or fixed > 1)


def _choose_batch(
    inputs: Sequence[DeclaredInput],
    request: Request,
    symbols: Mapping[str, int],
    batch_symbols: set[str],
    fixed: int | None,
) -> int | None:
    told = {symbols[symbol] for symbol in batch_symbols if symbol in symbols}
    for declared in inputs:
        shape = request.shapes.get(declared.name)
        if shape and _leads_with_batch(declared, batch_symbols, fixed):
            told.add(shape[0])
    bound = {symbol: request.dims[symbol] for symbol in sorted(batch_symbols) if symbol in request.dims}
    for symbol, size in bound.items():
        if request.batch is not None and size != request.batch:
            raise LeptonError(f"--batch {request.batch} contradicts --bind {symbol}={size}: {symbol!r} is the batch")
    if len(told) == 1:
        return told.pop()
    if request.batch is not None:
        return request.batch
    if fixed is not None:
        return fixed
    if all(_BATCH_NAME.match(symbol) or _AUTOMATIC_NAME.match(symbol) for symbol in batch_symbols):
        return 1
    return None


def _shape(declared: DeclaredInput, symbols: Mapping[str, int], batch: int | None, leads: bool) -> tuple[int, ...]:
    if declared.dims is None:
        raise LeptonError(f"input {declared.name!r} has no declared shape: give it with --shape {declared.name}=...")
    sizes = []
    for axis, dim in enumerate(declared.dims):
        size = dim
        if axis == 0 and leads and batch is not None:
            size = batch
        elif isinstance(dim, str):
            size = symbols.get(dim, _evaluate(dim, symbols))
        if not isinstance(size, int):
            raise LeptonError(_open_dimension(declared, axis, leads))
        sizes.append(size)
    return tuple(sizes)


def _open_dimension(declared: DeclaredInput, axis: int, leads: bool) -> str:
    assert declared.dims is not None
    dim = declared.dims[axis]
    pattern = ",".join("..." if not isinstance(size, int) else str(size) for size in declared.dims)
    options = [f"--shape {declared.name}={pattern}"]
    if isinstance(dim, str):
        options.insert(0, f"--bind {dim}=...")
    if axis == 0 and leads:
        options.insert(0, "--batch ...")
    named = f", named {dim!r}," if isinstance(dim, str) else ""
    return f"dimension {axis} of input {declared.name!r}{named} is open: set it with {' or '.join(options)}"


def _evaluate(expression: str, symbols: Mapping[str, int]) -> int | None:
    """Value of a dimension such as ``past + 1`` or ``2*s0`` whose parts are bound; None where it is no such thing."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return _value(tree, symbols)


def _value(tree: ast.expr, symbols: Mapping[str, int]) -> int | None:
    match tree:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return symbols.get(name)
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = _value(left, symbols), _value(right, symbols)
            if a is None or b is None:
                return None
            match operator:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.FloorDiv() if b:
                    return a // b
    return None


def _names_in(expression: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", expression))


def _hint(name: str, known: Iterable[str], introduction: str) -> str:
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; {introduction} {', '.join(known)}" if known else "; it has none"


def _spell(shape: Sequence[int | str | None]) -> str:
    return "x".join("?" if size is None else str(size) for size in shape)
