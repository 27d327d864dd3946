"""The notifiers that only a window system has: the tray's balloon and the banner in our own window.

The router calls them in its thread; what they show is carried into the GUI thread by a signal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from crackseg_desktop.notify.words import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.notify.notifier import ActionCallback
    from crackseg_desktop.notify.words import Notification
    from crackseg_desktop.ui.tray import Tray


class TrayNotifier(QObject):
    """Shows a notification as the balloon of the tray icon. It has no buttons: a click opens the alert."""

    _asked = Signal(object)

    def __init__(self, tray: Tray, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tray = tray
        self._on_action: ActionCallback | None = None
        self._shown: str | None = None
        self._asked.connect(self._show)
        tray.message_clicked.connect(self._on_click)

    @property
    def name(self) -> str:
        """Return ``tray``."""
        return "tray"

    def probe(self) -> str | None:
        """Say whether there is an icon to show a balloon at. Any thread."""
        return None if self._tray.opened else "there is no tray icon"

    def show(self, notification: Notification) -> None:
        """Show it in place of the last one. Any thread; whether a person saw it nobody can know."""
        self._asked.emit(notification)

    def withdraw(self, key: str) -> None:
        """Do nothing: a balloon goes by itself."""

    def listen(self, on_action: ActionCallback) -> None:
        """Call ``on_action(key, "show")`` when the balloon is clicked, in the GUI thread."""
        self._on_action = on_action

    @Slot(object)
    def _show(self, notification: Notification) -> None:
        self._shown = notification.key
        self._tray.show_message(notification.title, notification.body)

    @Slot()
    def _on_click(self) -> None:
        if self._shown is not None and self._on_action is not None:
            self._on_action(self._shown, Action.SHOW)


class WindowNotifier(QObject):
    """Shows a notification in our own window, the last resort that always works.

    The window draws the alert itself, as it draws every open alert; what this adds is that it is there to be seen.
    """

    _asked = Signal()

    def __init__(self, show_window: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show_window = show_window
        self._asked.connect(self._show)

    @property
    def name(self) -> str:
        """Return ``window``."""
        return "window"

    def probe(self) -> str | None:
        """Return None: a window can always be opened."""
        return None

    def show(self, notification: Notification) -> None:
        """Bring the window up without taking the keyboard from whoever types. Any thread."""
        self._asked.emit()

    def withdraw(self, key: str) -> None:
        """Do nothing: the window follows the alert's state."""

    @Slot()
    def _show(self) -> None:
        self._show_window()
