"""The energy table: its sources, its physics, and whether the shipped chips can draw what they promise."""

import csv
import dataclasses
import itertools
import json
import math
from importlib import resources
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from leptonsim.chip import ChipError, energy_table, load_chip, shipped_chips
from leptonsim.chip.dram_parts import dram_parts
from leptonsim.chip.energy import data
from leptonsim.chip.interpolate import log_log, rising
from leptonsim.chip.power import EnergyOverrides
from leptonsim.cli.energy import command

C1 = load_chip("lepton-c1")
NODES = st.integers(5, 45)
CORE = ("accumulator", "sram_read", "sram_write", "shared_sram")


def test_every_constant_has_a_source_under_the_name_that_overrides_it():
    sources = energy_table(C1).sources
    assert set(sources) == set(EnergyOverrides.model_fields) | {
        *("nominal_voltage", "clocked_share", "idle_share", "power_gated_share")
    }
    assert all(len(text) > 10 for text in sources.values())


def test_every_number_in_the_data_files_stands_beside_a_source():
    def unsourced(tree, path, sourced):
        if isinstance(tree, dict):
            sourced = sourced or "source" in tree
            for key, value in tree.items():
                yield from unsourced(value, (*path, key), sourced)
        elif isinstance(tree, int | float) and not sourced:
            yield path

    files = [entry for entry in resources.files("leptonsim.chip.energy").iterdir() if entry.name.endswith(".yaml")]
    assert len(files) >= 6
    for entry in files:
        assert list(unsourced(yaml.safe_load(entry.read_text()), (entry.name,), False)) == []


@pytest.mark.parametrize(
    ("dtype", "node_nm", "datapath_pj"),
    [
        ("int8", 45, 0.30),
        ("int8", 7, 0.10),
        ("bf16", 45, 1.58),
        ("bf16", 7, 0.59),
        ("bf16", 16, 0.914),
        ("fp16", 45, 2.0),
        ("fp16", 7, 0.72),
        ("fp32", 45, 4.6),
        ("fp32", 7, 1.69),
    ],
)
def test_multiply_accumulate_is_the_published_datapath_times_the_cell_factor(dtype, node_nm, datapath_pj):
    """Horowitz, ISSCC 2014 (45 nm) and Jouppi et al., ISCA 2021, Table 2 (7 nm), with the power law between them."""
    energy, source = data.mac_pj(dtype, node_nm)
    assert energy == pytest.approx(2.5 * datapath_pj, rel=0.01)
    assert "Jouppi" in source


@pytest.mark.parametrize(
    ("size_kib", "pj"), [(32, 0.1449), (256, 0.635), (1024, 1.5067), (4096, 3.3154), (32768, 9.4361)]
)
def test_sram_at_22_nm_is_what_cacti_says(size_kib, pj):
    assert data.sram_pj_per_byte(size_kib * 1024, 22, "read")[0] == pytest.approx(pj)


def test_sram_at_7_nm_keeps_the_ratio_of_the_published_table():
    """14 pJ for a 64-bit access to 1 MB at 7 nm (ISCA 2021), CACTI's 2.2994 pJ/B for the same access at 22 nm."""
    ratio = data.sram_pj_per_byte(2**20, 7, "read")[0] / data.sram_pj_per_byte(2**20, 22, "read")[0]
    assert ratio == pytest.approx(14 / 8 / 2.2994, rel=1e-3)


@given(NODES, st.integers(10, 34).flatmap(lambda p: st.integers(2**p, 2 ** (p + 1))), st.floats(1, 8))
def test_a_larger_sram_never_costs_less_per_byte_read(node_nm, size_bytes, factor):
    """CACTI's writes do: at 45 nm a byte costs less in 512 KiB than in 256 KiB, and its points are kept."""
    small = data.sram_pj_per_byte(size_bytes, node_nm, "read")[0]
    assert data.sram_pj_per_byte(size_bytes * factor, node_nm, "read")[0] >= small * (1 - 1e-12)


CACTI_CELLS = {"itrs-hp": "high_performance", "itrs-lstp": "low_standby_power"}


