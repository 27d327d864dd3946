from __future__ import annotations

import atexit
import importlib.util
import subprocess
import sys
import threading
import types
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.notify import portable
from crackseg_desktop.notify.notifier import NotifyError
from crackseg_desktop.notify.portable import PlyerNotifier
from crackseg_desktop.notify.words import Notification, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.notify.conftest import SessionBus, StrictServer

WORDS = Notification("k", "GPU 0 & more", "86 °C, limit <80>", Urgency.CRITICAL)


class FakePlyer:
    """Stands in for ``plyer.notification``."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.daemon: bool | None = None
        self.error: Exception | None = None
        self.free = threading.Event()
        self.free.set()

    def notify(self, **words: Any) -> None:
        warnings.warn("The Python dbus package is not installed.", stacklevel=1)
        self.daemon = threading.current_thread().daemon
        self.free.wait(10)
        if self.error is not None:
            raise self.error
        self.calls.append(words)


@pytest.fixture
def plyer(monkeypatch: pytest.MonkeyPatch) -> FakePlyer:
    fake = FakePlyer()
    module = types.ModuleType("plyer")
    module.notification = fake  # type: ignore[attr-defined]  # a module made by hand has no declared attributes
    module.__spec__ = importlib.util.spec_from_loader("plyer", loader=None)
    monkeypatch.setitem(sys.modules, "plyer", module)
    return fake


@pytest.fixture
def notify_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a ``notify-send`` on PATH that writes its arguments down."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "notify-send"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$0.told"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "notify-send.told"


@pytest.fixture
def no_app_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda path: str(path) != "/app" and real(path))


def test_that_words_go_to_plyer_from_a_daemon_thread_without_its_warning(plyer: FakePlyer) -> None:
    PlyerNotifier("darwin").show(WORDS)
    assert plyer.calls == [
        {"title": "GPU 0 & more", "message": "86 °C, limit <80>", "app_name": "CrackSeg Desktop", "timeout": 5}
    ]
    assert plyer.daemon is True


@pytest.mark.parametrize(
    ("error", "words"),
    [(NotImplementedError("No usable implementation found!"), "no implementation"), (OSError("gone"), "gone")],
)
def test_that_a_failure_is_told(plyer: FakePlyer, error: Exception, words: str) -> None:
    plyer.error = error
    with pytest.raises(NotifyError, match=words):
        PlyerNotifier("darwin").show(WORDS)


def test_that_a_hanging_call_is_given_up(plyer: FakePlyer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portable, "WATCHDOG_SECONDS", 0.1)
    plyer.free.clear()
    with pytest.raises(NotifyError, match="did not answer"):
        PlyerNotifier("darwin").show(WORDS)
    plyer.free.set()


def test_that_macos_needs_pyobjus(plyer: FakePlyer) -> None:
    assert PlyerNotifier("darwin").probe() == "plyer needs pyobjus on macOS"


def test_that_windows_has_all_it_needs(plyer: FakePlyer) -> None:
    assert PlyerNotifier("win32").probe() is None


@pytest.mark.skipif(sys.platform != "linux", reason="notify-send is for Linux")
class TestLinux:
    def test_that_notify_send_gets_escaped_words(
        self, server: StrictServer, notify_send: Path, no_app_folder: None
    ) -> None:
        notifier = PlyerNotifier()
        assert notifier.probe() is None
        notifier.show(Notification("k", "--help", r"<b> C:\new", Urgency.NORMAL))
        title, body, *options = notify_send.read_text(encoding="utf-8").splitlines()
        assert (title, body) == ("\N{WORD JOINER}--help", r"&lt;b&gt; C:\\new")
        assert options[options.index("-a") + 1] == "CrackSeg Desktop"

    def test_that_words_are_left_alone_where_markup_is_not_read(
        self, start_server: Callable[..., StrictServer], notify_send: Path, no_app_folder: None
    ) -> None:
        start_server("body")
        PlyerNotifier().show(WORDS)
        assert notify_send.read_text(encoding="utf-8").splitlines()[1] == WORDS.body

    def test_that_without_notify_send_it_cannot_be_used(
        self, server: StrictServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_app_folder: None
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert PlyerNotifier().probe() == "notify-send is not on PATH (Debian package libnotify-bin)"

    def test_that_a_dead_daemon_is_noticed_though_plyer_says_nothing(
        self, server: StrictServer, notify_send: Path, no_app_folder: None
    ) -> None:
        notifier = PlyerNotifier()
        assert notifier.probe() is None
        server.stop()
        with pytest.raises(NotifyError, match="no notification service runs"):
            notifier.show(WORDS)
        assert not notify_send.exists()

    def test_that_no_bus_is_noticed_though_plyer_says_nothing(
        self, session_bus: SessionBus, notify_send: Path, no_app_folder: None
    ) -> None:
        session_bus.kill()
        reason = PlyerNotifier().probe()
        assert reason is not None
        assert reason.startswith("the session bus cannot be reached")

    def test_that_the_mistaken_flatpak_is_refused(
        self, server: StrictServer, notify_send: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Path, "is_dir", lambda path: str(path) == "/app")
        reason = PlyerNotifier().probe()
        assert reason is not None
        assert "/app" in reason


class FakeBalloon:
    """Stands in for plyer's Windows balloon, including its limits and its grip on the exit."""

    shown: list[FakeBalloon]

    def __init__(self, title: str, message: str, app_name: str, timeout: int) -> None:
        if len(title.encode("utf-16-le")) > 2 * 63 or len(message.encode("utf-16-le")) > 2 * 255:
            raise ValueError("string too long")
        atexit.register(self.__del__)
        self.words = title, message, app_name
        self.timeout = timeout
        self.thread = threading.current_thread()
        self.shown.append(self)

    def __del__(self) -> None:
        freed.set()


