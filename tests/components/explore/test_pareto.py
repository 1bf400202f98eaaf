import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from leptonsim.errors import LeptonError
from leptonsim.explore import pareto
from leptonsim.explore.sensitivity import shares
from leptonsim.explore.study import objectives_of, studies

grids = st.integers(1, 3).flatmap(
    lambda d: arrays.arrays(np.int64, st.tuples(st.integers(1, 12), st.just(d)), elements=st.integers(0, 5))
)


@settings(max_examples=60, deadline=None)
@given(grids)
def test_the_front_is_what_nothing_dominates(values):
    values = values.astype(float)
    expected = [not any(np.all(other <= each) and np.any(other < each) for other in values) for each in values]
    assert pareto.front(values).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(grids)
def test_hypervolume_counts_the_unit_cells_that_are_dominated(values):
    d = values.shape[1]
    cells = itertools.product(range(7), repeat=d)
    expected = sum(any(all(v <= c for v, c in zip(each, cell, strict=True)) for each in values) for cell in cells)
    assert pareto.hypervolume(values.astype(float), [7.0] * d) == pytest.approx(expected)


def test_points_beyond_the_reference_count_for_nothing():
    assert pareto.hypervolume(np.array([[3.0, 1.0], [1.0, 1.0]]), [2.0, 2.0]) == 1.0
    assert pareto.hypervolume(np.array([[3.0, 1.0]]), [2.0, 2.0]) == 0.0


def test_the_knee_is_the_bend():
    values = np.array([[0.0, 10.0], [1.0, 1.0], [10.0, 0.0]])
    assert pareto.knee(values) == 1


def records(function, extra=()):
    return [
        {
            "key": f"{a}{b}",
            "model": "m",
            "batch": 1,
            "dtype": "int8",
            "requests": 1,
            "cold": False,
            "chip": "c",
            "status": "ok",
            "error": None,
            "version": "1",
            "sweep": "s",
            "mapping": "own",
            "a": f"{a} MiB",
            "b": str(b),
            "latency_s": function(a, b),
            "energy_j": float(b),
            **dict(extra),
        }
        for a in (1, 2, 4, 8)
        for b in (1, 2, 3)
    ]


def test_shares_of_variance_are_exact_on_a_grid():
    found = shares(records(lambda a, b: float(a)), ["a", "b"], ["latency_s"])
    assert found["latency_s"] == {"a": pytest.approx(1.0), "b": pytest.approx(0.0, abs=1e-12)}
    product = shares(records(lambda a, b: a * b), ["a", "b"], ["latency_s"])["latency_s"]
    # In logarithms a product is a sum: variances of the two factors, and no interaction.
    first, second = (np.var(np.log(each)) for each in ((1, 2, 4, 8), (1, 2, 3)))
    assert product == {"a": pytest.approx(first / (first + second)), "b": pytest.approx(second / (first + second))}


def test_what_does_not_vary_has_no_shares():
    assert shares(records(lambda a, b: 1.0), ["a", "b"], ["latency_s"]) == {}


def test_many_values_are_grouped():
    many = [{"key": str(n), "x": f"{n} KiB", "latency_s": math.exp(n)} for n in range(200)]
    assert shares(many, ["x"], ["latency_s"])["latency_s"]["x"] > 0.98


def test_a_study_is_of_one_workload_and_names_the_best_and_the_knee():
    both = records(lambda a, b: 1.0 / a + 1.0 / b) + records(lambda a, b: 5.0, {"model": "n"}.items())
    found = studies(both, objectives_of(["latency_s", "min energy_j"]))
    assert [study.workload for study in found] == ["m", "n"]
    front = found[0].front
    assert [record["energy_j"] for record in front] == [3.0, 2.0, 1.0]
    assert {record["a"] for record in front} == {"8 MiB"}
    assert [label.partition(":")[0] for label in found[0].labels.values()] == [
        "best latency_s",
        "best energy_j",
        "knee",
    ]
    assert found[0].varied == ["a", "b"]


def test_an_objective_can_be_turned():
    (objective,) = objectives_of(["max area_mm2"])
    assert objective.is_larger_better
    with pytest.raises(LeptonError, match="did you mean 'latency_s'"):
        objectives_of(["latency"])


@pytest.mark.parametrize(
    ("first", "areas", "style"),
    [
        # Between 1 and 2 ms the point at 1 ms is to be had, at its area of 5.
        ("latency_s", (5.0, 3.0), "steps-post"),
        # More than 1 a second takes the point of 2 a second, at its area of 5.
        ("throughput_per_s", (3.0, 5.0), "steps-pre"),
    ],
)
def test_the_line_of_the_front_bounds_what_is_dominated(first, areas, style):
    from leptonsim.explore.figures import front

    points = [{"key": str(number), first: number + 1.0, "area_mm2": area} for number, area in enumerate(areas)]
    figure = front.figure(points, [True, True], objectives_of([first, "area_mm2"]), {})
    line = next(line for line in figure.axes[0].lines if len(line.get_xdata()) == 2)
    assert line.get_drawstyle() == style
