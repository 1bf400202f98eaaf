"""The tile machine on cases worked out by hand.

They use the rate 2^22, at which a byte takes 1024 ps, and a clock of 1 GHz, at which a cycle takes 1000 ps.
"""

from typing import Any

import pytest
from leptonsim.kernels.tiles import CAUSE_NAMES, TileMachine

ONE = 65536
SLOW = 1 << 22  # 2^-32 byte/ps: 1024 ps for a byte
WEIGHTS, ACTIVATIONS, TENSOR, VECTOR, STORE = range(5)


def program(runs: list[list[int]], cores: list[int], **other: Any) -> dict[str, Any]:
    """One step for each run; step i is operator i, and waits for nothing unless ``waits`` gives tokens for it."""
    waits = other.pop("waits", {})
    stage, accumulators = other.pop("stage", 1 << 20), other.pop("accumulators", 2)
    dependencies: list[int] = []
    steps = []
    for index in range(len(runs)):
        first = len(dependencies)
        dependencies += waits.get(index, [])
        steps.append([index, index + 1, stage, accumulators, 0, 0, 0, 0, 0, first, len(dependencies), index])
    return {
        "runs": runs,
        "blocks": [[1, index, index + 1] for index in range(len(runs))],
        "steps": steps,
        "cores": cores,
        "dependencies": dependencies,
        "routes": [[SLOW, 0, 0, 4, 0, *[0] * 8]],
        "capacities": [SLOW],
        "dram_mix": [],
        "operators": len(runs),
        "core_khz": 1_000_000,
        "setup_ps": 0,
        "copy_routes": (0, 0),
        "one_queue": False,
        **other,
    }


def launched(arguments: dict[str, Any], at_ps: int = 0) -> TileMachine:
    machine = TileMachine(**arguments)
    machine.submit(1)
    machine.run(at_ps)
    machine.input_ready(0, copied=False)
    machine.launch(0)
    return machine


def causes(machine: TileMachine, engine: int) -> dict[str, int]:
    return {name: int(span) for name, span in zip(CAUSE_NAMES, machine.engine_time_ps[engine], strict=True) if span}


def shared(latency_ps: int = 0) -> dict[str, Any]:
    return {"routes": [[SLOW, latency_ps, 0, 4, 1, 0, 0, 0, 0, ONE, 0, 0, 0]]}


def test_a_single_tile_passes_its_engines_one_after_the_other() -> None:
    # Set-up 100 and latency 1000: first bytes at 1100. Weights: 10 x 1024, to 11340; activations: 5 x 1024, to 6220.
    # Tensor: 7 cycles from 11340 to 18340. Vector: 3 cycles to 21340. Store: 1100 + 2 x 1024, to 24488.
    machine = launched(
        program([[1, 10, 5, 0, 7, 3, 2]], [0, 1], setup_ps=100, routes=[[SLOW, 1000, 0, 4, 0, *[0] * 8]])
    )
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 24488
    assert machine.step_span_ps[0].tolist() == [[0, 11340], [0, 6220], [11340, 18340], [18340, 21340], [21340, 24488]]
    machine.finish(24488)
    # Who waits for a product waits for weights first, and for the multiplication then.
    assert causes(machine, WEIGHTS) == {"busy": 11340, "done": 13148}
    assert causes(machine, TENSOR) == {"busy": 7000, "latency": 1100, "dram": 10240, "done": 6148}
    assert causes(machine, VECTOR) == {"busy": 3000, "latency": 1100, "dram": 10240, "input": 7000, "done": 3148}
    assert causes(machine, STORE) == {"busy": 3148, "latency": 1100, "dram": 10240, "input": 10000}
    assert machine.moving_time_ps[STORE].tolist() == [0, 0, 0, 0, 2048, 0, 0, 1100, 0, 0, 0, 0, 0]


