"""Routes alerts to notifiers in a thread of its own, so that a slow or dead notification service holds up nobody.

The notifiers are tried in order, from the first notification on. One that fails rests for five minutes. What can be
shown at once and what waits, for its group or for a digest, is up to the gate.
"""

from __future__ import annotations

import logging
import queue
import selectors
import socket
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from crackseg_desktop.notify.flood import NATIVE_CAP, Gate
from crackseg_desktop.notify.notifier import Answering, Closing, Considerate, Delivery, NotifyError, Wakeable
from crackseg_desktop.notify.words import notification_of, test_message
from crackseg_desktop.readings import AlertState, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.notify.flood import Cap
    from crackseg_desktop.notify.notifier import ActionCallback, Notifier
    from crackseg_desktop.notify.quiet import QuietHours
    from crackseg_desktop.notify.words import Notification
    from crackseg_desktop.readings import AlertEvent

AUTO = "auto"
NATIVE = "native"
"""What a rule that names its channels calls the notifiers of this machine."""

REST_SECONDS = 300.0
QUEUE_LENGTH = 64
DELIVERIES_KEPT = 50

_OVER = frozenset({AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.RESOLVED})
_TRACKED = 256
_ASKED_SECONDS = 1.0
"""So long the desktop's do-not-disturb is taken to stay as it is: a flood must not ask for each notification."""


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Test:
    channel: str | None
    result: Future[tuple[Delivery, ...]]


