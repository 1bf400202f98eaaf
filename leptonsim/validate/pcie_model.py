"""Effective PCIe bandwidth against the published model of pcie-bench.

Neugebauer et al., SIGCOMM 2018; github.com/pcie-bench/pcie-model.

Each row states its link after acknowledgement, flow control and skip symbols, so that packets alone are compared; a
configuration has no say in it. For generation 6 that model keeps the packet overhead of generation 5 (its authors say
they guess), where leptonsim's own link sends FLITs: rows are predicted with the overhead that the model has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leptonsim.fabric.pcie import GENERATIONS, SHORT_ADDRESS_BYTES, Packets
from leptonsim.validate.kind import Config, Kind
from leptonsim.validate.report import Record, predicted
from leptonsim.validate.table import Row, Table

LINK = "tlp_layer_GBs(after ACK+FC+SKP)"
QUANTITIES = ("write_eff_GBs", "read_eff_GBs", "rw_bidir_eff_GBs_each")
COLUMNS = ("gen", "mps", "mrrs", "rcb", "rcb_chunks", "transfer_bytes", LINK, *QUANTITIES)


def predict(table: Table, config: Config) -> Iterator[Record]:
    """Writes, reads and both at once, for every row."""
    for row in table.rows:
        packets = _packets(row)
        size, link = row.integer("transfer_bytes", 1), row.number(LINK)
        shares = (packets.write_share(size), packets.read_share(size), packets.duplex_share(size))
        for quantity, share in zip(QUANTITIES, shares, strict=True):
            yield predicted(row, quantity, link * float(share), f"{row['gen']} {quantity}")


def _packets(row: Row) -> Packets:
    found = re.fullmatch(r"gen(\d)", row["gen"].strip())
    if found is None or int(found[1]) not in GENERATIONS:
        known = ", ".join(f"gen{number}" for number in GENERATIONS)
        raise row.fail(f"gen: expects one of {known}, not {row['gen']!r}")
    generation = GENERATIONS[min(int(found[1]), 5)]
    short = row.columns.get("addr_bits", "64").strip() == "32"
    at_boundary = row.choice("rcb_chunks", ("True", "False")) == "True"
    return Packets(
        payload=row.integer("mps", 1),
        request=row.integer("mrrs", 1),
        completion=row.integer("rcb" if at_boundary else "mps", 1),
        request_overhead=generation.request_bytes - (SHORT_ADDRESS_BYTES if short else 0),
        completion_overhead=generation.completion_bytes,
    )


KIND = Kind(
    "pcie_model",
    "PCIe packets against pcie-bench's model",
    frozenset(COLUMNS),
    predict,
    no_config="every row states its own link",
    causes="The file has four decimals: what is off is its own rounding, of the link's rate and of the result.",
    not_modelled="How the link's rate after acknowledgement, flow control and skip symbols comes about: each row "
    "states it. Generation 6 with FLITs, which that model does not have either.",
)
