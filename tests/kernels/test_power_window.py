"""The budget of a sliding window: the kernel and its plain-Python twin agree, and no window is passed."""

from types import SimpleNamespace

import numpy as np
import pytest
from leptonsim.kernels.power_window import PowerWindow

from leptonsim.kernels.plain.power_window import PowerWindow as Plain

WINDOWS = pytest.mark.parametrize("window", [PowerWindow, Plain], ids=["kernel", "twin"])


@pytest.mark.parametrize("seed", range(40))
def test_the_kernel_and_its_twin_agree(seed):
    draw = np.random.default_rng(seed)
    intervals = int(draw.integers(1, 40))
    # whole numbers, so that the order of sums does not matter and equal levels occur
    needs = np.sort(draw.integers(1, 30, int(draw.integers(1, 6)))).astype(np.float64)
    budget_j = float(draw.integers(1, 20 * intervals))
    made = [each(intervals, 3.0, budget_j, needs) for each in (PowerWindow, Plain)]
    assert made[0].allowed() == made[1].allowed()
    for energy_j in draw.integers(0, 30, 200).astype(np.float64).tolist():
        assert made[0].add(energy_j) == made[1].add(energy_j)


@WINDOWS
def test_no_window_takes_more_than_its_budget_by_whatever_choice_takes_all_that_it_may(window):
    draw, needs, intervals, budget_j = np.random.default_rng(3), [2.0, 5.0, 9.0], 7, 31.0
    windows = window(intervals, 2.0, budget_j, needs)
    choice, taken = windows.allowed(), []
    for _ in range(500):
        taken.append(float(draw.uniform(0, needs[choice])) if draw.random() < 0.3 else needs[choice])
        choice = windows.add(taken[-1])
    sums = np.convolve(taken, np.ones(intervals), "valid")
    assert sums.max() <= budget_j * (1 + 1e-12)
    assert sums.max() > 0.9 * budget_j


@WINDOWS
def test_a_window_of_one_interval_looks_at_the_next_one_alone(window):
    windows = window(1, 1.0, 5.0, [1.0, 5.0, 6.0])
    assert windows.allowed() == 1
    assert windows.add(100.0) == 1


@WINDOWS
def test_nothing_to_choose_from_is_refused(window):
    with pytest.raises(ValueError, match="at least one interval"):
        window(0, 1.0, 1.0, [1.0])
    with pytest.raises(ValueError, match="at least one choice"):
        window(1, 1.0, 1.0, [])


@WINDOWS
def test_a_sample_is_added_by_its_power_and_interval(window):
    by_energy, by_sample = (window(3, 1.0, 12.0, [1.0, 4.0, 8.0]) for _ in range(2))
    for watts in (2.0, 9.0, 1.0, 0.5, 3.0):
        sample = SimpleNamespace(power_w=watts, interval_ps=5 * 10**11)
        assert by_sample.choose(sample) == by_energy.add(watts / 2)
