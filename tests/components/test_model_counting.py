"""Operators whose number of results the data decide: the largest, or what is told."""

import onnx.parser
import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.compiler.workload import workload
from leptonsim.errors import LeptonError
from leptonsim.model import load_model
from leptonsim.result.summary import summary_rows


def model_of(body, **options):
    return load_model(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20]> {body}'), **options)


NON_ZERO = "g (float[2, 3, 4] x) => (int64[3, n] y) { y = NonZero(x) }"
DETECTION = """g (float[2, 100, 4] boxes, float[2, 5, 100] scores) => (int64[n, 3] y)
    <int64 most = {7}, float overlap = {0.5}, float least = {0.1}>
    { y = NonMaxSuppression(boxes, scores, most, overlap, least) }"""


@pytest.mark.parametrize(
    ("body", "shapes"),
    [
        (NON_ZERO, {"y": (3, 24)}),
        ("g (float[4, 6] x, bool[3] c) => (float[n, 6] y) { y = Compress<axis = 0>(x, c) }", {"y": (3, 6)}),
        ("g (float[4, 6] x, bool[30] c) => (float[n] y) { y = Compress(x, c) }", {"y": (24,)}),
        (
            "g (float[4, 6] x) => (float[a] y, int64[b] i, int64[c] j, int64[d] k) { y, i, j, k = Unique(x) }",
            {"y": (24,), "i": (24,), "j": (24,), "k": (24,)},
        ),
        (
            "g (float[4, 6] x) => (float[4, a] y, int64[b] i, int64[c] j) { y, i, j = Unique<axis = 1>(x) }",
            {"y": (4, 6), "i": (6,), "j": (6,)},
        ),
        (DETECTION, {"y": (2 * 5 * 7, 3)}),
        (DETECTION.replace("{7}", "{1000}"), {"y": (2 * 5 * 100, 3)}),
    ],
)
def test_the_largest_number_of_results_is_taken_and_told(body, shapes):
    graph = model_of(body).graph
    assert {name: graph.tensors[name].shape for name in shapes} == shapes
    assert list(graph.largest) == ["y"]


def load_model_of_two_batches():
    open_batch = DETECTION.replace("[2,", "[batch,")
    return model_of(open_batch, batch=2, dims={"y": 6}).with_batch(4)


def test_the_user_may_say_how_many_there_are():
    graph = model_of(NON_ZERO, dims={"y": 6}).graph
    assert graph.tensors["y"].shape == (3, 6)
    assert graph.largest == {}
    assert load_model_of_two_batches().graph.tensors["y"].shape == (12, 3)
    odd = model_of(DETECTION.replace("[2,", "[batch,"), batch=2, dims={"y": 5})
    assert odd.graph.tensors["y"].shape == (5, 3)
    with pytest.raises(LeptonError, match=r"--bind y=5 counts the results of all 2 samples together"):
        odd.with_batch(1)
    with pytest.raises(LeptonError, match="no dimension named 'x'"):
        model_of(NON_ZERO, dims={"x": 5})


def test_a_limit_computed_from_the_data_is_refused():
    body = DETECTION.replace("int64 most = {7}, ", "").replace(
        "float[2, 5, 100] scores", "float[2, 5, 100] scores, int64[1] m"
    )
    with pytest.raises(LeptonError, match=r"NonMaxSuppression.*cannot be known before it runs"):
        model_of(body.replace("{ y =", "{ most = Neg(m)  y ="))


def test_a_suppression_compares_every_selected_box_with_all_of_its_class():
    (operator,) = workload(model_of(DETECTION).graph).operators
    pairs, scores, boxes = 70 * 100, 2 * 5 * 100, 2 * 100
    assert operator.vector == {
        "reduce": pairs,
        "add": 13 * pairs + 2 * boxes + scores,
        "mul": pairs + boxes,
        "div": pairs,
    }
    assert [operand.elements for operand in operator.inputs] == [800, 1000]
    assert operator.outputs[0].elements == 70 * 3


@pytest.mark.parametrize(
    ("body", "add"),
    [
        # 24 elements: compared, and summed in five steps.
        (NON_ZERO, 24 + 24 * 5),
        ("g (float[4, 6] x, bool[4] c) => (float[n, 6] y) { y = Compress<axis = 0>(x, c) }", 4 * 2),
        # A bitonic network over 2^5 has 15 stages of half a comparison (three operations) for each of 24 elements.
        ("g (float[24] x) => (float[n] y) { y = Unique(x) }", 24 * 15 // 2 * 3 + 24 + 24 * 5),
    ],
)
def test_additions_of_the_others(body, add):
    (operator,) = workload(model_of(body).graph).operators
    assert operator.vector == {"add": add}


def test_a_run_says_what_was_taken_at_its_largest():
    body = DETECTION.replace("[2,", "[1,")
    result = simulate(load_chip("lepton-e1"), model_of(body))
    assert any("depends on the data" in told and "y=35" in told for told in result.warnings)
    assert result.upper_bounds == {"y": 35}
    assert result.to_dict()["upper_bounds"] == {"y": 35}
    assert result.steps[0].time_ps > 0
    told = simulate(load_chip("lepton-e1"), model_of(body, dims={"y": 3}))
    assert not any("depends on the data" in each for each in told.warnings)
    assert (
        "upper bounds",
        "latency and energy hold for the most results that the data can give: y 35",
    ) in summary_rows(result)
    assert told.upper_bounds == {}
    assert "upper bounds" not in dict(summary_rows(told))
    assert told.steps[0].time_ps < result.steps[0].time_ps
