"""How pages write the time that they show, an instant in it, and what a figure was over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.ui.time_range import DAY, HOUR, SPANS
from crackseg_desktop.ui.widgets.ticks import clock, day, seconds_of_day

if TYPE_CHECKING:
    from crackseg_desktop.ui.time_range import TimeRange, Window
    from crackseg_desktop.ui.tracks import Track

_DAYS_ONLY = 4 * DAY


def range_words(shown: TimeRange, now: float) -> str:
    """Write what is shown where no choice says it: ``last 43 min``, ``20 Nov, 14:05 – 15:05``."""
    if not shown.live:
        return window_words(shown.window(now), now)
    return "" if any(span == shown.span for span, _ in SPANS) else f"last {units.duration(shown.span)}"


def window_words(window: Window, now: float) -> str:
    """Write a span of time by its ends, with days where they are not today."""
    first, last, today = day(window.since), day(window.until), day(now)
    if window.span >= _DAYS_ONLY:
        return f"{first} – {last}"
    write = clock if window.span >= 600 else seconds_of_day
    if first != last:
        return f"{first} {write(window.since)} – {last} {write(window.until)}"
    span = f"{write(window.since)} – {write(window.until)}"
    return span if first == today else f"{first}, {span}"


def instant_words(moment: float, now: float, span: float) -> str:
    """Write an instant on an axis of ``span`` seconds, as exactly as that can tell it, with its day if not today."""
    text = seconds_of_day(moment) if span <= 2 * HOUR else clock(moment)
    return text if day(moment) == day(now) else f"{day(moment)} {text}"


def over_window(unit: str, track: Track) -> tuple[str, str, str]:
    """Return (mean, its unit, a note with lowest and highest value) of a series over the time shown."""
    import numpy as np

    inside = (track.times <= 0) & np.isfinite(track.values)
    if not inside.any():
        return units.MISSING, "", ""
    low = track.values if track.low is None else track.low
    high = track.values if track.high is None else track.high
    figure, name = units.split_figure(unit, track.mean())
    lowest, small = units.split_figure(unit, float(low[inside].min()))
    highest, large = units.split_figure(unit, float(high[inside].max()))
    lowest = lowest if small == large else f"{lowest} {small}"
    return figure, f"{name} mean", f"{lowest} – {highest} {large}"
