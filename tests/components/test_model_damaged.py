"""Damaged files: whatever is wrong with one, it is read or refused in one message, and nothing else ever happens."""

import math

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import defs, numpy_helper, parser

from leptonsim.compiler.workload import workload
from leptonsim.errors import LeptonError
from leptonsim.model import load_model

HEADER = '<ir_version: 8, opset_import: ["" : 18]>\n'
GRAPHS = (
    """g (float[n, 16, 32] x) => (float[] y)
        <int64[4] t = {0, 0, 4, 8}, int64[3] u = {0, 0, 32}, int64[2] s = {32, 32}> {
        w = ConstantOfShape(s)  p = MatMul(x, w)  q = Reshape(p, t)  a = Transpose<perm = [0, 2, 1, 3]>(q)
        b = Transpose<perm = [0, 2, 3, 1]>(q)  c = MatMul(a, b)  d = Softmax(c)  e = MatMul(d, a)
        f = Transpose<perm = [0, 2, 1, 3]>(e)  h = Reshape(f, u)  y = Add(h, x) }""",
    """g (float[1, 3, 8, 8] x) => (float[] y) <int64[4] s = {4, 3, 3, 3}> {
        w = ConstantOfShape(s)
        c = Constant<value = bool {1}>()  z = Conv<pads = [1, 1, 1, 1]>(x, w)
        y = If(c) <
            then_branch = t () => (float[] a) { a = Relu(z) },
            else_branch = e () => (float[] b) { b = Neg(z) }> }""",
    """g (float[4] x) => (float[] z, float[] w) {
        n = Constant<value = int64 {5}>()  c = Constant<value = bool {1}>()
        z, w = Loop(n, c, x) <body = b (int64 i, bool k, float[4] v) => (bool k2, float[4] v2, float[4] s) {
            k2 = Identity(k)  v2 = Add(v, v)  s = Relu(v2) }> }""",
    """g (float[4] h, float[6, 4] x) => (float[] z, float[] w) {
        z, w = Scan<num_scan_inputs = 1, body = b (float[4] s, float[4] e) => (float[4] t, float[4] o) {
            t = Add(s, e)  o = Relu(t) }>(h, x) }""",
    """g (float[2, 6] x) => (float[] y, int64[] j) {
        s = SplitToSequence<axis = 1>(x)  i = Constant<value = int64 {2}>()  a = SequenceAt(s, i)
        q = SequenceInsert(s, a)  y = ConcatFromSequence<axis = 1>(q)
        k = Constant<value_ints = [2]>()  v, j = TopK(y, k) }""",
)
SIZES = (0, -1, 1, 3, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))
TEXTS = ("", "x", "nowhere", "a" * 300)


def model_of(text):
    return parser.parse_model(HEADER + text)


def read(model):
    """Read and lower a model: None, or the message with which it is refused."""
    try:
        workload(load_model(model).graph)
    except LeptonError as error:
        return str(error)
    return None


def test_the_models_to_be_damaged_are_sound():
    assert [read(model_of(text)) for text in GRAPHS] == [None] * len(GRAPHS)


