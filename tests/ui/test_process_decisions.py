from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QWidget

from crackseg_desktop.hardware.ending import Ended
from crackseg_desktop.ui.note import Note
from crackseg_desktop.ui.process_decisions import ProcessDecisions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot


class Shown:
    """Windows with a dashboard that is shown."""

    visible = True

    def __init__(self, dashboard: QWidget) -> None:
        self.dashboard = dashboard


@pytest.fixture
def windows(qtbot: QtBot) -> Any:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.show()
    return Shown(window)


def test_that_a_process_is_ended_in_a_thread_and_the_window_says_what_became_of_it(qtbot: QtBot, windows: Any) -> None:
    asked: list[tuple[int, float, int]] = []

    def end(pid: int, started: float) -> Ended:
        asked.append((pid, started, threading.get_ident()))
        return Ended("killed", "It did not end within 10 s of being asked to.")

    ProcessDecisions(windows, lambda: None, end=end, parent=windows.dashboard).end(77, 5.0, "python run.py (PID 77)")
    qtbot.waitUntil(lambda: bool(windows.dashboard.findChildren(Note)))
    ((pid, started, thread),) = asked
    assert (pid, started) == (77, 5.0)
    assert thread != threading.get_ident()
    (note,) = windows.dashboard.findChildren(Note)
    assert note.words[0] == "python run.py (PID 77) was killed. It did not end within 10 s of being asked to."


def test_that_nothing_is_ended_where_nothing_may_be_changed(windows: Any) -> None:
    def never(pid: int, started: float) -> Ended:
        raise AssertionError

    decisions = ProcessDecisions(windows, lambda: None, "Started with --read-only.", never, windows.dashboard)
    decisions.end(77, 5.0, "python")
    (note,) = windows.dashboard.findChildren(Note)
    assert note.words[0] == "python was not ended. Started with --read-only."


def test_that_the_core_is_asked_for_processes_and_pins(
    windows: Any, make_core: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    core = make_core()
    pins: list[Any] = []
    monkeypatch.setattr(core.monitor, "pin", lambda *arguments: pins.append(arguments))
    decisions = ProcessDecisions(windows, lambda: core, parent=windows.dashboard)
    decisions.watch(True, network=True)
    decisions.watch(False)
    decisions.pin("a", (7, 5.0))
    assert core.processes_shown == [(True, True), (False, False)]
    assert pins == [("a", (7, 5.0))]


def test_that_a_demonstration_without_such_a_source_is_left_alone(windows: Any, make_core: Callable[..., Any]) -> None:
    core = make_core()
    core.show_processes = None
    ProcessDecisions(windows, lambda: core, parent=windows.dashboard).watch(True)
    assert core.processes_shown == []
