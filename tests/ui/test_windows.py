from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog

from crackseg_desktop.ui.windows import GUARD_SECONDS, ToggleGuard, Windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

NOWHERE = QRect()


class Desk:
    """The windows of a desktop with a tray at the foot of the screen, and their fake dashboard."""

    def __init__(self, dashboard_class: type[Any], clock: Any) -> None:
        self.clock = clock
        self.made: list[Any] = []
        self.tray_rect = NOWHERE
        self._class = dashboard_class
        self.windows = Windows(self._make, clock, lambda: self.tray_rect)
        self.windows.has_tray = True

    def _make(self) -> Any:
        self.made.append(self._class())
        return self.made[-1]

    @property
    def dashboard(self) -> Any:
        return self.made[-1]

    def click(self) -> None:
        """Click on the tray, a while after whatever was before."""
        self.clock.advance(1)
        self.windows.toggle()

    def leave(self) -> None:
        """Take the focus from the window, as a click elsewhere does."""
        self.dashboard.clearFocus()
        QApplication.sendEvent(self.dashboard, QEvent(QEvent.Type.WindowDeactivate))


@pytest.fixture
def desk(qtbot: QtBot, dashboard_class: type[Any], clock: Any) -> Iterator[Desk]:
    made = Desk(dashboard_class, clock)
    yield made
    made.windows.close()


@pytest.fixture
def nobody_active(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QApplication, "activeWindow", lambda: None)


def test_that_the_dashboard_is_made_when_it_is_first_wanted(desk: Desk) -> None:
    desk.windows.hide()
    assert desk.made == []
    assert not desk.windows.visible
    desk.click()
    desk.click()
    desk.click()
    assert len(desk.made) == 1


def test_that_a_click_shows_the_pop_up_and_another_hides_it(desk: Desk) -> None:
    desk.click()
    assert desk.windows.popped_up
    assert desk.dashboard.page == "compact"
    flags = desk.dashboard.windowFlags()
    assert flags & Qt.WindowType.FramelessWindowHint
    assert flags & Qt.WindowType.WindowType_Mask == Qt.WindowType.Tool
    desk.click()
    assert not desk.windows.visible


def test_that_the_pop_up_stands_beside_the_tray(desk: Desk) -> None:
    area = QGuiApplication.primaryScreen().availableGeometry()
    desk.tray_rect = QRect(area.right() - 100, area.bottom() - 24, 24, 24)
    desk.click()
    assert desk.dashboard.x() + 420 == area.right() + 1 - 8
    assert desk.dashboard.y() + desk.dashboard.height() <= desk.tray_rect.top()


def test_that_the_click_that_took_the_focus_does_not_open_it_again(
    desk: Desk, qtbot: QtBot, nobody_active: None
) -> None:
    desk.click()
    desk.leave()
    qtbot.waitUntil(lambda: not desk.windows.visible)
    desk.clock.advance(0.001)
    desk.windows.toggle()
    assert not desk.windows.visible
    desk.clock.advance(GUARD_SECONDS)
    desk.windows.toggle()
    assert desk.windows.visible


def test_that_a_double_click_is_one(desk: Desk) -> None:
    desk.click()
    desk.clock.advance(0.12)
    desk.windows.toggle()
    assert desk.windows.popped_up


def test_that_a_guard_lets_pass_what_comes_late_enough(clock: Any) -> None:
    guard = ToggleGuard(clock)
    assert guard.lets_pass()
    guard.note()
    clock.advance(GUARD_SECONDS - 0.001)
    assert not guard.lets_pass()
    clock.advance(0.002)
    assert guard.lets_pass()


def test_that_a_dialog_of_ours_keeps_the_pop_up(desk: Desk, qtbot: QtBot) -> None:
    desk.click()
    dialog = QDialog(desk.dashboard)
    dialog.setModal(True)
    with qtbot.waitExposed(dialog):
        dialog.open()
    desk.leave()
    QApplication.processEvents()
    assert desk.windows.visible
    dialog.close()


@pytest.mark.parametrize("why", ["held", "pinned", "no tray"])
def test_that_some_pop_ups_stay_when_the_focus_goes(why: str, desk: Desk, nobody_active: None) -> None:
    desk.click()
    match why:
        case "held":
            desk.windows.hold(on=True)
        case "pinned":
            desk.dashboard.pinned.emit(True)
        case _:
            desk.windows.has_tray = False
    desk.leave()
    QApplication.processEvents()
    assert desk.windows.visible


