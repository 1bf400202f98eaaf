import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

import leptonsim as ls
from leptonsim.errors import LeptonError
from leptonsim.explore.executors.processes import Processes
from leptonsim.explore.store import LOST, Store


def plain(rows):
    return [(row.key, row.status, row.error, row.measures, row.parameters, row.options) for row in rows]


def test_a_row_is_what_run_with_set_gives(explore):
    text = (
        'chips: [lepton-e1]\nmodels: ["conv:1x8x28x28,16x8x3x3,stride=1,pad=1"]\n'
        "set: {core.tensor_core.rows: [16], dram.channels: [4]}\nbatch: [1, 3]\nrequests: 2\n"
    )
    rows = explore.run(text).rows
    chip = ls.load_chip("lepton-e1", ["core.tensor_core.rows=16", "dram.channels=4"])
    model = ls.load_model("conv:1x8x28x28,16x8x3x3,stride=1,pad=1")
    for row in rows:
        result = ls.simulate(chip, model, batch=row.options["batch"], requests=2)
        assert row.measures["latency_s"] == result.latency_s
        assert row.measures["energy_j"] == result.energy_j
        assert row.measures["power_peak_w"] == result.power_peak_w
        assert row.chip_digest == chip.digest
    assert [row.options["batch"] for row in rows if row.status == "ok"] in ([1, 3], [3, 1])


def test_results_do_not_depend_on_order_chunks_or_workers(explore):
    backwards = explore.TINY.replace("[1, 2, 4]", "[4, 2, 1]")
    first = explore.run(store="a.db").rows
    wide = explore.Here(width=5)
    assert plain(explore.run(backwards, store="b.db", executor=wide).rows) == plain(first)
    executor = Processes(2)
    try:
        assert plain(explore.run(store="c.db", executor=executor).rows) == plain(first)
    finally:
        executor.abandon()


def test_a_kept_mapping_follows_from_the_point_alone(explore):
    text = (
        'chips: [lepton-e1]\nmodels: ["gemm:512x512x512"]\nmapping: kept\nset:\n  core.sram.size: [1 MiB, 2 MiB]\n'
        "  power.states.1.core: [400 MHz, 800 MHz]\n  dram.channels: [1, 8]\n"
        "derive: {clocks.core: power.states.1.core}\n"
    )
    rows = explore.run(text, store="a.db").rows
    turned = (
        text.replace("[1 MiB, 2 MiB]", "[2 MiB, 1 MiB]")
        .replace("[1, 8]", "[8, 1]")
        .replace("[400 MHz, 800 MHz]", "[800 MHz, 400 MHz]")
    )
    assert plain(explore.run(turned, store="b.db").rows) == plain(rows)
    assert len(rows) == 8
    model = ls.load_model("gemm:512x512x512")
    for row in rows:
        base = ls.load_chip("lepton-e1", {"core.sram.size": row.parameters["core.sram.size"]})
        program = ls.compile(base, model)
        kept = type(program)(**{**vars(program), "chip": base.with_(row.parameters)})
        assert row.measures["makespan_ps"] == ls.execute(kept).makespan_ps
        assert row.options["mapping"] == "kept"


def test_a_kept_mapping_and_an_own_one_are_different_points(explore):
    text = "chips: [lepton-e1]\nmodels: [tiny.onnx]\nset: {dram.channels: [1, 8]}\nmapping: "
    own, kept = (explore.run(f"name: {each}\n{text}{each}\n", store="s.db").rows for each in ("own", "kept"))
    assert {row.key for row in own}.isdisjoint(row.key for row in kept)


def test_a_second_run_does_only_what_is_missing(explore):
    explore.run(explore.TINY.replace("[1, 2, 4]", "[1, 4]"))
    again = explore.run()
    assert (again.progress.stored_before, again.progress.done) == (6, 9)
    executor = explore.Here()
    assert explore.run(executor=executor).progress.stored_before == 9
    assert executor.jobs == []


def test_another_sweep_finds_the_points_that_are_there(explore):
    explore.run()
    executor = explore.Here()
    rows = explore.run(explore.TINY.replace("name: tiny", "name: other"), executor=executor).rows
    assert executor.jobs == []
    assert [row.sweep for row in rows] == ["other"] * 9


def test_points_that_fail_are_recorded_and_stop_nothing(explore):
    text = explore.TINY.replace("[1, 2, 4]", "[1, 2]") + "dtype: [int8, fp8]\n"
    text = text.replace("from: 1 MiB", "from: 4 KiB")
    found = explore.run(text)
    failed = [row for row in found.rows if row.status == "failed"]
    assert {row.options["dtype"] for row in found.rows if row.status == "ok"} == {"int8"}
    assert any("cannot hold two folds" in row.error for row in failed)
    assert any("data type fp8" in row.error for row in failed)
    assert found.progress.failed == len(failed)
    assert explore.run(text, retry_failed=True).progress.done == len(found.rows)


def test_a_defect_of_the_simulator_costs_one_point(explore, monkeypatch):
    import leptonsim.api

    simulate = leptonsim.api.execute

    def broken(program, **options):
        if program.chip.dram.channels == 2:
            raise ZeroDivisionError("a defect")
        return simulate(program, **options)

    monkeypatch.setattr(leptonsim.api, "execute", broken)
    rows = explore.run().rows
    assert sorted(row.status for row in rows) == ["failed"] * 3 + ["ok"] * 6
    assert next(row.error for row in rows if row.status == "failed") == "internal error: ZeroDivisionError: a defect"
    monkeypatch.undo()
    assert {row.status for row in explore.run().rows} == {"failed", "ok"}
    assert {row.status for row in explore.run(retry_failed=True).rows} == {"ok"}


