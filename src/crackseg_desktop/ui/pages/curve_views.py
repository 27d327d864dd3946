"""Which curves of a run stand together in a plot, and on which x axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.ui.plots import Series, drawable
from crackseg_desktop.ui.widgets.text import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crackseg_desktop.readings import Run
    from crackseg_desktop.settings import Targets
    from crackseg_desktop.ui.model import Column, CurveColumns
    from crackseg_desktop.ui.pages.words import Goal
    from crackseg_desktop.ui.plots import CurvePlot, XKind
    from crackseg_desktop.ui.widgets.plot_layers import Mark

    Curves = Mapping[str, CurveColumns]


_TARGET_LINE = 11.0  # px that the words on the line of a target need


@dataclass(frozen=True, slots=True)
class CurveView:
    """A plot of curves: (metric, its short name, colour, dashed) each, the most important first and on top."""

    title: str
    metrics: tuple[tuple[str, str, str, bool], ...]
    target: float | None = None
    filled: bool = False
    bounded: bool = False  # a score: its axis begins at 0

    def with_target(self, target: float) -> CurveView:
        """Return the same view with a target line."""
        return CurveView(self.title, self.metrics, target, self.filled, self.bounded)


LOSS = CurveView("Loss", (("val/loss", "val", "s1", False), ("train/loss", "train", "s6", False)))
_IOU = CurveView("Validation IoU", (("val/iou", "IoU", "s1", False),), filled=True, bounded=True)
_DICE = CurveView("Validation Dice", (("val/dice", "Dice", "s1", False),), filled=True, bounded=True)
_BALANCE = CurveView(
    "Precision and recall",
    (("val/precision", "precision", "s3", False), ("val/recall", "recall", "s2", True)),
    bounded=True,
)


def training_views(targets: Targets) -> tuple[CurveView, ...]:
    """Return the four plots of the training page."""
    return LOSS, _IOU.with_target(targets.iou), _DICE.with_target(targets.dice), _BALANCE


def score_view(goal: Goal | None, targets: Targets) -> CurveView:
    """Return the plot of the figure by which a run is judged."""
    if goal is None or goal.metric == "val/iou":
        return _IOU.with_target(targets.iou)
    if goal.metric == "val/dice":
        return _DICE.with_target(targets.dice)
    return CurveView(goal.title, ((goal.metric, goal.title, "s1", False),), filled="loss" not in goal.metric)


def by_metric(curves: Curves, metrics: tuple[tuple[str, str, str, bool], ...]) -> list[str]:
    """Return the metrics of a view that a run has."""
    return [name for name, _, _, _ in metrics if name in curves]


def put_curves(
    plot: CurvePlot,
    view: CurveView,
    curves: Curves,
    run: Run,
    kind: XKind,
    *,
    labelled: bool = False,
    marks: Sequence[Mark] = (),
    x_range: tuple[float, float] | None = None,
) -> None:
    """Draw a view of a run's curves on an x axis of epochs (or steps), elapsed or clock time; ``x_range``: not all."""
    series = []
    for name, short, colour, dashed in reversed(view.metrics):
        if name not in curves:
            continue
        curve = curves[name]
        width = 1.75 if colour == "s6" else 2.0
        label = f"{short} {units.score(float(curve.values[-1]))}" if labelled else ""
        x = x_column(curve, curves, run, kind)
        series.append(Series(x, curve.values, colour, dashed, width, label, filled=view.filled))
    counts_epochs = kind == "epoch" and (reference(curves) is not None or not curves)
    shown: XKind = "step" if kind == "epoch" and not counts_epochs else kind
    plot.put(
        series,
        x_range=x_range or _x_range(series, run, shown),
        kind=shown,
        y_range=_bounded_range(series, view, plot.area_height()) if view.bounded else None,
        target=None if view.target is None else (view.target, f"target {view.target:g}"),
        marks=marks,
    )


