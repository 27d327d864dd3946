"""One series over the time shown, as columns: from memory, from the history, or joined of both. Pure, on numpy.

A track of samples has values only; one of buckets also what was lowest and highest in each, so that no peak is lost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float64
    from numpy.typing import NDArray

    from crackseg_desktop.series import Buckets
    from crackseg_desktop.ui.time_range import Window

    Column = NDArray[float64]

_JOIN_SECONDS = 30.0
"""The newest samples reach the history a little late: so much may lie between it and those in memory."""


class Track(NamedTuple):
    """Columns of equal length over rising times; NaN where nothing was measured. ``low`` and ``high`` go together."""

    times: Column
    values: Column
    low: Column | None = None
    high: Column | None = None

    def shifted(self, seconds: float) -> Track:
        """Return it with other times, such as seconds before now."""
        return self._replace(times=self.times + seconds)

    def within(self, window: Window) -> Track:
        """Return the part in a window, and one row on either side so that lines reach its edges."""
        first = max(0, int(np.searchsorted(self.times, window.since)) - 1)
        last = int(np.searchsorted(self.times, window.until, side="right")) + 1
        return self.rows(first, last)

    def mean(self) -> float:
        """Return the mean over time, in which a row counts for as long as it stands; NaN where there is nothing."""
        finite = np.isfinite(self.values)
        if not finite.any():
            return math.nan
        steps = np.diff(self.times)
        if not len(steps):
            return float(self.values[0])
        stands = np.minimum(np.append(steps[:1], steps), np.append(steps, steps[-1:]))[finite]
        if not stands.any():
            return float(self.values[finite].mean())
        return float((self.values[finite] * stands).sum() / stands.sum())

    def rows(self, first: int, last: int) -> Track:
        """Return some of its rows, as views."""
        low, high = (None if column is None else column[first:last] for column in (self.low, self.high))
        return Track(self.times[first:last], self.values[first:last], low, high)


EMPTY = Track(np.empty(0), np.empty(0))


def track_of(buckets: Buckets) -> Track:
    """Return what the history has of a series, each bucket at its middle; NaN where buckets are missing."""
    if not len(buckets):
        return EMPTY
    times, means, minima, maxima = (
        np.frombuffer(column, dtype=np.float64)
        for column in (buckets.times, buckets.means, buckets.minima, buckets.maxima)
    )
    has_band = bool((maxima > minima).any())
    if has_band:
        times = times + buckets.period / 2
    holes = np.flatnonzero(np.diff(times) > max(1.5 * buckets.period, buckets.period + 2.0)) + 1
    middles = (times[holes - 1] + times[holes]) / 2
    times, means, minima, maxima = (
        np.insert(column, holes, filling)
        for column, filling in ((times, middles), (means, math.nan), (minima, math.nan), (maxima, math.nan))
    )
    return Track(times, means, minima, maxima) if has_band else Track(times, means)


def joined(older: Track, newer: Track) -> Track:
    """Return both in one; where they overlap the newer counts, and a gap between them stays one."""
    if not len(newer.times):
        return older
    older = older.rows(0, int(np.searchsorted(older.times, newer.times[0])))
    if not len(older.times):
        return newer
    parts = [older, newer]
    step = float(np.median(np.diff(older.times[-50:]))) if len(older.times) > 1 else 0.0
    if newer.times[0] - older.times[-1] > max(_JOIN_SECONDS, 2 * step):
        middle = np.array([(newer.times[0] + older.times[-1]) / 2])
        parts.insert(1, Track(middle, np.array([math.nan])))
    times, values = (np.concatenate([part[column] for part in parts]) for column in (0, 1))
    if all(part.low is None for part in parts):
        return Track(times, values)
    low = np.concatenate([part.values if part.low is None else part.low for part in parts])
    high = np.concatenate([part.values if part.high is None else part.high for part in parts])
    return Track(times, values, low, high)


def summed(tracks: Sequence[Track]) -> Track:
    """Return the sum of series at the times of any of them; the band is where the sum must have been within."""
    tracks = [track for track in tracks if len(track.times)]
    if len(tracks) < 2:
        return tracks[0] if tracks else EMPTY
    times = np.unique(np.concatenate([track.times for track in tracks]))

    def total(columns: list[Column]) -> Column:
        sums, known = np.zeros(len(times)), np.zeros(len(times), dtype=bool)
        for track, column in zip(tracks, columns, strict=True):
            places, finite = np.searchsorted(times, track.times), np.isfinite(column)
            np.add.at(sums, places[finite], column[finite])
            known[places[finite]] = True
        return np.where(known, sums, math.nan)

    values = total([track.values for track in tracks])
    if all(track.low is None for track in tracks):
        return Track(times, values)
    low = total([track.values if track.low is None else track.low for track in tracks])
    return Track(times, values, low, total([track.values if track.high is None else track.high for track in tracks]))
