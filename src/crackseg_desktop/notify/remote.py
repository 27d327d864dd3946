"""Sends alerts to remote channels: the queue in a thread of its own, each attempt in one of the channel's.

A service that hangs holds up its own channel only: its thread is left and not doubled. Per channel the order is kept,
one message is on its way at a time, and after a failure the channel rests (``channels.rest_after``).
"""

from __future__ import annotations

import logging
import queue
import random
import sqlite3
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.notify.channels import LONGEST_REST, Outcome, rest_after
from crackseg_desktop.notify.flood import plan
from crackseg_desktop.notify.messages import message_of
from crackseg_desktop.notify.notifier import Delivery
from crackseg_desktop.notify.outbox import outbox_in_memory
from crackseg_desktop.notify.sending import Letter, picture_of
from crackseg_desktop.notify.words import TEST_KEY, test_message
from crackseg_desktop.readings import AlertEvent, AlertState, Severity
from crackseg_desktop.storage import NewerDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.notify.channels import Channel
    from crackseg_desktop.notify.outbox import Outbox

    Send = Callable[[Channel, Letter], Outcome]
    Picture = Callable[[AlertEvent], bytes | None]

MOST_REFUSALS = 3
QUEUE_LENGTH = 4096
TEST_SECONDS = 60.0

