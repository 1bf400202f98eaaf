"""From a model and a chip to a program.

    workload (fold, recognise, lower, fuse)  ->  schedule (place, tile, order)  ->  Program

Batches: a program for the whole batch and one for a single sample, run once for each, are both made where the batch is
more than one; the one that the machine finishes first is taken. Of small models so are the mappings (``refine``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from leptonsim.chip.spec import Chip
from leptonsim.compiler.outline import Outline, outline
from leptonsim.compiler.placement import place
from leptonsim.compiler.policy import Policy
from leptonsim.compiler.program import Memory, Program
from leptonsim.compiler.refine import refined
from leptonsim.compiler.requantise import under
from leptonsim.compiler.schedule import Choose, fastest_mapping, schedule
from leptonsim.compiler.steps import step_arrays
from leptonsim.compiler.target import Target
from leptonsim.compiler.workload import Workload, workload
from leptonsim.errors import LeptonError
from leptonsim.model import Model

Unsupported = Literal["error", "host"]
"""What becomes of operators that cannot be mapped."""

MANY_SPILLS = 3
"""Spilled tensors named in a warning."""


def compile(
    chip: Chip,
    model: Model,
    *,
    batch: int | None = None,
    dtype: str | None = None,
    policy: Policy | None = None,
    unsupported: Unsupported = "error",
) -> Program:
    """The program of ``model`` for ``chip``.

    ``batch`` is the samples of a run (default: the model's own), ``dtype`` the data type of floating-point models
    (default: the chip's ``software.default_dtype``), ``policy`` those of single layers and of caches;
    with ``unsupported`` "host", operators that cannot be mapped are done by the host.

    Raises LeptonError if an operator cannot be mapped, a tile cannot fit, the chip has no rate for the data type, or
    the model cannot be read at that batch.
    """
    if batch is not None:
        model = model.with_batch(batch)
    whole = _best(chip, model, dtype, policy, unsupported)
    count = model.graph.batch
    if count == 1 or not _separable(model):
        return whole
    single = _best(chip, model.with_batch(1), dtype, policy, unsupported, repeats=count)
    return min((whole, single), key=_device_time)


def _best(
    chip: Chip, model: Model, dtype: str | None, policy: Policy | None, unsupported: Unsupported, repeats: int = 1
) -> Program:
    return refined(lambda choose: compile_graph(chip, model, dtype, repeats, choose, policy, unsupported), _device_time)


def _separable(model: Model) -> bool:
    """Whether the model can be read for a single sample."""
    try:
        model.with_batch(1)
    except LeptonError:
        return False
    return True


def _device_time(program: Program) -> int:
    from leptonsim.machine.machine import Machine

    return Machine(program, governed=False).execute(1).makespan_ps


def compile_graph(
    chip: Chip,
    model: Model,
    dtype: str | None,
    repeats: int = 1,
    choose: Choose = fastest_mapping,
    policy: Policy | None = None,
    unsupported: Unsupported = "error",
) -> Program:
    """The program of a model's graph as it is bound, to be run ``repeats`` times for one request."""
    graph = model.graph
    target = Target(chip, dtype)
    host_too = unsupported == "host"
    kept_as = "workload, host" if host_too else "workload"
    operators: Workload = model.derived(kept_as, lambda graph: workload(graph, host_too))
    warnings = [_told_of_host(operators)] if operators.on_host else []
    if graph.largest:
        warnings.append(_told_of_largest(graph.largest))
    if policy is None:
        work = model.derived(f"outline of {kept_as}", lambda graph: outline(operators, graph))
    else:
        all_names = tuple((operator.name, *operator.nodes) for operator in operators.operators)
        warnings += [f"the precision policy has {each!r}, which fits no layer" for each in policy.unused(all_names)]
        work = outline(under(policy, operators, graph, target.dtype), graph)
    if not work.lines:
        raise LeptonError(f"{model.name}: the model does nothing but rename its inputs; there is no work to simulate")
    placement = place(target, work)
    total_weights, weights_read, input_bytes, output_bytes, state_bytes = (
        int(elements.in_bytes(target.dtype).sum())
        for elements in (work.weights_held, work.weights_read, work.given, work.put_out, work.state)
    )
    activations = placement.ledger.dram_peak - state_bytes
    streamed: Mapping[str, int] = {}
    excess = total_weights + state_bytes + activations - chip.dram.capacity_bytes
    if excess > 0:
        streamed = _to_stream(work, target, excess)
        if sum(streamed.values()) < excess:
            raise LeptonError(
                f"{model.name} does not fit {chip.name}: state and activations take {state_bytes + activations} B of "
                f"{chip.dram.capacity_bytes} B of DRAM even with all weights on the host; "
                "enlarge dram.capacity or lower the batch or sequence length"
            )
        warnings.append(
            f"weights of {_gib(total_weights)} do not fit dram.capacity of {_gib(chip.dram.capacity_bytes)}: "
            f"{_gib(sum(streamed.values()))} stream from the host over PCIe in every run"
        )
    if placement.spilled:
        count = len(placement.spilled)
        names = ", ".join([*placement.spilled[:MANY_SPILLS], *(["..."] if count > MANY_SPILLS else [])])
        warnings.append(
            f"{count} activation{'s' if count > 1 else ''} did not fit on the chip and went to DRAM ({names})"
        )
    mapped = schedule(target, work, placement, frozenset(streamed), choose)
    arrays = step_arrays(target.cores, work, mapped.mapped, placement.room)
    if not len(arrays.steps):
        raise LeptonError(f"{model.name}: every tensor of the model is empty; there is no work to simulate")
    on_host = sum(streamed.values())
    return Program(
        chip=chip,
        model=model.name,
        model_digest=graph.digest,
        batch=graph.batch * repeats,
        tokens=None if graph.tokens is None else graph.tokens * repeats,
        dtype=target.dtype,
        runs_per_request=repeats,
        operators=tuple(mapped.operators),
        mapped=dict(operators.mapped),
        views=work.views,
        routes=mapped.routes,
        memory=Memory(
            weights_bytes=total_weights,
            weights_read_bytes=weights_read,
            weights_on_host_bytes=on_host,
            input_bytes=repeats * input_bytes,
            output_bytes=repeats * output_bytes,
            state_bytes=state_bytes,
            activations_bytes=max(0, activations),
            dram_peak_bytes=total_weights - on_host + placement.ledger.dram_peak,
            dram_capacity_bytes=chip.dram.capacity_bytes,
            shared_peak_bytes=placement.ledger.shared_peak,
            sram_peak_bytes=placement.ledger.sram_peak,
            sram_capacity_bytes=chip.core.sram.size_bytes,
        ),
        warnings=tuple(warnings),
        upper_bounds=dict(graph.largest),
        **arrays._asdict(),
    )


def _told_of_largest(largest: Mapping[str, int]) -> str:
    names = ", ".join(f"{name}={count}" for name, count in list(largest.items())[:MANY_SPILLS])
    more = f" and {len(largest) - MANY_SPILLS} more" if len(largest) > MANY_SPILLS else ""
    return f"how many results there are depends on the data, so the most are taken (--bind changes it): {names}{more}"


def _told_of_host(work: Workload) -> str:
    names = [f"{operator.name} ({operator.kind})" for operator in work.operators if operator.engine == "host"]
    more = f" and {len(names) - MANY_SPILLS} more" if len(names) > MANY_SPILLS else ""
    return (
        f"{len(names)} operator{'s run' if len(names) > 1 else ' runs'} on the host, which the chip has no way to do, "
        f"with transfers over PCIe: {', '.join(names[:MANY_SPILLS])}{more}"
    )


def _to_stream(work: Outline, target: Target, excess: int) -> dict[str, int]:
    """Weights of products to leave on the host and their bytes, from the last layer backwards, until the rest fits."""
    sizes = dict(zip(work.weights, work.weights_held.in_bytes(target.dtype).tolist(), strict=True))
    chosen: dict[str, int] = {}
    for line in reversed(work.lines):
        if excess <= 0:
            break
        if line.operator.engine == "tensor":
            name = line.operator.inputs[1].tensor
            if name in sizes and name not in chosen:
                chosen[name] = sizes[name]
                excess -= sizes[name]
    return chosen


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.2f} GiB"
