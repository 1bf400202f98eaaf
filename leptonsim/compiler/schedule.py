"""Operators onto the cores, one after the other: every way to do the work is planned, and the fastest is taken.

A plan follows from the operator but for its names, from where its operands lie, from the space for tiles and from
whether its weights come from the host. Networks repeat their layers, so most operators find their plan made; and where
one model is scheduled again with products mapped in other ways, what stays as it was is found made, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from leptonsim.compiler.hosts import plan_host
from leptonsim.compiler.operands import Located, Placed, locate
from leptonsim.compiler.outline import Outline
from leptonsim.compiler.placement import Placement
from leptonsim.compiler.plan import Plan
from leptonsim.compiler.precision import element_bits, product_dtype
from leptonsim.compiler.problem import make_product, packing
from leptonsim.compiler.products import MappingTuple, Product
from leptonsim.compiler.program import ProgramOperator
from leptonsim.compiler.routes import Route, RouteTable
from leptonsim.compiler.streams import plan_stream
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Operand, Operator

Choose = Callable[[Product], tuple[float, MappingTuple]]
"""How a product is to be mapped, and what that costs in picoseconds."""


_Way = tuple[Product | Plan, Operator]
"""One way to do an operator's work: a product still to be mapped, or a plan."""


def fastest_mapping(product: Product) -> tuple[float, MappingTuple]:
    """The fastest of all candidates. Raises LeptonError if not even the smallest tile fits."""
    return product.candidates()[0]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What operators that are alike and lie alike become: their plan, the numbers of its routes, and their record.

    ``record`` is that of the first of them; the others' differs in names and in what lies beside them in memory.
    """

    plan: Plan
    routes: tuple[int, int, int, int]
    record: ProgramOperator


@dataclass(frozen=True, slots=True)
class Schedule:
    """For every line of an outline how it is mapped, and its record; the routes of all of them."""

    mapped: list[Mapped]
    operators: list[ProgramOperator]
    routes: tuple[Route, ...]


class Scheduler:
    """Schedules of one model on one chip that differ in how products are mapped.

    ``streamed`` names weights that stay on the host.
    """

    def __init__(
        self, target: Target, work: Outline, placement: Placement, streamed: frozenset[str] = frozenset()
    ) -> None:
        self._work, self._placement = work, placement
        self._mapper = _Mapper(target, work, streamed)

    def schedule(self, choose: Choose = fastest_mapping) -> Schedule:
        """Map every operator; ``choose`` says how a product is mapped, and what that costs in picoseconds.

        How values lie is written into the placement. Raises LeptonError if an operator fits nowhere.
        """
        work, placement, mapper = self._work, self._placement, self._mapper
        values = placement.values
        for place in values:
            place.is_made = False
        mapper.begin(choose)
        known: dict[object, Mapped] = {}
        order: list[Mapped] = []
        operators: list[ProgramOperator] = []
        levels = (placement.room, placement.sram, placement.kept, placement.shared)
        for line, room, sram, kept, shared in zip(work.lines, *levels, strict=True):
            operator = line.operator
            read = [values[number] for number in line.reads]
            made = [values[number] for number in line.makes]
            stage_bytes = mapper.target.stage_grade(room)
            from_host = mapper.from_host(operator)
            places = tuple([(place.home, place.lying) for place in read])
            key = (line.alike, stage_bytes, from_host, places, tuple([place.home for place in made]))
            mapped = known.get(key)
            if mapped is None:
                mapped = known[key] = mapper.map(key, operator, read, made, stage_bytes)
            for place, operand in zip(made, operator.outputs, strict=True):
                place.lie(mapped.plan.lying, work.tensors[operand.tensor].shape)
            order.append(mapped)
            operators.append(
                mapped.record._replace(
                    name=operator.name,
                    nodes=operator.nodes,
                    sram_resident_bytes=sram,
                    sram_kept_bytes=kept,
                    shared_resident_bytes=shared,
                )
            )
        return Schedule(order, operators, tuple(mapper.routes.routes))


class _Mapper:
    """Finds the fastest way to do an operator's work; equal products are searched once, equal plans made once."""

    def __init__(self, target: Target, work: Outline, streamed: frozenset[str]) -> None:
        self.target = target
        self._tensors, self._streamed = work.tensors, streamed
        self._ways: dict[object, list[_Way]] = {}
        self._plans: dict[object, Plan] = {}
        self.begin(fastest_mapping)

    def begin(self, choose: Choose) -> None:
        """A new schedule, in which products are mapped as ``choose`` says."""
        self.routes = RouteTable()
        self._choose = choose
        self._mappings: dict[object, tuple[float, MappingTuple]] = {}

    def from_host(self, operator: Operator) -> tuple[bool, ...]:
        """Of each way to do a product, whether its weights stay on the host."""
        if not self._streamed or operator.engine != "tensor":
            return ()
        return tuple(
            way.inputs[1].tensor in self._streamed
            for way in (operator, *operator.alternatives)
            if way.engine == "tensor"
        )

    def map(
        self, key: object, operator: Operator, read: Sequence[Placed], made: Sequence[Placed], stage_bytes: int
    ) -> Mapped:
        """The fastest way, with its routes numbered; ``key`` is equal for operators that can be mapped alike."""
        ways = self._ways.get(key)
        if ways is None:
            ways = self._ways[key] = list(self._possible(operator, read, made, stage_bytes))
        plan, chosen = self._fastest(ways)
        w, a, x, o = (-1 if way is None else self.routes.index(way) for way in (plan.w, plan.a, plan.x, plan.o))
        return Mapped(plan, (w, a, x, o), self._record(operator, plan, chosen))

    def _possible(
        self, operator: Operator, read: Sequence[Placed], made: Sequence[Placed], stage_bytes: int
    ) -> Iterator[_Way]:
        """Every way to do an operator's work."""
        located = [
            locate(operand, self._tensors[operand.tensor], place, self.target.dtype)
            for operand, place in zip(operator.inputs, read, strict=True)
        ]
        for way in (operator, *operator.alternatives):
            if way.engine == "host":
                yield plan_host(self.target, way, located, made), way
            elif way.engine == "tensor":
                for packed in dict.fromkeys((1, packing(self.target, way))):
                    yield self._product(way, located, made[0], stage_bytes, packed), way
            else:
                yield self._stream_plan(way, located, made, stage_bytes), way

    def _fastest(self, ways: Iterable[_Way]) -> tuple[Plan, Operator]:
        """The plan of the fastest way, and that way; the host does what it has to."""
        best: tuple[Plan, Operator] | None = None
        for work, way in ways:
            if way.engine == "host" and isinstance(work, Plan):
                return work, way
            if isinstance(work, Product):
                cost_ps, mapping = self._mapping(work)
                if best is None or cost_ps < best[0].cost_ps:
                    best = self._product_plan(work, mapping, cost_ps), way
            elif best is None or work.cost_ps < best[0].cost_ps:
                best = work, way
        assert best is not None
        return best

    def _product(self, way: Operator, located: list[Located], output: Placed, stage_bytes: int, packed: int) -> Product:
        return make_product(
            self.target, way, located, output, self._out_bits(way), stage_bytes,
            way.inputs[1].tensor in self._streamed, self._tensors[way.inputs[0].tensor], packed,
        )  # fmt: skip

    def _mapping(self, product: Product) -> tuple[float, MappingTuple]:
        if product.key not in self._mappings:
            self._mappings[product.key] = self._choose(product)
        return self._mappings[product.key]

    def _product_plan(self, product: Product, mapping: MappingTuple, cost_ps: float) -> Plan:
        key = (product.plan_key, mapping, cost_ps)
        if key not in self._plans:
            self._plans[key] = product.plan(mapping, cost_ps)
        return self._plans[key]

    def _stream_plan(self, way: Operator, located: list[Located], made: Sequence[Placed], stage_bytes: int) -> Plan:
        out_bytes = sum(-(-each.elements * self._bits(each) // 8) for each in way.outputs)
        run = way.outputs[0].run_elements
        run_bytes = None if run is None else max(1, run * self._out_bits(way) // 8)
        ways = tuple([each.key for each in located])
        key = (tuple(way.vector.items()), way.along, ways, made[0].home, out_bytes, run_bytes, stage_bytes)
        if key not in self._plans:
            self._plans[key] = plan_stream(
                self.target, way.vector, located, made[0], out_bytes, run_bytes, stage_bytes, way.along
            )
        return self._plans[key]

    def _out_bits(self, operator: Operator) -> int:
        return self._bits(operator.outputs[0])

    def _bits(self, operand: Operand) -> int:
        return element_bits(self._tensors[operand.tensor].dtype, self.target.dtype)

    def _record(self, operator: Operator, plan: Plan, chosen: Operator) -> ProgramOperator:
        main = operator.inputs[0] if operator.inputs else operator.outputs[0]
        dtype = self.target.dtype
        if chosen.matmuls:
            dtype = chosen.product or product_dtype(self._tensors[main.tensor].dtype, dtype)
        return ProgramOperator(
            name=operator.name,
            kind=operator.kind,
            engine=chosen.engine,
            nodes=operator.nodes,
            dtype=dtype,
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
            sram_resident_bytes=0,
            sram_kept_bytes=0,
            shared_resident_bytes=0,
            cells_share=plan.cells_share,
        )
