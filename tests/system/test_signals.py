"""Signals, tried on processes of their own: an interpreter has only one set of handlers."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.system.signals import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if sys.platform == "win32":
    pytest.skip("signals are sent as POSIX does", allow_module_level=True)

HEADLESS = """
import threading
from crackseg_desktop.system.signals import stop_on_signals
asked, never = threading.Event(), threading.Event()
stop_on_signals(lambda: (print("asked", flush=True), asked.set()))
print("ready", flush=True)
asked.wait()
if {stuck}:
    never.wait()
print("ended in order", flush=True)
"""

# A loop that never runs Python code while it waits, as Qt's does not.
FOREIGN_LOOP = """
import select
from crackseg_desktop.system.signals import drain, install
asked = []
woken = install(lambda: asked.append(True))
print("ready", flush=True)
while not asked:
    select.select([woken], [], [])
    drain(woken)
print("ended in order", flush=True)
"""


@pytest.fixture
def started() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Return a function that runs a script and waits until it is ready."""
    running: list[subprocess.Popen[str]] = []

    def start(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-u", "-c", script], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_that_the_first_signal_ends_in_order(
    started: Callable[[str], subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = started(HEADLESS.format(stuck=False))
    process.send_signal(number)
    assert (line(process), line(process)) == ("asked", "ended in order")
    assert process.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_that_the_second_signal_ends_at_once(
    started: Callable[[str], subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = started(HEADLESS.format(stuck=True))
    process.send_signal(number)
    assert line(process) == "asked"
    process.send_signal(number)
    assert process.wait(20) == 130


def test_that_a_closing_terminal_may_hang_up_twice(started: Callable[[str], subprocess.Popen[str]]) -> None:
    process = started(HEADLESS.format(stuck=True))
    process.send_signal(signal.SIGHUP)
    assert line(process) == "asked"
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 130


def test_that_nohup_is_respected(started: Callable[[str], subprocess.Popen[str]]) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    process = started(ignoring + HEADLESS.format(stuck=False))
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    assert (line(process), line(process)) == ("asked", "ended in order")


def test_that_a_foreign_event_loop_is_woken(started: Callable[[str], subprocess.Popen[str]]) -> None:
    process = started(FOREIGN_LOOP)
    process.send_signal(signal.SIGTERM)
    assert line(process) == "ended in order"
    assert process.wait(20) == 0


def test_that_outside_the_main_thread_nothing_is_installed() -> None:
    before = signal.getsignal(signal.SIGTERM)
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(install(lambda: None)))
    thread.start()
    thread.join()
    assert results == [None]
    assert signal.getsignal(signal.SIGTERM) == before
