"""What of a chip can be made better, and how that is written after ``--set``.

A resource is a set of parameters that are better when larger (or smaller), scaled together; whole parameters go to the
nearest whole value that is at least as much better. *Ideal* is 32 times better, or the end of the parameter's range
where that comes first. Adding one is adding an entry to ``RESOURCES``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from leptonsim.chip.declare import Parameter
from leptonsim.chip.report import find
from leptonsim.chip.scalars import Integer, IntegerOr, Measure, Number
from leptonsim.chip.spec import Chip
from leptonsim.explore.axes import number_text, whole
from leptonsim.explore.design import value_at

Overrides = dict[str, str]

IDEAL = 32.0


@dataclass(frozen=True)
class Resource:
    """One thing to improve. ``causes`` are the causes of time (``bound_by`` of operators) that it is there to shorten.

    ``paths`` gives the paths that grow and those that shrink; ``has_ideal`` says whether more is always better (an
    array of 4096 rows is not).
    """

    name: str
    paths: Callable[[Chip], tuple[tuple[str, ...], tuple[str, ...]]]
    causes: tuple[str, ...]
    has_ideal: bool = True

    def better(self, chip: Chip, factor: float) -> Overrides | None:
        """The changes that make it ``factor`` better; None where it is absent or at the end of its range."""
        return self._changes(chip, lambda value, parameter, grows: _scaled(value, parameter, factor, grows))

    def ideal(self, chip: Chip) -> Overrides | None:
        """The changes that make it as good as it can be; None where more is not better."""
        if not self.has_ideal:
            return None
        return self._changes(chip, _idealised)

    def _changes(self, chip: Chip, change: Callable[[float, Parameter, bool], str | None]) -> Overrides | None:
        more, less = self.paths(chip)
        found = {}
        for path, grows in [(path, True) for path in more] + [(path, False) for path in less]:
            value = value_at(chip, path)
            parameter = find(Chip, tuple(int(step) if step.isdecimal() else step for step in path.split(".")))
            if value is None or parameter is None:
                return None
            text = change(value, parameter, grows)
            if text is None:
                return None
            found[path] = text
        changed = any(text != number_text(value_at(chip, path), _parameter(path)) for path, text in found.items())
        return found if changed else None


def _parameter(path: str) -> Parameter:
    parameter = find(Chip, tuple(int(step) if step.isdecimal() else step for step in path.split(".")))
    assert parameter is not None
    return parameter


def _limits(parameter: Parameter) -> tuple[float, float]:
    scalar = parameter.scalar
    if isinstance(scalar, Measure):
        return scalar.quantity.parse(scalar.least), scalar.quantity.parse(scalar.most)
    if isinstance(scalar, Integer | IntegerOr):
        return scalar.least, scalar.most
    assert isinstance(scalar, Number)
    return (scalar.least or 0.0), scalar.most


def _scaled(value: float, parameter: Parameter, factor: float, grows: bool) -> str | None:
    """The value so much better, rounded to the better side; None beyond the range."""
    exact = Fraction(value) * Fraction(repr(factor)) if grows else Fraction(value) / Fraction(repr(factor))
    least, most = _limits(parameter)
    rounded = (math.ceil if grows else math.floor)(exact) if whole(parameter) else round(float(exact), 9)
    if not least <= rounded <= most:
        return None
    return number_text(rounded, parameter)


def _idealised(value: float, parameter: Parameter, grows: bool) -> str:
    """So much more within the range, or the least there can be."""
    least, most = _limits(parameter)
    return number_text(min(most, value * IDEAL) if grows else least, parameter)


def _fixed(*more: str, less: tuple[str, ...] = ()) -> Callable[[Chip], tuple[tuple[str, ...], tuple[str, ...]]]:
    return lambda chip: (more, less)


def _rates(chip: Chip) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(f"core.tensor_core.rates.{dtype}" for dtype in chip.core.tensor_core.rates), ()


def _clock(chip: Chip) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The clock, and that of the performance state in force, which has to be the same; the voltage stays."""
    names = [state.name for state in chip.power.states]
    state = (f"power.states.{names.index(chip.power.state)}.core",) if chip.power.state in names else ()
    return ("clocks.core", *state), ()


