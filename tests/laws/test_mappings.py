"""The mapping chosen for a small matrix product against every other one, each run in the machine."""

import random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leptonsim.compiler.compilation import Compilation
from leptonsim.compiler.compile import compile, compile_graph
from leptonsim.compiler.refine import CANDIDATES, HARDLY_LATER, HOPELESS, SAFE, refined
from leptonsim.compiler.schedule import fastest_mapping
from leptonsim.machine.machine import Machine
from leptonsim.machine.stopwatch import Stopwatch
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


@settings(FEW, max_examples=40)
@given(data=st.data(), sides=st.tuples(SIDE, SIDE, SIDE))
def test_mappings_that_are_not_run_could_not_have_been_chosen(laws, data, sides):
    chip = data.draw(laws.chips())
    compilation = Compilation(chip, load_model("gemm:{}x{}x{}".format(*sides)), None)
    clock = Stopwatch(chip)
    product = product_of(chip, load_model("gemm:{}x{}x{}".format(*sides)))
    first = compilation.program()
    launch_ps, inputs_ps, after_ps = clock.around(first)
    begin_ps = max(launch_ps, inputs_ps)
    runs = []
    for number, candidate in enumerate(product.candidates(CANDIDATES, HOPELESS)):
        program = compilation.program(lambda _, candidate=candidate: candidate)
        least_ps, cycles = product.least(candidate[1], begin_ps - launch_ps)
        run_ps = clock.time_ps(program)
        assert run_ps >= (begin_ps + least_ps + after_ps) * SAFE
        assert program.operators[0].tensor_cycles == cycles
        runs.append((cycles, run_ps, number, program))
    shortest_ps = min(run[1] for run in runs)
    *_, best = min(run for run in runs if run[1] <= HARDLY_LATER * shortest_ps)
    assert refined(compilation, clock).to_json() == best.to_json()


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
