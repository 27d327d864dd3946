"""What a person decides, carried out: in a window, in the tray's menu, on a notification, by a second start."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from crackseg_desktop.notify.words import DIGEST_KEY, Action
from crackseg_desktop.readings import Scope
from crackseg_desktop.settings import SettingsError
from crackseg_desktop.ui.rule_words import all_rules
from crackseg_desktop.ui.snoozes import Length, silence_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.actions import ProcessActions, ReportActions
    from crackseg_desktop.ui.bridge import Bridge
    from crackseg_desktop.ui.preferences import Preferences
    from crackseg_desktop.ui.shell import Core
    from crackseg_desktop.ui.tensorboard import TensorBoard
    from crackseg_desktop.ui.windows import Windows

log = logging.getLogger(__name__)

_TOLD_THE_CORE = frozenset({"channels", "notifications", "reports", "energy"})
"""The sections of the settings that the core is told of as they change."""


class Channels(Protocol):
    """What is done about remote channels. All but ``configure`` may wait for a keyring or a network: not in the GUI."""

    def configure(self, settings: Settings) -> None:
        """Use these channels and quiet hours from now on. Returns at once."""
        ...

    def store_secret(self, name: str, url: str) -> str:
        """Keep the address of a channel, or forget it where it is empty; return why that failed, or nothing."""
        ...

    def test(self, name: str) -> str:
        """Send a test message through a channel and return why that failed, or nothing."""
        ...


class Decisions(QObject):
    """The ``Actions`` of the application. Lives in the GUI thread.

    Attributes:
        settings_changed: other settings are in force.
        theme_chosen: a theme of this name is to be used.
        folders_changed: what is watched has changed.
        quit_wanted: the application is to end.
        core: what is decided about; None before it is built.
        channels: what is done about remote channels; None where there are none.
        reports: what a person decides about reports.
        processes: what a person decides about processes.
    """

    settings_changed = Signal()
    theme_chosen = Signal(str)
    folders_changed = Signal()
    quit_wanted = Signal()

    def __init__(
        self,
        windows: Windows,
        bridge: Bridge,
        tensorboard: TensorBoard,
        preferences: Preferences,
        say: Callable[[str, str], None],
        clock: Clock,
        reports: ReportActions,
        processes: ProcessActions,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock, self.reports, self.processes = clock, reports, processes
        self._windows, self._bridge, self._tensorboard = windows, bridge, tensorboard
        self._preferences, self._say = preferences, say
        self._dialog: QFileDialog | None = None
        self.core: Core | None = None
        self.channels: Channels | None = None

    def open_dashboard(self, page: str | None = None) -> None:
        """Open the full window, on a page if there is one of that name."""
        from crackseg_desktop.ui.dashboard import PAGES

        self._windows.show_full(page if page in PAGES else None)

    @Slot(str)
    def open_run(self, run_id: str) -> None:
        """Open the training page on one run."""
        self._windows.show_full("training")
        dashboard = self._windows.dashboard
        if dashboard is not None:
            dashboard.model.selected_run_id = run_id
            dashboard.refresh()

    @Slot()
    def toggle(self) -> None:
        """Show the pop-up, or hide it where it is shown."""
        self._windows.toggle()

    def hide(self) -> None:
        """Hide the window; without a tray to bring it back, minimise it."""
        self._windows.hide()

    @Slot()
    def quit(self) -> None:
        """End the application in order."""
        self.quit_wanted.emit()

    def request_curves(self, run_id: str) -> None:
        """Ask for the curves of a parked run."""
        self._bridge.request_curves(run_id)

    def request_snapshot(self) -> None:
        """Ask for everything there is to show."""
        self._bridge.request_snapshot()

    def snooze(self, length: Length, scope: Scope = Scope.ALL, subject: str = "") -> None:
        """Announce no alert of this scope for so long."""
        if self.core is not None:
            self.core.monitor.snooze(silence_for(length, scope, subject, self._clock.time()))

    def end_snooze(self, scope: Scope = Scope.ALL, subject: str = "") -> None:
        """Announce again what a snooze kept quiet."""
        if self.core is not None:
            self.core.monitor.end_snooze(scope, subject)

    def acknowledge(self, key: str, note: str = "") -> None:
        """Mark an alert as seen, with what there is to say about it."""
        if self.core is not None:
            self.core.monitor.acknowledge(key, note)

    def change_settings(self, changes: Mapping[str, object]) -> bool:
        """Put changed values in force and save them; rules are judged by at once."""
        try:
            self._preferences.change(changes)
        except SettingsError as error:
            self._say("The settings were not changed", str(error))
            return False
        if self.channels is not None and any(key.partition(".")[0] in _TOLD_THE_CORE for key in changes):
            self.channels.configure(self._preferences.settings)
        if self.core is not None and any(key.startswith("rules.") for key in changes):
            self.core.monitor.set_rules(all_rules(self._preferences.settings.rules))
        self.settings_changed.emit()
        return True

    def store_secret(self, channel: str, url: str) -> None:
        """Keep the address of a channel with the secrets; an empty one is forgotten. A demonstration keeps none."""
        channels = self.channels
        if channels is not None and self._preferences.may_save:
            self._in_background(channel, lambda: channels.store_secret(channel, url), tells_success=False)

    def test_channel(self, channel: str) -> None:
        """Send a test message through a channel."""
        channels = self.channels
        if channels is None:
            self._bridge.tell_channel(channel, "this start has no channels")
        else:
            self._in_background(channel, lambda: channels.test(channel), tells_success=True)

    def _in_background(self, channel: str, work: Callable[[], str], *, tells_success: bool) -> None:
        """Do what may wait for a keyring or a network in a thread, and tell why it failed."""

        def run() -> None:
            try:
                error = work()
            except Exception as failure:  # noqa: BLE001 (whatever a keyring or a service raises; only its kind is told)
                log.warning("channel %s: %s", channel, type(failure).__name__)
                error = f"failed ({type(failure).__name__})"
            if error or tells_success:
                self._bridge.tell_channel(channel, error)

        threading.Thread(target=run, name=f"channel {channel}", daemon=True).start()

    @Slot(str, str)
    def answer(self, key: str, action: str) -> None:
        """Do what a person chose on a notification."""
        match action:
            case Action.ACKNOWLEDGE:
                self.acknowledge(key)
            case Action.SNOOZE:
                self._snooze_alert(key)
            case _:
                self.open_dashboard("alerts")

    def _snooze_alert(self, key: str) -> None:
        """Snooze the alert of a notification; a digest is about several, so that it snoozes everything."""
        if key == DIGEST_KEY:
            self.snooze(Length.HOUR)
        else:
            self.snooze(Length.HOUR, Scope.ALERT, key)

    @Slot(object)
    def obey(self, message: dict[str, Any]) -> None:
        """Do what a second start asks for."""
        match message:
            case {"command": "add_runs", "folders": list(folders)} if self.core is not None:
                for folder in folders:
                    self.core.add_folder(Path(str(folder)))
                self.folders_changed.emit()
            case {"command": "show"}:
                self.open_dashboard(message.get("page"))

    def choose_folder(self) -> None:
        """Ask for a folder of trainings and watch it from now on."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        parent = self._windows.dashboard if self._windows.visible else None
        dialog = QFileDialog(parent, "The folder of your trainings", str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.add_folder)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        self._windows.hold(on=True)
        dialog.open()

    @Slot(str)
    def add_folder(self, folder: str) -> None:
        """Watch a folder that a person chose, also the next time.

        What is watched for this time only (``--runs``, the checkout it was started in) is not made permanent by it.
        """
        if self.core is None:
            return
        self.core.add_folder(Path(folder))
        chosen = self._preferences.watched_folders()
        if folder not in chosen:
            self._save({"watch.folders": [*chosen, folder]})
        self.folders_changed.emit()

    def open_tensorboard(self, run_id: str | None) -> None:
        """Start TensorBoard for a run, or for the watched folders, and open it in the browser."""
        self._tensorboard.open(run_id, list(self.core.folders) if self.core is not None else [])

    def open_settings_file(self) -> None:
        """Open the settings file in the editor that the desktop has for it."""
        path = self._preferences.path
        if not path.exists() and not self._save({"appearance.theme": self._preferences.settings.appearance.theme}):
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._say("No editor could be opened", f"The settings are in {path}")

    def set_theme(self, name: str) -> None:
        """Take over and save ``system``, ``dark`` or ``light``."""
        self.theme_chosen.emit(name)
        self._save({"appearance.theme": name})

    @Slot(int)
    def _on_dialog_finished(self, _result: int) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
            self._windows.hold(on=False)

    def _save(self, changes: dict[str, object]) -> bool:
        """Keep what was decided and return whether that could be done; why not is said."""
        try:
            return self._preferences.save(changes)
        except SettingsError as error:
            self._say("The settings were not saved", str(error))
            return False
