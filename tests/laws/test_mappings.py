"""The mapping chosen for a small matrix product against every other one, each run in the machine."""

import random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leptonsim.compiler.compile import compile, compile_graph
from leptonsim.compiler.schedule import fastest_mapping
from leptonsim.machine.machine import Machine
from leptonsim.model import load_model

FEW = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SIDE = st.sampled_from([1, 7, 32, 100, 128, 200])
MOST_CANDIDATES = 150
WITHIN = 1.05


def time_ps(program):
    """What the mapping can change: the whole run without the copies over PCIe before and after it."""
    record = Machine(program).execute(1)
    busy = record.engine_time_ps[:, 0].tolist()
    return record.makespan_ps - busy[-2] - busy[-1]


def product_of(chip, model):
    """The matrix product of a model that has one, as the search sees it."""
    found = []

    def choose(product):
        found.append(product)
        return fastest_mapping(product)

    compile_graph(chip, model, None, choose=choose)
    return found[0]


def time_under(chip, model, mapping):
    return time_ps(compile_graph(chip, model, None, choose=lambda product: (0.0, mapping)))


@FEW
@given(data=st.data(), sides=st.tuples(SIDE, SIDE, SIDE))
def test_the_mapping_chosen_is_within_5_percent_of_an_exhaustive_search(laws, data, sides):
    chip = data.draw(laws.chips(**{"software.launch": "0 us"}))
    model = load_model("gemm:{}x{}x{}".format(*sides))
    every = product_of(chip, model).candidates(keep=0)
    assume(len(every) <= MOST_CANDIDATES)
    best = min(time_under(chip, model, mapping) for _, mapping in every)
    assert time_ps(compile(chip, model)) <= WITHIN * best


@FEW
@given(data=st.data(), sides=st.tuples(SIDE, SIDE, SIDE), seed=st.integers(0, 2**32))
def test_tiles_of_any_size_are_hardly_better_than_the_candidates(laws, data, sides, seed):
    """Sizes that are not equal parts in whole folds save latencies of tiny products at best."""
    chip = data.draw(laws.chips(**{"software.launch": "0 us"}))
    model = load_model("gemm:{}x{}x{}".format(*sides))
    product = product_of(chip, model)
    every, draw = product.candidates(keep=0), random.Random(seed)
    chosen = time_ps(compile(chip, model))
    rows, columns, depth = sides[0], sides[2], sides[1]
    for _ in range(20):
        split = draw.choice(every)[1][:3]
        tile = (draw.randint(1, rows), draw.randint(1, columns), draw.choice([depth, draw.randint(1, depth)]))
        try:
            other = time_under(chip, model, (*split, draw.randrange(3), *tile))
        except ValueError:
            continue
        assert chosen <= 1.25 * other
