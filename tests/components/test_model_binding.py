"""Every dimension of every input gets a number, or the error tells which option would give it one."""

import onnx.parser
import pytest

from leptonsim.errors import LeptonError
from leptonsim.model import load_model
from leptonsim.model.binding import DeclaredInput, Request, bind


def bound(*inputs, batch=None, shapes=None, dims=None):
    declared = [DeclaredInput(name, "float", shape) for name, shape in inputs]
    return bind(declared, Request(batch, shapes or {}, dims or {}))


def test_the_batch_is_the_first_dimension_named_so_and_1_by_default():
    assert bound(("x", ("batch", 3))).shapes == {"x": (1, 3)}
    assert bound(("x", ("batch", 3)), batch=8).shapes == {"x": (8, 3)}


@pytest.mark.parametrize("name", ["batch", "batch_size", "N", "bs", "Batch", "input.batch_size", "batch0"])
def test_a_name_that_says_batch_is_the_batch_wherever_it_stands(name):
    binding = bound(("x", (10, name, 4)), ("mask", (name, 10)), batch=8)
    assert binding.shapes == {"x": (10, 8, 4), "mask": (8, 10)}
    assert binding.batch == 8


def test_a_first_dimension_that_is_not_the_batch_is_left_to_bind_when_another_is_named_batch():
    with pytest.raises(LeptonError, match=r"dimension 0 of input 'x', named 'sequence', is open.*--bind sequence="):
        bound(("x", ("sequence", "batch", 4)), batch=8)
    assert bound(("x", ("sequence", "batch", 4)), batch=8, dims={"sequence": 5}).shapes["x"] == (5, 8, 4)


def test_an_open_first_dimension_without_a_telling_name_takes_the_batch_only_when_one_is_given():
    with pytest.raises(LeptonError, match=r"dimension 0 of input 'x', named 'tokens', is open: set it with --batch"):
        bound(("x", ("tokens", 4)))
    assert bound(("x", ("tokens", 4)), batch=3).shapes == {"x": (3, 4)}


@pytest.mark.parametrize("dim", [None, "s77", "unk__12", "x_dynamic_axes_1"])
def test_an_open_first_dimension_without_a_name_of_its_own_is_one_sample(dim):
    assert bound(("x", (dim, 4))).shapes == {"x": (1, 4)}
    assert bound(("x", (dim, 4)), batch=3).shapes == {"x": (3, 4)}


def test_a_fixed_batch_is_kept_or_replaced_in_every_input_that_has_it():
    inputs = [("x", (2, 3)), ("y", (2, 5)), ("bias", (1, 7)), ("table", (9, 3)), ("scalar", ())]
    assert bound(*inputs).batch == 2
    binding = bound(*inputs, batch=8)
    assert binding.shapes == {"x": (8, 3), "y": (8, 5), "bias": (1, 7), "table": (9, 3), "scalar": ()}
    assert binding.fixed_batch == 2
    assert binding.batch_axes == {"x": (0,), "y": (0,)}


def test_fixed_shapes_are_left_alone_without_a_batch():
    inputs = [("x", (3, 5)), ("weight", (1, 5)), ("other", (9, 5))]
    assert bound(*inputs).shapes == dict(inputs)


def test_a_fixed_vector_of_one_element_is_a_scalar_not_a_batch():
    assert bound(("image", (1, 3, 8, 8)), ("step", (1,)), batch=4).shapes == {"image": (4, 3, 8, 8), "step": (1,)}


def test_an_open_inner_dimension_names_both_options():
    with pytest.raises(
        LeptonError, match=r"dimension 1 of input 'ids', named 'seq', is open: set it with --bind seq=\.\.\. or --shape"
    ):
        bound(("ids", ("batch", "seq")))
    with pytest.raises(LeptonError, match=r"dimension 1 of input 'ids' is open: set it with --shape ids="):
        bound(("ids", ("batch", None)))


def test_named_dimensions_are_bound_everywhere_and_in_expressions():
    binding = bound(("ids", ("batch", "seq")), ("mask", ("batch", "past + seq")), dims={"seq": 4, "past": 16})
    assert binding.shapes == {"ids": (1, 4), "mask": (1, 20)}
    assert bound(("x", ("batch", "2*s0 - 1")), dims={"s0": 5}).shapes == {"x": (1, 9)}


def test_an_explicit_shape_wins_over_the_batch_and_binds_its_names():
    binding = bound(("ids", ("batch", "seq")), ("mask", ("batch", "seq")), batch=8, shapes={"ids": (2, 7)})
    assert binding.shapes == {"ids": (2, 7), "mask": (2, 7)}
    assert binding.batch == 2


