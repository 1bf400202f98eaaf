import itertools

import numpy as np
import pytest

from leptonsim.errors import LeptonError
from leptonsim.explore.pareto import front, hypervolume
from leptonsim.explore.samplers import Dimension, make_sampler, sampler_names

SPACE = (Dimension("chip", 1, False), Dimension("a", 4), Dimension("b", 3, False))
SPAN = (Dimension("chip", 1, False), Dimension("a", None))


def asked(method, space=SPACE, count=12, seed=0, objectives=0):
    sampler = make_sampler(method, space, count, seed, objectives)
    return list(itertools.islice(iter(sampler.ask, None), count))


def available(method):
    if method in ("nsga2", "tpe"):
        pytest.importorskip("optuna", reason="the extra `search` is not installed")
    if method == "sobol":
        pytest.importorskip("scipy", reason="the extra `search` is not installed")


def test_a_grid_is_every_choice_the_last_fastest():
    assert asked("grid", count=99) == list(itertools.product((0,), range(4), range(3)))


def test_a_grid_refuses_a_range_without_values():
    with pytest.raises(LeptonError, match="without step or count"):
        make_sampler("grid", SPAN, 1, 0, 0)


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_draws_are_different_repeatable_and_exhaust_a_small_space(method):
    available(method)
    first = asked(method, count=99)
    assert sorted(first) == list(itertools.product((0,), range(4), range(3)))
    assert first == asked(method, count=99)
    assert first != asked(method, count=99, seed=1)


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_draws_from_a_span_are_shares(method):
    available(method)
    shares = [choice[1] for choice in asked(method, SPAN, 64)]
    assert min(shares) >= 0
    assert max(shares) < 1
    assert np.histogram(shares, 4, (0, 1))[0].min() >= 8


@pytest.mark.parametrize("method", [name for name in sampler_names() if name not in ("grid", "random", "sobol")])
def test_a_search_never_asks_twice_is_repeatable_and_ends(method):
    available(method)

    def run():
        sampler = make_sampler(method, SPACE, 12, 3, 2)
        found = []
        while (choice := sampler.ask()) is not None:
            found.append(choice)
            # Some fail, some break a constraint: the search goes on.
            values = None if choice[1] == 1 else [float(choice[1]), float(-choice[2])]
            sampler.tell(choice, values, [1.0 if choice[2] == 0 else 0.0])
        return found

    first = run()
    assert sorted(first) == list(itertools.product((0,), range(4), range(3)))
    assert first == run()


def test_a_search_finds_the_front_of_a_thousand_points_with_a_quarter_of_the_evaluations(explore):
    pytest.importorskip("optuna", reason="the extra `search` is not installed")
    text = """
name: {name}
chips: [lepton-e1]
models: ["gemm:192x256x192"]
set:
  core.tensor_core.rows: [8, 16, 24, 32, 48, 64, 96, 128, 192, 256]
  core.tensor_core.cols: [8, 16, 24, 32, 48, 64, 96, 128, 192, 256]
  dram.channels: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
objectives: [latency_s, energy_j, area_mm2]
sample: {sample}
"""

    def values(name, sample):
        rows = explore.run(text.format(name=name, sample=sample)).rows
        names = ("latency_s", "energy_j", "area_mm2")
        return np.log([[row.measures[each] for each in names] for row in rows if row.status == "ok"])

    everything = values("all", "grid")
    assert len(everything) == 1000
    # In logarithms and up to the worst of the front, so that the volume is of the front and not of the empty corner.
    reference = everything[front(everything)].max(axis=0) + 1e-9
    found = values("search", "{method: nsga2, count: 250, seed: 1}")
    assert len(found) == 250
    assert hypervolume(found, reference) >= 0.95 * hypervolume(everything, reference)
