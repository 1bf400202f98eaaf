"""Conditions and derived values: small expressions over the names of a sweep.

    core.tensor_core.rows == core.tensor_core.cols and core.sram.size <= 16 MiB
    4 * core.tensor_core.cols

A name is a path of the chip (``power.states.1.core`` for an entry of a list), ``batch``, ``dtype``, ``model``, ``chip``
or a result; its value is in inner units (bytes, hertz, picoseconds, or the unit in the name). A number may carry a
unit, which turns it into inner units. Python's syntax for comparisons, arithmetic, ``and``, ``or``, ``not``, ``in`` and
``a if b else c`` is read by a walk over its syntax tree that knows nothing else: no attribute of any object is ever
touched, nothing is called but the functions of ``FUNCTIONS``.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from leptonsim.chip.units import QUANTITIES, UnitError
from leptonsim.errors import LeptonError

Lookup = Callable[[str], Any]

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
MOST_LETTERS = 2000
MOST_EXPONENT = 64
MOST_DEPTH = 50
LEAST_VIOLATION = 1e-9

_BINARY: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_UNITS = {unit: quantity for quantity in reversed(QUANTITIES) for unit in quantity.units}
_QUANTITY = re.compile(
    r"(?<![\w.\"'])(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*("
    + "|".join(re.escape(unit) for unit in sorted(_UNITS, key=lambda unit: (-len(unit), unit)))
    + r")(?![\w/%])"
)
_ENTRY = re.compile(r"(?<=[A-Za-z_])\.(\d+)(?=\.[A-Za-z_])")


class ExpressionError(LeptonError):
    """A text that is no expression, or one that has no value."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression; ``names`` are those it reads, in order of appearance."""

    text: str
    names: tuple[str, ...]
    _tree: ast.expr

    def value(self, lookup: Lookup) -> Any:
        """The value, with names looked up by ``lookup``. Raises ExpressionError where it has none."""
        try:
            return _value(self._tree, lookup)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
            raise ExpressionError(f"{self.text!r} has no value: {error}") from None

    def violation(self, lookup: Lookup) -> float:
        """By how much a condition is broken: 0 where it holds, else the distance of the two sides of a comparison as a
        share of the larger, at most 1. Raises ExpressionError where it has no value.
        """
        try:
            return _violation(self._tree, lookup)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
            raise ExpressionError(f"{self.text!r} has no value: {error}") from None


