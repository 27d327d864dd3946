"""What tests of the Qt face share: no screen, a fake core and fake decisions, and nothing left behind."""

from __future__ import annotations

import gc
import importlib.util
import os
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.monitor import Monitor
from crackseg_desktop.notify.router import Router
from crackseg_desktop.readings import Run, RunFacts, RunState

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.pop("XDG_CURRENT_DESKTOP", None)

HAS_QT = importlib.util.find_spec("PySide6") is not None
collect_ignore_glob = [] if HAS_QT else ["test_*.py"]

if TYPE_CHECKING or HAS_QT:
    import shiboken6
    from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer, Signal, Slot
    from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.notify.remote import Remote
    from crackseg_desktop.settings import Settings

OFFSCREEN = (
    "No such signal QPlatformNativeInterface::systemTrayWindowChanged",
    "This plugin does not support",
)
"""What Qt says about a platform without a tray and without a window manager."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.qt)
            item.add_marker(pytest.mark.qt_log_ignore(*OFFSCREEN, extend=True))


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test with a QApplication that leaves a window, a running QThread or an active QTimer."""
    if "qapp" not in request.fixturenames:
        yield
        return
    windows_before = set(_addresses(_windows()))
    gc.freeze()  # what is there already is left out below, which makes looking through the rest cheap
    yield
    for _ in range(2):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
    windows = [window for address, window in _addresses(_windows()).items() if address not in windows_before]
    timers = [timer for timer in _living(QTimer) if timer.isActive()]
    threads = [thread for thread in _living(QThread) if thread.isRunning() and thread is not _gui_thread()]
    gc.unfreeze()
    kinds = Counter(type(window).__name__ for window in windows)
    assert not windows, f"windows left behind: {kinds}, {windows[:5]}"
    assert not timers, f"timers left running: {[(timer, timer.parent()) for timer in timers]}"
    assert not threads, f"threads left running: {threads}"


def _addresses(found: list[Any]) -> dict[int, Any]:
    """Return Qt objects by their address: Python makes a new wrapper each time it is shown one."""
    return {shiboken6.getCppPointer(thing)[0]: thing for thing in found}


def _windows() -> list[Any]:
    return list(QApplication.topLevelWidgets()) if QCoreApplication.instance() is not None else []


def _living(kind: type[Any]) -> list[Any]:
    """Return the Qt objects of a kind that Python knows and Qt has not yet deleted."""
    return [found for found in gc.get_objects() if issubclass(type(found), kind) and shiboken6.isValid(found)]


def _gui_thread() -> QThread | None:
    app = QCoreApplication.instance()
    return app.thread() if app is not None else None


@dataclass
class FakeReportActions:
    """Remembers what a person decided about reports, as (name, argument)."""

    calls: list[tuple[str, Any]] = field(default_factory=list)

    def refresh(self) -> None:
        self.calls.append(("refresh", None))

    def write(self, kind: str) -> None:
        self.calls.append(("write", kind))

    def choose(self, slug: str) -> None:
        self.calls.append(("choose", slug))

    def view(self) -> None:
        self.calls.append(("view", None))

    def show_folder(self) -> None:
        self.calls.append(("show_folder", None))

    def ask_and_save(self, suffix: str) -> None:
        self.calls.append(("ask_and_save", suffix))

    def send(self) -> None:
        self.calls.append(("send", None))


@dataclass
class FakeProcessActions:
    """Remembers what a person decided about processes, as (name, argument)."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    refusal: str = ""

    def watch(self, wanted: bool, *, network: bool = False) -> None:
        self.calls.append(("watch", (wanted, network)))

    def end(self, pid: int, started: float, title: str) -> None:
        self.calls.append(("end", (pid, started, title)))

    def pin(self, run: str, process: tuple[int, float] | None) -> None:
        self.calls.append(("pin", (run, process)))


@dataclass
class FakeActions:
    """Remembers what a person decided, as (name, argument)."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    can_save: bool = True
    reports: FakeReportActions = field(default_factory=FakeReportActions)
    processes: FakeProcessActions = field(default_factory=FakeProcessActions)

    def open_dashboard(self, page: str | None = None) -> None:
        self.calls.append(("open_dashboard", page))

    def toggle(self) -> None:
        self.calls.append(("toggle", None))

    def hide(self) -> None:
        self.calls.append(("hide", None))

    def request_curves(self, run_id: str) -> None:
        self.calls.append(("request_curves", run_id))

    def request_snapshot(self) -> None:
        self.calls.append(("request_snapshot", None))

    def snooze(self, length: Any, scope: Any = "all", subject: str = "") -> None:
        self.calls.append(("snooze", (length, scope, subject)))

    def end_snooze(self, scope: Any = "all", subject: str = "") -> None:
        self.calls.append(("end_snooze", (scope, subject)))

    def acknowledge(self, key: str, note: str = "") -> None:
        self.calls.append(("acknowledge", (key, note)))

    def change_settings(self, changes: Any) -> bool:
        self.calls.append(("change_settings", dict(changes)))
        return self.can_save

    def store_secret(self, channel: str, url: str) -> None:
        self.calls.append(("store_secret", (channel, url)))

    def test_channel(self, channel: str) -> None:
        self.calls.append(("test_channel", channel))

    def choose_folder(self) -> None:
        self.calls.append(("choose_folder", None))

    def open_tensorboard(self, run_id: str | None) -> None:
        self.calls.append(("open_tensorboard", run_id))

    def open_settings_file(self) -> None:
        self.calls.append(("open_settings_file", None))

    def set_theme(self, name: str) -> None:
        self.calls.append(("set_theme", name))

    def quit(self) -> None:
        self.calls.append(("quit", None))


