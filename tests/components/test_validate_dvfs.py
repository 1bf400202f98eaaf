"""``validate`` on sweeps of power against clock: what is fitted, what is predicted, what is left out."""

import csv

import pytest

from leptonsim.errors import LeptonError
from leptonsim.validate import validate

HEADER = ["chip", "domain", "kind", "workload", "core_MHz", "mem_MHz", "voltage_mV", "power_W", "note"]
CLOCKS = [200, 400, 600, 800, 1000, 1200, 1400, 1600]


def law(clock, floor=0.75, static=7.0, slope=0.01):
    """A chip that follows the law: the voltage is 1 at 1600 MHz, and constant below 800 MHz."""
    return static + slope * clock * max(floor, 0.5 + 0.5 * clock / 1600) ** 2


def row(clock, power, voltage="", kind="measured", note="", chip="A", workload="load", memory=""):
    return [chip, "core", kind, workload, str(clock), str(memory), str(voltage), str(power), note]


@pytest.fixture
def report(tmp_path):
    def run(*rows):
        path = tmp_path / "dvfs.csv"
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([HEADER, *rows])
        return validate(path)

    return run


def test_a_chip_that_follows_the_law_is_predicted_exactly_whatever_the_order_of_its_rows(report):
    rows = [row(clock, law(clock)) for clock in CLOCKS]
    for order in (rows, rows[::-1]):
        found = {record.row["core_MHz"]: record for record in report(*order).records}
        predicted = {int(clock) for clock, record in found.items() if record.predicted is not None}
        assert predicted == {400, 800, 1200, 1600}
        assert all(found[str(clock)].predicted == pytest.approx(law(clock), rel=1e-3) for clock in predicted)


def test_a_given_voltage_is_used(report):
    voltage = {clock: 600 + 0.1 * clock for clock in CLOCKS}
    rows = [row(clock, 5 + 0.02 * clock * (voltage[clock] / 1000) ** 2, voltage[clock]) for clock in CLOCKS]
    errors = [record.error for record in report(*rows).records if record.error is not None]
    assert len(errors) == 4
    assert errors == pytest.approx([0, 0, 0, 0], abs=1e-9)


def test_the_units_of_clock_and_voltage_do_not_matter(report):
    """Clocks in GHz and voltages in volts, in the columns for MHz and millivolts."""
    for voltage in (None, 600):
        given = [(clock, "" if voltage is None else voltage + 0.2 * clock) for clock in CLOCKS]
        usual = report(*(row(clock, law(clock), volts) for clock, volts in given))
        scaled = report(*(row(clock / 1000, law(clock), volts and volts / 1000) for clock, volts in given))
        found = [[each.predicted for each in one.records if each.predicted is not None] for one in (usual, scaled)]
        assert found[1] == pytest.approx(found[0], rel=1e-9)


def test_a_sweep_in_which_one_row_has_no_voltage_is_fitted_as_if_none_had(report):
    rows = [row(clock, law(clock), "" if clock == 600 else 900) for clock in CLOCKS]
    errors = [record.error for record in report(*rows).records if record.error is not None]
    assert errors == pytest.approx([0] * 4, abs=1e-3)


def test_sweeps_at_two_memory_clocks_are_two_sweeps_however_the_clock_is_written(report):
    high = [row(clock, law(clock), memory="877" if clock % 400 else "877.0") for clock in CLOCKS]
    low = [row(clock, 0.5 * law(clock, static=3), memory="405") for clock in CLOCKS]
    errors = [record.error for record in report(*high, *low).records if record.error is not None]
    assert errors == pytest.approx([0] * 8, abs=1e-3)


def test_workloads_do_not_mix(report):
    rows = [row(clock, factor * law(clock), workload=w) for clock in CLOCKS for w, factor in (("a", 1), ("b", 3))]
    errors = [record.error for record in report(*rows).records if record.error is not None]
    assert errors == pytest.approx([0] * 8, abs=1e-3)


