from __future__ import annotations

import gc
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QSystemTrayIcon

from crackseg_desktop.ui.tray import APP_TITLE, Tray
from crackseg_desktop.ui.tray_icon import IconState, Kind, Panel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

HEAVY = ("numpy", "pyqtgraph", "psutil", "pynvml", "tensorboard", "plyer", "jeepney", "sqlite3")
Reason = QSystemTrayIcon.ActivationReason


class Ground:
    """A panel whose colour a test changes."""

    def __init__(self) -> None:
        self.panel = Panel.DARK

    def __call__(self) -> Panel:
        return self.panel


@pytest.fixture
def ground() -> Ground:
    return Ground()


@pytest.fixture
def tray(qtbot: QtBot, ground: Ground) -> Iterator[Tray]:
    made = Tray(ground)
    yield made
    made.close()
    made.menu.deleteLater()


def icon_of(tray: Tray) -> QSystemTrayIcon:
    (icon,) = tray.findChildren(QSystemTrayIcon)
    return icon


def test_that_it_starts_with_an_idle_icon_under_its_name(tray: Tray) -> None:
    tray.open()
    icon = icon_of(tray)
    assert not icon.icon().isNull()
    assert icon.toolTip() == APP_TITLE
    assert icon.contextMenu() is tray.menu
    assert icon.isVisible()


def test_that_opening_twice_makes_one_icon(tray: Tray) -> None:
    tray.open()
    tray.open()
    assert len(tray.findChildren(QSystemTrayIcon)) == 1


def test_that_a_look_taken_over_while_there_is_no_panel_is_shown_later(tray: Tray) -> None:
    tray.show_look(IconState(Kind.TRAINING, 6), "Epoch 23 of 50")
    assert not tray.opened
    assert tray.rect is None
    tray.open()
    assert icon_of(tray).toolTip() == "Epoch 23 of 50"
    assert tray.state == IconState(Kind.TRAINING, 6)


def test_that_the_icon_is_set_only_on_change(tray: Tray, ground: Ground) -> None:
    tray.open()
    first = icon_of(tray).icon().cacheKey()
    assert not tray.show_look(IconState(), APP_TITLE)
    assert tray.show_look(IconState(), "other words")
    assert icon_of(tray).icon().cacheKey() == first
    assert tray.show_look(IconState(Kind.WARNING), "other words")
    warned = icon_of(tray).icon().cacheKey()
    assert warned != first
    ground.panel = Panel.LIGHT
    assert tray.show_look(IconState(Kind.WARNING), "other words")
    assert icon_of(tray).icon().cacheKey() != warned


def test_that_a_closed_icon_is_gone_and_can_come_back(tray: Tray) -> None:
    tray.open()
    tray.close()
    assert not tray.opened
    tray.open()
    assert tray.opened


@pytest.mark.skipif(sys.platform == "darwin", reason="there the same click opens the menu")
@pytest.mark.parametrize(
    ("reason", "clicks"),
    [(Reason.Trigger, 1), (Reason.MiddleClick, 1), (Reason.DoubleClick, 0), (Reason.Context, 0), (Reason.Unknown, 0)],
)
def test_that_a_click_is_told_and_a_double_click_left_alone(tray: Tray, reason: Reason, clicks: int) -> None:
    told: list[bool] = []
    tray.clicked.connect(lambda: told.append(True))
    tray.open()
    icon_of(tray).activated.emit(reason)
    assert len(told) == clicks


def test_that_macos_keeps_to_the_menu(tray: Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    tray.clicked.connect(lambda: told.append(True))
    monkeypatch.setattr(sys, "platform", "darwin")
    tray.on_activated(Reason.Trigger)
    assert not told


@pytest.mark.parametrize("module", ["tray", "app", "shell", "windows"])
def test_that_the_icon_does_not_wait_for_what_is_heavy(module: str) -> None:
    script = f"import sys, crackseg_desktop.ui.{module}; print(*sorted(set({HEAVY!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []


def test_that_the_first_icon_does_not_wait_for_the_core_nor_the_drawing() -> None:
    script = """
import sys
from crackseg_desktop.ui.app import make_application
from crackseg_desktop.ui.tray import Tray
from crackseg_desktop.ui.tray_icon import Panel
app = make_application()
tray = Tray(lambda: Panel.DARK)
tray.open()
print(*sorted(name for name in sys.modules if name.startswith("crackseg_desktop.")))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    late = {"readings", "monitor", "ui.shell", "ui.windows", "ui.glance", "ui.tray_drawing", "ui.dashboard"}
    assert not {f"crackseg_desktop.{name}" for name in late} & loaded


def test_that_void_calls_keep_the_references_of_none(qtbot: QtBot) -> None:
    """PySide6 6.12.0 steals one with each on Python < 3.12, and the process dies after some thousands."""
    timer = QTimer()
    gc.collect()
    before = sys.getrefcount(None)
    for _ in range(1000):
        timer.stop()
    assert sys.getrefcount(None) > before - 100
