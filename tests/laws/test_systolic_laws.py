"""Laws of systolic arrays that hold for any array and any GEMM."""

from hypothesis import given, settings
from hypothesis import strategies as st
from leptonsim.kernels.systolic import gemm_cycles

from leptonsim.kernels.plain.systolic_array import Array

SERIAL, SINGLE, DOUBLE = 0, 1, 2
WS, IS, OS = 0, 1, 2

sides = st.integers(1, 20)
sizes = st.integers(1, 100)


@st.composite
def arrays(draw, schedules=(SERIAL, SINGLE, DOUBLE), **fixed):
    """Arrays of any kind whose operands move behind the wavefront; ``fixed`` fields are as given."""
    return Array(rows=draw(sides), cols=draw(sides), schedule=draw(st.sampled_from(schedules)))._replace(
        **{
            "dataflow": draw(st.integers(WS, OS)),
            "edge": draw(st.integers(0, 1)),
            "pipeline_stages": draw(st.integers(0, 4)),
            "issue_overhead": draw(st.integers(0, 14)),
            "min_rows": draw(st.integers(1, 4)),
            "round_rows": draw(st.sampled_from([1, 4, 16])),
            "scratchpad_ports": draw(st.integers(1, 2)),
            "switch_settled": draw(st.integers(0, 1)),
            "switch_overhead": draw(st.integers(0, 4)),
            "accumulator_preload": draw(st.integers(0, 1)),
            "rate_num": draw(st.integers(1, 2)),
            "rate_den": draw(st.integers(1, 4)),
            "sparse_group": 4,
            "sparse_keep": draw(st.integers(1, 4)),
        }
        | fixed,
    )


@given(arrays(), sizes, sizes, sizes)
@settings(max_examples=400, deadline=None)
def test_the_parts_add_up_and_none_is_negative(array, m, k, n):
    cycles = gemm_cycles(array, m, k, n)
    assert min(cycles) >= 0
    assert cycles.useful + cycles.weight_load + cycles.padding + cycles.fill_drain == cycles.total
    assert cycles.first_load + cycles.last_drain <= cycles.total


@given(arrays(), st.integers(0, 1), sizes, sizes, sizes)
@settings(max_examples=600, deadline=None)
def test_a_second_buffer_and_any_buffer_never_cost_cycles(array, move, m, k, n):
    array = array._replace(load=move, drain=move)
    serial, single, double = (
        gemm_cycles(array._replace(schedule=schedule), m, k, n) for schedule in (SERIAL, SINGLE, DOUBLE)
    )
    assert double.total <= single.total <= serial.total
    assert double.steady <= single.steady <= serial.steady


@given(arrays(), sizes, sizes, sizes)
@settings(max_examples=300, deadline=None)
def test_moving_behind_the_wavefront_never_costs_cycles(array, m, k, n):
    at_once = array._replace(load=1, drain=1)
    # Where a broadside drain shows all columns at once, a trimmed array cannot tell the narrow ones apart.
    assert gemm_cycles(array, m, k, n).total <= gemm_cycles(at_once, m, k, n).total


@given(arrays(), sizes, sizes, sizes)
@settings(max_examples=200, deadline=None)
def test_trimming_never_costs_cycles(array, m, k, n):
    trimmed, padded = (gemm_cycles(array._replace(edge=edge), m, k, n).total for edge in (1, 0))
    assert trimmed <= padded


@given(arrays(), sizes, sizes, sizes, st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_a_larger_gemm_never_takes_fewer_cycles(array, m, k, n, axis):
    larger = [m, k, n]
    larger[axis] += 1
    assert gemm_cycles(array, *larger).total >= gemm_cycles(array, m, k, n).total


@given(arrays(edge=0), sizes, sizes, sizes, st.booleans())
@settings(max_examples=300, deadline=None)
def test_tiles_of_whole_folds_take_together_what_the_whole_takes(array, m, k, n, along_n):
    """Cut where folds begin, tiles take their steady cycles each, and the last one its tail.

    That is along n and k (weight-stationary), m and k (input-stationary), m and n (output-stationary).
    """
    array = array._replace(rate_num=1, rate_den=1, sparse_keep=4)
    pieces = {WS: ("k", "n"), IS: ("k", "m"), OS: ("m", "n")}[array.dataflow]
    axis = pieces[along_n]
    fold = array.rows if axis == pieces[0] else array.cols
    whole = {"m": m, "k": k, "n": n}
    tiles = [whole | {axis: min(2 * fold, whole[axis] - at)} for at in range(0, whole[axis], 2 * fold)]
    cycles = [gemm_cycles(array, **tile) for tile in tiles]
    assert (
        sum(tile.steady for tile in cycles) + cycles[-1].total - cycles[-1].steady == gemm_cycles(array, **whole).total
    )


@given(sides, sides, sizes, sizes, sizes)
@settings(max_examples=200, deadline=None)
def test_no_schedule_takes_more_than_its_published_law(rows, cols, m, k, n):
    """The closed forms as they were measured in RTL, for plain arrays of any shape."""
    for dataflow, (streamed, folds) in {
        WS: (m, -(-k // rows) * -(-n // cols)),
        IS: (n, -(-k // rows) * -(-m // cols)),
    }.items():
        laws = {
            SERIAL: folds * (2 * rows + cols + streamed - 2),
            SINGLE: folds * (rows + streamed) + rows + cols - 2,
            DOUBLE: rows + (folds - 1) * max(streamed, rows) + streamed + rows + cols - 2,
        }
        for schedule, law in laws.items():
            assert gemm_cycles(Array(rows, cols, dataflow, schedule), m, k, n).total == law
    folds = -(-m // rows) * -(-n // cols)
    laws = {
        SERIAL: folds * (2 * rows + cols + k - 2),
        SINGLE: folds * (k + rows) + rows + cols - 2,
        DOUBLE: (folds - 1) * max(k, rows) + k + 2 * rows + cols - 2,
    }
    for schedule, law in laws.items():
        assert gemm_cycles(Array(rows, cols, OS, schedule), m, k, n).total == law
