"""The meter and its plain-Python twin agree."""

import numpy as np
import pytest

from leptonsim.kernels import meter as kernel
from leptonsim.kernels.plain import meter as plain


def readings(seed):
    draw = np.random.default_rng(seed)
    rows = int(draw.integers(1, 9))
    last = draw.integers(0, 1 << 50, (rows, 6))
    change = draw.integers(0, 1 << 30, (rows, 6)) * draw.integers(0, 2, (rows, 6))
    return last + change, last, draw.random((rows, 6, 8)) * 1e3


@pytest.mark.parametrize("seed", range(25))
def test_the_kernel_and_its_twin_agree(seed):
    found = []
    for meter in (kernel, plain):
        work, last, pj = readings(seed)
        energy, done = np.full(8, np.nan), np.full(6, -1, dtype=np.int64)
        meter.read_meter(work, last, pj, energy, done)
        assert (last == work).all()
        found.append((energy.tolist(), done.tolist()))
        meter.read_meter(work, last, pj, energy, done)
        assert energy.tolist() == [0.0] * 8
    # a compiler may fuse a product and a sum, so that the last bit is its own
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-13)
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("meter", [kernel, plain], ids=["kernel", "twin"])
def test_the_copies_count_as_energy_and_not_as_the_cores_work(meter):
    work, last = np.array([[2, 0], [0, 5]]), np.zeros((2, 2), dtype=np.int64)
    pj = np.array([[[1.5], [0.0]], [[0.0], [10.0]]])
    energy, done = np.zeros(1), np.zeros(2, dtype=np.int64)
    meter.read_meter(work, last, pj, energy, done)
    assert (energy.tolist(), done.tolist()) == ([53.0], [2, 0])
    with pytest.raises(ValueError, match="shapes"):
        meter.read_meter(work, last, pj, energy, np.zeros(3, dtype=np.int64))
