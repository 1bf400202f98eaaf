"""A model written for one batch and run at another: right, or refused; never silently wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import parser

from leptonsim.errors import LeptonError
from leptonsim.model import load_model
from leptonsim.model.placing import Place, at_batch, outermost, reshaped_places
from leptonsim.model.reshape import resolve_target

HEADER = '<ir_version: 8, opset_import: ["" : 18]>\n'


def model_of(text):
    return parser.parse_model(HEADER + text)


def reshaping(shape, target, written="1"):
    sizes = ", ".join(str(size) for size in target)
    return model_of(f"""
        g (float[{written}, {shape}] x) => (float[a] y)
        <int64[{len(target)}] t = {{{sizes}}}> {{ y = Reshape(x, t) }}""")


def test_a_constant_leading_1_that_is_the_batch_becomes_the_batch():
    graph = load_model(reshaping("512, 2, 2", [1, 2048]), batch=8).graph
    assert graph.tensors["y"].shape == (8, 2048)
    assert graph.tensors[graph.nodes[0].inputs[1]].value.tolist() == [8, 2048]


def test_an_explicit_shape_sets_the_batch_of_a_file_that_fixes_another():
    model = load_model(reshaping("512, 2, 2", [1, 2048]), shapes={"x": (8, 512, 2, 2)})
    assert model.graph.batch == 8
    assert model.graph.tensors["y"].shape == (8, 2048)
    assert model.with_batch(3).graph.tensors["y"].shape == (3, 2048)


def test_samples_do_not_run_together_where_a_minus_1_would_let_them():
    assert load_model(reshaping("512, 2, 2", [1, -1]), batch=8).graph.tensors["y"].shape == (8, 2048)


def test_a_flattened_batch_grows_in_the_axis_that_holds_it():
    assert load_model(reshaping("32, 768", [32, 768]), batch=8).graph.tensors["y"].shape == (256, 768)


def test_a_batch_merged_with_the_heads_grows_there_and_not_in_the_sequence():
    text = """
        g (float[128, batch, 768] x) => (float[a] y) <int64[3] t = {-1, 12, 64}> { y = Reshape(x, t) }"""
    assert load_model(model_of(text), batch=8).graph.tensors["y"].shape == (128, 96, 64)


@pytest.mark.parametrize(
    ("operator", "sizes", "shape"),
    [
        ("y = Expand(x, t)", "1, 3, 4, 4", (8, 3, 4, 4)),
        ("y = Expand(x, t)", "5, 1, 3, 4, 4", (5, 8, 3, 4, 4)),
        ('y = Resize<mode = "linear">(x, , , t)', "1, 3, 6, 7", (8, 3, 6, 7)),
    ],
)
def test_constant_target_sizes_have_the_batch_where_the_input_has_it(operator, sizes, shape):
    rank = sizes.count(",") + 1
    text = f"g (float[1, 3, 4, 1] x) => (float[] y) <int64[{rank}] t = {{{sizes}}}> {{ {operator} }}"
    assert load_model(model_of(text), batch=8).graph.tensors["y"].shape == shape


@pytest.mark.parametrize(
    ("body", "constant", "shape"),
    [
        ("z = Add(h, c)", "4, 1, 5", (32, 6, 5)),  # a bias of every head, repeated for the sample
        ("z = Where(m, h, c)  m = Greater(h, c)", "4, 6, 1", (32, 6, 5)),
        ("z = MatMul(h, c)", "4, 5, 3", (32, 6, 3)),
        ("z = MatMul(c, h)", "4, 3, 6", (32, 3, 5)),
        ("z = Concat<axis = 2>(c, h)", "4, 6, 2", (32, 6, 7)),
        ("z = GatherElements<axis = 1>(h, i)  i = Cast<to = 7>(c)", "4, 2, 5", (32, 2, 5)),
    ],
)
def test_a_constant_made_for_every_head_of_a_sample_is_repeated_for_all_samples(body, constant, shape):
    first, *rest = body.split("  ")
    text = f"""
        g (float[1, 4, 6, 5] x) => (float[] z) <int64[3] t = {{4, 6, 5}}, int64[3] s = {{{constant}}}> {{
            c = ConstantOfShape(s)  h = Reshape(x, t)  {" ".join(rest)}  {first}
        }}"""
    assert load_model(model_of(text), batch=8).graph.tensors["z"].shape == shape


def test_a_constant_expanded_to_sizes_that_know_the_batch_is_repeated_for_it():
    text = """
        g (float[1, 32, 6] x) => (float[] y) <int64[3] s = {2, 32, 3}, int64[1] two = {2}, int64[1] three = {3}> {
            state = ConstantOfShape(s)  n = Shape<start = 0, end = 1>(x)  m = Shape<start = 1, end = 2>(x)
            c = Mul(n, m)  t = Concat<axis = 0>(two, c, three)  e = Expand(state, t)
            u = Concat<axis = 0>(c, two, three)  h = Reshape(x, u)  p = Transpose<perm = [1, 0, 2]>(h)  y = Add(p, e)
        }"""
    assert load_model(model_of(text), batch=8).graph.tensors["y"].shape == (2, 256, 3)


def test_a_constant_grid_samples_every_image():
    text = """
        g (float[1, 3, 6, 6] x) => (float[] y) <int64[4] s = {1, 4, 4, 2}> {
            grid = ConstantOfShape(s)  y = GridSample(x, grid)
        }"""
    assert load_model(model_of(text), batch=8).graph.tensors["y"].shape == (8, 3, 4, 4)


def test_a_strided_view_by_constant_indices_is_taken_of_every_sample():
    text = """
        g (float[{batch}, 3, 2] x) => (float[] y) <int64[1] all = {{-1}}, int64[{batch}, 2, 1] i = {{{indices}}}> {{
            h = Reshape(x, all)  y = Gather<axis = 0>(h, i)
        }}"""
    for batch, indices in ((1, "0, 2"), (2, "0, 2, 6, 8")):
        model = model_of(text.format(batch=batch, indices=indices))
        assert load_model(model, batch=8).graph.tensors["y"].shape == (8, 2, 1)
    with pytest.raises(LeptonError, match=r"Gather.*does not scale"):
        # Elements of the first sample twice: no view of each.
        load_model(model_of(text.format(batch=2, indices="0, 2, 1, 3")), batch=8)


def test_samples_inside_of_merged_tokens_are_found_by_the_product_behind():
    """Tokens before the batch, as nn.MultiheadAttention works: [197, 1, 64] is flattened for a Gemm, then for heads."""
    text = """
        g (float[1, 10, 64] x) => (float[] y)
        <int64[2] rows = {10, 64}, int64[3] back = {10, 1, 64}, int64[3] heads = {10, 4, 16}, int64[2] s = {64, 64}> {
            w = ConstantOfShape(s)
            t = Transpose<perm = [1, 0, 2]>(x)
            h = Reshape(t, rows)
            p = MatMul(h, w)
            b = Reshape(p, back)
            q = Reshape(b, heads)
            a = Transpose<perm = [1, 0, 2]>(q)
            k = Transpose<perm = [1, 2, 0]>(q)
            y = MatMul(a, k)
        }"""
    tensors = load_model(model_of(text), batch=8).graph.tensors
    assert [tensors[name].shape for name in "hbqy"] == [(80, 64), (10, 8, 64), (10, 32, 16), (32, 10, 10)]


def test_no_choice_of_places_makes_a_wrong_model_right():
    text = """
        g (float[1, 10, 64] x) => (float[] y)
        <int64[2] rows = {10, 64}, int64[2] s = {64, 64}> {
            w = ConstantOfShape(s)  t = Transpose<perm = [1, 0, 2]>(x)  h = Reshape(t, rows)
            p = MatMul(h, w)  q = Transpose(p)  r = MatMul(w, q)  y = MatMul(r, p)
        }"""
    with pytest.raises(LeptonError, match=r"node 'MatMul_\d'.*a batch seems to be written"):
        load_model(model_of(text), batch=8)


def test_what_holds_at_the_written_batch_only_is_refused_with_the_reason():
    text = "g (float[1, 3, 4] x) => (float[] y) <float[2, 1, 1] w = {1.0, 2.0}> { s = Add(x, w) y = Relu(s) }"
    with pytest.raises(LeptonError, match=r"node 'Add_0'.*do not fit together.*a batch seems to be written"):
        load_model(model_of(text), batch=8)


def test_a_written_batch_other_than_1_is_replaced():
    assert load_model(reshaping("512, 2, 2", [4, 2048], written="4"), batch=6).graph.tensors["y"].shape == (6, 2048)
    assert load_model(reshaping("512, 2, 2", [4, 2048], written="4")).graph.batch == 4


def test_a_target_that_is_right_is_not_touched():
    for target in ([0, -1], [-1, 2048], [0, 2048]):
        graph = load_model(reshaping("512, 2, 2", target), batch=8).graph
        assert graph.nodes[0].inputs == ("x", "t")
        assert graph.tensors["y"].shape == (8, 2048)


def test_a_target_that_knows_the_batch_is_not_touched():
    text = """
        g (float[batch, 6, 4, 4] x) => (float[a] y) {
            n = Shape<start = 0, end = 1>(x)
            six = Constant<value_ints = [6]>()
            channels = Mul(n, six)
            one = Constant<value_ints = [1]>()
            rest = Constant<value_ints = [4, 4]>()
            t = Concat<axis = 0>(one, channels, rest)
            z = Reshape(x, t)
            back = Concat<axis = 0>(n, six, rest)
            y = Reshape(z, back)
        }"""
    graph = load_model(model_of(text), batch=8).graph
    assert graph.tensors["z"].shape == (1, 48, 4, 4)
    assert graph.tensors["y"].shape == (8, 6, 4, 4)


def test_a_constant_joined_to_samples_is_repeated_for_each():
    text = """
        g (float[1, 196, 2] x) => (float[a] y) <float[1, 1, 2] token = {1, 2}> { y = Concat<axis = 1>(token, x) }"""
    graph = load_model(model_of(text), batch=8).graph
    assert graph.tensors["y"].shape == (8, 197, 2)
    assert graph.tensors[graph.nodes[0].inputs[0]].shape == (8, 1, 2)


@pytest.mark.parametrize(("layout", "state"), [(0, (2, 8, 5)), (1, (8, 2, 5))])
def test_a_constant_state_with_which_an_lstm_starts_is_repeated_for_each_sample(layout, state):
    shape, start = ("7, 1, 3", "2, 1, 5") if layout == 0 else ("1, 7, 3", "1, 2, 5")
    zeros = ", ".join(["0"] * 10)
    text = f"""
        g (float[{shape}] x) => (float[a] y) <float[{start}] h = {{{zeros}}}> {{
            w_shape = Constant<value_ints = [2, 20, 3]>()
            r_shape = Constant<value_ints = [2, 20, 5]>()
            w = ConstantOfShape(w_shape)
            r = ConstantOfShape(r_shape)
            y = LSTM<hidden_size = 5, direction = "bidirectional", layout = {layout}>(x, w, r, , , h, h)
        }}"""
    model = model_of(text)
    if layout == 0:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "steps"
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "batch"
    graph = load_model(model, batch=8, dims={"steps": 7} if layout == 0 else {}).graph
    lstm = graph.nodes[-1]
    assert [graph.tensors[name].shape for name in lstm.inputs[5:]] == [state, state]
    assert lstm.inputs[3:5] == ("", "")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("i = Constant<value_int = 0>()  y = Gather(x, i)", "Gather"),
        (
            "s = Constant<value_ints = [0]>() e = Constant<value_ints = [1]>() h = Slice(x, s, e) y = Relu(h)",
            "Slice|Relu",
        ),
        ("y = ReduceMean<keepdims = 0>(x)", "ReduceMean"),
        ("t = Constant<value_ints = [1, -1]>() h = Reshape(x, t) p = Transpose(h) y = MatMul(h, p)", "MatMul"),
    ],
)
def test_an_output_that_does_not_scale_with_the_batch_is_refused(body, told):
    model = model_of(f"g (float[1, 6, 4] x) => (float[a] y) {{ {body} }}")
    assert load_model(model).graph.batch == 1
    if told == "MatMul":
        # Similarities between samples: both dimensions are the batch, so this one is right.
        assert load_model(model, batch=8).graph.tensors["y"].shape == (8, 8)
        return
    with pytest.raises(LeptonError, match=f"({told}).*batch"):
        load_model(model, batch=8)


def test_a_square_that_grows_with_the_batch_is_refused():
    text = """
        g (float[1, 16, 4] x) => (float[a] y) <int64[2] t = {16, 4}> {
            h = Reshape(x, t)  p = Transpose(h)  y = MatMul(h, p)
        }"""
    with pytest.raises(LeptonError, match=r"MatMul.*\[16, 16\] at batch 1 and \[128, 128\] at batch 8"):
        load_model(model_of(text), batch=8)


def test_an_open_batch_with_another_batch_in_its_constants_is_refused_even_at_batch_1():
    text = """
        g (float[seq, batch, 64] x) => (float[a] y) <int64[3] t = {-1, 8, 16}> {
            h = Reshape(x, t)
            a = Transpose<perm = [1, 0, 2]>(h)
            b = Transpose<perm = [1, 2, 0]>(h)
            y = MatMul(a, b)
        }"""
    # Written for 2 samples of 4 heads: at batch 1 the elements fit, and half the sequence would be lost in silence.
    for batch in (1, 3, 8):
        with pytest.raises(LeptonError, match="does not scale"):
            load_model(model_of(text), dims={"seq": 10}, batch=batch)
    # An odd sequence does not fit at batch 1, so that 3 and 4 have no reference there.
    with pytest.raises(LeptonError, match="cannot reshape"):
        load_model(model_of(text), dims={"seq": 9})
    with pytest.raises(LeptonError, match="does not scale"):
        load_model(model_of(text), dims={"seq": 9}, batch=4)


def test_a_model_that_holds_at_one_batch_only_runs_at_that_one():
    text = """
        g (float[batch, 6, 4] x) => (float[a] y) <int64[2] t = {48, -1}, int64[2] u = {2, 24}> {
            h = Reshape(x, t)  y = Reshape(h, u)
        }"""
    assert load_model(model_of(text), batch=2).graph.tensors["y"].shape == (2, 24)


def test_a_batch_that_no_input_has_cannot_be_set():
    model = load_model(
        model_of("g () => (float[2, 4] y) { s = Constant<value_ints = [2, 4]>() y = ConstantOfShape(s) }")
    )
    assert model.graph.nodes == ()
    with pytest.raises(LeptonError, match="the batch cannot be set to 4"):
        model.with_batch(4)


def test_a_batch_is_read_once_and_found_again():
    model = load_model(reshaping("512, 2, 2", [1, 2048]), batch=8)
    assert model.with_batch(8) is model
    assert model.with_batch(1) is model.with_batch(1)
    assert model.with_batch(1).with_batch(8) is model
    assert model.with_batch(1).graph.tensors["y"].shape == (1, 2048)


def test_explicit_shapes_and_named_batches_follow_with_batch():
    text = "g (float[n, seq] x) => (float[n, seq] y) { y = Relu(x) }"
    for options in ({"shapes": {"x": (4, 7)}}, {"dims": {"n": 4, "seq": 7}}):
        model = load_model(model_of(text), **options)
        assert model.graph.batch == 4
        assert model.with_batch(2).graph.tensors["y"].shape == (2, 7)


def samples_of(shape, place, batch):
    """The sample to which every element of a tensor belongs."""
    along = np.arange(shape[place.axis]) // place.inner % batch
    return np.broadcast_to(along.reshape(-1, *[1] * (len(shape) - place.axis - 1)), shape)


@settings(max_examples=200)
@given(st.data())
def test_a_reshape_leaves_every_element_with_its_sample(data):
    written, batch = data.draw(st.integers(1, 3)), data.draw(st.integers(2, 5))
    outer = data.draw(st.lists(st.integers(1, 4), max_size=2))
    inner = data.draw(st.lists(st.integers(1, 4), max_size=2))
    around = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)))
    place = Place(len(outer), around[1])
    there = (*outer, around[0] * written * around[1], *inner)
    here = at_batch(there, place, batch, written)
    elements = math.prod(there)
    first = data.draw(st.sampled_from([k for k in range(1, elements + 1) if elements % k == 0]))
    second = data.draw(st.sampled_from([k for k in range(1, elements // first + 1) if elements // first % k == 0]))
    target = data.draw(
        st.sampled_from([(first, second, elements // first // second), (first, elements // first), (elements,)])
    )
    found = reshaped_places(place, there, target, written)
    assert len(set(found)) == len(found)
    samples = samples_of(here, place, batch)
    for one in found:
        assert (samples_of(target, one, written) == samples_of(there, place, written).reshape(target)).all()
        reshaped = at_batch(target, one, batch, written)
        assert (samples_of(reshaped, one, batch) == samples.reshape(reshaped)).all()


def test_all_elements_in_one_row_hold_the_samples_wherever_they_were():
    assert reshaped_places(Place(1, 1), (197, 1, 768), (197 * 768,), 1) == (Place(0, 768),)
    assert reshaped_places(Place(1, 1), (197, 2, 768), (197, 2, 12, 64), 2) == (Place(1, 1),)
    assert reshaped_places(Place(1, 1), (197, 1, 768), (197, 768), 1) == (Place(1, 768), Place(0, 1))
    assert reshaped_places(Place(0, 1), (3, 4), (4, 3), 3) == ()
    assert outermost(0, 9, 2) is None


@settings(max_examples=100)
@given(st.data())
def test_a_target_resolves_as_numpy_reshapes(data):
    shape = data.draw(st.lists(st.integers(1, 5), max_size=4))
    target = data.draw(st.lists(st.sampled_from([-1, 0, 1, 2, 3, 4, 5, 6, 10]), max_size=4))
    sizes = [shape[axis] if size == 0 and axis < len(shape) else size for axis, size in enumerate(target)]
    expected = None
    if all(size != 0 for size in sizes):
        try:
            expected = np.zeros(shape).reshape(sizes).shape
        except ValueError:
            expected = None
    assert resolve_target(shape, target, allow_zero=False) == expected
