from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QThread

from crackseg_desktop.notify.notifier import Answering
from crackseg_desktop.notify.router import Router
from crackseg_desktop.notify.words import Notification, Urgency
from crackseg_desktop.ui.notifiers import TrayNotifier, WindowNotifier
from crackseg_desktop.ui.tray import Tray
from crackseg_desktop.ui.tray_icon import Panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.readings import AlertEvent

HOT = Notification("gpu_temperature:gpu=GPU-1", "GPU 0 is at 86 °C", "Limit 80 °C.", Urgency.CRITICAL)


class BalloonTray(Tray):
    """A tray that notes its balloons, and in which thread they were shown."""

    def __init__(self) -> None:
        super().__init__(lambda: Panel.DARK)
        self.balloons: list[tuple[str, str]] = []
        self.threads: set[QThread] = set()

    def show_message(self, title: str, body: str) -> None:
        self.balloons.append((title, body))
        self.threads.add(QThread.currentThread())


@pytest.fixture
def tray(qtbot: QtBot) -> Iterator[BalloonTray]:
    made = BalloonTray()
    yield made
    made.close()
    made.menu.deleteLater()


def in_thread(function: Callable[[], None]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join(10)


def test_that_a_balloon_needs_an_icon(tray: BalloonTray) -> None:
    notifier = TrayNotifier(tray)
    assert notifier.probe() == "there is no tray icon"
    tray.open()
    assert notifier.probe() is None


def test_that_a_balloon_is_shown_in_the_gui_thread(tray: BalloonTray, qtbot: QtBot) -> None:
    notifier = TrayNotifier(tray)
    tray.open()
    in_thread(lambda: notifier.show(HOT))
    assert tray.balloons == []
    qtbot.waitUntil(lambda: bool(tray.balloons))
    assert tray.balloons == [(HOT.title, HOT.body)]
    assert tray.threads == {tray.thread()}


def test_that_a_click_on_the_balloon_shows_the_alert(tray: BalloonTray, qtbot: QtBot) -> None:
    notifier = TrayNotifier(tray)
    assert isinstance(notifier, Answering)
    answers: list[tuple[str, str]] = []
    notifier.listen(lambda key, action: answers.append((key, action)))
    tray.message_clicked.emit()
    assert answers == []
    tray.open()
    notifier.show(HOT)
    tray.message_clicked.emit()
    assert answers == [(HOT.key, "show")]


def test_that_the_window_is_the_last_resort(qtbot: QtBot) -> None:
    threads: list[QThread] = []
    notifier = WindowNotifier(lambda: threads.append(QThread.currentThread()))
    assert notifier.probe() is None
    in_thread(lambda: notifier.show(HOT))
    assert threads == []
    qtbot.waitUntil(lambda: bool(threads))
    assert threads == [notifier.thread()]
    notifier.withdraw(HOT.key)


def test_that_the_router_goes_from_the_tray_to_the_window(
    tray: BalloonTray, clock: Clock, qtbot: QtBot, make_alert: Callable[..., AlertEvent]
) -> None:
    shown: list[bool] = []
    router = Router([TrayNotifier(tray)], clock)
    router.add(WindowNotifier(lambda: shown.append(True)))
    router.start()
    router.post(make_alert())
    qtbot.waitUntil(lambda: bool(shown))
    assert router.stop()
    assert [(delivery.notifier, delivery.error) for delivery in router.deliveries] == [
        ("tray", "there is no tray icon"),
        ("window", None),
    ]
