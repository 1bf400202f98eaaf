"""What a systolic array is, to the kernels that count its cycles: a record of plain integers.

``array_of`` makes the record from the tensor core of a chip's YAML (or anything with the same attributes) and refuses
what cannot be built. ``Cycles`` is what the kernels answer. The compiled kernels hold the same records as C structs
(``leptonsim/kernels/systolic_array.pxd``).

Sparsity and rates. With N:M structured sparsity each group of M neighbours along k keeps N; only those are stored,
loaded and multiplied, and each cell selects its activation among the M (the scheme of NVIDIA's A100 whitepaper, 2020,
"fine-grained structured sparsity"): k shrinks to the kept elements. A data type of rate r >= 1 packs r
multiply-accumulates into a cell and cycle along k (as int8 beside bf16 in TPU v5e, int8 beside fp16 in A100): k shrinks
to ceil(k / r). A data type of rate r < 1 takes 1/r cycles for each streamed row, as a cell that goes over wide operands
in several passes does (Bit Fusion, ISCA 2018); the wires to the stationary operands are taken as wide enough for the
widest type, so that loading them costs the same.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from leptonsim.errors import LeptonError

DATAFLOWS = ("weight_stationary", "input_stationary", "output_stationary")
SCHEDULES = ("serial", "single", "double", "scalesim")
MOVES = ("skewed", "broadside")
EDGES = ("padded", "trimmed")
SWITCHES = ("rolling", "settled")


class Array(NamedTuple):
    """One systolic array; words are their positions in the tuples above. Cycles and rows are whole numbers."""

    rows: int
    """Cells along the reduction (WS, IS) or along m (OS)."""
    cols: int
    """Cells along n (WS, OS) or along m (IS)."""
    dataflow: int = 0
    """Which operand stays in the cells."""
    schedule: int = 2
    """How folds follow one another: serial, one operand buffer, two of them, or SCALE-Sim's printed formula."""
    load: int = 0
    """Stationary operands enter along the wavefront (skewed), or all rows shift at once (broadside)."""
    drain: int = 0
    """Finished accumulators (OS) leave along the wavefront, or all rows shift at once."""
    edge: int = 0
    """Ragged folds take the whole array (padded), or only the rows and columns in use are loaded and waited for."""
    pipeline_stages: int = 0
    """Registers at the edges of the mesh beyond those in the cells: cycles added to every pass through it."""
    issue_overhead: int = 0
    """Cycles from the first command to the first operand, and from the last result to idle; once for each GEMM."""
    min_rows: int = 1
    """The fewest rows that the last block streams."""
    round_rows: int = 1
    """Rows in one block: the next fold starts on a whole number of blocks, and reductions (OS) are filled up to one."""
    scratchpad_ports: int = 2
    """1: both operands come from one single-ported bank and take turns; 2 or more: they do not disturb each other."""
    switch_settled: int = 0
    """1: the next stationary operands enter only when the last switch has crossed all rows; 0: right behind it."""
    switch_overhead: int = 0
    """Cycles added to each load of stationary operands after the first."""
    accumulator_preload: int = 0
    """1: (OS) the accumulators are first loaded row by row with a bias."""
    rate_num: int = 1
    """Multiply-accumulates of the data type in a cell and cycle: numerator."""
    rate_den: int = 1
    """and denominator."""
    sparse_keep: int = 1
    """Elements kept in each group along k ..."""
    sparse_group: int = 1
    """... of so many neighbours."""


class Cycles(NamedTuple):
    """Cycles of one GEMM; ``total`` is exactly ``useful + weight_load + padding + fill_drain``."""

    total: int
    """From the first operand at the array's edge to the last result, operands in SRAM."""
    steady: int
    """The same while GEMMs before and after keep the array fed: the intervals between folds, summed."""
    useful: int
    """Cycles the wanted multiply-accumulates would take with every cell at work: ceil(macs / (rows * cols * rate))."""
    weight_load: int
    """Cycles in which no row streams because stationary operands (or a bias) are loaded."""
    padding: int
    """Streaming cycles lost to cells and rows that hold nothing wanted."""
    fill_drain: int
    """The rest: the wavefront's way in and out, draining accumulators, pipeline stages, issue."""
    first_load: int
    """Of ``total``, before the first row streams: what a prefetch of the stationary operands hides."""
    last_drain: int
    """Of ``total``, after the last row has entered."""


