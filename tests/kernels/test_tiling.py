"""The compiled tiling search against its plain-Python twin, on random problems and chips."""

import inspect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leptonsim.kernels import tiling
from leptonsim.kernels.plain import tiling as plain
from leptonsim.kernels.plain.layout import DEPTH_INSIDE, Mapping, Problem
from leptonsim.kernels.plain.sram_conflicts import Scratchpad
from leptonsim.kernels.plain.systolic_array import Array

SIZE = st.integers(1, 30)
FLAG = st.integers(0, 1)
BITS = st.sampled_from([4, 8, 16, 32])


@st.composite
def problems(draw) -> Problem:
    groups = draw(st.sampled_from([1, 1, 2, 6, 12]))
    shared = draw(st.sampled_from([each for each in (1, 1, 2, 3) if groups % each == 0]))
    k, n, a_bits = draw(SIZE), draw(SIZE), draw(BITS)
    is_image = draw(st.booleans())
    if is_image:
        images, out_rows, out_cols = draw(st.integers(1, 3)), draw(st.integers(1, 12)), draw(st.integers(1, 12))
        stride, extent = draw(st.integers(1, 3)), draw(st.integers(1, 5))
        in_rows, row_bits = (out_rows - 1) * stride + extent, draw(st.integers(1, 64)) * a_bits
    else:
        images, out_rows, out_cols, stride, extent = 1, draw(SIZE), 1, 1, 1
        in_rows, row_bits = out_rows, k * a_bits
    context = draw(st.sampled_from([0, 0, 0, 8, 40])) if not is_image else 0
    return Problem(
        groups=groups,
        shared_b=shared,
        rows=images * out_rows,
        out_rows=out_rows,
        out_cols=out_cols,
        in_rows=in_rows,
        row_bits=row_bits,
        stride_rows=stride,
        extent_rows=extent,
        k=k,
        n=n,
        context=context,
        b_bits=draw(BITS),
        column_bits=draw(st.sampled_from([0, 0, 16, 48])),
        b_scale=1 if context else draw(st.sampled_from([1, 1, 3])),
        o_bits=draw(BITS),
        x_q16=draw(st.sampled_from([0, 65536, 131072])),
        vector_q20=draw(st.integers(1, 1 << 20)),
        a_moves=draw(FLAG),
        a_split=draw(st.integers(0, 2)),
        b_moves=draw(FLAG),
        b_split=draw(st.integers(0, 2)),
        x_moves=draw(FLAG),
        x_split=draw(st.integers(0, 2)),
        o_moves=draw(FLAG),
        a_dram=draw(FLAG),
        b_dram=draw(FLAG),
        x_dram=draw(FLAG),
        o_dram=draw(FLAG),
        a_bits=a_bits,
        b_waits=draw(FLAG),
        rescale_q20=draw(st.integers(1, 1 << 18)),
    )


