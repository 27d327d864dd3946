"""What is told at once and what waits: groups, quiet hours and the flood cap. Pure; time is passed in.

- The first word about a subject is never delayed. What follows about it within ten seconds is gathered into one.
- At most so many are told in a span of time; the rest comes as one digest, and nothing overtakes that.
- In the quiet hours, or while the desktop is not to be disturbed, everything waits for a digest after them.
- What is critical is gathered by itself, waits for no digest and passes cap and quiet hours.

The same plan is made for the screen, whose queue is in memory, and for each remote channel, whose queue is on disk.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from crackseg_desktop.notify.words import Urgency, digest_of, gathered_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crackseg_desktop.notify.words import Notification

GROUP_SECONDS = 10.0
RECHECK_SECONDS = 60.0
"""Nobody tells that the quiet hours end, the clock is set or do-not-disturb is off: it is looked at each minute."""

_REMEMBERED = 100
_LEAST_WAIT = 1e-3
"""What is left by rounding could be too little to get there, and would be waited for over and over."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``limit`` notifications in any ``seconds``."""

    limit: int
    seconds: float


NATIVE_CAP = Cap(6, 60.0)
REMOTE_CAP = Cap(30, 3600.0)


class Held(StrEnum):
    """Why a notification comes in a digest."""

    NO = ""
    CAP = "cap"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notification that is still to be told, not before ``due`` (seconds, by any clock)."""

    number: int
    notification: Notification
    due: float
    held: Held = Held.NO


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now.

    Attributes:
        tell: what to tell, or None.
        taken: the numbers of what that covers.
        held: the numbers of what goes into a digest from now on, and ``reason`` why.
        wait: seconds until it is worth asking again, or None while nothing waits.
    """

    tell: Notification | None = None
    taken: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    reason: Held = Held.NO
    wait: float | None = None


def plan(
    waiting: Sequence[Waiting],
    told: Sequence[float],
    now: float,
    cap: Cap,
    hush: Callable[[], bool],
    unnamed: int = 0,
) -> Plan:
    """Decide what to tell now, in the order of ``waiting``; to be asked again until there is nothing to tell.

    ``told`` are the moments of what was told, oldest first. ``hush`` says whether only what is critical may be told;
    it is asked where that matters. ``unnamed`` were lost before they came here and are counted in the digest.
    """
    # What is due later than a group can last was put in before the clock was set back.
    gathering = [item for item in waiting if 0 < item.due - now <= GROUP_SECONDS]
    later = min((max(_LEAST_WAIT, item.due - now) for item in gathering), default=None)
    ready = [item for item in waiting if not 0 < item.due - now <= GROUP_SECONDS]
    if not ready and not unnamed:
        return Plan(wait=later)
    reason, wait = _obstacle(told, now, cap, hush)
    if reason:
        return _what_is_critical(ready, reason, wait if later is None else min(wait, later))
    if ready and _is_critical(ready[0]):
        return _gathered(ready, ready[0])
    others = [item for item in ready if not _is_critical(item)]
    if unnamed or any(item.held for item in others):
        quiet = any(item.held == Held.QUIET for item in others)
        digest = digest_of([item.notification for item in others], unnamed, quiet=quiet)
        return Plan(_single(others, unnamed) or digest, _numbers(others))
    return _gathered(ready, ready[0])


def merged(earlier: Iterable[Waiting], notification: Notification, now: float) -> tuple[tuple[int, ...], Held, bool]:
    """Say what a new notification makes of those of its key that still wait for a digest or for their group.

    Returns the numbers that it replaces, why it is held from the start, and whether it is to be kept at all: an alert
    that came and went before anybody had heard of it is left out, but not what happened in the quiet hours, and
    nothing that is critical.
    """
    waiting = [
        item
        for item in earlier
        if not _is_critical(item) and (item.held or item.due > now or item.notification.resolved)
    ]
    if not waiting:
        return (), Held.NO, True
    last = waiting[-1]
    was_unheard = notification.resolved and not last.notification.resolved and last.held != Held.QUIET
    held = Held.NO if notification.urgency == Urgency.CRITICAL else last.held
    return _numbers(waiting), held, not was_unheard


