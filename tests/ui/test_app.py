from __future__ import annotations

import inspect
import linecache
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton

from crackseg_desktop import settings, viewer
from crackseg_desktop.inbox import Inbox
from crackseg_desktop.notify.words import DIGEST_KEY
from crackseg_desktop.readings import Scope
from crackseg_desktop.system import tensorboard
from crackseg_desktop.ui import lifecycle
from crackseg_desktop.ui.app import Application, AppOptions, Launcher, Unread
from crackseg_desktop.ui.note import Note
from crackseg_desktop.ui.presence import TrayPresence
from crackseg_desktop.ui.tray_icon import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.alerts.rule import Rule
    from crackseg_desktop.monitor import Snapshot
    from crackseg_desktop.readings import AlertEvent, Run, Sample, Silence
    from crackseg_desktop.system.tensorboard import Places
    from crackseg_desktop.ui.shell import Shell


class App:
    """An application on fakes: its core, its dashboard, its tray."""

    def __init__(self, application: Application, clock: Any, folder: Path, make_core: Callable[..., Any]) -> None:
        self.application, self.clock, self.folder = application, clock, folder
        self.make_core = make_core
        self.core: Any = None
        self.has_tray = True
        self.inbox = Inbox()
        self.launchers: list[Launcher] = []
        self.settings_file = folder / "settings.toml"

    def start(self, build_core: Callable[[], Any] | None = None, **options: Any) -> Shell:
        """Start as ``run`` does, up to the event loop, and through its first turn."""
        launcher = self.launch(build_core, **options)
        launcher.start()
        assert launcher.shell is None, "the icon comes first"
        launcher.furnish()
        assert launcher.shell is not None
        return launcher.shell

    def launch(self, build_core: Callable[[], Any] | None = None, **options: Any) -> Launcher:
        chosen = AppOptions(
            lambda: settings.load(self.settings_file), self.folder / "data", clock=self.clock, **options
        )
        build = build_core or (lambda: self._build([self.folder]))
        self.launchers.append(Launcher(self.application, chosen, build, self.inbox, lambda: self.has_tray))
        return self.launchers[-1]

    def build_without_folders(self) -> Any:
        return self._build([])

    def _build(self, folders: list[Path]) -> Any:
        self.core = self.make_core(folders)
        return self.core

    def publish(self, *events: object) -> None:
        """Let the core tell something, and wait until the GUI has heard it."""
        for event in events:
            self.core.publish(event)
        self.core.settle()
        QApplication.processEvents()


