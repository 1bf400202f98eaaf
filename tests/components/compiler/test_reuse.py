"""A place in SRAM is not taken again before the other cores have read what lay there."""

import pytest

from leptonsim import load_chip, load_model
from leptonsim.compiler.compile import compile_graph
from leptonsim.compiler.outline import outline
from leptonsim.compiler.placement import place
from leptonsim.compiler.reuse import reused
from leptonsim.compiler.schedule import Scheduler
from leptonsim.compiler.target import Target
from leptonsim.compiler.workload import workload
from leptonsim.machine.machine import Machine
from leptonsim.model.weightless import GraphBuilder

GROUPS, ROWS, DEPTH, COLUMNS = 5, 400, 64, 640


def two_branches(width, other_width):
    """``reader`` is the last to read what ``first`` makes; ``second`` waits for the inputs only."""
    g = GraphBuilder("two branches")
    x = g.input("x", (GROUPS, ROWS, DEPTH))
    first = g.op("MatMul", [x, g.weight("w1", (DEPTH, width))], name="first")
    y = g.op("MatMul", [first, g.weight("w2", (GROUPS, width, COLUMNS))], name="reader")
    second = g.op("MatMul", [x, g.weight("w3", (DEPTH, other_width))], name="second")
    z = g.op("MatMul", [second, g.weight("w4", (other_width, COLUMNS))], name="last")
    return load_model(g.model([(g.op("Add", [y, z]), (GROUPS, ROWS, COLUMNS))]))


@pytest.fixture
def chip():
    return load_chip("lepton-c1", ["cores=3", "shared_sram=null"])


def spans(program, name):
    """First start and last end of each engine's jobs, for each core's step of an operator."""
    index = [operator.name for operator in program.operators].index(name)
    return Machine(program).execute(1).step_span_ps[program.steps[:, -1] == index]


def planned(chip, model):
    target, operators = Target(chip), workload(model.graph)
    work = outline(operators, model.graph)
    placement = place(target, work)
    mapped = Scheduler(target, work, placement).schedule().mapped
    number = {line.operator.name: index for index, line in enumerate(work.lines)}
    return number, placement, reused(target, work, placement, [each.plan for each in mapped])


def test_a_result_waits_for_the_cores_that_still_read_what_lay_there(chip):
    program = compile_graph(chip, two_branches(2048, 2048), None)
    read, written = spans(program, "reader"), spans(program, "second")
    loaded = read[:, :2, 1].max(axis=1)
    assert loaded.min() < loaded.max()  # cores are not alike: one has fewer groups
    assert written[:, 3, 0].min() > loaded.max()


def test_weights_that_come_before_have_the_space_beside_what_is_still_read(chip):
    number, placement, reuse = planned(chip, two_branches(2048, 512))
    reader, second = number["reader"], number["second"]
    freed, made = (-(-2 * GROUPS * ROWS * width // 3) for width in (2048, 512))
    assert reuse.waits == {second: (reader,)}
    assert placement.room[second] - reuse.room[second] == freed - made
    assert not reuse.late


def test_weights_wait_where_there_is_no_space_beside_what_is_still_read(chip, monkeypatch):
    monkeypatch.setattr("leptonsim.compiler.reuse.TILES_AHEAD", 1000)
    number, placement, reuse = planned(chip, two_branches(2048, 512))
    assert reuse.late == {number["second"]}
    assert reuse.room == placement.room
    program = compile_graph(chip, two_branches(2048, 512), None)
    assert spans(program, "second")[:, 0, 0].min() >= spans(program, "reader")[:, :2, 1].max()


def test_one_core_waits_for_nobody(chip):
    _, placement, reuse = planned(chip.with_({"cores": "1"}), two_branches(512, 512))
    assert not reuse.waits
    assert not reuse.late
    assert reuse.room == placement.room
