"""The energy that a GPU used over a span: by its own counter, else integrated from its power. Pure.

A counter knows also what was used while nobody looked, so it is preferred; it begins anew when the driver is loaded,
and some cards have one that does not move (NVML reports it from Volta on). Energy is in joules, power in watts, times
are Unix seconds; NaN is a figure that is missing.
"""

from __future__ import annotations

import itertools
import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.insight.coverage import LONGEST_GAP, clipped, seconds_of
from crackseg_desktop.series import Buckets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JOULES_PER_KILOWATT_HOUR = 3.6e6

_LEAST_COVERAGE, _LEAST_ENERGY = 0.98, 0.8
"""A counter is not believed that knows less of the time, or of the energy, in which power was measured."""


@dataclass(frozen=True, slots=True)
class EnergyUsed:
    """Energy, of how many seconds it is known, and how."""

    joules: float
    seconds_covered: float
    source: Literal["counter", "integrated"]


def energy_of(
    times: Sequence[float],
    watts: Sequence[float],
    counter: Sequence[float] | None = None,
    longest_gap: float = LONGEST_GAP,
    seconds: Sequence[float] | None = None,
) -> EnergyUsed | None:
    """Return the energy of columns of equal length; None where neither tells anything.

    The counter is that of the card at each time. ``seconds`` are what each row stands for where rows are means over
    buckets (see ``coverage.seconds_of``): power is then mean times seconds; else rows are samples, and the time between
    two that are farther apart than ``longest_gap`` counts for nothing.
    """
    measured = _integrated(times, watts, longest_gap) if seconds is None else _summed(watts, seconds)
    return _judged(_counted(times, counter, longest_gap), measured) if counter is not None else _known(measured)


def energy_in(
    power: Buckets | None,
    counter: Buckets | None,
    since: float,
    until: float,
    longest_gap: float = LONGEST_GAP,
) -> EnergyUsed | None:
    """Return the energy between two times from what the history has of power and counter, in buckets of any length."""
    power, counter = power or _NOTHING, counter or _NOTHING
    seconds = clipped(power.times, seconds_of(power, longest_gap), since, until)
    counted = _counted(*_readings_of(counter, since, until), max(longest_gap, counter.period))
    return _judged(counted, _summed(power.means, seconds))


def added(parts: Sequence[EnergyUsed | None]) -> EnergyUsed | None:
    """Return the energy of several GPUs; None where that of one is unknown, or there are none.

    ``seconds_covered`` is that of the one least known.
    """
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    is_counted = all(part.source == "counter" for part in known)
    return EnergyUsed(
        sum(part.joules for part in known),
        min(part.seconds_covered for part in known),
        "counter" if is_counted else "integrated",
    )


def kilowatt_hours(joules: float) -> float:
    """Return joules as kilowatt hours."""
    return joules / JOULES_PER_KILOWATT_HOUR


def cost_of(joules: float, tariff: float) -> float | None:
    """Return what energy costs at ``tariff`` for a kilowatt hour; None where there is no tariff (0)."""
    return kilowatt_hours(joules) * tariff if tariff > 0 else None


_NOTHING = Buckets(("", ()), 0.0)


def _judged(counted: EnergyUsed, measured: EnergyUsed) -> EnergyUsed | None:
    """Return what the counter says, unless it knows less than was measured, as one that stands still does."""
    is_believed = (
        counted.seconds_covered > 0
        and counted.seconds_covered >= _LEAST_COVERAGE * measured.seconds_covered
        and counted.joules >= _LEAST_ENERGY * measured.joules
    )
    return counted if is_believed else _known(measured)


def _known(energy: EnergyUsed) -> EnergyUsed | None:
    return energy if energy.seconds_covered > 0 else None


def _integrated(times: Sequence[float], watts: Sequence[float], longest_gap: float) -> EnergyUsed:
    """Return the area under power, by trapezoids."""
    joules = covered = 0.0
    points = ((time, value) for time, value in zip(times, watts, strict=True) if not math.isnan(value))
    for (before, low), (after, high) in itertools.pairwise(points):
        if 0.0 < (step := after - before) <= longest_gap:
            joules += 0.5 * (low + high) * step
            covered += step
    return EnergyUsed(joules, covered, "integrated")


def _summed(watts: Sequence[float], seconds: Sequence[float]) -> EnergyUsed:
    known = [(value, length) for value, length in zip(watts, seconds, strict=True) if not math.isnan(value)]
    joules = sum(value * length for value, length in known)
    return EnergyUsed(joules, sum(length for _, length in known), "integrated")


def _counted(times: Sequence[float], counter: Sequence[float], longest_still: float) -> EnergyUsed:
    """Return by how much a counter rose. Nothing is known where it fell, or where it stands still to the end."""
    joules = covered = 0.0
    points = [(time, value) for time, value in zip(times, counter, strict=True) if not math.isnan(value)]
    for (before, low), (after, high) in itertools.pairwise(_changes(points)):
        step = after - before
        if high > low or (high == low and step <= longest_still):
            joules += high - low
            covered += step
    return EnergyUsed(joules, covered, "counter")


def _changes(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield the points at which a counter moved, the first, and the last: it is read less often than samples are."""
    before = math.nan
    for point in points:
        if point[1] != before:
            yield point
            before = point[1]
    if len(points) > 1 and points[-2][1] == before:
        yield points[-1]


def _readings_of(counter: Buckets, since: float, until: float) -> tuple[array[float], array[float]]:
    """Return the readings of a counter in a span: of a bucket the first and the last, at the ends in proportion.

    What it read first in a bucket is its lowest there, and the lowest after it began anew within.
    """
    times, values = array("d"), array("d")
    is_sampled = counter.period <= 1.0
    for time, low, last in zip(counter.times, counter.minima, counter.lasts, strict=True):
        if is_sampled:
            if since <= time <= until:
                times.append(time)
                values.append(last)
        elif time < until and time + counter.period > since:
            rate = (last - low) / counter.period
            begin, end = max(time, since), min(time + counter.period, until)
            times.extend((begin, end))
            values.extend((low + rate * (begin - time), low + rate * (end - time)))
    return times, values
