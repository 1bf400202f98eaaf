"""The DRAM kernel against two cycle-level simulators: every row predicted, as closely as docs/dram.md says."""

import functools
import shutil
import statistics
import tempfile
from pathlib import Path

import pytest

from leptonsim.errors import LeptonError
from leptonsim.validate import validate

REFERENCE = Path(__file__).parent.parent.parent / "benchmarks" / "reference"
SINGLE = ("seq_", "strided_tile", "random_64B")


THIRD = 3


@functools.cache
def report():
    """Every third row, which keeps the test short, and those of one access at a time; docs/dram.md has all rows."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("dram_setup.csv", "dram_timings.csv"):
            shutil.copy(REFERENCE / name, folder)
        header, *rows = (REFERENCE / "dram.csv").read_text().splitlines(keepends=True)
        taken = [
            row for index, row in enumerate(rows) if index % THIRD == 0 or ("random" in row and "window=1," in row)
        ]
        path = Path(folder) / "dram.csv"
        path.write_text(header + "".join(taken))
        return validate(path)


def sizes(quantity, mode, *, where=lambda row: True):
    return sorted(
        abs(record.error)
        for record in report().records
        if record.quantity == quantity and record.row["mode"] == mode and record.error is not None and where(record.row)
    )


def p90(errors):
    return errors[int(0.9 * (len(errors) - 1))]


def test_every_row_has_a_bandwidth():
    assert [
        one for one in report().records if one.quantity == "useful_fraction_of_peak" and one.predicted is None
    ] == []
    assert len(report().records) >= 3 * 343 // THIRD


def test_closed_loop_bandwidth_is_within_a_percent_in_the_median():
    errors = sizes("useful_fraction_of_peak", "closed-loop")
    assert statistics.median(errors) < 0.01
    assert p90(errors) < 0.05


def test_each_configuration_s_single_streams_are_within_two_percent_in_the_median():
    groups = {(one.row["simulator"], one.row["dram_config"]) for one in report().records}
    for simulator, config in groups:
        errors = sizes(
            "useful_fraction_of_peak",
            "closed-loop",
            where=lambda row, key=(simulator, config): (
                (row["simulator"], row["dram_config"]) == key and row["pattern"].startswith(SINGLE)
            ),
        )
        assert statistics.median(errors) < 0.02, (simulator, config)


def test_open_loop_latency_is_within_three_percent_in_the_median():
    assert statistics.median(sizes("avg_latency_ns", "open-loop")) < 0.03


def test_idle_latency_is_exact_to_two_clocks():
    idle = [
        one
        for one in report().records
        if one.quantity == "avg_latency_ns"
        and one.row["params"].endswith("window=1")
        and "random" in one.row["pattern"]
    ]
    assert len(idle) >= 4
    for one in idle:
        assert abs(one.predicted - one.measured) < 2 * 1.0, one.row.line


@pytest.mark.parametrize("mode", ["closed-loop", "open-loop"])
def test_device_energy_is_within_a_percent_in_the_median(mode):
    errors = sizes("energy_pJ_bit", mode)
    assert statistics.median(errors) < 0.01
    assert p90(errors) < 0.05


def test_the_parameters_must_be_beside_the_file(tmp_path):
    shutil.copy(REFERENCE / "dram.csv", tmp_path)
    with pytest.raises(LeptonError, match=r"needs dram_setup.csv beside it"):
        validate(tmp_path / "dram.csv")


def test_a_configuration_without_parameters_is_named(tmp_path):
    for name in ("dram.csv", "dram_setup.csv", "dram_timings.csv"):
        shutil.copy(REFERENCE / name, tmp_path)
    text = (tmp_path / "dram.csv").read_text().replace("DRAMsim3,DDR4_2400,", "DRAMsim3,DDR4_9999,", 1)
    (tmp_path / "dram.csv").write_text(text)
    with pytest.raises(LeptonError, match=r"dram.csv:2: dram_setup.csv has no line for DRAMsim3, DDR4_9999"):
        validate(tmp_path / "dram.csv")


def test_a_pattern_that_is_not_known_is_skipped_and_the_others_predicted(tmp_path):
    for name in ("dram_setup.csv", "dram_timings.csv"):
        shutil.copy(REFERENCE / name, tmp_path)
    lines = (REFERENCE / "dram.csv").read_text().splitlines(keepends=True)[:3]
    (tmp_path / "dram.csv").write_text(lines[0] + lines[1].replace("mix_r2w1", "zigzag") + lines[2])
    found = [
        record for record in validate(tmp_path / "dram.csv").records if record.quantity == "useful_fraction_of_peak"
    ]
    assert [record.predicted is None for record in found] == [True, False]
    assert found[0].reason == "pattern 'zigzag' is not known"