def test_that_a_pop_up_on_wayland_is_an_ordinary_window_that_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, nobody_active: None
) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
    desk.click()
    assert desk.dashboard.page == "compact"
    assert not desk.dashboard.windowFlags() & Qt.WindowType.FramelessWindowHint
    desk.leave()
    QApplication.processEvents()
    assert desk.windows.visible
    desk.click()
    assert not desk.windows.visible


def test_that_the_full_window_has_a_frame_and_fits_the_screen(desk: Desk) -> None:
    desk.click()
    desk.windows.show_full("alerts")
    assert desk.dashboard.page == "alerts"
    assert desk.windows.visible
    assert not desk.windows.popped_up
    assert not desk.dashboard.windowFlags() & Qt.WindowType.FramelessWindowHint
    assert QGuiApplication.primaryScreen().availableGeometry().contains(desk.dashboard.geometry())


def test_that_the_full_window_comes_back_where_it_was(desk: Desk) -> None:
    desk.windows.show_full()
    place = QRect(30, 40, 700, 500)
    desk.dashboard.setGeometry(place)
    desk.windows.hide()
    desk.click()
    desk.windows.show_full()
    assert desk.dashboard.geometry() == place


def test_that_the_close_button_hides_where_a_tray_can_bring_it_back(desk: Desk) -> None:
    wanted: list[bool] = []
    desk.windows.close_wanted.connect(lambda: wanted.append(True))
    desk.windows.show_full()
    assert not desk.dashboard.close()
    assert not desk.windows.visible
    assert not wanted


def test_that_the_close_button_ends_where_there_is_no_tray(desk: Desk) -> None:
    wanted: list[bool] = []
    desk.windows.close_wanted.connect(lambda: wanted.append(True))
    desk.windows.has_tray = False
    desk.windows.show_full()
    desk.dashboard.close()
    assert wanted == [True]
    assert desk.windows.visible


def test_that_nothing_holds_up_the_end(desk: Desk) -> None:
    desk.windows.show_full()
    desk.windows.quitting = True
    event = QCloseEvent()
    QApplication.sendEvent(desk.dashboard, event)
    assert event.isAccepted()


def test_that_without_a_tray_hiding_minimises_and_a_toggle_brings_it_back(desk: Desk) -> None:
    desk.windows.has_tray = False
    desk.click()
    assert desk.dashboard.page == "overview"
    desk.windows.hide()
    assert desk.dashboard.isMinimized()
    desk.click()
    assert desk.windows.visible


@pytest.mark.parametrize("minimised", ["pop-up", "window"])
def test_that_the_first_click_after_minimising_shows_the_pop_up(desk: Desk, minimised: str) -> None:
    if minimised == "window":
        desk.windows.show_full()
    else:
        desk.click()
    desk.dashboard.showMinimized()
    assert not desk.windows.visible
    desk.click()
    assert desk.windows.popped_up


def test_that_a_pop_up_is_not_as_large_as_the_maximised_window_was(desk: Desk) -> None:
    desk.windows.show_full()
    desk.dashboard.showMaximized()
    desk.windows.hide()
    desk.click()
    assert not desk.dashboard.isMaximized()
    assert (desk.dashboard.width(), desk.dashboard.height()) == (420, 640)


def test_that_a_notification_brings_back_a_minimised_window(desk: Desk) -> None:
    desk.windows.show_full()
    desk.dashboard.showMinimized()
    desk.windows.show_quietly()
    assert desk.windows.visible


def test_that_it_tells_when_it_can_be_seen(desk: Desk) -> None:
    told: list[bool] = []
    desk.windows.shown_changed.connect(told.append)
    desk.click()
    desk.click()
    assert told == [True, False]


def test_that_a_notification_shows_the_window_without_taking_the_keyboard(desk: Desk) -> None:
    desk.windows.show_quietly()
    assert desk.windows.visible
    assert desk.dashboard.page == "alerts"
    assert not desk.dashboard.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    desk.windows.show_full("gpus")
    desk.windows.show_quietly()
    assert desk.dashboard.page == "gpus"
