"""Cycles of layers against those that SCALE-Sim prints, so that whoever comes from there can check us.

SCALE-Sim runs folds one after another and prints one less than the cycle count; ``schedule: scalesim`` does the same.
With a chip of one's own the errors show how far its schedule is from that.
"""

from __future__ import annotations

from collections.abc import Iterator

from leptonsim.validate.engine import Engine, engine_folder, load_config, load_engine
from leptonsim.validate.kind import Config, Kind
from leptonsim.validate.report import Record, predicted
from leptonsim.validate.systolic import product_cycles, with_size
from leptonsim.validate.table import Table

COLUMNS = ("rows", "cols", "dataflow", "M", "N", "K", "topology", "layer", "total_cycles")


def predict(table: Table, config: Config) -> Iterator[Record]:
    """The cycles of every row on the engine ``scalesim``, or on ``config`` at the size and dataflow of the row."""
    given = load_engine(engine_folder() / "scalesim.yaml") if config is None else load_config(config)
    core = given.tensor_core if isinstance(given, Engine) else given
    for row in table.rows:
        m, k, n = (row.integer(size, 1) for size in "MKN")
        found = product_cycles(row, with_size(core, row), None, m, k, n)
        yield predicted(row, "total_cycles", found.total, f"SCALE-Sim {row['dataflow']}")


KIND = Kind(
    "scalesim",
    "Systolic arrays against SCALE-Sim",
    frozenset(COLUMNS),
    predict,
    causes="None is off under `schedule: scalesim`. That schedule is SCALE-Sim's and no engine's: folds that overlap, "
    "as in the arrays above, take up to 3.7 times fewer cycles.",
    not_modelled="SCALE-Sim's memory stalls: the rows were run with ideal bandwidth.",
)
