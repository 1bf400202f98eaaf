"""Options that several commands share, and what they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip import Chip
    from leptonsim.model import Model

F = TypeVar("F", bound=Callable[..., Any])


def chip_options(function: F) -> F:
    """``--config`` and ``--set``."""
    function = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="PATH=VALUE",
        help="Change one parameter of the chip, e.g. core.sram.size='16 MiB'.",
    )(function)
    return click.option(
        "--config",
        "-c",
        metavar="CHIP",
        help="A chip's YAML file, or the name of a shipped one (see `leptonsim configs`).",
    )(function)


def model_options(function: F) -> F:
    """``--batch``, ``--shape`` and ``--bind``."""
    function = click.option(
        "--bind",
        "binds",
        multiple=True,
        metavar="DIM=N",
        help="Size of a named dimension, or value of an input of one integer.",
    )(function)
    function = click.option(
        "--shape", "shapes", multiple=True, metavar="INPUT=AxBxC", help="Shape of an input; wins over --batch."
    )(function)
    return click.option("--batch", "-b", type=click.IntRange(min=1), help="Samples in one request.")(function)


def power_options(function: F) -> F:
    """``--governor``, ``--pstate`` and ``--ambient``."""
    function = click.option(
        "--ambient", metavar="DEGREES", help="Temperature of the air in degrees Celsius; heat is then followed."
    )(function)
    function = click.option("--pstate", metavar="STATE", help="Performance state at the start.")(function)
    return click.option(
        "--governor", metavar="NAME[:SETTING]", help="Policy that chooses the state, such as power_cap:60W."
    )(function)


def powered(chip: Chip, governor: str | None, pstate: str | None, ambient: str | None) -> Chip:
    """The chip with the power options applied. Raises LeptonError."""
    changes: dict[str, object] = {}
    if governor is not None:
        changes["power.governor"] = governor
    if pstate is not None:
        states = {state.name: state for state in chip.power.states}
        if pstate not in states:
            known = f"known: {', '.join(states)}" if states else f"{chip.name} has no table of states"
            raise LeptonError(f"--pstate {pstate}: no such state; {known}")
        changes |= {"power.state": pstate, "clocks.core": f"{states[pstate].core_hz} Hz"}
    if ambient is not None:
        if chip.power.thermal is None:
            raise LeptonError(f"--ambient: {chip.name} has no thermal model; describe one under power.thermal")
        air = ambient.strip()
        air = air if air.endswith("degC") else f"{air} degC"
        changes |= {"power.thermal.ambient": air, "power.heat": "true"}
    return chip.with_(changes) if changes else chip


def dtype_option(function: F) -> F:
    """``--dtype``."""
    return click.option(
        "--dtype",
        metavar="TYPE",
        help="Data type of floating-point models (default: the chip's software.default_dtype).",
    )(function)


def mapping_options(function: F) -> F:
    """``--dtype``, ``--precision`` and ``--unsupported``."""
    function = click.option(
        "--unsupported",
        type=click.Choice(["error", "host"]),
        default="error",
        show_default=True,
        help="Operators that cannot be mapped: an error that names them all, or work of the host.",
    )(function)
    function = click.option(
        "--precision",
        metavar="FILE.yaml",
        help="Data types layer by layer: weights, activations, key-value cache.",
    )(function)
    return dtype_option(function)


def the_chip(config: str | None, overrides: tuple[str, ...]) -> Chip:
    """The chip that the options name. Raises LeptonError."""
    from leptonsim.chip import load_chip, shipped_chips

    if config is None:
        raise LeptonError(f"which chip? give --config with a YAML file or one of: {', '.join(shipped_chips())}")
    return load_chip(config, list(overrides))


def the_model(source: str, batch: int | None, shapes: tuple[str, ...], binds: tuple[str, ...]) -> Model:
    """The model that the options name. Raises LeptonError."""
    from leptonsim.model import load_model

    return load_model(source, batch=batch, shapes=dict(map(_shape, shapes)), dims=the_dims(binds))


def the_dims(binds: tuple[str, ...]) -> dict[str, int]:
    """Sizes of named dimensions. Raises LeptonError."""
    return dict(map(_bind, binds))


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, equals, sizes = text.rpartition("=")
    parts = sizes.lower().split("x")
    if not equals or not name or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise LeptonError(f"--shape {text}: expects INPUT=AxBxC with sizes of at least 1, such as input=1x3x224x224")
    return name, tuple(int(part) for part in parts)


def _bind(text: str) -> tuple[str, int]:
    name, equals, size = text.rpartition("=")
    if not equals or not name or not size.isdecimal() or int(size) < 1:
        raise LeptonError(f"--bind {text}: expects DIMENSION=N with N of at least 1, such as seq=128")
    return name, int(size)