class Dying(Processes):
    """Loses the worker of every job that has a given point in it (or any), so many times."""

    def __init__(self, inner, number, times):
        self._inner, self._number, self._left = inner, number, times

    width = 1

    def submit(self, fn, /, *args, **kwargs):
        if self._left and any(self._number in (None, task.number) for task in args[1]):
            self._left -= 1
            future = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future
        return self._inner.submit(fn, *args, **kwargs)


def test_points_of_a_dead_worker_are_run_again(explore):
    undisturbed = plain(explore.run(store="a.db").rows)
    found = explore.run(store="b.db", executor=Dying(explore.Here(), 4, 2))
    assert plain(found.rows) == undisturbed
    assert found.progress.replaced_workers == 2


def test_a_point_that_kills_every_worker_is_lost_and_tried_again_by_the_next_run(explore):
    found = explore.run(executor=Dying(explore.Here(), 4, 99))
    assert [row.status for row in found.rows].count(LOST) == 1
    assert [row.status for row in found.rows].count("ok") == 8
    assert found.progress.lost == 1
    again = explore.run()
    assert (again.progress.stored_before, again.progress.lost) == (8, 0)
    assert {row.status for row in again.rows} == {"ok"}


def test_workers_that_cannot_start_end_the_sweep_with_a_message(explore):
    with pytest.raises(LeptonError, match="6 workers died before one of them finished a point"):
        explore.run(executor=Dying(explore.Here(), None, 99))


def test_a_killed_worker_process_is_replaced():
    executor = Processes(2)
    try:
        first = executor.submit(os.getpid).result()
        dead = executor.submit(os.kill, first, signal.SIGKILL)
        error = dead.exception(timeout=60)
        victims = [dead] if error is not None else []
        second = {executor.submit(os.getpid).exception(timeout=60) for _ in range(4)}
        assert victims or any(executor.is_loss(each) for each in second if each is not None)
        assert executor.submit(os.getpid).result(timeout=60) != first
    finally:
        executor.abandon()


def test_a_search_needs_objectives(explore):
    pytest.importorskip("optuna", reason="the extra `search` is not installed")
    with pytest.raises(LeptonError, match="names no objectives"):
        explore.run(explore.TINY + "sample: nsga2\n")


def test_a_resumed_search_ends_as_an_undisturbed_one(explore):
    pytest.importorskip("optuna", reason="the extra `search` is not installed")
    text = explore.TINY.replace("[1, 2, 4]", "[1, 2, 3, 4, 5, 6, 7, 8]").replace("scale: log2", "step: 256 KiB")
    text += "objectives: [latency_s, area_mm2]\nconstraints: ['power_avg_w < 2']\n"
    text += "sample: {method: nsga2, count: 30, seed: 5}\n"
    whole = explore.run(text, store="a.db")
    assert len(whole.rows) == 30

    class Interrupted(explore.Here):
        def submit(self, fn, /, *args, **kwargs):
            if len(self.jobs) == 2:
                raise KeyboardInterrupt
            return super().submit(fn, *args, **kwargs)

    with pytest.raises(KeyboardInterrupt):
        explore.run(text, store="b.db", executor=Interrupted())
    resumed = explore.run(text, store="b.db")
    assert resumed.progress.stored_before > 0
    assert plain(resumed.rows) == plain(whole.rows)


def test_an_interrupted_sweep_keeps_what_is_finished_and_leaves_no_process(tmp_path, explore):
    sweep = tmp_path / "s.yaml"
    sweep.write_text(
        "chips: [lepton-e1]\nmodels: [tiny.onnx]\nset: {core.sram.size: {from: 1 MiB, to: 16 MiB, step: 1 KiB}}\n"
    )
    store = tmp_path / "s.db"
    process = subprocess.Popen(
        [sys.executable, "-m", "leptonsim", "sweep", str(sweep), "--store", str(store), "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    kept = _wait_for_rows(store, process)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert f"points are in {store}; run the same command to go on" in told
    with Store(store, read_only=True) as opened:
        assert sum(1 for _ in opened.rows()) >= kept
    assert _is_gone(process.pid)


def _is_gone(group):
    """Whether all processes of a group end within ten seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def _wait_for_rows(store, process):
    """Wait until there are rows, or the process has ended; how many there are."""
    for _ in range(3000):
        try:
            with Store(store, read_only=True) as opened:
                count = sum(1 for _ in opened.rows())
        except LeptonError:
            count = 0
        if count or process.poll() is not None:
            return count
        time.sleep(0.02)
    raise AssertionError("no rows came")


def test_a_worker_of_another_version_ends_the_sweep(explore, monkeypatch):
    import leptonsim.version as version

    class Elsewhere(explore.Here):
        def submit(self, fn, /, *args, **kwargs):
            with monkeypatch.context() as patch:
                patch.setattr(version, "leptonsim_version", lambda: "0.0.1")
                future = Future()
                try:
                    future.set_result(fn(*args, **kwargs))
                except LeptonError as error:
                    future.set_exception(error)
                return future

    with pytest.raises(LeptonError, match=r"runs leptonsim 0\.0\.1, this sweep .*; install the same version"):
        explore.run(executor=Elsewhere())


def test_a_worker_that_cannot_do_its_work_ends_the_sweep_with_a_message(explore):
    class Without(explore.Here):
        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            future.set_exception(ModuleNotFoundError("No module named 'leptonsim'"))
            return future

    with pytest.raises(LeptonError, match=r"ModuleNotFoundError: No module named 'leptonsim'\); does it have the same"):
        explore.run(executor=Without())
