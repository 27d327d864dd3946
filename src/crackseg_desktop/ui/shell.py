"""The shell: tray, windows and core put together, and what becomes of them while they run.

What a person decides is carried out by ``decisions``.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QRect, QTimer, Signal, Slot
from PySide6.QtGui import QIcon

from crackseg_desktop.resources import resource
from crackseg_desktop.settings import Settings, Watch
from crackseg_desktop.ui.bridge import Bridge
from crackseg_desktop.ui.channels import ChannelWork
from crackseg_desktop.ui.decisions import Decisions
from crackseg_desktop.ui.notifiers import TrayNotifier, WindowNotifier
from crackseg_desktop.ui.picture import evidence_picture
from crackseg_desktop.ui.preferences import Preferences
from crackseg_desktop.ui.process_decisions import ProcessDecisions
from crackseg_desktop.ui.report_decisions import ReportDecisions
from crackseg_desktop.ui.report_desk import ReportDesk
from crackseg_desktop.ui.tensorboard import TensorBoard
from crackseg_desktop.ui.tray_feed import TrayFeed
from crackseg_desktop.ui.tray_menu import TrayMenu
from crackseg_desktop.ui.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from crackseg_desktop.core import ShowProcesses
    from crackseg_desktop.inbox import Inbox
    from crackseg_desktop.monitor import Monitor
    from crackseg_desktop.notify.remote import Remote
    from crackseg_desktop.notify.router import Router
    from crackseg_desktop.system.tensorboard import Places
    from crackseg_desktop.ui.app import AppOptions
    from crackseg_desktop.ui.dashboard import Dashboard
    from crackseg_desktop.ui.past import Past
    from crackseg_desktop.ui.presence import TrayPresence
    from crackseg_desktop.ui.report_desk import ReportWork
    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.tray import Tray

log = logging.getLogger(__name__)

GRACE_MS = 2500
"""How long a panel that starts with us at login may take before we open a window instead."""
_NOTE_SEEN, _FOLDER_ASKED = "no-tray-note-seen", "folder-asked"


class Core(Protocol):
    """What the shell needs of the core."""

    @property
    def monitor(self) -> Monitor:
        """Return the Monitor."""
        ...

    @property
    def router(self) -> Router:
        """Return the router of notifications."""
        ...

    @property
    def remote(self) -> Remote | None:
        """Return what sends to mail, chats and phones, if anything does."""
        ...

    @property
    def folders(self) -> Sequence[Path]:
        """Return what is watched now."""
        ...

    @property
    def stuck(self) -> tuple[str, ...]:
        """Name the sources whose driver hangs: the process must then end with ``os._exit``."""
        ...

    def start(self) -> None:
        """Start everything."""
        ...

    def stop(self) -> None:
        """Stop everything, in order and within seconds."""
        ...

    def add_folder(self, path: Path) -> None:
        """Watch one more folder from now on."""
        ...

    @property
    def show_processes(self) -> ShowProcesses | None:
        """Return what has the table of all processes read, if that is to be asked for."""
        ...

    def configure_notifications(self, settings: Settings) -> None:
        """Use other channels and quiet hours from now on."""
        ...


class Shell(QObject):
    """Everything behind the icon. Lives in the GUI thread; made when the icon is in the panel.

    Attributes:
        ended: the application is to end, with this exit code.
        failure: why the core could not be built.
    """

    ended = Signal(int)

    def __init__(
        self,
        app: QApplication,
        options: AppOptions,
        tray: Tray,
        presence: TrayPresence,
        build_core: Callable[[], Core],
        inbox: Inbox | None = None,
    ) -> None:
        super().__init__()
        self._app, self._options, self._build_core, self._inbox = app, options, build_core, inbox
        self._preferences, self._began = Preferences(options), options.clock.time()
        self._theme: Theme | None = None
        self.core: Core | None = None
        self.failure: Exception | None = None
        self.tray, self.presence = tray, presence
        self.bridge = Bridge(self)
        self.windows = Windows(self._make_dashboard, options.clock, self._tray_rect, self)
        self.tensorboard = TensorBoard(self._find_places, None if options.read_only else options.data_dir, parent=self)
        self.desk = ReportDesk(self)
        reports = ReportDecisions(self.desk, self.windows, parent=self)
        self.processes = ProcessDecisions(self.windows, lambda: self.core, _no_ending(options), parent=self)
        self.decisions = Decisions(
            self.windows,
            self.bridge,
            self.tensorboard,
            self._preferences,
            self.say,
            options.clock,
            reports,
            self.processes,
            self,
        )
        self.menu = TrayMenu(tray, self.decisions, options.clock, self)
        self.feed = TrayFeed(tray, self.menu, options.clock, self)
        self._tray_notifier = TrayNotifier(tray, self)
        self._window_notifier = WindowNotifier(self.windows.show_quietly, self)
        self._grace = QTimer(self)
        self._connect_core()
        self._connect_person()

    def start(self) -> None:
        """Build and start the core, whose imports (psutil, NVML, …) take their time, and open what is to be open."""
        self.windows.has_tray = self.presence.present
        self.feed.refresh()
        try:
            self.core = self.decisions.core = self._build_core()
        except Exception as error:  # noqa: BLE001 (``run`` raises it again where its caller can report it)
            self.failure = error
            self.ended.emit(1)
            return
        self.decisions.channels = ChannelWork(self.core, self._preferences.settings, self._options)
        self.desk.find_work = self._find_reporter
        self._run(self.core)
        if self._preferences.problem is not None:
            self.say("The settings have a mistake", self._preferences.problem)
        if self._options.show:
            self.decisions.open_dashboard()
        elif not self.presence.present:
            self._grace.start(GRACE_MS)
        if not self.core.folders and not self._options.demo and self._preferences.once(_FOLDER_ASKED):
            self.decisions.choose_folder()

    @Slot()
    def quit(self) -> None:
        """End the application in order."""
        self._refuse_messages()
        self.windows.quitting = True
        self.ended.emit(0)

    def close(self) -> None:
        """Stop in order: sources, then the icon, then the windows."""
        self._grace.stop()
        self._refuse_messages()
        self.presence.stop()
        if self.core is not None:
            self.bridge.detach()
            self.core.stop()
        self.feed.stop()
        self.tray.close()
        self.tensorboard.close()
        self.desk.close()
        self.windows.close()
        self.processes.close()

    def _find_places(self, run_id: str | None, folders: Sequence[Path], data_dir: Path) -> Places:
        """Return what TensorBoard is to show; called by its thread."""
        from crackseg_desktop.viewer import places_of

        return places_of(run_id, folders, data_dir, self._options.clock, demo=self._options.demo)

    def _find_reporter(self) -> ReportWork:
        """Return what writes and sends reports, by the settings in force; called by the desk's thread."""
        from crackseg_desktop.ui.report_work import reporter_for  # loads much that only a report needs

        return reporter_for(self._options, self._preferences.settings, self._watched_folders)

    def _watched_folders(self) -> Sequence[Path]:
        return self.core.folders if self.core is not None else ()

    def say(self, title: str, body: str) -> None:
        """Tell the person something that is not an alert."""
        log.warning("%s. %s", title, body)
        if self.tray.opened:
            self.tray.show_message(title, body)
        elif self.windows.dashboard is not None:
            from crackseg_desktop.ui.note import Note

            Note(f"{title}. {body}", self.windows.dashboard)

    def _connect_core(self) -> None:
        bridge, feed, decisions = self.bridge, self.feed, self.decisions
        bridge.sample_ready.connect(feed.on_sample)
        bridge.run_changed.connect(feed.on_run)
        bridge.run_removed.connect(feed.on_removed)
        bridge.alert_changed.connect(feed.on_alert)
        bridge.silences_changed.connect(feed.on_silences)
        bridge.snapshot_ready.connect(feed.on_snapshot)
        bridge.notification_answered.connect(decisions.answer)
        bridge.message_received.connect(decisions.obey)

    def _connect_person(self) -> None:
        decisions = self.decisions
        self.tray.clicked.connect(decisions.toggle)
        self.menu.run_chosen.connect(decisions.open_run)
        decisions.theme_chosen.connect(self._on_theme)
        decisions.folders_changed.connect(self._on_settings)
        decisions.settings_changed.connect(self._on_settings)
        decisions.quit_wanted.connect(self.quit)
        self.windows.close_wanted.connect(self.quit)
        self.windows.shown_changed.connect(self._on_shown)
        self.windows.shown_changed.connect(self.desk.on_shown)
        self.presence.changed.connect(self._on_tray)
        self.tensorboard.failed.connect(self._on_failure)
        self._app.styleHints().colorSchemeChanged.connect(self.feed.refresh)
        self._grace.setSingleShot(True)
        self._grace.timeout.connect(self._on_no_tray)

    def _run(self, core: Core) -> None:
        self.bridge.attach(core.monitor)
        core.router.on_action = self.bridge.answer_notification
        if core.remote is not None:
            core.remote.picture = evidence_picture
        core.router.add(self._tray_notifier)
        core.router.add(self._window_notifier)
        if self._inbox is not None:
            core.monitor.subscribe(self._inbox.on_event)
        core.start()
        if self._inbox is not None:
            self._inbox.attach(self.bridge.receive)

    def _make_dashboard(self) -> Dashboard:
        from crackseg_desktop.ui.dashboard import Dashboard
        from crackseg_desktop.ui.past import PastReader
        from crackseg_desktop.ui.theme import Theme, load_fonts

        load_fonts()
        self._theme = Theme.current(self._app, self._preferences.settings.appearance.theme)
        past, data_dir = PastReader(self._open_past), self._options.data_dir
        settings, path = self._shown_settings(), self._preferences.path
        dashboard = Dashboard(self._theme, self.decisions, settings, path, past, data_dir)
        dashboard.setWindowIcon(QIcon(str(resource("icons", "app.svg"))))
        bridge = self.bridge
        bridge.snapshot_ready.connect(dashboard.load)
        bridge.sample_ready.connect(dashboard.on_sample)
        bridge.points_ready.connect(dashboard.on_points)
        bridge.run_changed.connect(dashboard.on_run)
        bridge.run_removed.connect(dashboard.on_removed)
        bridge.run_resumed.connect(dashboard.on_resumed)
        bridge.curves_ready.connect(dashboard.on_curves)
        bridge.alert_changed.connect(dashboard.on_alert)
        bridge.silences_changed.connect(dashboard.on_silences)
        bridge.channel_tested.connect(dashboard.on_channel_tested)
        self.desk.changed.connect(dashboard.on_reports)
        return dashboard

    def _open_past(self) -> Past:
        """Return the history to read; called by the thread that reads it."""
        if self._options.demo:
            from crackseg_desktop.simulation.archive import ToldPast

            return ToldPast(self._began)
        from crackseg_desktop.history.archive import Archive
        from crackseg_desktop.history.tiers import keeping_of

        return Archive(self._options.data_dir, keeping_of(self._preferences.settings.history))

    def _shown_settings(self) -> Settings:
        """Return the settings with the folders that are watched now, which is what the pages tell."""
        folders = tuple(map(str, self.core.folders)) if self.core is not None else ()
        return replace(self._preferences.settings, watch=Watch(folders))

    def _refuse_messages(self) -> None:
        """Let a start that comes from now on become the next instance."""
        if self._inbox is not None:
            self._inbox.close()

    def _tray_rect(self) -> QRect | None:
        return self.tray.rect

    @Slot(str)
    def _on_theme(self, name: str) -> None:
        if self._theme is not None:
            self._theme.choose(name)

    @Slot()
    def _on_settings(self) -> None:
        if self.windows.dashboard is not None:
            self.windows.dashboard.set_settings(self._shown_settings())

    @Slot(bool)
    def _on_tray(self, present: bool) -> None:
        """Follow a tray that appears or goes: without one there must be a window, and a way to quit."""
        self.windows.has_tray = present
        if present:
            self._grace.stop()
            self.tray.open()
            self.feed.refresh()
        else:
            self.tray.close()
            self._on_no_tray()

    @Slot()
    def _on_no_tray(self) -> None:
        self.windows.show_full()
        if self.windows.dashboard is not None and self._preferences.once(_NOTE_SEEN):
            from crackseg_desktop.ui.note import NO_TRAY, Note

            note = Note(NO_TRAY, self.windows.dashboard)
            note.add_button("Quit").clicked.connect(self.quit)
            self.presence.changed.connect(note.dismiss)

    @Slot(bool)
    def _on_shown(self, shown: bool) -> None:
        self.bridge.watching_curves = shown

    @Slot(str)
    def _on_failure(self, words: str) -> None:
        self.say("TensorBoard", words)


def _no_ending(options: AppOptions) -> str:
    """Return why no process may be ended in this session, or nothing."""
    if options.demo:
        return "Simulated data: there is no such process."
    return "Nothing is changed: the program was started with --read-only." if options.read_only else ""
