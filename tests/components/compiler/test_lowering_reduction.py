"""Reductions, searches, running sums."""

import pytest


@pytest.mark.parametrize(
    ("name", "vector"),
    [
        ("ReduceSum", {"reduce": 48}),
        ("ReduceMax", {"reduce": 48}),
        ("ReduceMean", {"reduce": 48, "mul": 8}),
        ("ReduceL2", {"reduce": 48, "mul": 48, "div": 8}),
        ("ReduceSumSquare", {"reduce": 48, "mul": 48}),
        ("ReduceLogSumExp", {"reduce": 96, "add": 56, "exp": 56}),
    ],
)
def test_a_reduction_takes_a_step_for_each_input_element(work_of, name, vector):
    (operator,) = work_of(f"g (float[8,6] x) => (float[8,1] y) <int64[1] a = {{1}}> {{ y = {name}(x, a) }}").operators
    assert operator.vector == vector
    assert [o.tensor for o in operator.inputs] == ["x"]


def test_the_place_of_the_largest_costs_a_selection_more(work_of):
    (operator,) = work_of("g (float[8,6] x) => (int64[8,1] y) { y = ArgMax<axis=1>(x) }").operators
    assert operator.vector == {"reduce": 48, "add": 48}


def test_top_k_sorts_no_more_than_k(work_of):
    text = "g (float[8,64] x) => (float[8,{k}] y, int64[8,{k}] i) <int64[1] k = {{{k}}}> {{ y, i = TopK(x, k) }}"
    assert work_of(text.format(k=1)).operators[0].vector == {"reduce": 512, "add": 512}
    assert work_of(text.format(k=8)).operators[0].vector == {"reduce": 4 * 512, "add": 4 * 512}


def test_rows_are_summed_up_by_lanes_and_a_single_row_by_a_scan(work_of):
    text = "g (int64[{s}] x) => (int64[{s}] y) <int64 a = {{{a}}}> {{ y = CumSum(x, a) }}"
    assert work_of(text.format(s="8,64", a=1)).operators[0].vector == {"add": 512}
    assert work_of(text.format(s="1,64", a=1)).operators[0].vector == {"add": 64 * 6}
