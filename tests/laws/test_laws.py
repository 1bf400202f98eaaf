"""Laws of a simulation, on random chips with random models."""

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leptonsim.api import execute
from leptonsim.compiler.compile import compile
from leptonsim.compiler.program import Program
from leptonsim.errors import LeptonError
from leptonsim.fabric.pcie import PcieLink
from leptonsim.machine.machine import Machine

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=60)


def program_of(chip, model, batch=1):
    """The program, where one fits: accumulators of a few hundred sums cannot hold one row of a wide image."""
    try:
        return compile(chip, model, batch=batch)
    except LeptonError as error:
        if "no tile fits" not in str(error):
            raise
        assume(False)


@MANY
@given(data=st.data(), batch=st.integers(1, 3), requests=st.integers(1, 3), cold=st.booleans())
def test_times_energies_bytes_and_work_add_up(laws, data, batch, requests, cold):
    chip, (model, macs) = data.draw(laws.chips()), data.draw(laws.models())
    result = execute(program_of(chip, model, batch), requests=requests, cold=cold)
    laws.obeyed_by(result, macs * batch)


@FEW
@given(data=st.data())
def test_the_same_input_gives_the_same_bytes(laws, tmp_path_factory, data):
    chip, (model, _) = data.draw(laws.chips()), data.draw(laws.models())
    program = program_of(chip, model)
    assert compile(chip, model).to_json() == program.to_json()
    result = execute(program)
    assert execute(program).to_json() == result.to_json()
    file = tmp_path_factory.mktemp("programs") / "program.json"
    program.save(file)
    loaded = Program.load(file)
    assert loaded.to_json() == program.to_json()
    assert execute(loaded).to_json() == result.to_json()


@FEW
@given(data=st.data(), delays_ps=st.lists(st.integers(0, 5_000_000), min_size=1, max_size=10))
def test_stopping_and_resuming_changes_nothing(laws, data, delays_ps):
    chip, (model, _) = data.draw(laws.chips()), data.draw(laws.models())
    program = program_of(chip, model)
    straight, stopped = Machine(program), Machine(program)

    def interruptions():
        for delay in delays_ps:
            yield stopped.environment.timeout(delay)

    stopped.environment.process(interruptions())
    one, other = straight.execute(2), stopped.execute(2)
    assert other.makespan_ps == one.makespan_ps
    assert other.requests_ps == one.requests_ps
    for name in ("engine_time_ps", "moving_time_ps", "step_time_ps", "step_span_ps", "route_bytes"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@FEW
@given(data=st.data(), batch=st.integers(2, 5))
def test_a_batch_costs_at_most_as_much_as_its_samples_alone(laws, data, batch):
    chip, (model, _) = data.draw(laws.chips()), data.draw(laws.models())
    single = execute(program_of(chip, model))
    assert execute(program_of(chip, model, batch)).makespan_ps <= batch * single.makespan_ps


@FEW
@given(data=st.data(), requests=st.integers(2, 5))
def test_requests_back_to_back_overlap(laws, data, requests):
    chip, (model, _) = data.draw(laws.chips()), data.draw(laws.models())
    program = program_of(chip, model)
    single, several = execute(program), execute(program, requests=requests)
    assert several.makespan_ps <= requests * single.makespan_ps
    assert several.makespan_ps >= max(several.bounds_ps.values())


@FEW
@given(data=st.data())
def test_a_cold_start_adds_the_time_of_the_weights_on_the_link(laws, data):
    chip, (model, _) = data.draw(laws.chips()), data.draw(laws.models())
    program = program_of(chip, model)
    weights = program.memory.weights_bytes - program.memory.weights_on_host_bytes
    added_ps = execute(program, cold=True).makespan_ps - execute(program).makespan_ps
    link = PcieLink(chip.pcie)
    # the copy of the inputs follows that of the weights without a pause, so its first-byte latency no longer shows
    assert added_ps >= int(weights / link.read_bytes_per_s * 1e12) - link.copy_latency_ps("h2d")
    assert (added_ps > 0) == (weights > 0)
