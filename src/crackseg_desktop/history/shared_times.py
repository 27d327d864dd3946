"""Times that many series share: what is made of them is made once."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from crackseg_desktop.history.codec import pack_times
from crackseg_desktop.history.tiers import grouping_of

if TYPE_CHECKING:
    from array import array

    from crackseg_desktop.history.tiers import Grouping


class SharedTimes:
    """What is made of the times of samples once for all series that have the same ones."""

    def __init__(self, times: array[float], hour: float, period: float) -> None:
        self.times = times
        self._hour, self._period = hour, period

    @cached_property
    def hours(self) -> list[tuple[int, int, float, float]]:
        """Return which rows, from and to, are of one hour each, and their first and last time."""
        if min(self.times) // self._hour == max(self.times) // self._hour:
            borders: list[int] = []
        else:
            hours = [time // self._hour for time in self.times]
            borders = [row for row, (before, here) in enumerate(pairwise(hours), 1) if before != here]
        limits = pairwise((0, *borders, len(self.times)))
        return [(start, end, min(self.times[start:end]), max(self.times[start:end])) for start, end in limits]

    @cached_property
    def packed(self) -> bytes:
        """Return them packed."""
        return pack_times(self.times)

    @cached_property
    def grouping(self) -> Grouping:
        """Return the buckets of the next tier that they fall into."""
        return grouping_of(self.times, self._period)
