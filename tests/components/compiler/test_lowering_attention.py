"""ONNX's own Attention and RotaryEmbedding."""

SCORES = 2 * 8 * 10 * 12


def test_grouped_query_attention_is_two_products_with_shared_heads(work_of):
    (operator,) = work_of(
        """g (float[2,8,10,64] q, float[2,2,12,64] k, float[2,2,12,32] v, float[10,12] m) => (float[2,8,10,32] y)
        { y = Attention(q, k, v, m) }""",
        opset=23,
    ).operators
    scores, context = operator.matmuls
    assert (scores.groups, scores.m, scores.k, scores.n, scores.shared_b) == (16, 10, 64, 12, 4)
    assert (context.groups, context.m, context.k, context.n, context.shared_b) == (16, 10, 12, 32, 4)
    assert [o.tensor for o in operator.inputs] == ["q", "k", "v", "m"]
    assert operator.vector == {
        "reduce": 2 * SCORES,
        "add": 2 * SCORES,
        "exp": SCORES,
        "mul": SCORES,
        "div": SCORES,
    }


def test_heads_of_three_dimensional_inputs_are_told_by_attributes(work_of):
    (operator,) = work_of(
        """g (float[2,10,512] q, float[2,12,128] k, float[2,12,128] v) => (float[2,10,512] y)
        { y = Attention<q_num_heads=8, kv_num_heads=2>(q, k, v) }""",
        opset=23,
    ).operators
    assert operator.macs == 2 * SCORES * 64
    assert [(o.access, o.run_elements) for o in (*operator.inputs, *operator.outputs)] == [("strided", 64)] * 4


def test_a_cache_lengthens_the_keys_and_only_what_is_new_is_written(work_of):
    (operator,) = work_of(
        """g (float[1,8,1,64] q, float[1,2,1,64] k, float[1,2,1,64] v, float[1,2,31,64] pk, float[1,2,31,64] pv)
        => (float[1,8,1,64] y, float[1,2,32,64] nk, float[1,2,32,64] nv)
            { y, nk, nv = Attention(q, k, v, , pk, pv) }""",
        opset=23,
    ).operators
    assert operator.matmuls[0].n == 32
    assert [o.elements for o in operator.outputs] == [512, 128, 128]
    assert sum(o.elements for o in operator.inputs) == 512 + 2 * 128 + 2 * 31 * 128


def test_a_rotation_costs_two_multiplies_and_an_add(work_of):
    text = """g (float[2,8,10,64] x) => (float[2,8,10,64] y) <float[2,10,{half}] c, float[2,10,{half}] s>
    {{ y = RotaryEmbedding{attribute}(x, c, s) }}"""
    elements = 2 * 8 * 10 * 64
    whole = work_of(text.format(half=32, attribute=""), opset=23).operators[0]
    assert whole.vector == {"mul": 2 * elements, "add": elements}
    part = work_of(text.format(half=8, attribute="<rotary_embedding_dim=16>"), opset=23).operators[0]
    assert part.vector == {"mul": elements // 2, "add": elements // 4}
