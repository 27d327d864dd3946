"""Series: how they are named, and their figures as columns. What the history keeps and others judge, draw and report.

Times are Unix seconds (UTC). Columns are ``array("d")``, so that whoever wants numpy wraps them without a copy.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SeriesKey = tuple[str, tuple[tuple[str, str], ...]]
"""A metric name and its labels as sorted pairs."""


def series_key(metric: str, labels: Mapping[str, str]) -> SeriesKey:
    """Return the key of one series."""
    return metric, tuple(sorted(labels.items()))


@dataclass(frozen=True, slots=True)
class Buckets:
    """What one series was over a span, the oldest first: columns of equal length, a bucket a row.

    A bucket begins at its time and covers ``period`` seconds; one without figures is not there. In the finest tier a
    bucket is one sample: all of its figures are equal and its count is 1.
    """

    key: SeriesKey
    period: float
    times: array[float] = field(default_factory=lambda: array("d"))
    minima: array[float] = field(default_factory=lambda: array("d"))
    maxima: array[float] = field(default_factory=lambda: array("d"))
    means: array[float] = field(default_factory=lambda: array("d"))
    lasts: array[float] = field(default_factory=lambda: array("d"))
    counts: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of which nothing is known: ``reason`` says why in a few words ("suspended", "not running")."""

    since: float
    until: float
    reason: str
