"""Laws of domains: whatever changes time and energy add up, on any chip; what may change and does not changes nothing.

That a lower memory clock is never faster is no law: sharing and prefetch have Graham's anomalies. On shipped chips and
models it holds (tests/components/test_memory_states.py).
"""

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leptonsim.api import execute
from leptonsim.chip.dram_part import load_part
from leptonsim.compiler.compile import compile
from leptonsim.errors import LeptonError
from leptonsim.machine.energy import AT_REST, COMPONENTS, DYNAMIC

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
GOVERNORS = st.sampled_from(["fixed", "powersave", "race_to_idle", "on_demand", "schedutil"])
TIMES = st.sampled_from(["0 ps", "1 ps", "777 ns", "5 us", "30 us", "250 us"])


@st.composite
def transitions(draw):
    return {
        "lock": draw(TIMES),
        "ramp": draw(TIMES),
        "run_during_ramp": draw(st.booleans()),
        "energy": draw(st.sampled_from(["0 pJ", "1 uJ"])),
    }


@st.composite
def domains(draw, chip):
    """States, governors and transitions of all three domains of a chip."""
    part = load_part(chip.dram.part)
    rates = [part.clocking.data_rate // share // 8000000 * 8 for share in (4, 2, 1)]
    states = {
        "core": [
            {"name": f"s{mhz}", "voltage": f"{volts} V", "core": f"{mhz} MHz"}
            for mhz, volts in ((500, 0.6), (900, 0.8))
        ],
        "uncore": [
            {"name": f"s{mhz}", "voltage": f"{volts} V", "clock": f"{mhz} MHz"}
            for mhz, volts in ((300, 0.5), (1100, 0.7))
        ],
        "memory": [{"name": f"s{rate}", "data_rate": f"{rate} MT/s"} for rate in rates],
    }
    start = {name: draw(st.sampled_from(each)) for name, each in states.items()}
    return {
        "clocks.core": start["core"]["core"],
        "power.states": states["core"],
        "power.state": start["core"]["name"],
        "power.governor": draw(GOVERNORS),
        "power.transition": draw(transitions()),
        "power.interval": draw(st.sampled_from(["10 us", "100 us"])),
        **{
            f"power.{name}": {
                "governor": draw(GOVERNORS),
                "state": start[name]["name"],
                "states": states[name],
                "transition": draw(transitions()),
            }
            for name in ("uncore", "memory")
        },
    }


def program_of(data, laws, **fixed):
    chip, (model, _) = data.draw(laws.chips(**fixed)), data.draw(laws.models(most=3))
    chip = chip.with_(data.draw(domains(chip)))
    try:
        return compile(chip, model), laws.macs_of(model)
    except LeptonError as error:
        if "no tile fits" not in str(error):
            raise
        assume(False)


@FEW
@given(data=st.data(), gap_ps=st.integers(0, 10**9))
def test_whatever_changes_time_and_energy_add_up(laws, data, gap_ps):
    program, macs = program_of(data, laws)
    result = execute(program, requests=3, arrivals_ps=(0, gap_ps, gap_ps))
    laws.obeyed_by(result, macs)
    power = result.power
    if power is None:
        return
    for place, name in enumerate(COMPONENTS):
        spent = math.fsum(each.power_w[place] * (each.to_ps - each.from_ps) for each in power.segments)
        assert spent / 1e12 == pytest.approx(result.energy_breakdown_j[name], rel=1e-9, abs=1e-15)
    assert {name: domain.governor for name, domain in power.domains.items()} == {
        name: each.governor
        for name, each in (("uncore", program.chip.power.uncore), ("memory", program.chip.power.memory))
        if each.governor != "fixed"
    }
    for domain in power.domains.values():
        assert sum(domain.residency_ps.values()) == result.makespan_ps
        stood_ps = sum((power.spans_ps[domain.clock_hz == 0]).tolist())
        assert stood_ps <= domain.residency_ps["change"]
        assert domain.changes or not domain.residency_ps["change"]
    dynamic = math.fsum(result.energy_breakdown_j[name] for name in (*DYNAMIC, *AT_REST))
    assert dynamic == pytest.approx(result.energy_j, rel=1e-12)
    dram = result.dram_energy_j
    assert math.fsum(dram[name] for name in ("activate", "read", "write", "io")) == pytest.approx(
        result.energy_breakdown_j["dram"], rel=1e-9
    )
    assert result.to_json() == execute(program, requests=3, arrivals_ps=(0, gap_ps, gap_ps)).to_json()


@FEW
@given(data=st.data())
def test_at_the_voltages_of_the_start_operations_take_the_same_energy_at_any_clock(laws, data):
    """Of network and memory: what scales with time does, bytes and cycles do not."""
    program, _ = program_of(data, laws)
    chip = program.chip.with_({f"power.{name}governor": "fixed" for name in ("", "uncore.", "memory.")})
    other = {
        "power.uncore.states": "[{name: a, voltage: 0.6 V, clock: 1 GHz}, {name: b, voltage: 0.6 V, clock: 200 MHz}]"
    }
    found = []
    for uncore, memory in (("a", -1), ("b", 0)):
        states = {**other, "power.uncore.state": uncore, "power.memory.state": chip.power.memory.states[memory].name}
        found.append(execute(replace(program, chip=chip.with_(states))).energy_breakdown_j)
    for component in DYNAMIC:
        assert found[1][component] == pytest.approx(found[0][component], rel=1e-12)


@FEW
@given(data=st.data(), gap_ps=st.integers(0, 10**9))
def test_domains_without_a_second_state_change_nothing(laws, data, gap_ps):
    """Without heat, which is followed from reading to reading, and there are more of these."""
    program, _ = program_of(data, laws)
    fixed = program.chip.with_(
        {
            "power.governor": "fixed",
            "power.thermal": None,
            **{f"power.{name}.governor": "fixed" for name in ("uncore", "memory")},
        }
    )
    changes = {}
    for name in ("uncore", "memory"):
        domain = getattr(fixed.power, name)
        only = next(each for each in domain.states if each.name == domain.state)
        others = fixed.document()["power"][name]["states"]
        changes[f"power.{name}.states"] = [each for each in others if each["name"] == only.name]
        changes[f"power.{name}.governor"] = data.draw(GOVERNORS)
    single = fixed.with_({path: value for path, value in changes.items() if path.endswith("states")})
    before = execute(replace(program, chip=single), requests=2, arrivals_ps=(0, gap_ps))
    after = execute(replace(program, chip=single.with_(changes)), requests=2, arrivals_ps=(0, gap_ps))
    assert after.makespan_ps == before.makespan_ps
    assert after.time_ps == before.time_ps
    assert after.energy_breakdown_j == pytest.approx(before.energy_breakdown_j, rel=1e-12)
