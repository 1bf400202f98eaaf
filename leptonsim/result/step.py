"""One operator of a result, as the JSON has it."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One operator in the first run; ``bytes`` are those that DRAM gave and took; ``energy_pj`` is without static.

    ``spans_ps`` is from the first job to the last of each engine, of all cores together; ``sram_resident_bytes`` (of
    one core) and ``shared_sram_resident_bytes`` are what tensors take while it runs, ``sram_staging_bytes`` the most
    that tiles on their way take beside them, ``sram_banks_off`` how many of one core's banks are off on average. The
    schema says what each field is.
    """

    name: str
    kind: str
    engine: str
    start_ps: int
    end_ps: int
    time_ps: int
    macs: int
    vector_operations: int
    bytes: int
    energy_pj: float
    bound_by: str
    waits_ps: dict[str, int]
    mapping: str
    dtype: str
    spans_ps: dict[str, tuple[int, int]]
    energy_breakdown_pj: dict[str, float]
    sram_resident_bytes: int
    shared_sram_resident_bytes: int
    sram_staging_bytes: int
    sram_banks_off: float = 0.0
