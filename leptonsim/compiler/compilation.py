"""One model on one chip: what a program has whatever its mappings are, and the programs.

The work, where activations live, which weights stay on the host and what memory is taken follow from model and chip
alone. They are found once; a program is then made for each way to map the products.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from leptonsim.chip.spec import Chip
from leptonsim.compiler.outline import Outline, outline
from leptonsim.compiler.placement import place
from leptonsim.compiler.policy import Policy
from leptonsim.compiler.program import Memory, Program
from leptonsim.compiler.requantise import under
from leptonsim.compiler.schedule import Choose, Scheduler, fastest_mapping
from leptonsim.compiler.steps import Steps
from leptonsim.compiler.target import Target
from leptonsim.compiler.uncollected import uncollected
from leptonsim.compiler.workload import Workload, workload
from leptonsim.errors import LeptonError
from leptonsim.model import Model

Unsupported = Literal["error", "host"]
"""What becomes of operators that cannot be mapped."""

MANY_SPILLS = 3
"""Spilled tensors named in a warning."""


class Compilation:
    """A model's graph as it is bound, on a chip, to be run ``repeats`` times for one request.

    ``dtype``, ``policy`` and ``unsupported`` are those of ``leptonsim.compile``, which tells what is raised.
    """

    def __init__(
        self,
        chip: Chip,
        model: Model,
        dtype: str | None,
        repeats: int = 1,
        policy: Policy | None = None,
        unsupported: Unsupported = "error",
    ) -> None:
        self._model, self._repeats = model, repeats
        self._target = target = Target(chip, dtype)
        graph = model.graph
        host_too = unsupported == "host"
        kept_as = "workload, host" if host_too else "workload"
        with uncollected():
            self._operators: Workload = model.derived(kept_as, lambda graph: workload(graph, host_too))
        self._warnings = [_told_of_host(self._operators)] if self._operators.on_host else []
        if graph.largest:
            self._warnings.append(_told_of_largest(graph.largest))
        if policy is None:
            with uncollected():
                work = model.derived(f"outline of {kept_as}", lambda graph: outline(self._operators, graph))
        else:
            all_names = tuple((operator.name, *operator.nodes) for operator in self._operators.operators)
            self._warnings += [
                f"the precision policy has {each!r}, which fits no layer" for each in policy.unused(all_names)
            ]
            work = outline(under(policy, self._operators, graph, target.dtype), graph)
        if not work.lines:
            raise LeptonError(
                f"{model.name}: the model does nothing but rename its inputs; there is no work to simulate"
            )
        self._work: Outline = work
        self._placement = place(target, work)
        self._streamed: Mapping[str, int] = {}
        self._memory = self._fit(chip, work)
        self._scheduler = Scheduler(target, work, self._placement, frozenset(self._streamed))
        self._steps = Steps(target, work, self._placement)
        spilled = self._placement.spilled
        if spilled:
            names = ", ".join([*spilled[:MANY_SPILLS], *(["..."] if len(spilled) > MANY_SPILLS else [])])
            self._warnings.append(
                f"{len(spilled)} activation{'s' if len(spilled) > 1 else ''} did not fit on the chip and went to DRAM "
                f"({names})"
            )

    @property
    def waits_for_inputs(self) -> bool:
        """Whether nothing can be done before the inputs are there: every operator waits for them or for another."""
        return all(line.after for line in self._work.lines)

    def _fit(self, chip: Chip, work: Outline) -> Memory:
        """What memory is taken, once weights that do not fit stay on the host."""
        name, dtype, ledger, repeats = self._model.name, self._target.dtype, self._placement.ledger, self._repeats
        total_weights, weights_read, input_bytes, output_bytes, state_bytes = (
            int(elements.in_bytes(dtype).sum())
            for elements in (work.weights_held, work.weights_read, work.given, work.put_out, work.state)
        )
        activations = ledger.dram_peak - state_bytes
        excess = total_weights + state_bytes + activations - chip.dram.capacity_bytes
        if excess > 0:
            self._streamed = _to_stream(work, self._target, excess)
            if sum(self._streamed.values()) < excess:
                raise LeptonError(
                    f"{name} does not fit {chip.name}: state and activations take {state_bytes + activations} B of "
                    f"{chip.dram.capacity_bytes} B of DRAM even with all weights on the host; "
                    "enlarge dram.capacity or lower the batch or sequence length"
                )
            self._warnings.append(
                f"weights of {_gib(total_weights)} do not fit dram.capacity of {_gib(chip.dram.capacity_bytes)}: "
                f"{_gib(sum(self._streamed.values()))} stream from the host over PCIe in every run"
            )
        on_host = sum(self._streamed.values())
        return Memory(
            weights_bytes=total_weights,
            weights_read_bytes=weights_read,
            weights_on_host_bytes=on_host,
            input_bytes=repeats * input_bytes,
            output_bytes=repeats * output_bytes,
            state_bytes=state_bytes,
            activations_bytes=max(0, activations),
            dram_peak_bytes=total_weights - on_host + ledger.dram_peak,
            dram_capacity_bytes=chip.dram.capacity_bytes,
            shared_peak_bytes=ledger.shared_peak,
            sram_peak_bytes=ledger.sram_peak,
            sram_capacity_bytes=chip.core.sram.size_bytes,
        )

    def program(self, choose: Choose = fastest_mapping) -> Program:
        """The program in which ``choose`` mapped every product."""
        target, graph, work = self._target, self._model.graph, self._work
        mapped = self._scheduler.schedule(choose)
        arrays = self._steps.arrays(mapped.mapped)
        if not len(arrays.steps):
            raise LeptonError(f"{self._model.name}: every tensor of the model is empty; there is no work to simulate")
        return Program(
            chip=target.chip,
            model=self._model.name,
            model_digest=graph.digest,
            batch=graph.batch * self._repeats,
            tokens=None if graph.tokens is None else graph.tokens * self._repeats,
            dtype=target.dtype,
            runs_per_request=self._repeats,
            operators=tuple(mapped.operators),
            mapped=dict(self._operators.mapped),
            views=work.views,
            routes=mapped.routes,
            memory=self._memory,
            warnings=tuple(self._warnings),
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
