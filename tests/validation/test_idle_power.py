"""Idle power of the shipped chips among that of published ones, and as docs/power.md says."""

import re
from pathlib import Path

import pytest
from leptonsim.kernels.tiles import BLOCK_NAMES

from leptonsim.chip import load_chip, shipped_chips
from leptonsim.chip.energy import energy_table
from leptonsim.machine.blocks import BLOCKS, BlockPower
from leptonsim.machine.sleep import sleep_states

PAGE = (Path(__file__).parents[2] / "docs" / "power.md").read_text()
TABLE = re.findall(
    r"^\| (.+?) \| ([\d.]+)(?: to ([\d.]+))? W \| (\d+) W \| (\d+)(?: to (\d+))? % \|", PAGE, re.MULTILINE
)
PUBLISHED = {row[0]: row[1:] for row in TABLE if not row[0].startswith("lepton")}


def idle_w(chip, state):
    """Awake, and with every block that can sleep in its deepest state."""
    power = BlockPower(chip, energy_table(chip))
    static, rest = power.static_w(state.voltage_v), power.rest_w(state.voltage_v, state.core_hz)
    deepest = {block: sleep_states(chip, block)[-1] for block in BLOCK_NAMES}
    asleep = sum(
        leaks + clock
        if block not in deepest
        else leaks * deepest[block].static_share + clock * deepest[block].rest_share
        for block, leaks, clock in zip(BLOCKS, static, rest, strict=True)
    )
    return float(static.sum() + rest.sum()), float(asleep)


def states(chip):
    start = next(state for state in chip.power.states if state.name == chip.power.state)
    return start, min(chip.power.states, key=lambda state: state.core_hz)


@pytest.mark.parametrize("name", shipped_chips())
def test_a_shipped_chip_idles_at_a_share_of_its_power_that_published_chips_have(name):
    """Least is a GPU with its clocks down, most a TPU v4."""
    shares = [float(low) / float(rated) for low, _, rated, *_ in PUBLISHED.values()]
    assert len(shares) == 10
    chip = load_chip(name)
    awake, _ = idle_w(chip, states(chip)[0])
    assert min(shares) < awake / chip.power.tdp_w < max(shares)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_the_shares_of_the_table_are_those_of_its_watts(row):
    _, low, high, rated, low_share, high_share = row
    for watts, share in ((low, low_share), (high or low, high_share or low_share)):
        assert float(watts) / float(rated) == pytest.approx(float(share) / 100, abs=0.0101)


def test_the_page_has_the_shipped_chips_as_they_are():
    told = {row[0]: row for row in TABLE if row[0].startswith("lepton")}
    # lepton-c1-dvfs is lepton-c1 with more states
    assert set(told) == set(shipped_chips()) - {"lepton-c1-dvfs"}
    lowest, asleep = (
        [float(each) for each in re.search(rf"{words}\s+([\d.]+),\s+([\d.]+) and ([\d.]+) W", PAGE).groups()]
        for words in ("In the lowest state they draw", r"\(`power.blocks`\)")
    )
    for number, name in enumerate(("lepton-e1", "lepton-c1", "lepton-t1")):
        chip = load_chip(name)
        start, low = states(chip)
        assert idle_w(chip, start)[0] == pytest.approx(float(told[name][1]), rel=0.01)
        assert chip.power.tdp_w == float(told[name][3])
        assert idle_w(chip, low) == pytest.approx((lowest[number], asleep[number]), rel=0.02)
