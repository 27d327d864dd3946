"""The week before the demo began, read as a history is: made when it is asked for, and only what is asked for."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from crackseg_desktop.series import Buckets, Gap
from crackseg_desktop.simulation.past import DAY_PERIOD, DAY_SECONDS, GAPS, WEEK_PERIOD, WEEK_SECONDS, past_rows
from crackseg_desktop.simulation.timeline import SEED

if TYPE_CHECKING:
    from crackseg_desktop.series import SeriesKey
    from crackseg_desktop.simulation.past import Row

_MOST_BUCKETS, _ROWS_A_BUCKET = 700, 4
_LOOK_SECONDS = 1800.0
"""So often the week is looked at to find its series: no run of the story is shorter."""


class ToldPast:
    """What ``history.archive.Archive`` reads, of the story. Belongs to one thread.

    ``anchor`` (Unix seconds) stands for 14:05 of the story, and is where the week ends.
    """

    def __init__(self, anchor: float, seed: int = SEED) -> None:
        self._anchor, self._seed = anchor, seed
        self._rows: dict[tuple[float, float, float], list[Row]] = {}

    @property
    def problem(self) -> str | None:
        """Return None: a story can always be told."""
        return None

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        """Return the series whose metric matches a pattern, sorted; with ``since`` those with figures since then."""
        first, last = self.covered()
        rows = self._told(first if since is None else max(since, first), last, _LOOK_SECONDS)
        return tuple(sorted({key for row in rows for key in row.figures if fnmatchcase(key[0], pattern)}))

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        """Return a series over a span: readings where they are no more than ``most``, else buckets of a few each."""
        first, last = self.covered()
        since, until = max(since, first), min(until, last)
        finest = DAY_PERIOD if since >= last - DAY_SECONDS else WEEK_PERIOD
        if not since < until:
            return Buckets(key, finest)
        wanted = 0.0 if most is None else (until - since) / min(most, _MOST_BUCKETS)
        if wanted <= finest:
            return self._folded(key, self._told(since, until, finest), finest)
        period = math.ceil(wanted / finest) * finest
        return self._folded(key, self._told(since, until, max(finest, period / _ROWS_A_BUCKET)), period)

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        """Return the gaps that touch a span, the oldest first."""
        gaps = (Gap(self._anchor + start, self._anchor + end, reason) for start, end, reason in GAPS)
        return tuple(gap for gap in gaps if gap.until >= since and gap.since < until)

    def covered(self) -> tuple[float, float]:
        """Return from when to when there is a story."""
        return self._anchor - WEEK_SECONDS, self._anchor

    def close(self) -> None:
        """Forget what was told."""
        self._rows = {}

    def _told(self, since: float, until: float, step: float) -> list[Row]:
        """Return the rows of a span; the series of a page ask for the same ones after each other."""
        asked = since, until, step
        if asked not in self._rows:
            begin = math.ceil(since / step) * step
            self._rows = {asked: list(past_rows(self._anchor, begin, until, step, self._seed))}
        return self._rows[asked]

    @staticmethod
    def _folded(key: SeriesKey, rows: list[Row], period: float) -> Buckets:
        found = Buckets(key, period)
        parts: dict[float, list[float]] = {}
        for row in rows:
            if key in row.figures:
                parts.setdefault(math.floor(row.time / period) * period, []).append(row.figures[key])
        for time, values in parts.items():
            found.times.append(time)
            found.minima.append(min(values))
            found.maxima.append(max(values))
            found.means.append(sum(values) / len(values))
            found.lasts.append(values[-1])
            found.counts.append(len(values))
        return found
