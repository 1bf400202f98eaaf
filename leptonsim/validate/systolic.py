"""Cycles of systolic arrays against RTL: a row is one GEMM on one array, under the schedule its `measure` names.

The engines are YAML files (``engine.py``); the cycles come from the kernels that the machine's tensor core uses.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from leptonsim.chip.core import TensorCore
from leptonsim.errors import LeptonError
from leptonsim.kernels.plain.systolic_array import Cycles
from leptonsim.kernels.systolic import array_of, gemm_cycles
from leptonsim.validate.engine import Engine, Measure, engine_for, load_config, shipped_engines
from leptonsim.validate.kind import Config, Kind
from leptonsim.validate.report import Record, predicted, skipped
from leptonsim.validate.table import Row, Table

DATAFLOWS = {"WS": "weight_stationary", "IS": "input_stationary", "OS": "output_stationary"}
COLUMNS = ("design", "dataflow", "rows", "cols", "dtype", "M", "K", "N", "measure", "cycles")


def predict(table: Table, config: Config) -> Iterator[Record]:
    """The cycles of every row; with ``config`` its tensor core runs them, at the size and dataflow of the row."""
    given = None if config is None else load_config(config)
    core = given.tensor_core if isinstance(given, Engine) else given
    own = (given,) if isinstance(given, Engine) else ()
    engines = own + shipped_engines()
    find = functools.cache(lambda design: engine_for(design, engines))
    for row in table.rows:
        yield _record(row, find(row["design"]), core)


def with_size(core: TensorCore, row: Row) -> TensorCore:
    """The tensor core at the size and with the dataflow of a row."""
    return core.model_copy(
        update={
            "rows": row.integer("rows", 1),
            "cols": row.integer("cols", 1),
            "dataflow": DATAFLOWS[row.choice("dataflow", DATAFLOWS)],
        }
    )


def product_cycles(row: Row, core: TensorCore, dtype: str | None, m: int, k: int, n: int) -> Cycles:
    """What the kernels say of one product; raises BadFile, with the line of the row, where they refuse it."""
    try:
        found: Cycles = gemm_cycles(array_of(core, dtype), m, k, n)
    except (LeptonError, OverflowError) as error:
        raise row.fail(str(error)) from None
    return found


def element_type(row: Row) -> str:
    """The type of the operands in a text such as `uint8xuint8->int32`; the array does not care for signs."""
    return re.split("x|->", row["dtype"].removeprefix("u"), maxsplit=1)[0]


def _record(row: Row, engine: Engine | None, core: TensorCore | None) -> Record:
    group, measured = f"{row['design']} {row['dataflow']}", row.number("cycles")
    if engine is None:
        return skipped(row, "cycles", f"no engine says that the design {row['design']!r} is its own", group, measured)
    measures, unknown = engine.measure(row["measure"])
    reasons = [each.skip for each in measures if each.skip is not None]
    if reasons:
        return skipped(row, "cycles", reasons[0], group, measured)
    if unknown:
        reason = f"engine {engine.name} does not say what {unknown[0]!r} measures"
        return skipped(row, "cycles", reason, group, measured)
    return predicted(row, "cycles", _cycles(row, core or engine.tensor_core, measures), group)


def _cycles(row: Row, core: TensorCore, measures: list[Measure]) -> int:
    changes: dict[str, object] = {}
    for measure in measures:
        changes |= measure.set.model_dump(exclude_none=True)
    sized = with_size(core, row).model_copy(update=changes)
    m, k, n = (row.integer(size, 1) for size in "MKN")
    found = product_cycles(row, sized, element_type(row), m, k, n)
    cycles = found.total
    if any(each.starts == "first_row" for each in measures):
        cycles -= found.first_load
    if any(each.ends == "last_row" for each in measures):
        cycles -= found.last_drain
    folds = -(-k // sized.rows) * -(-n // sized.cols)
    return cycles + sum(each.extra_cycles + each.extra_cycles_per_row * folds * m for each in measures)


KIND = Kind(
    "systolic",
    "Systolic arrays against RTL",
    frozenset(COLUMNS),
    predict,
    causes="None is off. The constants of tinyTPU and Koios were read off few sizes (tinyTPU: at most its side in "
    "rows; Koios: one size), so that other sizes may be.",
    not_modelled="The time to the first result and of one row, the least interval between weight switches, weights on "
    "their way from DRAM, and whole layers with their data movement (LOOP_WS): those are the machine's.",
)
