"""The compiled systolic kernels against their plain twins, which walk the folds one by one."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leptonsim.kernels import systolic
from leptonsim.kernels.plain import systolic as plain
from leptonsim.kernels.plain.systolic_array import Array, Cycles


@st.composite
def arrays(draw):
    dataflow = draw(st.integers(0, 2))
    schedule = draw(st.integers(0, 3))
    move = draw(st.integers(0, 1))
    group = draw(st.sampled_from([1, 2, 4]))
    return Array(
        rows=draw(st.integers(1, 9)),
        cols=draw(st.integers(1, 30)),
        dataflow=dataflow,
        schedule=schedule,
        load=0 if dataflow == 2 else move,
        drain=move if dataflow == 2 else 0,
        edge=draw(st.integers(0, 1)),
        pipeline_stages=draw(st.integers(0, 3)),
        issue_overhead=draw(st.sampled_from([0, 14])),
        min_rows=draw(st.sampled_from([1, 1, 4])),
        round_rows=draw(st.sampled_from([1, 1, 2, 8])),
        scratchpad_ports=draw(st.integers(1, 2)),
        switch_settled=draw(st.integers(0, 1)),
        switch_overhead=draw(st.sampled_from([0, 0, 3])),
        accumulator_preload=draw(st.integers(0, 1)),
        rate_num=draw(st.integers(1, 4)),
        rate_den=draw(st.integers(1, 4)),
        sparse_keep=draw(st.integers(1, group)),
        sparse_group=group,
    )


sizes = st.integers(0, 40) | st.integers(40, 120)


def test_kernel_and_twin_have_the_same_names():
    assert systolic.__all__ == plain.__all__


@given(arrays(), sizes, sizes, sizes)
@example(Array(2, 30, edge=1, load=1), 1, 3, 31)
@example(Array(1, 9, dataflow=2, edge=1), 3, 1, 10)
@settings(max_examples=1500, deadline=None)
def test_the_kernel_equals_its_twin(array, m, k, n):
    assert systolic.gemm_cycles(array, m, k, n) == plain.gemm_cycles(array, m, k, n)


@given(arrays(), st.lists(st.tuples(sizes, sizes, sizes), max_size=4))
@settings(max_examples=60, deadline=None)
def test_many_gemms_at_once_are_the_same_gemms(array, gemms):
    m, k, n = (np.array([gemm[i] for gemm in gemms], dtype=np.int64) for i in range(3))
    fast, slow = (np.full((len(gemms), len(Cycles._fields)), -1, dtype=np.int64) for _ in range(2))
    systolic.gemm_cycles_many(array, m, k, n, fast)
    plain.gemm_cycles_many(array, m, k, n, slow)
    assert fast.tolist() == slow.tolist() == [list(plain.gemm_cycles(array, *gemm)) for gemm in gemms]


@pytest.mark.parametrize("kernel", [systolic, plain])
def test_a_negative_size_is_refused(kernel):
    with pytest.raises(ValueError, match="at least 0"):
        kernel.gemm_cycles(Array(4, 4), 4, -1, 4)
    sizes_given = np.array([4]), np.array([4]), np.array([-1])
    with pytest.raises(ValueError, match="at least 0"):
        kernel.gemm_cycles_many(Array(4, 4), *sizes_given, np.zeros((1, 8), dtype=np.int64))


@pytest.mark.parametrize("kernel", [systolic, plain])
def test_an_answer_of_the_wrong_shape_is_refused(kernel):
    three = np.array([1, 2, 3])
    with pytest.raises(ValueError, match="one length"):
        kernel.gemm_cycles_many(Array(4, 4), three, three, three, np.zeros((2, 8), dtype=np.int64))


def test_a_product_beyond_64_bits_is_refused():
    with pytest.raises(OverflowError, match="64 bits"):
        systolic.gemm_cycles(Array(4, 4), 2**22, 2**22, 2**22)


def test_an_array_without_cells_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        systolic.gemm_cycles(Array(0, 4), 4, 4, 4)
