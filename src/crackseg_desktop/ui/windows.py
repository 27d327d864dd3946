"""The dashboard as a window: when it is made, where it opens, when it hides.

The dashboard draws; this decides whether it is a pop-up beside the tray or an ordinary window, and what its close
button does. Nothing of it is imported before a person first wants to see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QApplication

from crackseg_desktop.ui.placement import Rect, Screen, choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QScreen

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.ui.dashboard import Dashboard

GUARD_SECONDS = 0.3
"""A click on the tray first takes the focus from the pop-up, which hides it; only then does the click arrive."""

_POPUP = Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint
_ORDINARY = Qt.WindowType.Window
_FRAME = QSize(16, 48)
"""Room for the frame and the title bar that the desktop adds."""


class ToggleGuard:
    """Tells a click that opens from the second half of one that has just hidden, and from a double click."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None

    def note(self) -> None:
        """Remember that the pop-up has just been hidden or toggled."""
        self._last = self._clock.monotonic()

    def lets_pass(self) -> bool:
        """Say whether a toggle is meant as one."""
        return self._last is None or self._clock.monotonic() - self._last >= GUARD_SECONDS


class Windows(QObject):
    """Shows and hides the one dashboard. Lives in the GUI thread.

    Attributes:
        shown_changed: the dashboard became visible, or was hidden.
        close_wanted: the close button was pressed, and there is no tray to bring the window back.
        has_tray: whether a tray can bring a hidden window back.
        auto_hide: whether the pop-up goes when another window is used; None: as the platform can.
        quitting: whether a close is the end.
    """

    shown_changed = Signal(bool)
    close_wanted = Signal()

    def __init__(
        self,
        make_dashboard: Callable[[], Dashboard],
        clock: Clock,
        tray_rect: Callable[[], QRect | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._make, self._tray_rect = make_dashboard, tray_rect
        self._dashboard: Dashboard | None = None
        self._guard = ToggleGuard(clock)
        self._popped_up = False
        self._full_geometry: QRect | None = None
        self._held = 0
        self._left = QTimer(self)
        self._left.setSingleShot(True)
        self._left.timeout.connect(self._hide_if_left)
        self.has_tray = False
        self.auto_hide: bool | None = None
        self.quitting = False

    @property
    def dashboard(self) -> Dashboard | None:
        """Return the dashboard, or None while nobody has wanted to see it."""
        return self._dashboard

    @property
    def visible(self) -> bool:
        """Say whether the dashboard can be seen."""
        return self._dashboard is not None and self._dashboard.isVisible() and not self._dashboard.isMinimized()

    @property
    def popped_up(self) -> bool:
        """Say whether what is shown is the pop-up."""
        return self.visible and self._popped_up

    def toggle(self) -> None:
        """Show the pop-up, or hide what is shown; without a tray, bring the window to the front."""
        if not self._guard.lets_pass():
            return
        self._guard.note()
        if not self.has_tray:
            self.show_full()
        elif self.visible and (self._popped_up or self._in_front()):
            self.hide()
        elif self.visible:
            self._raise()
        else:
            self.show_compact()

    def show_compact(self) -> None:
        """Open the pop-up beside the tray, where the platform lets a window say where it opens."""
        from crackseg_desktop.ui.dashboard import COMPACT_SIZE  # loaded with the dashboard, not before

        dashboard = self._ensure()
        if not self.visible or not self._popped_up:
            self._become(_ORDINARY if _on_wayland() else _POPUP)
            self._popped_up = True
            dashboard.setWindowState(Qt.WindowState.WindowNoState)  # showing alone would leave it minimised
            place = choose(
                _rect(self._tray_rect()),
                QCursor.pos().toTuple(),
                [Screen(_some(screen.geometry()), _some(screen.availableGeometry())) for screen in _screens()],
                COMPACT_SIZE.toTuple(),
                QGuiApplication.platformName(),
            )
            if place is not None:
                dashboard.move(place.x, place.y)
        dashboard.show_compact()
        self._raise()

    def show_full(self, page: str | None = None) -> None:
        """Open the dashboard as an ordinary window, on a page if one is named."""
        dashboard = self._ensure()
        self._appear_full(dashboard, page)
        self._raise()

    def show_quietly(self) -> None:
        """Make sure that the dashboard can be seen, without taking the keyboard from whoever types."""
        dashboard = self._ensure()
        if self.visible:
            QApplication.alert(dashboard)
            return
        dashboard.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._appear_full(dashboard, "alerts")
        dashboard.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, False)

    def hide(self) -> None:
        """Hide the dashboard; without a tray, minimise it, so that a person can find it again."""
        if self._dashboard is None:
            return
        if self.has_tray:
            self._dashboard.hide()
        else:
            self._dashboard.showMinimized()

    def hold(self, *, on: bool) -> None:
        """Keep the pop-up open while a dialog of ours, perhaps of another process, has the focus."""
        self._held += 1 if on else -1

    def close(self) -> None:
        """Destroy the dashboard."""
        self.quitting = True
        self._left.stop()
        if self._dashboard is not None:
            self._dashboard.removeEventFilter(self)
            self._dashboard.close()
            self._dashboard.deleteLater()
            self._dashboard = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what happens to the window."""
        match event.type():
            case QEvent.Type.Show:
                self.shown_changed.emit(True)
            case QEvent.Type.Hide:
                if self._dashboard is not None and not self._popped_up:
                    self._full_geometry = self._dashboard.geometry()
                self.shown_changed.emit(False)
            case QEvent.Type.Close if not self.quitting:
                return self._on_close(event)
            case QEvent.Type.WindowDeactivate if self._popped_up and self._hides_by_itself():
                self._left.start(0)
        return super().eventFilter(watched, event)

    def _on_close(self, event: QEvent) -> bool:
        event.ignore()
        if self.has_tray:
            self.hide()
        else:
            self.close_wanted.emit()
        return True

    @Slot()
    def _hide_if_left(self) -> None:
        """Hide the pop-up unless the focus went to a dialog or a menu of ours."""
        ours = (QApplication.activeWindow(), QApplication.activePopupWidget(), QApplication.activeModalWidget())
        if self.popped_up and not self._held and not any(ours):
            self._guard.note()
            self.hide()

    @Slot(bool)
    def _on_pinned(self, pinned: bool) -> None:
        self.auto_hide = False if pinned else None

    def _hides_by_itself(self) -> bool:
        """Say whether losing the focus hides; on Wayland it comes and goes without a person's doing."""
        if self.auto_hide is None:
            return self.has_tray and not _on_wayland()
        return self.auto_hide

    def _ensure(self) -> Dashboard:
        if self._dashboard is None:
            self._dashboard = self._make()
            self._dashboard.installEventFilter(self)
            self._dashboard.pinned.connect(self._on_pinned)
        return self._dashboard

    def _become(self, flags: Qt.WindowType) -> None:
        """Change the kind of window, which takes it off the screen; what it already is stays."""
        dashboard = self._ensure()
        if dashboard.windowFlags() & (_POPUP | _ORDINARY) != flags:
            dashboard.setWindowFlags(flags)

    def _appear_full(self, dashboard: Dashboard, page: str | None) -> None:
        """Show an ordinary window, where it last was one or in the middle of the screen."""
        dashboard.setWindowState(dashboard.windowState() & ~Qt.WindowState.WindowMinimized)
        if not dashboard.isVisible() or self._popped_up:
            self._become(_ORDINARY)
            self._popped_up = False
            dashboard.show_full(page)
            self._place_full(dashboard)
        else:
            dashboard.show_full(page)

    def _place_full(self, dashboard: Dashboard) -> None:
        if self._full_geometry is not None:
            dashboard.setGeometry(self._full_geometry)
        elif not _on_wayland():
            area = (QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()).availableGeometry()
            frame = QRect(QPoint(), dashboard.size().boundedTo(area.size() - _FRAME))
            frame.moveCenter(area.center())
            dashboard.setGeometry(frame)

    def _in_front(self) -> bool:
        return self._dashboard is not None and self._dashboard.isActiveWindow()

    def _raise(self) -> None:
        if self._dashboard is not None:
            self._dashboard.raise_()
            self._dashboard.activateWindow()


def _on_wayland() -> bool:
    return QGuiApplication.platformName().startswith("wayland")


def _screens() -> list[QScreen]:
    return QGuiApplication.screens()


def _rect(area: QRect | None) -> Rect | None:
    return None if area is None else _some(area)


def _some(area: QRect) -> Rect:
    return Rect(area.x(), area.y(), area.width(), area.height())
