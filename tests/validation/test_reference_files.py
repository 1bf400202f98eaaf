"""The models against benchmarks/reference: what must be exact is exact, only what may be skipped is skipped."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leptonsim.fabric.pcie import PcieLink
from leptonsim.validate import validate

REFERENCE = Path(__file__).parent.parent.parent / "benchmarks" / "reference"


def test_every_cycle_count_of_rtl_is_exact():
    report = validate(REFERENCE / "systolic_rtl.csv")
    wrong = [record.as_dict() for record in report.records if record.predicted is not None and not record.exact]
    assert wrong == []
    assert report.summary()["all"].predicted == 1159


def test_only_what_is_no_products_time_is_skipped():
    report = validate(REFERENCE / "systolic_rtl.csv")
    skipped = {record.row["measure"] for record in report.records if record.predicted is None}
    allowed = ("LOOP_WS", "weight-load", "min-switch-interval", "first-result", "row-latency")
    assert [measure for measure in skipped if not any(word in measure for word in allowed)] == []


def test_every_cycle_count_of_scalesim_is_exact():
    summary = validate(REFERENCE / "scalesim_cycles.csv").summary()["all"]
    assert summary.rows == summary.predicted == summary.exact == 660


def test_every_row_of_the_pcie_model_is_met_within_a_thousandth():
    report = validate(REFERENCE / "pcie_model.csv")
    summary = report.summary()["all"]
    assert summary.rows == summary.predicted == 3 * 393
    # The file has four decimals: its own rounding is up to 2.5e-5 of the smallest rate.
    assert summary.worst is not None
    assert abs(summary.worst) < 1e-4


PLAIN_COPIES = [
    ("gen3", "bandwidthTest pinned 32 MiB", "D2H"),
    ("gen3", "peak ingress (BaM authors)", "H2D"),
    ("gen4", "nvbandwidth host_to_device_memcpy_ce", "H2D"),
    ("gen4", "nvbandwidth host_to_device_memcpy_sm 512 MiB", "H2D"),
    ("gen4", "peak used by BaM", "H2D"),
    ("gen5", "nvbandwidth device_to_host_memcpy_sm", "D2H"),
    ("gen5", "both directions one at a time", "H2D/D2H"),
]


@pytest.mark.parametrize(("gen", "what", "direction"), PLAIN_COPIES)
def test_defaults_are_within_a_tenth_of_plain_pinned_copies(gen, what, direction):
    from leptonsim.chip.load import load_chip

    with (REFERENCE / "pcie_measured.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["gen"], row["what"]) == (gen, what)]
    assert [row["direction"] for row in rows] == [direction]
    ends = [float(end) for end in rows[0]["value"].split("-")]
    measured = sum(ends) / len(ends)
    link = PcieLink(load_chip("lepton-c1", [f"pcie.generation={gen[3:]}", "pcie.lanes=16"]).pcie)
    rates = [link.read_bytes_per_s] if "H2D" in direction else []
    rates += [link.write_bytes_per_s] if "D2H" in direction else []
    for rate in rates:
        assert rate / 1e9 == pytest.approx(measured, rel=0.1)


def test_stores_of_host_cores_come_near_those_measured():
    """A100 80GB PCIe, generation 4: cores emit 64 B packets, 20 GB/s."""
    from leptonsim.chip.load import load_chip

    link = PcieLink(load_chip("lepton-c1").pcie)
    assert link.effective_bytes_per_s(1 << 20, "h2d", "host") / 1e9 == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("kind", ["systolic", "scalesim", "pcie_model", "pcie_measured"])
def test_the_page_in_docs_is_the_one_the_command_draws(kind, tmp_path):
    root = REFERENCE.parent.parent
    command = [sys.executable, str(root / "benchmarks" / "validation.py"), kind, "--out", str(tmp_path)]
    subprocess.run(command, check=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    head, _, section = (tmp_path / "validation.md").read_text().partition("\n## ")
    page = (root / "docs" / "validation.md").read_text()
    assert page.startswith(head)
    assert f"\n## {section}" in page, "run: python benchmarks/validation.py"
    picture = f"images/validation-{kind}.png"
    assert picture in section
    assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert len((root / "docs" / picture).read_bytes()) < 100_000


def test_the_speed_benchmark_runs():
    root = REFERENCE.parent.parent
    command = [sys.executable, str(root / "benchmarks" / "kernels_speed.py"), "--tiles", "1000", "--rounds", "1"]
    env = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    assert "weight_stationary double skewed padded" in done.stdout


def test_power_at_unseen_clocks_is_within_6_percent_in_the_median_of_the_jetsons_sweeps():
    summary = validate(REFERENCE / "dvfs.csv").summary()
    jetson = {name: each for name, each in summary.items() if name.startswith("Jetson AGX Xavier sgemm")}
    assert len(jetson) == 5
    assert all(each.predicted == 7 for each in jetson.values())
    assert all(each.median_abs_error < 0.02 for each in jetson.values())


@pytest.mark.parametrize("chip", ["GeForce GTX 980", "Quadro RTX 8000", "Jetson Nano"])
def test_power_at_unseen_clocks_of_other_chips_is_within_8_percent_in_the_median(chip):
    """Nothing of the fit was chosen on them; GTX 980 has six clocks, so that three are fitted."""
    summary = validate(REFERENCE / "dvfs.csv").summary()
    sweeps = [each for name, each in summary.items() if name.startswith(f"{chip} ")]
    assert sum(each.predicted for each in sweeps) >= 6
    assert all(each.median_abs_error < 0.02 for each in sweeps)
    assert all(each.p90_abs_error < 0.1 for each in sweeps)
