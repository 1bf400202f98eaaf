"""Work under a policy of data types: fewer bytes for weights and caches, other products, and what conversion costs.

- Weights of few bits are converted as they are loaded, on the vector unit: one add (shift, mask, conversion) and one
  multiply (scale) for each element of integers, one add for each of a floating-point type; nothing where the layer
  multiplies in that very type. Scales of groups are read with the weights.
- A layer that multiplies in another type than its input has converts it: to integers by one multiply and four adds for
  each element (scale, round, clamp by two comparisons, convert), to a floating-point type by one add. Where all who
  read a tensor multiply in one type, its producer converts and the tensor is held in that type. Products of integers
  are scaled back: one add and one multiply for each result.
- Keys and values are converted once as they enter the cache, and back as attention reads them, one add and one multiply
  for each element (one add for a floating-point type).

- Partial sums have 32 bits unless told: narrower ones take less of the accumulators and of their energy. Not modelled:
  that adding narrower numbers takes less energy itself.

Scales of activations are constants found in advance (static quantisation).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from leptonsim.compiler.flow import merged
from leptonsim.compiler.policy import SCALE_BITS, LayerTypes, Policy
from leptonsim.compiler.precision import FLOATING, INTEGER_PRODUCTS, product_dtype
from leptonsim.compiler.work import Operand, Operator
from leptonsim.compiler.workload import Workload
from leptonsim.model.graph import Graph, Tensor


def narrowed(dtype: str, elements: int) -> dict[str, int]:
    """Vector operations that turn real numbers into a type."""
    return {"mul": elements, "add": 4 * elements} if dtype in INTEGER_PRODUCTS else {"add": elements}


def widened(dtype: str, elements: int) -> dict[str, int]:
    """Vector operations that turn a type back into that of the run."""
    return {"mul": elements, "add": elements} if dtype in INTEGER_PRODUCTS else {"add": elements}


def under(policy: Policy, work: Workload, graph: Graph, run_dtype: str) -> Workload:
    """The same work with the data types that a policy gives."""
    editor = _Editor(policy, work, graph, run_dtype)
    editor.convert_weights()
    editor.convert_activations()
    editor.narrow_sums()
    editor.convert_caches()
    return replace(work, operators=tuple(editor.operators), tensors=editor.tensors)


class _Editor:
    """Operators and tensors while their types change."""

    def __init__(self, policy: Policy, work: Workload, graph: Graph, run_dtype: str) -> None:
        self._policy, self._graph, self._run = policy, graph, run_dtype
        self.operators = list(work.operators)
        self.tensors: dict[str, Tensor] = dict(work.tensors)
        self._types = [policy.of((operator.name, *operator.nodes)) for operator in self.operators]

    def convert_weights(self) -> None:
        """Weights of every product that is to hold them in another type; a weight has the type of its first reader."""
        for index, operator in enumerate(self.operators):
            types = self._types[index]
            if operator.engine != "tensor" or types.weights is None:
                continue
            name = operator.inputs[1].tensor
            weight = self.tensors[name]
            if weight.kind != "weight" or (weight.dtype not in FLOATING and weight.dtype != types.weights):
                continue
            self.tensors[name] = replace(weight, dtype=types.weights)
            self.operators[index] = self._unpacking(operator, types)

    def _unpacking(self, operator: Operator, types: LayerTypes) -> Operator:
        assert types.weights is not None
        elements = operator.inputs[1].elements
        if (types.activations or self._run) == types.weights:
            return operator
        extra: tuple[Operand, ...] = ()
        if types.weights in INTEGER_PRODUCTS:
            name = f"{operator.inputs[1].tensor}/scales"
            count = -(-elements // (types.group or elements))
            self.tensors[name] = Tensor(name, (count,), f"uint{SCALE_BITS}", "weight")
            extra = (Operand(name, count),)
        return _with(operator, widened(types.weights, elements), extra)

    def convert_activations(self) -> None:
        """Products in another type, and the conversion of what they read."""
        wanted = {
            index: types.activations
            for index, types in enumerate(self._types)
            if types.activations not in (None, self._run) and self.operators[index].engine == "tensor"
        }
        groups = self._names_of_one_tensor()
        for index, dtype in wanted.items():
            operator = self.operators[index]
            if dtype is None or self.tensors[operator.inputs[0].tensor].dtype not in FLOATING:
                continue
            results = sum(operand.elements for operand in operator.outputs[:1])
            cost = widened(dtype, results) if dtype in INTEGER_PRODUCTS else {}
            operator = replace(_with(operator, cost), product=dtype)
            self.operators[index] = operator
        self._convert_inputs(wanted, groups)

    def _convert_inputs(self, wanted: Mapping[int, str | None], groups: Mapping[str, frozenset[str]]) -> None:
        readers: dict[frozenset[str], set[tuple[int, bool]]] = defaultdict(set)
        makers: dict[frozenset[str], list[int]] = defaultdict(list)
        for index, operator in enumerate(self.operators):
            if operator.engine == "view":
                continue
            for place, operand in enumerate(operator.inputs):
                readers[groups[operand.tensor]].add((index, place == 0))
            for operand in operator.outputs:
                makers[groups[operand.tensor]].append(index)
        outside = {*self._graph.inputs, *self._graph.outputs}
        done: set[frozenset[str]] = set()
        for index, dtype in wanted.items():
            operator = self.operators[index]
            group = groups[operator.inputs[0].tensor]
            if dtype is None or group in done or not operator.product:
                continue
            agreed = all(first and wanted.get(other) == dtype for other, first in readers[group])
            if agreed and group in makers and not group & outside:
                for number in makers[group]:
                    maker = self.operators[number]
                    elements = sum(each.elements for each in maker.outputs if each.tensor in group)
                    self.operators[number] = _with(_on_vector(maker), narrowed(dtype, elements))
                for name in group:
                    self.tensors[name] = replace(self.tensors[name], dtype=dtype)
                done.add(group)
            else:
                self.operators[index] = _with(operator, narrowed(dtype, operator.inputs[0].elements))

    def narrow_sums(self) -> None:
        """Partial sums of products of the kind that the type told is for."""
        for index, operator in enumerate(self.operators):
            sums = self._types[index].accumulate
            if operator.engine != "tensor" or sums is None:
                continue
            product = operator.product or product_dtype(self.tensors[operator.inputs[0].tensor].dtype, self._run)
            if sums.startswith("int") == (product in INTEGER_PRODUCTS):
                self.operators[index] = replace(operator, sums=sums)

    def convert_caches(self) -> None:
        """Caches in the type that the policy gives them."""
        dtype = self._policy.kv_cache
        if dtype in (None, self._run):
            return
        assert dtype is not None
        groups = self._names_of_one_tensor()
        kept: set[str] = set()
        for name in self._graph.resident:
            if name in groups and self.tensors[name].dtype in FLOATING:
                kept |= groups[name]
        for name in kept:
            self.tensors[name] = replace(self.tensors[name], dtype=dtype)
        for index, operator in enumerate(self.operators):
            if operator.engine == "view":
                continue
            written = sum(operand.elements for operand in operator.outputs if operand.tensor in kept)
            copied = all(operand.tensor in kept for operand in operator.inputs)
            read = sum(operand.elements for operand in operator.inputs if operand.tensor in kept)
            if written and not copied:
                operator = _with(_on_vector(operator), narrowed(dtype, written))
            if read and not (written and copied) and not operator.kind.endswith("InPlace"):
                operator = _with(_on_vector(operator), widened(dtype, read))
            self.operators[index] = operator

    def _names_of_one_tensor(self) -> dict[str, frozenset[str]]:
        """Every tensor with all the names that views give it."""
        groups: dict[str, set[str]] = {name: {name} for name in self.tensors}
        for operator in self.operators:
            if operator.engine == "view":
                joined = groups[operator.inputs[0].tensor]
                for operand in (*operator.outputs, *operator.inputs[1:]):
                    joined |= groups[operand.tensor]
                for name in joined:
                    groups[name] = joined
        frozen = {id(group): frozenset(group) for group in groups.values()}
        return {name: frozen[id(group)] for name, group in groups.items()}


def _with(operator: Operator, vector: Mapping[str, int], extra: Iterable[Operand] = ()) -> Operator:
    """An operator that does more, in all of its alternatives alike."""
    return replace(
        operator,
        vector=merged(operator.vector, vector),
        inputs=(*operator.inputs, *extra),
        alternatives=tuple(_with(other, vector, extra) for other in operator.alternatives),
    )


def _on_vector(operator: Operator) -> Operator:
    """What only moved bytes now computes as well."""
    return replace(operator, engine="vector") if operator.engine == "dma" else operator
