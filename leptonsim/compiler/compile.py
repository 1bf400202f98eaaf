"""From a model and a chip to a program.

    workload (fold, recognise, lower, fuse)  ->  schedule (place, tile, order)  ->  Program

Batches: a program for the whole batch and one for a single sample, run once for each, are both made where the batch is
more than one; the one that the machine finishes first is taken. Of small models so are the mappings (``refine``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from leptonsim.chip.spec import Chip
from leptonsim.compiler.placement import INPUT
from leptonsim.compiler.policy import Policy
from leptonsim.compiler.precision import element_bits
from leptonsim.compiler.program import Memory, Program
from leptonsim.compiler.refine import refined
from leptonsim.compiler.requantise import under
from leptonsim.compiler.schedule import Choose, Schedule, fastest_mapping, schedule
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Operator
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
    work: Workload = model.derived(kept_as, lambda graph: workload(graph, host_too))
    warnings = [_told_of_host(work)] if work.on_host else []
    if graph.largest:
        warnings.append(_told_of_largest(graph.largest))
    if policy is not None:
        all_names = tuple((operator.name, *operator.nodes) for operator in work.operators)
        warnings += [f"the precision policy has {each!r}, which fits no layer" for each in policy.unused(all_names)]
        work = under(policy, work, graph, target.dtype)
    operators = [operator for operator in work.operators if operator.engine != "view"]
    if not operators:
        raise LeptonError(f"{model.name}: the model does nothing but rename its inputs; there is no work to simulate")
    state = frozenset(graph.resident)
    weights = _weight_bytes(work, target)
    total_weights = sum(weights.values())
    inputs = [name for name in graph.inputs if name in work.tensors]
    state_bytes = sum(_bytes(work, target, name) for name in inputs if name in state)
    mapped = schedule(target, work, inputs, graph.outputs, state, frozenset(), choose)
    activations = mapped.ledger.dram_peak - state_bytes
    excess = total_weights + state_bytes + activations - chip.dram.capacity_bytes
    streamed: frozenset[str] = frozenset()
    if excess > 0:
        streamed = _to_stream(work.operators, weights, excess)
        on_host = sum(weights[name] for name in streamed)
        if on_host < excess:
            raise LeptonError(
                f"{model.name} does not fit {chip.name}: state and activations take {state_bytes + activations} B of "
                f"{chip.dram.capacity_bytes} B of DRAM even with all weights on the host; "
                "enlarge dram.capacity or lower the batch or sequence length"
            )
        warnings.append(
            f"weights of {_gib(total_weights)} do not fit dram.capacity of {_gib(chip.dram.capacity_bytes)}: "
            f"{_gib(on_host)} stream from the host over PCIe in every run"
        )
        mapped = schedule(target, work, inputs, graph.outputs, state, streamed, choose)
    if mapped.ledger.spilled:
        count = len(mapped.ledger.spilled)
        names = ", ".join([*mapped.ledger.spilled[:MANY_SPILLS], *(["..."] if count > MANY_SPILLS else [])])
        warnings.append(
            f"{count} activation{'s' if count > 1 else ''} did not fit on the chip and went to DRAM ({names})"
        )
    runs, blocks, steps, cores, dependencies = mapped.arrays()
    if not len(steps):
        raise LeptonError(f"{model.name}: every tensor of the model is empty; there is no work to simulate")
    on_host = sum(weights[name] for name in streamed)
    return Program(
        chip=chip,
        model=model.name,
        model_digest=graph.digest,
        batch=graph.batch * repeats,
        tokens=None if graph.tokens is None else graph.tokens * repeats,
        dtype=target.dtype,
        runs_per_request=repeats,
        operators=tuple(mapped.operators),
        mapped=_with_joins(work.mapped, mapped.joined),
        views=tuple(mapped.views),
        routes=tuple(mapped.routes.routes),
        memory=Memory(
            weights_bytes=total_weights,
            weights_read_bytes=_weights_read(work, target),
            weights_on_host_bytes=on_host,
            input_bytes=repeats * sum(_bytes(work, target, name) for name in inputs if name not in state),
            output_bytes=repeats * sum(_bytes(work, target, name) for name in graph.outputs if name not in state),
            state_bytes=state_bytes,
            activations_bytes=max(0, mapped.ledger.dram_peak - state_bytes),
            dram_peak_bytes=total_weights - on_host + mapped.ledger.dram_peak,
            dram_capacity_bytes=chip.dram.capacity_bytes,
            shared_peak_bytes=mapped.ledger.shared_peak,
            sram_peak_bytes=mapped.ledger.sram_peak,
            sram_capacity_bytes=chip.core.sram.size_bytes,
        ),
        warnings=tuple(warnings),
        runs=runs,
        blocks=blocks,
        steps=steps,
        cores=cores,
        dependencies=dependencies,
    )


def _told_of_host(work: Workload) -> str:
    names = [f"{operator.name} ({operator.kind})" for operator in work.operators if operator.engine == "host"]
    more = f" and {len(names) - MANY_SPILLS} more" if len(names) > MANY_SPILLS else ""
    return (
        f"{len(names)} operator{'s run' if len(names) > 1 else ' runs'} on the host, which the chip has no way to do, "
        f"with transfers over PCIe: {', '.join(names[:MANY_SPILLS])}{more}"
    )


def _told_of_largest(largest: Mapping[str, int]) -> str:
    names = ", ".join(f"{name}={count}" for name, count in list(largest.items())[:MANY_SPILLS])
    more = f" and {len(largest) - MANY_SPILLS} more" if len(largest) > MANY_SPILLS else ""
    return f"how many results there are depends on the data, so the most are taken (--bind changes it): {names}{more}"


def _with_joins(places: Mapping[str, int], joined: int) -> dict[str, int]:
    """The count of nodes by where they went, joins made in place counted as views."""
    moved = {"dma": places["dma"] - joined, "view": places["view"] + joined} if joined else {}
    return {**places, **moved}


def _bytes(work: Workload, target: Target, name: str) -> int:
    tensor = work.tensors[name]
    return -(-tensor.elements * element_bits(tensor.dtype, target.dtype) // 8)


def _weight_bytes(work: Workload, target: Target) -> dict[str, int]:
    """Bytes of every weight that an operator reads, in the data type of the run; a table counts whole, not by row."""
    used = {operand.tensor for operator in work.operators for operand in operator.inputs}
    return {name: _bytes(work, target, name) for name in sorted(used) if work.tensors[name].kind == "weight"}


def _weights_read(work: Workload, target: Target) -> int:
    """Bytes of weights that one run reads at least once."""
    read: dict[str, int] = {}
    for operator in work.operators:
        for operand in operator.inputs:
            tensor = work.tensors[operand.tensor]
            if tensor.kind == "weight":
                size = -(-min(operand.elements, tensor.elements) * element_bits(tensor.dtype, target.dtype) // 8)
                read[operand.tensor] = max(read.get(operand.tensor, 0), size)
    return sum(read.values())


def _to_stream(operators: tuple[Operator, ...], weights: dict[str, int], excess: int) -> frozenset[str]:
    """Weights of products to leave on the host, from the last layer backwards, until the rest fits."""
    chosen: set[str] = set()
    for operator in reversed(operators):
        if excess <= 0:
            break
        if (
            operator.engine == "tensor"
            and operator.inputs[1].tensor in weights
            and operator.inputs[1].tensor not in chosen
        ):
            chosen.add(operator.inputs[1].tensor)
            excess -= weights[operator.inputs[1].tensor]
    return frozenset(chosen)


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.2f} GiB"


__all__ = ["INPUT", "Schedule", "compile", "compile_graph"]
