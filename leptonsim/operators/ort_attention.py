"""Attention of ONNX Runtime's domain com.microsoft: Attention, MultiHeadAttention, GroupQueryAttention.

All end as the two products of ``leptonsim.compiler.operators.attention`` with a softmax between, counted as there. A
bias of the projections costs one add for each element of queries, keys and values; rotary embedding (with
``do_rotary`` of GroupQueryAttention) two multiplies and an add for each rotated element. All scores are computed: a
causal mask saves nothing. Caches of past keys and values are read at their own size and kept in place, so only what is
new is written.

Attention and QAttention project first: a rewriting pass takes that out as a product of its own, so what is lowered here
reads the projected queries, keys and values side by side. RotaryEmbedding reads a row of its tables for each position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.operators.attention import lower_rotary_embedding
from leptonsim.compiler.records import counted, has_input, operands, shape_of, whole
from leptonsim.compiler.work import MatMul, Operand, Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node, Tensor
from leptonsim.operators._shapes import Inputs, Outputs, given, like_first, required

DOMAIN = "com.microsoft"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one attention: samples, heads, new positions of queries and of keys, past positions, sizes of a head."""

    batch: int
    heads: int
    kv_heads: int
    queries: int
    keys: int
    past: int
    size: int
    value_size: int

    @property
    def total(self) -> int:
        """Positions that are attended to."""
        return self.past + self.keys


def multi_head_sizes(attributes: Mapping[str, Any], inputs: Inputs) -> Sizes:
    """Of MultiHeadAttention, in any of the forms of its inputs: apart, keys and values packed, all packed."""
    q, k, v = required(inputs, 0), given(inputs, 1), given(inputs, 2)
    heads = int(attributes["num_heads"])
    past = given(inputs, 6)
    before = past.shape[2] if past else 0
    if k is None:
        batch, length, _, _, size = _of_rank(q, 5)
        return Sizes(batch, heads, heads, length, length, before, size, size)
    batch, queries, width = _of_rank(q, 3)
    size = width // heads
    if len(k.shape) == 5:
        return Sizes(batch, heads, heads, queries, k.shape[1], before, size, k.shape[4])
    keys = k.shape[2] if len(k.shape) == 4 else k.shape[1]
    value_size = size if v is None else v.shape[3] if len(v.shape) == 4 else v.shape[2] // heads
    return Sizes(batch, heads, heads, queries, keys, before, size, value_size)


def group_query_sizes(attributes: Mapping[str, Any], inputs: Inputs) -> Sizes:
    """Of GroupQueryAttention; without keys, queries hold keys and values behind them.

    The cache may be a buffer of the longest sequence: where the total length is known, it tells what of it is used.
    """
    q, k, past = required(inputs, 0), given(inputs, 1), given(inputs, 3)
    heads, kv_heads = int(attributes["num_heads"]), int(attributes["kv_num_heads"])
    batch, length, width = _of_rank(q, 3)
    size = width // (heads if k is not None else heads + 2 * kv_heads)
    before = past.shape[2] if past else 0
    total = given(inputs, 6)
    if total is not None and total.value is not None:
        before = max(0, int(total.value.reshape(-1)[0]) - length)
    return Sizes(batch, heads, kv_heads, length, length, before, size, size)


