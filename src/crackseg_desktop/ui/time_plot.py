"""The plot of hardware over a span of time, live or past.

Series come thinned to the pixels there are (``columns.decimate``, ``columns.summarise``), because pyqtgraph's own
thinning moves with the window and makes a live curve shimmer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from crackseg_desktop import units
from crackseg_desktop.ui.plots import Plot, Series, last_dot, same_columns
from crackseg_desktop.ui.time_range import HOUR
from crackseg_desktop.ui.widgets import ticks
from crackseg_desktop.ui.widgets.columns import decimate, gaps, summarise
from crackseg_desktop.ui.widgets.plot_layers import Band, Frame, Hole, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.time_range import TimeView
    from crackseg_desktop.ui.tracks import Track


class TimePlot(Plot):
    """Hardware over a span of time; x is seconds before its end (negative), unit one of the catalogue."""

    def __init__(self, theme: Theme, name: str, unit: str, axis_width: int = 47, axis_height: int = 20) -> None:
        super().__init__(theme, name, axis_width, axis_height)
        self._has_times = axis_height >= 20
        self._unit = unit
        self._given: tuple[tuple[object, ...], list[Series]] = (), []
        self._view: TimeView | None = None

    def put(
        self,
        series: list[Series],
        view: TimeView,
        *,
        low: float = 0.0,
        high: float | None = None,
        limit: float | None = None,
        marks: Sequence[Mark] = (),
    ) -> None:
        """Show series over a span of time. ``high`` is the top of the axis; None takes a round one."""
        if not self.isVisible():
            return
        width, height = self.area_width(), self.area_height()
        given = (view, low, high, limit, tuple(marks), width, height)
        if given == self._given[0] and same_columns(series, self._given[1]):
            return
        self._given, self._view = (given, series), view
        top = self._top(series, low, limit, high)
        holes = _holes(series[0] if series else None, view)
        frame = Frame(
            x_range=(-view.span, 0.0),
            y_range=(low, top),
            x_ticks=_time_ticks(view, width) if self._has_times else [],
            y_ticks=ticks.y_ticks(low, top, height, self._unit, limit),
            limit=limit,
            gaps=holes,
            marks=list(marks),
        )
        if not any(_has_figures(part, view.span) for part in series):
            frame.words = "" if _is_explained(holes, view.span) else view.words
        flat = 2.5 * (top - low) / max(1.0, height)
        thinned = [self._thinned(part, view, width // 2, flat) for part in series]
        frame.bands = [Band(p.x, p.low, p.high, p.colour) for p in thinned if p.low is not None and p.high is not None]
        if view.live:
            oldest = -max(10.0, view.span / 60)
            frame.dots = [dot for part in thinned if (dot := last_dot(part, oldest)) is not None]
        self.draw(frame, thinned)

    def read_out(self, x: float) -> list[tuple[str, str]]:
        """Return (colour, figure with its unit) of every series at the moment nearest to ``x``; in a gap, its name."""
        hole = next((hole for hole in self.frame.gaps if hole.start < x < hole.end), None)
        if hole is not None:
            return [("text3", hole.words)]
        found = []
        for part in self._series:
            finite = np.flatnonzero(np.isfinite(part.y))
            if len(finite):
                place = finite[int(np.argmin(np.abs(part.x[finite] - x)))]
                found.append((part.colour, self._figure(part, place)))
        return found

    def _figure(self, part: Series, place: int) -> str:
        text = units.figure(self._unit, float(part.y[place]))
        if part.low is None or part.high is None or len(self._series) > 1:
            return text
        low, _ = units.split_figure(self._unit, float(part.low[place]))
        high, _ = units.split_figure(self._unit, float(part.high[place]))
        return text if low == high else f"{text} ({low}–{high})"

    def _thinned(self, part: Series, view: TimeView, parts: int, flat: float) -> Series:
        if part.low is not None and part.high is not None:
            x, y, low, high = summarise(part.x, (part.y, part.low, part.high), view.span / parts, view.until)
            return replace(part, x=x, y=y, low=low, high=high)
        x, y = decimate(part.x, part.y, view.span, parts, view.until, flat)
        return replace(part, x=x, y=y)

    def _top(self, series: list[Series], low: float, limit: float | None, wanted: float | None) -> float:
        """Return the upper end of the axis: what is wanted, or a round one where that would cut a peak."""
        columns = (part.y if part.high is None else part.high for part in series)
        highest = max((float(np.nanmax(column)) for column in columns if np.isfinite(column).any()), default=low)
        if wanted is not None and highest <= wanted:
            return wanted
        highest = max(highest, limit or highest)
        scale, _ = ticks.unit_scale(self._unit, highest)
        count = ticks.parts(self.area_height())
        return max(ticks.nice_range(low / scale, highest / scale, count)[1] * scale, low + scale)


def series_of(
    track: Track, colour: str, *, width: float = 1.5, dashed: bool = False, filled: bool = False
) -> list[Series]:
    """Return a track as what a plot shows of it: nothing where it is empty."""
    if not len(track.times):
        return []
    return [Series(track.times, track.values, colour, dashed, width, "", filled, track.low, track.high)]


def _time_ticks(view: TimeView, width: int) -> list[ticks.Tick]:
    """Return ages on an axis that ends now and is short, else clock times and days."""
    if view.started is not None:
        before = view.until - view.started
        found = ticks.elapsed_ticks(before - view.span, before, width)
        return [tick._replace(value=tick.value - before) for tick in found]
    if view.live and view.span <= HOUR and not view.clock:
        return ticks.ago_ticks(view.span, width)
    if view.live and view.span <= HOUR:
        return ticks.clock_ago_ticks(view.span, width, view.until)
    found = ticks.clock_ticks(*view.window, width)
    return [tick._replace(value=tick.value - view.until) for tick in found]


def _holes(series: Series | None, view: TimeView) -> list[Hole]:
    """Return where a series has a gap, by the name that it has; and the named gaps in which it has no figure."""
    named = [Hole(gap.since - view.until, gap.until - view.until, gap.reason) for gap in view.gaps]
    if series is None:
        return named
    measured = series.x[np.isfinite(series.y)]
    holes = []
    for start, end in gaps(series.x, series.y):
        why = next((hole for hole in named if hole.start < end and hole.end > start), None)
        holes.append(Hole(start, end) if why is None else Hole(start, end, why.words))
    for hole in named:
        first, last = np.searchsorted(measured, (hole.start, hole.end))
        if first == last and not any(hole.start < other.end and hole.end > other.start for other in holes):
            holes.append(hole)
    return holes


def _has_figures(part: Series, span: float) -> bool:
    return bool((np.isfinite(part.y) & (part.x >= -span) & (part.x <= 0)).any())


def _is_explained(holes: list[Hole], span: float) -> bool:
    """Say whether a gap with its name in it takes most of the plot."""
    return any(min(hole.end, 0.0) - max(hole.start, -span) > 0.6 * span for hole in holes)
