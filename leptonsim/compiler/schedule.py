"""Operators in order onto the cores: place, map, number the steps, tie the dependencies.

For each operator the result is placed first (SRAM if it fits), then every way to do the work is planned and the fastest
is taken. A core that finds its inputs where it left them waits for its own earlier step only; otherwise for all cores'
steps of the operator that made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from leptonsim.compiler.hosts import plan_host
from leptonsim.compiler.operands import Located, locate
from leptonsim.compiler.placement import INPUT, RESIDENT, ROWS, Home, Ledger, Placed
from leptonsim.compiler.plan import Plan
from leptonsim.compiler.precision import element_bits, product_dtype
from leptonsim.compiler.products import MappingTuple, Product, make_product, packing
from leptonsim.compiler.program import Integers, ProgramOperator
from leptonsim.compiler.routes import RouteTable
from leptonsim.compiler.streams import plan_stream
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Operator
from leptonsim.compiler.workload import Workload

Choose = Callable[[Product], tuple[float, MappingTuple]]
"""How a product is to be mapped, and what that costs in picoseconds."""


def fastest_mapping(product: Product) -> tuple[float, MappingTuple]:
    """The fastest of all candidates. Raises LeptonError if not even the smallest tile fits."""
    return product.candidates()[0]


@dataclass(slots=True)
class _Found:
    """Mappings chosen so far: equal products are mapped once."""

    choose: Choose
    mappings: dict[object, tuple[float, MappingTuple]] = field(default_factory=dict)

    def mapping(self, product: Product) -> tuple[float, MappingTuple]:
        """The mapping of a product."""
        if product.key not in self.mappings:
            self.mappings[product.key] = self.choose(product)
        return self.mappings[product.key]


@dataclass(slots=True)
class _Mapped:
    """One operator on the cores: its plan, the numbers of its routes, the staging space, and what it waits for.

    ``after`` has pairs of an operator and whether this core's own step of it is enough.
    """

    plan: Plan
    routes: tuple[int, int, int, int]
    stage_bytes: int
    after: tuple[tuple[int, bool], ...]


@dataclass
class Schedule:
    """What the loop over operators gathers; ``arrays`` turns it into what the tile kernel takes."""

    target: Target
    routes: RouteTable = field(default_factory=RouteTable)
    operators: list[ProgramOperator] = field(default_factory=list)
    views: list[str] = field(default_factory=list)
    mapped: list[_Mapped] = field(default_factory=list)
    plans: dict[object, Plan] = field(default_factory=dict)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is alive yet."""
        self.ledger = Ledger(self.target)

    def arrays(self) -> tuple[Integers, Integers, Integers, Integers, Integers]:
        """Runs, blocks, steps, cores and dependencies of the program."""
        runs: list[tuple[int, ...]] = []
        blocks: list[tuple[int, ...]] = []
        laid: dict[int, tuple[int, int]] = {}
        cores: list[list[tuple[int, ...]]] = [[] for _ in range(self.target.cores)]
        for number, mapped in enumerate(self.mapped):
            for core, tiles in mapped.plan.shares.items():
                place = laid.get(id(tiles))
                if place is None:
                    place = (len(blocks), len(blocks) + len(tiles.blocks))
                    blocks += [(times, begin + len(runs), end + len(runs)) for times, begin, end in tiles.blocks]
                    runs += tiles.runs
                    laid[id(tiles)] = place
                stage = max(mapped.stage_bytes, tiles.stage_bytes)
                cores[core].append((*place, stage, tiles.accumulators, number))
        own = np.array([step for steps in cores for step in steps], dtype=np.int64).reshape(-1, 5)
        offsets = np.cumsum([0, *(len(steps) for steps in cores)]).astype(np.int64)
        dependencies, begins, ends = self._dependencies(own[:, 4], offsets)
        common = np.array([(*each.routes, int(each.plan.weights_wait)) for each in self.mapped], dtype=np.int64)
        steps = np.column_stack([own[:, :4], common[own[:, 4]], begins, ends, own[:, 4]])
        return (
            np.array(runs, dtype=np.int64).reshape(-1, 7),
            np.array(blocks, dtype=np.int64).reshape(-1, 3),
            np.ascontiguousarray(steps),
            offsets,
            dependencies,
        )

    def _dependencies(self, operator: Integers, offsets: Integers) -> tuple[Integers, Integers, Integers]:
        """Of all steps, one after the other: what each waits for, and where its part begins and ends."""
        count, total = len(self.mapped), len(operator)
        core = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        step_of = np.full((len(offsets) - 1, count + 1), -1, dtype=np.int64)
        step_of[core, operator] = np.arange(total)
        waits = np.array([pair for each in self.mapped for pair in each.after], dtype=np.int64).reshape(-1, 2)
        lengths = np.array([len(each.after) for each in self.mapped], dtype=np.int64)
        ends = np.cumsum(lengths[operator])
        begins = ends - lengths[operator]
        first = (np.cumsum(lengths) - lengths)[operator]
        here = np.repeat(first - begins, lengths[operator]) + np.arange(int(ends[-1]) if total else 0)
        maker, alone = waits[here, 0], waits[here, 1]
        mine = step_of[np.repeat(core, lengths[operator]), maker]
        code = np.where((alone > 0) & (mine >= 0), count + mine, maker)
        return np.where(maker == INPUT, count + total, code), begins, ends


