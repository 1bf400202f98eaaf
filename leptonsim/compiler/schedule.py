"""Operators in order onto the cores: place, map, number the steps, tie the dependencies.

For each operator the result is placed first (SRAM if it fits), then every way to do the work is planned and the fastest is taken.
A core that finds its inputs where it left them waits for its own earlier step only; otherwise for all cores' steps of the operator that
made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from leptonsim.compiler.operands import Located, locate
from leptonsim.compiler.placement import INPUT, RESIDENT, ROWS, Home, Ledger, Placed
from leptonsim.compiler.plan import Plan, Tiles
from leptonsim.compiler.precision import element_bits, product_dtype
from leptonsim.compiler.products import make_product, packing
from leptonsim.compiler.program import Integers, ProgramOperator
from leptonsim.compiler.routes import RouteTable
from leptonsim.compiler.streams import plan_stream
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Operator
from leptonsim.compiler.workload import Workload


@dataclass(slots=True)
class _Step:
    """One core's part of one operator; ``after`` holds (operator, only this core's step of it)."""

    operator: int
    tiles: Tiles
    plan: Plan
    stage_bytes: int
    after: tuple[tuple[int, bool], ...]


@dataclass
class Schedule:
    """What the loop over operators gathers; ``arrays`` turns it into what the tile kernel takes."""

    target: Target
    routes: RouteTable = field(default_factory=RouteTable)
    operators: list[ProgramOperator] = field(default_factory=list)
    views: list[str] = field(default_factory=list)
    steps: list[list[_Step]] = field(default_factory=list)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        """One list of steps for each core."""
        self.steps = [[] for _ in range(self.target.cores)]
        self.ledger = Ledger(self.target)

    def arrays(self) -> tuple[Integers, Integers, Integers, Integers, Integers]:
        """Runs, blocks, steps, cores and dependencies of the program."""
        runs: list[tuple[int, ...]] = []
        blocks: list[tuple[int, ...]] = []
        laid: dict[int, tuple[int, int]] = {}
        rows: list[tuple[int, ...]] = []
        dependencies: list[int] = []
        offsets = np.cumsum([0, *(len(steps) for steps in self.steps)])
        numbers = [{step.operator: index for index, step in enumerate(steps)} for steps in self.steps]
        count, total = len(self.operators), int(offsets[-1])
        for core, steps in enumerate(self.steps):
            for step in steps:
                key = id(step.tiles)
                if key not in laid:
                    first = len(blocks)
                    blocks += [(times, begin + len(runs), end + len(runs)) for times, begin, end in step.tiles.blocks]
                    runs += step.tiles.runs
                    laid[key] = (first, len(blocks))
                begin = len(dependencies)
                for maker, own in step.after:
                    if maker == INPUT:
                        dependencies.append(count + total)
                    elif own and maker in numbers[core]:
                        dependencies.append(count + int(offsets[core]) + numbers[core][maker])
                    else:
                        dependencies.append(maker)
                plan = step.plan
                rows.append(
                    (
                        *laid[key],
                        step.stage_bytes,
                        step.tiles.accumulators,
                        *(-1 if route is None else self.routes.index(route) for route in (plan.w, plan.a, plan.x, plan.o)),
                        int(plan.weights_wait),
                        begin,
                        len(dependencies),
                        step.operator,
                    )
                )
        return (
            np.array(runs, dtype=np.int64).reshape(-1, 7),
            np.array(blocks, dtype=np.int64).reshape(-1, 3),
            np.array(rows, dtype=np.int64).reshape(-1, 12),
            offsets.astype(np.int64),
            np.array(dependencies, dtype=np.int64),
        )


def schedule(
    target: Target, work: Workload, inputs: Iterable[str], outputs: Iterable[str], state: frozenset[str], streamed: frozenset[str]
) -> Schedule:  # fmt: skip
    """Map every operator. ``state`` names inputs that are in DRAM from the start, ``streamed`` weights that stay on the host.

    Raises LeptonError if an operator fits nowhere.
    """
    result = Schedule(target)
    ledger, tensors = result.ledger, work.tensors
    places: dict[str, Placed] = {}
    for name in inputs:
        size = -(-tensors[name].elements * element_bits(tensors[name].dtype, target.dtype) // 8)
        places[name] = Placed("dram", size, RESIDENT if name in state else INPUT)
        ledger.take(places[name])
    last_use = _last_use(work.operators, outputs)
    ends: dict[int, list[str]] = {}
    for name, index in last_use.items():
        ends.setdefault(index, []).append(name)
    kept = set(outputs) | set(inputs)
    found: dict[object, tuple[float, tuple[int, ...]]] = {}
    for index, operator in enumerate(work.operators):
        if operator.engine == "view":
            places[operator.outputs[0].tensor] = _view(places, operator, tensors, target)
            result.views.append(operator.name)
        else:
            _map(result, work, operator, places, kept, streamed, found)
        done = [places[name] for name in ends.get(index, ()) if name in places and name not in kept]
        ledger.release({id(each): each for each in done if not _alive(each, places, last_use, kept, index)}.values())
    return result


def _view(places: Mapping[str, Placed], operator: Operator, tensors: Mapping[str, object], target: Target) -> Placed:
    """A view lies where its input lies; a view of a weight is one."""
    source = operator.inputs[0].tensor
    return places[source] if source in places else Placed("dram", 0, RESIDENT)


def _last_use(operators: Iterable[Operator], outputs: Iterable[str]) -> dict[str, int]:
    last: dict[str, int] = {}
    for index, operator in enumerate(operators):
        for operand in (*operator.outputs, *operator.inputs):
            last[operand.tensor] = index
    return last


def _alive(place: Placed, places: Mapping[str, Placed], last_use: Mapping[str, int], kept: set[str], index: int) -> bool:
    """Whether another name for the same bytes is still needed."""
    return any(other is place and (name in kept or last_use.get(name, -1) > index) for name, other in places.items())


def _map(
    result: Schedule, work: Workload, operator: Operator, places: dict[str, Placed], kept: set[str], streamed: frozenset[str],
    found: dict[object, tuple[float, tuple[int, ...]]],
) -> None:  # fmt: skip
    target, ledger, tensors = result.target, result.ledger, work.tensors
    number = len(result.operators)
    located = [locate(operand, tensors, places, target.dtype) for operand in operator.inputs]
    made: list[Placed] = []
    for operand in operator.outputs:
        bits = element_bits(tensors[operand.tensor].dtype, target.dtype)
        size = -(-operand.elements * bits // 8)
        home: Home = "dram" if operand.tensor in kept else ledger.choose(size)
        place = Placed(home, size, number)
        places[operand.tensor] = place
        ledger.take(place)
        if home == "dram" and operand.tensor not in kept:
            ledger.spilled.append(operand.tensor)
        made.append(place)
    stage_bytes = ledger.room_for_tiles()
    plan, chosen = _fastest(target, work, operator, located, made, stage_bytes, streamed, found)
    for place in made:
        place.split = plan.split
    after = tuple(
        dict.fromkeys(
            (each.place.maker, plan.local and each.place.split == plan.split)
            for each in located
            if each.place.maker != RESIDENT
        )
    )
    for core, tiles in plan.shares.items():
        result.steps[core].append(_Step(number, tiles, plan, max(stage_bytes, tiles.stage_bytes), after))
    tensor = tensors[operator.inputs[0].tensor] if operator.inputs else tensors[operator.outputs[0].tensor]
    result.operators.append(
        ProgramOperator(
            name=operator.name,
            kind=operator.kind,
            engine=chosen.engine,
            nodes=operator.nodes,
            dtype=product_dtype(tensor.dtype, target.dtype) if chosen.matmuls else target.dtype,
            macs=operator.macs,
            tensor_macs=chosen.macs,
            vector=dict(chosen.vector),
            mapping=plan.mapping,
            sram_read_bytes=plan.sram_read_bytes,
            sram_written_bytes=plan.sram_written_bytes,
            accumulator_bytes=plan.accumulator_bytes,
            tensor_cycles=plan.tensor_cycles,
            useful_cycles=plan.useful_cycles,
            weight_load_cycles=plan.weight_load_cycles,
            sram_stall_cycles=plan.sram_stall_cycles,
        )
    )


def _fastest(
    target: Target, work: Workload, operator: Operator, located: list[Located], made: list[Placed], stage_bytes: int,
    streamed: frozenset[str], found: dict[object, tuple[float, tuple[int, ...]]],
) -> tuple[Plan, Operator]:  # fmt: skip
    """The fastest way to do an operator's work, and the record that describes it."""
    best: tuple[Plan, Operator] | None = None
    out_bits = element_bits(work.tensors[operator.outputs[0].tensor].dtype, target.dtype)
    for way in (operator, *operator.alternatives):
        if way.engine == "tensor":
            from_host = way.inputs[1].tensor in streamed
            for packed in dict.fromkeys((1, packing(target, way))):
                product = make_product(
                    target, way, located, made[0], out_bits, target.stage_grade(stage_bytes), from_host,
                    work.tensors[way.inputs[0].tensor], packed,
                )  # fmt: skip
                if product.key not in found:
                    found[product.key] = product.candidates()[0]
                cost, mapping = found[product.key]
                if best is None or cost < best[0].cost_ps:
                    best = product.plan(mapping, cost), way
        else:
            out_bytes = sum(place.size_bytes for place in made)
            run = way.outputs[0].run_elements
            plan = plan_stream(
                target, way.kind, way.vector, located, made[0], out_bytes,
                None if run is None else max(1, run * out_bits // 8), target.stage_grade(stage_bytes),
            )  # fmt: skip
            if best is None or plan.cost_ps < best[0].cost_ps:
                best = plan, way
    assert best is not None
    return best


__all__ = ["ROWS", "Schedule", "schedule"]