NOTHING = Cycles(0, 0, 0, 0, 0, 0, 0, 0)


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up; b > 0."""
    return -(-a // b)


def packed_k(a: Array, k: int) -> int:
    """Elements along k that are stored and multiplied: kept by sparsity, packed by a rate above 1."""
    groups, rest = divmod(k, a.sparse_group)
    kept = groups * a.sparse_keep + min(rest, a.sparse_keep)
    return ceil_div(kept * a.rate_den, a.rate_num) if a.rate_num > a.rate_den else kept


def row_cycles(a: Array, rows: int) -> int:
    """Cycles in which ``rows`` rows enter: more than one each where the rate is below 1."""
    return ceil_div(rows * a.rate_den, a.rate_num) if a.rate_num < a.rate_den else rows


def last_stream(a: Array, rows: int) -> int:
    """Cycles from the first row to the last result-bearing row of a stream, the last block at least ``min_rows``."""
    if a.round_rows == 1:
        return row_cycles(a, max(rows, a.min_rows))
    whole = (ceil_div(rows, a.round_rows) - 1) * a.round_rows
    return row_cycles(a, whole + max(rows - whole, a.min_rows))


def stream(a: Array, rows: int) -> int:
    """Cycles from the first row of a stream to the first of the next, if nothing else is waited for."""
    return max(row_cycles(a, ceil_div(rows, a.round_rows) * a.round_rows), last_stream(a, rows))


def useful_cycles(a: Array, m: int, k: int, n: int) -> int:
    """Cycles of the kept multiply-accumulates with every cell at work."""
    groups, rest = divmod(k, a.sparse_group)
    kept = groups * a.sparse_keep + min(rest, a.sparse_keep)
    return ceil_div(m * kept * n * a.rate_den, a.rows * a.cols * a.rate_num)


def _word(core: Any, field: str, words: tuple[str, ...]) -> int:
    value = getattr(core, field, words[0])
    if value not in words:
        raise LeptonError(f"tensor_core.{field}: {value!r} is not one of {', '.join(words)}")
    return words.index(value)


def _count(core: Any, field: str, default: int, least: int) -> int:
    value = getattr(core, field, default)
    if value == "rows":
        value = core.rows
    if not isinstance(value, int) or value < least:
        raise LeptonError(f"tensor_core.{field}: {value!r} is not a whole number of at least {least}")
    return value


def _sparsity(core: Any, sparsity: str | None) -> tuple[int, int]:
    if sparsity is None:
        return 1, 1
    offered = [str(each) for each in getattr(core, "sparsity", None) or ()]
    if sparsity not in offered:
        raise LeptonError(f"tensor_core.sparsity: {sparsity!r} is not offered (it has: {', '.join(offered) or 'none'})")
    keep, _, group = sparsity.partition(":")
    if not (keep.isdecimal() and group.isdecimal() and 1 <= int(keep) <= int(group)):
        raise LeptonError(f"tensor_core.sparsity: {sparsity!r} is not N:M with 1 <= N <= M, such as 2:4")
    return int(keep), int(group)


def _rate(core: Any, dtype: str | None) -> Fraction:
    if dtype is None:
        return Fraction(1)
    rates = getattr(core, "rates", None) or {}
    if dtype not in rates:
        raise LeptonError(f"tensor_core.rates: no rate for {dtype} (it has: {', '.join(rates) or 'none'})")
    rate = Fraction(rates[dtype]).limit_denominator(1024)
    if rate <= 0:
        raise LeptonError(f"tensor_core.rates.{dtype}: {rates[dtype]!r} is not above 0")
    return rate


def array_of(core: Any, dtype: str | None = None, sparsity: str | None = None) -> Array:
    """The array of a tensor core, working on ``dtype`` (None: one multiply-accumulate a cell and cycle).

    ``core`` has attributes named as the chip's YAML has them; those it lacks take the neutral value. ``round_rows`` may
    be "rows": the array's own number of rows. Raises LeptonError for a word, number, data type or sparsity that cannot
    be used.
    """
    rate = _rate(core, dtype)
    keep, group = _sparsity(core, sparsity)
    return Array(
        rows=_count(core, "rows", 0, 1),
        cols=_count(core, "cols", 0, 1),
        dataflow=_word(core, "dataflow", DATAFLOWS),
        schedule=_word(core, "schedule", SCHEDULES),
        load=_word(core, "load", MOVES),
        drain=_word(core, "drain", MOVES),
        edge=_word(core, "edge", EDGES),
        pipeline_stages=_count(core, "pipeline_stages", 0, 0),
        issue_overhead=_count(core, "issue_overhead", 0, 0),
        min_rows=_count(core, "min_rows", 1, 1),
        round_rows=_count(core, "round_rows", 1, 1),
        scratchpad_ports=_count(core, "scratchpad_ports", 2, 1),
        switch_settled=_word(core, "switch", SWITCHES),
        switch_overhead=_count(core, "switch_overhead", 0, 0),
        accumulator_preload=int(bool(getattr(core, "accumulator_preload", False))),
        rate_num=rate.numerator,
        rate_den=rate.denominator,
        sparse_keep=keep,
        sparse_group=group,
    )
