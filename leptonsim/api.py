"""The Python interface: ``load_chip``, ``load_model``, ``compile``, ``simulate``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from leptonsim.chip.spec import Chip
    from leptonsim.compiler.compile import Unsupported
    from leptonsim.compiler.policy import Policy
    from leptonsim.compiler.program import Program
    from leptonsim.model import Model
    from leptonsim.result.result import Result

Fidelity = Literal["fast", "detailed"]
"""How DRAM is timed: by the efficiency of the access patterns in flight, or burst by burst."""


def simulate(
    chip: Chip,
    model: Model,
    *,
    batch: int | None = None,
    dtype: str | None = None,
    policy: Policy | None = None,
    unsupported: Unsupported = "error",
    requests: int = 1,
    cold: bool = False,
    fidelity: Fidelity = "fast",
) -> Result:
    """Compile ``model`` for ``chip`` and run it ``requests`` times back to back.

    ``batch`` samples a request (default: the model's own), in ``dtype`` (default: the chip's), or layer by layer in
    what ``policy`` says (see ``load_policy``); ``unsupported`` operators are an error, or the work of the host;
    ``cold`` includes copying the weights over PCIe first; ``fidelity`` as in ``execute``. Raises LeptonError if the
    model cannot be mapped.
    """
    from leptonsim.compiler.compile import compile

    program = compile(chip, model, batch=batch, dtype=dtype, policy=policy, unsupported=unsupported)
    return execute(program, requests=requests, cold=cold, fidelity=fidelity)


def execute(
    program: Program,
    *,
    requests: int = 1,
    cold: bool = False,
    fidelity: Fidelity = "fast",
    arrivals_ps: Sequence[int] | None = None,
    seed: int = 0,
    carbon_g_per_kwh: float | None = None,
    watch: Callable[[Callable[[], float]], None] | None = None,
    trace: str | Path | None = None,
) -> Result:
    """Run a compiled program, on the chip that it was compiled for.

    ``fidelity`` "detailed" sends every burst through the DRAM kernel instead of taking the efficiency of the access
    patterns in flight. Requests come at ``arrivals_ps``, or back to back; ``seed`` is what those were drawn from, for
    the record. ``carbon_g_per_kwh`` is what the electricity of the place stands for, for the carbon of a sample.
    ``watch`` is called once, before the run, with a function that tells the share of it that is
    done, from 0 to 1; it may be called from another thread. ``trace`` is a file to write the run's timeline to:
    .pftrace (Perfetto) or .json (Chrome's trace events). Raises LeptonError for fewer than one request, or if the
    trace cannot be written.
    """
    from leptonsim.errors import LeptonError
    from leptonsim.machine.governing import is_governed
    from leptonsim.machine.machine import Machine
    from leptonsim.result.from_record import make_result
    from leptonsim.result.trace import check_trace_path, write_trace

    if carbon_g_per_kwh is not None and not 0 <= carbon_g_per_kwh < math.inf:
        raise LeptonError(f"carbon_g_per_kwh is {carbon_g_per_kwh}: expects grams, at least 0")
    if requests < 1:
        raise LeptonError(f"requests is {requests}: at least one is needed")
    if arrivals_ps is not None and len(arrivals_ps) != requests:
        raise LeptonError(f"{len(arrivals_ps)} arrivals for {requests} requests")
    if trace is not None:
        check_trace_path(trace)
    if fidelity == "detailed":
        from leptonsim.machine.detailed import execute_detailed

        if is_governed(program.chip) or arrivals_ps is not None:
            raise LeptonError("fidelity detailed runs back to back under the fixed governor only, and without heat")
        record = execute_detailed(program, requests, cold, log_jobs=trace is not None)
    else:
        machine = Machine(program, log_jobs=trace is not None)
        if watch is not None:
            runs = requests * program.runs_per_request
            watch(lambda: machine.completed_runs / runs)
        record = machine.execute(requests, cold, arrivals_ps)
    result = make_result(program, record, requests, seed, carbon_g_per_kwh)
    if trace is not None:
        write_trace(trace, program, record, result)
    return result
