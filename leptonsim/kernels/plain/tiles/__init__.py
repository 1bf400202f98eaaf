"""The tile machine in plain Python: the specification of ``leptonsim.kernels.tiles``.

It says the rules of the machine one by one, with lists and explicit loops, and expands every run into tiles, so it is
some hundred times slower than the compiled kernel; on the same input both give the same integers. The rules, and where
they are:

- ``program``: what a program is (runs, blocks, steps), when operands leave the staging space, and which arguments are
  refused;
- ``stages``: the stages that tiles pass in order, and the conditions under which a tile passes each;
- ``engines``: how long a job lasts: cycles at a clock, latency, bytes at a shared rate;
- ``rest``: which blocks rest, how long, and what waking them takes;
- ``banks``: which banks of the cores' SRAM hold data;
- ``accounts``: to what cause every picosecond of every engine is put down;
- ``machine``: what happens first at one instant, and what the outside can do.
"""

from leptonsim.kernels.plain.tiles.accounts import CAUSE_NAMES
from leptonsim.kernels.plain.tiles.banks import BANK_FIELDS
from leptonsim.kernels.plain.tiles.engines import WORK_FIELDS
from leptonsim.kernels.plain.tiles.machine import EVENT_NAMES, TileMachine
from leptonsim.kernels.plain.tiles.program import ENGINE_NAMES, JOB_FIELDS, RUN_FIELDS, STEP_FIELDS
from leptonsim.kernels.plain.tiles.rest import BLOCK_NAMES, REST_FIELDS

__all__ = [
    "BANK_FIELDS",
    "BLOCK_NAMES",
    "CAUSE_NAMES",
    "ENGINE_NAMES",
    "EVENT_NAMES",
    "JOB_FIELDS",
    "REST_FIELDS",
    "RUN_FIELDS",
    "STEP_FIELDS",
    "WORK_FIELDS",
    "TileMachine",
]