@dataclass(frozen=True)
class _Dma(Resource):
    """The engines; their ports are no wider than the SRAM behind them."""

    def _changes(self, chip: Chip, change: Callable[[float, Parameter, bool], str | None]) -> Overrides | None:
        found = super()._changes(chip, change)
        if found is None:
            return None
        port, sram = _parameter("core.dma.port"), chip.core.sram
        assert port.scalar is not None
        widest = max(sram.read_bytes_per_cycle, sram.write_bytes_per_cycle)
        return {**found, "core.dma.port": number_text(min(widest, port.scalar.parse(found["core.dma.port"])), port)}


@dataclass(frozen=True)
class _Pcie(Resource):
    """The link: 10 % comes out of the link layer's loss, twice is the next generation; the round trip shrinks too."""

    def better(self, chip: Chip, factor: float) -> Overrides | None:
        """The changes that make the link ``factor`` faster; None where nothing does."""
        pcie = chip.pcie
        round_trip = _scaled(pcie.round_trip_ps, _parameter("pcie.round_trip"), factor, False)
        tags = _scaled(pcie.tags, _parameter("pcie.tags"), factor, True)
        if round_trip is None or tags is None:
            return None
        loss = 1 - (1 - pcie.link_layer_loss) * factor
        if loss >= 0 and pcie.generation < _FLIT_GENERATION:
            return {
                "pcie.link_layer_loss": number_text(round(loss, 9), _parameter("pcie.link_layer_loss")),
                "pcie.round_trip": round_trip,
                "pcie.tags": tags,
            }
        if factor == 2 and pcie.generation < _FLIT_GENERATION:
            return {"pcie.generation": str(pcie.generation + 1), "pcie.round_trip": round_trip, "pcie.tags": tags}
        if factor == 2 and pcie.lanes < _MOST_LANES:
            return {"pcie.lanes": str(2 * pcie.lanes), "pcie.round_trip": round_trip, "pcie.tags": tags}
        return None

    def ideal(self, chip: Chip) -> Overrides | None:
        """The widest link of the last generation, without latency."""
        return {
            "pcie.generation": str(_FLIT_GENERATION),
            "pcie.lanes": str(_MOST_LANES),
            "pcie.round_trip": "0 ps",
            "pcie.tags": "4096",
        }


_FLIT_GENERATION, _MOST_LANES = 6, 16

RESOURCES: tuple[Resource, ...] = (
    Resource("cell rate", _rates, ("tensor core",)),
    Resource("arrays in a core", _fixed("core.tensor_core.count"), ("tensor core",), has_ideal=False),
    Resource("array rows", _fixed("core.tensor_core.rows"), ("tensor core",), has_ideal=False),
    Resource(
        "array columns",
        _fixed("core.tensor_core.cols", "core.tensor_core.accumulator_size"),
        ("tensor core",),
        has_ideal=False,
    ),
    Resource("cores", _fixed("cores"), ("tensor core", "vector unit"), has_ideal=False),
    Resource("clock", _clock, ("tensor core", "vector unit", "noc")),
    Resource("vector unit", _fixed("core.vector_unit.lanes"), ("vector unit",)),
    Resource("SRAM capacity", _fixed("core.sram.size"), ("dram", "buffer")),
    Resource("SRAM ports", _fixed("core.sram.read", "core.sram.write"), ("tensor core",)),
    Resource(
        "shared SRAM",
        lambda chip: (
            (("shared_sram.size", "shared_sram.bandwidth"), ()) if chip.shared_sram else (("shared_sram.size",), ())
        ),
        ("noc", "dram"),
    ),
    Resource("network", _fixed("noc.link", less=("noc.hop",)), ("noc",)),
    _Dma("DMA", _fixed("core.dma.port", "core.dma.outstanding", less=("core.dma.setup",)), ("dram", "noc", "latency")),
    Resource("DRAM bandwidth", _fixed("dram.channels"), ("dram",)),
    _Pcie("PCIe", _fixed(), ("pcie",)),
    Resource("launch", _fixed(less=("software.launch",)), ("launch", "arrival")),
)


def achieved(chip: Chip, changes: Mapping[str, str]) -> float | None:
    """By how much the first of the changes really makes its parameter larger or smaller, at least 1; None where that is
    no number.
    """
    path, text = next(iter(changes.items()))
    parameter = _parameter(path)
    before = value_at(chip, path)
    if parameter.scalar is None or not isinstance(before, int | float) or path.startswith("pcie."):
        return None
    after: float = parameter.scalar.parse(text)
    if not before or not after:
        return None
    return max(after / before, before / after)
