from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer

from crackseg_desktop.ui.presence import EAGER_MS, EAGER_POLLS, GONE_POLLS, PATIENT_MS, TrayPresence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


class Desktop:
    """A desktop whose tray comes and goes."""

    def __init__(self) -> None:
        self.has_tray = False
        self.presence = TrayPresence(lambda: self.has_tray)
        self.changes: list[bool] = []
        self.presence.changed.connect(self.changes.append)

    @property
    def period(self) -> int:
        (timer,) = self.presence.findChildren(QTimer)
        assert timer.isActive()
        return timer.interval()


@pytest.fixture
def desktop(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    monkeypatch.setattr(TrayPresence, "_watch_the_bus", lambda self: None)
    made = Desktop()
    yield made
    made.presence.stop()


def test_that_a_tray_at_the_start_is_no_change(desktop: Desktop) -> None:
    desktop.has_tray = True
    assert desktop.presence.start()
    desktop.presence.look()
    assert desktop.changes == []
    assert desktop.period == PATIENT_MS


def test_that_a_late_tray_is_found(desktop: Desktop) -> None:
    assert not desktop.presence.start()
    desktop.presence.look()
    assert desktop.period == EAGER_MS
    desktop.has_tray = True
    desktop.presence.look()
    assert desktop.changes == [True]
    assert desktop.presence.present


def test_that_a_desktop_without_a_tray_is_asked_less_often_after_a_minute(desktop: Desktop) -> None:
    desktop.presence.start()
    for _ in range(EAGER_POLLS):
        desktop.presence.look()
    assert desktop.period == PATIENT_MS
    desktop.presence.on_service_registered("org.kde.StatusNotifierWatcher")
    assert desktop.period == EAGER_MS
    desktop.has_tray = True
    desktop.presence.look()
    assert desktop.changes == [True]


def test_that_a_panel_that_restarts_is_not_gone_but_one_that_stays_away_is(desktop: Desktop) -> None:
    desktop.has_tray = True
    desktop.presence.start()
    desktop.has_tray = False
    desktop.presence.look()
    desktop.has_tray = True
    desktop.presence.look()
    assert desktop.changes == []
    desktop.has_tray = False
    for _ in range(GONE_POLLS):
        desktop.presence.look()
    assert desktop.changes == [False]
    assert desktop.period == EAGER_MS
