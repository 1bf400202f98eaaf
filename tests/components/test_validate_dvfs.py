"""``validate`` on sweeps of power against clock: what is fitted, what is predicted, what is left out."""

import csv

import pytest

from leptonsim.errors import LeptonError
from leptonsim.validate import validate

HEADER = ["chip", "domain", "kind", "workload", "core_MHz", "mem_MHz", "voltage_mV", "power_W", "note"]
CLOCKS = [200, 400, 600, 800, 1000, 1200, 1400, 1600]


def law(clock, floor=0.75, static=7.0, slope=0.01):
    """A chip that follows the law: the voltage is 1 at 1600 MHz, and constant below 1200 MHz."""
    return static + slope * clock * max(floor, clock / 1600) ** 2


def row(clock, power, voltage="", kind="measured", note="", chip="A"):
    return [chip, "core", kind, "load", str(clock), "", str(voltage), str(power), note]


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


def test_power_that_does_not_rise_is_static(report):
    found = [record.predicted for record in report(*(row(clock, 30) for clock in CLOCKS)).records]
    assert found[1::2] == pytest.approx([30] * 4)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"note": "idle differs: drop"}, "the row says itself"),
        ({"kind": "model"}, "not measured"),
        ({"power": ""}, "no clock or no power"),
        ({"clock": ""}, "no clock or no power"),
    ],
)
def test_a_row_that_is_no_measurement_has_no_part_in_the_fit(report, changed, reason):
    odd = row(**({"clock": 500, "power": 900} | changed))
    records = report(*(row(clock, law(clock)) for clock in CLOCKS), odd).records
    assert records[-1].reason.startswith(reason)
    assert [record.error for record in records[:-1] if record.error is not None] == pytest.approx([0] * 4, abs=1e-3)


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
