"""Where moments lie on the x axis of a run's curves, and back: what lets one cursor read curves and hardware."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crackseg_desktop.ui.model import END_OF_CALENDAR, CurveColumns
from crackseg_desktop.ui.pages.curve_views import origin_of, reference, x_column
from crackseg_desktop.ui.time_range import SHORTEST, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crackseg_desktop.readings import Run
    from crackseg_desktop.ui.plots import XKind

    Curves = Mapping[str, CurveColumns]


@dataclass(frozen=True, slots=True)
class RunAxis:
    """The x axis of a run's curves (epochs, steps, elapsed or clock time); ``now`` is where a living run is."""

    run: Run
    curves: Curves
    kind: XKind
    now: float

    @property
    def origin(self) -> float | None:
        """Return when the run began (Unix seconds), or None where nothing tells a time that can be."""
        origin = origin_of(self.run, self.curves)
        return origin if origin is not None and 0.0 <= origin < END_OF_CALENDAR else None

    @property
    def whole(self) -> Window | None:
        """Return the time of the whole run, or None where nothing tells it."""
        since = self.origin
        if since is None:
            return None
        ends = [float(known[-1]) for curve in self.curves.values() if len(known := _known(curve.times))]
        ends.append(self.now if self.run.active else self.run.facts.updated or since)
        until = max((end for end in ends if since < end < END_OF_CALENDAR), default=since)
        return Window(since, max(until, since + SHORTEST))

    def places(self, moments: Sequence[float]) -> list[float]:
        """Return where moments (Unix seconds) lie on the axis; NaN where that is not known."""
        column = np.array(moments, dtype=np.float64)
        nothing = np.full(len(column), math.nan)
        if self.kind == "step" and reference(self.curves) is None:
            longest = self._longest()
            if longest is None:
                return [math.nan] * len(column)
            known = np.isfinite(longest.times)
            return [float(x) for x in np.interp(column, longest.times[known], longest.steps[known])]
        moment = CurveColumns("time", nothing, column, nothing)
        return [float(x) for x in x_column(moment, self.curves, self.run, self.kind)]

    def moment(self, x: float) -> float | None:
        """Return the moment (Unix seconds) of a place on the axis, or None where the run has none there."""
        if self.kind == "clock":
            return x
        if self.kind == "elapsed":
            return None if self.origin is None else self.origin + x
        curve = reference(self.curves) or self._longest()
        if curve is None:
            return None
        known = np.isfinite(curve.times)
        steps, times = curve.steps[known], curve.times[known]
        if not len(steps) or x > steps[-1]:
            return None
        if x < steps[0]:  # what came before the first point began with the run
            share = max(0.0, x / steps[0]) if steps[0] > 0 else 1.0
            return float(times[0]) if self.origin is None else self.origin + share * float(times[0] - self.origin)
        return float(np.interp(x, steps, times))

    def x_range(self, zoomed: Window | None) -> tuple[float, float] | None:
        """Return what of the axis is shown; None: all that the curves and the plan need."""
        window = zoomed or (self.whole if self.kind in ("elapsed", "clock") else None)
        if window is None:
            return None
        low, high = self.places(window)
        return (low, high) if math.isfinite(low) and math.isfinite(high) and high > low else None

    def _longest(self) -> CurveColumns | None:
        told = [curve for curve in self.curves.values() if np.isfinite(curve.times).any()]
        return max(told, key=lambda curve: len(curve.steps), default=None)


def _known(times: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return times[np.isfinite(times)]
