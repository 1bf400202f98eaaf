"""Gather and Scatter: what is taken counts, and where it lies."""


def test_an_embedding_reads_its_rows_and_the_indices_not_the_table(work_of):
    (gather,) = work_of("g (int64[2,8] i) => (float[2,8,64] y) <float[30000,64] t> { y = Gather(t, i) }").operators
    table, indices = gather.inputs
    assert gather.engine == "dma"
    assert (table.elements, table.access, table.run_elements) == (2 * 8 * 64, "random", 64)
    assert indices.elements == 16


def test_a_constant_index_is_a_slice_or_a_view(work_of):
    text = "g (float[{s}] x) => (float[{r}] y) <int64 i = {{0}}> {{ y = Gather<axis={a}>(x, i) }}"
    (inside,) = work_of(text.format(s="4,6,5", r="4,5", a=1)).operators
    assert (inside.engine, inside.inputs[0].elements, inside.inputs[0].run_elements) == ("dma", 20, 5)
    (front,) = work_of(text.format(s="1,6,5", r="1,5", a=1)).operators
    assert front.engine == "view"


def test_pieces_of_gather_nd_and_elements(work_of):
    (by_tuple,) = work_of("g (float[4,6,5] x, int64[7,2] i) => (float[7,5] y) { y = GatherND(x, i) }").operators
    assert (by_tuple.inputs[0].elements, by_tuple.inputs[0].run_elements) == (35, 5)
    (singly,) = work_of(
        "g (float[4,6] x, int64[4,2] i) => (float[4,2] y) { y = GatherElements<axis=1>(x, i) }"
    ).operators
    assert (singly.inputs[0].elements, singly.inputs[0].run_elements, singly.inputs[1].elements) == (8, 1, 8)


def test_a_scatter_copies_the_data_and_a_reducing_one_computes(work_of):
    text = "g (float[4,6] x, int64[2,1] i, float[2,6] u) => (float[4,6] y) {{ y = ScatterND{r}(x, i, u) }}"
    (plain,) = work_of(text.format(r="")).operators
    assert (plain.engine, [o.elements for o in plain.inputs], plain.outputs[0].elements) == ("dma", [24, 2, 12], 24)
    assert plain.inputs[2].run_elements == 6
    (adding,) = work_of(text.format(r='<reduction="add">')).operators
    assert (adding.engine, adding.vector) == ("vector", {"add": 12})
