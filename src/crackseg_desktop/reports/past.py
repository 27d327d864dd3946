"""What a report reads of the history, and small sums over its columns. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crackseg_desktop.series import Buckets, Gap, SeriesKey


class Past(Protocol):
    """The history, as ``history.archive`` reads it. Times are Unix seconds."""

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        """Return the series whose metric matches a GLOB pattern, sorted."""

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        """Return what a series was over a span, in the finest tier, or in at most so many buckets."""

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        """Return the gaps in a span."""

    def covered(self) -> tuple[float, float] | None:
        """Return of when the oldest and the newest figure is; None: there is none."""


Span = tuple[float, float]


def subjects(past: Past, metric: str, label: str, since: float | None = None) -> dict[str, SeriesKey]:
    """Return the series of a metric by the value of one of their labels."""
    return {dict(key[1])[label]: key for key in past.series(metric, since) if label in dict(key[1])}


def highest(buckets: Buckets) -> tuple[float, float] | None:
    """Return the highest value of all and when it was; None: there is none."""
    return max(_finite(buckets.maxima, buckets.times), default=None, key=lambda pair: (pair[0], -pair[1]))


def lowest(buckets: Buckets) -> tuple[float, float] | None:
    """Return the lowest value of all and when it was; None: there is none."""
    return min(_finite(buckets.minima, buckets.times), default=None)


def mean(buckets: Buckets) -> float | None:
    """Return the mean of all samples; None: there is none."""
    rows = zip(buckets.means, buckets.counts, strict=True)
    pairs = [(value, count) for value, count in rows if math.isfinite(value)]
    total = sum(count for _, count in pairs)
    return math.fsum(value * count for value, count in pairs) / total if total else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch or overlap as one."""
    joined: list[Span] = []
    for since, until in sorted(span for span in spans if span[1] > span[0]):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


def _finite(values: Sequence[float], times: Sequence[float]) -> list[tuple[float, float]]:
    return [(value, time) for value, time in zip(values, times, strict=True) if math.isfinite(value)]
