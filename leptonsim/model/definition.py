"""Operators that ONNX defines by others: those without a rule for their shapes (GroupNormalization), and those that
have no cost of their own and become what they are defined by (losses, FlexAttention).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.control import Names, Unroller, inline
from leptonsim.model.graph import Tensor
from leptonsim.model.protos import dtype_code

if TYPE_CHECKING:
    import onnx


SPELT_OUT = frozenset(
    {("", "NegativeLogLikelihoodLoss"), ("", "SoftmaxCrossEntropyLoss"), ("ai.onnx.preview", "FlexAttention")}
)
"""Domain and name of the operators that are replaced by their definition."""


def spell_out(
    walk: Unroller,
    node: onnx.NodeProto,
    domain: str,
    name: str,
    where: str,
    inputs: Sequence[Tensor | None],
    names: Names,
    opsets: Mapping[str, int],
) -> None:
    """Walk the definition of a node in its place. Raises LeptonError where ONNX has none for the types at hand."""
    graph = expanded(node, domain, inputs, opsets)
    if graph is None:
        raise LeptonError(f"{where}: ONNX does not define {node.op_type} for these inputs")
    bound = {tensor: names.get(tensor, tensor) for tensor in node.input if tensor}
    outer = [names.get(output.name, output.name) for output in graph.output]
    found = inline(walk, graph, name, names, bound, outer)
    names.update(zip((output.name for output in graph.output), found, strict=True))


def expanded(
    node: onnx.NodeProto, domain: str, inputs: Sequence[Tensor | None], opsets: Mapping[str, int]
) -> onnx.GraphProto | None:
    """A graph of simpler operators that does the same, None where ONNX has none.

    It has the inputs and outputs of the node, by their names; inputs whose value is known are initialisers as well.
    """
    from onnx import TensorProto, helper, inliner, numpy_helper

    given: dict[str, onnx.ValueInfoProto] = {}
    known: dict[str, onnx.TensorProto] = {}
    for name, tensor in zip(node.input, inputs, strict=True):
        if tensor is None:
            continue
        given[name] = helper.make_tensor_value_info(name, dtype_code(tensor.dtype), tensor.shape)
        if tensor.value is not None:
            known[name] = numpy_helper.from_array(tensor.value, name)
    outputs = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in node.output if name]
    graph = helper.make_graph([node], "definition", list(given.values()), outputs, list(known.values()))
    imports = [helper.make_opsetid(name, version) for name, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=imports)
    try:
        body = inliner.inline_selected_functions(model, [(domain, node.op_type)], inline_schema_functions=True).graph
    except RuntimeError:
        # The definition depends on types that are not given.
        return None
    return None if any(child.op_type == node.op_type for child in body.node) else body
