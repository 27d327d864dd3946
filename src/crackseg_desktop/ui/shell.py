"""The shell: tray, windows and core held together. What a person decides arrives here, as ``Actions``."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, QRect, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QIcon
from PySide6.QtWidgets import QApplication, QFileDialog

from crackseg_desktop import settings as settings_file
from crackseg_desktop.notify.words import Action
from crackseg_desktop.resources import resource
from crackseg_desktop.ui.bridge import Bridge
from crackseg_desktop.ui.notifiers import TrayNotifier, WindowNotifier
from crackseg_desktop.ui.tensorboard import TensorBoard
from crackseg_desktop.ui.tray_feed import TrayFeed
from crackseg_desktop.ui.tray_menu import TrayMenu
from crackseg_desktop.ui.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crackseg_desktop.inbox import Inbox
    from crackseg_desktop.monitor import Monitor
    from crackseg_desktop.notify.router import Router
    from crackseg_desktop.readings import Run, RunRemoved
    from crackseg_desktop.ui.app import AppOptions
    from crackseg_desktop.ui.dashboard import Dashboard
    from crackseg_desktop.ui.presence import TrayPresence
    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.tray import Tray

log = logging.getLogger(__name__)

SNOOZE_ON_NOTIFICATION = 3600.0
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
        self._loaded = options.load_settings()
        self._settings = self._loaded.settings
        self._theme: Theme | None = None
        self._paths: dict[str, str] = {}
        self._dialog: QFileDialog | None = None
        self.core: Core | None = None
        self.failure: Exception | None = None
        self.tray, self.presence = tray, presence
        self.bridge = Bridge(self)
        self.menu = TrayMenu(tray, self, options.clock, self)
        self.feed = TrayFeed(tray, self.menu, options.clock, self)
        self.windows = Windows(self._make_dashboard, options.clock, self._tray_rect, self)
        self.tensorboard = TensorBoard(parent=self)
        self._tray_notifier = TrayNotifier(tray, self)
        self._window_notifier = WindowNotifier(self.windows.show_quietly, self)
        self._grace = QTimer(self)
        self._connect()

    def start(self) -> None:
        """Build and start the core, whose imports (psutil, NVML, …) take their time, and open what is to be open."""
        self.windows.has_tray = self.presence.present
        self.feed.refresh()
        try:
            self.core = self._build_core()
        except Exception as error:  # noqa: BLE001 (``run`` raises it again where its caller can report it)
            self.failure = error
            self.ended.emit(1)
            return
        self._run(self.core)
        problem = self._loaded.message()
        if problem is not None:
            self.say("The settings have a mistake", problem)
        if self._options.show:
            self.open_dashboard()
        elif not self.presence.present:
            self._grace.start(GRACE_MS)
        if not self.core.folders and not self._options.demo and self._once(_FOLDER_ASKED):
            self.choose_folder()

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
        self.windows.close()

    def open_dashboard(self, page: str | None = None) -> None:
        """Open the full window, on a page if there is one of that name."""
        from crackseg_desktop.ui.dashboard import PAGES

        self.windows.show_full(page if page in PAGES else None)

    def toggle(self) -> None:
        """Show the pop-up, or hide it where it is shown."""
        self.windows.toggle()

    def hide(self) -> None:
        """Hide the window; without a tray to bring it back, minimise it."""
        self.windows.hide()

    def request_curves(self, run_id: str) -> None:
        """Ask for the curves of a parked run."""
        self.bridge.request_curves(run_id)

    def request_snapshot(self) -> None:
        """Ask for everything there is to show."""
        self.bridge.request_snapshot()

    def snooze(self, seconds: float | None) -> None:
        """Announce no alert for so long; None ends the snooze."""
        if self.core is not None:
            self.core.monitor.snooze(seconds)
            self.feed.set_snoozed_until(None if seconds is None else self._options.clock.time() + seconds)
            if self.windows.visible:
                self.bridge.request_snapshot()

    def acknowledge(self, key: str) -> None:
        """Mark an alert as seen."""
        if self.core is not None:
            self.core.monitor.acknowledge(key)

    def choose_folder(self) -> None:
        """Ask for a folder of trainings and watch it from now on."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        parent = self.windows.dashboard if self.windows.visible else None
        dialog = QFileDialog(parent, "The folder of your trainings", str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.add_folder)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        self.windows.hold(on=True)
        dialog.open()

    def open_tensorboard(self, run_id: str | None) -> None:
        """Start TensorBoard for a run, or for the first watched folder, and open it in the browser."""
        chosen = self._paths.get(run_id or "") or next(map(str, self.core.folders if self.core else ()), None)
        if chosen is None:
            self.say("No folder is watched", "Choose the folder of your trainings first.")
            return
        path = Path(chosen)
        self.tensorboard.open(path if path.is_dir() else path.parent)

    def open_settings_file(self) -> None:
        """Open the settings file in the editor that the desktop has for it."""
        path = self._loaded.path
        if not path.exists() and not self._save({"appearance.theme": self._settings.appearance.theme}):
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.say("No editor could be opened", f"The settings are in {path}")

    def set_theme(self, name: str) -> None:
        """Take over and save ``system``, ``dark`` or ``light``."""
        if self._theme is not None:
            self._theme.choose(name)
        self._save({"appearance.theme": name})

    def quit(self) -> None:
        """End the application in order."""
        self._refuse_messages()
        self.windows.quitting = True
        self.ended.emit(0)

    def say(self, title: str, body: str) -> None:
        """Tell the person something that is not an alert."""
        log.warning("%s. %s", title, body)
        if self.tray.opened:
            self.tray.show_message(title, body)
        elif self.windows.dashboard is not None:
            from crackseg_desktop.ui.note import Note

            Note(f"{title}. {body}", self.windows.dashboard)

    @Slot(str)
    def add_folder(self, folder: str) -> None:
        """Watch a folder that a person chose, also the next time.

        What is watched for this time only (``--runs``, the checkout it was started in) is not made permanent by it.
        """
        if self.core is None:
            return
        self.core.add_folder(Path(folder))
        chosen = settings_file.load(self._loaded.path).settings.watch.folders
        if folder not in chosen:
            self._save({"watch.folders": [*chosen, folder]})
        self._show_folders()

    def _show_folders(self) -> None:
        if self.windows.dashboard is not None:
            self.windows.dashboard.set_settings(self._shown_settings())

    def _shown_settings(self) -> settings_file.Settings:
        """Return the settings with the folders that are watched now, which is what the pages tell."""
        folders = tuple(map(str, self.core.folders)) if self.core is not None else ()
        return replace(self._settings, watch=settings_file.Watch(folders))

    @Slot(str)
    def open_run(self, run_id: str) -> None:
        """Open the training page on one run."""
        self.windows.show_full("training")
        dashboard = self.windows.dashboard
        if dashboard is not None:
            dashboard.model.selected_run_id = run_id
            dashboard.refresh()

    def _connect(self) -> None:
        bridge, feed = self.bridge, self.feed
        bridge.sample_ready.connect(feed.on_sample)
        bridge.run_changed.connect(feed.on_run)
        bridge.run_changed.connect(self._on_run)
        bridge.run_removed.connect(feed.on_removed)
        bridge.run_removed.connect(self._on_removed)
        bridge.alert_changed.connect(feed.on_alert)
        bridge.snapshot_ready.connect(feed.on_snapshot)
        bridge.notification_answered.connect(self._on_answer)
        bridge.message_received.connect(self._on_message)
        self.tray.clicked.connect(self.toggle)
        self.menu.run_chosen.connect(self.open_run)
        self.presence.changed.connect(self._on_tray)
        self.windows.shown_changed.connect(self._on_shown)
        self.windows.close_wanted.connect(self.quit)
        self.tensorboard.failed.connect(self._on_failure)
        self._app.styleHints().colorSchemeChanged.connect(feed.refresh)
        self._grace.setSingleShot(True)
        self._grace.timeout.connect(self._on_no_tray)

    def _run(self, core: Core) -> None:
        self.bridge.attach(core.monitor)
        core.router.on_action = self.bridge.answer_notification
        core.router.add(self._tray_notifier)
        core.router.add(self._window_notifier)
        if self._inbox is not None:
            core.monitor.subscribe(self._inbox.on_event)
        core.start()
        if self._inbox is not None:
            self._inbox.attach(self.bridge.receive)

    def _make_dashboard(self) -> Dashboard:
        from crackseg_desktop.ui.dashboard import Dashboard
        from crackseg_desktop.ui.theme import Theme, load_fonts

        load_fonts()
        self._theme = Theme.current(self._app, self._settings.appearance.theme)
        dashboard = Dashboard(self._theme, self, self._shown_settings(), self._loaded.path)
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
        return dashboard

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
        if self.windows.dashboard is not None and self._once(_NOTE_SEEN):
            from crackseg_desktop.ui.note import NO_TRAY, Note

            note = Note(NO_TRAY, self.windows.dashboard)
            note.add_button("Quit").clicked.connect(self.quit)
            self.presence.changed.connect(note.dismiss)

    @Slot(bool)
    def _on_shown(self, shown: bool) -> None:
        self.bridge.watching_curves = shown

    @Slot(object)
    def _on_run(self, run: Run) -> None:
        self._paths[run.id] = run.facts.path

    @Slot(object)
    def _on_removed(self, removed: RunRemoved) -> None:
        self._paths.pop(removed.run, None)

    @Slot(str, str)
    def _on_answer(self, key: str, action: str) -> None:
        """Do what a person chose on a notification."""
        match action:
            case Action.ACKNOWLEDGE:
                self.acknowledge(key)
            case Action.SNOOZE:
                self.snooze(SNOOZE_ON_NOTIFICATION)
            case _:
                self.open_dashboard("alerts")

    @Slot(object)
    def _on_message(self, message: dict[str, Any]) -> None:
        """Do what a second start asks for."""
        match message:
            case {"command": "add_runs", "folders": list(folders)} if self.core is not None:
                for folder in folders:
                    self.core.add_folder(Path(str(folder)))
                self._show_folders()
            case {"command": "show"}:
                self.open_dashboard(message.get("page"))

    @Slot(str)
    def _on_failure(self, words: str) -> None:
        self.say("TensorBoard", words)

    @Slot(int)
    def _on_dialog_finished(self, _result: int) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
            self.windows.hold(on=False)

    def _refuse_messages(self) -> None:
        """Let a start that comes from now on become the next instance."""
        if self._inbox is not None:
            self._inbox.close()

    def _tray_rect(self) -> QRect | None:
        return self.tray.rect

    def _save(self, changes: dict[str, object]) -> bool:
        """Write settings and return whether that could be done; a demonstration and ``--read-only`` change nothing."""
        if self._options.read_only or self._options.demo:
            return False
        try:
            settings_file.save(self._loaded.path, changes)
        except settings_file.SettingsError as error:
            self.say("The settings were not saved", str(error))
            return False
        return True

    def _once(self, name: str) -> bool:
        """Say whether something is to be done that is done once in the life of a data directory."""
        mark = self._options.data_dir / name
        if os.path.exists(mark):
            return False
        if not self._options.read_only:
            try:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()
            except OSError as error:
                log.warning("%s cannot be written: %s", mark, error)
        return True
