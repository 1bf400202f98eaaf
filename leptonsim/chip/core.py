"""One core: tensor core, vector unit, SRAM and DMA engines, as parameters.

The tensor core is a systolic array of rows x cols cells (or several of them); its dataflow and schedule choose the
closed form that counts its cycles. What is particular to one engine (pipeline latency, minimum rows) is a parameter,
never a name in code.
"""

from typing import Annotated, Literal

from leptonsim.chip.declare import Part, param
from leptonsim.chip.scalars import Flag, Integer, IntegerOr, Measure, Number, Text
from leptonsim.chip.units import SIZE, TIME, WIDTH

Dtype = Literal["int4", "int8", "fp8", "bf16", "fp16", "tf32", "fp32"]
VectorFunction = Literal["add", "mul", "exp", "div", "reduce"]

ELEMENT_BITS = {"int4": 4, "int8": 8, "fp8": 8, "bf16": 16, "fp16": 16, "tf32": 32, "fp32": 32}
"""Bits of one element in memory; tf32 is stored as fp32."""

Rate = Annotated[float, Number(over=0, most=64)]


class TensorCore(Part):
    """Systolic arrays with their accumulators."""

    rows: Annotated[int, Integer(1, 4096)] = param(
        "rows", "Rows of cells in each array: the length of one reduction fold (weight stationary)."
    )
    cols: Annotated[int, Integer(1, 4096)] = param("cols", "Columns of cells in each array.")
    count: Annotated[int, Integer(1, 64)] = param("count", "Arrays in each core.", 1)
    dataflow: Literal["weight_stationary", "output_stationary", "input_stationary"] = param(
        "dataflow", "The operand that stays in the cells."
    )
    schedule: Literal["serial", "single", "double", "scalesim"] = param(
        "schedule", "Overlap of folds: none; one weight (or accumulator) buffer; two; or as SCALE-Sim counts them."
    )
    load: Literal["skewed", "broadside"] = param(
        "load", "How weights enter: row by row behind the wavefront, or all rows shifting at once."
    )
    drain: Literal["skewed", "broadside"] = param(
        "drain", "How outputs leave an output-stationary array: behind the wavefront, or all rows at once."
    )
    edge: Literal["padded", "trimmed"] = param(
        "edge", "Ragged folds: padded to the whole array, or only the rows and columns in use."
    )
    accumulator_size_bytes: Annotated[int, Measure(SIZE, "4 B", "1 GiB")] = param(
        "accumulator_size", "Accumulator memory of each array."
    )
    rates: dict[Dtype, Rate] = param(
        "rates", "Multiply-accumulates per cell and cycle by data type; a type that is absent cannot be run."
    )
    sparsity: tuple[Annotated[str, Text(r"[1-9]\d?:[1-9]\d?", 'a pattern "N:M", such as 2:4')], ...] = param(
        "sparsity", "Structured sparsity that the cells exploit: N of M weights are kept.", ()
    )
    pipeline_stages: Annotated[int, Integer(0, 4096)] = param(
        "pipeline_stages", "Registers at the edges of the mesh: extra cycles of each pass through it.", 0
    )
    issue_overhead: Annotated[int, Integer(0, 65536)] = param(
        "issue_overhead", "Extra cycles of each matrix product: from command to operands, from result to idle.", 0
    )
    min_rows: Annotated[int, Integer(1, 4096)] = param("min_rows", "Fewest rows that the last block streams.", 1)
    round_rows: Annotated[int | Literal["rows"], IntegerOr("rows", 1, 4096)] = param(
        "round_rows", "Rows streamed in one block, which folds start on; `rows` stands for the rows of the array.", 1
    )
    scratchpad_ports: Annotated[Literal[1, 2], Integer(1, 2)] = param(
        "scratchpad_ports",
        "1 where both operands come through one port, so that loading weights stops the stream; else 2.",
        2,
    )
    switch: Literal["rolling", "settled"] = param(
        "switch", "The next weights enter right behind a switch of buffers, or when it has crossed all rows.", "rolling"
    )
    switch_overhead: Annotated[int, Integer(0, 4096)] = param(
        "switch_overhead", "Extra cycles of each load of weights after the first.", 0
    )
    accumulator_preload: Annotated[bool, Flag()] = param(
        "accumulator_preload", "Output-stationary accumulators are first loaded with a bias, row by row.", False
    )


class VectorUnit(Part):
    """Lanes that do everything that is not a matrix product."""

    lanes: Annotated[int, Integer(1, 65536)] = param("lanes", "Elements processed side by side.")
    rates: dict[VectorFunction, Rate] = param("rates", "Operations per lane and cycle by class of function (all five).")


class Sram(Part):
    """The core's own scratchpad."""

    size_bytes: Annotated[int, Measure(SIZE, "1 KiB", "4 GiB")] = param("size", "Capacity.")
    banks: Annotated[int, Integer(1, 4096)] = param("banks", "Banks that can be accessed in the same cycle.")
    read_bytes_per_cycle: Annotated[int, Measure(WIDTH, "1 B/cycle", "64 KiB/cycle")] = param(
        "read", "Bytes read per core cycle, all banks together."
    )
    write_bytes_per_cycle: Annotated[int, Measure(WIDTH, "1 B/cycle", "64 KiB/cycle")] = param(
        "write", "Bytes written per core cycle."
    )
    ports: Annotated[Literal[1, 2], Integer(1, 2)] = param(
        "ports", "Ports of each bank: with 1 a write of the DMA holds up a read of the same bank; with 2 they pass.", 1
    )
    cell: Literal["high_performance", "low_standby_power"] = param(
        "cell", "Kind of its cells: energy of accesses and, beside other blocks, leakage.", "high_performance"
    )
    access_bytes: Annotated[int, Measure(SIZE, "8 B", "128 B")] = param(
        "access", "Bytes of one access to a bank: narrow ones take more energy for each byte.", 64
    )


class Dma(Part):
    """The engines that move tiles between the SRAM and what lies beyond."""

    engines: Annotated[int, Integer(1, 64)] = param("engines", "Transfers in progress at once.")
    outstanding: Annotated[int, Integer(1, 65536)] = param("outstanding", "Accesses in flight for each engine.")
    setup_ps: Annotated[int, Measure(TIME, "0 ps", "1 ms")] = param(
        "setup", "Time from the start of a job to its first access."
    )
    port_bytes_per_cycle: Annotated[int, Measure(WIDTH, "1 B/cycle", "64 KiB/cycle")] = param(
        "port", "Widest transfer of one engine and direction."
    )
    access_bytes: Annotated[int, Measure(SIZE, "1 B", "64 KiB")] = param(
        "access", "Bytes of one outstanding access.", 256
    )


class Core(Part):
    """One core; all cores of a chip are alike."""

    tensor_core: TensorCore = param("tensor_core", "Matrix products.")
    vector_unit: VectorUnit = param("vector_unit", "Element-wise functions and reductions.")
    sram: Sram = param("sram", "The core's scratchpad.")
    dma: Dma = param("dma", "Data movement in and out of the scratchpad.")
