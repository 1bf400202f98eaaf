"""Recurrent networks: a projection of all steps, and a product for each step."""

import pytest

from leptonsim.compiler.workload import workload


@pytest.mark.parametrize(
    ("op_type", "gates", "step"),
    [
        ("LSTM", 4, {"add": 5, "exp": 5, "mul": 3}),
        ("GRU", 3, {"add": 5, "exp": 3, "mul": 2}),
        ("RNN", 1, {"add": 1, "exp": 1}),
    ],
)
def test_both_directions_of_every_step_are_counted(graph_of, op_type, gates, step):
    steps, batch, features, hidden = 20, 3, 16, 8
    graph = graph_of(
        f"""g (float[{steps},{batch},{features}] x) => (float[{steps},2,{batch},{hidden}] y)
        <float[2,{gates * hidden},{features}] w, float[2,{gates * hidden},{hidden}] r, float[2,{2 * gates * hidden}] b>
        {{ y = {op_type}<hidden_size={hidden}, direction="bidirectional">(x, w, r, b) }}"""
    )
    result = workload(graph)
    projection, recurrence = result.operators
    assert projection.macs == steps * batch * features * 2 * gates * hidden
    assert projection.vector == {"add": steps * batch * 2 * gates * hidden}
    product = recurrence.matmuls[0]
    assert recurrence.macs == 2 * steps * batch * hidden * gates * hidden
    assert (product.groups, product.m, product.shared_b) == (2 * steps, batch, steps)
    assert recurrence.vector == {f: count * 2 * steps * batch * hidden for f, count in step.items()}
    assert projection.outputs[0].tensor == recurrence.inputs[0].tensor
    assert result.tensors[projection.outputs[0].tensor].elements == steps * batch * 2 * gates * hidden
    assert result.mapped["tensor"] == 1
    assert projection.nodes == recurrence.nodes == ("n_y",)
