"""Notifications through plyer, the portable base: no buttons and no replacement, but something on every system.

plyer 2.1 tells little about failure, so what it hides is looked at first. It is imported when something is shown.
"""

from __future__ import annotations

import atexit
import html
import importlib.util
import logging
import shutil
import sys
import threading
import warnings
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.notify.bus import Bus
from crackseg_desktop.notify.dbus import ask_server
from crackseg_desktop.notify.notifier import APP_NAME, NotifyError
from crackseg_desktop.notify.words import BODY_UNITS, TITLE_UNITS, clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.notify.words import Notification

WATCHDOG_SECONDS = 5.0
BALLOON_SECONDS = 10.0

log = logging.getLogger(__name__)


class PlyerNotifier:
    """Shows notifications through plyer: ``notify-send``, a Windows balloon, or the old macOS centre."""

    name = "plyer"

    def __init__(self, platform: str = sys.platform) -> None:
        self._platform = platform
        self._balloons: dict[str, tuple[threading.Event, threading.Thread]] = {}

    def probe(self) -> str | None:
        """Return why plyer would fail, or would fail without saying so."""
        if importlib.util.find_spec("plyer") is None:
            return "plyer is not installed"
        if self._platform == "darwin":
            return None if importlib.util.find_spec("pyobjus") else "plyer needs pyobjus on macOS"
        if self._platform.startswith("linux"):
            try:
                _linux_capabilities()
            except NotifyError as error:
                return str(error)
        return None

    def show(self, notification: Notification) -> None:
        """Show it; raise NotifyError where that failed or took over 5 s.

        On Linux it then stays until it is clicked away: plyer asks for that, whatever it is told.
        """
        title, body = clip(notification.title, TITLE_UNITS), clip(notification.body, BODY_UNITS)
        if self._platform == "win32":
            self._show_balloon(notification.key, title, body)
            return
        if self._platform.startswith("linux"):
            escaped = html.escape(body, quote=False) if "body-markup" in _linux_capabilities() else body
            title, body = _for_notify_send(title), _for_notify_send(escaped)
        _within(WATCHDOG_SECONDS, lambda: _notify(title, body))

    def withdraw(self, key: str) -> None:
        """Take the balloon away on Windows; elsewhere plyer has no way to."""
        balloon = self._balloons.pop(key, None)
        if balloon is not None:
            balloon[0].set()

    def close(self) -> None:
        """Take all balloons away, which would leave their icons behind, and wait a moment for that."""
        ending = list(self._balloons.values())
        for key in list(self._balloons):
            self.withdraw(key)
        for _, thread in ending:
            thread.join(1.0)

    def _show_balloon(self, key: str, title: str, body: str) -> None:
        self.withdraw(key)
        shown: Future[None] = Future()
        gone = threading.Event()
        thread = threading.Thread(target=_hold_balloon, args=(title, body, shown, gone), name="balloon", daemon=True)
        self._balloons = {key: held for key, held in self._balloons.items() if held[1].is_alive()}
        self._balloons[key] = gone, thread
        thread.start()
        _result(shown, WATCHDOG_SECONDS)


def _linux_capabilities() -> frozenset[str]:
    """Return what the notification service can do; raise NotifyError for all that plyer would fail at in silence."""
    if Path("/app").is_dir():
        # plyer takes it for a Flatpak and pastes the words unescaped into a command for the portal.
        raise NotifyError("plyer takes the folder /app for a Flatpak and would use a portal that breaks at quotes")
    if not _has_dbus_python() and shutil.which("notify-send") is None:
        raise NotifyError("notify-send is not on PATH (Debian package libnotify-bin)")
    # plyer ignores the exit code of notify-send: without a service a notification would just vanish.
    bus = Bus()
    try:
        return ask_server(bus).capabilities
    finally:
        bus.close()


def _has_dbus_python() -> bool:
    return importlib.util.find_spec("dbus") is not None


def _for_notify_send(text: str) -> str:
    """Keep notify-send from reading the text as an option or an escape sequence."""
    if _has_dbus_python():
        return text
    doubled = text.replace("\\", "\\\\")
    return f"\N{WORD JOINER}{doubled}" if doubled.startswith("-") else doubled


def _notify(title: str, body: str) -> None:
    with warnings.catch_warnings():
        # Without dbus-python plyer warns at length before it turns to notify-send.
        warnings.simplefilter("ignore")
        from plyer import notification

        notification.notify(title=title, message=body, app_name=APP_NAME, timeout=int(WATCHDOG_SECONDS))


def _within(seconds: float, job: Callable[[], None]) -> None:
    """Run a job in a daemon thread (plyer's own threads inherit that) and wait for it."""
    done: Future[None] = Future()

    def work() -> None:
        try:
            job()
        except Exception as error:
            log.debug("plyer failed", exc_info=True)
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=work, name="plyer", daemon=True).start()
    _result(done, seconds)


def _result(done: Future[None], seconds: float) -> None:
    try:
        done.result(seconds)
    except NotImplementedError as error:
        raise NotifyError("plyer has no implementation for this system") from error
    except TimeoutError as error:
        raise NotifyError(f"plyer did not answer within {seconds:.0f} s") from error
    except Exception as error:
        raise NotifyError(f"plyer failed: {error}") from error


def _hold_balloon(title: str, body: str, shown: Future[None], gone: threading.Event) -> None:
    """Show a Windows balloon and take it away in the thread that made it.

    plyer's facade would do so in a thread that delays the exit and hides errors, and keeps each balloon's window and
    icon until the exit, which fails after a while (plyer#645).
    """
    try:
        from plyer.platforms.win.libs.balloontip import WindowsBalloonTip

        balloon = WindowsBalloonTip(title=title, message=body, app_name=APP_NAME, timeout=0)
        atexit.unregister(balloon.__del__)
    except Exception as error:
        log.debug("the balloon failed", exc_info=True)
        shown.set_exception(error)
        return
    shown.set_result(None)
    gone.wait(BALLOON_SECONDS)
    del balloon
