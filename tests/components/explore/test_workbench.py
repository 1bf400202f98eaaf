"""Which points share a compiled program, and that sharing changes no answer."""

import dataclasses

import pytest

import leptonsim as ls
from leptonsim.compiler import compile as compiling
from leptonsim.explore.workbench import RETIMED, UNREAD, Task, Workbench

CONVOLUTION = "conv:1x8x28x28,16x8x3x3,stride=1,pad=1"
POWER = {
    "power.states.1.voltage": "0.61 V",
    "power.static": "3 W",
    "process_nm": 16,
    "energy.overrides.mac_bf16": "9 pJ",
    "power.governor": "powersave",
}


def task(number, overrides, mapping="own", batch=None):
    return Task(number, "lepton-c1", overrides, batch, None, 1, False, mapping)


def counted(monkeypatch):
    """How often the compiler is called."""
    calls = []
    compile_ = compiling.compile

    def count(*arguments, **options):
        calls.append(arguments)
        return compile_(*arguments, **options)

    monkeypatch.setattr(compiling, "compile", count)
    return calls


# A product that is refined by running it, a batch whose program is chosen by running both, and a whole network.
@pytest.mark.parametrize(("model", "batch"), [("gemm:64x512x512", None), (CONVOLUTION, 4), ("zoo:mobilenet-v2", None)])
def test_the_compiler_reads_nothing_of_what_programs_are_shared_over(model, batch):
    base = ls.load_chip("lepton-c1")
    other = base.with_(POWER)
    model = ls.load_model(model)
    program = ls.compile(base, model, batch=batch)
    again = ls.compile(other, model, batch=batch)
    assert dataclasses.replace(again, chip=base).to_json() == program.to_json()


def test_points_that_differ_in_voltages_share_a_program_and_are_what_run_gives(monkeypatch):
    calls = counted(monkeypatch)
    model = ls.load_model(CONVOLUTION)
    bench = Workbench(model, {"lepton-c1": ls.load_chip("lepton-c1")})
    voltages = ["0.5 V", "0.55 V", "0.6 V"]
    found = [
        bench.outcome(task(number, {"power.states.1.voltage": voltage, "core.sram.size": size}))
        for number, (voltage, size) in enumerate((v, s) for v in voltages for s in ("4 MiB", "8 MiB"))
    ]
    assert len(calls) == 2
    for outcome, (voltage, size) in zip(found, ((v, s) for v in voltages for s in ("4 MiB", "8 MiB")), strict=True):
        chip = ls.load_chip("lepton-c1", {"power.states.1.voltage": voltage, "core.sram.size": size})
        result = ls.simulate(chip, model)
        assert outcome.measures["energy_j"] == result.energy_j
        assert outcome.measures["makespan_ps"] == result.makespan_ps
    assert len({outcome.measures["energy_j"] for outcome in found}) == 6


def test_a_change_of_clock_or_bandwidth_is_compiled_anew_unless_the_sweep_keeps_mappings(monkeypatch):
    calls = counted(monkeypatch)
    bench = Workbench(ls.load_model(CONVOLUTION), {"lepton-c1": ls.load_chip("lepton-c1")})
    changes = [
        {"clocks.core": f"{mhz} MHz", "power.states.1.core": f"{mhz} MHz", "dram.channels": channels}
        for mhz in (800, 900)
        for channels in (8, 16)
    ]
    for mapping, compilations in (("own", 4), ("kept", 1)):
        del calls[:]
        for number, overrides in enumerate(changes):
            assert bench.outcome(task(number, overrides, mapping)).status == "ok"
        assert len(calls) == compilations


def test_what_is_not_read_is_a_part_of_what_is_retimed():
    assert set(UNREAD) < set(RETIMED)
