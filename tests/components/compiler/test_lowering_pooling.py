"""Pooling windows and whole-image pooling."""


def test_a_maximum_over_a_window_compares_every_element_of_it(work_of):
    (pool,) = work_of(
        """g (float[1,64,112,112] x) => (float[1,64,56,56] y)
            { y = MaxPool<kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1]>(x) }"""
    ).operators
    assert pool.engine == "vector"
    assert pool.vector == {"add": 64 * 56 * 56 * 9}
    assert not pool.elementwise


def test_indices_of_the_maximum_cost_a_selection_each(work_of):
    (pool,) = work_of(
        """g (float[1,1,4,4] x) => (float[1,1,2,2] y, int64[1,1,2,2] i)
            { y, i = MaxPool<kernel_shape=[2,2], strides=[2,2]>(x) }"""
    ).operators
    assert pool.vector == {"add": 2 * 4 * 4}
    assert len(pool.outputs) == 2


def test_an_average_adds_the_window_and_scales_once(work_of):
    (pool,) = work_of(
        "g (float[1,8,8,8] x) => (float[1,8,4,4] y) { y = AveragePool<kernel_shape=[2,2], strides=[2,2]>(x) }"
    ).operators
    assert pool.vector == {"add": 8 * 16 * 4, "mul": 8 * 16}


def test_global_pooling_reduces_every_input_element(work_of):
    (pool,) = work_of("g (float[2,8,7,7] x) => (float[2,8,1,1] y) { y = GlobalAveragePool(x) }").operators
    assert pool.vector == {"reduce": 2 * 8 * 49, "mul": 16}
    (peak,) = work_of("g (float[2,8,7,7] x) => (float[2,8,1,1] y) { y = GlobalMaxPool(x) }").operators
    assert peak.vector == {"reduce": 2 * 8 * 49}


def test_inverses_of_pooling_add_or_scatter(work_of):
    (folded,) = work_of(
        """g (float[1,18,16] x) => (float[1,2,6,6] y) <int64[2] size = {6,6}, int64[2] block = {3,3}>
        { y = Col2Im(x, size, block) }"""
    ).operators
    assert folded.vector == {"add": 288}
    (unpooled,) = work_of(
        """g (float[1,1,2,2] x, int64[1,1,2,2] i) => (float[1,1,4,4] y)
        { y = MaxUnpool<kernel_shape=[2,2], strides=[2,2]>(x, i) }"""
    ).operators
    assert unpooled.engine == "dma"
    assert (sum(o.elements for o in unpooled.inputs), unpooled.outputs[0].elements) == (8, 20)
