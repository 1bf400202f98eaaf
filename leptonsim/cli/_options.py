"""Options that several commands share. A group of them reaches the command as one argument, which makes what they name.

The decorator of a group adds its options to a command and gives it, under the group's name, a frozen dataclass with a
field for each option.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import click

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip import Chip
    from leptonsim.compiler.policy import Policy
    from leptonsim.compiler.program import Program
    from leptonsim.model import Model

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Group:
    """``options`` are click's decorators, one for each field."""

    options: ClassVar[tuple[Callable[[Command], Command], ...]]

    @classmethod
    def bundled(cls, argument: str) -> Callable[[Command], Command]:
        """The decorator of a command that takes the group as ``argument``."""
        names = [field.name for field in fields(cls)]

        def decorate(function: Command) -> Command:
            @functools.wraps(function)
            def grouped(**given: Any) -> Any:
                own = {name: given.pop(name) for name in names}
                return function(**given, **{argument: cls(**own)})

            command: Command = grouped
            for option in reversed(cls.options):
                command = option(command)
            return command

        return decorate

    @property
    def is_given(self) -> bool:
        """Whether any of the options was."""
        return any(astuple(self))


@dataclass(frozen=True, slots=True)
class ChipOptions(Group):
    """``--config`` and ``--set``."""

    config: str | None
    overrides: tuple[str, ...]

    options = (
        click.option(
            "--config",
            "-c",
            metavar="CHIP",
            help="A chip's YAML file, or the name of a shipped one (see `leptonsim configs`).",
        ),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="PATH=VALUE",
            help="Change one parameter of the chip, e.g. core.sram.size='16 MiB'.",
        ),
    )

    def load(self) -> Chip:
        """The chip. Raises LeptonError."""
        return the_chip(self.config, self.overrides)


@dataclass(frozen=True, slots=True)
class ModelOptions(Group):
    """``--batch``, ``--shape`` and ``--bind``."""

    batch: int | None
    shapes: tuple[str, ...]
    binds: tuple[str, ...]

    options = (
        click.option("--batch", "-b", type=click.IntRange(min=1), help="Samples in one request."),
        click.option(
            "--shape", "shapes", multiple=True, metavar="INPUT=AxBxC", help="Shape of an input; wins over --batch."
        ),
        click.option(
            "--bind",
            "binds",
            multiple=True,
            metavar="DIM=N",
            help="Size of a named dimension, or value of an input of one integer.",
        ),
    )

    @property
    def dims(self) -> dict[str, int]:
        """Sizes of named dimensions. Raises LeptonError."""
        return dict(map(_bind, self.binds))

    def load(self, source: str, *, with_batch: bool = True) -> Model:
        """The model that ``source`` names; at a batch of its own without ``with_batch``. Raises LeptonError."""
        from leptonsim.model import load_model

        batch = self.batch if with_batch else None
        return load_model(source, batch=batch, shapes=dict(map(_shape, self.shapes)), dims=self.dims)


@dataclass(frozen=True, slots=True)
class PowerOptions(Group):
    """``--governor``, ``--pstate`` and ``--ambient``."""

    governor: str | None
    pstate: str | None
    ambient: str | None

    options = (
        click.option(
            "--governor", metavar="NAME[:SETTING]", help="Policy that chooses the state, such as power_cap:60W."
        ),
        click.option("--pstate", metavar="STATE", help="Performance state at the start."),
        click.option(
            "--ambient", metavar="DEGREES", help="Temperature of the air in degrees Celsius; heat is then followed."
        ),
    )

    def applied(self, chip: Chip) -> Chip:
        """The chip with these options. Raises LeptonError."""
        changes: dict[str, object] = {}
        if self.governor is not None:
            changes["power.governor"] = self.governor
        if self.pstate is not None:
            changes |= _starting_in(chip, self.pstate)
        if self.ambient is not None:
            if chip.power.thermal is None:
                raise LeptonError(f"--ambient: {chip.name} has no thermal model; describe one under power.thermal")
            air = self.ambient.strip()
            air = air if air.endswith("degC") else f"{air} degC"
            changes |= {"power.thermal.ambient": air, "power.heat": "true"}
        return chip.with_(changes) if changes else chip


def _starting_in(chip: Chip, name: str) -> dict[str, object]:
    """What makes a chip start in one of its states, of a table or of a law. Raises LeptonError for an unknown one."""
    from leptonsim.chip.energy import energy_table
    from leptonsim.machine.clocks import operating_points

    points = {point.name: point for point in operating_points(chip, energy_table(chip).voltage_v)}
    if name not in points or not (chip.power.states or chip.power.curve):
        has_states = chip.power.states or chip.power.curve
        known = f"known: {', '.join(points)}" if has_states else f"{chip.name} has no states"
        raise LeptonError(f"--pstate {name}: no such state; {known}")
    point = points[name]
    own = {"power.state": name} if chip.power.states else {"power.curve.voltage": f"{point.voltage_v!r} V"}
    return {**own, "clocks.core": f"{point.clock_hz} Hz"}


dtype_option = click.option(
    "--dtype",
    metavar="TYPE",
    help="Data type of floating-point models (default: the chip's software.default_dtype).",
)


@dataclass(frozen=True, slots=True)
class MappingOptions(Group):
    """``--dtype``, ``--precision`` and ``--unsupported``."""

    dtype: str | None
    precision: str | None
    unsupported: Literal["error", "host"]

    options = (
        dtype_option,
        click.option(
            "--precision",
            metavar="FILE.yaml",
            help="Data types layer by layer: weights, activations, key-value cache.",
        ),
        click.option(
            "--unsupported",
            type=click.Choice(["error", "host"]),
            default="error",
            show_default=True,
            help="Operators that cannot be mapped: an error that names them all, or work of the host.",
        ),
    )

    @property
    def policy(self) -> Policy | None:
        """Data types layer by layer. Raises LeptonError."""
        from leptonsim.compiler.policy import load_policy

        return load_policy(self.precision) if self.precision else None

    def compile(self, chip: Chip, model: Model) -> Program:
        """The program of a model on a chip. Raises LeptonError."""
        import leptonsim as ls

        return ls.compile(chip, model, dtype=self.dtype, policy=self.policy, unsupported=self.unsupported)


def the_chip(config: str | None, overrides: tuple[str, ...] = ()) -> Chip:
    """The chip of that name or file. Raises LeptonError, also where none is named."""
    from leptonsim.chip import load_chip, shipped_chips

    if config is None:
        raise LeptonError(f"which chip? give --config with a YAML file or one of: {', '.join(shipped_chips())}")
    return load_chip(config, list(overrides))


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