def test_a_shape_is_given_to_an_input_without_one():
    with pytest.raises(LeptonError, match="input 'x' has no declared shape: give it with --shape x="):
        bound(("x", None))
    assert bound(("x", None), shapes={"x": (2, 3)}).shapes == {"x": (2, 3)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shapes": {"ids": (1, 5)}, "dims": {"seq": 4}}, "makes dimension 'seq' 5, but it is 4"),
        ({"shapes": {"ids": (1, 5), "mask": (1, 6)}}, "makes dimension 'seq' 6, but it is 5"),
        ({"batch": 2, "dims": {"batch": 3}}, "--batch 2 contradicts --bind batch=3"),
        ({"shapes": {"ids": (5,)}}, "declares 2 dimensions for it, batchxseq"),
        ({"shapes": {"isd": (1, 5)}}, "no input 'isd'; did you mean 'ids'?"),
        ({"dims": {"sec": 4}}, "no dimension named 'sec'; did you mean 'seq'?"),
        ({"dims": {"seq": -4}}, "cannot be negative"),
        ({"batch": 0}, "batch 0: must be 1 or more"),
    ],
)
def test_a_contradiction_or_an_unknown_name_is_an_error(options, message):
    with pytest.raises(LeptonError) as caught:
        bound(("ids", ("batch", "seq")), ("mask", ("batch", "seq")), **options)
    assert message in str(caught.value)


def test_a_fixed_inner_dimension_cannot_be_changed():
    with pytest.raises(LeptonError, match="the model fixes dimension 2 of it at 224"):
        bound(("image", (1, 3, 224, 224)), shapes={"image": (1, 3, 320, 320)})


def test_shapes_that_differ_in_the_batch_are_a_contradiction():
    with pytest.raises(LeptonError, match="contradict each other on the batch: x has 2, y has 3"):
        bound(("x", (None, 4)), ("y", (None, 4)), shapes={"x": (2, 4), "y": (3, 4)})


def test_a_request_at_another_batch_changes_shapes_and_names_with_it():
    inputs = [DeclaredInput("ids", "int64", ("n", "seq")), DeclaredInput("table", "float", (9, 4))]
    request = Request(None, {"ids": (2, 7)}, {"n": 2})
    again = bind(inputs, request).request_at(5, request)
    assert bind(inputs, again).shapes == {"ids": (5, 7), "table": (9, 4)}


def test_a_dimension_may_be_zero_but_not_the_batch():
    assert bound(("past", ("batch", 8, "past", 64)), dims={"past": 0}).shapes == {"past": (1, 8, 0, 64)}
    with pytest.raises(LeptonError, match="the batch cannot be 0"):
        bound(("x", ("batch", 3)), dims={"batch": 0})


def test_dimensions_named_by_a_question_mark_are_different_ones():
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[N,3,q,q] x) => (float[N,3,q,q] y) { y = Relu(x) }'
    )
    for value in (*model.graph.input, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim[2:]:
            dim.dim_param = "?"
    graph = load_model(model, shapes={"x": (1, 3, 48, 192)}).graph
    assert graph.tensors["y"].shape == (1, 3, 48, 192)
    with pytest.raises(LeptonError, match="dimension 2 of input 'x' is open"):
        load_model(model, batch=1)


BRANCHES = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[N,8] x, int64 rate) => (float[N,8] y)
<int64 fast = {16000}>
{
  is_fast = Equal(rate, fast)
  y = If (is_fast) <
    then_branch = one () => (float[N,8] a) { a = Relu(x) },
    else_branch = two () => (float[N,8] b) { c = Exp(x)
      b = Neg(c) }
  >
}
"""


@pytest.mark.parametrize(("rate", "taken"), [(16000, ["Relu"]), (8000, ["Exp", "Neg"])])
def test_an_input_of_one_integer_may_be_bound_to_a_value_that_decides(rate, taken):
    model = load_model(onnx.parser.parse_model(BRANCHES), batch=2, dims={"rate": rate})
    assert [node.op_type for node in model.graph.nodes] == taken
    assert [node.op_type for node in model.with_batch(4).graph.nodes] == taken


def test_an_unknown_condition_tells_of_the_value_to_give():
    with pytest.raises(LeptonError, match="--bind INPUT=N"):
        load_model(onnx.parser.parse_model(BRANCHES), batch=2)
