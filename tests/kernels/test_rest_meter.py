"""What blocks at rest take: the kernel and its plain-Python twin agree, and single rests are counted by hand."""

import numpy as np
import pytest

from leptonsim.kernels import rest_meter as kernel
from leptonsim.kernels.plain import rest_meter as plain

METERS = pytest.mark.parametrize("module", [kernel, plain], ids=["kernel", "twin"])
EVER = 1 << 62
BLOCKS = 4


def random_rules(draw):
    rows = []
    for block in sorted(draw.integers(0, BLOCKS, int(draw.integers(0, 9))).tolist()):
        above, length, begin = draw.integers(-1, 600), draw.integers(0, 900), draw.integers(0, 500)
        upto = EVER if draw.random() < 0.5 else above + length
        until = -1 if draw.random() < 0.5 else begin + draw.integers(0, 300)
        rows.append(
            [block, draw.integers(0, 3), above, upto, begin, until, draw.integers(0, 50), draw.integers(0, 400)]
        )
    return np.array(rows, dtype=np.int64).reshape(-1, len(kernel.RULE_FIELDS))


def readings(module, seed):
    """Energies of a run of random readings, in which rests of any length end or go on."""
    draw = np.random.default_rng(seed)
    left_static, left_rest = draw.random((BLOCKS, 3)), draw.random((BLOCKS, 3))
    waits = (2, 1) if draw.random() < 0.3 else (-1, -1)
    partial = int(draw.integers(-1, 2))
    units = draw.integers(1, 9, BLOCKS)
    rules = random_rules(draw)
    meter = module.RestMeter(rules, left_static, left_rest, units, standby=1, partial=partial, waits=waits)
    found, now_ps = [], 0
    rested = np.zeros(BLOCKS - 1, dtype=np.int64)
    for _ in range(int(draw.integers(1, 8))):
        now_ps += int(draw.integers(0, 1000))
        rested += draw.integers(0, 500, BLOCKS - 1)
        n = int(draw.integers(0, 12))
        begin = np.maximum(0, now_ps - draw.integers(0, 3000, n))
        end = np.maximum(begin, now_ps - draw.integers(0, 400, n))
        ends = np.stack([draw.integers(0, BLOCKS, n), begin, end, draw.integers(0, 9, n)], axis=1)
        rests = np.concatenate([ends, np.full((2, 4), -7)])
        found += meter.energy_pj(
            now_ps, rests, n, rested, float(draw.random()), draw.random((3, BLOCKS)), float(draw.random())
        )
        assert meter.now_ps == now_ps
    return found


@pytest.mark.parametrize("seed", range(40))
def test_the_kernel_and_its_twin_agree(seed):
    # a compiler may fuse a product and a sum, so that the last bits are its own
    assert readings(kernel, seed) == pytest.approx(readings(plain, seed), rel=1e-12, abs=1e-9)


def one_block(module, *rules, **more):
    """A meter of one block that draws 1 W of leakage awake, nothing asleep none."""
    return module.RestMeter(
        np.array(rules, dtype=np.int64).reshape(-1, 8),
        np.zeros((2, 3)),
        np.zeros((2, 3)),
        np.ones(2),
        standby=1,
        **more,
    )


def static_pj(meter, now_ps, *rests, rested_ps=0):
    rows = np.array([(0, *rest, 0) for rest in rests], dtype=np.int64).reshape(-1, 4)
    powers = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    return meter.energy_pj(now_ps, rows, len(rows), np.array([rested_ps], dtype=np.int64), 0.0, powers, 1.0)[2]


@METERS
def test_a_stay_saves_the_time_beyond_what_it_costs_in_the_span_in_which_that_lies(module):
    # asleep from 10 after the beginning, paid for 100 later
    meter = one_block(module, (0, 0, 10, EVER, 10, -1, 0, 100))
    assert static_pj(meter, 1000) == 1000
    # the rest from 900 on goes on: paid for at 1010, not yet; as if it ended at 1005, 5 are missing
    assert static_pj(meter, 1005, (900, 1005)) == 5 + 5
    assert static_pj(meter, 1500, (900, 1500)) == 10 - 5
    assert static_pj(meter, 2000, (900, 1600)) == 400


@METERS
def test_a_rest_is_slept_by_the_rule_for_its_length(module):
    rules = (0, 0, 10, 50, 0, -1, 0, 0), (0, 0, 50, EVER, 0, 20, 0, 0)
    assert static_pj(one_block(module, *rules), 100, (0, 10)) == 100
    assert static_pj(one_block(module, *rules), 100, (0, 50)) == 50
    assert static_pj(one_block(module, *rules), 100, (0, 51)) == 80


@METERS
def test_a_block_is_awake_in_time(module):
    assert static_pj(one_block(module, (0, 0, 0, EVER, 0, -1, 30, 0)), 100, (20, 100)) == 50


@METERS
def test_a_block_that_waits_in_a_state_sleeps_whenever_it_rests(module):
    meter = one_block(module, waits=(0, 0))
    assert static_pj(meter, 100, rested_ps=40) == 60
    assert static_pj(meter, 200, rested_ps=130) == 10


@METERS
def test_heat_makes_leakage_grow_and_not_what_is_steady(module):
    meter = one_block(module)
    powers = np.array([[2.0, 0.0], [3.0, 5.0], [7.0, 11.0]])
    rested = np.array([10, 20], dtype=np.int64)
    found = meter.energy_pj(100, np.zeros((0, 4), dtype=np.int64), 0, rested, 0.0, powers, 4.0)
    # standby is drawn all the time
    assert found == (7 * 10, 11 * 100, 100 * (2 * 4 + 3 + 5))


@METERS
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rules": np.array([[4, 0, 0, 1, 0, -1, 0, 0]])}, "name blocks and states that exist"),
        ({"rules": np.array([[1, 0, 0, 1, 0, -1, 0, 0], [0, 0, 0, 1, 0, -1, 0, 0]])}, "in the order of blocks"),
        ({"left_static": np.ones((3, 3))}, "three states"),
        ({"units": np.ones(17)}, "1 to 16"),
        ({"standby": 4}, "no such block"),
        ({"waits": (0, 3)}, "no such block or state"),
    ],
)
def test_what_does_not_fit_is_refused(module, changes, says):
    fits = {
        "rules": np.zeros((0, 8)),
        "left_static": np.ones((4, 3)),
        "left_rest": np.ones((4, 3)),
        "units": np.ones(4),
    }
    with pytest.raises(ValueError, match=says):
        module.RestMeter(**fits | {"standby": 0} | changes)


@METERS
def test_a_reading_that_does_not_fit_is_refused(module):
    rests, rested, powers = np.zeros((2, 4), dtype=np.int64), np.zeros(2, dtype=np.int64), np.zeros((3, 2))
    meter = one_block(module)
    for arguments, says in [
        ((1, rests, 3, rested, 0.0, powers, 1.0), "4 columns"),
        ((-1, rests, 0, rested, 0.0, powers, 1.0), "time goes forward"),
        ((1, rests + 2, 1, rested, 0.0, powers, 1.0), "no such block"),
        ((1, rests, 0, rested, 0.0, powers[:2], 1.0), "three powers"),
        ((1, rests, 0, np.zeros(3, dtype=np.int64), 0.0, powers, 1.0), "how long each"),
    ]:
        with pytest.raises(ValueError, match=says):
            meter.energy_pj(*arguments)
