"""Columns of numbers made ready to be drawn: thinned to the pixels there are, and cut where nothing was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Column = NDArray[float64]

GAP_SECONDS = 5.0
"""From here on missing values are a gap; below, a late sample."""


def gaps(times: Column, values: Column) -> list[tuple[float, float]]:
    """Return the spans of time between two measured values in which none was, longer than ``GAP_SECONDS``.

    A column that ends in missing values has a gap up to its last time; one that begins with them just began later.
    """
    import numpy as np

    measured = np.flatnonzero(np.isfinite(values))
    if not len(measured):
        return []
    holes = np.flatnonzero(np.diff(measured) > 1)
    spans = [(float(times[measured[hole]]), float(times[measured[hole + 1]])) for hole in holes]
    if measured[-1] < len(values) - 1:
        spans.append((float(times[measured[-1]]), float(times[-1])))
    return [(start, end) for start, end in spans if end - start > GAP_SECONDS]


def decimate(
    times: Column, values: Column, span: float, parts: int, now: float = 0.0, flat: float = 0.0
) -> tuple[Column, Column]:
    """Return the lowest and highest value of every part of a span, NaN between what a gap separates.

    ``times`` are relative to ``now``. Parts lie on fixed multiples of absolute time, so that a curve keeps its shape
    while it moves. Where lowest and highest differ by less than ``flat`` (what a line is wide) their middle is enough.
    """
    import numpy as np

    holes = gaps(times, values)
    finite = np.isfinite(values)
    times, values = times[finite], values[finite]
    if len(times) > 2 * parts:
        times, values = _peaks(times, values, span / parts, now, flat)
    if holes:
        places = np.searchsorted(times, [end for _, end in holes])
        middles = [(start + end) / 2 for start, end in holes]
        times, values = np.insert(times, places, middles), np.insert(values, places, math.nan)
    return times, values


def summarise(times: Column, columns: tuple[Column, Column, Column], width: float, now: float) -> tuple[Column, ...]:
    """Return (times, means, lowest, highest) of every part of ``width`` seconds of (values, low, high).

    As with ``decimate`` parts lie on fixed multiples of absolute time, and a row of NaN stands where a gap is.
    """
    import numpy as np

    if not len(times):
        return times, *columns
    part = np.floor((times + now) / width)
    is_hole = ~np.isfinite(columns[0])
    edges = (np.diff(part) != 0) | (is_hole[1:] != is_hole[:-1])
    starts = np.concatenate(([0], np.flatnonzero(edges) + 1))
    counts = np.diff(np.append(starts, len(times)))
    means, lowest, highest = (
        merge.reduceat(column, starts) for merge, column in zip((np.add, np.fmin, np.fmax), columns, strict=True)
    )
    middles = np.add.reduceat(times, starts) / counts
    # The last value stays as it is: a dot stands on it.
    last = [column[-1:] for column in (times, *columns)]
    thinned = (middles, means / counts, lowest, highest)
    return tuple(np.append(part, end) for part, end in zip(thinned, last, strict=True))


def segments(times: Column, values: Column) -> list[tuple[Column, Column]]:
    """Cut columns at NaN; parts of a single point are left out."""
    import numpy as np

    breaks = np.flatnonzero(~np.isfinite(values))
    starts, ends = np.concatenate(([0], breaks + 1)), np.concatenate((breaks, [len(values)]))
    return [(times[a:b], values[a:b]) for a, b in zip(starts, ends, strict=True) if b - a > 1]


def _peaks(times: Column, values: Column, width: float, now: float, flat: float) -> tuple[Column, Column]:
    import numpy as np

    pixel = np.floor((times + now) / width)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(pixel)) + 1))
    lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    middle = (lowest + highest) / 2
    calm = highest - lowest < flat
    lowest, highest = np.where(calm, middle, lowest), np.where(calm, middle, highest)
    at = times[starts]
    # The last value stays as it is: a dot stands on it.
    thinned = np.column_stack((lowest, highest)).ravel()
    return np.append(np.repeat(at, 2), times[-1]), np.append(thinned, values[-1])
