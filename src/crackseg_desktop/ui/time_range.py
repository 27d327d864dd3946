"""Which time the plots show: the last so many seconds, live, or a span of the past. Pure; times are Unix seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.series import Gap

HOUR, DAY = 3600.0, 86400.0
SPANS = (
    *((900.0, "15 min"), (HOUR, "1 h"), (6 * HOUR, "6 h")),
    *((DAY, "24 h"), (7 * DAY, "7 d"), (30 * DAY, "30 d")),
)
"""The spans to choose from, and what they are called."""
SHORTEST = 60.0
_NEAR_END = 0.1
"""Who zooms so near (share of the span) to the newest value wants to keep it in sight."""


class Window(NamedTuple):
    """A span of time."""

    since: float
    until: float

    @property
    def span(self) -> float:
        """Return its length in seconds."""
        return self.until - self.since

    def panned(self, seconds: float, limits: Window) -> Window:
        """Move it, to later times where ``seconds`` is positive, within the limits."""
        seconds = max(limits.since - self.since, min(seconds, limits.until - self.until))
        return Window(self.since + seconds, self.until + seconds)

    def zoomed(self, factor: float, at: float, limits: Window) -> Window:
        """Make it ``factor`` times as long about a moment, which keeps its place, within the limits."""
        span = max(min(SHORTEST, limits.span), min(self.span * factor, limits.span))
        share = (at - self.since) / self.span if self.span > 0 else 1.0
        since = at - share * span
        since = min(max(since, limits.since), limits.until - span)
        return Window(since, since + span)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The time that pages show: the last ``span`` seconds, or those before ``until``."""

    span: float = HOUR
    until: float | None = None

    @property
    def live(self) -> bool:
        """Say whether it ends now, and moves with it."""
        return self.until is None

    def window(self, now: float) -> Window:
        """Return what it is at a moment."""
        until = now if self.until is None else self.until
        return Window(until - self.span, until)

    def panned(self, seconds: float, now: float, oldest: float) -> TimeRange:
        """Move it; it becomes live again where it reaches now, and ends at the oldest moment there is."""
        return self._within(self.window(now).panned(seconds, self._limits(now, oldest)), now)

    def zoomed(self, factor: float, at: float, now: float, oldest: float) -> TimeRange:
        """Zoom about a moment; what is live stays so where that is close to now, or where it becomes longer."""
        window = self.window(now)
        if self.live and at > window.until - _NEAR_END * window.span:
            at = window.until
        return self._within(window.zoomed(factor, at, self._limits(now, oldest)), now)

    def back_to_live(self) -> TimeRange:
        """Return the live range whose span is the nearest of those to choose from."""
        return TimeRange(min((span for span, _ in SPANS), key=lambda span: abs(math.log(span / self.span))))

    def _limits(self, now: float, oldest: float) -> Window:
        """Return what can be reached: what is chosen stays in reach where the history is shorter than that."""
        return Window(min(oldest, now - SHORTEST, self.window(now).since), now)

    def _within(self, window: Window, now: float) -> TimeRange:
        is_now = window.until >= now - 0.002 * window.span
        return TimeRange(window.span, None if is_now else window.until)


@dataclass(frozen=True, slots=True)
class TimeView:
    """What a time plot needs to know of its axis: x is seconds before ``until`` (negative).

    ``live`` ends now; ``clock`` writes clock times also then, and ``started`` times since that moment; ``gaps`` are the
    spans that have a name, in Unix seconds; ``words`` say why nothing is to be seen, where that is so.
    """

    span: float
    until: float
    live: bool = True
    clock: bool = False
    started: float | None = None
    gaps: Sequence[Gap] = ()
    words: str = ""

    @property
    def window(self) -> Window:
        """Return the time shown."""
        return Window(self.until - self.span, self.until)