def cacti():
    """Rows of CACTI with one bank: (cell, node, KiB, bytes of an access) to (read, write) in pJ per byte."""
    with (Path(__file__).parents[1] / "data" / "sram_cacti.csv").open(newline="") as stream:
        return {
            (CACTI_CELLS[row["cell"]], int(row["tech_nm"]), int(row["size_KiB"]), int(row["access_bytes"])): (
                float(row["read_pJ_per_byte"]),
                float(row["write_pJ_per_byte"]),
            )
            for row in csv.DictReader(stream)
            if row["banks"] == "1"
        }


def test_sram_is_cacti_at_every_one_of_its_points():
    points = cacti()
    assert len(points) == 60
    for (cell, node_nm, size_kib, width), expected in points.items():
        for access, energy in zip(("read", "write"), expected, strict=True):
            found = data.sram_pj_per_byte(size_kib * 1024, node_nm, access, cell, width)[0]
            assert found == (energy if width == 64 else pytest.approx(energy, rel=1e-12))


@given(
    st.sampled_from(sorted(key for key in cacti() if key[3] == 64)),
    st.sampled_from(["read", "write"]),
    st.floats(0, 1),
)
def test_sram_is_monotone_between_cactis_points(point, access, way):
    cell, node_nm, size_kib, _ = point
    column = ("read", "write").index(access)
    points = {key[2]: pair[column] for key, pair in cacti().items() if (key[0], key[1], key[3]) == (cell, node_nm, 64)}
    above = min((size for size in points if size > size_kib), default=size_kib)
    sizes = sorted(size_kib * 1024 * (above / size_kib) ** at for at in (way, way / 2))
    near, far = (data.sram_pj_per_byte(size, node_nm, access, cell)[0] for size in sizes)
    begin, end = points[size_kib], points[above]
    order = [begin, near, far, end] if begin <= end else [end, far, near, begin]
    assert all(one <= other * (1 + 1e-9) for one, other in itertools.pairwise(order))


@pytest.mark.parametrize("access", ["read", "write"])
def test_sram_of_narrow_accesses_lies_between_the_widths_of_cacti(access):
    widths = [data.sram_pj_per_byte(512 * 1024, 7, access, width_bytes=width)[0] for width in (8, 12, 16, 24, 32)]
    low, high = sorted((widths[0], widths[2]))
    assert low <= widths[1] <= high
    low, high = sorted((widths[2], widths[4]))
    assert low <= widths[3] <= high


def test_a_smaller_node_never_costs_more():
    tables = [energy_table(C1.with_({"process_nm": node})) for node in range(5, 46)]
    for small, large in itertools.pairwise(tables):
        for name in small.mac:
            assert small.mac[name] < large.mac[name]
        for name in small.vector_pj:
            assert small.vector_pj[name] < large.vector_pj[name]
        assert small.sram_read_pj_per_byte < large.sram_read_pj_per_byte
        assert small.noc_pj_per_byte_hop < large.noc_pj_per_byte_hop


@given(st.dictionaries(st.floats(0.1, 1e3), st.floats(0.1, 1e3), min_size=2, max_size=6), st.floats(0.1, 1e3))
def test_interpolation_stays_between_the_neighbouring_points(points, at):
    known = sorted(points)
    if any(b / a < 1.01 for a, b in itertools.pairwise(known)) or not known[0] <= at <= known[-1]:
        return
    low = max(x for x in known if x <= at)
    high = min(x for x in known if x >= at)
    bounds = sorted((points[low], points[high]))
    assert bounds[0] * (1 - 1e-9) <= log_log(points, at) <= bounds[1] * (1 + 1e-9)


def test_interpolation_follows_a_power_law_and_goes_on_with_it():
    law = {x: 3 * x**0.5 for x in (1.0, 4.0, 16.0)}
    for x in (0.25, 1.0, 2.0, 9.0, 64.0):
        assert log_log(law, x) == pytest.approx(3 * math.sqrt(x))
    assert rising({1: 2.0, 2: 1.0, 3: 4.0}) == {1: 2.0, 2: 2.0, 3: 4.0}