_DELIVERIES_KEPT = 50
_LONGEST_PICTURE = 1 << 20
_KNOWN_TO_THE_PERSON = frozenset({AlertState.ACKNOWLEDGED, AlertState.SNOOZED})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One message that was sent, what it stands for in the queue, and what became of it."""

    channel: Channel
    letter: Letter
    numbers: tuple[int, ...]
    unnamed: int
    outcome: Outcome = field(default_factory=Outcome)


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


@dataclass(frozen=True, slots=True)
class _Look:
    pass


class Remote:
    """Takes alert events in any thread and sends them. Starts no thread before there is a channel.

    ``open_outbox`` opens the queue in the sending thread; ``chance`` gives numbers from 0 to 1. ``place`` names this
    machine in the messages.

    Attributes:
        picture: draws the curve of an alert as PNG, or returns None; called in the sending thread.
    """

    def __init__(
        self,
        channels: Iterable[Channel],
        open_outbox: Callable[[], Outbox],
        send: Send,
        clock: Clock,
        chance: Callable[[], float] = random.random,
        place: str = "",
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._open_outbox = open_outbox
        self._send = send
        self._clock = clock
        self._chance = chance
        self._place = place
        self.picture: Picture = lambda event: None
        self._jobs: queue.SimpleQueue[AlertEvent | _Attempt | _Stop | _Look] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._lost = 0
        self._under_way: set[str] = set()
        self._deliveries: deque[Delivery] = deque(maxlen=_DELIVERIES_KEPT)
        self._thread: threading.Thread | None = None
        self._is_started = False

    def start(self) -> None:
        """Start sending what is queued, also from the last time."""
        self._is_started = True
        self._ensure_thread()

    def stop(self, timeout: float = 5.0) -> bool:
        """Queue what was posted, wait for what is under way, and say whether that was done in time (seconds)."""
        self._is_started = False
        if self._thread is None:
            return True
        self._jobs.put(_Stop())
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def post(self, event: AlertEvent) -> None:
        """Hand over an alert event; never waits. What a person has acknowledged or snoozed is no longer sent."""
        if not self._channels or not (event.notify or event.state in _KNOWN_TO_THE_PERSON):
            return
        if self._jobs.qsize() >= QUEUE_LENGTH and event.severity != Severity.CRITICAL:
            with self._lock:
                self._lost += 1
            return
        self._jobs.put(event)

    def configure(self, channels: Iterable[Channel]) -> None:
        """Use other channels from now on; in any thread. What waits for one that is gone waits for its return."""
        self._channels = {channel.name: channel for channel in channels}
        if self._is_started:
            self._ensure_thread()
        self.wake()

    def wake(self) -> None:
        """Look again what is to be sent: the clock was set, or the machine is online again."""
        self._jobs.put(_Look())

    def test(self, name: str | None = None) -> tuple[Delivery, ...]:
        """Send a test message past the queue through one channel, or each; blocks the caller for a minute at most."""
        wanted = [channel for channel in self._channels.values() if name in (None, channel.name)]
        return tuple(try_channel(channel, self._send, self._clock) for channel in wanted)

    @property
    def channels(self) -> Sequence[Channel]:
        """Return the channels that are on."""
        return tuple(self._channels.values())

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Return what happened to the last 50 messages, oldest first; ``notifier`` is the channel's name."""
        with self._lock:
            return tuple(self._deliveries)

    def _ensure_thread(self) -> None:
        if self._thread is None and self._channels:
            self._thread = threading.Thread(target=self._run, name="remote", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        outbox = self._opened()
        try:
            wait: float | None = 0.0
            is_stopping = False
            while not is_stopping or self._under_way:
                is_stopping = self._work_off(outbox, wait) or is_stopping
                wait = None if is_stopping else self._serve(outbox)
        finally:
            outbox.close()

    def _opened(self) -> Outbox:
        try:
            outbox = self._open_outbox()
        except (OSError, sqlite3.Error, NewerDatabaseError) as error:
            log.warning("What is to be sent is kept in memory only: %s", error)
            outbox = outbox_in_memory()
        if (given_up := outbox.recover()) > 0:
            log.warning("%d messages are given up: the program ended twice while they were sent", given_up)
        return outbox

    def _work_off(self, outbox: Outbox, wait: float | None) -> bool:
        """Wait for something to do, do all there is, and say whether to stop."""
        jobs: list[AlertEvent | _Attempt | _Stop | _Look] = []
        try:
            jobs.append(self._jobs.get(timeout=wait))
            while True:
                jobs.append(self._jobs.get_nowait())
        except queue.Empty:
            pass
        try:
            with outbox.at_once():
                self._record(outbox, jobs)
        except sqlite3.Error as error:
            log.warning("The queue of remote messages cannot be written: %s", error)
        return any(isinstance(job, _Stop) for job in jobs)

    def _record(self, outbox: Outbox, jobs: Sequence[AlertEvent | _Attempt | _Stop | _Look]) -> None:
        with self._lock:
            lost, self._lost = self._lost, 0
        for name in self._channels if lost else ():
            outbox.miss(name, lost)
        for job in jobs:
            match job:
                case AlertEvent():
                    self._store(outbox, job)
                case _Attempt():
                    self._settle(outbox, job)

    def _store(self, outbox: Outbox, event: AlertEvent) -> None:
        if event.state in _KNOWN_TO_THE_PERSON:
            outbox.forget(event.key)
            return
        takers = [name for name, channel in self._channels.items() if channel.takes(event)]
        if not takers:
            return
        picture = self._picture_of(event)
        for name in takers:
            outbox.put(name, message_of(event, self._place), picture, self._clock.time())

    def _picture_of(self, event: AlertEvent) -> bytes | None:
        if event.state == AlertState.RESOLVED:
            return None
        try:
            picture = self.picture(event)
        except Exception:
            # The words matter more than their illustration.
            log.exception("The curve of %s could not be drawn", event.key)
            return None
        return picture if picture is not None and len(picture) <= _LONGEST_PICTURE else None

    def _settle(self, outbox: Outbox, attempt: _Attempt) -> None:
        now, name, outcome = self._clock.time(), attempt.channel.name, attempt.outcome
        self._under_way.discard(name)
        with self._lock:
            self._deliveries.append(Delivery(now, attempt.letter.notification.key, name, outcome.error))
        outbox.set_rest(name, rest_after(outbox.rest(name), outcome, now, self._chance()))
        if outcome.error is None:
            outbox.done(name, attempt.numbers, attempt.unnamed, now)
            return
        log.warning("Channel %s: %s", name, outcome.error)
        if outbox.put_back(attempt.numbers, refused=outcome.refused) >= MOST_REFUSALS:
            log.warning("Channel %s refused a message %d times; it is given up", name, MOST_REFUSALS)
            outbox.drop(attempt.numbers)

    def _serve(self, outbox: Outbox) -> float | None:
        """Send what is due, and return the seconds until something may be; None: until there is news."""
        try:
            for name in outbox.expire(self._clock.time()):
                log.warning("Channel %s: a message is given up: it could not be sent within a day", name)
            waits = [self._serve_channel(outbox, channel) for channel in tuple(self._channels.values())]
        except sqlite3.Error as error:
            log.warning("The queue of remote messages cannot be read: %s", error)
            waits = [60.0]
        return min((wait for wait in waits if wait is not None), default=None)

    def _serve_channel(self, outbox: Outbox, channel: Channel) -> float | None:
        now = self._clock.time()
        if channel.name in self._under_way:
            return None
        waiting, unnamed = outbox.waiting(channel.name), outbox.unnamed(channel.name)
        if not waiting and not unnamed:
            return None
        rest = outbox.rest(channel.name)
        if 0 < rest.until - now <= LONGEST_REST:  # longer: the clock was set back
            return rest.until - now
        quiet = channel.quiet
        hush = (lambda: quiet.cover(now)) if quiet is not None else (lambda: False)
        decided = plan(waiting, outbox.told(channel.name, now), now, channel.cap, hush, unnamed)
        outbox.hold(decided.held, decided.reason)
        if decided.tell is None:
            return decided.wait
        uid, picture = outbox.take(decided.taken, now) if decided.taken else (f"{channel.name}-{now:.3f}", None)
        letter = Letter(decided.tell, uid, picture_of(picture))
        self._launch(_Attempt(channel, letter, decided.taken, unnamed if decided.tell.is_digest else 0))
        return None

    def _launch(self, attempt: _Attempt) -> None:
        def work() -> None:
            outcome = _guarded(self._send, attempt.channel, attempt.letter)
            self._jobs.put(_Attempt(attempt.channel, attempt.letter, attempt.numbers, attempt.unnamed, outcome))

        self._under_way.add(attempt.channel.name)
        threading.Thread(target=work, name=f"send {attempt.channel.name}", daemon=True).start()


def try_channel(channel: Channel, send: Send, clock: Clock, timeout: float = TEST_SECONDS) -> Delivery:
    """Send a test message past the queue and say what happened; the caller waits ``timeout`` seconds at most."""
    letter = Letter(test_message(), f"test-{clock.time():.3f}")
    return Delivery(clock.time(), TEST_KEY, channel.name, send_at_once(channel, letter, send, timeout).error)


def send_at_once(channel: Channel, letter: Letter, send: Send, timeout: float) -> Outcome:
    """Send a message past the queue, for ``timeout`` seconds at most; a service that hangs is left to its thread."""
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    sending = threading.Thread(
        target=lambda: outcomes.put(_guarded(send, channel, letter)), name=f"send {channel.name}", daemon=True
    )
    sending.start()
    try:
        return outcomes.get(timeout=timeout)
    except queue.Empty:
        return Outcome(f"there was no answer within {timeout:.0f} s")


def _guarded(send: Send, channel: Channel, letter: Letter) -> Outcome:
    """Send, whatever happens: an attempt without an outcome would block its channel for ever."""
    try:
        return send(channel, letter)
    except Exception as error:  # noqa: BLE001 (it is logged, but without a traceback: that may hold the address)
        log.warning("Channel %s broke: %s", channel.name, type(error).__name__)
        return Outcome(f"{type(error).__name__} while sending")
