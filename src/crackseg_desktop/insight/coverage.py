"""How much of a span is known: the seconds that each row of a column stands for, and the gaps between them. Pure.

A row is a sample, or a bucket of samples. It stands for the time until the next one, unless that comes too late: then
nothing is known of the time between. All times are Unix seconds.
"""

from __future__ import annotations

import itertools
from array import array
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from crackseg_desktop.series import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crackseg_desktop.series import Buckets

LONGEST_GAP = 60.0
"""Time over this between two rows counts for nothing: the program was closed, the machine slept, a driver hung."""
NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of a span: its gaps are in order and do not overlap."""

    since: float
    until: float
    seconds: float
    gaps: tuple[Gap, ...] = ()

    @property
    def share(self) -> float:
        """Return the known share of the span, 0 to 1."""
        length = self.until - self.since
        return min(1.0, self.seconds / length) if length > 0 else 0.0


def known_seconds(
    times: Sequence[float], period: float = 0.0, counts: Sequence[int] = (), longest_gap: float = LONGEST_GAP
) -> array[float]:
    """Return how many seconds each row stands for.

    ``period`` is how long a bucket is, 0 for samples; ``counts`` are its samples. Of a bucket with fewer samples than
    the ones beside it, that share is known: so the sampling period, which may have changed, need not be.
    """
    most = max(longest_gap, period)
    steps = [after - before for before, after in itertools.pairwise(times)]
    usual = period or (median(near) if (near := [step for step in steps if step <= most]) else 0.0)
    seconds = array("d", (step if step <= most else usual for step in steps))
    if times:
        seconds.append(usual)
    if counts and period > 1.0:
        for row, share in enumerate(_shares(times, counts, period)):
            seconds[row] *= share
    return seconds


def seconds_of(buckets: Buckets, longest_gap: float = LONGEST_GAP) -> array[float]:
    """Return how many seconds each bucket of a series stands for."""
    return known_seconds(buckets.times, buckets.period, buckets.counts, longest_gap)


def clipped(times: Sequence[float], seconds: Sequence[float], since: float, until: float) -> array[float]:
    """Return what of the seconds that rows stand for lies within a span."""
    return array(
        "d",
        (max(0.0, min(time + length, until) - max(time, since)) for time, length in zip(times, seconds, strict=True)),
    )


def coverage_of(
    times: Sequence[float],
    seconds: Sequence[float],
    since: float,
    until: float,
    named: Iterable[Gap] = (),
    least_gap: float = LONGEST_GAP,
) -> Coverage:
    """Return what is known of a span; gaps shorter than ``least_gap`` are not listed, but not known either.

    ``named`` are gaps of which the reason is known; the others have "no data". Where in a bucket its gap was, nobody
    knows any more: it is told at its end.
    """
    known = sum(clipped(times, seconds, since, until))
    reasons = tuple(named)
    gaps = tuple(
        Gap(begin, end, _reason(begin, end, reasons))
        for begin, end in _unknown(times, seconds, since, until)
        if end - begin >= least_gap
    )
    return Coverage(since, until, known, gaps)


def merged(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return spans of time in order, those that touch or overlap as one."""
    whole: list[tuple[float, float]] = []
    for since, until in sorted(spans):
        if whole and since <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], until))
        elif until > since:
            whole.append((since, until))
    return tuple(whole)


def length_of(spans: Iterable[tuple[float, float]]) -> float:
    """Return the seconds in spans that do not overlap."""
    return sum(until - since for since, until in spans)


def _shares(times: Sequence[float], counts: Sequence[int], period: float) -> Iterator[float]:
    """Yield each bucket's count over that of the fullest of it and its direct neighbours."""
    last = len(times) - 1
    for row, count in enumerate(counts):
        fullest = count
        if row and times[row] - times[row - 1] <= period:
            fullest = max(fullest, counts[row - 1])
        if row < last and times[row + 1] - times[row] <= period:
            fullest = max(fullest, counts[row + 1])
        yield count / fullest if fullest else 0.0


def _unknown(
    times: Sequence[float], seconds: Sequence[float], since: float, until: float
) -> Iterator[tuple[float, float]]:
    reached = since
    for time, length in zip(times, seconds, strict=True):
        if time > reached and time > since:
            yield reached, min(time, until)
        if time >= until:
            return
        reached = max(reached, time + length)
    if reached < until:
        yield reached, until


def _reason(since: float, until: float, named: Sequence[Gap]) -> str:
    """Return the reason of the named gap that explains most of a span."""
    overlaps = ((min(gap.until, until) - max(gap.since, since), gap.reason) for gap in named)
    overlap, reason = max(overlaps, default=(0.0, NO_DATA), key=lambda pair: pair[0])
    return reason if overlap > 0 and reason else NO_DATA
