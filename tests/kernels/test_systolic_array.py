"""What a tensor core becomes for the kernels, and what is refused."""

from types import SimpleNamespace

import pytest

from leptonsim.chip.load import load_chip
from leptonsim.errors import LeptonError
from leptonsim.kernels.plain.systolic import gemm_cycles
from leptonsim.kernels.plain.systolic_array import Array, array_of


def core(**fields):
    return SimpleNamespace(**{"rows": 8, "cols": 4, **fields})


def test_a_core_that_says_no_more_than_its_size_is_a_plain_double_buffered_weight_stationary_array():
    assert array_of(core(schedule="double")) == Array(8, 4)


def test_the_tensor_core_of_a_chip_is_an_array():
    array = array_of(load_chip("lepton-c1").core.tensor_core, "fp32")
    assert array == Array(128, 128, rate_num=1, rate_den=4)


def test_blocks_of_the_arrays_own_rows_follow_its_rows():
    assert array_of(core(round_rows="rows")).round_rows == 8


def test_a_rate_above_one_shortens_the_reduction():
    fast = array_of(core(schedule="double", rates={"int4": 2}), "int4")
    assert gemm_cycles(fast, 10, 32, 4).total == gemm_cycles(Array(8, 4), 10, 16, 4).total


def test_a_rate_below_one_takes_several_cycles_for_each_row():
    slow = array_of(core(schedule="double", rates={"fp32": 0.25}), "fp32")
    assert gemm_cycles(slow, 10, 32, 4).total == gemm_cycles(Array(8, 4), 40, 32, 4).total


def test_two_of_four_weights_are_half_the_folds():
    sparse = array_of(core(schedule="double", sparsity=("2:4",)), sparsity="2:4")
    assert gemm_cycles(sparse, 10, 32, 4) == gemm_cycles(Array(8, 4), 10, 16, 4)
    # Of the last, broken group of three two are kept.
    assert gemm_cycles(sparse, 10, 35, 4) == gemm_cycles(Array(8, 4), 10, 18, 4)


@pytest.mark.parametrize(
    ("fields", "request_", "says"),
    [
        ({"rows": 0}, {}, "rows: 0"),
        ({"schedule": "twice"}, {}, "schedule: 'twice' is not one of serial, single"),
        ({"min_rows": "rows?"}, {}, "min_rows: 'rows\\?'"),
        ({"rates": {"int8": 1}}, {"dtype": "bf16"}, "no rate for bf16"),
        ({"rates": {"int8": 0}}, {"dtype": "int8"}, "not above 0"),
        ({"sparsity": ("2:4",)}, {"sparsity": "1:4"}, "'1:4' is not offered"),
        ({"sparsity": ("4:2",)}, {"sparsity": "4:2"}, "not N:M"),
    ],
)
def test_what_cannot_be_built_is_refused_in_the_words_of_the_chip(fields, request_, says):
    with pytest.raises(LeptonError, match=says):
        array_of(core(**fields), **request_)
