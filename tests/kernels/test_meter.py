"""The meter and its plain-Python twin agree."""

import math

import numpy as np
import pytest

from leptonsim.chip.power import Thermal
from leptonsim.kernels import meter as kernel
from leptonsim.kernels.plain import meter as plain
from leptonsim.machine.thermal import Temperatures, ThermalModel

METERS = pytest.mark.parametrize("meter", [kernel, plain], ids=["kernel", "twin"])
ROWS, COLUMNS, COMPONENTS, BLOCKS = 7, 6, 8, 6
UNITS = np.array([4, 4, 4, 1, 1, 1])


def thermal():
    values = {"r_die": "0.1 K/W", "c_die": "0.013 J/K", "r_sink": "0.55 K/W", "c_sink": "35 J/K", "ambient": "35 degC"}
    return ThermalModel(Thermal.model_validate(values | {"throttle": "88 degC", "leakage_per_kelvin": "1.8 %/K"}))


def metered(module, seed, heat):
    """A run of random readings: everything that the meter tells."""
    draw = np.random.default_rng(seed)
    counted = int(draw.integers(0, 3))
    meter = module.Meter(draw.random((ROWS, COLUMNS, COMPONENTS)) * 1e3, UNITS, heat, counted=counted)
    told, now_ps, works = [], 0, []
    for _ in range(int(draw.integers(1, 12))):
        if draw.random() < 0.5:
            works.append(np.zeros((ROWS, COLUMNS), dtype=np.int64))
            hertz = int(draw.choice([0, 7 * 10**8, 10**9]))
            rest_w, leaks_w, steady_w = draw.random((2, BLOCKS)), *draw.random(2).tolist()
            scale = draw.random(COMPONENTS - counted)
            still = draw.integers(0, 2, BLOCKS).astype(np.uint8)
            number = len(works)
            meter.use_point(meter.point_of(number, hertz, still, scale, works[-1], rest_w, leaks_w, steady_w))
        changed = int(draw.integers(0, ROWS + 1))
        meter.rows[:changed] = draw.permutation(ROWS)[:changed]
        meter.change[:changed] = draw.integers(0, 1 << 30, (changed, COLUMNS)) * draw.integers(0, 2, (changed, COLUMNS))
        meter.rested[:] += draw.integers(0, 10**12, BLOCKS)
        now_ps += int(draw.integers(1, 10**12))
        if draw.random() < 0.5:
            told.append(meter.read(changed, now_ps))
        else:
            meter.gather(changed)
            told += [*meter.open_counts.tolist(), *meter.open_rests.tolist(), meter.heat_factor]
            told.append(meter.close(now_ps, *(draw.random(3) * 1e12).tolist()))
        told += [meter.die_c, meter.sink_c]
        if draw.random() < 0.3:
            told += meter.sample(3, 2, now_ps // 3, True, float(draw.random()), 4)
    return told, [work.tolist() for work in works], meter.times.tolist(), meter.rests.tolist(), meter.levels.tolist()


@pytest.mark.parametrize("seed", range(25))
def test_the_kernel_and_its_twin_agree(seed):
    heat = thermal().for_meter() if seed % 2 else None
    found, expected = (metered(module, seed, heat) for module in (kernel, plain))
    # a compiler may fuse a product and a sum, so that the last bits are its own
    assert found[0] == pytest.approx(expected[0], rel=1e-12, nan_ok=True)
    assert found[1:4] == expected[1:4]
    np.testing.assert_allclose(found[4], expected[4], rtol=1e-12)


def test_both_name_their_fields_alike():
    assert kernel.HEAT_FIELDS == plain.HEAT_FIELDS
    assert kernel.TIME_FIELDS == plain.TIME_FIELDS


@METERS
def test_the_copies_count_as_energy_and_not_as_the_cores_work(meter):
    """An operator's two cycles at 1.5 pJ, scaled by 4, and the copies' five bytes at 10 pJ; 1 W static; of two kinds of
    blocks one rested for 40 ps at 0.5 W, the other for 10 ps at 2 W; 7 of something is counted for each byte."""
    found = meter.Meter(np.array([[[1.5, 0.0, 0.0]] * 3, [[0.0, 10.0, 7.0]] * 3]), np.ones(2), counted=1)
    work = np.zeros((2, 3), dtype=np.int64)
    rest_w = np.array([[0.5, 0.0], [0.0, 2.0]])
    still = np.zeros(2, dtype=np.uint8)
    found.use_point(found.point_of(5, 10**9, still, np.array([4.0, 1.0]), work, rest_w, 0.75, 0.25))
    found.rows[:2], found.change[:2], found.rested[:] = [1, 0], [[0, 0, 5], [2, 0, 0]], [40, 10]
    assert found.read(2, 100) == pytest.approx((12 + 50 + 20 + 20) / 100 + 1)
    told = found.sample(10, 3, 25, False, 98.0, 5)
    # two cycles of a core's array in a tenth of a cycle of ten cores
    assert told[:-2] == pytest.approx((100, 100, 3, 0.25, False, 2.0, 0.0, 0, 3.0))
    assert told[-1] == 5
    with pytest.raises(ValueError, match="no time"):
        found.sample(10, 3, 25, False, 0.0, 5)
    found.read(0, 150)
    assert found.sample(10, 3, 75, True, 0.0, 5)[:8] == pytest.approx((150, 50, 3, 1.0, True, 0.0, 0.0, 0))
    assert work.tolist() == [[2, 0, 0], [0, 0, 5]]
    assert found.times.tolist() == [[0, 100, 5], [100, 150, 5]]
    assert found.rests.tolist() == [[40, 10], [0, 0]]
    assert found.levels[0, 1:].tolist() == [1.0, 0.12, 0.5, 0.2, 0.2, 1.0, 35.0]
    assert math.isnan(found.die_c)


@METERS
def test_heat_is_that_of_the_thermal_model_and_static_power_grows_with_it(meter):
    model = thermal()
    found = meter.Meter(np.ones((1, 3, 1)), np.ones(1), model.for_meter())
    work = np.zeros((1, 3), dtype=np.int64)
    found.use_point(found.point_of(0, 0, np.ones(1, np.uint8), np.ones(1), work, np.zeros((2, 1)), 40.0, 5.0))
    now = Temperatures(35.0, 35.0)
    for until_s in (0.1, 0.2, 5.0):
        span_s = until_s - found.now_ps / 1e12
        static_w = 40 * math.exp(0.018 * (now.die_c - 60)) + 5
        assert found.read(0, round(until_s * 1e12)) == pytest.approx(static_w)
        now = model.after(now, static_w, span_s)
        assert (found.die_c, found.sink_c) == pytest.approx(tuple(now), rel=1e-9)


@METERS
def test_what_does_not_fit_is_refused(meter):
    found = meter.Meter(np.ones((2, 3, 1)), np.ones(2))
    work = np.zeros((2, 3), dtype=np.int64)
    for scale, done, rest_w, still in (
        (2, work, (2, 2), 2),
        (1, work[:1], (2, 2), 2),
        (1, work, (2, 3), 2),
        (1, work, (2, 2), 1),
    ):
        with pytest.raises(ValueError, match="shapes"):
            found.point_of(1, 1, np.ones(still, np.uint8), np.ones(scale), done, np.ones(rest_w), 0.0, 0.0)
    with pytest.raises(ValueError, match="another meter"):
        meter.Meter(np.ones((1, 3, 1)), np.ones(2)).use_point(
            found.point_of(1, 1, np.ones(2, np.uint8), np.ones(1), work, np.ones((2, 2)), 0.0, 0.0)
        )
    with pytest.raises(ValueError, match="rows"):
        found.read(3, 10)
    with pytest.raises(ValueError, match="rows"):
        found.gather(3)
    found.read(0, 10)
    with pytest.raises(ValueError, match="time"):
        found.read(0, 9)
    with pytest.raises(ValueError, match="heat"):
        meter.Meter(np.ones((2, 3, 1)), np.ones(2), [1.0])
    with pytest.raises(ValueError, match="component"):
        meter.Meter(np.ones((2, 3, 1)), np.ones(2), counted=1)
    with pytest.raises(ValueError, match="shape"):
        meter.Meter(np.ones((2, 3)), np.ones(2))


@METERS
def test_blocks_whose_clock_stands_still_all_rest(meter):
    """Three units at 0.5 W each, of which the machine says that none rests, for they are at a job; and two of a kind
    whose clock runs, of which one rested."""
    found = meter.Meter(np.ones((1, 3, 1)), np.array([3, 2]))
    work = np.zeros((1, 3), dtype=np.int64)
    rest_w, still = np.array([[0.5, 0.25], [0.0, 0.0]]), np.array([1, 0], dtype=np.uint8)
    found.use_point(found.point_of(2, 0, still, np.ones(1), work, rest_w, 1.0, 0.0))
    found.rested[:] = [0, 100]
    assert found.read(0, 100) == pytest.approx(2.75)
    assert found.rests.tolist() == [[300, 100]]
    assert found.times.tolist() == [[0, 100, 2]]
