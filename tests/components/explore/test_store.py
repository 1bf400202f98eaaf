import multiprocessing
import os
import resource
import sqlite3
import subprocess
import sys

import pytest

from leptonsim.errors import LeptonError
from leptonsim.explore.store import LOST, Row, Store


def row(key, sweep="s", status="ok", error=None, **measures):
    return Row(sweep, key, "chip", "model", {"cores": key}, status, error, "c", "m", {"batch": 1}, "1", measures)


def test_rows_come_back_as_they_were_sorted_by_key(tmp_path):
    rows = [row("b", latency_s=0.1), row("a", status="failed", error="why"), row("c", latency_s=1e-300)]
    with Store(tmp_path / "s.db") as store:
        store.add(rows)
    with Store(tmp_path / "s.db", read_only=True) as store:
        assert list(store.rows()) == sorted(rows, key=lambda each: each.key)


def test_a_point_counts_once_and_is_never_overwritten_unless_it_was_lost(tmp_path):
    with Store(tmp_path / "s.db") as store:
        store.add([row("a", latency_s=1.0), row("b", status=LOST)])
        store.add([row("a", latency_s=2.0), row("b", latency_s=3.0)])
        assert [each.measures for each in store.rows()] == [{"latency_s": 1.0}, {"latency_s": 3.0}]
        assert [each.status for each in store.rows()] == ["ok", "ok"]


def test_a_failed_point_gives_way_to_one_that_succeeds_and_to_nothing_else(tmp_path):
    with Store(tmp_path / "s.db") as store:
        store.add([row("a", status="failed", error="why")])
        store.add([row("a", status=LOST)])
        assert [(each.status, each.error) for each in store.rows()] == [("failed", "why")]
        store.add([row("a", latency_s=1.0)])
        store.add([row("a", status="failed", error="why")])
        assert [(each.status, each.error) for each in store.rows()] == [("ok", None)]


def test_a_point_can_belong_to_two_sweeps(tmp_path):
    with Store(tmp_path / "s.db") as store:
        store.add([row("a", "one", latency_s=1.0), row("a", "two", latency_s=1.0), row("b", "two")])
        assert store.sweeps() == [("one", 1), ("two", 2)]
        assert [each.key for each in store.rows("one")] == ["a"]


def _fill(path, name):
    with Store(path) as store:
        for number in range(40):
            store.add([row(f"{name}{number}", name), row(f"shared{number}", name)])


def test_several_processes_write_one_file_at_once(tmp_path):
    path = tmp_path / "s.db"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill, args=(path, name)) for name in "xy"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with Store(path) as store:
        assert store.sweeps() == [("x", 80), ("y", 80)]
        assert len({each.key for each in store.rows()}) == 120


def test_a_full_disk_is_told_and_loses_nothing(tmp_path):
    with Store(tmp_path / "s.db") as store:
        store.add([row("a")])
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LeptonError, match=r"the disk is full.* are kept"):
            store.add([row(f"{number:032}", error="x" * 500) for number in range(100)])
        assert [each.key for each in store.rows()] == ["a"]
        store._database.execute("PRAGMA max_page_count = 1000000")
        store.add([row("b")])
    with Store(tmp_path / "s.db", read_only=True) as store:
        assert [each.key for each in store.rows()] == ["a", "b"]


def test_a_disk_that_takes_no_more_bytes_is_told_and_loses_nothing(tmp_path, explore):
    """The operating system refuses to let the file grow, in the middle of a sweep."""
    script = (
        "import resource, sys\n"
        "from leptonsim.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150000, resource.RLIM_INFINITY))\n"
        "main(sys.argv[1:])\n"
    )
    sweep = tmp_path / "s.yaml"
    sweep.write_text(
        "chips: [lepton-e1]\nmodels: [tiny.onnx]\nset: {core.sram.size: {from: 1 MiB, to: 1324 KiB, step: 1 KiB}}\n"
    )
    arguments = ["sweep", str(sweep), "--store", str(tmp_path / "s.db"), "--workers", "1"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    limited = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert limited.returncode == 2, limited.stderr
    assert limited.stderr.startswith(f"leptonsim: {tmp_path / 's.db'}: ")
    assert "kept" in limited.stderr
    assert "Traceback" not in limited.stderr
    with Store(tmp_path / "s.db") as store:
        kept = sum(1 for _ in store.rows())
    assert kept < 301
    resumed = explore.run("name: s\n" + sweep.read_text())
    assert (resumed.progress.stored_before, len(resumed.rows)) == (kept, 301)


def test_a_store_that_cannot_be_written_is_told_before_any_work(tmp_path):
    with pytest.raises(LeptonError, match="does the folder exist"):
        Store(tmp_path / "none" / "s.db")
    path = tmp_path / "s.db"
    with Store(path) as store:
        store.add([row("a")])
        # Root may write what nobody may; the database's own flag stands for the permission.
        store._database.execute("PRAGMA query_only = 1")
        with pytest.raises(LeptonError, match="read-only"):
            store.add([row("b")])
    with Store(path, read_only=True) as store, pytest.raises(LeptonError, match="read-only"):
        store.add([row("b")])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write read-only files")
def test_a_read_only_file_is_told(tmp_path):
    path = tmp_path / "s.db"
    Store(path).close()
    path.chmod(0o400)
    with pytest.raises(LeptonError, match="read-only"):
        Store(path)


def test_another_file_is_not_a_store(tmp_path):
    (tmp_path / "text.db").write_text("no database, but long enough to have a header of its own " * 20)
    with pytest.raises(LeptonError, match="not a store of leptonsim"):
        Store(tmp_path / "text.db")
    database = sqlite3.connect(tmp_path / "other.db")
    database.execute("CREATE TABLE t (a)")
    database.commit()
    database.close()
    with pytest.raises(LeptonError, match="not a store of leptonsim"):
        Store(tmp_path / "other.db", read_only=True)
    with pytest.raises(LeptonError, match="no such file"):
        Store(tmp_path / "none.db", read_only=True)


def test_the_log_of_a_small_store_stays_small(tmp_path):
    with Store(tmp_path / "s.db") as store:
        for number in range(300):
            store.add([row(f"{number:032}", error="x" * 500)])
        assert (tmp_path / "s.db-wal").stat().st_size < 1.5 * 2**20
