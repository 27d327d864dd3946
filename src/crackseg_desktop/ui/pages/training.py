"""The training page: the runs on the left, figures and four curve plots of the chosen one, on a common x axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crackseg_desktop.ui.pages.alert_marks import run_marks
from crackseg_desktop.ui.pages.base import Context, Page, in_pairs
from crackseg_desktop.ui.pages.curve_views import legend, put_curves, reference, training_views, values_at
from crackseg_desktop.ui.pages.overview_run import no_runs
from crackseg_desktop.ui.pages.run_list import RunList
from crackseg_desktop.ui.pages.run_strip import RunStrip
from crackseg_desktop.ui.plots import CurvePlot
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.empty import EmptyState, alone
from crackseg_desktop.ui.widgets.metric import PlotCard
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.readings import Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.plots import XKind

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


class CurvesView(QWidget):
    """The list of runs and the plots of one; a crosshair shows all values at one point."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = context.theme
        self._views = training_views(context.settings.targets)
        self.list = RunList(theme)
        self.strip = RunStrip(theme, context.settings.baselines)
        self.axis = Segments(theme, _KINDS, "epoch", "X axis")
        self.axis.chosen.connect(self._draw)
        self._state = Line(theme, align="right", elide=True, ground="window")
        self.cards = [PlotCard(theme, view.title, CurvePlot(theme, view.title)) for view in self._views]
        self._shown: tuple[Run, Model] | None = None
        self._cursor: float | None = None
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(Line(theme, Span("X axis", "label", None, "text2"), ground="window", height=32))
        top.addWidget(self.axis)
        top.addWidget(self._state, 1)
        for card in self.cards:
            card.plot.hovered.connect(self._on_hovered)
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addLayout(top)
        right.addWidget(self.strip)
        right.addLayout(in_pairs(self.cards, 12), 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.list)
        row.addLayout(right, 1)

    def refresh(self, run: Run, model: Model) -> None:
        """Show the list and the curves of a run."""
        self._shown = run, model
        self.list.put(model.runs, run.id, model.now)
        self.strip.refresh(run, model.now)
        self._draw()

    def _draw(self) -> None:
        if self._shown is None:
            return
        run, model = self._shown
        curves = model.curve_columns(run.id)
        words = run.reason or next((finding.summary for finding in run.findings), "")
        self._state.put(Span(words, "label", None, "text2"))
        kind = self._kind()
        marks = run_marks(run, curves, model, kind)
        for view, card in zip(self._views, self.cards, strict=True):
            plot = cast("CurvePlot", card.plot)
            if any(name in curves for name, _, _, _ in view.metrics):
                at = None if self._cursor is None else values_at(view, curves, run, kind, self._cursor)
                card.put("", "", legend(view, curves, at))
                put_curves(plot, view, curves, run, kind, marks=marks)
            else:
                card.miss("not logged by this run")

    def _kind(self) -> XKind:
        taken = cast("XKind", self.axis.taken)
        if taken == "epoch" and self._shown is not None:
            run, model = self._shown
            curves = model.curve_columns(run.id)
            return "epoch" if reference(curves) is not None or not curves else "step"
        return taken

    def _on_hovered(self, x: float | None) -> None:
        self._cursor = x
        for card in self.cards:
            card.plot.set_cursor(x)
        if self._shown is None:
            return
        run, model = self._shown
        curves, kind = model.curve_columns(run.id), self._kind()
        for view, card in zip(self._views, self.cards, strict=True):
            if any(name in curves for name, _, _, _ in view.metrics):
                at = None if x is None else values_at(view, curves, run, kind, x)
                card.put("", "", legend(view, curves, at))