def parse(text: str) -> Expression:
    """Read an expression. Raises ExpressionError."""
    if len(text) > MOST_LETTERS:
        raise ExpressionError(f"an expression of {len(text)} letters; at most {MOST_LETTERS} are read")
    try:
        tree = ast.parse(_ENTRY.sub(r"[\1]", _QUANTITY.sub(_inner, text)).strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ExpressionError(
            f"{text!r} is not an expression such as core.tensor_core.rows == core.tensor_core.cols"
        ) from None
    names: list[str] = []
    _check(tree, text, names, 0)
    return Expression(text.strip(), tuple(dict.fromkeys(names)), tree)


def _inner(match: re.Match[str]) -> str:
    """A number with a unit as the number of inner units."""
    try:
        return repr(_UNITS[match[2]].parse(f"{match[1]} {match[2]}"))
    except UnitError as error:
        raise ExpressionError(str(error)) from None


def _name(node: ast.AST) -> str | None:
    """The dotted name that a chain of attributes and whole subscripts spells."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        above = _name(node.value)
        return None if above is None else f"{above}.{node.attr}"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and type(node.slice.value) is int:
        above = _name(node.value)
        return None if above is None else f"{above}.{node.slice.value}"
    return None


def _check(node: ast.AST, text: str, names: list[str], depth: int) -> None:
    """Refuse everything that ``_value`` does not know, and gather the names."""
    if depth > MOST_DEPTH:
        raise ExpressionError(f"{text!r} is nested too deeply")
    name = _name(node)
    if name is not None:
        names.append(name)
        return
    inside: list[ast.expr]
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, str, bool):
        inside = []
    elif isinstance(node, ast.BinOp) and (type(node.op) in _BINARY or isinstance(node.op, ast.Pow)):
        inside = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        inside = [node.operand]
    elif isinstance(node, ast.BoolOp):
        inside = node.values
    elif isinstance(node, ast.Compare) and all(type(each) in _COMPARE for each in node.ops):
        inside = [node.left, *node.comparators]
    elif isinstance(node, ast.IfExp):
        inside = [node.test, node.body, node.orelse]
    elif isinstance(node, ast.List | ast.Tuple):
        inside = node.elts
    elif (
        isinstance(node, ast.Call)
        and not node.keywords
        and isinstance(node.func, ast.Name)
        and node.func.id in FUNCTIONS
    ):
        inside = node.args
    elif isinstance(node, ast.Call):
        called = _name(node.func) or "something"
        raise ExpressionError(f"{text!r} calls {called}; the functions are {', '.join(FUNCTIONS)}")
    else:
        raise ExpressionError(
            f"{text!r}: only names, numbers, quoted texts, comparisons, arithmetic, and, or, not, in, if "
            f"and the functions {', '.join(FUNCTIONS)} are read"
        )
    for each in inside:
        _check(each, text, names, depth + 1)


def _value(node: ast.AST, lookup: Lookup) -> Any:
    name = _name(node)
    if name is not None:
        return lookup(name)
    match node:
        case ast.Constant(value=value):
            return value
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left, lookup), _value(right, lookup))
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_number(_value(left, lookup)), _number(_value(right, lookup)))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, lookup)
        case ast.UnaryOp(operand=operand):
            return -_number(_value(operand, lookup))
        case ast.BoolOp(op=op, values=values):
            stop = isinstance(op, ast.Or)
            result: Any = not stop
            for each in values:
                result = _value(each, lookup)
                if bool(result) is stop:
                    return result
            return result
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            below = _value(left, lookup)
            for comparison, each in zip(ops, comparators, strict=True):
                above = _value(each, lookup)
                if not _COMPARE[type(comparison)](below, above):
                    return False
                below = above
            return True
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, lookup) else orelse, lookup)
        case ast.List(elts=elts) | ast.Tuple(elts=elts):
            return [_value(each, lookup) for each in elts]
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return FUNCTIONS[function](*(_value(each, lookup) for each in arguments))
    raise ExpressionError(f"{ast.dump(node)} is not read")


def _violation(node: ast.AST, lookup: Lookup) -> float:
    """0 where the condition holds; the worst part of an ``and``, the least of an ``or``."""
    if _value(node, lookup):
        return 0.0
    if isinstance(node, ast.BoolOp):
        parts = [_violation(each, lookup) for each in node.values]
        return max(parts) if isinstance(node.op, ast.And) else min(parts)
    if not isinstance(node, ast.Compare):
        return 1.0
    sides = [_value(each, lookup) for each in (node.left, *node.comparators)]
    return max(
        _distance(below, above)
        for below, comparison, above in zip(sides, node.ops, sides[1:], strict=False)
        if not _COMPARE[type(comparison)](below, above)
    )


def _distance(one: Any, other: Any) -> float:
    """How far two sides are apart, as a share of the larger: above 0, so that a bound that is met but excluded counts;
    1 where they are no numbers.
    """
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in (one, other)):
        return 1.0
    if math.isinf(one) or math.isinf(other):
        return 1.0
    largest = max(abs(one), abs(other))
    return min(1.0, max(LEAST_VIOLATION, abs(one - other) / largest)) if largest else LEAST_VIOLATION


def _number(value: Any) -> Any:
    """Arithmetic is for numbers: a text times a million is not what anyone meant."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


def _power(base: Any, exponent: Any) -> Any:
    if abs(_number(exponent)) > MOST_EXPONENT:
        raise ValueError(f"an exponent of {exponent}; at most {MOST_EXPONENT} is computed")
    return _number(base) ** exponent
