"""The trainings among the processes of this user."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.hardware.processes import (
    ProcessSource,
    folded,
    holds_a_log,
    is_alive,
    training_processes,
    with_children,
)
from crackseg_desktop.readings import ProcessReading, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

IDLE = "import os, sys\nprint(os.getpid(), flush=True)\nsys.stdin.read()\n"
FORK = """import os
reading, writing = os.pipe()
if os.fork() == 0:
    os.close(writing)
    os.read(reading, 1)
    os._exit(0)
"""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="open files are looked at on Linux only")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[int]:
    """Run Python in a folder until the block ends; it has told its process id (not that of a launcher)."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


def found(pid: int) -> ProcessReading | None:
    return next((process for process in training_processes() if process.pid == pid), None)


@linux_only
def test_that_a_rank_tells_its_launcher(tmp_path: Path) -> None:
    start = "import subprocess, sys\nsubprocess.run([sys.executable, 'train.py', sys.argv[1]])\n"
    (tmp_path / "torchrun").write_text(start)
    (tmp_path / "train.py").write_text(IDLE)
    with running(tmp_path, "torchrun", "rank") as pid:
        rank = found(pid)
    assert rank is not None
    assert rank.launcher == rank.parent


def test_that_an_event_file_or_a_log_in_the_working_folder_tells_a_training() -> None:
    folder, log = os.path.join(os.sep, "work"), os.path.join(os.sep, "work", "logs", "a.log")
    assert holds_a_log([os.path.join(os.sep, "data", "events.out.tfevents.1.box")], folder)
    assert holds_a_log([log], folder)
    assert not holds_a_log([log], os.path.join(os.sep, "wor"))
    assert not holds_a_log([log], os.sep)  # a service
    assert not holds_a_log([os.path.join(os.sep, "work", "data.csv")], folder)


def test_that_a_training_that_runs_is_found_with_all_that_links_it_to_a_run(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(IDLE)
    with running(tmp_path, "-u", "run.py", "--epochs", "3") as pid:
        training = found(pid)
    assert training is not None
    assert training.folder is not None
    assert Path(training.folder).samefile(tmp_path)
    assert training.command[1:] == ("-u", "run.py", "--epochs", "3")
    assert training.started > 1.6e9
    assert found(pid) is None


@linux_only
def test_that_its_open_files_are_told(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    (tmp_path / "train.py").write_text(f"log = open({str(log)!r}, 'a')\n" + IDLE)
    with running(tmp_path, "train.py") as pid:
        training = found(pid)
    assert training is not None
    assert str(log) in training.open_files
    assert not any(file.startswith(("/dev/", "/proc/", "pipe:")) for file in training.open_files)


@linux_only
def test_that_any_python_program_that_writes_event_files_is_found(tmp_path: Path) -> None:
    event_file = tmp_path / "logs" / "events.out.tfevents.1700000000.box.1.0"
    event_file.parent.mkdir()
    (tmp_path / "experiment.py").write_text(f"log = open({str(event_file)!r}, 'wb')\n" + IDLE)
    with running(tmp_path, "experiment.py") as pid:
        assert found(pid) is not None


@linux_only
def test_that_any_other_python_program_is_not(tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text(IDLE)
    with running(tmp_path, "experiment.py") as pid:
        assert found(pid) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_that_forked_workers_are_folded_away(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(FORK + IDLE)
    with running(tmp_path, "train.py") as pid:
        mine = [process for process in training_processes() if process.folder == os.path.realpath(tmp_path)]
    assert [process.pid for process in mine] == [pid]


def process(pid: int, parent: int, *command: str) -> ProcessReading:
    return ProcessReading(pid, 1.0, command or ("python", "train.py"), None, parent=parent)


def test_that_of_a_launcher_and_its_interpreter_the_interpreter_is_the_training() -> None:
    launcher, interpreter, other = process(10, 1), process(11, 10), process(20, 1)
    found_ones = [launcher, interpreter, other]
    assert folded(found_ones, launchers=True) == (interpreter, other)
    assert folded(found_ones, launchers=False) == (launcher, other)


def test_that_all_processes_below_a_training_are_named() -> None:
    training, other = with_children([process(10, 1), process(20, 1)], {10: 1, 20: 1, 11: 10, 12: 11, 13: 10, 30: 20})
    assert training.children == (11, 12, 13)
    assert other.children == (30,)


def test_that_the_process_that_looks_is_never_reported(tmp_path: Path) -> None:
    look = "import os\nfrom crackseg_desktop.hardware import processes\n"
    count = "print(sum(p.pid == os.getpid() for p in processes.training_processes()), len(os.sys.argv))\n"
    (tmp_path / "train.py").write_text(look + count)
    done = subprocess.run(
        [sys.executable, "train.py", "x"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split() == ["0", "2"]


def test_that_the_source_gives_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(IDLE)
    with running(tmp_path, "main.py") as pid:
        part = ProcessSource().read(frozenset({Tier.MEDIUM}))
    assert pid in {process.pid for process in part.processes}


class Looks:
    """A source whose looks are counted."""

    def __init__(self) -> None:
        self.now, self.scans, self.alive = 0.0, 0, True
        self.source = ProcessSource(lambda: self.now, self.scan, lambda process: self.alive)

    def scan(self) -> tuple[ProcessReading, ...]:
        self.scans += 1
        return (process(10, 1),)

    def read(self, seconds: float = 5.0) -> tuple[ProcessReading, ...]:
        self.now += seconds
        return self.source.read(frozenset({Tier.MEDIUM})).processes


def test_that_all_processes_are_looked_at_every_thirty_seconds_only() -> None:
    looks = Looks()
    for _ in range(6):
        assert looks.read() == (process(10, 1),)
    assert looks.scans == 1
    looks.read()
    assert looks.scans == 2


def test_that_a_known_one_that_ended_is_told_at_the_next_reading() -> None:
    looks = Looks()
    looks.read()
    looks.alive = False
    assert looks.read() == ()
    assert looks.scans == 1


def test_that_somebody_can_ask_for_a_look_and_a_resume_does() -> None:
    looks = Looks()
    looks.read()
    looks.source.look_soon()
    looks.read()
    looks.read()
    assert looks.scans == 2
    looks.source.resumed()
    looks.read()
    assert looks.scans == 3


def test_that_a_process_is_known_by_its_start_time(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(IDLE)
    with running(tmp_path, "train.py") as pid:
        training = found(pid)
        assert training is not None
        assert is_alive(training)
        assert not is_alive(replace(training, started=training.started - 60))
    assert not is_alive(training)
