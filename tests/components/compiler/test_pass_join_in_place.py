"""A Concat whose parts are made for it alone copies nothing: its parts are one tensor in memory from the first on."""

import onnx.parser
import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.compiler.operands import COLUMNS, OTHERWISE, ROWS, Placed
from leptonsim.compiler.outline import outline
from leptonsim.compiler.placement import place
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Along
from leptonsim.compiler.workload import workload
from leptonsim.model import load_model

BRANCHES = """g (float[1,16,8,8] x, float[24,16,1,1] u, float[40,16,3,3] v, float[8,64,1,1] w) => (float[1,8,8,8] y)
{ a = Conv(x, u) b = Conv<pads = [1,1,1,1]>(x, v) c = Concat<axis = 1>(a, b) y = Conv(c, w) }"""


def concat_of(work):
    (concat,) = [operator for operator in work.operators if operator.kind == "Concat"]
    return concat


def test_parts_made_for_it_alone_are_made_in_their_place(fused):
    work = fused(BRANCHES)
    concat = concat_of(work)
    assert (concat.engine, concat.joins) == ("view", True)
    assert work.mapped["dma"] == 0
    # One sample: the channels of a part lie one after the other.
    assert all(operand.run_elements is None for operator in work.operators for operand in operator.outputs)


def test_behind_an_outer_axis_the_parts_are_written_in_runs(fused):
    work = fused(BRANCHES.replace("[1,16,8,8]", "[2,16,8,8]").replace("[1,8,8,8]", "[2,8,8,8]"))
    runs = {operand.tensor: operand.run_elements for operator in work.operators for operand in operator.outputs}
    assert (runs["a"], runs["b"]) == (24 * 64, 40 * 64)


@pytest.mark.parametrize(
    "body",
    [
        # An input is there already, a weight too; another reader needs a part where it is; the result is read outside.
        "{ a = Relu(x) c = Concat<axis = 1>(a, x) y = Exp(c) }",
        "{ a = Relu(x) c = Concat<axis = 1>(a, w) y = Exp(c) }",
        "{ a = Relu(x) b = Neg(x) c = Concat<axis = 1>(a, b) d = Concat<axis = 1>(a, b) e = Exp(c) y = Mul(e, d) }",
        "{ a = Relu(x) b = Neg(x) y = Concat<axis = 1>(a, b) }",
        "{ a = Relu(x) c = Concat<axis = 1>(a, a) y = Exp(c) }",
    ],
)
def test_any_other_join_copies(fused, body):
    work = fused(f"g (float[4,8] x) => (float[4,16] y) <float[4,8] w> {body}")
    assert all(operator.engine == "dma" for operator in work.operators if operator.kind == "Concat")


def model_of(body):
    return load_model(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20]> {body}'))


def test_the_parts_are_one_tensor_in_memory_and_readers_wait_for_all_makers(graph_of):
    weights = "float[24,16,1,1] u, float[40,16,3,3] v, float[8,64,1,1] w"
    body = BRANCHES.replace(f", {weights})", ")").replace("{ a", f"<{weights}> {{ a")
    graph = graph_of(body)
    lines = outline(workload(graph), graph)
    first, second, reader = lines.lines
    assert first.makes == second.makes == reader.reads[:1]
    assert lines.values[first.makes[0]].elements == 64 * 64
    assert reader.after == (0, 1)
    assert lines.views == (concat_of(workload(graph)).name,)
    placement = place(Target(load_chip("lepton-e1")), lines)
    assert placement.ledger.sram == 0, "what was joined is released once"
    assert placement.sram[0] == placement.sram[1], "its place is taken when the first part is made"


@pytest.mark.parametrize(
    ("axis", "parts", "lying"),
    [
        (1, [(ROWS, 1, 24, True), (ROWS, 1, 40, True)], (ROWS, 1, 64, True)),
        (1, [(COLUMNS, 4, 24, True), (COLUMNS, 4, 40, True)], (OTHERWISE, 1, 64, True)),
        (1, [(ROWS, 1, 24, True), (COLUMNS, 4, 40, True)], (OTHERWISE, 1, 64, True)),
        (2, [(ROWS, 1, 64, True), (ROWS, 1, 64, True)], (OTHERWISE, 1, 64, True)),
    ],
)
def test_it_lies_as_its_parts_do_where_they_are_joined_within_a_core_s_share(axis, parts, lying):
    place = Placed("sram", 0, joined=Along((1, 64, 8, 8), (axis,)))
    for part in parts:
        place.lie(part, (1, part[2], 8, 8))
    assert place.lying == lying


def test_a_run_moves_nothing_for_the_join():
    body = """g (float[64,512] x) => (float[64,1024] y)
        { a = Exp(x) b = Tanh(x) c = Concat<axis = 1>(a, b) y = Softmax(c) }"""
    joined = simulate(load_chip("lepton-c1"), model_of(body))
    copied = simulate(load_chip("lepton-c1"), model_of(body.replace("(a, b)", "(a, x)")))
    assert "Concat" not in {step.kind for step in joined.steps}
    assert len(joined.program.views) == 1
    assert "Concat" in {step.kind for step in copied.steps}
    assert joined.makespan_ps < copied.makespan_ps
