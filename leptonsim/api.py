"""The Python interface: ``load_chip``, ``load_model``, ``compile``, ``simulate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from leptonsim.chip.spec import Chip
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
    requests: int = 1,
    cold: bool = False,
    fidelity: Fidelity = "fast",
) -> Result:
    """Compile ``model`` for ``chip`` and run it ``requests`` times back to back.

    ``batch`` samples a request (default: the model's own), in ``dtype`` (default: the chip's); ``cold`` includes
    copying the weights over PCIe first; ``fidelity`` as in ``execute``. Raises LeptonError if the model cannot be mapped.
    """
    from leptonsim.compiler.compile import compile

    return execute(compile(chip, model, batch=batch, dtype=dtype), requests=requests, cold=cold, fidelity=fidelity)


def execute(
    program: Program,
    *,
    requests: int = 1,
    cold: bool = False,
    fidelity: Fidelity = "fast",
    watch: Callable[[Callable[[], float]], None] | None = None,
) -> Result:
    """Run a compiled program, on the chip that it was compiled for.

    ``fidelity`` "detailed" sends every burst through the DRAM kernel instead of taking the efficiency of the access
    patterns in flight. ``watch`` is called once, before the run, with a function that tells the share of it that is done, from 0 to 1; it
    may be called from another thread. Raises LeptonError for fewer than one request.
    """
    from leptonsim.errors import LeptonError
    from leptonsim.machine.machine import Machine
    from leptonsim.result.result import make_result

    if requests < 1:
        raise LeptonError(f"requests is {requests}: at least one is needed")
    if fidelity == "detailed":
        from leptonsim.machine.detailed import execute_detailed

        return make_result(program, execute_detailed(program, requests, cold), requests)
    machine = Machine(program)
    if watch is not None:
        runs = requests * program.runs_per_request
        watch(lambda: machine.completed_runs / runs)
    return make_result(program, machine.execute(requests, cold), requests)
