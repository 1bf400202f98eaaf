"""The stopwatch says what the machine says, without SimPy."""

import pytest

from leptonsim import load_chip, load_model
from leptonsim.compiler.compilation import Compilation
from leptonsim.machine.machine import Machine
from leptonsim.machine.stopwatch import Stopwatch

MODELS = ("gemm:64x256x128", "conv:1x64x28x28,64x64x3x3,stride=1", "zoo:mobilenet-v2?size=64")


def machine_ps(program):
    return Machine(program, governed=False).execute(1).makespan_ps


@pytest.mark.parametrize("chip", ["lepton-e1", "lepton-c1", "lepton-t1"])
@pytest.mark.parametrize(
    "changes",
    [[], ["software.launch=0 us"], ["software.launch=5 ms"], ["power.blocks.tensor_core.gating=ideal"]],
    ids=["as shipped", "no launch", "launched after the copies", "sleeping"],
)
def test_a_stopwatch_agrees_with_the_machine(chip, changes):
    chip = load_chip(chip, changes)
    stopwatch = Stopwatch(chip)
    for name in MODELS:
        program = Compilation(chip, load_model(name), None).program()
        assert stopwatch.time_ps(program) == machine_ps(program)


def test_several_runs_of_a_request_are_timed_together():
    chip = load_chip("lepton-c1")
    program = Compilation(chip, load_model("gemm:64x256x128"), None, repeats=3).program()
    assert Stopwatch(chip).time_ps(program) == machine_ps(program) > 2 * program.chip.software.launch_ps


def test_copies_of_more_than_one_piece_are_waited_for():
    chip = load_chip("lepton-c1")
    program = Compilation(chip, load_model("gemm:40000x4096x4096"), None).program()
    assert program.memory.input_bytes > 1 << 28
    assert Stopwatch(chip).time_ps(program) == machine_ps(program)
