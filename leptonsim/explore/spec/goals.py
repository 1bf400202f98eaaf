"""Which designs to take and what is sought: ``sample``, ``objectives`` and ``constraints``."""

from __future__ import annotations

import functools

from leptonsim.chip.report import near
from leptonsim.chip.scalars import Integer
from leptonsim.errors import LeptonError
from leptonsim.explore.expression import Expression
from leptonsim.explore.measures import MEASURES
from leptonsim.explore.samplers import sampler_names
from leptonsim.explore.spec.fields import Fields
from leptonsim.explore.spec.sweep import DEFAULT_COUNT, Objective

SAMPLE_KEYS = ("method", "count", "seed")


def sample(fields: Fields) -> tuple[str, int, int]:
    """Method, count and seed."""
    given = fields.tree.get("sample")
    if given is None or isinstance(given, str):
        return fields.one_of(("sample",), sampler_names(), "grid"), DEFAULT_COUNT, 0
    tree = fields.mapping(("sample",), given)
    fields.known_keys(("sample",), tree, SAMPLE_KEYS)
    method = fields.one_of(("sample", "method"), sampler_names(), "grid")
    count = fields.whole(("sample", "count"), str(tree.get("count", DEFAULT_COUNT))) or 1
    seed = fields.attempt(("sample", "seed"), lambda: Integer(0, 2**32 - 1).parse(str(tree.get("seed", "0"))))
    return method, count, seed or 0


def objectives(fields: Fields) -> tuple[Objective, ...]:
    """Results to make small, or large."""
    found = [fields.attempt(path, functools.partial(objective, text)) for path, text in fields.texts("objectives")]
    return tuple(each for each in found if each is not None)


def objective(text: str) -> Objective:
    """``latency_s``, or ``max throughput_per_s`` to say which way is better. Raises LeptonError."""
    words = text.split()
    measure = words[-1] if words else ""
    if measure not in MEASURES or len(words) > 2 or (len(words) == 2 and words[0] not in ("min", "max")):
        raise LeptonError(
            f"expects a result, or min or max and a result, not {text!r}; {near(measure, list(MEASURES))}"
        )
    is_larger_better = MEASURES[measure].is_larger_better if len(words) == 1 else words[0] == "max"
    return Objective(measure, is_larger_better)


def constraints(fields: Fields) -> tuple[Expression, ...]:
    """Conditions on results, decided after a point is computed."""
    return fields.conditions("constraints", tuple(MEASURES))