@st.composite
def tilers(draw):
    """The same tiler twice: compiled and plain."""
    array = Array(
        rows=draw(st.sampled_from([4, 8, 32])),
        cols=draw(st.sampled_from([4, 16, 32])),
        dataflow=draw(st.integers(0, 2)),
        schedule=draw(st.integers(0, 2)),
        edge=draw(FLAG),
        rate_num=draw(st.sampled_from([1, 1, 2])),
        rate_den=draw(st.sampled_from([1, 1, 4])),
        issue_overhead=draw(st.sampled_from([0, 0, 17])),
    )
    width = draw(st.sampled_from([16, 64, 512]))
    scratchpad = Scratchpad(draw(st.sampled_from([2, 16])), draw(st.integers(1, 2)), width, width, width // 2)
    arguments = {
        "cores": draw(st.sampled_from([1, 2, 3, 4, 6])),
        "arrays": draw(st.sampled_from([1, 1, 2, 3])),
        "accumulator_bytes": draw(st.sampled_from([2048, 65536])),
        "stage_bytes": draw(st.sampled_from([1000, 10_000, 100_000])),
        "core_khz": draw(st.sampled_from([1_000_000, 1_500_000])),
        "setup_ps": draw(st.sampled_from([0, 50_000])),
        "latency_ps": 90_000,
        "port_bytes_per_s": (64e9, 32e9, 96e9),
        "dram_bytes_per_s": draw(st.sampled_from([20e9, 200e9])),
        "host_bytes_per_s": draw(st.sampled_from([0.0, 0.0, 1e9])),
        "dram_access_bytes": draw(st.sampled_from([32, 64])),
        "one_queue": draw(st.booleans()),
    }
    return tiling.Tiler(array, scratchpad, **arguments), plain.Tiler(array, scratchpad, **arguments)


def share_of(p: Problem, mapping: Mapping, draw) -> tuple[int, int, int]:
    """Any core's share: at most the largest."""
    units = p.groups // p.shared_b
    most = -(-units // mapping.split_g) * p.shared_b if mapping.split_g <= units else -(-p.groups // mapping.split_g)
    rows, n = -(-p.rows // mapping.split_m), -(-p.n // mapping.split_n)
    return most, draw(st.sampled_from([rows, max(1, rows - 1)])), draw(st.sampled_from([n, max(1, n - 1)]))


@settings(max_examples=30, deadline=None)
@given(tilers(), problems())
def test_the_search_finds_what_its_twin_finds(both, problem):
    compiled, twin = both
    every = twin.search(problem, keep=0)
    found = compiled.search(problem, keep=0)
    assert sorted(mapping for _, mapping in found) == sorted(mapping for _, mapping in every)
    times = {mapping: time for time, mapping in every}
    for time, mapping in found:
        assert time == pytest.approx(times[mapping], rel=1e-6), mapping
    best = compiled.search(problem)
    assert len(best) == min(1, len(every))
    if best:
        assert best[0][0] == pytest.approx(every[0][0], rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(tilers(), problems(), st.integers(0, 10**7), st.data())
def test_the_least_time_is_that_of_the_twin(both, problem, ahead_ps, data):
    compiled, twin = both
    every = compiled.search(problem, keep=0)
    for _, mapping in data.draw(st.permutations(every))[:5]:
        least_ps, cycles = compiled.least(problem, mapping, ahead_ps)
        assert (pytest.approx(least_ps, rel=1e-9), cycles) == twin.least(problem, mapping, ahead_ps)
        assert compiled.least(problem, mapping)[0] >= least_ps


@settings(max_examples=20, deadline=None)
@given(tilers(), problems(), st.integers(2, 8), st.sampled_from([1.0, 1.1, 2.0, 1e300]))
def test_those_kept_are_the_fastest_of_all(both, problem, keep, within):
    compiled, _ = both
    every = compiled.search(problem, keep=0)
    near = [each for each in every if each[0] <= within * every[0][0]]
    assert compiled.search(problem, keep, within) == near[:keep]
    assert compiled.search(problem, 0, within) == near


@settings(max_examples=150, deadline=None)
@given(tilers(), problems(), st.data())
def test_layouts_are_those_of_the_twin(both, problem, data):
    compiled, twin = both
    mapping = Mapping(
        *(data.draw(st.sampled_from([1, 2, 3])) for _ in range(3)),
        data.draw(st.integers(0, DEPTH_INSIDE)),
        data.draw(st.integers(1, problem.rows)),
        data.draw(st.integers(1, problem.n)),
        data.draw(st.sampled_from([problem.k, max(1, problem.k // 2), max(1, problem.k // 3)])),
    )
    share = share_of(problem, mapping, data.draw)
    try:
        expected = twin.lay_out(problem, mapping, *share)
    except ValueError:
        with pytest.raises(ValueError, match="does not fit"):
            compiled.lay_out(problem, mapping, *share)
    else:
        assert compiled.lay_out(problem, mapping, *share) == expected


def test_the_twin_takes_the_same_arguments():
    def names(function):
        return list(inspect.signature(function).parameters)

    for method in ("search", "lay_out"):
        assert names(getattr(tiling.Tiler, method)) == names(getattr(plain.Tiler, method))
    with pytest.raises(ValueError, match="positive"):
        tiling.Tiler(
            Array(4, 4),
            Scratchpad(1, 1, 1, 1, 1),
            cores=0,
            arrays=1,
            accumulator_bytes=1,
            stage_bytes=1,
            core_khz=1,
            setup_ps=0,
            latency_ps=0,
            port_bytes_per_s=(1.0, 1.0, 1.0),
            dram_bytes_per_s=1.0,
            host_bytes_per_s=0.0,
            dram_access_bytes=1,
            one_queue=False,
        )