def schedule(
    target: Target,
    work: Workload,
    inputs: Iterable[str],
    outputs: Iterable[str],
    state: frozenset[str],
    streamed: frozenset[str],
    choose: Choose = fastest_mapping,
) -> Schedule:
    """Map every operator.

    ``state`` names inputs that are in DRAM from the start, ``streamed`` weights that stay on the host; ``choose`` says
    how a product is mapped, and what that costs in picoseconds. Raises LeptonError if an operator fits nowhere.
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
    names = _Names(kept)
    names.came(places.values())
    found = _Found(choose)
    for index, operator in enumerate(work.operators):
        if operator.engine == "view":
            places[operator.outputs[0].tensor] = _view(places, operator)
            result.views.append(operator.name)
        else:
            _map(result, work, operator, places, kept, streamed, found)
        names.came(places[operand.tensor] for operand in operator.outputs)
        ledger.release(names.gone(places, ends.get(index, ())))
    return result


def _view(places: Mapping[str, Placed], operator: Operator) -> Placed:
    """A view lies where its input lies; a view of a weight is one."""
    source = operator.inputs[0].tensor
    return places[source] if source in places else Placed("dram", 0, RESIDENT)


def _last_use(operators: Iterable[Operator], outputs: Iterable[str]) -> dict[str, int]:
    last: dict[str, int] = {}
    for index, operator in enumerate(operators):
        for operand in (*operator.outputs, *operator.inputs):
            last[operand.tensor] = index
    return last


class _Names:
    """How many names of each tensor are still needed: a tensor and its views are one."""

    def __init__(self, kept: set[str]) -> None:
        self._kept = kept
        self._alive: dict[int, int] = {}

    def came(self, named: Iterable[Placed]) -> None:
        """Tensors that have one name more."""
        for place in named:
            self._alive[id(place)] = self._alive.get(id(place), 0) + 1

    def gone(self, places: Mapping[str, Placed], ending: Iterable[str]) -> list[Placed]:
        """Tensors whose last name ends now; ``ending`` are the names that nobody reads from here on."""
        done = []
        for name in sorted(ending):
            if name in places and name not in self._kept:
                self._alive[id(places[name])] -= 1
                if not self._alive[id(places[name])]:
                    done.append(places[name])
        return done


def _map(
    result: Schedule,
    work: Workload,
    operator: Operator,
    places: dict[str, Placed],
    kept: set[str],
    streamed: frozenset[str],
    found: _Found,
) -> None:
    target, ledger, tensors = result.target, result.ledger, work.tensors
    number = len(result.operators)
    located = [locate(operand, tensors, places, target.dtype) for operand in operator.inputs]
    made: list[Placed] = []
    for operand in operator.outputs:
        bits = element_bits(tensors[operand.tensor].dtype, target.dtype)
        size = -(-operand.elements * bits // 8)
        home: Home = "dram" if operand.tensor in kept else ledger.choose(size)
        if operand.tensor in work.on_host:
            home = "host"
        place = Placed(home, size, number)
        places[operand.tensor] = place
        ledger.take(place)
        if home == "dram" and operand.tensor not in kept:
            ledger.spilled.append(operand.tensor)
        made.append(place)
    stage_bytes = ledger.room_for_tiles()
    plan, chosen = _fastest(result, work, operator, located, made, stage_bytes, streamed, found)
    for place in made:
        place.split = plan.split
    after = tuple(
        dict.fromkeys(
            (each.place.maker, plan.local and each.place.split == plan.split)
            for each in located
            if each.place.maker != RESIDENT
        )
    )
    w, a, x, o = (-1 if way is None else result.routes.index(way) for way in (plan.w, plan.a, plan.x, plan.o))
    result.mapped.append(_Mapped(plan, (w, a, x, o), stage_bytes, after))
    tensor = tensors[operator.inputs[0].tensor] if operator.inputs else tensors[operator.outputs[0].tensor]
    result.operators.append(
        ProgramOperator(
            name=operator.name,
            kind=operator.kind,
            engine=chosen.engine,
            nodes=operator.nodes,
            dtype=(chosen.product or product_dtype(tensor.dtype, target.dtype)) if chosen.matmuls else target.dtype,
            macs=operator.macs,
            tensor_macs=chosen.macs,
            vector={} if chosen.engine == "host" else dict(chosen.vector),
            mapping=plan.mapping,
            sram_read_bytes=plan.sram_read_bytes,
            sram_written_bytes=plan.sram_written_bytes,
            accumulator_bytes=plan.accumulator_bytes,
            tensor_cycles=plan.tensor_cycles,
            useful_cycles=plan.useful_cycles,
            weight_load_cycles=plan.weight_load_cycles,
            sram_stall_cycles=plan.sram_stall_cycles,
            sram_resident_bytes=ledger.sram,
            shared_resident_bytes=ledger.shared,
            cells_share=plan.cells_share,
        )
    )


def _fastest(
    result: Schedule, work: Workload, operator: Operator, located: list[Located], made: list[Placed], stage_bytes: int,
    streamed: frozenset[str], found: _Found,
) -> tuple[Plan, Operator]:  # fmt: skip
    """The fastest way to do an operator's work, and the record that describes it; equal operators share one plan."""
    target, plans = result.target, result.plans
    best: tuple[Plan, Operator] | None = None
    out_bits = element_bits(work.tensors[operator.outputs[0].tensor].dtype, target.dtype)
    for way in (operator, *operator.alternatives):
        if way.engine == "host":
            best = plan_host(target, way, located, made), way
        elif way.engine == "tensor":
            from_host = way.inputs[1].tensor in streamed
            for packed in dict.fromkeys((1, packing(target, way))):
                product = make_product(
                    target, way, located, made[0], out_bits, target.stage_grade(stage_bytes), from_host,
                    work.tensors[way.inputs[0].tensor], packed,
                )  # fmt: skip
                cost, mapping = found.mapping(product)
                if best is None or cost < best[0].cost_ps:
                    if product.plan_key not in plans:
                        plans[product.plan_key] = product.plan(mapping, cost)
                    best = plans[product.plan_key], way
        else:
            out_bytes = sum(place.size_bytes for place in made)
            run = way.outputs[0].run_elements
            run_bytes = None if run is None else max(1, run * out_bits // 8)
            grade = target.stage_grade(stage_bytes)
            key = (
                tuple(way.vector.items()),
                tuple(each.key for each in located),
                made[0].home,
                out_bytes,
                run_bytes,
                grade,
            )
            if key not in plans:
                plans[key] = plan_stream(target, way.vector, located, made[0], out_bytes, run_bytes, grade)
            plan = plans[key]
            if best is None or plan.cost_ps < best[0].cost_ps:
                best = plan, way
    assert best is not None
    return best


__all__ = ["ROWS", "Schedule", "schedule"]
