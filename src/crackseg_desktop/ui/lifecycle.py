"""How the Qt application ends and what it says on the way: signals, Qt's own messages, a hung driver."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, QtMsgType, Slot, qInstallMessageHandler

from crackseg_desktop.system import signals

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from PySide6.QtCore import QMessageLogContext

log = logging.getLogger("crackseg_desktop.qt")

HARMLESS = (
    "This plugin does not support",  # raise(), propagateSizeHints(), keyboard grabs: offscreen and Wayland
    "Wayland does not support QWindow::requestActivate()",
    "QSystemTrayIcon::setVisible: No Icon set",
    "Could not register app ID",  # the portal, for programs without a desktop entry
)
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class SignalWatch(QObject):
    """Lets SIGINT, SIGTERM and SIGHUP end the application: Qt's loop alone would never run Python's handler.

    The first signal calls ``quit_in_order``; what the next does is up to ``system.signals``.
    """

    def __init__(self, quit_in_order: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._woken: socket.socket | None = signals.install(quit_in_order)
        self._notifier: QSocketNotifier | None = None
        if self._woken is not None:
            self._notifier = QSocketNotifier(self._woken.fileno(), QSocketNotifier.Type.Read, self)
            self._notifier.activated.connect(self._on_woken)

    def close(self) -> None:
        """Watch no more; the socket stays open, for the interpreter writes to its other end until it ends."""
        if self._notifier is not None:
            self._notifier.setEnabled(False)

    @Slot()
    def _on_woken(self) -> None:
        if self._woken is not None:
            signals.drain(self._woken)


def log_qt_messages() -> Callable[[], None]:
    """Send Qt's messages to the log from now on; return what undoes it."""
    before = qInstallMessageHandler(log_message)

    def restore() -> None:
        qInstallMessageHandler(before)

    return restore


def log_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Log one message of Qt, known harmless ones for debugging only. Any thread."""
    level = logging.DEBUG if message.startswith(HARMLESS) else _LEVELS.get(kind, logging.WARNING)
    log.log(level, "%s: %s", context.category or "qt", message)


def leave_at_once(code: int) -> None:
    """End the process without waiting for a thread that hangs in a driver and never comes back."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a Windows program without a console has none
            stream.flush()
    os._exit(code)
