"""Whether the clock can be trusted: one that is wrong for an hour must not cost what was recorded for years.

Nothing is deleted for its age while the clock is in doubt: after it went forward by more than a day, as after a long
time switched off, until it has stayed so for a day, or has been set back.
"""

from __future__ import annotations

from typing import NamedTuple

DAY = 86_400.0
FORWARD_SECONDS = DAY
STRANGE_SECONDS = 7 * DAY
"""A jump that is worth telling a person: shorter ones are weekends."""
HELD_SECONDS = DAY
BACK_SECONDS = 60.0
BACK_TOLD_SECONDS = 3600.0


class Doubt(NamedTuple):
    """A jump forward by ``jump`` seconds to ``since`` (Unix seconds)."""

    since: float
    jump: float


class ClockWatch:
    """Follows the times of samples. Belongs to one thread.

    Attributes:
        last: the time of the sample before; None: there is none.
        doubt: why nothing is deleted at present.
    """

    def __init__(self, last: float | None = None, doubt: Doubt | None = None) -> None:
        self.last = last
        self.doubt = doubt
        self._back: Doubt | None = None

    def see(self, time: float) -> None:
        """Take note of the time of the next sample."""
        jump = 0.0 if self.last is None else time - self.last
        self.last = time
        if self.doubt and not 0 <= time - self.doubt.since < HELD_SECONDS:
            self.doubt = None
        if self._back and not 0 <= time - self._back.since < BACK_TOLD_SECONDS:
            self._back = None
        if jump > FORWARD_SECONDS:
            self.doubt = Doubt(time, jump)
        elif jump < -BACK_SECONDS:
            self._back = Doubt(time, -jump)

    @property
    def sentence(self) -> str:
        """Return what a person should know of it; empty where there is nothing."""
        if self.doubt and self.doubt.jump > STRANGE_SECONDS:
            days = round(self.doubt.jump / DAY)
            return f"The clock went forward by {days} days; nothing old is deleted until it has stayed so for a day."
        if self._back:
            return f"The clock was set back by {_duration(self._back.jump)}; what was recorded then is there twice."
        return ""


def _duration(seconds: float) -> str:
    for size, name in ((DAY, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
