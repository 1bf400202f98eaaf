"""Operating points from a table or a law, and what a change from one to another costs."""

import pytest

from leptonsim.chip import load_chip
from leptonsim.chip.power import Curve, Transition
from leptonsim.errors import LeptonError
from leptonsim.machine.clocks import (
    OperatingPoint,
    Phase,
    change,
    curve_points,
    operating_points,
    relative_clock,
    start_of,
)

LOW, HIGH = OperatingPoint("low", 0.5, 600_000_000), OperatingPoint("high", 0.75, 1_000_000_000)
CURVE = {"threshold": "0.3 V", "alpha": "1.3", "lowest": "0.5 V", "highest": "1.0 V", "voltage": "0.8 V"}


def test_the_alpha_power_law_gives_its_published_points():
    """Threshold 0.30 V, alpha 1.3, normalised to 0.8 V."""
    curve = Curve.model_validate(CURVE)
    points = {0.5: 0.49, 0.6: 0.69, 0.7: 0.86, 0.8: 1.0, 0.9: 1.13, 1.0: 1.24}
    assert {volts: round(relative_clock(curve, volts), 2) for volts in points} == pytest.approx(points, abs=0.011)


def test_a_curve_gives_its_steps_and_the_chips_own_clock():
    points = curve_points(Curve.model_validate(CURVE | {"steps": "6"}), 1_000_000_000)
    assert [round(point.voltage_v, 3) for point in points] == [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert next(point for point in points if point.name == "800mV").clock_hz == 1_000_000_000
    clocks = [point.clock_hz for point in points]
    assert clocks == sorted(clocks)
    assert all(clock % 1_000_000 == 0 for clock in clocks)


def test_a_table_is_sorted_by_clock_and_starts_where_the_chip_says():
    points = operating_points(load_chip("lepton-c1"), 0.75)
    assert [point.name for point in points] == ["eco", "base", "boost"]
    assert points[start_of(load_chip("lepton-c1"), points)].name == "base"


def test_a_chip_without_states_has_one_point_at_the_nominal_voltage():
    chip = load_chip("lepton-c1", ["power.states=[]", "power.state=null"])
    assert operating_points(chip, 0.75) == (OperatingPoint("nominal", 0.75, 1_000_000_000),)


def test_a_table_and_a_curve_together_are_refused():
    curve = "{voltage: 0.8 V, threshold: 0.3 V, alpha: 1.3, lowest: 0.5 V, highest: 1.0 V}"
    with pytest.raises(LeptonError, match="a table or a curve"):
        load_chip("lepton-c1", [f"power.curve={curve}"])


def test_a_transition_costs_what_it_says_to_the_picosecond():
    cost = Transition.model_validate({"ramp": "10 us", "lock": "7 us", "energy": "1 uJ"})
    up, down = change(LOW, HIGH, cost), change(HIGH, LOW, cost)
    # 0.25 V at 10 us for each volt, and the lock
    assert up.time_ps == down.time_ps == 2_500_000 + 7_000_000
    assert up.energy_pj == 1e6
    # voltage first going up, clock first going down; it stands still, and the higher voltage is paid for all the way
    assert up.phases == (Phase(2_500_000, 0, 0.75, LOW.clock_hz), Phase(7_000_000, 0, 0.75, LOW.clock_hz))
    assert down.phases == (Phase(7_000_000, 0, 0.75, LOW.clock_hz), Phase(2_500_000, 0, 0.75, LOW.clock_hz))


def test_a_chip_that_runs_during_the_ramp_does_so_at_the_lower_clock_and_still_stops_for_the_lock():
    cost = Transition.model_validate({"ramp": "10 us", "lock": "7 us", "run_during_ramp": "true"})
    ramp, lock = Phase(2_500_000, LOW.clock_hz, 0.75, LOW.clock_hz), Phase(7_000_000, 0, 0.75, LOW.clock_hz)
    assert change(LOW, HIGH, cost).phases == (ramp, lock)
    assert change(HIGH, LOW, cost).phases == (lock, ramp)


def test_a_voltage_alone_changes_without_a_lock_and_a_clock_alone_without_a_ramp():
    cost = Transition.model_validate({"ramp": "10 us", "lock": "7 us"})
    other = OperatingPoint("other", 0.6, LOW.clock_hz)
    assert change(LOW, other, cost).phases == (Phase(1_000_000, 0, 0.6, LOW.clock_hz),)
    faster = OperatingPoint("faster", 0.5, HIGH.clock_hz)
    assert change(LOW, faster, cost).phases == (Phase(7_000_000, 0, 0.5, LOW.clock_hz),)


def test_a_transition_is_free_unless_the_chip_says_otherwise():
    assert change(LOW, HIGH, Transition()).time_ps == 0
    assert change(LOW, LOW, Transition.model_validate({"lock": "7 us", "energy": "1 uJ"})).energy_pj == 0.0
