"""Scales and ticks of the charts of a report: round figures with units, local hours and days. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.reports.period import DAYS

if TYPE_CHECKING:
    from crackseg_desktop.reports.period import Period

_HOURS = (1, 2, 3, 4, 6, 8, 12)
_MOST_TICKS = 6
_BINARY = ((1024.0**4, "TiB"), (1024.0**3, "GiB"), (1024.0**2, "MiB"), (1024.0, "KiB"), (1.0, "B"))


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps ``low``..``high`` to ``start``..``end`` in px; what lies beyond is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value is drawn, in px."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.0
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))


def nice_step(span: float, most: int = 4) -> float:
    """Return a round step (1, 2, 2.5 or 5 times a power of ten) that cuts a span into at most so many parts."""
    if span <= 0:
        return 1.0
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * 0.999)


def value_ticks(unit: str, low: float, high: float) -> list[tuple[float, str]]:
    """Return round values between two, with their units."""
    if unit == "bytes":
        return _byte_ticks(high)
    step = 20.0 if unit == "celsius" and high - low <= 100 else nice_step(high - low)
    first = math.ceil(low / step - 1e-9)
    rows = [index * step for index in range(first, int(high / step + 1e-9) + 1)]
    decimals = next((places for places in range(4) if abs(step * 10**places - round(step * 10**places)) < 1e-9), 4)
    return [(value, units.figure(unit, value) if unit else f"{value:.{decimals}f}") for value in rows]


def time_ticks(period: Period) -> list[tuple[float, str]]:
    """Return the ticks of a day (local hours, at most seven of them) or of a week (its midnights)."""
    if period.kind == "weekly":
        return [(day.since, f"{DAYS[day.date.weekday()][:3]} {day.date.day}") for day in period.days]
    hours = period.seconds / 3600
    step = next((step for step in _HOURS if hours / step <= _MOST_TICKS - 0.5), _HOURS[-1])
    ticks = []
    for hour in range(0, 24, step):
        moment = datetime.combine(period.first, time(hour), tzinfo=period.zone).timestamp()
        if period.since <= moment <= period.until and period.local(moment).hour == hour:  # the clocks may skip it
            ticks.append((moment, f"{hour:02d}:00"))
    if period.is_over and 24 % step == 0:
        ticks.append((period.end, "24:00"))
    return ticks


def day_limits(period: Period) -> tuple[float, float]:
    """Return what the time axis shows: of a day what has passed of it, of a week all of it."""
    if period.kind == "weekly":
        return period.since, period.end
    return period.since, max(period.until, period.since + timedelta(hours=1).total_seconds())


def _byte_ticks(high: float) -> list[tuple[float, str]]:
    """Return at most four ticks from 0 on, a power of two of a unit apart."""
    scale, unit = next(((size, name) for size, name in _BINARY if high >= 2 * size), _BINARY[-1])
    step = scale
    while high / step > 3.5:
        step *= 2
    return [(index * step, f"{index * step / scale:g} {unit}") for index in range(int(high / step) + 1)]
