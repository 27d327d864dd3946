"""The tray application: puts the icon into the panel first, then loads and starts everything behind it."""

from __future__ import annotations

import gc
import linecache
import logging
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from crackseg_desktop import APP_NAME
from crackseg_desktop.clock import SystemClock
from crackseg_desktop.ui.panel import panel_of, surroundings
from crackseg_desktop.ui.presence import TrayPresence
from crackseg_desktop.ui.tray import APP_TITLE, Tray

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.inbox import Inbox
    from crackseg_desktop.settings import Loaded
    from crackseg_desktop.ui.lifecycle import SignalWatch
    from crackseg_desktop.ui.shell import Core, Shell
    from crackseg_desktop.ui.tray_icon import Panel


log = logging.getLogger(__name__)

HEAD_START_MS = 150
"""The panel asks for the icon when it has heard of it, and what is loaded meanwhile would keep it waiting."""
SETTLE_MS = 5000
_SWITCH_SECONDS = 0.0005
"""So long a busy core may keep the interpreter from the GUI thread; by default it is ten times as much, each time."""


@dataclass(frozen=True, slots=True)
class AppOptions:
    """How the application was started. ``show`` opens the window at once; ``read_only`` writes no settings.

    ``load_settings`` is called once the icon is shown.
    """

    load_settings: Callable[[], Loaded]
    data_dir: Path
    show: bool = False
    demo: bool = False
    read_only: bool = False
    clock: Clock = field(default_factory=SystemClock)


class Application(QApplication):
    """Tells when the system wants it to end: Qt then closes all windows, and one that only hides would forbid it.

    Attributes:
        end_wanted: Cmd-Q, the Dock, or the end of the session.
    """

    end_wanted = Signal()

    def event(self, event: QEvent) -> bool:
        """Look out for the end."""
        if event.type() == QEvent.Type.Quit:
            self.end_wanted.emit()
        return super().event(event)


class Unread(dict[str, Any]):
    """In place of linecache's memory, keeps no source texts.

    PySide looks into the source of every module that is imported after it (PYSIDE-2029), and linecache would keep all
    of them: 9 MB. Whoever wants a line, as a traceback does, has its file read.
    """

    def __setitem__(self, name: str, lines: object) -> None:
        """Let it go."""


class Launcher(QObject):
    """Starts the application in two steps. Lives in the GUI thread.

    Attributes:
        ended: the application is to end, with this exit code.
        shell: everything behind the icon, once that is there.
    """

    ended = Signal(int)

    def __init__(
        self,
        app: Application,
        options: AppOptions,
        build_core: Callable[[], Core],
        inbox: Inbox | None = None,
        tray_available: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__()
        self._app, self._options, self._build_core, self._inbox = app, options, build_core, inbox
        self._closed = False
        self._signals: SignalWatch | None = None
        self._undo: list[Callable[[], None]] = []
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self.furnish)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(keep_for_good)
        self._has_window = False
        self.tray = Tray(self._panel, self)
        self.presence = TrayPresence(tray_available, self)
        self.shell: Shell | None = None

    def start(self) -> None:
        """Show the icon; the rest begins once the event loop runs."""
        if self.presence.start():
            self.tray.open()
        self._next.start(HEAD_START_MS)

    def close(self) -> None:
        """Stop everything in order; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._next.stop()
        self._settle.stop()
        if self._signals is not None:
            self._signals.close()
        if self.shell is not None:
            self.shell.close()
        self.presence.stop()
        self.tray.close()
        self.tray.menu.deleteLater()
        while self._undo:
            self._undo.pop()()

    @Slot()
    def furnish(self) -> None:
        """Load and start what is behind the icon; done by itself soon after ``start``."""
        self._next.stop()
        from crackseg_desktop.ui.lifecycle import SignalWatch, log_qt_messages
        from crackseg_desktop.ui.shell import Shell

        self._undo.append(log_qt_messages())
        self._keep_a_log()

        self.shell = Shell(self._app, self._options, self.tray, self.presence, self._build_core, self._inbox)
        self.shell.ended.connect(self.ended)
        self.shell.windows.shown_changed.connect(self._on_shown)
        self._app.end_wanted.connect(self.shell.quit)
        self._app.commitDataRequest.connect(self.shell.quit)
        self._signals = SignalWatch(self.shell.quit, self)
        self.shell.start()
        self._settle.start(SETTLE_MS)

    @Slot()
    def _on_shown(self) -> None:
        """Settle once more after the first window, which loads as much again as the icon did."""
        if not self._has_window:
            self._has_window = True
            self._settle.start(SETTLE_MS)

    def _keep_a_log(self) -> None:
        from crackseg_desktop.system import crash

        try:
            written = crash.install(self._options.data_dir / "logs")
        except OSError as error:
            log.warning("There is no log: %s", error)
            return
        self._undo.append(written.close)
        if written.previous is not None:
            log.warning("The last run crashed; its stacks are in %s", written.previous)

    def _panel(self) -> Panel:
        return panel_of(surroundings(self._app, os.environ))


def run(options: AppOptions, build_core: Callable[[], Core], inbox: Inbox | None = None) -> int:
    """Run the tray application until it ends, and return its exit code.

    ``build_core`` is called in the GUI thread once the icon is shown; what it raises is raised again at the end.
    ``inbox`` is what the single instance, claimed before Qt was loaded, hands its messages to.
    """
    linecache.cache = Unread()
    app = make_application()
    launcher = Launcher(app, options, build_core, inbox)
    launcher.ended.connect(app.exit)
    launcher.start()
    code = app.exec()
    launcher.close()
    shell = launcher.shell
    if shell is not None and shell.core is not None and shell.core.stuck:
        from crackseg_desktop.ui.lifecycle import leave_at_once

        leave_at_once(code)
    if shell is not None and shell.failure is not None:
        raise shell.failure
    return code


def keep_for_good() -> None:
    """Leave what is loaded by now out of later garbage collections: it stays anyway, and each look at it is a pause.

    Measured with 10,000 alerts: pauses of 100 ms become 40.
    """
    gc.collect()
    gc.freeze()


def make_application() -> Application:
    """Make the one QApplication, under the name by which a desktop finds its entry, its icon and its tray item."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = Application([APP_NAME])
    app.setApplicationName(APP_NAME)
    app.setApplicationDisplayName(APP_TITLE)
    app.setDesktopFileName(APP_NAME)
    # Hidden is not closed, and a dialog may be the only window: the shell knows what a close means.
    app.setQuitOnLastWindowClosed(False)
    return app
