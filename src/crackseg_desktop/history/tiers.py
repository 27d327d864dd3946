"""Tiers: how fine the history is at which age, and how figures are folded into coarser buckets.

The finest tier keeps every sample. Each other one keeps buckets of a fixed period, aligned to Unix time (UTC: daylight
saving does not touch them), with the smallest, largest, mean and last figure and their count. Folding is associative:
in whatever steps it is done, and in whatever pieces the figures arrive, the buckets are the same (means up to
rounding), so that a tail that is not folded yet is folded while it is read.

NaN is a figure (a training logs it): ``mean`` is then NaN too, ``minimum`` and ``maximum`` are of the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crackseg_desktop.settings import History

DAY = 86_400.0
FOLDED_AT_ONCE = 360
"""So many buckets of a tier are folded, and packed, together: an hour of 10 s, six hours of 1 min, 90 h of 15 min."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Buckets of ``period`` seconds, kept for ``seconds``. In the finest tier: every sample, whatever its distance."""

    period: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept: tiers, the finest first, each period a multiple of the one before.

    ``most_bytes`` is the most that the file may take, ``pinned_seconds`` the age at which a pin holds no longer.
    """

    tiers: tuple[Tier, ...] = (Tier(1.0, DAY), Tier(10.0, 14 * DAY), Tier(60.0, 90 * DAY), Tier(900.0, 730 * DAY))
    most_bytes: int = 500_000_000
    pinned_seconds: float = 90 * DAY

    @property
    def finest(self) -> float:
        """Return the period of the finest tier."""
        return self.tiers[0].period

    @property
    def periods(self) -> tuple[float, ...]:
        """Return the periods, the finest first."""
        return tuple(tier.period for tier in self.tiers)

    def coarser(self, period: float) -> float | None:
        """Return the period of the next coarser tier; None for the coarsest."""
        return next((tier.period for tier in self.tiers if tier.period > period), None)

    def span(self, period: float) -> float:
        """Return over how many seconds (aligned) the figures of a tier are folded into the next one together."""
        return FOLDED_AT_ONCE * (self.coarser(period) or period)


DEFAULT_KEEPING = Keeping()


def keeping_of(settings: History) -> Keeping:
    """Return what the settings ask to keep."""
    ages = (settings.seconds_hours / 24, settings.ten_seconds_days, settings.minutes_days, settings.quarters_days)
    tiers = tuple(Tier(tier.period, days * DAY) for tier, days in zip(DEFAULT_KEEPING.tiers, ages, strict=True))
    return Keeping(tiers, int(settings.most_megabytes * 1e6))


class Columns(NamedTuple):
    """Figures of one series as columns of equal length; equal columns may be one object: leave them as they are.

    A sample is a bucket of which all figures are equal and the count is 1.
    """

    times: Sequence[float]
    minima: Sequence[float]
    maxima: Sequence[float]
    means: Sequence[float]
    lasts: Sequence[float]
    counts: Sequence[int]

    def part(self, start: int, stop: int) -> Columns:
        """Return a slice of the rows."""
        return Columns._make(column[start:stop] for column in self)


EMPTY = Columns((), (), (), (), (), ())


def of_samples(times: Sequence[float], values: Sequence[float]) -> Columns:
    """Return samples as columns."""
    return Columns(times, values, values, values, values, (1,) * len(times))


def joined(pieces: Iterable[Columns]) -> Columns:
    """Return pieces as one, sorted by time; of equal times the later piece comes last (a clock may be set back)."""
    kept = [piece for piece in pieces if piece.times]
    if len(kept) <= 1:
        return _sorted(kept[0]) if kept else EMPTY
    if all(piece.minima is piece.lasts for piece in kept):
        times, values = (list(chain.from_iterable(piece[place] for piece in kept)) for place in (0, 1))
        return _sorted(of_samples(times, values))
    return _sorted(Columns._make(list(chain.from_iterable(parts)) for parts in zip(*kept, strict=True)))


def _sorted(columns: Columns) -> Columns:
    times = list(columns.times)
    if times == sorted(times):
        return columns
    order = sorted(range(len(times)), key=times.__getitem__)
    return Columns._make([column[row] for row in order] for column in columns)


class Grouping(NamedTuple):
    """Which rows fall into which bucket: where each begins in time, and its rows from and to."""

    starts: list[float]
    first: list[int]
    end: list[int]


def grouping_of(times: Sequence[float], period: float) -> Grouping:
    """Return the buckets of ``period`` that rows fall into; the times rise."""
    numbers = [time // period for time in times]
    borders = [row for row, (before, here) in enumerate(pairwise(numbers), 1) if before != here]
    first = [0, *borders] if numbers else []
    return Grouping([numbers[row] * period for row in first], first, [*borders, len(numbers)] if numbers else [])


def fold(columns: Columns, period: float, grouping: Grouping | None = None) -> Columns:
    """Return rows, sorted by time, as buckets of ``period`` seconds that begin at multiples of it.

    ``grouping`` is that of these times and period, for who folds many series of equal times.
    """
    starts, first, end = grouping or grouping_of(columns.times, period)
    rows = list(map(slice, first, end))
    lasts, counts = columns.lasts, columns.counts
    return Columns(
        starts,
        _extremes(min, columns.minima, rows),
        _extremes(max, columns.maxima, rows),
        _means(columns.means, counts, rows),
        [lasts[row - 1] for row in end],
        [sum(counts[part]) for part in rows],
    )


def _extremes(choose: Callable[[Iterable[float]], float], column: Sequence[float], rows: list[slice]) -> list[float]:
    if not any(map(math.isnan, column)):
        return [choose(column[part]) for part in rows]
    return [choose([value for value in column[part] if not math.isnan(value)] or (math.nan,)) for part in rows]


def _means(means: Sequence[float], counts: Sequence[int], rows: list[slice]) -> list[float]:
    if len(counts) == sum(counts):  # samples
        return [sum(means[part]) / (part.stop - part.start) for part in rows]
    return [_weighted(means[part], counts[part]) for part in rows]


def _weighted(means: Sequence[float], counts: Sequence[int]) -> float:
    return float(sum(map(mul, means, counts))) / sum(counts)
