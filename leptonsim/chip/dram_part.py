"""A DRAM part as data: organisation, timings, refresh and energy of one channel, each group with its source.

One YAML file in ``dram_parts/`` is one part; its file name is what ``dram.part`` in a chip says. A timing is written
as JEDEC writes it: a number of clocks (``8 ck``), a time (``13.75 ns``), or a list of which the larger counts (``[4
ck, 4.9 ns]``). Times become whole clocks by JEDEC's rounding (JESD79-4C: a fraction up to 0.026 of a clock is
rounded off).

Modelled: what bounds bandwidth, latency and energy of a channel. Not modelled: training, self-refresh, temperature-
dependent refresh, ECC, the mode registers. Vendor-specific timings (GDDR6, HBM) are public presets or estimates, as
each file says.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from leptonsim.errors import LeptonError

_ROUNDED_OFF = Fraction(26, 1000)

CLOCKED = frozenset({"tCCD_S", "tCCD_L", "tCCD_L_WR", "tRTRS", "tRTW_gap"})
"""Timings that are bursts and turns of the data bus: in clocks they are clocks at any rate.

Others that a file gives in clocks alone (latencies of JEDEC's tables, core timings of presets) are times of the arrays
in whole clocks of the part's own rate, and stay times at a lower one.
"""


@dataclass(frozen=True, slots=True)
class Duration:
    """The larger of a number of clocks and a time in picoseconds (either may be zero)."""

    clocks: int = 0
    time_ps: Fraction = Fraction(0)

    def at(self, clock_hz: int) -> int:
        """Whole clocks at ``clock_hz``, by JEDEC's rounding."""
        exact = self.time_ps * clock_hz / 10**12
        return max(self.clocks, math.ceil(exact - _ROUNDED_OFF))


def _duration(value: object) -> Duration:
    clocks, time_ps = 0, Fraction(0)
    for term in value if isinstance(value, list) else [value]:
        number, _, unit = str(term).strip().partition(" ")
        try:
            amount = Fraction(number)
        except (ValueError, ZeroDivisionError):
            amount = Fraction(-1)
        scale = {"ps": 1, "ns": 10**3, "us": 10**6}.get(unit)
        if amount < 0 or (scale is None and (unit != "ck" or amount.denominator != 1)):
            raise ValueError(f"'{term}' is no duration: write a number and its unit, such as 13.75 ns or 8 ck")
        if scale is None:
            clocks = max(clocks, int(amount))
        else:
            time_ps = max(time_ps, amount * scale)
    return Duration(clocks, time_ps)


def _scaled(scales: dict[str, int]) -> BeforeValidator:
    def parse(value: object) -> int:
        number, _, unit = str(value).strip().partition(" ")
        try:
            amount = Fraction(number) * scales[unit]
        except (KeyError, ValueError, ZeroDivisionError):
            raise ValueError(f"'{value}' needs a number and one of the units {', '.join(scales)}") from None
        if amount.denominator != 1:
            raise ValueError(f"'{value}' is not a whole number of the smallest unit")
        return int(amount)

    return BeforeValidator(parse)


Clocks = Annotated[Duration, BeforeValidator(_duration)]
Transfers = Annotated[int, _scaled({"MT/s": 10**6}), Field(gt=0)]
Bytes = Annotated[int, _scaled({"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}), Field(gt=0)]


class _Group(BaseModel):
    """A group of parameters with its source; ``estimates`` names those that the source does not give."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    source: str = Field(min_length=8)
    estimates: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _estimates_are_fields(self) -> _Group:
        for name in self.estimates:
            if name not in type(self).model_fields:
                raise ValueError(f"estimates names '{name}', which is no parameter of this group")
        return self


class Organization(_Group):
    """How one channel is built."""

    data_width_bits: PositiveInt = Field(description="data bits of one channel, all pseudo-channels together")
    pseudo_channels: PositiveInt = Field(
        description="independent halves of the channel's data bus sharing its command bus"
    )
    ranks: PositiveInt = Field(description="ranks, or stack identifiers of a stacked part")
    bank_groups: PositiveInt = Field(description="bank groups of a rank (of a pseudo-channel)")
    banks_per_group: PositiveInt = Field(description="banks of a bank group")
    rows: PositiveInt = Field(description="rows of a bank")
    row_bytes: Bytes = Field(description="bytes of one open row, across the devices of a rank (of a pseudo-channel)")
    burst_length: PositiveInt = Field(description="transfers on each data pin for one access")


class Clocking(_Group):
    """Data rate, command clock and command slots."""

    data_rate: Transfers = Field(description="transfers per second on each data pin")
    transfers_per_clock: PositiveInt = Field(description="transfers on a data pin in one clock of the command bus")
    activate_slots: PositiveInt = Field(description="command clocks that an activate takes on the command bus")
    column_slots: PositiveInt = Field(description="command clocks that a read or write takes on the command bus")
    precharge_slots: PositiveInt = Field(description="command clocks that a precharge takes on the command bus")
    command_buses: Literal["shared", "row_column"] = Field(
        description="shared: one bus for all commands; row_column: activates and precharges on a bus of their own"
    )


class Timings(_Group):
    """JEDEC's timing parameters, by their names there (RL is tCL, WL is tCWL)."""

    tCL: Clocks = Field(description="read command to first data")
    tCWL: Clocks = Field(description="write command to first data")
    tRCDRD: Clocks = Field(description="activate to read")
    tRCDWR: Clocks = Field(description="activate to write")
    tRP: Clocks = Field(description="precharge to activate of the same bank")
    tRAS: Clocks = Field(description="activate to precharge of the same bank")
    tCCD_S: Clocks = Field(description="column command to column command, other bank group")
    tCCD_L: Clocks = Field(description="column command to column command, same bank group")
    tCCD_L_WR: Clocks = Field(description="write to write, same bank group")
    tRRD_S: Clocks = Field(description="activate to activate, other bank group")
    tRRD_L: Clocks = Field(description="activate to activate, same bank group")
    tFAW: Clocks = Field(description="window of four activates of a rank")
    tWTR_S: Clocks = Field(description="end of write data to read, other bank group")
    tWTR_L: Clocks = Field(description="end of write data to read, same bank group")
    tRTP: Clocks = Field(description="read to precharge")
    tWR: Clocks = Field(description="end of write data to precharge")
    tRTRS: Clocks = Field(description="data bus gap when the rank changes")
    tRTW_gap: Clocks = Field(description="data bus gap between a read and a following write")


class Refresh(_Group):
    """How rows are kept alive."""

    mode: Literal["all_bank", "per_bank"] = Field(description="what one refresh command closes")
    tREFI: Clocks = Field(description="mean interval of all-bank refresh commands to a rank")
    tRFC: Clocks = Field(description="all-bank refresh to activate")
    tRFC_per_bank: Clocks = Field(description="per-bank (same-bank) refresh to activate of that bank")


class Energy(_Group):
    """Energy of one event, and power that is drawn without any; a rank means all devices of a rank of one channel."""

    activate_pj: float = Field(gt=0, description="one activate with its precharge")
    read_pj_per_bit: float = Field(gt=0, description="core and column path, for one bit read")
    write_pj_per_bit: float = Field(gt=0, description="core and column path, for one bit written")
    io_pj_per_bit: float = Field(ge=0, description="both PHYs and the wires, for one bit moved")
    io_voltage_v: float | None = Field(
        default=None, gt=0, description="supply of the interface (VDDQ) at that energy, where a chip may lower it"
    )
    refresh_pj: float = Field(gt=0, description="one all-bank refresh of a rank")
    background_mw: float = Field(gt=0, description="a rank with rows open, clock running")


class Controller(_Group):
    """The memory controller that goes with the part unless a chip says otherwise."""

    read_queue: PositiveInt = Field(description="reads waiting in a channel")
    write_queue: PositiveInt = Field(description="writes waiting in a channel")
    drain_high: float = Field(gt=0, le=1, description="fill of the write queue at which writes go first")
    drain_low: float = Field(ge=0, lt=1, description="fill of the write queue at which reads go first again")
    latency: Clocks = Field(description="pipeline of controller and PHY, request to command and data to reply, in sum")


class DramPart(BaseModel):
    """One DRAM part: what ``dram.part`` in a chip names."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str
    standard: str
    organization: Organization
    clocking: Clocking
    timings: Timings
    refresh: Refresh
    energy: Energy
    controller: Controller

    @model_validator(mode="after")
    def _fits_together(self) -> DramPart:
        shape = self.organization
        for name in ("pseudo_channels", "ranks", "bank_groups", "banks_per_group", "rows", "row_bytes", "burst_length"):
            if getattr(shape, name) & (getattr(shape, name) - 1):
                raise ValueError(f"organization.{name} = {getattr(shape, name)} is not a power of two")
        if shape.data_width_bits % (8 * shape.pseudo_channels):
            raise ValueError("organization.data_width_bits is not a whole number of bytes for each pseudo-channel")
        if shape.burst_length % self.clocking.transfers_per_clock:
            raise ValueError("clocking: a burst is not a whole number of command clocks")
        if self.clocking.data_rate % self.clocking.transfers_per_clock:
            raise ValueError("clocking: the command clock is not a whole number of Hz")
        if shape.row_bytes % self.access_bytes:
            raise ValueError("organization.row_bytes is not a whole number of accesses")
        return self

    @property
    def clock_hz(self) -> int:
        """Frequency of the clock in which commands are issued."""
        return self.clocking.data_rate // self.clocking.transfers_per_clock

    @property
    def access_bytes(self) -> int:
        """Bytes of one access: a burst on the data bus of one pseudo-channel."""
        shape = self.organization
        return shape.data_width_bits // shape.pseudo_channels // 8 * shape.burst_length

    @property
    def burst_clocks(self) -> int:
        """Command clocks that one access holds the data bus."""
        return self.organization.burst_length // self.clocking.transfers_per_clock

    @property
    def channel_bytes_per_s(self) -> int:
        """Peak of one channel's data pins."""
        return self.organization.data_width_bits * self.clocking.data_rate // 8

    @property
    def channel_bytes(self) -> int:
        """Capacity of one channel."""
        shape = self.organization
        banks = shape.pseudo_channels * shape.ranks * shape.bank_groups * shape.banks_per_group
        return banks * shape.rows * shape.row_bytes

    def at_rate(self, data_rate: int) -> DramPart:
        """The part at a lower data rate: times stay times, in whole clocks of the lower clock by the same rounding.

        Energies of events and the background power are those of the part's own rate. Raises ValueError for a rate above
        the part's, or of no whole number of command clocks.
        """
        own = self.clocking.data_rate
        if not 0 < data_rate <= own or data_rate % self.clocking.transfers_per_clock:
            raise ValueError(f"{self.name} does not run at {data_rate} transfers per second")
        if data_rate == own:
            return self
        times = {
            name: Duration(0, Fraction(timing.clocks * 10**12, self.clock_hz))
            for name, timing in self.timings
            if isinstance(timing, Duration) and name not in CLOCKED and timing.clocks and not timing.time_ps
        }
        return self.model_copy(
            update={
                "clocking": self.clocking.model_copy(update={"data_rate": data_rate}),
                "timings": self.timings.model_copy(update=times),
            }
        )

    def clocks(self, group: str, name: str) -> int:
        """Whole command clocks of one timing, such as ``clocks("timings", "tRCDRD")``."""
        duration: Duration = getattr(getattr(self, group), name)
        return duration.at(self.clock_hz)

    def ps(self, clocks: int) -> int:
        """Picoseconds of a number of command clocks, to the nearest."""
        return (2 * clocks * 10**12 + self.clock_hz) // (2 * self.clock_hz)


def _folder() -> Traversable:
    return resources.files("leptonsim.chip.dram_parts")


@lru_cache(maxsize=1)
def part_names() -> tuple[str, ...]:
    """The parts that ship with leptonsim, sorted."""
    return tuple(sorted(file.name[:-5] for file in _folder().iterdir() if file.name.endswith(".yaml")))


def resolve_part(name: str) -> str:
    """The shipped part that ``name`` means: its own name, or a family such as ``HBM2E``, which means its fastest part.

    Raises LeptonError with the nearest names when there is none.
    """
    names = part_names()
    exact = [known for known in names if known.casefold() == name.casefold()]
    if exact:
        return exact[0]
    family = [known for known in names if known.partition("-")[0].casefold() == name.casefold()]
    if family:
        return max(family, key=lambda known: load_part(known).clocking.data_rate)
    near = difflib.get_close_matches(name.upper(), names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known parts: {', '.join(names)}"
    raise LeptonError(f"there is no DRAM part '{name}'; {hint}")


@lru_cache(maxsize=64)
def load_part(name: str) -> DramPart:
    """The part ``name``: a shipped part, a family (its fastest part), or the path of a YAML file of one's own.

    Raises LeptonError for an unknown name, and with file, line and column for a file that is no part.
    """
    if name.endswith((".yaml", ".yml")):
        try:
            return parse_part(Path(name).read_text(encoding="utf-8"), name)
        except OSError as error:
            raise LeptonError(f"{name}: cannot be read: {error.strerror}") from error
    file = f"{resolve_part(name)}.yaml"
    return parse_part((_folder() / file).read_text(encoding="utf-8"), file)


def parse_part(text: str, file: str) -> DramPart:
    """The part that the YAML ``text`` describes; ``file`` is named in messages.

    Raises LeptonError with file:line:column, naming the nearest key for an unknown one.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        raise LeptonError(f"{file}:{where}: {error.problem}") from error
    marks: dict[tuple[Hashable, ...], yaml.Mark] = {}
    content = _plain(root, (), marks, file)
    try:
        return DramPart.model_validate(content)
    except ValidationError as error:
        # An unknown key comes first: it tells why another is missing.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        path: tuple[Hashable, ...] = tuple(first["loc"])
        known = path
        while known not in marks:
            known = known[:-1]
        place = f"{file}:{marks[known].line + 1}:{marks[known].column + 1}"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "unknown key" + _nearest(str(path[-1]), path[:-1])
        elif first["type"] == "missing":
            message = "missing key"
        raise LeptonError(f"{place}: {'.'.join(map(str, path)) or 'part'}: {message}") from error


def _nearest(key: str, path: tuple[Any, ...]) -> str:
    fields = DramPart.model_fields
    for step in path:
        annotation = fields[step].annotation
        fields = annotation.model_fields if isinstance(annotation, type) and issubclass(annotation, BaseModel) else {}
    near = difflib.get_close_matches(key, fields, n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""


def _plain(
    node: yaml.Node | None, path: tuple[Hashable, ...], marks: dict[tuple[Hashable, ...], yaml.Mark], file: str
) -> Any:
    """Mappings, lists and strings of a YAML tree (fields give scalars their type); refuses duplicate keys."""
    if node is None:
        return {}
    marks[path] = node.start_mark
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in content:
                mark = key_node.start_mark
                raise LeptonError(f"{file}:{mark.line + 1}:{mark.column + 1}: duplicate key '{key}'")
            content[key] = _plain(value_node, (*path, key), marks, file)
            marks[(*path, key)] = key_node.start_mark
        return content
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), marks, file) for index, item in enumerate(node.value)]
    return node.value
