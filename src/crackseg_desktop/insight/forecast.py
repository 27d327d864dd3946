"""When free space will cross its limit, and what the checkpoints of a run still need. Pure.

The pace is the median of the slopes between all points that lie far enough apart (Theil and Sen's, without the near
pairs in which files that come and go outweigh the trend), so a burst of less than about a quarter of the span does not
change it. What it tells is likely, not certain, and whoever shows it says so. Times are Unix seconds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from statistics import median
from typing import TYPE_CHECKING

from crackseg_desktop import units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crackseg_desktop.readings import Checkpoint
    from crackseg_desktop.series import Buckets

    Point = tuple[float, float]

WINDOWS = (3600.0, 6 * 3600.0, 2 * 86_400.0, 7 * 86_400.0)
"""Over what time a pace is taken, the present one first: a slow trend shows only in the longer ones."""
HORIZON_SECONDS = 30 * 86_400.0

_REACH = 10.0
"""A pace is followed for so many times the span that it was seen over, and no farther."""
_LEAST_SECONDS = 1800.0
_PARTS, _FEWEST_PARTS = 64, 8
_TAIL = 0.25
"""The share of slopes on either side of the interval."""
_STEADY = 0.25
"""The slowest of the slopes within the interval must be at least this share of the median."""
_LEAST_BYTES = 64 * 2.0**20
"""What shrank by less than this within a window is taken as not shrinking: logs, caches."""
_AROUND, _OUTSTANDING = 3, 3.0
"""Space was cleared where the medians of so many parts before and after differ by so many times what others do."""
_FEWEST_EPOCHS = 2
_MISSED = 2.5
"""The first checkpoint is gone where the oldest came later than so many times the time from one to the next."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class DiskForecast:
    """When free space likely crosses its limit; ``time`` is None where that cannot be told, and ``reason`` says why.

    Attributes:
        earliest, latest: between which times it likely does.
        bytes_per_hour: by how much the space shrinks; None where no pace is known.
        seen_seconds: over what time the pace was seen.
    """

    time: float | None = None
    earliest: float | None = None
    latest: float | None = None
    bytes_per_hour: float | None = None
    seen_seconds: float = 0.0
    reason: str = ""


def forecast_disk(times: Sequence[float], free: Sequence[float], limit: float, now: float) -> DiskForecast:
    """Forecast when the free bytes of a file system go below ``limit``; NaN is a figure that is missing.

    The columns should reach as far back as the longest of ``WINDOWS``, and be fine enough for the shortest.
    """
    points = _points(times, free, now)
    return _first_told(([point for point in points if point[0] >= now - window] for window in WINDOWS), limit, now)


def forecast_from(read: Callable[[float, float], Buckets], limit: float, now: float) -> DiskForecast:
    """Forecast as ``forecast_disk`` does, reading free bytes from a time to a time window by window, as far as needed.

    So each window is as fine as ``read`` gives it; a few hundred rows are enough.
    """
    found = (read(now - window, now) for window in WINDOWS)
    return _first_told((_points(item.times, item.means, now) for item in found), limit, now)


@dataclass(frozen=True, slots=True)
class CheckpointGrowth:
    """What the checkpoints of a run take; None where it cannot be told, and ``reason`` says why.

    Attributes:
        bytes_now, files: what is there.
        usual_bytes: the size of one.
        bytes_per_epoch, bytes_per_hour: what is added; 0 where new ones take the place of old ones.
        bytes_to_come: until the planned epochs are done.
        files_at_end: how many there will be then.
        best_and_last_bytes: what only the best and the last one would take.
    """

    bytes_now: int = 0
    files: int = 0
    usual_bytes: float | None = None
    bytes_per_epoch: float | None = None
    bytes_per_hour: float | None = None
    bytes_to_come: float | None = None
    files_at_end: int | None = None
    best_and_last_bytes: float | None = None
    reason: str = ""


def checkpoint_growth(
    checkpoints: Sequence[Checkpoint], started: float | None, epoch: int | None, total_epochs: int | None
) -> CheckpointGrowth:
    """Return how the checkpoints of a run grow, from what is there now; ``epoch`` is the last one finished."""
    if not checkpoints:
        return CheckpointGrowth(reason="it has no checkpoints")
    usual = median(item.size_bytes for item in checkpoints)
    there = CheckpointGrowth(
        bytes_now=sum(item.size_bytes for item in checkpoints),
        files=len(checkpoints),
        usual_bytes=usual,
        best_and_last_bytes=sum(_size_of(kind, checkpoints, usual) for kind in ("best", "last")),
    )
    if epoch is None or epoch < _FEWEST_EPOCHS:
        return replace(there, reason="too few epochs have ended")
    added = _added(checkpoints)
    if _is_rotated(added, started):
        return replace(there, reason="older checkpoints are likely removed as new ones come")
    size = sum(item.size_bytes for item in added)
    return replace(
        there,
        bytes_per_epoch=size / epoch,
        bytes_per_hour=_per_hour(added, started, size),
        bytes_to_come=size / epoch * max(0, total_epochs - epoch) if total_epochs else None,
        files_at_end=len(checkpoints) + round(len(added) / epoch * max(0, total_epochs - epoch))
        if total_epochs
        else None,
        reason="" if total_epochs else "how many epochs are planned is not known",
    )