freed = threading.Event()


@pytest.fixture
def balloons(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeBalloon]]:
    freed.clear()
    FakeBalloon.shown = []
    module = types.ModuleType("balloontip")
    module.WindowsBalloonTip = FakeBalloon  # type: ignore[attr-defined]  # a module made by hand
    monkeypatch.setitem(sys.modules, "plyer.platforms.win.libs.balloontip", module)
    yield FakeBalloon.shown
    FakeBalloon.shown = []


def test_that_a_balloon_is_freed_when_it_is_withdrawn(balloons: list[FakeBalloon]) -> None:
    notifier = PlyerNotifier("win32")
    notifier.show(WORDS)
    balloon = balloons.pop()
    assert balloon.words == (WORDS.title, WORDS.body, "CrackSeg Desktop")
    assert balloon.timeout == 0
    thread = balloon.thread
    assert thread.daemon
    del balloon
    assert not freed.is_set()
    notifier.withdraw("k")
    thread.join(10)
    assert freed.is_set()


def test_that_a_balloon_keeps_to_the_limits(balloons: list[FakeBalloon]) -> None:
    notifier = PlyerNotifier("win32")
    notifier.show(Notification("k", "😀" * 60, "ä" * 300, Urgency.NORMAL))
    assert len(balloons) == 1
    notifier.close()


def test_that_a_new_balloon_takes_the_place_of_the_old(balloons: list[FakeBalloon]) -> None:
    notifier = PlyerNotifier("win32")
    notifier.show(WORDS)
    first = balloons[0].thread
    notifier.show(WORDS)
    first.join(10)
    assert not first.is_alive()
    notifier.close()
    assert not balloons[1].thread.is_alive()


def test_that_a_failing_balloon_is_told(balloons: list[FakeBalloon], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("Shell_NotifyIconW failed.")

    monkeypatch.setattr(FakeBalloon, "__init__", fail)
    notifier = PlyerNotifier("win32")
    with pytest.raises(NotifyError, match="Shell_NotifyIconW failed"):
        notifier.show(WORDS)
    notifier.close()


def test_that_importing_the_room_loads_nothing_heavy() -> None:
    script = (
        "import sys, crackseg_desktop.notify.desktop, crackseg_desktop.notify.router;"
        "heavy = ('jeepney', 'plyer', 'desktop_notifier', 'PySide6', 'numpy');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
