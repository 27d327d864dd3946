"""Alerts as marks on plots: on hardware at the time when they began, on training curves at that epoch, step or time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.model import CurveColumns
from crackseg_desktop.ui.pages.curve_views import reference, x_column
from crackseg_desktop.ui.widgets.plot_layers import Mark
from crackseg_desktop.ui.widgets.states import alert_glyph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.readings import AlertEvent, Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.plots import XKind

    Curves = Mapping[str, CurveColumns]

_MOST = 20


def time_marks(events: Iterable[AlertEvent], model: Model) -> list[Mark]:
    """Return the marks of alerts on a plot of the time before now; those that end before it are left out."""
    marks = []
    for event in events:
        end = event.time - model.now if event.state == AlertState.RESOLVED else 0.0
        if end >= -model.span:
            marks.append(_mark(event, event.since - model.now, end))
    return marks[:_MOST]


def run_marks(run: Run, curves: Curves, model: Model, kind: XKind) -> list[Mark]:
    """Return the marks of a run's alerts on its curves."""
    about = [event for event in model.marked_alerts if event.labels.get("run") == run.id][:_MOST]
    places = _places([event.since for event in about], curves, run, kind)
    return [_mark(event, x, None) for event, x in zip(about, places, strict=True) if math.isfinite(x)]


def _places(times: list[float], curves: Curves, run: Run, kind: XKind) -> list[float]:
    """Return where moments (Unix seconds) lie on the x axis of training curves; NaN where that is not known."""
    column = np.array(times, dtype=np.float64)
    nothing = np.full(len(times), math.nan)
    moments = CurveColumns("time", nothing, column, nothing)
    if kind == "step" and reference(curves) is None:
        longest = max(curves.values(), key=lambda curve: len(curve.steps), default=None)
        if longest is None or not np.isfinite(longest.times).any():
            return [math.nan] * len(times)
        known = np.isfinite(longest.times)
        return [float(x) for x in np.interp(column, longest.times[known], longest.steps[known])]
    return [float(x) for x in x_column(moments, curves, run, kind)]


def _mark(event: AlertEvent, x: float, end: float | None) -> Mark:
    glyph, colour = alert_glyph(event)
    return Mark(x, end, glyph, colour, event.title)
