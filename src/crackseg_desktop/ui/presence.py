"""Whether there is a tray: panels come late at login, go when they crash, and some desktops have none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QSystemTrayIcon

if TYPE_CHECKING:
    from collections.abc import Callable

WATCHER = "org.kde.StatusNotifierWatcher"
EAGER_MS, EAGER_POLLS = 1000, 60
PATIENT_MS = 15_000
GONE_POLLS = 2
"""A panel that restarts is away for a moment; only one that stays away is gone."""


class TrayPresence(QObject):
    """Watches for a tray; ``changed`` tells when one appears or is gone. Lives in the GUI thread.

    Looks every second for a minute, then waits for a StatusNotifier watcher on the bus, with a look every 15 s as well.
    """

    changed = Signal(bool)

    def __init__(self, is_available: Callable[[], bool] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_available = is_available or QSystemTrayIcon.isSystemTrayAvailable
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._looks = 0
        self._missed = 0
        self._watcher: QObject | None = None
        self.present = False

    def start(self) -> bool:
        """Look once, go on looking, and return whether there is a tray now."""
        self.present = self._is_available()
        self._timer.start(PATIENT_MS if self.present else EAGER_MS)
        return self.present

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None

    @Slot()
    def look(self) -> None:
        """Look whether there is a tray."""
        if self._is_available():
            self._missed = 0
            self._found()
        elif self.present:
            self._missed += 1
            if self._missed >= GONE_POLLS:
                self._lost()
        else:
            self._wait_longer()

    @Slot(str)
    def on_service_registered(self, _service: str) -> None:
        """Look at once, and again shortly: the panel registers its host after the watcher."""
        self._looks = 0
        self._timer.start(EAGER_MS)
        self.look()

    def _found(self) -> None:
        if not self.present:
            self.present = True
            self._timer.start(PATIENT_MS)
            self.changed.emit(True)

    def _lost(self) -> None:
        self.present = False
        self._looks = self._missed = 0
        self._timer.start(EAGER_MS)
        self.changed.emit(False)

    def _wait_longer(self) -> None:
        self._looks += 1
        if self._looks == EAGER_POLLS:
            self._timer.start(PATIENT_MS)
            self._watch_the_bus()

    def _watch_the_bus(self) -> None:
        if self._watcher is not None or sys.platform in ("win32", "darwin"):
            return
        from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher  # only who waits for a tray needs it

        bus = QDBusConnection.sessionBus()
        if bus.isConnected():
            watcher = QDBusServiceWatcher(WATCHER, bus, QDBusServiceWatcher.WatchModeFlag.WatchForRegistration, self)
            watcher.serviceRegistered.connect(self.on_service_registered)
            self._watcher = watcher
