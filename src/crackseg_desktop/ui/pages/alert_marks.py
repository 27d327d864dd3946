"""Alerts as marks on plots: on hardware at the time when they began, on training curves at that epoch, step or time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.pages.run_axis import RunAxis
from crackseg_desktop.ui.widgets.plot_layers import Mark
from crackseg_desktop.ui.widgets.states import alert_glyph

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crackseg_desktop.readings import AlertEvent, Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.run_axis import Curves
    from crackseg_desktop.ui.plots import XKind
    from crackseg_desktop.ui.time_range import Window

_MOST = 20


def time_marks(events: Iterable[AlertEvent], window: Window, now: float) -> list[Mark]:
    """Return the marks of alerts on a plot of a window, at seconds before its end; those outside it are left out."""
    marks = []
    for event in events:
        end = event.time if event.state == AlertState.RESOLVED else now
        if end >= window.since and event.since <= window.until:
            marks.append(_mark(event, event.since - window.until, min(end, window.until) - window.until))
    return marks[:_MOST]


def run_marks(run: Run, curves: Curves, model: Model, kind: XKind) -> list[Mark]:
    """Return the marks of a run's alerts on its curves."""
    about = [event for event in model.marked_alerts if event.labels.get("run") == run.id][:_MOST]
    places = RunAxis(run, curves, kind, model.now).places([event.since for event in about])
    return [_mark(event, x, None) for event, x in zip(about, places, strict=True) if math.isfinite(x)]


def _mark(event: AlertEvent, x: float, end: float | None) -> Mark:
    glyph, colour = alert_glyph(event)
    return Mark(x, end, glyph, colour, event.title)