def reference(curves: Curves) -> CurveColumns | None:
    """Return a curve whose steps are epochs, to place others beside it; None: the run logs by steps alone."""
    by_epoch = [curve for curve in curves.values() if curve.axis == "epoch"]
    return max(by_epoch, key=lambda curve: len(curve.steps), default=None)


def origin_of(run: Run, curves: Curves) -> float | None:
    """Return when a run began (Unix seconds): as it says, else with its first point; None where nothing tells."""
    import numpy as np

    if run.facts.started is not None:
        return run.facts.started
    firsts = (curve.times[np.isfinite(curve.times)][:1] for curve in curves.values())
    return min((float(first[0]) for first in firsts if len(first)), default=None)


def x_column(curve: CurveColumns, curves: Curves, run: Run, kind: XKind) -> Column:
    """Return where the points of a curve lie on an x axis; steps are placed among the epochs by their time."""
    if kind == "clock":
        return curve.times
    if kind == "elapsed":
        return curve.times - (origin_of(run, curves) or 0.0)
    epochs = reference(curves)
    if kind == "step" or curve.axis == "epoch" or epochs is None:
        return curve.steps
    return _among_epochs(curve, epochs)


def _among_epochs(curve: CurveColumns, epochs: CurveColumns) -> Column:
    import numpy as np

    known = np.isfinite(epochs.times)
    steps, times = epochs.steps[known], epochs.times[known]
    if len(steps) < 2:
        return curve.steps
    # Before the first epoch ended and after the last, one epoch takes as long as its neighbour.
    rate = (steps[-1] - steps[0]) / max(1e-9, float(times[-1] - times[0]))
    inside = np.interp(curve.times, times, steps)
    before = np.minimum(0.0, curve.times - times[0]) * rate
    after = np.maximum(0.0, curve.times - times[-1]) * rate
    return np.asarray(inside + before + after)


def legend(view: CurveView, curves: Curves, at: Mapping[str, float] | None = None) -> tuple[Span, ...]:
    """Return the head line's legend: a stroke, a name and the newest value (or that ``at`` the crosshair) each."""
    spans: list[Span] = []
    for name, short, colour, dashed in view.metrics:
        if name in curves:
            value = (at or {}).get(name, float(curves[name].values[-1]))
            glyph = "dashed" if dashed else "line"
            spans.append(Span(short, "caption", None, "text2", 14, glyph=glyph, glyph_colour=colour))
            spans.append(Span(units.score(value), "label", 600, "text", 5))
    return tuple(spans)


def values_at(view: CurveView, curves: Curves, run: Run, kind: XKind, x: float) -> dict[str, float]:
    """Return the value of each curve of a view at the point nearest to an x."""
    import numpy as np

    found = {}
    for name in by_metric(curves, view.metrics):
        column = x_column(curves[name], curves, run, kind)
        if np.isfinite(column).any():
            found[name] = float(curves[name].values[int(np.nanargmin(np.abs(column - x)))])
    return found


def _x_range(series: list[Series], run: Run, kind: XKind) -> tuple[float, float]:
    places = [part.x[drawable(part.x)] for part in series]
    first = min((float(x.min()) for x in places if len(x)), default=1.0)
    last = max((float(x.max()) for x in places if len(x)), default=first + 1)
    if kind == "epoch":
        return min(first, 1.0), max(last, float(run.facts.total_epochs or 0))
    return (min(first, 0.0), last) if kind == "elapsed" else (first, last)


def _bounded_range(series: list[Series], view: CurveView, height: float) -> tuple[float, float]:
    finite = [part.y[drawable(part.y)] for part in series]
    highest = max((float(part.max()) for part in finite if len(part)), default=0.0)
    lowest = min((float(part.min()) for part in finite if len(part)), default=0.0)
    wanted = max(highest, (view.target or 0.75) * 1.02)
    top = math.ceil(wanted * 10 - 1e-9) / 10
    if view.target is not None and (1 - view.target / top) * height < _TARGET_LINE:  # its words need room above it
        top = max(top, 1.0)
    return min(0.0, lowest), top
