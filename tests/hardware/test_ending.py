"""Ending processes: what is refused, and real children that obey, resist or are gone."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from crackseg_desktop.hardware.ending import Ended, Target, end_process, refusal, spared

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_795_000_000.0
POLITE = "import sys\nprint(flush=True)\nsys.stdin.read()\n"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + POLITE


@contextmanager
def child(script: str) -> Iterator[psutil.Process]:
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target(1, NOW, "me"), "first process of a system"),
        (Target(0, NOW, "me"), "first process of a system"),
        (Target(7, NOW, "me"), "this program"),
        (Target(8, NOW + 60, "me"), "another process has its number"),
        (Target(8, NOW, "root"), "belongs to root"),
        (Target(8, NOW, ""), "belongs to somebody else"),
    ],
)
def test_that_what_is_not_to_be_ended_is_refused(target: Target, said: str) -> None:
    assert said in refusal(NOW, target, "me", {7})


def test_that_an_own_process_may_be_ended_unless_nothing_may_be_changed() -> None:
    assert refusal(NOW, Target(8, NOW + 0.5, "me"), "me", {7}) == ""
    assert "--read-only" in refusal(NOW, Target(8, NOW, "me"), "me", {7}, read_only=True)
    assert refusal(NOW, Target(8, NOW, ""), "", set())


def test_that_this_program_and_what_runs_it_are_spared() -> None:
    assert {os.getpid(), os.getppid()} <= spared()


def test_that_a_process_is_asked_to_end() -> None:
    with child(POLITE) as process:
        assert end_process(process.pid, process.create_time()) == Ended("terminated")
        assert not process.is_running()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not ask")
def test_that_one_that_does_not_obey_is_killed() -> None:
    with child(STUBBORN) as process:
        ended = end_process(process.pid, process.create_time(), wait=0.05)
        assert ended.outcome == "killed"
        assert not process.is_running()


def test_that_another_process_with_the_number_is_left_alone() -> None:
    with child(POLITE) as process:
        assert end_process(process.pid, process.create_time() - 60).outcome == "refused"
        assert process.is_running()


def test_that_nothing_is_ended_when_nothing_may_be_changed() -> None:
    with child(POLITE) as process:
        assert end_process(process.pid, process.create_time(), read_only=True).outcome == "refused"
        assert process.is_running()


def test_that_we_do_not_end_ourselves() -> None:
    us = psutil.Process()
    assert end_process(us.pid, us.create_time()).outcome == "refused"


def test_that_one_that_is_gone_is_told() -> None:
    with child(POLITE) as process:
        pid, started = process.pid, process.create_time()
    assert end_process(pid, started).outcome == "gone"
