"""When things happen in the story that the demo tells, in seconds from its present: 14:05 of a Monday.

Story time is a plain offset, so that the same day can be told at any time of the user's: the wall time that stands for
14:05 is the ``anchor`` that the other modules of this room take.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crackseg_desktop.clock import Clock

SEED = 20261123
_NOW = (14, 5)


def moment(clock: str, days: int = 0) -> float:
    """Return the story time of a clock time such as ``12:38``, so many days after the Monday."""
    hours, minutes = (int(part) for part in clock.split(":"))
    return ((days * 24 + hours - _NOW[0]) * 60 + minutes - _NOW[1]) * 60.0


HOTTEST = moment("13:21")
SLOWED_SECONDS = 12.0
ASLEEP_SINCE = moment("13:40")
DOWNLOAD = moment("13:30")


@dataclass(frozen=True, slots=True)
class StoryClock:
    """A clock that stands still."""

    now: float

    def time(self) -> float:
        """Return the one moment, in Unix seconds."""
        return self.now

    def monotonic(self) -> float:
        """Return a day: the machine of the story was not started just now."""
        return 86_400.0


def story_clock() -> StoryClock:
    """Return the clock of the pictures: it is always 14:05 of 23 November 2026, local time."""
    return StoryClock(time.mktime((2026, 11, 23, *_NOW, 0, 0, 0, -1)))


class PacedClock:
    """A clock that runs ``rate`` times as fast as another one, from a moment of its own (Unix seconds) on."""

    def __init__(self, clock: Clock, begins: float, rate: float) -> None:
        self._clock, self._begins, self._rate = clock, begins, rate
        self._started = clock.monotonic()

    def time(self) -> float:
        """Return Unix seconds of the simulation."""
        return self._begins + self._elapsed()

    def monotonic(self) -> float:
        """Return seconds that rise with ``time``."""
        return self._started + self._elapsed()

    def _elapsed(self) -> float:
        return (self._clock.monotonic() - self._started) * self._rate


def smooth_noise(seed: int, channel: str, at: float, period: float) -> float:
    """Return a value in -1..1 that wanders over ``at`` and turns about every ``period`` seconds; pure."""
    knot, part = divmod(at / period, 1.0)
    before, after = (_knot(f"{seed}/{channel}/{int(knot) + step}") for step in (0, 1))
    return before + (after - before) * part * part * (3.0 - 2.0 * part)


def _knot(name: str) -> float:
    """Return a value in -1..1 that a name stands for; a digest, since a ``Random`` takes ten times as long to seed."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") / 2.0**31 - 1.0


def as_told(at: float, told: float, value: float) -> float:
    """Return a figure that is exactly the ``told`` one at 14:05 and ``value`` a few seconds away from it."""
    weight = max(0.0, 1.0 - abs(at) / 8.0)
    return value + (told - value) * weight
