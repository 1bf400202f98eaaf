"""Dequantised weights that do not multiply are constants; of a table only the rows that are read are dequantised."""

from leptonsim.compiler.workload import workload


def test_a_dequantised_bias_is_a_constant(fused):
    work = fused(
        """g (float[4,8] x) => (float[4,8] y) <int8[8] b, float s, int8 z>
            { d = DequantizeLinear(b, s, z) y = Add(x, d) }"""
    )
    (operator,) = work.operators
    assert operator.vector == {"add": 32}
    assert work.mapped["folded"] == 1
    assert work.tensors["d"].kind == "weight"


def test_only_the_rows_that_are_read_are_dequantised(fused):
    work = fused(
        """g (int64[4] i) => (float[4,64] y) <int8[1000,64] t, float s, int8 z>
            { d = DequantizeLinear(t, s, z) r = Gather(d, i) y = Relu(r) }"""
    )
    taken, made = work.operators
    assert (taken.kind, taken.inputs[0].tensor, taken.inputs[0].elements) == ("Gather", "t", 256)
    assert work.tensors[taken.outputs[0].tensor].dtype == "int8"
    assert made.vector == {"mul": 256, "add": 2 * 256 + 256}


def test_a_table_with_a_scale_for_each_row_is_converted_when_it_is_compiled(fused):
    work = fused(
        """g (int64[4] i) => (float[4,64] y) <int8[1000,64] t, float[1000] s, int8[1000] z>
            { d = DequantizeLinear<axis = 0>(t, s, z) y = Gather(d, i) }"""
    )
    assert [operator.kind for operator in work.operators] == ["Gather"]
    assert work.mapped["folded"] == 1


def test_weights_of_a_product_stay_integers(fused):
    work = fused(
        """g (float[4,8] x) => (float[4,6] y) <int8[8,6] w, float s, int8 z>
            { d = DequantizeLinear(w, s, z) y = MatMul(x, d) }"""
    )
    (product,) = work.operators
    assert work.tensors[product.inputs[1].tensor].dtype == "int8"


def test_conversions_of_onnx_runtime_s_domain_are_onnx_s_own(graph_of):
    graph = graph_of(
        """g (uint8[4,8] x) => (float[4,6] y) <int8[8,6] w, float s, int8 z, uint8 u, float[4,8] a, float[8,6] d>
            { a = other.DequantizeLinear(x, s, u) d = other.DequantizeLinear(w, s, z) y = MatMul(a, d) }"""
    )
    nodes = tuple(
        node
        if node.domain != "other"
        else type(node)(node.name, node.op_type, "com.microsoft", 1, node.inputs, node.outputs)
        for node in graph.nodes
    )
    work = workload(type(graph)(**{name: getattr(graph, name) for name in graph.__slots__} | {"nodes": nodes}))
    (product,) = work.operators
    assert (product.inputs[0].tensor, product.inputs[1].tensor) == ("x", "w")
