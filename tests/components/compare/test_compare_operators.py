"""Operators are matched by name and occurrence, and said to be faster, slower, moved, appeared or vanished."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leptonsim as ls
from leptonsim.errors import LeptonError
from leptonsim.result.compare import Comparison, compare
from leptonsim.result.load import SavedResult, load_result

Made = Callable[..., SavedResult]


def compared(*results: SavedResult) -> Comparison:
    return compare(results, [f"{index}.json" for index in range(len(results))])


def test_what_became_of_each_operator(made: Made) -> None:
    before = made([("same", "tensor", 5), ("gone", "tensor", 7), ("fast", "vector", 90), ("slow", "tensor", 1)])
    after = made([("same", "tensor", 5), ("fast", "tensor", 10), ("slow", "tensor", 100), ("new", "vector", 3)])
    found = compared(before, after)
    assert [(each.name, each.change_ps(1), each.states(1)) for each in found.operators] == [
        ("slow", 99, ["slower"]),
        ("fast", -80, ["faster", "moved"]),
        ("gone", -7, ["vanished"]),
        ("new", 3, ["appeared"]),
        ("same", 0, ["unchanged"]),
    ]
    assert found.counts(1) == {"slower": 1, "faster": 1, "moved": 1, "vanished": 1, "appeared": 1, "unchanged": 1}


def test_operators_of_the_same_name_are_matched_in_order(made: Made) -> None:
    before = made([("add", "vector", 10), ("add", "vector", 20), ("add", "vector", 30)])
    after = made([("add", "vector", 11), ("add", "vector", 20)])
    found = {each.occurrence: each for each in compared(before, after).operators}
    assert [found[place].times_ps for place in range(3)] == [(10, 11), (20, 20), (30, None)]
    assert found[2].states(1) == ["vanished"]


def test_every_result_is_held_against_the_first(made: Made) -> None:
    results = [made([("one", "tensor", time)]) for time in (100, 150, 40)]
    (operator,) = compared(*results).operators
    assert [operator.change_ps(index) for index in (1, 2)] == [50, -60]
    assert operator.largest_change_ps == 60
    assert [operator.states(index) for index in (1, 2)] == [["slower"], ["faster"]]


def test_what_only_a_later_result_has_is_unchanged_in_one_without_it(made: Made) -> None:
    results = [made([("one", "tensor", 1)]), made([("one", "tensor", 1)]), made([("two", "tensor", 9)])]
    two = next(each for each in compared(*results).operators if each.name == "two")
    assert [two.states(index) for index in (1, 2)] == [["unchanged"], ["appeared"]]


NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(st.tuples(NAMES, st.sampled_from(["tensor", "vector"]), st.integers(0, 50)), max_size=6)


@settings(max_examples=40, deadline=None)
@given(before=STEPS, after=STEPS)
def test_no_operator_is_lost_and_changes_sum_to_the_difference(before, after, made) -> None:
    found = compared(made(before), made(after))
    for side, steps in enumerate((before, after)):
        there = sorted(each.steps[side].name for each in found.operators if each.steps[side] is not None)
        assert there == sorted(name for name, _, _ in steps)
    difference = sum(time for _, _, time in after) - sum(time for _, _, time in before)
    assert sum(each.change_ps(1) for each in found.operators) == difference
    counts = found.counts(1)
    assert sum(counts.values()) - counts["moved"] == len(found.operators)
    sizes = [each.largest_change_ps for each in found.operators]
    assert sizes == sorted(sizes, reverse=True)


def test_one_result_is_no_comparison(base) -> None:
    with pytest.raises(LeptonError, match="two results at least"):
        compare([base], ["a"])


def test_a_result_of_a_run_compares_with_a_saved_one_and_chips_show_what_they_have_apart(tmp_path: Path) -> None:
    model = ls.load_model("gemm:256x256x256")
    results = [ls.simulate(ls.load_chip("lepton-c1", sets), model) for sets in ([], ["core.sram.size=4 MiB"])]
    results[0].save(tmp_path / "before.json")
    found = compare([load_result(tmp_path / "before.json"), results[1]], ["before", "after"])
    assert found.chip_changes() == [("core.sram.size", ("8 MiB", "4 MiB"))]
    assert found.input_changes() == []
    same = compare([load_result(tmp_path / "before.json"), results[0]], ["before", "before"])
    assert same.chip_changes() == []
    assert same.counts(1) == {"unchanged": 1}
    assert all(metric.change_text(*values) in ("=", "-") for metric, values in same.metrics())
