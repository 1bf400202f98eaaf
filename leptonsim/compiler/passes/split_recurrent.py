"""LSTM, GRU and RNN as the two products that they are.

All time steps are projected at once (``RecurrentProjection``, one large product of inputs and weights); what remains is
the recurrence, one small product for each step. Between them lies a tensor that the model does not have: the projected
gates of every step. Both parts are nodes of the domain "leptonsim" and stand for the same node of the model.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node, Tensor

AFTER = ("fold_constants",)

DOMAIN = "leptonsim"


def rewrite(draft: Draft) -> None:
    """Inputs of the recurrence: gates [steps, batch, directions * gates * hidden], R [directions, gates * hidden,
    hidden], and the states.
    """
    for node in draft.of_type("LSTM", "GRU", "RNN"):
        x, weights, recurrent = node.inputs[:3]
        others = node.inputs[3:]
        source = draft.tensors[x]
        directions, rows, _ = draft.tensors[weights].shape
        gates = f"{next(filter(None, node.outputs))}/gates"
        draft.tensors[gates] = Tensor(gates, (*source.shape[:2], directions * rows), source.dtype, "activation")
        projection = Node(
            name=f"{node.name}/projection",
            op_type="RecurrentProjection",
            domain=DOMAIN,
            opset=node.opset,
            inputs=(x, weights, *others[:1]),
            outputs=(gates,),
        )
        recurrence = replace(node, domain=DOMAIN, inputs=(gates, recurrent, *others[1:]))
        draft.split(node, projection, recurrence)