@pytest.fixture
def app(
    qapp: Application,
    clock: Any,
    tmp_path: Path,
    make_core: Callable[..., Any],
    dashboard_class: type[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[App]:
    monkeypatch.setattr("crackseg_desktop.ui.dashboard.Dashboard", dashboard_class)
    monkeypatch.setattr(lifecycle, "log_qt_messages", lambda: lambda: None)  # pytest-qt listens to them
    monkeypatch.setattr(lifecycle, "SignalWatch", _NoSignals)
    monkeypatch.setattr(TrayPresence, "_watch_the_bus", lambda self: None)
    made = App(qapp, clock, tmp_path, make_core)
    yield made
    for launcher in made.launchers:
        launcher.close()
        launcher.deleteLater()
        if launcher.shell is not None:
            launcher.shell.deleteLater()
    logging.getLogger("crackseg_desktop").setLevel(logging.NOTSET)


class _NoSignals:
    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments

    def close(self) -> None:
        """Nothing was installed."""


def test_that_the_icon_is_there_before_the_core_is_built(app: App) -> None:
    seen: list[bool] = []

    def build() -> Any:
        seen.append(app.launchers[0].tray.opened)
        return app.make_core()

    app.start(build)
    assert seen == [True]


def test_that_readings_reach_the_tray(
    app: App, make_sample: Callable[..., Sample], make_run: Callable[..., Run]
) -> None:
    shell = app.start()
    shell.bridge.publish(make_run())
    app.clock.advance(5)
    app.publish(make_sample(memory=0.5))
    assert shell.tray.state.kind == Kind.TRAINING
    assert "4.0 of 8.0 GiB" in shell.tray.tooltip


def test_that_a_click_opens_a_dashboard_that_is_told_everything_in_the_gui_thread(
    app: App, make_sample: Callable[..., Sample], make_alert: Callable[..., AlertEvent]
) -> None:
    shell = app.start()
    assert shell.windows.dashboard is None
    assert not shell.bridge.watching_curves
    shell.tray.clicked.emit()
    dashboard: Any = shell.windows.dashboard
    assert shell.bridge.watching_curves
    sample, alert = make_sample(), make_alert()
    app.publish(sample)
    threading.Thread(target=shell.bridge.publish, args=(alert,)).start()
    while alert not in dashboard.told:
        QApplication.processEvents()
    assert dashboard.told[-2:] == [sample, alert]
    assert dashboard.threads == {shell.thread()}
    shell.decisions.hide()
    assert not shell.bridge.watching_curves


def test_that_show_opens_the_full_window(app: App) -> None:
    shell = app.start(show=True)
    assert shell.windows.visible
    assert not shell.windows.popped_up


def test_that_a_run_chosen_in_the_menu_is_opened(app: App) -> None:
    shell = app.start()
    shell.menu.run_chosen.emit("0123456789")
    dashboard: Any = shell.windows.dashboard
    assert dashboard.page == "training"
    assert dashboard.model.selected_run_id == "0123456789"


def test_that_a_page_that_does_not_exist_opens_the_window_all_the_same(app: App) -> None:
    shell = app.start()
    shell.decisions.open_dashboard("nonsense")
    dashboard: Any = shell.windows.dashboard
    assert dashboard.page == "overview"


def test_that_a_second_start_shows_the_window_and_adds_its_folders(app: App) -> None:
    app.inbox({"command": "add_runs", "folders": ["/more/runs"]})
    shell = app.start()
    app.inbox({"command": "show", "page": "alerts"})
    QApplication.processEvents()
    dashboard: Any = shell.windows.dashboard
    assert dashboard.page == "alerts"
    assert Path("/more/runs") in app.core.folders
    assert not app.settings_file.exists(), "for this once, not for ever"


def test_that_messages_are_refused_as_soon_as_it_is_to_end(app: App) -> None:
    shell = app.start()
    told: list[str] = []
    app.inbox.on_close = lambda: told.append("refuse")
    shell.ended.connect(lambda code: told.append("end"))
    shell.quit()
    assert told == ["refuse", "end"]


def test_that_the_inbox_knows_the_open_alerts(app: App, make_alert: Callable[..., AlertEvent]) -> None:
    app.start()
    app.core.monitor._queue.put(lambda: app.core.monitor._tell_alerts([make_alert()]))
    app.core.settle()
    assert [alert["rule"] for alert in app.inbox({"command": "alerts"})["alerts"]] == ["gpu_temperature"]


def kind_shown(shell: Any) -> Kind:
    kind: Kind = shell.tray.state.kind
    return kind


def told_silences(app: App) -> tuple[Silence, ...]:
    """Return what is snoozed once the Monitor has handled what it was asked."""
    told: list[Snapshot] = []
    app.core.monitor.snapshot(told.append)
    app.core.settle()
    return told[0].silences


def test_that_an_answer_on_a_notification_is_carried_out(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = app.start()
    acknowledged: list[str] = []
    monkeypatch.setattr(app.core.monitor, "acknowledge", lambda key, note: acknowledged.append(key))
    on_action = app.core.router.on_action
    threading.Thread(target=on_action, args=("gpu_temperature:gpu=GPU-1", "acknowledge")).start()
    while not acknowledged:
        QApplication.processEvents()
    assert acknowledged == ["gpu_temperature:gpu=GPU-1"]
    on_action("key", "snooze")
    assert told_silences(app)[0].scope == Scope.ALERT
    assert kind_shown(shell) != Kind.PAUSED
    on_action(DIGEST_KEY, "snooze")
    assert told_silences(app)[-1].scope == Scope.ALL
    while kind_shown(shell) != Kind.PAUSED:
        QApplication.processEvents()
    on_action("key", "show")
    dashboard: Any = shell.windows.dashboard
    assert dashboard.page == "alerts"


def test_that_a_changed_rule_is_in_force_and_saved(app: App) -> None:
    app.settings_file.write_text("# mine\n[rules.gpu_temperature]\nfor_seconds = 5\n", encoding="utf-8")
    shell = app.start()
    assert shell.decisions.change_settings({"rules.gpu_temperature.limit": 85})
    assert told_rules(app)["gpu_temperature"].limit == 85
    assert settings.load(app.settings_file).settings.rules["gpu_temperature"] == {"for_seconds": 5, "limit": 85}
    assert app.settings_file.read_text(encoding="utf-8").startswith("# mine\n")
    assert shell.decisions.change_settings({"rules.gpu_temperature": None})
    assert told_rules(app)["gpu_temperature"].limit == 80
    assert settings.load(app.settings_file).settings.rules == {}


def test_that_a_rule_that_cannot_be_is_refused(app: App) -> None:
    shell = app.start()
    assert shell.decisions.change_settings({"rules.host_memory.limit": 0.8})
    app.settings_file.unlink()
    before = told_rules(app)
    assert not shell.decisions.change_settings({"rules.gpu_temperature.limit": "hot"})
    assert told_rules(app) == before
    assert not app.settings_file.exists()


def test_that_a_demonstration_changes_rules_and_saves_nothing(app: App) -> None:
    shell = app.start(demo=True)
    assert shell.decisions.change_settings({"rules.gpu_temperature.limit": 85})
    assert told_rules(app)["gpu_temperature"].limit == 85
    assert not app.settings_file.exists()


def test_that_a_channel_reaches_the_core_and_its_address_no_file_of_settings(app: App) -> None:
    shell = app.start()
    assert shell.decisions.channels is not None
    assert shell.decisions.channels.store_secret("phone", "json://user:hunter2@localhost") == ""
    assert shell.decisions.change_settings({"channels.phone.url": "keyring:phone"})
    assert app.core.configured[-1].channels["phone"].url == "keyring:phone"
    assert "hunter2" not in app.settings_file.read_text(encoding="utf-8")
    assert shell.decisions.channels.store_secret("phone", "") == ""
    assert shell.decisions.change_settings({"channels.phone": None})
    assert app.core.configured[-1].channels == {}


def test_that_a_test_of_a_channel_is_answered_from_a_thread(app: App, qtbot: QtBot, monkeypatch: Any) -> None:
    shell = app.start()

    class Broken:
        def test(self, name: str) -> str:
            if name == "locked":
                raise RuntimeError("https://user:hunter2@host")
            return ""

    monkeypatch.setattr(shell.decisions, "channels", Broken())
    for name, told in (("phone", ["phone", ""]), ("locked", ["locked", "failed (RuntimeError)"])):
        with qtbot.waitSignal(shell.bridge.channel_tested) as answered:
            shell.decisions.test_channel(name)
        assert answered.args == told


def told_rules(app: App) -> dict[str, Rule]:
    """Return the rules in force once the Monitor has handled what it was asked."""
    told: list[Snapshot] = []
    app.core.monitor.snapshot(told.append)
    app.core.settle()
    return {status.rule.name: status.rule for status in told[0].rules}


def test_that_tray_and_window_are_notifiers_of_last_resort(app: App) -> None:
    app.start()
    assert [notifier.name for notifier in app.core.router.notifiers] == ["tray", "window"]


def test_that_quitting_ends_with_everything_stopped(app: App) -> None:
    shell = app.start(show=True)
    codes: list[int] = []
    shell.ended.connect(codes.append)
    shell.quit()
    assert codes == [0]
    app.launchers[0].close()
    assert app.core.stopped
    assert not shell.tray.opened
    assert shell.windows.dashboard is None


def test_that_the_system_can_end_it_though_its_window_only_hides(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from types import SimpleNamespace
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from crackseg_desktop import settings, viewer
from crackseg_desktop.clock import SystemClock
from crackseg_desktop.monitor import Monitor
from crackseg_desktop.notify.router import Router
from crackseg_desktop.ui import app, presence

def build():
    router = Router([], SystemClock())
    monitor = Monitor([], SystemClock(), router.post)
    QTimer.singleShot(0, lambda: QCoreApplication.postEvent(QCoreApplication.instance(), QEvent(QEvent.Type.Quit)))
    return SimpleNamespace(monitor=monitor, router=router, folders=[Path()], stuck=(), stop=monitor.stop,
                           start=lambda: monitor.start([router]))

presence.QSystemTrayIcon = SimpleNamespace(isSystemTrayAvailable=lambda: True)
folder = Path({str(tmp_path)!r})
sys.exit(app.run(app.AppOptions(lambda: settings.load(folder / "settings.toml"), folder, show=True), build))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_that_what_the_core_could_not_do_is_kept_for_the_caller(app: App) -> None:
    def build() -> Any:
        raise RuntimeError("no such folder")

    shell = app.start(build)
    assert str(shell.failure) == "no such folder"


def test_that_without_a_tray_there_is_a_window_and_a_way_to_quit(app: App) -> None:
    app.has_tray = False
    shell = app.start()
    assert not shell.tray.opened
    (grace,) = (timer for timer in shell.children() if isinstance(timer, QTimer))
    assert grace.isActive(), "a panel that starts with us gets a moment"
    grace.timeout.emit()
    assert shell.windows.visible
    assert shell.windows.dashboard is not None
    (note,) = shell.windows.dashboard.findChildren(Note)
    assert "AppIndicator" in note.words[0]
    codes: list[int] = []
    shell.ended.connect(codes.append)
    next(button for button in note.findChildren(QPushButton) if button.text() == "Quit").click()
    assert codes == [0]


def test_that_the_note_about_the_tray_is_shown_once(app: App) -> None:
    app.has_tray = False
    for expected in (1, 0):
        shell = app.start()
        shell._on_no_tray()
        assert shell.windows.dashboard is not None
        assert len(shell.windows.dashboard.findChildren(Note)) == expected
        app.launchers[-1].close()


def test_that_closing_the_window_ends_it_where_there_is_no_tray(app: App) -> None:
    app.has_tray = False
    shell = app.start()
    codes: list[int] = []
    shell.ended.connect(codes.append)
    shell._on_no_tray()
    assert shell.windows.dashboard is not None
    shell.windows.dashboard.close()
    assert codes == [0]


def test_that_a_late_tray_gets_the_icon_and_the_close_button_hides_again(app: App) -> None:
    app.has_tray = False
    shell = app.start()
    shell._on_no_tray()
    app.has_tray = True
    shell.presence.look()
    assert shell.tray.opened
    codes: list[int] = []
    shell.ended.connect(codes.append)
    assert shell.windows.dashboard is not None
    shell.windows.dashboard.close()
    assert codes == []
    assert not shell.windows.visible
    assert not [note for note in shell.windows.dashboard.findChildren(Note) if note.isVisible()]


def test_that_a_tray_that_is_gone_leaves_a_window(app: App) -> None:
    shell = app.start()
    app.has_tray = False
    shell.presence.look()
    assert not shell.windows.visible
    shell.presence.look()
    assert shell.windows.visible
    assert not shell.tray.opened


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> list[QFileDialog]:
    """Let no dialog open; give those that would have."""
    opened: list[QFileDialog] = []
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: opened.append(dialog))
    return opened


def test_that_a_folder_is_asked_for_once(app: App, dialogs: list[QFileDialog]) -> None:
    app.start(app.build_without_folders)
    assert len(dialogs) == 1
    dialogs[0].reject()
    app.launchers[-1].close()
    app.start(app.build_without_folders)
    assert len(dialogs) == 1


@pytest.mark.parametrize("read_only", [False, True])
def test_that_a_chosen_folder_is_watched_and_kept(
    app: App, dialogs: list[QFileDialog], read_only: bool, tmp_path: Path
) -> None:
    shell = app.start(read_only=read_only)
    shell.decisions.choose_folder()
    shell.decisions.choose_folder()
    (dialog,) = dialogs
    dialog.fileSelected.emit(str(tmp_path / "runs"))
    dialog.reject()
    assert tmp_path / "runs" in app.core.folders
    kept = settings.load(app.settings_file).settings.watch.folders
    assert kept == (() if read_only else (str(tmp_path / "runs"),))


def test_that_the_pages_are_told_of_every_folder_that_is_watched(app: App, tmp_path: Path) -> None:
    shell = app.start()
    shell.decisions.open_dashboard()
    shell.decisions.add_folder(str(tmp_path / "more"))
    dashboard: Any = shell.windows.dashboard
    told = dashboard.told[-1]
    assert isinstance(told, settings.Settings)
    assert told.watch.folders == tuple(str(path) for path in app.core.folders)
    assert str(tmp_path / "more") in told.watch.folders


def test_that_the_settings_file_is_made_and_opened(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_url(url: Any) -> bool:
        opened.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    shell = app.start()
    shell.decisions.open_settings_file()
    assert app.settings_file.exists()
    assert opened == [app.settings_file.as_posix()]


def test_that_a_theme_is_kept(app: App) -> None:
    shell = app.start(show=True)
    shell.decisions.set_theme("light")
    assert settings.load(app.settings_file).settings.appearance.theme == "light"


def test_that_a_mistake_in_the_settings_is_said_where_a_person_sees_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.settings_file.write_text("[appearance]\ntheme = 'pink'", encoding="utf-8")
    said: list[str] = []
    monkeypatch.setattr("crackseg_desktop.ui.tray.Tray.show_message", lambda tray, title, body: said.append(body))
    app.start()
    assert len(said) == 1
    assert "line 2, appearance.theme" in said[0]


def test_that_settings_that_cannot_be_saved_are_reported(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.settings_file.write_text("this is [ no TOML", encoding="utf-8")
    shell = app.start()
    said: list[str] = []
    monkeypatch.setattr(shell.tray, "show_message", lambda title, body: said.append(title))
    shell.decisions.set_theme("light")
    assert said == ["The settings were not saved"]
    assert app.settings_file.read_text(encoding="utf-8") == "this is [ no TOML"


def test_that_tensorboard_is_opened_for_the_run_or_all_folders(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    shell = app.start()
    asked: list[tuple[Any, ...]] = []

    def places_of(run: str | None, folders: list[Path], data_dir: Path, clock: object, *, demo: bool) -> Places:
        asked.append((run, folders, data_dir, demo))
        return {"runs": tmp_path}

    monkeypatch.setattr(viewer, "places_of", places_of)

    def refuse(places: Places) -> None:
        raise OSError("not in a test")

    monkeypatch.setattr(tensorboard, "launch", refuse)
    for run in ("0123456789", None):
        with qtbot.waitSignal(shell.tensorboard.failed):
            shell.decisions.open_tensorboard(run)
    expected = ([tmp_path], tmp_path / "data", False)
    assert asked == [("0123456789", *expected), (None, *expected)]


@pytest.mark.qt_no_exception_capture
def test_that_a_log_is_kept_and_what_nobody_catches_is_in_it(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app.start()
    error = ZeroDivisionError("nobody caught this")
    sys.excepthook(type(error), error, None)
    log = app.folder / "data" / "logs" / "crackseg-desktop.log"
    assert "nobody caught this" in log.read_text(encoding="utf-8")
    assert "nobody caught this" in capsys.readouterr().err


def test_that_the_real_dashboard_fits_the_shell(
    qapp: Application, clock: Any, tmp_path: Path, make_core: Callable[..., Any], make_sample: Callable[..., Sample]
) -> None:
    app = App(qapp, clock, tmp_path, make_core)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "log_qt_messages", lambda: lambda: None)
        patch.setattr(lifecycle, "SignalWatch", _NoSignals)
        shell = app.start()
        shell.decisions.toggle()
        app.publish(make_sample())
        assert shell.windows.dashboard is not None
        assert shell.windows.dashboard.model.sample is not None
        shell.decisions.open_dashboard("overview")
        assert "numpy" in sys.modules
        app.launchers[0].close()
    logging.getLogger("crackseg_desktop").setLevel(logging.NOTSET)


def test_that_what_is_loaded_is_left_out_of_garbage_collections(
    app: App, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    settled: list[str] = []
    monkeypatch.setattr("crackseg_desktop.ui.app.gc.freeze", lambda: settled.append("frozen"))
    monkeypatch.setattr("crackseg_desktop.ui.app.SETTLE_MS", 1)
    shell = app.start()
    qtbot.waitUntil(lambda: len(settled) == 1)
    shell.decisions.open_dashboard()
    qtbot.waitUntil(lambda: len(settled) == 2)


def test_that_sources_are_read_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linecache, "cache", Unread())
    assert "def test_that_sources" in inspect.getsource(test_that_sources_are_read_and_not_kept)
    assert not linecache.cache
