"""PCIe copies measured on machines against a chip's link, at the generation and width of the row.

Predicted are long copies in GB/s: one way, both ways at once, and stores by the host's cores. A figure given as a range
is taken at its middle. Rows that name a quirk of their machine which no parameter of the link describes are skipped
with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from leptonsim.chip.host import Pcie
from leptonsim.chip.load import load_chip
from leptonsim.fabric.pcie import CPU_LINE_BYTES, GENERATIONS, PcieLink
from leptonsim.validate.kind import Config, Kind
from leptonsim.validate.report import Record, predicted, skipped
from leptonsim.validate.table import Row, Table

COLUMNS = ("gen", "lanes", "what", "direction", "value", "unit", "where")
DEFAULT_CHIP = "lepton-c1"
LANES = get_args(Pcie.model_fields["lanes"].annotation)

QUIRKS = {
    r"remote NUMA|other socket": "the copy crosses between the host's sockets",
    r"\bTLB\b": "the copy is larger than the address translation reaches",
    r"read-request limited": "the copy kernel keeps too few read requests in flight",
    r"^bidirectional": "one direction starves the other",
    r"MMIO|latency|submit|us/copy|added by": "a latency is a parameter of the link, not a prediction",
}


def predict(table: Table, config: Config) -> Iterator[Record]:
    """The rate of every plain copy, over the link of ``config`` or of a shipped chip."""
    spec = load_chip(DEFAULT_CHIP if config is None else config).pcie
    for row in table.rows:
        yield _record(row, spec)


def _record(row: Row, spec: Pcie) -> Record:
    generation = re.match(r"gen(\d)", row["gen"])
    group = generation[0] if generation else row["gen"]
    measured = _middle(row["value"])
    told = f"{row['what']}, {row['where']}"
    for quirk, reason in QUIRKS.items():
        if re.search(quirk, told) or re.search(quirk, row["unit"]):
            return skipped(row, "value", reason, group, measured)
    lanes = re.match(r"x(\d+)", row["lanes"])
    if generation is None or lanes is None or row["unit"] != "GB/s" or measured is None:
        return skipped(row, "value", "not the rate of a copy over one known link", group, measured)
    if int(generation[1]) not in GENERATIONS or int(lanes[1]) not in LANES:
        raise row.fail(f"no link is {row['gen']} {row['lanes']}")
    link = PcieLink(spec.model_copy(update={"generation": int(generation[1]), "lanes": int(lanes[1])}))
    return predicted(row, "value", _bytes_per_s(row, link) / 1e9, group, measured)


def _bytes_per_s(row: Row, link: PcieLink) -> int:
    direction = row["direction"]
    if direction == "each direction":
        return link.duplex_bytes_per_s
    if "CPU stores" in row["what"]:
        return link.effective_bytes_per_s(CPU_LINE_BYTES, "h2d", "host")
    if direction.startswith(("write", "D2H")):
        return link.write_bytes_per_s
    if direction.startswith("H2D"):
        return link.read_bytes_per_s
    raise row.fail(f"direction: expects H2D, D2H, write or each direction, not {direction!r}")


def _middle(text: str) -> float | None:
    """The number that a figure starts with, or the middle of the range that it is."""
    found = re.match(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?)$)?", text)
    return None if found is None else (float(found[1]) + float(found[2] or found[1])) / 2


KIND = Kind(
    "pcie_measured",
    "PCIe copies against measurements",
    frozenset(COLUMNS),
    predict,
    causes="One loss of 10 % stands for every machine; measured links lose 5 to 14 %, by root complex and driver.",
    not_modelled="Traffic between sockets, address translation misses, copies by kernels that keep few requests in "
    "flight, and whatever else a row names as its quirk.",
)