def test_latency_shows_as_far_as_it_reaches_beyond_the_transfer_before() -> None:
    # Three tiles of 5 bytes in room for two, latency 5000. The first is there at 5000 + 5 x 1024 = 10120. The second
    # was asked for at 0, so its bytes follow at once, to 15240. The first is through the vector unit at 11120 and gives
    # way to the third, whose first byte comes at 16120, 880 after the second's last, and the last at 21240.
    machine = launched(program([[3, 0, 5, 0, 0, 1, 0]], [0, 1], stage=10, routes=[[SLOW, 5000, 0, 4, 0, *[0] * 8]]))
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 22240
    assert machine.moving_time_ps[ACTIVATIONS].tolist() == [0, 0, 0, 0, 3 * 5120, 0, 0, 5880, 0, 0, 0, 0, 0]


def test_a_clock_change_in_the_middle_of_a_tile_stretches_what_is_left() -> None:
    # 10 cycles at 1 GHz; at 4000 ps the clock is halved: 6 cycles are left, 12000 ps.
    machine = launched(program([[1, 0, 0, 0, 10, 0, 0]], [0, 1]))
    assert machine.run(4000) == []
    machine.set_clock(500_000)
    assert machine.next_ps() == 16000
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 16000


def test_a_slower_port_in_the_middle_of_a_transfer_stretches_what_is_left() -> None:
    # 10 bytes at 1024 ps; after 4 of them a byte takes 2048 ps: 4096 + 6 x 2048.
    machine = launched(program([[1, 10, 0, 0, 0, 0, 0]], [0, 1]))
    machine.run(4096)
    machine.set_clock(1_000_000, routes=[[SLOW // 2, 0, 0, 4, 0, *[0] * 8]])
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 4096 + 12288


def test_a_transfer_that_is_due_at_the_instant_of_a_clock_change_ends_then() -> None:
    # Rate 3 x 2^20: 10 bytes in 13653 1/3 ps, due at 13654, when less than nothing is left.
    machine = launched(program([[1, 10, 0, 0, 0, 0, 0]], [0, 1], routes=[[3 << 20, 0, 0, 4, 0, *[0] * 8]]))
    assert machine.run(13654) == []
    machine.set_clock(1_000_000, routes=[[1 << 16, 0, 0, 4, 0, *[0] * 8]])
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 13654


def test_two_cores_share_dram_until_one_has_what_it_wants() -> None:
    # 10 and 5 bytes over one link that is as fast as one port: both at half the rate for 2 x 5 x 1024 ps, then one
    # alone for its other 5 bytes: 15360. Alone its bytes take 10240, so contention is 5120.
    machine = launched(program([[1, 10, 0, 0, 1, 0, 0], [1, 5, 0, 0, 1, 0, 0]], [0, 1, 2], **shared()))
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 16360
    machine.finish(16360)
    assert machine.moving_time_ps[WEIGHTS].tolist() == [0, 0, 0, 0, 10240, 0, 0, 0, 5120, 0, 0, 0, 0]
    assert causes(machine, TENSOR) == {"busy": 1000, "dram": 10240, "contention": 5120}
    assert causes(machine, 5 + TENSOR) == {"busy": 1000, "dram": 5120, "contention": 5120, "done": 5120}


def test_a_wait_for_a_part_of_a_transfer_has_its_part_of_the_contention() -> None:
    # Both cores load 4 bytes twice at half rate: 0 to 8192 to 16384. The first core computes 5 cycles until
    # 13192, and waits 3192 of the second load's 8192, of which 4096 are alone: 4096 x 3192 / 8192 = 1596.
    runs = [[2, 4, 0, 0, 5, 0, 0], [2, 4, 0, 0, 9, 0, 0]]
    machine = launched(program(runs, [0, 1, 2], **shared()))
    machine.run()
    machine.finish(machine.now_ps)
    assert machine.now_ps == 8192 + 2 * 9000
    assert causes(machine, TENSOR) == {"busy": 10000, "dram": 4096 + 1596, "contention": 4096 + 1596, "done": 4808}


def test_a_wait_for_an_earlier_step_is_put_down_to_what_that_step_does() -> None:
    # The second core's activations depend on the first core's step: 2 bytes of weights to 2048, 10 cycles to 12048.
    # It waits 2048 for DRAM and 10000 for the computation, then loads 3 bytes to 15120.
    machine = launched(program([[1, 2, 0, 0, 10, 0, 0], [1, 0, 3, 0, 1, 0, 0]], [0, 1, 2], waits={1: [0]}))
    machine.run()
    assert machine.now_ps == 16120
    machine.finish(16120)
    assert causes(machine, 5 + ACTIVATIONS) == {"busy": 3072, "dram": 2048, "dependency": 10000, "done": 1000}
    assert causes(machine, 5 + TENSOR) == {"busy": 1000, "dram": 2048 + 3072, "dependency": 10000}


def test_weights_are_prefetched_while_activations_wait_for_a_dependency() -> None:
    # As above with 20 bytes of weights (20480) for the second step: they do not wait for the first step's end at 12048.
    runs = [[1, 2, 0, 0, 10, 0, 0], [1, 20, 3, 0, 1, 0, 0]]
    machine = launched(program(runs, [0, 1, 2], waits={1: [0]}))
    machine.run()
    assert machine.now_ps == 20480 + 1000
    waiting = program(runs, [0, 1, 2], waits={1: [0]})
    waiting["steps"][1][8] = 1
    machine = launched(waiting)
    machine.run()
    assert machine.now_ps == 12048 + 20480 + 1000


def test_a_wait_for_staging_space_is_put_down_to_the_tile_that_holds_it() -> None:
    # Space for one tile: the second's 5 bytes are granted when the first was multiplied, at 5120 + 10000. The load
    # waits 10000 for the buffer; the tensor core waits 5120 for each load. 5120 + 10000 + 5120 + 10000.
    machine = launched(program([[2, 0, 5, 0, 10, 0, 0]], [0, 1], stage=5))
    machine.run()
    assert machine.now_ps == 30240
    machine.finish(30240)
    assert causes(machine, ACTIVATIONS) == {"busy": 10240, "buffer": 10000, "done": 10000}
    assert causes(machine, TENSOR) == {"busy": 20000, "dram": 10240}


def test_a_wait_for_an_accumulator_is_a_wait_for_the_buffer() -> None:
    # One accumulator; 2 cycles of multiplication and 3 of post-processing, twice, one after the other.
    machine = launched(program([[2, 0, 0, 0, 2, 3, 0]], [0, 1], accumulators=1))
    machine.run()
    assert machine.now_ps == 10000
    machine.finish(10000)
    assert causes(machine, TENSOR) == {"busy": 4000, "buffer": 3000, "done": 3000}
    assert causes(machine, VECTOR) == {"busy": 6000, "input": 4000}


def test_a_step_is_granted_space_only_as_far_as_the_steps_before_it_leave_room() -> None:
    # The first step leaves 5 bytes for tiles (its tensors take the rest), the second 10. The second's tile of 6 bytes
    # has room only when the first is over: 5120 to load, 10000 to multiply; then 6144 and 10000.
    arguments = program([[1, 0, 5, 0, 10, 0, 0], [1, 0, 6, 0, 10, 0, 0]], [0, 2], stage=10)
    arguments["steps"][0][2] = 5
    machine = launched(arguments)
    machine.run()
    assert machine.now_ps == 31264
    assert machine.step_staging_bytes.tolist() == [5, 6]
    assert machine.least_free_bytes.tolist() == [0]
    # With 11 bytes beside the first both are there at once, and only the loads are waited for.
    arguments["steps"][0][2] = arguments["steps"][1][2] = 11
    machine = launched(arguments)
    machine.run()
    assert machine.now_ps == 25120
    assert machine.step_staging_bytes.tolist() == [11, 6]


def test_operands_that_several_tiles_share_are_held_until_the_last_of_them() -> None:
    # 4 bytes of weights serve two tiles. Space for one such group and one tile of activations (1 byte) more: the third
    # tile brings weights of its own, which are granted only when the second was multiplied.
    runs = [[1, 4, 1, 0, 10, 0, 0], [1, 0, 1, 0, 10, 0, 0], [1, 4, 1, 0, 10, 0, 0]]
    arguments = program(runs[:1], [0, 1], stage=6)
    arguments["runs"], arguments["blocks"] = runs, [[1, 0, 3]]
    machine = launched(arguments)
    machine.run()
    # Weights to 4096, two tiles to 24096, weights to 28192, one tile to 38192.
    assert machine.now_ps == 38192
    assert machine.peak_staging_bytes.tolist() == [6]


def test_a_wait_for_the_host_is_launch_or_arrival() -> None:
    machine = TileMachine(**program([[1, 0, 2, 0, 1, 0, 0]], [0, 1]))
    machine.submit(1)
    machine.run(3000)
    machine.log_host(10, 1000)
    machine.log_host(9, 3000)
    machine.launch(0)
    assert machine.run() == [("done", 0)]
    machine.finish(6048)
    assert machine.now_ps == 3000 + 2048 + 1000
    assert causes(machine, ACTIVATIONS) == {"busy": 2048, "launch": 2000, "arrival": 1000, "done": 1000}
    assert causes(machine, TENSOR) == {"busy": 1000, "launch": 2000, "arrival": 1000, "dram": 2048}


def test_a_wait_for_the_copied_input_is_put_down_to_pcie() -> None:
    # The input is the step's dependency (token operators + steps = 2): 4 bytes over PCIe, with 500 of latency.
    pcie = [SLOW, 500, 0, 6, 0, *[0] * 8]
    arguments = program([[1, 0, 2, 0, 0, 0, 0]], [0, 1], waits={0: [2]}, copy_routes=(1, 1))
    arguments["routes"].append(pcie)
    machine = TileMachine(**arguments)
    machine.submit(1)
    machine.launch(0)
    machine.copy(False, 4, 7)
    assert machine.run() == [("copied", 7)]
    assert machine.now_ps == 4596
    machine.input_ready(0)
    assert machine.run() == [("done", 0)]
    machine.finish(machine.now_ps)
    assert causes(machine, ACTIVATIONS) == {"busy": 2048, "latency": 500, "pcie": 4096}


def test_a_load_held_by_the_tile_before_it_waits_for_what_that_tile_waited_for() -> None:
    # The first tile of the second core has nothing to load but waits for the first core's step (10 cycles); the second
    # tile loads 3 bytes when its turn comes, and was held by that dependency, not by a buffer.
    arguments = program([[1, 0, 0, 0, 10, 0, 0], [1, 0, 0, 0, 1, 0, 0]], [0, 1, 2], waits={1: [0]})
    arguments["runs"].append([1, 0, 3, 0, 1, 0, 0])
    arguments["blocks"][1][2] = 3
    machine = launched(arguments)
    machine.run()
    machine.finish(machine.now_ps)
    assert causes(machine, 5 + ACTIVATIONS) == {"busy": 3072, "dependency": 10000, "done": 1000}


@pytest.mark.parametrize("one_queue", [False, True])
def test_one_queue_loads_weights_and_activations_one_after_the_other(one_queue: bool) -> None:
    # 3 bytes of weights, 2 of activations: together to 3072, one after the other to 5120; then one cycle.
    machine = launched(program([[1, 3, 2, 0, 1, 0, 0]], [0, 1], one_queue=one_queue))
    machine.run()
    assert machine.now_ps == (5120 if one_queue else 3072) + 1000


def test_jobs_back_to_back_show_latency_once_and_set_up_each() -> None:
    # Three tiles of 2 bytes, space for two. Loads: 100 + 1000 + 2048 = 3148; at once 100 + 2048: 5296. The third waits
    # for the first multiplication, 3148 + 4000 = 7148, and pays the latency again: 7148 + 1100 + 2048 = 10296. The
    # second multiplication ends at 11148, the third at 15148.
    machine = launched(
        program([[3, 0, 2, 0, 4, 0, 0]], [0, 1], stage=4, setup_ps=100, routes=[[SLOW, 1000, 0, 4, 0, *[0] * 8]])
    )
    machine.run()
    assert machine.now_ps == 15148
    assert machine.moving_time_ps[ACTIVATIONS, 7] == 1100 + 100 + 1100


def test_two_instances_are_in_progress_at_most() -> None:
    # Three instances of a load (2048), of which the third may be launched only when the first is done.
    machine = TileMachine(**program([[1, 0, 2, 0, 10, 0, 0]], [0, 1]))
    machine.submit(3)
    for instance in (0, 1):
        machine.input_ready(instance, copied=False)
        machine.launch(instance)
    with pytest.raises(ValueError, match="instance 2"):
        machine.launch(2)
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 12048
    # The second's operands were loaded while the first was multiplied.
    assert machine.route_bytes.tolist() == [4]
    machine.launch(2)
    assert machine.run() == [("done", 1)]
    assert machine.now_ps == 22048
    assert machine.run() == [("done", 2)]
    assert machine.now_ps == 32048


def test_a_launch_at_the_instant_at_which_space_is_freed_is_what_was_waited_for() -> None:
    # Space for one tile, held until 5120 + 10000; the second instance is launched at that instant. Dependency is first.
    machine = launched(program([[1, 0, 5, 0, 10, 0, 0]], [0, 1], stage=5))
    machine.submit(1)
    assert machine.run(15120) == []
    machine.log_host(9, 15120)
    machine.launch(1)
    assert machine.run() == [("done", 0)]
    assert machine.run() == [("done", 1)]
    machine.finish(30240)
    assert causes(machine, ACTIVATIONS) == {"busy": 10240, "launch": 10000, "done": 10000}


def test_a_pause_and_a_new_clock_in_the_middle_of_a_tile_equal_the_hand_calculation() -> None:
    # Weights: set-up 100, latency 1000, then 10 bytes of 1024 ps each, to 11340 if nothing came between. The clock
    # stands from 5000 to 8000: 3900 ps of bytes are done, so that they end at 14340. Tensor: 7 cycles of 1 ns from
    # 14340; the clock stands from 16000, after 1660 ps, to 17000, then runs at half: 5340 ps of work take 10680.
    machine = launched(
        program([[1, 10, 0, 0, 7, 0, 0]], [0, 1], setup_ps=100, routes=[[SLOW, 1000, 0, 4, 0, *[0] * 8]])
    )
    for pause_ps, resume_ps, khz in ((5000, 8000, 1_000_000), (16000, 17000, 500_000)):
        machine.run(pause_ps)
        machine.pause()
        machine.run(resume_ps)
        machine.set_clock(khz)
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 27680
    machine.finish(27680)
    assert causes(machine, WEIGHTS) == {"busy": 11340, "transition": 3000, "done": 27680 - 14340}
    assert causes(machine, TENSOR) == {"busy": 1660 + 10680, "latency": 1100, "dram": 10240, "transition": 4000}
    assert causes(machine, VECTOR) == {"done": 27680}


def test_what_ends_at_the_instant_of_a_pause_ends_and_what_would_start_starts_after_it() -> None:
    machine = launched(
        program([[1, 10, 0, 0, 7, 0, 0]], [0, 1], setup_ps=100, routes=[[SLOW, 1000, 0, 4, 0, *[0] * 8]])
    )
    machine.run(11340)
    machine.pause()
    machine.run(20000)
    assert machine.next_ps() is None
    machine.set_clock(1_000_000)
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 27000
    machine.finish(27000)
    assert causes(machine, WEIGHTS) == {"busy": 11340, "done": 27000 - 11340}
    assert causes(machine, TENSOR) == {"busy": 7000, "latency": 1100, "dram": 10240, "transition": 8660}


def test_a_pause_that_the_clock_ends_at_its_own_instant_is_none() -> None:
    arguments = program([[1, 10, 0, 0, 7, 0, 0]], [0, 1])
    machine, plain = launched(arguments), launched(arguments)
    machine.run(500)
    machine.pause()
    machine.set_clock(1_000_000)
    assert (machine.run(), plain.run(), machine.now_ps) == ([("done", 0)], [("done", 0)], plain.now_ps)


def over_dram_and_host() -> dict[str, Any]:
    """Routes over DRAM (block 2) and over PCIe (block 4), each with a link of its own."""
    routes = [
        [SLOW, latency, 0, kind, 1, link, 0, 0, 0, ONE, 0, 0, 0] for latency, kind, link in ((1000, 4, 0), (0, 6, 1))
    ]
    return {"routes": routes, "capacities": [SLOW, SLOW], "route_blocks": [2, 4], "copy_routes": (1, 1)}


def test_a_memory_that_changes_its_rate_in_the_middle_of_a_transfer_equals_the_hand_calculation() -> None:
    # Weights: set-up 100, latency 1000, then 10 bytes of 1024 ps, of which 4 are there at 1100 + 4096 = 5196. DRAM
    # stands for 3000 ps, then runs at half its rate: the other 6 bytes take 2048 ps each, from 8196 to 20484. Vector
    # work of the step before, 12 cycles of 1 ns, goes on meanwhile. Then 7 cycles on the array.
    machine = launched(
        program(
            [[1, 0, 0, 0, 0, 12, 0], [1, 10, 0, 0, 7, 0, 0]],
            [0, 2],
            setup_ps=100,
            **over_dram_and_host(),
            one_queue=True,
        )
    )
    machine.run(5196)
    machine.set_clock(1_000_000, held=2)
    machine.run(8196)
    assert machine.next_ps() == 12000  # the vector unit
    machine.set_clock(1_000_000, capacities=[SLOW // 2, SLOW])
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 20484 + 7000
    machine.finish(27484)
    # alone the port would have moved the bytes in 10240: the rest of the 4096 + 12288 ps is what the link takes
    assert causes(machine, WEIGHTS) == {"busy": 100 + 1000 + 4096 + 12288, "transition": 3000, "done": 7000}
    assert causes(machine, VECTOR) == {"busy": 12000, "done": 15484}
    tensor = causes(machine, TENSOR)
    assert tensor == {"busy": 7000, "latency": 1100, "dram": 10240, "contention": 6144, "transition": 3000}


def test_what_moves_over_other_blocks_goes_on_while_one_stands() -> None:
    # A copy of 10 bytes over PCIe from 0 to 10240; DRAM stands from 2000 on, and a load over it starts at 3000: it
    # stands from its start, with all of its latency to come, until 9000.
    machine = launched(program([[1, 1, 0, 0, 1, 0, 0]], [0, 1], **over_dram_and_host()), 3000)
    other = TileMachine(**program([[1, 1, 0, 0, 1, 0, 0]], [0, 1], **over_dram_and_host()))
    other.submit(1)
    other.copy(False, 10, 0)
    other.run(2000)
    other.set_clock(1_000_000, held=2)
    other.run(3000)
    other.input_ready(0, copied=False)
    other.launch(0)
    other.run(9000)
    other.set_clock(1_000_000)
    assert other.run() == [("copied", 0)]
    assert other.now_ps == 10240
    assert other.run() == machine.run() == [("done", 0)]
    assert machine.now_ps == 3000 + 1000 + 1024 + 1000
    assert other.now_ps == machine.now_ps + 6000
    other.finish(other.now_ps)
    assert causes(other, WEIGHTS)["transition"] == 6000
    assert "transition" not in causes(other, 6)


def test_a_transfer_held_by_its_block_and_by_the_core_clock_stands_until_both_run() -> None:
    # 10 bytes from 1000 on: the core clock stands from 2024 to 5000, DRAM from 3000 to 7000; 9 bytes are left.
    machine = launched(program([[1, 10, 0, 0, 7, 0, 0]], [0, 1], **over_dram_and_host()))
    for at_ps, clock in ((2024, {"core_khz": 0}), (3000, {"core_khz": 0, "held": 2}), (5000, {"held": 2}), (7000, {})):
        machine.run(at_ps)
        machine.set_clock(**{"core_khz": 1_000_000, **clock})
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 7000 + 9216 + 7000
    machine.finish(machine.now_ps)
    assert causes(machine, WEIGHTS) == {"busy": 2024 + 9216, "transition": 4976, "done": 7000}
    assert causes(machine, TENSOR)["transition"] == 4976


def test_jobs_without_a_pause_between_them_are_one_row_and_none_is_logged_unasked() -> None:
    # Three tiles of one cycle each wait for nothing but each other: one row.
    arguments = program([[3, 0, 0, 0, 1, 0, 0]], [0, 1])
    arguments["log_jobs"] = True
    machine = TileMachine(**arguments)
    machine.submit()
    machine.input_ready(0, copied=False)
    machine.launch(0)
    machine.run()
    assert machine.jobs.tolist() == [[TENSOR, 0, 0, -1, 0, 3000, 3, 0]]
    unasked = TileMachine(**{**arguments, "log_jobs": False})
    unasked.submit()
    unasked.input_ready(0, copied=False)
    unasked.launch(0)
    unasked.run()
    assert unasked.now_ps == 3000
    assert len(unasked.jobs) == len(unasked.staging) == 0


BANKS = {"banks": [4, 1000, 0, 500_000, 7_000, 0], "tensor_bytes": [[1500, 0], [0, 1500]]}
"""Four banks of 1000 B, off after 500 ns without data and awake 7 ns after; the first operator's result of 1500 B
stays until the second is over."""


def test_a_tile_waits_for_the_banks_that_it_fills_and_its_tensors_for_theirs() -> None:
    """One tile with 100 B in and out, 100 ns of products and 50 of vector work; then one that only multiplies.

    At 1 us its grant takes bank 0, which was off: the load waits 7 ns and takes 102.4. From 1109.4 it is multiplied; at
    1209.4 its operator's tensor takes its place: with the 100 B on their way out there are 1600 B, and bank 1 wakes up
    before the vector unit may begin. At 1266.4 it is stored, in 102.4. The second tile works from 1368.8 to 1568.8.
    """
    machine = launched(
        program([[1, 100, 0, 0, 100, 50, 100], [1, 0, 0, 0, 200, 0, 0]], [0, 2], waits={1: [0]}, **BANKS), 1_000_000
    )
    assert machine.run() == [("done", 0)]
    assert machine.now_ps == 1_000_000 + 7_000 + 102_400 + 100_000 + 7_000 + 50_000 + 102_400 + 200_000
    end_ps = machine.now_ps
    assert causes(machine, WEIGHTS)["busy"] == 7_000 + 102_400
    # it also waits for the load, which waits for bank 0
    assert causes(machine, VECTOR)["latency"] == 2 * 7_000
    begin_ps = 1_000_000 + 7_000 + 102_400 + 100_000
    assert machine.rests(0, True).tolist() == [
        [6, 0, 1_000_000, 0],
        [6, 0, begin_ps, 1],
        [6, 0, end_ps, 2],
        [6, 0, end_ps, 3],
    ]
    machine.run(end_ps + 600_000)
    assert machine.banks_empty_ps() == 1_000_000 + begin_ps + 2 * (end_ps + 600_000) + 2 * 600_000


def test_a_bank_that_was_without_data_for_a_short_time_is_still_on() -> None:
    machine = launched(program([[1, 100, 0, 0, 100, 0, 0]], [0, 1], banks=BANKS["banks"]), 500_000)
    machine.run()
    assert machine.now_ps == 500_000 + 102_400 + 100_000


def test_tensors_take_their_place_on_every_core() -> None:
    """Core 0 works; core 1, which does not, holds its part of the tensor: a bank and a half of it."""
    machine = launched(program([[1, 0, 0, 0, 100, 0, 0], [1, 0, 0, 0, 300, 0, 0]], [0, 1, 2], **BANKS))
    machine.run(200_000)
    assert machine.rests(0, True)[:, 3].tolist() == [0, 1, 4, 5, 2, 3, 6, 7]
    assert machine.rests().tolist() == [[6, 0, 100_000, bank] for bank in (0, 1, 4, 5)]