def attention_sizes(attributes: Mapping[str, Any], inputs: Inputs) -> Sizes:
    """Of Attention, before or after its projection was taken out."""
    x, weights, past = required(inputs, 0), given(inputs, 1), given(inputs, 4)
    heads = int(attributes["num_heads"])
    batch, length, _ = _of_rank(x, 3)
    width = weights.shape[1] if weights else x.shape[2]
    told = attributes.get("qkv_hidden_sizes") or (width // 3,) * 3
    before = past.shape[3] if past else 0
    return Sizes(batch, heads, heads, length, length, before, told[0] // heads, told[2] // heads)


def _of_rank(tensor: Tensor, rank: int) -> tuple[int, ...]:
    if len(tensor.shape) != rank:
        raise LeptonError(f"input {tensor.name} has shape {list(tensor.shape)}, not {rank} dimensions")
    return tensor.shape


def _operator(
    node: Node,
    graph: Graph,
    sizes: Sizes,
    reads: list[str],
    caches: list[str],
    masks: list[str],
    vector: Mapping[str, int],
) -> Operator:
    """``reads`` are queries, keys and values, the last two left out where they lie behind the queries."""
    groups, shared = sizes.batch * sizes.heads, sizes.heads // sizes.kv_heads
    scores = MatMul(groups=groups, m=sizes.queries, k=sizes.size, n=sizes.total, shared_b=shared)
    context = MatMul(groups=groups, m=sizes.queries, k=sizes.total, n=sizes.value_size, shared_b=shared)
    count = groups * sizes.queries * sizes.total
    causal = bool(node.attributes.get("unidirectional", node.op_type == "GroupQueryAttention"))
    work = {
        "reduce": 2 * count,
        "add": (1 + causal + len(masks)) * count + vector.get("add", 0),
        "exp": count,
        "mul": count + vector.get("mul", 0),
        "div": count,
    }
    per_key = sizes.batch * sizes.kv_heads
    new = (per_key * sizes.keys * sizes.size, per_key * sizes.keys * sizes.value_size)
    parts = (sizes.batch * sizes.heads * sizes.queries * sizes.size, *new)
    names = (reads * 3)[:3] if len(reads) == 1 else reads if len(reads) == 3 else [*reads, reads[1]]
    own = tuple(Operand(name, elements, "strided", sizes.size) for name, elements in zip(names, parts, strict=True))
    kept = per_key * sizes.past * (sizes.size + sizes.value_size)
    past = tuple(Operand(name, kept // len(caches)) for name in caches)
    written = [name for name in node.outputs[1:] if name]
    presents = tuple(Operand(name, sum(new) // len(written)) for name in written)
    return Operator(
        name=node.name,
        kind=node.op_type,
        engine="tensor",
        nodes=(node.name,),
        inputs=(*own, *past, *operands(graph, masks)),
        outputs=(whole(graph, node.outputs[0]), *presents),
        matmuls=(scores, context),
        vector=counted(work),
    )


def _tensors(node: Node, graph: Graph) -> list[Tensor | None]:
    return [graph.tensors[name] if name else None for name in node.inputs]


def _present(node: Node, indices: tuple[int, ...]) -> list[str]:
    return [node.inputs[index] for index in indices if has_input(node, index)]


def lower_multi_head(node: Node, graph: Graph) -> Operator:
    """Two products for every head with a softmax between, in one operator; caches grow in place."""
    sizes = multi_head_sizes(node.attributes, _tensors(node, graph))
    biased = sum(graph.tensors[name].elements for name in _present(node, (0, 1, 2))) if has_input(node, 3) else 0
    reads, caches, masks = _present(node, (0, 1, 2)), _present(node, (6, 7)), _present(node, (4, 5))
    return _operator(node, graph, sizes, reads, caches, masks, {"add": biased})


def lower_group_query(node: Node, graph: Graph) -> Operator:
    """As MultiHeadAttention, several heads on one of keys and values; rotary embedding if it is asked for."""
    sizes = group_query_sizes(node.attributes, _tensors(node, graph))
    rotated = 0
    if node.attributes.get("do_rotary", 0):
        rotated = sizes.batch * sizes.queries * (sizes.heads + sizes.kv_heads) * sizes.size
    reads, caches = _present(node, (0, 1, 2)), _present(node, (3, 4)) if sizes.past else []
    return _operator(node, graph, sizes, reads, caches, _present(node, (10,)), {"add": rotated, "mul": 2 * rotated})


def lower_attention(node: Node, graph: Graph) -> Operator:
    """A product that projects, then as MultiHeadAttention.

    What is lowered here reads the projected queries, keys and values, side by side in its first input.
    """
    sizes = attention_sizes(node.attributes, _tensors(node, graph))
    return _operator(node, graph, sizes, _present(node, (0,)), _present(node, (4,)), _present(node, (3, 5)), {})


def lower_rotary(node: Node, graph: Graph) -> Operator:
    """Two multiplies and an add for each rotated element; a row of both tables for each position."""
    operator = lower_rotary_embedding(node, graph)
    shape = shape_of(graph, node.inputs[0])
    positions = shape[0] * shape[-2 if len(shape) == 4 else 1]
    width = shape_of(graph, node.inputs[2])[-1]
    tables = tuple(Operand(name, positions * width, "random", width) for name in node.inputs[2:4])
    return replace(operator, inputs=(whole(graph, node.inputs[0]), *tables))


def rewrite(draft: Draft) -> None:
    """Take the projection out of every Attention that has its weights; that of a QAttention is one of integers.

    QAttention's inputs: x, weights, bias, scales of x and of the weights, mask, zero points of both, past.
    """
    for node in [each for each in draft if each.op_type == "QAttention" and each.domain == DOMAIN]:
        x, weights, bias, *scales, mask, x_zero, w_zero, past = (*node.inputs, *[""] * 9)[:9]
        projected = _projected(draft, node, "float")
        given_to = (x, weights, *scales, x_zero, w_zero, bias)
        projection = Node(f"{node.name}/projection", "MatMulIntegerToFloat", DOMAIN, node.opset, given_to, (projected,))
        draft.split(node, projection, replace(node, op_type="Attention", inputs=(projected, "", "", mask, past)))
    for node in [each for each in draft if each.op_type == "Attention" and each.domain == DOMAIN and each.inputs[1]]:
        x, weights, *rest = node.inputs
        projected = _projected(draft, node, draft.tensors[x].dtype)
        projection = Node(f"{node.name}/projection", "MatMul", "", node.opset, (x, weights, *rest[:1]), (projected,))
        draft.split(node, projection, replace(node, inputs=(projected, "", "", *rest[1:])))


def _projected(draft: Draft, node: Node, dtype: str) -> str:
    """A new tensor for queries, keys and values side by side."""
    name = f"{node.outputs[0]}/projected"
    x, weights = (draft.tensors[tensor] for tensor in node.inputs[:2])
    draft.tensors[name] = Tensor(name, (*x.shape[:-1], weights.shape[1]), dtype, "activation")
    return name


def _quantised_attention_shapes(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    found = _attention_shapes(attributes, [*inputs[:4], given(inputs, 8)])
    return [("float", shape) for _, shape in found]


def _multi_head_shapes(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    return _shapes(multi_head_sizes(attributes, inputs), required(inputs, 0).dtype)


def _group_query_shapes(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    sizes, past = group_query_sizes(attributes, inputs), given(inputs, 3)
    buffered = sizes.total if past is None else max(past.shape[2], sizes.total)
    return _shapes(sizes, required(inputs, 0).dtype, buffered)


def _shapes(sizes: Sizes, dtype: str, kept: int | None = None) -> Outputs:
    cache = (sizes.batch, sizes.kv_heads, sizes.total if kept is None else kept)
    return [
        (dtype, (sizes.batch, sizes.queries, sizes.heads * sizes.value_size)),
        (dtype, (*cache, sizes.size)),
        (dtype, (*cache, sizes.value_size)),
        (dtype, (sizes.batch, sizes.heads, sizes.queries, sizes.total)),
    ]


def _attention_shapes(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    sizes, x = attention_sizes(attributes, inputs), required(inputs, 0)
    out = (sizes.batch, sizes.queries, sizes.heads * sizes.value_size)
    return [(x.dtype, out), (x.dtype, (2, sizes.batch, sizes.heads, sizes.total, sizes.size))]


SHAPES = {
    "com.microsoft::MultiHeadAttention": _multi_head_shapes,
    "com.microsoft::GroupQueryAttention": _group_query_shapes,
    "com.microsoft::Attention": _attention_shapes,
    "com.microsoft::QAttention": _quantised_attention_shapes,
    "com.microsoft::RotaryEmbedding": like_first,
}
LOWERINGS = {
    "com.microsoft::MultiHeadAttention": lower_multi_head,
    "com.microsoft::GroupQueryAttention": lower_group_query,
    "com.microsoft::Attention": lower_attention,
    "com.microsoft::RotaryEmbedding": lower_rotary,
}
