"""The week before the demo began, read as a history is: a day is told when it is first asked for."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from crackseg_desktop.series import Buckets, Gap
from crackseg_desktop.simulation.past import DAY_PERIOD, DAY_SECONDS, GAPS, WEEK_PERIOD, WEEK_SECONDS, past_rows
from crackseg_desktop.simulation.timeline import SEED

if TYPE_CHECKING:
    from crackseg_desktop.series import SeriesKey

    Column = tuple[array[float], array[float]]
    """Times (Unix seconds) and values of one series."""

_LOOK_SECONDS = 240.0
"""So often the week is looked at to find its series: its shortest run has epochs to tell of for longer."""


class ToldPast:
    """What ``history.archive.Archive`` reads, of the story: the last day more finely. Belongs to one thread.

    ``anchor`` (Unix seconds) stands for 14:05 of the story, and is where the week ends.
    """

    def __init__(self, anchor: float, seed: int = SEED) -> None:
        self._anchor, self._seed = anchor, seed
        self._days: dict[int, dict[SeriesKey, Column]] = {}
        self._seen: dict[SeriesKey, float] = {}

    @property
    def problem(self) -> str | None:
        """Return None: a story can always be told."""
        return None

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        """Return the series whose metric matches a pattern, sorted; with ``since`` those with figures since then."""
        if not self._seen:
            for row in past_rows(self._anchor, *self.covered(), _LOOK_SECONDS, self._seed):
                self._seen.update(dict.fromkeys(row.figures, row.time))
        earliest = -math.inf if since is None else since - _LOOK_SECONDS
        found = (key for key, seen in self._seen.items() if seen > earliest)
        return tuple(sorted(key for key in found if fnmatchcase(key[0], pattern)))

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        """Return a series over a span: readings where they are no more than ``most``, else so many buckets or less."""
        first, last = self.covered()
        since, until = max(since, first), min(until, last)
        finest = DAY_PERIOD if since >= last - DAY_SECONDS else WEEK_PERIOD
        times, values = self._readings(key, since, until)
        if most is None or len(times) <= most:
            return Buckets(key, finest, times, values, values, values, values, array("q", [1]) * len(times))
        period = math.ceil((until - since) / most / finest) * finest
        return _folded(key, times, values, period)

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        """Return the gaps that touch a span, the oldest first."""
        gaps = (Gap(self._anchor + start, self._anchor + end, reason) for start, end, reason in GAPS)
        return tuple(gap for gap in gaps if gap.until >= since and gap.since < until)

    def covered(self) -> tuple[float, float]:
        """Return from when to when there is a story."""
        return self._anchor - WEEK_SECONDS, self._anchor

    def close(self) -> None:
        """Forget what was told."""
        self._days.clear()

    def _readings(self, key: SeriesKey, since: float, until: float) -> Column:
        times, values = array("d"), array("d")
        days = math.floor((since - self._anchor) / DAY_SECONDS), math.ceil((until - self._anchor) / DAY_SECONDS)
        for day in range(*days):
            if (column := self._day(day).get(key)) is not None:
                chosen = slice(*(bisect_left(column[0], end) for end in (since, until)))
                times.extend(column[0][chosen])
                values.extend(column[1][chosen])
        return times, values

    def _day(self, day: int) -> dict[SeriesKey, Column]:
        """Return what was recorded in a day, of which -1 is the last; a day takes some tenths of a second to tell."""
        if day not in self._days:
            columns: dict[SeriesKey, Column] = {}
            begin, period = self._anchor + day * DAY_SECONDS, DAY_PERIOD if day == -1 else WEEK_PERIOD
            for row in past_rows(self._anchor, begin, begin + DAY_SECONDS, period, self._seed):
                for key, value in row.figures.items():
                    if key not in columns:
                        columns[key] = array("d"), array("d")
                    times, values = columns[key]
                    times.append(row.time)
                    values.append(value)
            self._days[day] = columns
        return self._days[day]


def _folded(key: SeriesKey, times: array[float], values: array[float], period: float) -> Buckets:
    found = Buckets(key, period)
    parts: dict[float, list[float]] = {}
    for time, value in zip(times, values, strict=True):
        parts.setdefault(math.floor(time / period) * period, []).append(value)
    for time, part in parts.items():
        found.times.append(time)
        found.minima.append(min(part))
        found.maxima.append(max(part))
        found.means.append(sum(part) / len(part))
        found.lasts.append(part[-1])
        found.counts.append(len(part))
    return found
