"""Which designs there are: ``set``, ``derive``, ``where`` and ``equal_area``."""

from __future__ import annotations

from typing import Any

from leptonsim.chip.declare import Parameter
from leptonsim.chip.report import near
from leptonsim.chip.scalars import Number
from leptonsim.chip.tree import Path as TreePath
from leptonsim.explore.axes import Axis, range_axis
from leptonsim.explore.expression import Expression
from leptonsim.explore.spec.fields import Fields
from leptonsim.explore.spec.sweep import DESIGN_NAMES, WORKLOAD_NAMES, EqualArea
from leptonsim.explore.spec.workloads import chip

RANGE_KEYS = ("from", "to", "scale", "step", "count")
EQUAL_AREA_KEYS = ("target", "adjust", "tolerance")


def where(fields: Fields) -> tuple[Expression, ...]:
    """Conditions on designs and workloads, decided before anything is computed."""
    return fields.conditions("where", (*WORKLOAD_NAMES, *DESIGN_NAMES))


def axes(fields: Fields) -> tuple[Axis, ...]:
    """The parameters that are swept, in their order."""
    found = []
    for name, given in fields.mapping(("set",), fields.tree.get("set")).items():
        parameter = fields.parameter(("set", name), name)
        if parameter is None:
            continue
        if isinstance(given, dict) and given and set(given) & {"from", "to"}:
            axis = _range(fields, name, parameter, given)
        elif isinstance(given, list) and given:
            axis = Axis(
                name, tuple(_value(fields, ("set", name, index), item, parameter) for index, item in enumerate(given))
            )
        elif isinstance(given, str):
            axis = Axis(name, (_value(fields, ("set", name), given, parameter),))
        else:
            fields.wrong(("set", name), "expects a list of values, or a range {from: 1 MiB, to: 64 MiB, scale: log2}")
            continue
        if axis is not None:
            found.append(axis)
    return tuple(found)


def _range(fields: Fields, name: str, parameter: Parameter, given: dict[str, Any]) -> Axis | None:
    path: TreePath = ("set", name)
    fields.known_keys(path, given, RANGE_KEYS)
    missing = [key for key in ("from", "to") if not isinstance(given.get(key), str)]
    if missing:
        fields.wrong(path, f"a range has from and to; {missing[0]} is missing")
        return None
    texts = {key: value for key, value in given.items() if isinstance(value, str) and key in RANGE_KEYS}
    return fields.attempt(path, lambda: range_axis(name, parameter, texts))


def _value(fields: Fields, path: TreePath, given: Any, parameter: Parameter) -> Any:
    """One value of a list: scalars in canonical text, sections and null as they are."""
    scalar = parameter.scalar
    if scalar is None or not isinstance(given, str):
        if isinstance(given, str) and parameter.literals and given not in map(str, parameter.literals):
            fields.wrong(
                path, f"expects {parameter.expects_one()}; {near(given, [str(x) for x in parameter.literals])}"
            )
        return given
    value = fields.attempt(path, lambda: scalar.parse(given))
    return given if value is None else parameter.format(value)


def derived(fields: Fields) -> tuple[tuple[str, Expression, Parameter], ...]:
    """Parameters that follow from others."""
    found = []
    swept = fields.mapping(("set",), fields.tree.get("set"))
    for name, given in fields.mapping(("derive",), fields.tree.get("derive")).items():
        path: TreePath = ("derive", name)
        parameter = fields.parameter(path, name)
        if name in swept:
            fields.wrong(path, "is in set already; derive it or sweep it")
        expression = fields.expression(path, given, ())
        if parameter is not None and expression is not None:
            found.append((name, expression, parameter))
    return tuple(found)


def equal_area(fields: Fields) -> EqualArea | None:
    """The die area that all designs are brought to."""
    given = fields.tree.get("equal_area")
    if given is None:
        return None
    path: TreePath = ("equal_area",)
    tree = fields.mapping(path, given)
    fields.known_keys(path, tree, EQUAL_AREA_KEYS)
    target, adjust = tree.get("target"), tree.get("adjust")
    if not isinstance(target, str) or not isinstance(adjust, str):
        fields.wrong(path, "expects {target: 300 mm2 (or a chip), adjust: cores, tolerance: 5%}")
        return None
    fields.parameter((*path, "adjust"), adjust)
    text = str(tree.get("tolerance", "5%"))
    number = text.removesuffix("%").strip()
    share = fields.attempt((*path, "tolerance"), lambda: Number(100, least=0).parse(number))
    tolerance = (share or 0.0) / (100 if text.endswith("%") else 1)
    area = target.removesuffix("mm2").strip()
    try:
        return EqualArea(float(area), None, adjust, tolerance)
    except ValueError:
        return EqualArea(None, chip(fields, (*path, "target"), target)[1], adjust, tolerance)