class Router:
    """Takes alert events in any thread and shows them, one breach one notification.

    ``backend`` is "auto" or the name of the only notifier to use. ``on_action(key, action)`` is called in a notifier's
    thread when a person answers.

    Attributes:
        is_silent: whether nobody is told anything, here and elsewhere; may be changed at any time.
        quiet: the quiet hours, or None; may be changed at any time.
        follow_do_not_disturb: whether the desktop's do-not-disturb counts as quiet hours.
    """

    def __init__(
        self,
        notifiers: Iterable[Notifier],
        clock: Clock,
        backend: str = AUTO,
        on_action: ActionCallback | None = None,
        cap: Cap = NATIVE_CAP,
    ) -> None:
        self._clock = clock
        self.is_silent = False
        self.quiet: QuietHours | None = None
        self.follow_do_not_disturb = True
        self._disturbing: tuple[float, bool] | None = None
        self.backend = backend
        self.on_action = on_action
        self._notifiers: tuple[Notifier, ...] = ()
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[AlertEvent | _Test] = queue.SimpleQueue()
        self._lost = 0
        self._deliveries: deque[Delivery] = deque(maxlen=DELIVERIES_KEPT)
        self._gate = Gate(cap)
        self._ready: set[str] = set()
        self._resting: dict[str, float] = {}
        self._shown_by: dict[str, Notifier] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._awake: socket.socket | None = None
        self._alarm: socket.socket | None = None
        for notifier in notifiers:
            self.add(notifier)

    def add(self, notifier: Notifier, *, first: bool = False) -> None:
        """Add a notifier behind, or before, the others; in any thread, at any time."""
        if isinstance(notifier, Answering):
            notifier.listen(self._answered)
        with self._lock:
            self._notifiers = (notifier, *self._notifiers) if first else (*self._notifiers, notifier)

    def start(self) -> None:
        """Start the notifier thread; nothing is imported or connected before the first notification."""
        self._awake, self._alarm = socket.socketpair()
        self._awake.setblocking(False)
        self._alarm.setblocking(False)
        self._thread = threading.Thread(target=self._run, args=(self._awake,), name="notify", daemon=True)
        self._thread.start()
        self._wake()

    def stop(self, timeout: float = 5.0) -> bool:
        """Show what is still queued, close the notifiers, and say whether that was done in time (seconds)."""
        self._stopping.set()
        self._wake()
        if self._thread is None:
            self._close()
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def post(self, event: AlertEvent) -> None:
        """Hand over an alert event; never waits. What is over without a word takes its notification back.

        Where the thread is behind, what is not critical only counts in the next digest.
        """
        if not event.notify and event.state not in _OVER:
            return
        if event.notify and event.channels and NATIVE not in event.channels:
            return
        if self._jobs.qsize() < QUEUE_LENGTH or event.severity == Severity.CRITICAL:
            self._jobs.put(event)
        else:
            with self._lock:
                self._lost += 1
            log.warning("The notifier thread is behind; %s goes into the digest", event.key)
        self._wake()

    def test(self, channel: str | None = None, timeout: float = 20.0) -> tuple[Delivery, ...]:
        """Show a test message through one notifier, or through each, and return what happened.

        Works before ``start`` too (then in this thread). Raises TimeoutError after ``timeout`` seconds.
        """
        if self._thread is None:
            return self._test(channel)
        job = _Test(channel, Future())
        self._jobs.put(job)
        self._wake()
        return job.result.result(timeout)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Return what happened to the last 50 notifications, oldest first."""
        with self._lock:
            return tuple(self._deliveries)

    @property
    def notifiers(self) -> Sequence[Notifier]:
        """Return the notifiers in the order in which they are tried."""
        with self._lock:
            return self._notifiers

    def _wake(self) -> None:
        if self._alarm is None:
            return
        try:
            self._alarm.send(b"\0")
        except BlockingIOError:
            pass  # So many calls are waiting that it will wake anyway.
        except OSError:
            log.debug("Woken after the end", exc_info=True)

    def _answered(self, key: str, action: str) -> None:
        if self.on_action is not None:
            self.on_action(key, action)

    def _run(self, awake: socket.socket) -> None:
        try:
            while not self._stopping.is_set():
                self._wait(awake)
                self._work_off()
        finally:
            for notification in self._gate.urgent():
                self._guarded(partial(self._deliver, notification))
            self._close()

    def _wait(self, awake: socket.socket) -> None:
        """Wait for a job, for the moment of the digest, or for a notifier's socket."""
        with selectors.DefaultSelector() as selector:
            selector.register(awake, selectors.EVENT_READ)
            for notifier in self.notifiers:
                descriptor = notifier.fileno() if isinstance(notifier, Wakeable) else None
                if descriptor is not None:
                    selector.register(descriptor, selectors.EVENT_READ, notifier)
            ready = selector.select(self._gate.wait)
        for key, _ in ready:
            if key.data is None:
                awake.recv(4096)
            else:
                self._guarded(key.data.pump)

    def _work_off(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if isinstance(job, _Test):
                job.result.set_result(self._test(job.channel))
            else:
                self._guarded(partial(self._handle, job))
        with self._lock:
            lost, self._lost = self._lost, 0
        self._gate.miss(lost)
        self._guarded(self._show_what_is_due)

    def _guarded(self, step: Callable[[], object]) -> None:
        """Take a step; what breaks in it must not end the thread and silence all that follows."""
        try:
            step()
        except Exception:
            log.exception("A notification failed")

    def _handle(self, event: AlertEvent) -> None:
        if not event.notify:
            self._gate.forget(event.key, even_critical=event.state != AlertState.RESOLVED)
            self._withdraw(event.key)
            return
        notification = notification_of(event)
        self._gate.put(notification, self._clock.monotonic())
        if notification.key not in self._show_what_is_due() and notification.resolved:
            self._withdraw(notification.key)  # its words wait, or stand in a digest

    def _show_what_is_due(self) -> set[str]:
        """Show what the gate lets through, and return the keys of that."""
        shown: set[str] = set()
        while (due := self._gate.take(self._clock.monotonic(), self._is_to_be_quiet)) is not None:
            self._deliver(due)
            shown.add(due.key)
        return shown

    def _is_to_be_quiet(self) -> bool:
        quiet = self.quiet
        if quiet is not None and quiet.cover(self._clock.time()):
            return True
        return self.follow_do_not_disturb and self._is_not_to_be_disturbed()

    def _is_not_to_be_disturbed(self) -> bool:
        """Ask the desktop, through the notifiers that can; one that does not know does not silence anything."""
        now = self._clock.monotonic()
        if self._disturbing is None or not 0 <= now - self._disturbing[0] < _ASKED_SECONDS:
            asked = [notifier.do_not_disturb() for notifier in self._candidates() if isinstance(notifier, Considerate)]
            self._disturbing = now, True in asked
        return self._disturbing[1]

    def _deliver(self, notification: Notification) -> None:
        candidates = self._candidates()
        if not candidates:
            self._record(notification.key, self.backend, "there is no such notifier")
        for notifier in candidates:
            if self._try(notifier, notification):
                self._shown_by[notification.key] = notifier
                while len(self._shown_by) > _TRACKED:
                    del self._shown_by[next(iter(self._shown_by))]
                return
        log.warning("Nobody could show %r", notification.title)

    def _candidates(self) -> list[Notifier]:
        """Return those not resting; where all rest, all are tried again rather than losing a word."""
        wanted = [notifier for notifier in self.notifiers if self.backend in (AUTO, notifier.name)]
        now = self._clock.monotonic()
        rested = [notifier for notifier in wanted if now >= self._resting.get(notifier.name, now)]
        return rested or wanted

    def _try(self, notifier: Notifier, notification: Notification) -> bool:
        error = self._attempt(notifier, notification)
        self._record(notification.key, notifier.name, error)
        if error is None:
            self._resting.pop(notifier.name, None)
            return True
        self._ready.discard(notifier.name)
        self._resting[notifier.name] = self._clock.monotonic() + REST_SECONDS
        log.info("Notifier %s: %s", notifier.name, error)
        return False

    def _attempt(self, notifier: Notifier, notification: Notification) -> str | None:
        """Probe it if need be, show the notification, and return what went wrong."""
        try:
            if notifier.name not in self._ready:
                reason = notifier.probe()
                if reason is not None:
                    return reason
                self._ready.add(notifier.name)
            notifier.show(notification)
        except NotifyError as error:
            return str(error)
        except Exception as error:
            log.exception("Notifier %s broke", notifier.name)
            return f"{type(error).__name__}: {error}"
        return None

    def _withdraw(self, key: str) -> None:
        notifier = self._shown_by.pop(key, None)
        if notifier is None:
            return
        try:
            notifier.withdraw(key)
        except NotifyError as error:
            log.info("Notifier %s: %s", notifier.name, error)

    def _test(self, channel: str | None) -> tuple[Delivery, ...]:
        wanted = [notifier for notifier in self.notifiers if channel in (None, notifier.name)]
        if not wanted:
            return (Delivery(self._clock.time(), test_message().key, channel or AUTO, "there is no such notifier"),)
        return tuple(
            self._record(test_message().key, notifier.name, self._attempt(notifier, test_message()))
            for notifier in wanted
        )

    def _record(self, key: str, notifier: str, error: str | None) -> Delivery:
        delivery = Delivery(self._clock.time(), key, notifier, error)
        with self._lock:
            self._deliveries.append(delivery)
        return delivery

    def _close(self) -> None:
        for notifier in self.notifiers:
            if isinstance(notifier, Closing):
                self._guarded(notifier.close)
        for end in (self._awake, self._alarm):
            if end is not None:
                end.close()