class FakeCore:
    """A core without sources; ``publish`` plays them."""

    def __init__(self, clock: Clock, folders: list[Path]) -> None:
        self.router = Router([], clock)
        self.monitor = Monitor([], clock, self.router.post)
        self.folders = folders
        self.remote: Remote | None = None
        self.stuck: tuple[str, ...] = ()
        self.publish = self.monitor.publish
        self.stopped = False
        self.configured: list[Settings] = []
        self.processes_shown: list[tuple[bool, bool]] = []

    def start(self) -> None:
        self.monitor.start([self.router])

    def stop(self) -> None:
        self.stopped = True
        self.monitor.stop()

    def add_folder(self, path: Path) -> None:
        self.folders.append(path)

    def configure_notifications(self, settings: Settings) -> None:
        self.configured.append(settings)

    def show_processes(self, wanted: bool, *, network: bool = False) -> None:
        self.processes_shown.append((wanted, network))

    def settle(self) -> None:
        """Wait until the Monitor has handled everything published so far."""
        done = threading.Event()
        self.monitor.snapshot(lambda _snapshot: done.set())
        assert done.wait(10)


class FakeModel:
    """What the shell touches of a model."""

    selected_run_id: str | None = None


if TYPE_CHECKING or HAS_QT:

    class FakeDashboard(QWidget):
        """A dashboard that notes what it is told and in which thread, and draws nothing."""

        pinned = Signal(bool)

        def __init__(self, *arguments: Any) -> None:
            super().__init__()
            self.arguments = arguments
            self.model = FakeModel()
            self.page: str | None = None
            self.told: list[object] = []
            self.threads: set[QThread] = set()

        def show_compact(self) -> None:
            self.page = "compact"
            self.resize(420, 640)
            self.show()

        def show_full(self, page: str | None = None) -> None:
            self.page = page or "overview"
            self.resize(1366, 768)
            self.show()

        def refresh(self) -> None:
            self.told.append("refresh")

        def set_settings(self, settings: object) -> None:
            self.told.append(settings)

        @Slot(object)
        def load(self, thing: object) -> None:
            self.told.append(thing)
            self.threads.add(QThread.currentThread())

        @Slot(object)
        def on_sample(self, thing: object) -> None:
            self.load(thing)

        @Slot(object)
        def on_points(self, thing: object) -> None:
            self.load(thing)

        @Slot(object)
        def on_run(self, thing: object) -> None:
            self.load(thing)

        @Slot(object)
        def on_removed(self, thing: object) -> None:
            self.load(thing)

        @Slot(object)
        def on_resumed(self, thing: object) -> None:
            self.load(thing)

        @Slot(str, object)
        def on_curves(self, run_id: str, curves: object) -> None:
            self.load((run_id, curves))

        @Slot(object)
        def on_alert(self, thing: object) -> None:
            self.load(thing)

        @Slot(object)
        def on_silences(self, thing: object) -> None:
            self.load(thing)

        @Slot(object)
        def on_reports(self, thing: object) -> None:
            self.load(thing)

        @Slot(str, str)
        def on_channel_tested(self, channel: str, error: str) -> None:
            self.load((channel, error))


@pytest.fixture(scope="session")
def qapp_cls() -> type[Any]:
    """Make the one application of a session ours, whichever test comes first."""
    from crackseg_desktop.ui.app import Application

    return Application


@pytest.fixture
def dashboard_class() -> type[FakeDashboard]:
    return FakeDashboard


@pytest.fixture
def actions() -> FakeActions:
    return FakeActions()


@pytest.fixture
def make_core(clock: Clock, tmp_path: Path) -> Iterator[Callable[..., FakeCore]]:
    """Build cores that are stopped at the end, whatever a test does."""
    made: list[FakeCore] = []

    def make(folders: list[Path] | None = None) -> FakeCore:
        made.append(FakeCore(clock, [tmp_path] if folders is None else folders))
        return made[-1]

    yield make
    for core in made:
        core.stop()


@pytest.fixture
def make_run(clock: Clock) -> Callable[..., Run]:
    """Build a run that is at epoch 23 of 50; facts by keyword."""

    def make(
        name: str = "unet_resnet34",
        state: RunState = RunState.RUNNING,
        eta_seconds: float | None = 6120.0,
        **facts: Any,
    ) -> Run:
        known: dict[str, Any] = {"epoch": 23, "total_epochs": 50, "started": clock.time() - 3600, **facts}
        identity = f"{abs(hash(name)):x}"[:10].rjust(10, "0")
        return Run(RunFacts(identity, name, f"/runs/{name}", (), "crackseg", **known), state, eta_seconds=eta_seconds)

    return make
