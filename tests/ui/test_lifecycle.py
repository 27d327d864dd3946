from __future__ import annotations

import logging
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType

from crackseg_desktop.ui import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOP = """
import signal, sys, time
from PySide6.QtCore import QCoreApplication, QTimer
from crackseg_desktop.ui.lifecycle import SignalWatch
app = QCoreApplication([])
def end():
    print("ending", flush=True)
    if {stuck}:
        time.sleep(60)
    app.exit(0)
watch = SignalWatch(end)
QTimer.singleShot(0, lambda: print("running", flush=True))
code = app.exec()
watch.close()
sys.exit(code)
"""


@pytest.fixture
def start() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def run_loop(started: list[subprocess.Popen[str]], *, stuck: bool) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", LOOP.format(stuck=stuck)], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_that_a_signal_ends_an_idle_loop_in_order(name: str, start: list[subprocess.Popen[str]]) -> None:
    process = run_loop(start, stuck=False)
    process.send_signal(getattr(signal, name))
    assert process.wait(10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_that_a_second_signal_ends_what_is_stuck(start: list[subprocess.Popen[str]]) -> None:
    process = run_loop(start, stuck=True)
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "ending\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 130


@pytest.mark.parametrize(
    ("kind", "message", "level"),
    [
        (QtMsgType.QtWarningMsg, "something is wrong", logging.WARNING),
        (QtMsgType.QtCriticalMsg, "something is very wrong", logging.ERROR),
        (QtMsgType.QtWarningMsg, "This plugin does not support raise()", logging.DEBUG),
        (QtMsgType.QtDebugMsg, "by the way", logging.DEBUG),
    ],
)
def test_that_messages_of_qt_go_to_the_log(
    kind: QtMsgType, message: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "crackseg_desktop.qt")
    lifecycle.log_message(kind, QMessageLogContext(), message)
    (record,) = caplog.records
    assert record.levelno == level
    assert message in record.getMessage()


def test_that_leaving_at_once_waits_for_no_thread() -> None:
    script = """
import threading, time
from crackseg_desktop.ui.lifecycle import leave_at_once
threading.Thread(target=time.sleep, args=(60,)).start()
print("said")
leave_at_once(3)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (3, "said\n")