def test_voltage_scales_what_is_on_the_die_with_its_square_and_nothing_else():
    table = energy_table(C1)
    half = table.at_voltage(table.voltage_v / 2)
    assert half.mac_pj("bf16") == table.mac_pj("bf16") / 4
    assert half.vector_pj["exp"] == table.vector_pj["exp"] / 4
    for name in CORE:
        assert getattr(half, f"{name}_pj_per_byte") == getattr(table, f"{name}_pj_per_byte") / 4
    assert half.noc_pj_per_byte_hop == table.noc_pj_per_byte_hop / 4
    assert half.dram == table.dram
    assert half.pcie_pj_per_byte == table.pcie_pj_per_byte
    assert half.voltage_v == table.voltage_v / 2


def test_an_override_replaces_one_constant_and_says_so():
    changed = energy_table(C1.with_({"energy.overrides.mac_bf16": "0.5 pJ", "energy.overrides.dram_io": "9 pJ/bit"}))
    before = energy_table(C1)
    assert changed.mac_pj("bf16") == 0.5
    assert changed.dram.io_pj_per_byte == 72.0
    assert changed.dram.read_pj_per_byte == before.dram.read_pj_per_byte
    assert changed.mac_pj("int8") == before.mac_pj("int8")
    assert changed.sources["mac_bf16"] == "energy.overrides.mac_bf16 of lepton-c1"


def test_an_unknown_data_type_is_an_error():
    with pytest.raises(ChipError, match="no multiply-accumulate energy for data type 'int3'"):
        energy_table(C1).mac_pj("int3")


@pytest.mark.parametrize("name", shipped_chips())
def test_the_tensor_cores_of_a_shipped_chip_never_idle_within_its_power_limit(name):
    """Arrays with their operands, accumulators and static power, at the voltage and clock of the starting state."""
    chip = load_chip(name)
    core, tensor, dtype = chip.core, chip.core.tensor_core, chip.software.default_dtype
    state = next(state for state in chip.power.states if state.name == chip.power.state)
    table = energy_table(chip).at_voltage(state.voltage_v)
    per_cycle_pj = (
        tensor.count * tensor.rows * tensor.cols * tensor.rates[dtype] * table.mac_pj(dtype)
        + tensor.count * tensor.cols * 2 * 4 * table.accumulator_pj_per_byte
        + core.sram.read_bytes_per_cycle * table.sram_read_pj_per_byte
        + core.sram.write_bytes_per_cycle * table.sram_write_pj_per_byte
    )
    power_w = chip.cores * per_cycle_pj * chip.clocks.core_hz * 1e-12 + chip.power.static_w
    assert 0.5 * chip.power.tdp_w < power_w < chip.power.tdp_w


@pytest.mark.parametrize("part", dram_parts())
def test_every_dram_part_tells_its_energy_by_event_with_sources(part):
    table = energy_table(C1.with_({"dram.part": part}))
    assert all(value > 0 for value in dataclasses.astuple(table.dram))
    assert all(table.sources[f"dram_{name}"] for name in ("activate", "read", "write", "io", "background", "refresh"))


def test_dram_draws_background_and_refresh_of_all_devices():
    """Sixteen channels of one rank: 32 mW each, and 48 nJ every 3.906 us."""
    dram = energy_table(C1).dram
    assert dram.background_w == pytest.approx(16 * 0.032)
    assert dram.refresh_w == pytest.approx(16 * 48e-9 / 3.906e-6, rel=1e-3)


def test_the_table_of_a_chip_is_shown_with_a_source_in_every_line():
    result = CliRunner().invoke(command, ["--config", "lepton-e1"])
    assert result.exit_code == 0
    operations, _, _ = result.output.partition("\n\nbyte of DRAM ")
    head, _, _, *rows = operations.splitlines()
    assert "nominal 0.8" in head
    assert [row.split()[0] for row in rows] == list(EnergyOverrides.model_fields)
    table = energy_table(load_chip("lepton-e1"))
    assert all(row.endswith(table.sources[row.split()[0]]) for row in rows)


def test_the_table_has_each_energy_at_the_voltage_of_the_state_too():
    result = CliRunner().invoke(command, ["--config", "lepton-c1", "--json"])
    found = json.loads(result.output)
    ratio = (found["voltage_v"] / found["nominal_voltage_v"]) ** 2
    assert found["voltage_v"] == 0.55
    for name, entry in found["operations"].items():
        expected = 1.0 if name.startswith(("dram", "pcie")) else ratio
        assert entry["present"] == pytest.approx(entry["nominal"] * expected)
