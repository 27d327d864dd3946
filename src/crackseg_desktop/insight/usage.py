"""How a machine was used over a span: shares, idle and throttled time, and the hours of a week. Pure.

Columns are times (Unix seconds), values, and the seconds that each row stands for (see ``coverage``); NaN is a figure
that is missing, and nothing known is None, never 0.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crackseg_desktop.insight.coverage import LONGEST_GAP, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

IDLE_RATIO = 0.05
LEAST_IDLE_SECONDS = 300.0
"""A GPU may rest for shorter while a training validates, writes a checkpoint or starts its data loaders."""

_HOURS = 7 * 24
_QUARTER = 900.0
"""All time zones in use change hours at a quarter of an hour of UTC."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A value and when it was (Unix seconds)."""

    value: float
    time: float


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The hours of the week: by weekday (0 is Monday) and hour of the day, in local time.

    ``means`` are None where nothing is known, ``known`` is which share of each hour is, over all of its weeks. An hour
    that the span does not reach, or that daylight saving leaves out, has 0 there.
    """

    means: tuple[tuple[float | None, ...], ...]
    known: tuple[tuple[float, ...], ...]


def mean_of(values: Sequence[float], seconds: Sequence[float]) -> float | None:
    """Return the mean over time."""
    pairs = list(_known(values, seconds))
    total = sum(length for _, length in pairs)
    return sum(value * length for value, length in pairs) / total if total > 0 else None


def peak_of(times: Sequence[float], maxima: Sequence[float]) -> Peak | None:
    """Return the highest value and when it was first reached."""
    return _extreme(times, maxima, 1.0)


def lowest_of(times: Sequence[float], minima: Sequence[float]) -> Peak | None:
    """Return the lowest value and when it was first reached."""
    return _extreme(times, minima, -1.0)


def last_of(times: Sequence[float], lasts: Sequence[float]) -> Peak | None:
    """Return the newest value that is there, and when it was."""
    rows = range(len(times) - 1, -1, -1)
    return next((Peak(lasts[row], times[row]) for row in rows if not math.isnan(lasts[row])), None)


def share_above(values: Sequence[float], seconds: Sequence[float], limit: float) -> float | None:
    """Return in which share of the known time values were above a limit, 0 to 1."""
    pairs = list(_known(values, seconds))
    total = sum(length for _, length in pairs)
    return sum(length for value, length in pairs if value > limit) / total if total > 0 else None


def throttled_seconds(throttled: Sequence[float], seconds: Sequence[float]) -> float | None:
    """Return for how long a GPU was held back; the values are 0 or 1, or their means over buckets."""
    pairs = list(_known(throttled, seconds))
    return sum(value * length for value, length in pairs) if pairs else None


def idle_spans(
    times: Sequence[float],
    utilization: Sequence[float],
    seconds: Sequence[float],
    alive: Iterable[tuple[float, float]],
    limit: float = IDLE_RATIO,
    least: float = LEAST_IDLE_SECONDS,
) -> tuple[tuple[float, float], ...]:
    """Return when a GPU did next to nothing although a run was alive, for ``least`` seconds or longer at a time.

    ``alive`` are the spans of the runs on this GPU. A gap ends a span: nobody knows whether it was idle there.
    """
    return tuple(
        span
        for since, until in merged(alive)
        for span in _idle_within(times, utilization, seconds, (since, until), limit)
        if span[1] - span[0] >= least
    )


def heat_map(
    times: Sequence[float],
    values: Sequence[float],
    seconds: Sequence[float],
    zone: tzinfo | None,
    since: float,
    until: float,
) -> HeatMap:
    """Return the mean of each hour of the week over a span, in a time zone (None: the machine's own)."""
    known, sums, there = ([0.0] * _HOURS for _ in range(3))
    cells = {}
    for quarter, length in _quarters(since, until):
        local = datetime.fromtimestamp(quarter * _QUARTER, zone)
        cells[quarter] = cell = local.weekday() * 24 + local.hour
        there[cell] += length
    for time, value, whole in zip(times, values, seconds, strict=True):
        if whole > 0 and not math.isnan(value):
            for quarter, length in _quarters(max(time, since), min(time + whole, until)):
                cell = cells[quarter]
                sums[cell] += value * length
                known[cell] += length
    means = [total / length if length > 0 else None for total, length in zip(sums, known, strict=True)]
    shares = [min(1.0, length / whole) if whole > 0 else 0.0 for length, whole in zip(known, there, strict=True)]
    days = [slice(hour, hour + 24) for hour in range(0, _HOURS, 24)]
    return HeatMap(tuple(tuple(means[day]) for day in days), tuple(tuple(shares[day]) for day in days))


def _quarters(since: float, until: float) -> Iterator[tuple[int, float]]:
    """Yield the quarters of an hour that a span touches, by their number, and the seconds of it that lie in each."""
    quarter = math.floor(since / _QUARTER)
    while since < until:
        quarter, end = quarter + 1, min(until, (quarter + 1) * _QUARTER)
        yield quarter - 1, end - since
        since = end


def _known(values: Sequence[float], seconds: Sequence[float]) -> Iterator[tuple[float, float]]:
    return (
        (value, length) for value, length in zip(values, seconds, strict=True) if length > 0 and not math.isnan(value)
    )


def _extreme(times: Sequence[float], values: Sequence[float], sign: float) -> Peak | None:
    there = (row for row in range(len(times)) if not math.isnan(values[row]))
    row = max(there, key=lambda row: sign * values[row], default=None)
    return Peak(values[row], times[row]) if row is not None else None


def _idle_within(
    times: Sequence[float],
    utilization: Sequence[float],
    seconds: Sequence[float],
    alive: tuple[float, float],
    limit: float,
) -> Iterator[tuple[float, float]]:
    """Yield the stretches of a span in which all values are known and none is above the limit."""
    since, until = alive
    begin = end = None
    for row in range(max(0, bisect_right(times, since) - 1), bisect_left(times, until)):
        start, stop = max(times[row], since), min(times[row] + seconds[row], until)
        if stop <= start:
            continue
        is_idle = utilization[row] <= limit
        if begin is not None and end is not None and (not is_idle or start - end > LONGEST_GAP):
            yield begin, end
            begin = None
        if is_idle:
            begin, end = start if begin is None else begin, stop
    if begin is not None and end is not None:
        yield begin, end
