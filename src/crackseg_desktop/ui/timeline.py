"""Which time the pages show, and the figures of it: from memory while they are young, from the history beyond.

Plain Python without widgets, a part of the ``Model``. Pages ask for tracks; what memory does not hold is noted, asked
of the history by whoever calls ``take_wanted``, and drawn once ``on_found`` has taken it over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.series import Gap
from crackseg_desktop.ui.time_range import HOUR, TimeRange, TimeView, Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.series import SeriesKey
    from crackseg_desktop.ui.tracks import Track

MOST_BUCKETS = 3000
"""Of what is asked for: three times what is seen, so that a drag finds its figures there."""
_EVERY_SAMPLE = 2 * HOUR
"""So short a span is read in the finest tier: there a bucket a pixel is no more than a sample."""
_FINEST = 1.0
_WIDEST = 5.0
"""So many times as long as what is seen an answer may be, and still have a bucket for every pixel."""
_SLACK = 2.0
_AGAIN_SECONDS = 30.0
UNRECORDED = "before the history"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the history: series over a span, at most so many buckets each; which series have a pattern."""

    keys: frozenset[SeriesKey]
    since: float
    until: float
    most: int | None
    pattern: str = ""

    def serves(self, other: Wanted, *, has_every_sample: bool) -> bool:
        """Say whether the answer to this also answers another, no coarser than that would."""
        fine = has_every_sample or self.until - self.since <= _WIDEST * (other.until - other.since)
        inside = self.since <= other.since and self.until >= other.until
        return inside and fine and self.keys >= other.keys and self.pattern == other.pattern


@dataclass(frozen=True, slots=True)
class Found:
    """What the history answered; ``problem`` is why it could not be read, or nothing."""

    wanted: Wanted
    tracks: Mapping[SeriesKey, Track] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    covered: tuple[float, float] | None = None
    series: tuple[SeriesKey, ...] = ()
    period: float = 0.0
    problem: str = ""


class Timeline:
    """The time shown, the cursor in it, and what the history told. Belongs to the GUI thread.

    Attributes:
        range: what a person chose.
        pinned: the instant (Unix seconds) at which the cursor was left standing, on all pages; None: nowhere.
        off: why there is no history to ask, or nothing.
        trouble: why the history is not written as it should be, or nothing.
        late: the history has been asked and has let a person wait.
    """

    def __init__(self) -> None:
        self.range = TimeRange()
        self.pinned: float | None = None
        self.off = "History is not read here."
        self.trouble = ""
        self.forget()

    def forget(self) -> None:
        """Forget what the history told, not what a person chose."""
        self.late = False
        self._found: Found | None = None
        self._asked: Wanted | None = None
        self._asked_at = 0.0
        self._keys: set[SeriesKey] = set()
        self._pattern = ""
        self._window: Window | None = None
        self._first = 0.0
        self._joined: dict[SeriesKey, tuple[object, Track]] = {}

    def track(self, key: SeriesKey, window: Window, recent: Track) -> Track:
        """Return a series over a window, times before its end; ``recent`` is what memory holds of it, whole.

        While nothing changes it is the same object, which need not be drawn again.
        """
        self._first = float(recent.times[0]) if len(recent.times) else 0.0
        if self.covers(window, recent):
            return recent.within(window).shifted(-window.until)
        self._window = window
        self._keys.add(key)
        older = self._found.tracks.get(key) if self._found is not None else None
        if older is None:
            return recent.within(window).shifted(-window.until)
        identity = (window, float(recent.times[-1]) if len(recent.times) and window.until > recent.times[0] else 0.0)
        if key not in self._joined or self._joined[key][0] != identity:
            from crackseg_desktop.ui.tracks import joined

            self._joined[key] = identity, joined(older, recent).within(window).shifted(-window.until)
        return self._joined[key][1]

    def covers(self, window: Window, recent: Track) -> bool:
        """Say whether memory alone holds a window, or as much of it as there is anywhere."""
        if self.off:
            return True
        return bool(len(recent.times)) and window.since >= recent.times[0] - _SLACK

    def series(self, pattern: str, window: Window) -> tuple[SeriesKey, ...]:
        """Return the series of this name that the history has; none until it has answered."""
        self._pattern, self._window = pattern, window
        return self._found.series if self._found is not None and self._found.wanted.pattern == pattern else ()

    def take_wanted(self, now: float) -> Wanted | None:
        """Return what the pages lacked since the last call, or None where it is here or on its way."""
        window, keys, pattern = self._window, frozenset(self._keys), self._pattern
        self._keys, self._window, self._pattern = set(), None, ""
        if self.off or window is None or not (keys or pattern):
            return None
        needed = Wanted(keys, self._reach(window.since), min(window.until, self._first or now), None, pattern)
        if needed.until <= needed.since or (self._asked is not None and self._served(self._asked, needed, now)):
            return None
        margin = window.span
        most = None if window.span <= _EVERY_SAMPLE else MOST_BUCKETS
        since, until = window.since - margin, min(window.until + margin, now)
        self._asked = Wanted(keys, min(self._reach(since), needed.since), max(until, needed.until), most, pattern)
        self._asked_at = now
        return self._asked

    def on_found(self, found: Found) -> None:
        """Take over an answer."""
        self._found, self.late = found, False
        self._joined = {}

    def oldest(self, recent_first: float) -> float:
        """Return the oldest moment of which anything is known; ``recent_first`` is that in memory."""
        covered = self._found.covered if self._found is not None else None
        return recent_first if covered is None else min(covered[0], recent_first)

    def view(self, window: Window, now: float, *, live: bool) -> TimeView:
        """Return what plots need to know of their axis."""
        gaps = list(self._found.gaps) if self._found is not None else []
        began = self._first or now
        if self._found is not None and self._found.covered is not None:
            began = min(began, self._found.covered[0])
        if window.since < began < window.until and window.span > HOUR and (self.off or self._found is not None):
            gaps.append(Gap(window.since, began, self.off.rstrip(".") or UNRECORDED))
        return TimeView(window.span, window.until, live, gaps=tuple(gaps), words=self.words(window))

    def words(self, window: Window) -> str:
        """Say why a window may be empty."""
        if self.off:
            return self.off
        if self.late:
            return "Reading the history…"
        if self._found is None:
            return ""
        if self._found.problem:
            return self._found.problem
        if self.trouble:
            return self.trouble
        if self._found.covered is None:
            return "No history yet. It begins with what is measured from now on."
        return "Nothing was measured in this time."

    def _reach(self, since: float) -> float:
        """Return since when there is anything to ask for."""
        covered = self._found.covered if self._found is not None else None
        return since if covered is None else max(since, covered[0])

    def _served(self, asked: Wanted, needed: Wanted, now: float) -> bool:
        found = self._found
        if found is not None and found.wanted is asked and found.problem:
            return now - self._asked_at < _AGAIN_SECONDS
        is_here = found is not None and found.wanted is asked
        fine = asked.most is None or (is_here and found is not None and 0 < found.period <= _FINEST)
        return asked.serves(needed, has_every_sample=fine and needed.until - needed.since <= _EVERY_SAMPLE * 2)
