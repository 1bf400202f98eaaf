"""Pictures and traces of a run under a governor: power, clock, states and temperature over time."""

import json

import numpy as np
import pytest

import leptonsim as ls
from leptonsim.machine.energy import COMPONENTS
from leptonsim.result.figures import applies, draw, save_plot
from leptonsim.result.figures.power import mean_of_window, stacked
from leptonsim.result.figures.states import clock_over_time, residency_ps
from leptonsim.result.figures.temperature import die_over_time
from leptonsim.result.governed import joined
from leptonsim.result.load import load_result

CHANGING = "power.transition={ramp: 10 us, lock: 20 us}"


@pytest.fixture(scope="module")
def capped():
    chip = ls.load_chip("lepton-c1", ["power.governor=power_cap:45W/2ms", CHANGING])
    return ls.simulate(chip, ls.load_model("zoo:resnet50"), batch=16, requests=8)


def test_stacked_power_is_the_energy_of_the_run(capped):
    edges, levels, averaged = stacked(capped)
    spent = sum(float((values * np.diff(edges)).sum()) for values in levels.values())
    assert spent / 1e12 == pytest.approx(capped.energy_j, rel=1e-5)
    assert (edges[0], edges[-1], averaged) == (0, capped.makespan_ps, False)


def test_under_a_cap_the_mean_of_its_window_is_a_line_below_it(capped):
    edges, levels, _ = stacked(capped)
    ends, means = mean_of_window(edges, levels, 2 * 10**9)
    assert (ends[0], ends[-1]) == (2 * 10**9, capped.makespan_ps)
    first = edges <= 2 * 10**9
    spent = sum(
        float(np.interp(2 * 10**9, edges, np.append(0, np.cumsum(each * np.diff(edges))))) for each in levels.values()
    )
    assert first.sum() > 2
    assert means[0] == pytest.approx(spent / 2e9)
    assert 30 < means.max() <= 45
    figure = draw("power", capped)
    assert [text.get_text() for text in figure.legends[0].get_texts()][-2:] == ["mean of the last 2 ms", "cap of 45 W"]


def test_clock_and_states_are_those_of_the_run(capped):
    edges, clocks = clock_over_time(capped)
    standing = sum(end - begin for begin, end, clock in zip(edges, edges[1:], clocks, strict=False) if clock == 0)
    states = residency_ps(capped)
    assert standing == states["change"] > 0
    assert sum(states.values()) == capped.makespan_ps
    times, dies = die_over_time(capped)
    assert times[-1] == capped.makespan_ps
    assert max(dies) == pytest.approx(capped.power.levels[:, 1].max(), rel=1e-5)


def test_a_saved_run_shows_the_same(capped, tmp_path):
    capped.save(tmp_path / "run.json")
    read = load_result(tmp_path / "run.json")
    assert clock_over_time(read) == clock_over_time(capped)
    assert residency_ps(read) == residency_ps(capped)
    for kind in ("power", "states", "temperature"):
        assert applies(kind, read)
        for name, result in (("one", capped), ("two", read)):
            save_plot(kind, result, tmp_path / f"{name}.svg")
        assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_run_in_one_state_shows_that_state_and_no_temperature():
    result = ls.simulate(ls.load_chip("lepton-c1"), ls.load_model("gemm:64x64x64"))
    assert clock_over_time(result) == ([0, result.makespan_ps], [1e9])
    assert residency_ps(result) == {"base": result.makespan_ps}
    assert not applies("states", result)
    assert not applies("temperature", result)
    assert "Heat was not followed" in draw("temperature", result).axes[0].texts[0].get_text()


def test_readings_are_joined_to_few_pieces_with_the_same_energy_even_over_many_changes(capped):
    record = capped.power
    energy = (record.levels[:, 2:] * record.spans_ps[:, None]).sum(axis=0)
    for most in (10, 50, 100_000):
        times, levels = joined(record, most)
        assert len(times) <= max(2 * most + record.changes * 3, most) if most > 50 else len(times) <= 3 * most
        assert times[0, 0] == 0
        assert times[-1, 1] == capped.makespan_ps
        assert (times[1:, 0] == times[:-1, 1]).all()
        spans = times[:, 1] - times[:, 0]
        assert (levels[:, 2:] * spans[:, None]).sum(axis=0) == pytest.approx(energy, rel=1e-9)


def test_a_trace_has_the_power_clock_voltage_and_temperature_in_force(tmp_path):
    chip = ls.load_chip("lepton-c1", ["power.governor=race_to_idle", CHANGING])
    program = ls.compile(chip, ls.load_model("gemm:1024x1024x1024"))
    result = ls.execute(program, arrivals_ps=[10**9], trace=tmp_path / "run.json")
    events = json.loads((tmp_path / "run.json").read_text())["traceEvents"]
    counters = {event["name"] for event in events if event["ph"] == "C"}
    spent = {f"power, {name}" for place, name in enumerate(COMPONENTS) if result.power.levels[:, 2 + place].any()}
    assert {"core clock", "core voltage", "die", "power, total", *spent} <= counters
    clocks = {value for event in events if event["name"] == "core clock" for value in event.get("args", {}).values()}
    assert {0, 700, 1200} <= clocks
