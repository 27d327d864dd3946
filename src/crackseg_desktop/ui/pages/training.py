"""The training page: the runs on the left; curves of the chosen one and the hardware of its time on a common axis."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crackseg_desktop.ui.pages.alert_marks import run_marks
from crackseg_desktop.ui.pages.base import Context, Page, in_pairs
from crackseg_desktop.ui.pages.curve_views import legend, put_curves, reference, training_views, values_at
from crackseg_desktop.ui.pages.hardware_lanes import HardwareLanes
from crackseg_desktop.ui.pages.link_button import LinkButton
from crackseg_desktop.ui.pages.overview_run import no_runs
from crackseg_desktop.ui.pages.run_axis import RunAxis
from crackseg_desktop.ui.pages.run_list import RunList
from crackseg_desktop.ui.pages.run_strip import RunStrip
from crackseg_desktop.ui.plots import CurvePlot, Plot
from crackseg_desktop.ui.time_plot import TimePlot
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.empty import EmptyState, alone
from crackseg_desktop.ui.widgets.metric import PlotCard
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.readings import Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.plots import XKind
    from crackseg_desktop.ui.time_range import Window

_KINDS = (("epoch", "Epoch"), ("elapsed", "Elapsed"), ("clock", "Clock"))


class TrainingPage(Page):
    """Runs and their curves."""

    title = "Training"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        board = Button(context.theme, "TensorBoard", icon="tensorboard")
        board.clicked.connect(self._on_tensorboard)
        add = Button(context.theme, "Add folder…", icon="folder")
        add.clicked.connect(context.actions.choose_folder)
        choose = Button(context.theme, "Add folder…", kind="primary", icon="folder")
        choose.clicked.connect(context.actions.choose_folder)
        for button in (add, board):
            self.head.row.addWidget(button)
        self.empty = EmptyState(context.theme, choose)
        self.runs = CurvesView(context)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.runs)
        self._empty_page = alone(self.empty)
        self._pages.addWidget(self._empty_page)
        self.column.addLayout(self._pages, 1)
        self.runs.list.chosen.connect(self._on_chosen)
        self.runs.changed.connect(self.changed)

    def refresh(self, model: Model) -> None:
        """Show the runs and the curves of the chosen one."""
        super().refresh(model)
        folders = self.context.settings.watch.folders
        count = f"{len(model.runs)} run{'s'[: len(model.runs) != 1]}"
        self.head.put_note(f"{count} · watching {', '.join(folders)}" if folders else count)
        run = model.selected_run
        self._pages.setCurrentWidget(self.runs if run is not None else self._empty_page)
        if run is None:
            self.empty.put(*no_runs(folders))
        else:
            self.runs.refresh(run, model)

    def _on_tensorboard(self) -> None:
        run = self.model.selected_run if self.model is not None else None
        self.context.actions.open_tensorboard(run.id if run is not None else None)

    def _on_chosen(self, run_id: str) -> None:
        if self.model is not None:
            self.model.selected_run_id = run_id
            self.changed.emit()


class Instant(NamedTuple):
    """Where the cursor stands: its x on the axis of the curves, and its moment (Unix seconds), as far as known."""

    x: float | None
    moment: float | None

    @classmethod
    def at(cls, moment: float, axis: RunAxis) -> Instant:
        """Return the instant of a moment."""
        (x,) = axis.places([moment])
        return cls(x if math.isfinite(x) else None, moment)


class CurvesView(QWidget):
    """The list of runs, the curves of one, and the hardware of its time; one cursor reads all of them.

    ``changed`` tells that another time is shown, of which the history may have to be asked.
    """

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = context.theme
        self._views = training_views(context.settings.targets)
        self.list = RunList(theme)
        self.strip = RunStrip(theme, context.settings.baselines)
        self.axis = Segments(theme, _KINDS, "epoch", "X axis")
        self.axis.chosen.connect(self._draw)
        self.whole = Button(theme, "Whole run")
        self.whole.setToolTip("Show the time of the whole run (double click or Home on a plot)")
        self.whole.clicked.connect(self._on_home)
        self.link = LinkButton(theme, context.actions.processes)
        self._state = Line(theme, align="right", elide=True, ground="window")
        self.cards = [PlotCard(theme, view.title, CurvePlot(theme, view.title)) for view in self._views]
        self.lanes = HardwareLanes(context)
        self._shown: tuple[Run, Model] | None = None
        self._zoomed: tuple[str, Window] | None = None
        self._hovered: Instant | None = None
        self._connect_plots()
        top, right, row = QHBoxLayout(), QVBoxLayout(), QHBoxLayout(self)
        top.setSpacing(10)
        top.addWidget(Line(theme, Span("X axis", "label", None, "text2"), ground="window", height=32))
        top.addWidget(self.axis)
        top.addWidget(self._state, 1)
        top.addWidget(self.link)
        top.addWidget(self.whole)
        right.setSpacing(12)
        right.addLayout(top)
        right.addWidget(self.strip)
        right.addLayout(in_pairs(self.cards, 12), 330)
        right.addWidget(self.lanes, 216)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.list)
        row.addLayout(right, 1)

    def refresh(self, run: Run, model: Model) -> None:
        """Show the list and the curves of a run."""
        self._shown = run, model
        self.list.put(model.runs, run.id, model.now)
        self.strip.refresh(run, model.now)
        self.link.put(run, model.sample.processes if model.sample is not None else ())
        self._draw()

    def _connect_plots(self) -> None:
        for card in self.cards:
            card.setMinimumHeight(124)
            card.plot.set_navigable()
        for plot in (*(card.plot for card in self.cards), *(lane.plot for lane in self.lanes.lanes)):
            plot.hovered.connect(self._on_hovered)
            plot.panned.connect(self._on_panned)
            plot.zoomed.connect(self._on_zoomed)
            plot.home_wanted.connect(self._on_home)
            plot.picked.connect(self._on_picked)

    def _draw(self) -> None:
        if self._shown is None:
            return
        run, model = self._shown
        words = run.reason or next((finding.summary for finding in run.findings), "")
        self._state.put(Span(words, "label", None, "text2"))
        axis = self._axis(run, model)
        self.whole.setVisible(self._zoom() is not None)
        marks = run_marks(run, axis.curves, model, axis.kind)
        for view, card in zip(self._views, self.cards, strict=True):
            if any(name in axis.curves for name, _, _, _ in view.metrics):
                card.put("", "", legend(view, axis.curves))
                plot = cast("CurvePlot", card.plot)
                put_curves(plot, view, axis.curves, run, axis.kind, marks=marks, x_range=axis.x_range(self._zoom()))
            else:
                card.miss("not logged by this run")
        self._draw_lanes(axis, model)
        self._stand()

    def _draw_lanes(self, axis: RunAxis, model: Model) -> None:
        window = self._zoom() or axis.whole
        has_gpu = model.sample is not None and bool(model.sample.gpus)
        self.lanes.setVisible(has_gpu and window is not None)
        if window is None or not has_gpu:
            return
        view = model.timeline.view(window, model.now, live=axis.run.active and window.until >= model.now)
        if axis.kind == "clock":
            self.lanes.refresh(axis.run, model, replace(view, clock=True), "same time axis")
        else:
            words = "same time axis" if axis.kind == "elapsed" else "elapsed time"
            self.lanes.refresh(axis.run, model, replace(view, started=axis.origin), words)

    def _axis(self, run: Run, model: Model) -> RunAxis:
        curves, taken = model.curve_columns(run.id), cast("XKind", self.axis.taken)
        if taken == "epoch" and curves and reference(curves) is None:
            taken = "step"
        return RunAxis(run, curves, taken, model.now)

    def _zoom(self) -> Window | None:
        """Return what of the run's time a person zoomed to, or None: all of it."""
        if self._shown is None or self._zoomed is None or self._zoomed[0] != self._shown[0].id:
            return None
        return self._zoomed[1]

    def _stand(self) -> None:
        """Put the cursor of all plots at the instant under the pointer, or where it was left standing."""
        if self._shown is None:
            return
        run, model = self._shown
        axis = self._axis(run, model)
        window, pinned = self._zoom() or axis.whole, model.timeline.pinned
        instant = self._hovered or (None if pinned is None else Instant.at(pinned, axis))
        x, moment = (None, None) if instant is None else instant
        if moment is not None and window is not None and not window.since <= moment <= window.until:
            x, moment = None, None
        for view, card in zip(self._views, self.cards, strict=True):
            card.plot.set_cursor(x)
            if any(name in axis.curves for name, _, _, _ in view.metrics):
                at = None if x is None else values_at(view, axis.curves, run, axis.kind, x)
                card.put("", "", legend(view, axis.curves, at))
        self.lanes.stand(None if moment is None or window is None else moment - window.until)

    def _instant(self, x: float) -> Instant:
        """Return the instant at an x of the plot that tells it."""
        if self._shown is None:
            return Instant(None, None)
        axis = self._axis(*self._shown)
        if isinstance(self.sender(), TimePlot):
            window = self._zoom() or axis.whole
            return Instant(None, None) if window is None else Instant.at(window.until + x, axis)
        return Instant(x, axis.moment(x))

    @Slot(object)
    def _on_hovered(self, x: float | None) -> None:
        self._hovered = None if x is None else self._instant(x)
        self._stand()

    @Slot(float)
    def _on_picked(self, x: float) -> None:
        if self._shown is not None:
            timeline = self._shown[1].timeline
            timeline.pinned = None if timeline.pinned is not None else self._instant(x).moment
            self._stand()

    @Slot(float)
    def _on_panned(self, distance: float) -> None:
        plot = self.sender()
        if self._shown is None or not isinstance(plot, Plot):
            return
        axis = self._axis(*self._shown)
        window, (low, high) = self._zoom() or axis.whole, plot.frame.x_range
        if window is not None and axis.whole is not None:
            self._show(window.panned(distance / (high - low) * window.span, axis.whole), axis.whole)

    @Slot(float, float)
    def _on_zoomed(self, factor: float, x: float) -> None:
        at = self._instant(x).moment
        if self._shown is None or at is None:
            return
        axis = self._axis(*self._shown)
        window = self._zoom() or axis.whole
        if window is not None and axis.whole is not None:
            self._show(window.zoomed(factor, min(at, window.until), axis.whole), axis.whole)

    @Slot()
    def _on_home(self) -> None:
        """Show the whole run, without the cursor that the first half of a double click left standing."""
        if self._shown is not None:
            self._shown[1].timeline.pinned = None
        self._zoomed = None
        self.changed.emit()

    def _show(self, window: Window, whole: Window) -> None:
        if self._shown is not None:
            self._zoomed = None if window.span >= whole.span else (self._shown[0].id, window)
            self.changed.emit()