def graphs_in(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs_in(attribute.g)


def damage_node(draw, graph):
    node = draw(st.sampled_from(list(graph.node)))
    names = [name for each in graph.node for name in (*each.input, *each.output)] + list(TEXTS)
    match draw(st.integers(0, 8)):
        case 0:
            node.input[:] = draw(st.lists(st.sampled_from(names), max_size=4))
        case 1:
            node.output[:] = draw(st.lists(st.sampled_from(names), max_size=3))
        case 2:
            node.op_type = draw(st.sampled_from(sorted({schema.name for schema in defs.get_all_schemas()})))
        case 3:
            node.domain = draw(st.sampled_from(["com.microsoft", "ai.onnx.ml", "nowhere"]))
        case 4:
            graph.node.remove(node)
        case 5:
            graph.node.add().CopyFrom(node)
        case 6:
            order = draw(st.permutations(list(graph.node)))
            del graph.node[:]
            graph.node.extend(order)
        case 7 | 8 if node.attribute:
            attribute = draw(st.sampled_from(list(node.attribute)))
            match draw(st.integers(0, 3)):
                case 0:
                    node.attribute.remove(attribute)
                case 1:
                    attribute.i = draw(st.sampled_from(SIZES))
                case 2:
                    attribute.ints[:] = draw(st.lists(st.sampled_from(SIZES), max_size=4))
                case 3:
                    attribute.type = draw(st.integers(0, 14))


def damage_constant(draw, graph):
    if not graph.initializer:
        return
    tensor = draw(st.sampled_from(list(graph.initializer)))
    match draw(st.integers(0, 5)):
        case 0:
            graph.initializer.remove(tensor)
        case 1:
            tensor.dims[:] = draw(st.lists(st.sampled_from(SIZES), max_size=4))
        case 2:
            tensor.data_type = draw(st.integers(0, 30))
        case 3:
            tensor.raw_data = b"\0" * draw(st.integers(0, 40))
        case 4:
            tensor.data_location = onnx.TensorProto.EXTERNAL
        case 5 if tensor.data_type == onnx.TensorProto.INT64:
            values = draw(st.lists(st.sampled_from(SIZES), min_size=tensor.dims[0], max_size=tensor.dims[0]))
            tensor.CopyFrom(numpy_helper.from_array(np.array(values, np.int64), tensor.name))


def damage_file(draw, model):
    match draw(st.integers(0, 4)):
        case 0:
            model.opset_import[0].version = draw(st.integers(-1, 30))
        case 1:
            model.ir_version = draw(st.integers(-1, 20))
        case 2:
            dim = model.graph.input[0].type.tensor_type.shape.dim[0]
            dim.dim_value = draw(st.sampled_from(SIZES))
        case 3:
            model.graph.input[0].type.tensor_type.elem_type = draw(st.integers(0, 30))
        case 4:
            model.graph.output[0].name = draw(st.sampled_from(TEXTS))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_damaged_model_is_read_or_refused_in_one_message(data):
    model = model_of(data.draw(st.sampled_from(GRAPHS)))
    graph = data.draw(st.sampled_from(list(graphs_in(model.graph))))
    for damage, what in ((damage_node, graph), (damage_constant, model.graph), (damage_file, model)):
        if data.draw(st.booleans()):
            damage(data.draw, what)
    message = read(model)
    assert message is None or (message.strip() and len(message) < 3000)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_file_with_wrong_bytes_is_read_or_refused(data, tmp_path):
    content = bytearray(model_of(data.draw(st.sampled_from(GRAPHS))).SerializeToString())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "model.onnx"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    message = read(path)
    assert message is None or message.startswith((str(path), "model: "))


def changed(text, **fields):
    """A model of one text with fields of its first constant replaced."""
    model = model_of(text)
    tensor = model.graph.initializer[0]
    for field, value in fields.items():
        if field == "dims":
            tensor.dims[:] = value
        else:
            tensor.ClearField("float_data")
            setattr(tensor, field, value)
    return model


SMALL = "g (float[2, 3] x) => (float[] y) <float[3] w = {1, 2, 3}> { y = Add(x, w) }"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (changed(SMALL, raw_data=b"\0" * 10), "tensor 'w' of type float and shape [3] holds other data than that"),
        (changed(SMALL, data_type=99), "element type 99 is none that ONNX defines"),
        (changed(SMALL, dims=[-3]), "tensor 'w' has the shape [-3]: sizes are 0 or more"),
        (changed(SMALL, dims=[1 << 50]), "2^40 elements are the most"),
        (model_of("g (float[1099511627776, 9] x) => (float[] y) { y = Relu(x) }"), "tensor 'x' has the shape"),
        (
            model_of("g (float[1048576, 1048576] x) => (float[] y) { t = Transpose(x) y = MatMul(x, t) }"),
            "multiply-accumulates are more than can be counted",
        ),
        (model_of("g (float[2] x) => (float[] y) { y = Add(x) }"), "has 1 inputs, and ONNX defines Add with 2"),
        (model_of("g (float[2] x) => (float[] y) { y = Loop(x, x) }"), "has no attribute 'body', which Loop"),
        (model_of("g (float[2] x) => (float[] y) { y = Cast(x) }"), "has no attribute 'to'"),
        (model_of("g (float[2] x) => (float[] y) { y = Elu<alpha = 1>(x) }"), "'alpha' is of another type"),
        (model_of("g (float[2] x) => (float[] y) { y = Mul(, x) }"), "its input 0 (A) is absent"),
        (model_of("g (float[2] x) => (float[] y) { y = Add(x, z) z = Relu(y) }"), "reads 'z', which no node before it"),
    ],
)
def test_what_is_damaged_is_told(model, told):
    assert told in read(model)


def test_a_body_with_other_inputs_than_its_loop_gives_is_refused_with_the_node():
    model = model_of(GRAPHS[3])
    body = model.graph.node[0].attribute[1].g if model.graph.node[0].attribute[1].HasField("g") else None
    body = body or model.graph.node[0].attribute[0].g
    del body.input[1]
    assert "node 'Scan_0' (Scan)" in read(model)


def test_a_name_that_is_no_text_is_damage(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(SMALL.replace(" y", " yyyy")).SerializeToString().replace(b"yyyy", b"y\xff\xfey"))
    assert "is no UTF-8 text; the file is damaged" in read(path)


def test_an_opset_version_that_cannot_be_is_damage():
    model = model_of(SMALL)
    model.opset_import[0].version = 1 << 40
    assert "opset version 1099511627776" in read(model)


@pytest.mark.parametrize("location", ["", "absent", "../../secret", "/etc/hostname", "\0", "."])
@pytest.mark.parametrize("offset", ["0", "-5", "x", "9" * 30])
def test_weights_that_are_not_at_hand_are_no_damage(location, offset, tmp_path):
    model = changed(SMALL)
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset)):
        tensor.external_data.add(key=key, value=value)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    graph = load_model(path).graph
    assert math.prod(graph.tensors["w"].shape) == 3
    assert graph.tensors["w"].value is None
