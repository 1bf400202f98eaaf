"""The two RC nodes against their closed forms, and the balance of leakage and heat."""

import math

import pytest

from leptonsim.chip.power import Thermal
from leptonsim.errors import LeptonError
from leptonsim.machine.thermal import Temperatures, ThermalModel, leakage_factor

# After NVIDIA T4: poles of about a millisecond and of some 20 s.
VALUES = {
    "r_die": 0.1,
    "c_die": 0.013,
    "r_sink": 0.55,
    "c_sink": 35.0,
    "ambient": 35.0,
    "throttle": 88.0,
    "leakage_per_kelvin": 0.018,
}


def thermal(**changes):
    values = VALUES | changes
    aliases = {name: field.alias for name, field in Thermal.model_fields.items()}
    kinds = {
        "r_die": "K/W",
        "r_sink": "K/W",
        "c_die": "J/K",
        "c_sink": "J/K",
        "ambient": "degC",
        "throttle": "degC",
        "start": "degC",
        "leakage_at": "degC",
        "hysteresis": "K",
        "leakage_per_kelvin": "/K",
    }
    return Thermal.model_validate({aliases[name]: f"{value!r} {kinds[name]}" for name, value in values.items()})


def test_a_single_node_has_done_63_percent_of_its_way_at_tau():
    # A sink that nothing warms leaves the die alone, of r_die x c_die.
    model = ThermalModel(thermal(r_sink=0.0001, c_sink=100000.0))
    tau = 0.1 * 0.013
    now = model.after(Temperatures(35.0, 35.0), 50.0, tau)
    assert (now.die_c - 35) / (50 * 0.1) == pytest.approx(1 - math.exp(-1), rel=2e-3)


def test_two_nodes_are_the_sum_of_two_exponentials():
    """The step response by partial fractions, worked out from the poles alone."""
    chip = thermal()
    model = ThermalModel(chip)
    fast, slow = model.time_constants_s
    power = 70.0
    # impedance of the ladder seen from the die: (r_die + r_sink + s r_die r_sink c_sink) / ((1 + s fast)(1 + s slow))
    whole, zero = chip.r_die + chip.r_sink, chip.r_die * chip.r_sink * chip.c_sink
    r_fast = (whole * fast - zero) / (fast - slow)
    r_slow = (zero - whole * slow) / (fast - slow)
    for time in (1e-4, 1e-3, 0.5, 10.0, 60.0):
        expected = 35 + power * (r_fast * -math.expm1(-time / fast) + r_slow * -math.expm1(-time / slow))
        assert model.after(Temperatures(35.0, 35.0), power, time).die_c == pytest.approx(expected, rel=1e-9)


def test_the_poles_are_those_of_the_characteristic_polynomial():
    chip = thermal()
    fast, slow = ThermalModel(chip).time_constants_s
    assert fast * slow == pytest.approx(chip.r_die * chip.c_die * chip.r_sink * chip.c_sink)
    assert fast + slow == pytest.approx((chip.r_die + chip.r_sink) * chip.c_die + chip.r_sink * chip.c_sink)
    assert fast == pytest.approx(1.3e-3, rel=0.01)


def test_two_steps_are_one_step_of_their_length():
    model = ThermalModel(thermal())
    begin = Temperatures(60.0, 41.0)
    halves = model.after(model.after(begin, 30.0, 0.7), 30.0, 1.1)
    once = model.after(begin, 30.0, 1.8)
    assert halves.die_c == pytest.approx(once.die_c, rel=1e-12)
    assert halves.sink_c == pytest.approx(once.sink_c, rel=1e-12)


def test_a_square_wave_of_load_gives_the_analytic_ripple():
    """Period of twice the die's time constant: the die swings by P r tanh(half / 2 tau) around its mean."""
    model = ThermalModel(thermal(r_sink=0.0001, c_sink=100000.0))
    tau, power = 0.1 * 0.013, 80.0
    now = model.steady(power / 2)
    for _ in range(40):
        low = now.die_c
        now = model.after(now, power, tau)
        high = now.die_c
        now = model.after(now, 0.0, tau)
    assert high - low == pytest.approx(power * 0.1 * math.tanh(0.5), rel=2e-3)
    assert (high + low) / 2 == pytest.approx(35 + power / 2 * 0.1, rel=2e-3)


def test_the_steady_state_is_where_a_long_run_ends():
    model = ThermalModel(thermal())
    now = model.start()
    for _ in range(4000):
        now = model.after(now, 40 + 10 * leakage_factor(model.thermal, now.die_c), 0.1)
    steady = model.steady_with_leakage(40.0, 10.0)
    assert now.die_c == pytest.approx(steady.die_c, abs=1e-6)
    assert now.sink_c == pytest.approx(steady.sink_c, abs=1e-6)


def test_leakage_that_outgrows_its_cooling_is_a_runaway():
    model = ThermalModel(thermal(r_sink=3.0))
    with pytest.raises(LeptonError, match="thermal runaway"):
        model.steady_with_leakage(20.0, 15.0)


def test_a_chip_starts_at_the_air_or_where_it_is_told():
    assert ThermalModel(thermal()).start() == Temperatures(35.0, 35.0)
    assert ThermalModel(thermal(start=70.0)).start() == Temperatures(70.0, 70.0)
