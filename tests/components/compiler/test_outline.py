"""What schedules need of a model's work: numbers of tensors, ends of lives, likeness."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import leptonsim as ls
from leptonsim.compiler.outline import EVER_THERE, INPUT, Outline, outline
from leptonsim.compiler.placement import place
from leptonsim.compiler.schedule import Schedule, Scheduler
from leptonsim.compiler.steps import Steps
from leptonsim.compiler.target import Target
from leptonsim.compiler.workload import workload


@pytest.fixture(scope="module", params=["zoo:bert-base?seq=64", "zoo:mobilenet-v2"])
def drawn(request) -> tuple[ls.Model, Outline]:
    model = ls.load_model(request.param)
    return model, outline(workload(model.graph), model.graph)


def mapped(work: Outline, streamed: frozenset[str] = frozenset()) -> tuple[Schedule, tuple[np.ndarray, ...]]:
    target = Target(ls.load_chip("lepton-c1"))
    placement = place(target, work)
    done = Scheduler(target, work, placement, streamed).schedule()
    return done, Steps(target, work, placement).arrays(done.mapped)


def test_every_operator_is_a_line_or_a_view(drawn):
    model, work = drawn
    assert len(work.lines) + len(work.views) == len(workload(model.graph).operators)


def test_weights_are_ever_there_and_everything_else_has_a_maker(drawn):
    model, work = drawn
    views = {operator.outputs[0].tensor for operator in workload(model.graph).operators if operator.engine == "view"}
    for line in work.lines:
        for operand, number in zip(line.operator.inputs, line.reads, strict=True):
            if operand.tensor not in views:
                assert (number == EVER_THERE) == (work.tensors[operand.tensor].kind == "weight")
        for number in line.makes:
            assert work.lines[work.values[number].maker] is line
    assert {value.maker for value in work.values[1:] if value.maker < 0} == {INPUT}


def test_a_tensor_ends_once_and_behind_all_who_read_it(drawn):
    _, work = drawn
    ends = Counter(number for line in work.lines for number in line.ends)
    kept = {number for number, value in enumerate(work.values) if value.is_kept or number == EVER_THERE}
    assert set(ends.values()) == {1}
    assert set(ends) == set(range(len(work.values))) - kept
    ended: set[int] = set()
    for line in work.lines:
        assert not ended & {*line.reads, *line.makes}
        ended.update(line.ends)


def test_an_operator_waits_for_the_makers_of_what_it_reads(drawn):
    _, work = drawn
    assert work.waits.sum() == len(work.after)
    for line in work.lines:
        makers = [work.values[number].maker for number in line.reads if number != EVER_THERE]
        assert line.after == tuple(dict.fromkeys(makers))


def test_repeated_layers_are_alike(drawn):
    model, work = drawn
    if model.name.startswith("zoo:bert"):
        counts = Counter(line.alike for line in work.lines if line.operator.engine == "tensor")
        assert max(counts.values()) >= 12
    assert len({line.alike for line in work.lines}) < len(work.lines)


def test_plans_shared_by_likeness_are_those_that_each_operator_would_get(drawn):
    _, work = drawn
    apart = replace(work, lines=tuple(replace(line, alike=number) for number, line in enumerate(work.lines)))
    (shared, shared_arrays), (single, single_arrays) = mapped(work), mapped(apart)
    assert shared.operators == single.operators
    assert shared.routes == single.routes
    assert len({id(each) for each in shared.mapped}) < len({id(each) for each in single.mapped})
    for one, other in zip(shared_arrays, single_arrays, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_operator_whose_weights_stream_does_not_share_the_plan_of_one_whose_weights_are_in_dram():
    model = ls.load_model("zoo:bert-base?seq=64")
    work = outline(workload(model.graph), model.graph)
    counts = Counter(line.alike for line in work.lines if line.operator.engine == "tensor")
    first, second, *_ = (line for line in work.lines if line.alike == counts.most_common(1)[0][0])
    done, _ = mapped(work, frozenset([second.operator.inputs[1].tensor]))
    ends = {
        line.operator.name: each.plan.w.end for line, each in zip(work.lines, done.mapped, strict=True) if each.plan.w
    }
    assert (ends[first.operator.name], ends[second.operator.name]) == ("dram", "host")
