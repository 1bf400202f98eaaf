"""One walk over the nodes: constants are folded, known branches taken, known loops unrolled, every shape static."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper, parser

from leptonsim.errors import LeptonError
from leptonsim.model import load_model

HEADER = '<ir_version: 8, opset_import: ["" : 18, "com.example.unused" : 3]>\n'


def graph_of(text, header=HEADER, **options):
    return load_model(parser.parse_model(header + text), **options).graph


def operators(graph):
    return [node.op_type for node in graph.nodes]


def test_shape_arithmetic_becomes_constants_and_leaves_only_the_work():
    graph = graph_of("""
        g (float[batch, 4, 6] x) => (float[a, b] y) {
            shape = Shape(x)
            zero = Constant<value_int = 0>()
            axes = Constant<value_ints = [0]>()
            batch = Gather(shape, zero)
            lead = Unsqueeze(batch, axes)
            rest = Constant<value_ints = [-1]>()
            target = Concat<axis = 0>(lead, rest)
            y = Reshape(x, target)
        }""")
    assert operators(graph) == ["Reshape"]
    assert graph.folded == 7
    assert graph.tensors["target"].value.tolist() == [1, -1]
    assert graph.tensors["target"].kind == "weight"
    assert graph.tensors["y"].shape == (1, 24)


def test_what_depends_on_no_input_is_a_weight_however_it_is_computed():
    graph = graph_of(
        """
        g (float[batch, 4] x) => (float[batch, 5] y) <float[5, 4] w = {0}> {
            big = Constant<value = int64[2] {4, 5}>()
            ones = ConstantOfShape(big)
            flipped = Transpose(w)
            both = Add(ones, flipped)
            y = MatMul(x, both)
        }""".replace("<float[5, 4] w = {0}>", "<float[5, 4] w = {" + ",".join(["0"] * 20) + "}>")
    )
    assert operators(graph) == ["MatMul"]
    assert graph.tensors["both"].kind == "weight"
    assert graph.tensors["both"].value.shape == (4, 5)
    assert set(graph.tensors) == {"x", "both", "y"}


def test_a_large_constant_keeps_its_shape_but_not_its_value():
    graph = graph_of("""
        g (float[batch, 4] x) => (float[batch, 2048] y) {
            shape = Constant<value_ints = [4, 2048]>()
            w = ConstantOfShape(shape)
            y = MatMul(x, w)
        }""")
    assert graph.tensors["w"].shape == (4, 2048)
    assert graph.tensors["w"].value is None


@pytest.mark.parametrize(
    ("attribute", "dtype", "value"),
    [
        ("value_int = 7", "int64", 7),
        ("value_ints = [1, 2]", "int64", [1, 2]),
        ("value_float = 0.5", "float", 0.5),
        ("value_floats = [0.5, 2.0]", "float", [0.5, 2.0]),
        ("value = int32[2] {3, 4}", "int32", [3, 4]),
    ],
)
def test_constants_are_read_in_each_of_their_forms(attribute, dtype, value):
    graph = graph_of(
        f"g (float[batch, 2] x) => ({dtype} c, float[batch, 2] y) {{ c = Constant<{attribute}>()  y = Relu(x) }}"
    )
    assert graph.tensors["c"].dtype == dtype
    assert graph.tensors["c"].value.tolist() == value


def test_a_sparse_initialiser_is_a_weight_with_its_dense_shape():
    model = parser.parse_model(HEADER + "g (float[batch, 4] x) => (float[batch, 6] y) { y = MatMul(x, w) }")
    values = numpy_helper.from_array(np.ones(3, np.float32), "w")
    indices = numpy_helper.from_array(np.array([1, 5, 9], np.int64), "w_indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4, 6]))
    graph = load_model(model).graph
    assert graph.tensors["w"].shape == (4, 6)
    assert graph.tensors["w"].kind == "weight"


def test_random_operators_are_never_constants():
    graph = graph_of("""
        g (float[batch, 4] x) => (float[batch, 4] y) {
            noise = RandomNormal<shape = [1, 4]>()
            y = Add(x, noise)
        }""")
    assert operators(graph) == ["RandomNormal", "Add"]
    assert graph.tensors["noise"].kind == "activation"


def test_a_quantised_weight_keeps_its_few_bits():
    graph = graph_of("""
        g (float[batch, 2] x) => (float[batch, 2] y)
        <int8[2, 2] q = {1, 2, 3, 4}, float s = {0.5}, int8 z = {0}> {
            w = DequantizeLinear(q, s, z)
            y = MatMul(x, w)
        }""")
    assert operators(graph) == ["DequantizeLinear", "MatMul"]
    assert graph.tensors["q"].dtype == "int8"


def test_a_node_needed_only_for_its_shape_is_left_out():
    graph = graph_of("""
        g (float[batch, 4, 6] x) => (float[batch, 24] y) {
            t = Transpose<perm = [0, 2, 1]>(x)
            s = Shape<end = 1>(t)
            rest = Constant<value_ints = [24]>()
            target = Concat<axis = 0>(s, rest)
            y = Reshape(x, target)
        }""")
    assert operators(graph) == ["Reshape"]
    assert (graph.folded, graph.unused) == (3, 1)


def test_attributes_are_plain_values():
    graph = graph_of(
        """
        g (float[batch, 3, 8, 8] x, float[4, 3, 3, 3] w) => (float[batch, 4, 8, 8] y) {
            y = Conv<auto_pad = "SAME_UPPER", strides = [1, 1], group = 1>(x, w)
        }""",
        dims={},
    )
    assert graph.nodes[0].attributes == {"auto_pad": "SAME_UPPER", "strides": (1, 1), "group": 1}
    assert graph.nodes[0].opset == 18


def test_an_absent_optional_input_stays_an_empty_name():
    graph = graph_of("""
        g (float[batch, 3] x) => (float[batch, 3] y) {
            high = Constant<value_float = 6.0>()
            y = Clip(x, , high)
        }""")
    assert graph.nodes[0].inputs == ("x", "", "high")


def test_an_output_that_nobody_reads_may_have_an_unknown_shape():
    graph = graph_of("""
        g (float[batch, 3] x) => (float[batch, 3] y) {
            found = NonZero(x)
            y = Relu(x)
        }""")
    assert operators(graph) == ["Relu"]


def test_a_shape_that_depends_on_the_data_is_refused_with_its_node_and_its_reader():
    with pytest.raises(LeptonError, match=r"node 'Range_1' \(Range\).*'found'.*node 'Cast_2' \(Cast\) needs it"):
        graph_of("""
            g (float n) => (float[a] y) <float zero = {0.0}, float one = {1.0}> {
                limit = Relu(n)
                found = Range(zero, limit, one)
                y = Cast<to = 1>(found)
            }""")


def test_a_target_shape_computed_from_the_data_is_refused():
    with pytest.raises(LeptonError, match=r"Reshape.*target shape 'target' is computed from the data"):
        graph_of("""
            g (float[batch, 4] x) => (float[a, b] y) {
                target = Cast<to = 7>(x)
                y = Reshape(x, target)
            }""")


def test_an_operator_that_onnx_does_not_know_is_named_with_its_domain():
    with pytest.raises(LeptonError) as caught:
        graph_of(
            "g (float[batch, 4] x) => (float[batch, 4] y) { y = com.acme.Frobnicate(x) }",
            '<ir_version: 8, opset_import: ["" : 18, "com.acme" : 2]>',
        )
    for part in ("Frobnicate", "com.acme", "makes 'y'", "shape"):
        assert part in str(caught.value)


def test_inputs_that_do_not_fit_together_are_told_with_their_shapes():
    with pytest.raises(LeptonError, match=r"node 'MatMul_0' .*x \[1, 4\], w \[5, 6\].*ncompatible"):
        graph_of("g (float[batch, 4] x, float[5, 6] w) => (float[a, b] y) { y = MatMul(x, w) }")


def test_a_tensor_that_nothing_writes_is_named():
    with pytest.raises(LeptonError, match=r"node 'Add_0' .*reads 'nowhere'"):
        graph_of("g (float[batch, 4] x) => (float[a, b] y) { y = Add(x, nowhere) }")


@pytest.mark.parametrize(
    ("body", "expected", "shape"),
    [
        ("p = SplitToSequence<axis = 1>(x) y = SequenceAt(p, two)", ["Split"], (3, 1)),
        ("p = SplitToSequence<axis = 1, keepdims = 0>(x) y = SequenceAt(p, two)", ["Split", "Squeeze"], (3,)),
        ("p = SplitToSequence<axis = 1>(x, two) y = SequenceAt(p, last)", ["Split"], (3, 1)),
        ("p = SplitToSequence<axis = 1>(x, two) y = ConcatFromSequence<axis = 1>(p)", ["Split", "Concat"], (3, 5)),
        ("a = Relu(x) b = Neg(x) s = SequenceConstruct(a, b) y = SequenceAt(s, last)", ["Neg"], (3, 5)),
        (
            "e = SequenceEmpty() a = Relu(x) s = SequenceInsert(e, a) t = SequenceInsert(s, x) "
            "y = ConcatFromSequence<axis = 1, new_axis = 1>(t)",
            ["Relu", "Unsqueeze", "Unsqueeze", "Concat"],
            (3, 2, 5),
        ),
        (
            "a = Relu(x) b = Neg(x) s = SequenceConstruct(a, b) t = SequenceErase(s, last) n = SequenceLength(t) "
            "z = Cast<to = 1>(n) c = SequenceAt(t, zero) y = Add(c, z)",
            ["Relu", "Add"],
            (3, 5),
        ),
    ],
)
def test_a_sequence_with_known_positions_is_only_its_tensors(body, expected, shape):
    graph = graph_of(
        f"""
        g (float[batch, 5] x) => (float[a] y) <int64 two = {{2}}, int64 zero = {{0}}, int64 last = {{-1}}> {{ {body} }}
        """,
        batch=3,
    )
    assert operators(graph) == expected
    assert graph.tensors[graph.outputs[0]].shape == shape


def test_a_sequence_that_a_loop_appends_to_is_followed():
    graph = graph_of("""
        g (float[batch, 4] x) => (float[a] y) <int64 trips = {3}, bool go = {1}> {
            e = SequenceEmpty()
            s = Loop (trips, go, e) <
                body = b (int64 i, bool c, seq(float[batch, 4]) state) => (bool c2, seq(float[batch, 4]) next) {
                    c2 = Identity(c)
                    z = Relu(x)
                    next = SequenceInsert(state, z)
                }
            >
            y = ConcatFromSequence<axis = 1>(s)
        }""")
    assert operators(graph) == ["Relu", "Relu", "Relu", "Concat"]
    assert graph.tensors["y"].shape == (1, 12)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("p = SplitToSequence<axis = 1>(x) y = SequenceAt(p, k)", "position 'k' is computed from the data"),
        ("p = SplitToSequence<axis = 1>(x, k) n = SequenceLength(p) y = Cast<to = 1>(n)", "sizes 'k' are computed"),
        ("p = SplitToSequence<axis = 1>(x) y = SequenceAt(p, nine)", "position 9 is outside of a sequence of 5"),
        ("p = SequenceEmpty() y = ConcatFromSequence<axis = 1>(p)", "empty sequence"),
        ("p = SequenceConstruct(x) y = Relu(p)", "'p', which is a sequence of tensors"),
        ("y = SequenceAt(x, nine)", "'x' is not a sequence"),
    ],
)
def test_a_sequence_that_cannot_be_followed_is_refused(body, told):
    with pytest.raises(LeptonError) as caught:
        graph_of(f"g (float[batch, 5] x, int64 k) => (float[a] y) <int64 nine = {{9}}> {{ {body} }}")
    assert told in str(caught.value)


def test_model_local_functions_are_inlined():
    graph = graph_of(
        """g (float[batch, 4] x) => (float[batch, 4] y) { y = local.twice(x) }
        <domain: "local", opset_import: ["" : 18]> twice (a) => (b) { c = Relu(a)  b = Add(c, c) }""",
        '<ir_version: 8, opset_import: ["" : 18, "local" : 1]>',
    )
    assert operators(graph) == ["Relu", "Add"]


@pytest.mark.parametrize(("condition", "expected"), [("1", ["Relu", "Neg"]), ("0", ["Sigmoid", "Neg"])])
def test_an_if_with_a_known_condition_becomes_the_branch_taken(condition, expected):
    graph = graph_of(
        """
        g (float[batch, 4] x) => (float[batch, 4] y) <bool c = {CONDITION}> {
            z = If (c) <
                then_branch = t () => (float[batch, 4] r) { r = Relu(x) },
                else_branch = e () => (float[batch, 4] r) { r = Sigmoid(x) }
            >
            y = Neg(z)
        }""".replace("CONDITION", condition)
    )
    assert operators(graph) == expected
    assert graph.nodes[1].inputs == ("z",)


def test_a_branch_that_only_passes_on_an_outer_tensor_becomes_that_tensor():
    graph = graph_of("""
        g (float[batch, 4] x) => (float[batch, 4] y) <bool c = {1}> {
            z = If (c) <
                then_branch = t () => (float[batch, 4] x) { },
                else_branch = e () => (float[batch, 4] r) { r = Sigmoid(x) }
            >
            y = Neg(z)
        }""")
    assert [(node.op_type, node.inputs) for node in graph.nodes] == [("Neg", ("x",))]


def test_two_ifs_with_equal_inner_names_do_not_mix():
    graph = graph_of("""
        g (float[batch, 4] x) => (float[batch, 4] y) <bool c = {1}> {
            a = If (c) <then_branch = t () => (float[batch, 4] r) { q = Relu(x) r = Neg(q) },
                        else_branch = e () => (float[batch, 4] r) { r = Abs(x) }>
            y = If (c) <then_branch = t () => (float[batch, 4] r) { q = Exp(a) r = Abs(q) },
                        else_branch = e () => (float[batch, 4] r) { r = Abs(x) }>
        }""")
    chain = {node.op_type: node for node in graph.nodes}
    assert list(chain) == ["Relu", "Neg", "Exp", "Abs"]
    assert chain["Neg"].inputs == chain["Relu"].outputs
    assert chain["Exp"].inputs == chain["Neg"].outputs == ("a",)
    assert chain["Abs"].inputs == chain["Exp"].outputs
    assert chain["Abs"].outputs == ("y",) == graph.outputs


def test_an_if_on_the_data_is_refused():
    with pytest.raises(LeptonError, match=r"If.*condition 'c' is computed from the data"):
        graph_of("""
            g (float[batch, 4] x, bool c) => (float[batch, 4] y) {
                y = If (c) <then_branch = t () => (float[batch, 4] r) { r = Relu(x) },
                            else_branch = e () => (float[batch, 4] r) { r = Abs(x) }>
            }""")


LOOP = """
    g (float[batch, 4] x) => (float[batch, 4] y, float[t, batch, 4] all) <int64 trips = {3}, bool go = {1}> {
        y, all = Loop (trips, go, x) <
            body = b (int64 i, bool c, float[batch, 4] state) => (bool c2, float[batch, 4] next, float[batch, 4] seen) {
                c2 = Identity(c)
                next = Relu(state)
                seen = Neg(next)
            }
        >
    }"""


def test_a_loop_of_known_length_is_unrolled_and_its_outputs_stacked():
    graph = graph_of(LOOP, batch=2)
    assert operators(graph) == ["Relu", "Neg"] * 3 + ["Unsqueeze"] * 3 + ["Concat"]
    assert graph.tensors["all"].shape == (3, 2, 4)
    chain = [node for node in graph.nodes if node.op_type == "Relu"]
    assert [node.inputs[0] for node in chain] == ["x", chain[0].outputs[0], chain[1].outputs[0]]
    assert graph.outputs == (chain[2].outputs[0], "all")


def test_a_loop_of_unknown_length_is_refused():
    with pytest.raises(LeptonError, match=r"Loop.*number of trips 'trips' is computed from the data"):
        graph_of(
            LOOP.replace("<int64 trips = {3}, ", "<").replace("(float[batch, 4] x)", "(float[batch, 4] x, int64 trips)")
        )


def test_a_loop_that_stops_on_the_data_is_refused():
    stopping = LOOP.replace("c2 = Identity(c)", "largest = ReduceMax<keepdims = 0>(state)  c2 = Cast<to = 9>(largest)")
    with pytest.raises(LeptonError, match=r"Loop.*condition .* is computed from the data"):
        graph_of(stopping)


def test_an_endless_loop_is_refused():
    with pytest.raises(LeptonError, match="unrolled it has more than 50,000 nodes"):
        graph_of(LOOP.replace("trips = {3}", "trips = {9000000}").replace("seen = Neg(next)", "seen = Neg(state)"))


def test_a_scan_is_unrolled_along_its_axis():
    graph = graph_of(
        """
        g (float[batch, 4] h, float[5, batch, 4] xs) => (float[batch, 4] last, float[5, batch, 4] all) {
            last, all = Scan <num_scan_inputs = 1, scan_output_directions = [1],
                body = b (float[batch, 4] state, float[batch, 4] x) => (float[batch, 4] next, float[batch, 4] seen) {
                    next = Add(state, x)
                    seen = Tanh(next)
                }
            > (h, xs)
        }""",
        batch=2,
    )
    assert operators(graph).count("Add") == operators(graph).count("Tanh") == operators(graph).count("Gather") == 5
    assert graph.tensors["all"].shape == (5, 2, 4)
    stacked = next(node for node in graph.nodes if node.op_type == "Concat").inputs
    produced = {node.outputs[0]: node for node in graph.nodes}
    first = produced[produced[stacked[0]].inputs[0]]
    assert first.inputs[0] == graph.outputs[0], "in reverse, the last trip comes first"


def test_every_tensor_of_the_graph_is_static_and_written_before_it_is_read():
    graph = graph_of(LOOP)
    known = set(graph.inputs) | {name for name, tensor in graph.tensors.items() if tensor.kind == "weight"}
    for node in graph.nodes:
        assert all(name in known for name in node.inputs if name)
        known.update(node.outputs)
    assert set(graph.tensors) <= known
    assert all(isinstance(size, int) for tensor in graph.tensors.values() for size in tensor.shape)


def test_node_names_are_unique_even_where_the_file_repeats_them():
    model = parser.parse_model(
        HEADER + "g (float[batch, 4] x) => (float[batch, 4] y) { a = Relu(x) b = Neg(a) y = Abs(b) }"
    )
    for node in model.graph.node:
        node.name = "same"
    names = [node.name for node in load_model(model).graph.nodes]
    assert names == ["same", "same_2", "same_3"]


def test_stale_shapes_in_the_file_are_ignored():
    model = parser.parse_model(HEADER + "g (float[batch, 4] x) => (float[1, 4] y) { a = Relu(x) y = Neg(a) }")
    model.graph.value_info.append(helper.make_tensor_value_info("a", onnx.TensorProto.FLOAT, [1, 99]))
    graph = load_model(model, batch=3).graph
    assert graph.tensors["a"].shape == graph.tensors["y"].shape == (3, 4)


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17, 21, onnx.defs.onnx_opset_version()])
def test_opsets_from_7_to_the_newest_are_read(opset):
    graph = graph_of(
        "g (float[batch, 3, 8, 8] x, float[4, 3, 3, 3] w) => (float[batch, 4, 6, 6] y) { c = Conv(x, w)  y = Relu(c) }",
        f'<ir_version: 3, opset_import: ["" : {opset}]>',
    )
    assert graph.tensors["y"].shape == (1, 4, 6, 6)
    assert graph.nodes[0].opset == opset


@pytest.mark.parametrize(
    ("opset", "body", "shape"),
    [
        (6, "y = BatchNormalization<is_test = 1>(x, s, s, s, s)", (1, 3, 2, 2)),
        (1, 'y = Upsample<height_scale = 2.0, width_scale = 2.0, mode = "nearest">(x)', (1, 3, 4, 4)),
        (1, "y = Reshape<shape = [1, 12]>(x)", (1, 12)),
    ],
)
def test_an_older_opset_is_read_as_opset_7(opset, body, shape):
    graph = graph_of(
        f"g (float[1, 3, 2, 2] x, float[3] s) => (float[] y) {{ {body} }}",
        f'<ir_version: 3, opset_import: ["" : {opset}]>',
    )
    assert graph.tensors["y"].shape == shape
    assert graph.nodes[-1].opset == 7


def test_an_older_opset_that_cannot_be_converted_is_refused():
    with pytest.raises(LeptonError, match=r"opset 5 is older than 7, and ONNX's converter cannot.*export the model"):
        graph_of(
            "g (float[1, 12] x) => (float[] y) { y = Reshape<shape = [3, 4]>(x) }",
            '<ir_version: 3, opset_import: ["" : 5]>',
        )


def test_a_file_without_an_opset_is_refused():
    model = parser.parse_model(HEADER + "g (float[batch, 3] x) => (float[batch, 3] y) { y = Relu(x) }")
    del model.opset_import[:]
    with pytest.raises(LeptonError, match="names no opset version"):
        load_model(model)


def test_the_callers_message_is_left_as_it_was():
    model = parser.parse_model(HEADER + "g (float[batch, 4] x) => (float[batch, 4] y) { y = Relu(x) }")
    before = model.SerializeToString(deterministic=True)
    load_model(model, batch=5)
    assert model.SerializeToString(deterministic=True) == before


def test_an_operator_without_a_shape_rule_takes_the_shape_of_its_definition():
    graph = graph_of(
        """g (float[batch, 8, 4, 6] x, float[8] s, float[8] b) => (float[batch, 8, 4, 6] y) {
            y = GroupNormalization<num_groups = 4>(x, s, b)
        }""",
        '<ir_version: 8, opset_import: ["" : 21]>',
        batch=3,
    )
    assert operators(graph) == ["GroupNormalization"]
    assert graph.tensors["y"].shape == (3, 8, 4, 6)


def test_a_definition_that_depends_on_the_data_is_refused_like_any_other_operator():
    with pytest.raises(LeptonError, match=r"node 'CenterCropPad_0' .*cannot be known before it runs"):
        graph_of("g (float[batch, 8] x, int64[2] size) => (float[a, b] y) { y = CenterCropPad(x, size) }")


def test_an_absent_attribute_has_its_default_in_the_rules_for_shapes():
    # ONNX's own rule for STFT takes an absent ``onesided`` for 0, while its default is 1: 16 / 2 + 1 frequencies.
    graph = graph_of("""
        g (float[batch, 128, 1] x) => (float[a, b, c, d] y) <int64 step = {8}, int64 length = {16}> {
            y = STFT(x, step, , length)
        }""")
    assert graph.tensors["y"].shape == (1, 15, 9, 2)
