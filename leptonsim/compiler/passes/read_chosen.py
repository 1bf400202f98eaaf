"""Read the rows of a table that an index chose where they lie, instead of copying them out first.

A matrix product whose B is gathered from a table of weights along its first axis (the experts that tokens were routed
to) loads the chosen matrices straight from the table: a load takes any address. The indices are read as well, and the
loads wait for them (see ``operands.locate``): what is chosen at run time cannot be fetched ahead.
"""

from __future__ import annotations

from leptonsim.compiler.flow import Flow, with_inputs
from leptonsim.compiler.work import Operator

AFTER = ()
BEFORE = ("read_slices",)


def fuse(flow: Flow) -> None:
    """Every Gather from a table of weights that only one product reads, as its B."""
    for operator in [operator for operator in flow if operator.kind == "Gather"]:
        reader = flow.only_reader(operator.outputs[0].tensor)
        if reader is not None and _takes_matrices(flow, operator) and _as_b(reader, operator.outputs[0].tensor):
            table, *indices = operator.inputs
            inputs = (reader.inputs[0], table, *reader.inputs[2:], *indices)
            flow.replace([operator, reader], with_inputs(reader, inputs, operator.nodes))


def _takes_matrices(flow: Flow, gather: Operator) -> bool:
    """Whether whole matrices are taken from a table of weights."""
    table = gather.inputs[0]
    known = flow.tensors[table.tensor]
    behind = known.shape[1:]
    return (
        gather.engine == "dma"
        and table.access == "random"
        and known.kind == "weight"
        and len(behind) == 2
        and table.run_elements == behind[0] * behind[1]
    )


def _as_b(reader: Operator, tensor: str) -> bool:
    """Whether a single product reads a tensor as its B, and as nothing else."""
    return (
        reader.engine == "tensor"
        and len(reader.matmuls) == 1
        and not reader.alternatives
        and [operand.tensor for operand in reader.inputs].count(tensor) == 1
        and reader.inputs[1].tensor == tensor
    )
