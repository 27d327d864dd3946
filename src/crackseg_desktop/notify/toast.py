"""Notifications through desktop-notifier: Windows toasts and the macOS notification centre, with buttons.

Its calls are coroutines, and its answers need a running loop: one daemon thread runs it. On macOS the answers also
need the main thread to run a CFRunLoop (Qt's does), and the application to be a signed bundle.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

from crackseg_desktop.notify.notifier import APP_NAME, NotifyError
from crackseg_desktop.notify.words import Action

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from crackseg_desktop.notify.notifier import ActionCallback
    from crackseg_desktop.notify.words import Notification

ANSWER_SECONDS = 5.0
_REMEMBERED = 256

log = logging.getLogger(__name__)


class ToastNotifier:
    """Shows notifications through desktop-notifier; the two systems differ in where it can be used."""

    name = "toast"
    platform = ""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._center: Any = None
        self._keys: dict[str, str] = {}
        self._dispatched: set[str] = set()
        self._on_action: ActionCallback | None = None

    def listen(self, on_action: ActionCallback) -> None:
        """Call ``on_action(key, action)`` in the loop's thread for every click."""
        self._on_action = on_action

    def probe(self) -> str | None:
        """Set up the centre and return why it would show nothing."""
        if sys.platform != self.platform:
            return "not for this system"
        try:
            center = self._connected()
            if not self._run(center.get_capabilities()):
                return "notifications need a signed application bundle"
            if not self._run(center.request_authorisation()):
                return "notifications of this application are switched off in the system's settings"
        except NotifyError as error:
            return str(error)
        return None

    def show(self, notification: Notification) -> None:
        """Show it, in place of the open one with its key; raise NotifyError where that failed."""
        center = self._connected()
        message = self._message(notification)
        self._keys[message.identifier] = notification.key
        while len(self._keys) > _REMEMBERED:
            del self._keys[next(iter(self._keys))]
        self._run(center.send_notification(message))
        # A failure is only logged there; the callback comes before the call returns, and only after success.
        if message.identifier not in self._dispatched:
            raise NotifyError("the system did not take the notification")
        self._dispatched.discard(message.identifier)

    def withdraw(self, key: str) -> None:
        """Remove the notification from the screen and the centre."""
        if self._center is not None and identifier_of(key) in self._keys:
            self._run(self._center.clear(identifier_of(key)))

    def close(self) -> None:
        """Stop the loop; notifications that are shown stay, but no longer answer."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(1.0)
        self._loop = self._thread = self._center = None

    def _connected(self) -> Any:
        if self._center is None:
            try:
                from desktop_notifier import DesktopNotifier
            except ImportError as error:
                raise NotifyError("desktop-notifier is not installed") from error
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run_forever, args=(self._loop,), name="toasts", daemon=True)
                self._thread.start()
            center = self._run(_made(DesktopNotifier))
            center.on_dispatched = self._dispatched.add
            center.on_clicked = lambda identifier: self._answer(identifier, Action.SHOW)
            center.on_button_pressed = self._answer
            self._center = center
        return self._center

    def _message(self, notification: Notification) -> Any:
        import desktop_notifier

        return desktop_notifier.Notification(
            title=notification.title,
            message=notification.body,
            urgency=desktop_notifier.Urgency[notification.urgency.name.capitalize()],
            buttons=tuple(
                desktop_notifier.Button(title=action.label, identifier=action.value) for action in notification.actions
            ),
            identifier=identifier_of(notification.key),
        )

    def _answer(self, identifier: str, action: str) -> None:
        key = self._keys.get(identifier)
        if key is not None and self._on_action is not None:
            self._on_action(key, str(action))

    def _run(self, job: Coroutine[Any, Any, Any]) -> Any:
        if self._loop is None:
            job.close()
            raise NotifyError("the notifier is closed")
        waiting = asyncio.run_coroutine_threadsafe(job, self._loop)
        try:
            return waiting.result(ANSWER_SECONDS)
        except TimeoutError as error:
            waiting.cancel()
            raise NotifyError(f"the system did not answer within {ANSWER_SECONDS:.0f} s") from error
        except Exception as error:
            raise NotifyError(f"the system refused the notification ({error})") from error


class WindowsToast(ToastNotifier):
    """Shows toasts on Windows 10 and 11."""

    platform = "win32"


class MacNotification(ToastNotifier):
    """Shows notifications in the notification centre of macOS."""

    platform = "darwin"


def identifier_of(key: str) -> str:
    """Return a short name of the key: a toast's tag has at most 64 characters."""
    return hashlib.blake2s(key.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


async def _made(factory: Any) -> Any:
    return factory(app_name=APP_NAME, app_icon=None)


def _run_forever(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