def _added(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Return the checkpoints that stay beside each other, the oldest first: their paths differ in a number alone."""
    alike: dict[str, list[Checkpoint]] = {}
    for item in checkpoints:
        alike.setdefault(_NUMBER.sub("#", item.path), []).append(item)
    kept = (item for items in alike.values() if len(items) > 1 for item in items)
    return sorted(kept, key=lambda item: item.time)


def _is_rotated(added: Sequence[Checkpoint], started: float | None) -> bool:
    """Say whether the first ones are gone: then the oldest that is left came much later than one after another does."""
    if started is None or len(added) < 2:
        return False
    pace = median(after.time - before.time for before, after in pairwise(added))
    return pace > 0 and added[0].time - started > _MISSED * pace


def _per_hour(added: Sequence[Checkpoint], started: float | None, size: int) -> float | None:
    if not added:
        return 0.0
    hours = (added[-1].time - started) / 3600.0 if started is not None else 0.0
    return size / hours if hours > 0 else None


def _size_of(kind: str, checkpoints: Sequence[Checkpoint], usual: float) -> float:
    """Return the size of the newest checkpoint of a kind, the usual one where there is none."""
    newest = max((item for item in checkpoints if item.kind == kind), key=lambda item: item.time, default=None)
    return newest.size_bytes if newest is not None else usual


def _points(times: Sequence[float], free: Sequence[float], now: float) -> list[Point]:
    return [(time, value) for time, value in zip(times, free, strict=True) if time <= now and not math.isnan(value)]


def _first_told(windows: Iterable[list[Point]], limit: float, now: float) -> DiskForecast:
    """Return the forecast of the first window that gives one, else what the last says."""
    told = DiskForecast(reason="there are no readings of it")
    for points in windows:
        if not points:
            continue
        last, value = points[-1]
        if value < limit:
            return DiskForecast(last, last, last, reason="it is below the limit already")
        told = _extended(_since_cleared(_thinned(points)), limit, now)
        if told.time is not None:
            break
    return told


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Return the medians of equal parts of time: short-lived files do not show in them."""
    first, length = points[0][0], max(1.0, points[-1][0] - points[0][0])
    parts: dict[int, list[Point]] = {}
    for time, value in points:
        parts.setdefault(min(_PARTS - 1, int(_PARTS * (time - first) / length)), []).append((time, value))
    return [(median(time for time, _ in part), median(value for _, value in part)) for part in parts.values()]


def _since_cleared(parts: list[Point]) -> list[Point]:
    """Return the parts after somebody cleared space: one rise that no other comes near, and that stays."""
    rises = [
        median(value for _, value in parts[row : row + _AROUND])
        - median(value for _, value in parts[row - _AROUND : row])
        for row in range(_AROUND, len(parts) - _AROUND + 1)
    ]
    if not rises:
        return parts
    cut = max(range(len(rises)), key=rises.__getitem__)
    others = (abs(rise) for row, rise in enumerate(rises) if abs(row - cut) >= _AROUND)
    if rises[cut] < max(_LEAST_BYTES, _OUTSTANDING * max(others, default=0.0)):
        return parts
    return _since_cleared(parts[cut + _AROUND :])


def _extended(parts: Sequence[Point], limit: float, now: float) -> DiskForecast:
    """Extend the pace of the parts to the limit."""
    seen = parts[-1][0] - parts[0][0] if parts else 0.0
    if len(parts) < _FEWEST_PARTS or seen < _LEAST_SECONDS:
        return DiskForecast(seen_seconds=seen, reason="it has been watched for too short a time")
    slopes = sorted(_slopes(parts, seen / 3.0))
    fast, pace, slow = (slopes[round(share * (len(slopes) - 1))] for share in (_TAIL, 0.5, 1.0 - _TAIL))
    told = DiskForecast(bytes_per_hour=-pace * 3600.0, seen_seconds=seen)
    if -pace * seen < _LEAST_BYTES:
        return replace(told, reason="it does not shrink")
    if slow > _STEADY * pace:
        return replace(told, reason="it goes up and down")
    left = median(value - pace * (time - now) for time, value in parts[-_FEWEST_PARTS:]) - limit
    first, likely, last = (now + max(0.0, left) / -slope for slope in (fast, pace, slow))
    reach = min(HORIZON_SECONDS, _REACH * seen)
    if likely - now > reach:
        return replace(told, reason=f"at this pace not within {units.duration(reach)}")
    return replace(told, time=likely, earliest=first, latest=last)


def _slopes(parts: Sequence[Point], least: float) -> Iterator[float]:
    """Yield the slopes between all parts that lie at least so many seconds apart."""
    for (before, low), (after, high) in combinations(parts, 2):
        if after - before >= least:
            yield (high - low) / (after - before)