def test_a_clock_measured_twice_counts_once_in_the_order_and_twice_in_the_fit(report):
    twice = [row(clock, law(clock) * factor) for clock in CLOCKS for factor in (0.99, 1.01)]
    records = [record for record in report(*twice).records if record.predicted is not None]
    assert [int(record.row["core_MHz"]) for record in records] == [400, 400, 800, 800, 1200, 1200, 1600, 1600]
    assert [record.predicted for record in records[::2]] == pytest.approx([law(c) for c in CLOCKS[1::2]], rel=2e-3)


@pytest.mark.parametrize(("floor", "static"), [(0.5, 0.5), (0.6, 20.0), (0.8, 7.0), (1.0, 3.0)])
def test_three_clocks_are_enough_for_three_unknowns(report, floor, static):
    """The clocks predicted of a sweep of six are two between those fitted and one above them."""
    six = [300, 600, 900, 1100, 1300, 1600]
    records = report(*(row(clock, law(clock, floor, static)) for clock in six)).records
    errors = [record.error for record in records if record.error is not None]
    assert errors == pytest.approx([0] * 3, abs=2e-3)


def test_no_power_is_predicted_below_what_the_chip_draws_at_rest(report):
    """Noise on three clocks that would make a free line's static power negative."""
    noisy = [12, 14, 26, 30, 58, 66]
    records = report(*(row(clock, power) for clock, power in zip(CLOCKS, noisy, strict=False))).records
    found = [record.predicted for record in records if record.predicted is not None]
    assert found == sorted(found)
    assert found[0] > 0


def test_power_that_does_not_rise_is_static(report):
    found = [record.predicted for record in report(*(row(clock, 30) for clock in CLOCKS)).records]
    assert found[1::2] == pytest.approx([30] * 4)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"note": "idle differs: drop"}, "the row says itself"),
        ({"note": "Dropped, the fan was off"}, "the row says itself"),
        ({"note": "should be dropped"}, "the row says itself"),
        ({"kind": "model"}, "not measured"),
        ({"power": ""}, "no clock or no power"),
        ({"clock": ""}, "no clock or no power"),
        ({"clock": "0.0"}, "no clock or no power"),
    ],
)
def test_a_row_that_is_no_measurement_has_no_part_in_the_fit(report, changed, reason):
    odd = row(**({"clock": 500, "power": 900} | changed))
    records = report(*(row(clock, law(clock)) for clock in CLOCKS), odd).records
    assert records[-1].reason.startswith(reason)
    assert [record.error for record in records[:-1] if record.error is not None] == pytest.approx([0] * 4, abs=1e-3)


@pytest.mark.parametrize("note", ["voltage drop of 20 mV", "power drops at 1 GHz", "not to be dropped", "raindrop"])
def test_a_row_that_only_speaks_of_a_drop_is_kept(report, note):
    rows = [row(clock, law(clock), note=note) for clock in CLOCKS]
    assert report(*rows).summary()["all"].predicted == 4


def test_a_sweep_of_five_clocks_is_not_predicted_and_one_of_six_is(report):
    five = [row(clock, law(clock)) for clock in CLOCKS[:5]]
    assert report(*five).summary()["all"].predicted == 0
    assert report(*five, row(CLOCKS[4], law(CLOCKS[4]))).summary()["all"].predicted == 0
    assert report(*five, row(CLOCKS[5], law(CLOCKS[5]))).summary()["all"].predicted == 3


def test_chips_do_not_mix(report):
    rows = [row(clock, factor * law(clock), chip=chip) for clock in CLOCKS for chip, factor in (("A", 1), ("B", 3))]
    errors = [record.error for record in report(*rows).records if record.error is not None]
    assert errors == pytest.approx([0] * 8, abs=1e-3)


def test_a_power_that_is_no_number_is_refused_at_its_line(report):
    with pytest.raises(LeptonError, match=r"dvfs.csv:2: power_W"):
        report(row(200, "much"))