class Gate:
    """The queue of what is to be shown on this screen. Belongs to one thread; times are monotonic.

    Attributes:
        wait: seconds until ``take`` may have something, or None.
    """

    def __init__(self, cap: Cap = NATIVE_CAP) -> None:
        self.cap = cap
        self.wait: float | None = None
        self._told: deque[float] = deque(maxlen=1000)
        self._waiting: dict[int, Waiting] = {}
        self._windows: dict[str, float] = {}
        self._unnamed = 0
        self._number = 0

    def put(self, notification: Notification, now: float) -> None:
        """Add a notification: due at once where it is the first of its group, else with the others of the group."""
        earlier = [item for item in self._waiting.values() if item.notification.key == notification.key]
        replaced, held, is_kept = merged(earlier, notification, now)
        for number in replaced:
            del self._waiting[number]
        if not is_kept:
            return
        self._number += 1
        # An end takes the place of what is on the screen, and disturbs nobody.
        due = now if notification.resolved and not earlier else self._due(notification, now)
        self._waiting[self._number] = Waiting(self._number, notification, due, held)
        self._fold()

    def miss(self, count: int) -> None:
        """Count notifications that were lost before they came here into the next digest."""
        self._unnamed += count

    def forget(self, key: str, *, even_critical: bool = True) -> None:
        """Drop what waits about an alert: the person knows, or it is over."""
        for number, item in list(self._waiting.items()):
            if item.notification.key == key and (even_critical or not _is_critical(item)):
                del self._waiting[number]

    def take(self, now: float, hush: Callable[[], bool]) -> Notification | None:
        """Return what to show now; to be asked until that is None."""
        decided = plan(tuple(self._waiting.values()), self._told, now, self.cap, hush, self._unnamed)
        for number in decided.held:
            self._waiting[number] = replace(self._waiting[number], held=decided.reason)
        self.wait = decided.wait
        if decided.tell is None:
            return None
        if decided.tell.is_digest:
            self._unnamed = 0
        for number in decided.taken:
            del self._waiting[number]
        self._told.append(now)
        return decided.tell

    def urgent(self) -> list[Notification]:
        """Return what is critical and still waits for its group, as the program ends."""
        return [item.notification for item in self._waiting.values() if _is_critical(item)]

    def _due(self, notification: Notification, now: float) -> float:
        self._windows = {group: end for group, end in self._windows.items() if end > now}
        if notification.group_key in self._windows:
            return self._windows[notification.group_key]
        self._windows[notification.group_key] = now + GROUP_SECONDS
        return now

    def _fold(self) -> None:
        """Only count the oldest of a flood: a digest names few."""
        others = [number for number, item in self._waiting.items() if not _is_critical(item)]
        for number in others[: max(0, len(others) - _REMEMBERED)]:
            del self._waiting[number]
            self._unnamed += 1


def _obstacle(told: Sequence[float], now: float, cap: Cap, hush: Callable[[], bool]) -> tuple[Held, float]:
    """Say why nothing but what is critical may be told, and for how many seconds to wait for that to change."""
    recent = [moment for moment in told if now - cap.seconds < moment <= now]
    if len(recent) >= cap.limit:
        return Held.CAP, max(_LEAST_WAIT, recent[-cap.limit] + cap.seconds - now)
    return (Held.QUIET, RECHECK_SECONDS) if hush() else (Held.NO, math.inf)


def _what_is_critical(ready: Sequence[Waiting], reason: Held, wait: float) -> Plan:
    urgent = next((item for item in ready if _is_critical(item)), None)
    held = _numbers(item for item in ready if not _is_critical(item) and not item.held)
    if urgent is None:
        return Plan(held=held, reason=reason, wait=wait)
    return replace(_gathered(ready, urgent), held=held, reason=reason)


def _gathered(ready: Sequence[Waiting], first: Waiting) -> Plan:
    group = [item for item in ready if item.notification.group_key == first.notification.group_key]
    return Plan(gathered_of([item.notification for item in group]), _numbers(group))


def _single(others: Sequence[Waiting], unnamed: int) -> Notification | None:
    return others[0].notification if len(others) == 1 and not unnamed else None


def _numbers(items: Iterable[Waiting]) -> tuple[int, ...]:
    return tuple(item.number for item in items)


def _is_critical(item: Waiting) -> bool:
    return item.notification.urgency == Urgency.CRITICAL
