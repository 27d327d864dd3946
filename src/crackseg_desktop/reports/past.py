"""What a report reads of the history. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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
ROWS = 8640
"""Enough for a sum or a peak: of a day every 10 s, with the least and the most of each; not one a second."""


def subjects(past: Past, metric: str, label: str, since: float | None = None) -> dict[str, SeriesKey]:
    """Return the series of a metric by the value of one of their labels."""
    return {dict(key[1])[label]: key for key in past.series(metric, since) if label in dict(key[1])}
