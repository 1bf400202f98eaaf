"""Outputs are written whole or not at all; what is piped is plain, narrow and the same every time."""

import errno
import itertools
import json
import os
import pty
import re
import resource
import select
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from leptonsim.errors import LeptonError
from leptonsim.files import write_whole

RUN = ("run", "--config", "lepton-c1")


def test_a_folder_that_does_not_exist_is_refused_before_any_work(refused, tmp_path):
    message = refused(*RUN, "--json", tmp_path / "none" / "out.json", "gemm:64x64x64")
    assert f"{tmp_path / 'none'} does not exist" in message
    assert "does not exist" in refused("compile", *RUN[1:], "-o", tmp_path / "none" / "p.json", "gemm:64x64x64")


def test_a_folder_is_no_output(refused, tmp_path):
    assert "a folder" in refused(*RUN, "--json", tmp_path, "gemm:64x64x64")


def test_a_full_disk_leaves_no_half_written_file(process, tmp_path):
    def small_files():
        # A write past the limit fails as it does on a full disk, part of it done.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    (tmp_path / "out.json").write_text("before")
    done = process(*RUN, "--json", tmp_path / "out.json", "zoo:resnet50", preexec_fn=small_files)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"leptonsim: {tmp_path / 'out.json'}: cannot be written: {os.strerror(errno.EFBIG)}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert (tmp_path / "out.json").read_text() == "before"


@pytest.mark.parametrize("arguments", [(), ("--json", "-")], ids=["table", "json"])
def test_standard_output_on_a_full_disk_is_an_error(arguments, process):
    with open("/dev/full", "w") as full:
        done = process(*RUN, *arguments, "gemm:64x64x64", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert os.strerror(errno.ENOSPC) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_told_nothing(process):
    read, write = os.pipe()
    os.close(read)
    done = process(*RUN, "--verbose", "zoo:resnet50", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_pipe_is_written_in_place(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_whole(tmp_path / "pipe", "all of it")
    reader.join()
    assert received == ["all of it"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.json").write_text("before")
    (tmp_path / "link.json").symlink_to("real.json")
    write_whole(tmp_path / "link.json", "after")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "after"


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(LeptonError, match="cannot be written"):
        write_whole(tmp_path / ("x" * 300), "text")


def test_an_interrupt_ends_with_130_and_leaves_nothing(tmp_path):
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "leptonsim", *RUN, "--requests", "300000", "--json", str(tmp_path / "out.json")]
    # A shell starts what it runs in the background deaf to interrupts, and children inherit that.
    running = subprocess.Popen(
        [*command, "zoo:resnet50"],
        stdout=subprocess.PIPE,
        stderr=terminal,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(terminal)
    shown = _read_until(master, b"simulating resnet50 on lepton-c1")
    running.send_signal(signal.SIGINT)
    shown += _read_until(master, b"interrupted")
    out, _ = running.communicate(timeout=60)
    os.close(master)
    assert (running.returncode, out) == (130, b"")
    assert b"leptonsim: interrupted" in shown
    assert b"Traceback" not in shown
    assert list(tmp_path.iterdir()) == []


def _read_until(terminal: int, expected: bytes) -> bytes:
    shown = b""
    while expected not in shown:
        assert select.select([terminal], [], [], 60)[0], f"nothing for a minute after {shown!r}"
        shown += os.read(terminal, 65536)
    return shown


def test_json_to_standard_output_is_json_alone(process):
    done = process(*RUN, "--json", "-", "zoo:resnet50")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["model"] == "resnet50"


@pytest.mark.parametrize("model", ["zoo:resnet50", "zoo:bert-base"])
def test_the_same_input_gives_the_same_bytes(model, process, tmp_path):
    for seed in ("1", "2"):
        arguments = (*RUN, "--requests", "2", "--json", tmp_path / f"{seed}.json", model)
        assert process(*arguments, env={"PYTHONHASHSEED": seed}).returncode == 0
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


@pytest.mark.parametrize("model", ["zoo:resnet50", "zoo:llama-3-8b?seq=1&past=128"])
def test_a_program_compiled_saved_and_run_gives_the_json_of_run(model, cli, tmp_path):
    program, saved, direct = (tmp_path / name for name in ("program.json", "saved.json", "direct.json"))
    assert cli("compile", *RUN[1:], "--batch", "2", "-o", program, model).code == 0
    assert cli("run", "--requests", "2", "--json", saved, program).code == 0
    assert cli(*RUN, "--batch", "2", "--requests", "2", "--json", direct, model).code == 0
    assert saved.read_bytes() == direct.read_bytes()


def test_a_compiled_program_takes_no_other_chip(refused, cli, tmp_path):
    program = tmp_path / "program.json"
    assert cli("compile", *RUN[1:], "-o", program, "gemm:64x64x64").code == 0
    assert "compile the model again" in refused(*RUN, program)


PAGES = [
    (*RUN, "zoo:resnet50"),
    (*RUN, "--requests", "3", "--cold", "zoo:bert-base"),
    ("run", "--config", "lepton-e1", "zoo:llama-3-8b?seq=1&past=2048"),
    (*RUN, "--verbose", Path(__file__).parents[1] / "data" / "exports" / "llama.dynamo.fixed.onnx"),
    ("compile", *RUN[1:], "zoo:bert-base"),
    ("inspect", "zoo:bert-base"),
    ("inspect", "--verbose", "zoo:bert-base"),
    ("configs",),
    ("zoo",),
    ("--help",),
    ("run", "--help"),
]


@pytest.mark.parametrize("arguments", PAGES, ids=lambda page: " ".join(Path(part).name for part in page))
def test_a_piped_page_is_plain_and_at_most_80_columns(arguments, cli):
    code, out, _ = cli(*arguments)
    assert code == 0
    assert out
    for line in out.splitlines():
        assert line.isascii()
        assert "\x1b" not in line
        assert len(line) <= 80
        assert line == line.rstrip()


def test_a_long_value_of_the_summary_is_broken_after_a_comma_only(cli):
    summary = cli(*RUN, "zoo:resnet50").out.split("\n\n")[1].splitlines()
    unfinished = [line for line, following in itertools.pairwise(summary) if following.startswith("   ")]
    assert unfinished
    assert all(line.endswith((",", ";", ":")) for line in unfinished)


def test_a_command_is_a_file_of_the_folder(cli):
    section = cli("--help").out.split("Commands:\n")[1].split("\n\n")[0]
    listed = re.findall(r"^  (\w+) ", section, re.MULTILINE)
    files = Path(__file__).parents[2].joinpath("leptonsim", "cli").glob("[!_]*.py")
    assert listed == sorted(file.stem for file in files)


def test_the_version_is_told(cli):
    code, out, _ = cli("--version")
    assert code == 0
    assert out.startswith("leptonsim ")


def test_the_schemas_are_json(cli):
    assert "properties" in json.loads(cli("schema").out)
    assert "properties" in json.loads(cli("schema", "--result").out)
