"""The run panel of the overview, 272 px: facts, the validation score against its target, the losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_marks import run_marks
from crackseg_desktop.ui.pages.curve_views import LOSS, by_metric, put_curves, score_view
from crackseg_desktop.ui.pages.run_links import process_words
from crackseg_desktop.ui.plots import CurvePlot
from crackseg_desktop.ui.widgets.bars import Bar
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.empty import EmptyState
from crackseg_desktop.ui.widgets.facts import Fact, FactList
from crackseg_desktop.ui.widgets.states import RUN_LOOKS
from crackseg_desktop.ui.widgets.surfaces import Card, Chip, Rule
from crackseg_desktop.ui.widgets.text import Line, Span, plain

if TYPE_CHECKING:
    from crackseg_desktop.readings import Run
    from crackseg_desktop.settings import Targets
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme


class RunPanel(QWidget):
    """The selected run, or the next step where there is none."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setMinimumHeight(272)
        self._context = context
        choose = Button(context.theme, "Add folder…", kind="primary", icon="folder")
        choose.clicked.connect(context.actions.choose_folder)
        self.empty = EmptyState(context.theme, choose)
        self.card = RunPanelCard(context)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.card)
        self._pages.addWidget(self.empty)

    def refresh(self, model: Model) -> None:
        """Show the selected run."""
        run = model.selected_run
        self._pages.setCurrentWidget(self.card if run is not None else self.empty)
        if run is not None:
            self.card.refresh(run, model)
        else:
            self.empty.put(*no_runs(self._context.settings.watch.folders))


class RunPanelCard(Card):
    """Facts on the left, two plots beside them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=0, spacing=0)
        theme = context.theme
        self._targets = context.settings.targets
        self.facts = _Facts(context)
        self.score = _Panel(theme, CurvePlot(theme, "Validation score", 42))
        self.loss = _Panel(theme, CurvePlot(theme, "Loss", 42))
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.facts)
        row.addWidget(Rule(theme, "border", vertical=True))
        row.addWidget(self.score, 408)
        row.addWidget(Rule(theme, "border", vertical=True))
        row.addWidget(self.loss, 420)
        self.body.addLayout(row)

    def refresh(self, run: Run, model: Model) -> None:
        """Show a run."""
        self.facts.refresh(run, model, self._targets)
        curves = model.curve_columns(run.id)
        goal = words.goal_of(run, self._targets)
        view = score_view(goal, self._targets)
        drawn = by_metric(curves, view.metrics)
        first = next(iter(drawn), None)
        figure = units.score(float(curves[first].values[-1])) if first is not None else units.MISSING
        unit = "epoch" if first is None or curves[first].axis == "epoch" else "step"
        self.score.put(view.title, figure, unit)
        marks = run_marks(run, curves, model, "epoch")
        put_curves(self.score.plot, view, curves, run, "epoch", marks=marks)
        self.loss.put("Loss", "" if by_metric(curves, LOSS.metrics) else units.MISSING, unit)
        put_curves(self.loss.plot, LOSS, curves, run, "epoch", labelled=True, marks=marks)


class _Facts(QWidget):
    """Name, state, time left, progress, and what is known of the run."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = context.theme
        self.setFixedWidth(312)
        self.name, self.chip = Line(theme, elide=True, height=20), Chip(theme)
        self.label, self.figure = Line(theme, elide=True), Line(theme, elide=True, height=32)
        self.bar = Bar(theme)
        self.epoch, self.percent = Line(theme), Line(theme, align="right")
        self.list = FactList(theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 12)
        column.setSpacing(0)
        for parts in ((self.name, self.chip), (self.label,), (self.figure,), (self.bar,), (self.epoch, self.percent)):
            row = QHBoxLayout()
            for index, part in enumerate(parts):
                row.addWidget(part, 1 if index == 0 else 0)
            column.addLayout(row)
            column.addSpacing(8 if parts[0] is self.name else 2)
        column.addSpacing(6)
        column.addWidget(Rule(theme))
        column.addSpacing(6)
        column.addWidget(self.list)
        column.addStretch(1)

    def refresh(self, run: Run, model: Model, targets: Targets) -> None:
        """Show a run."""
        self.name.put(Span(run.facts.name, "body", 600))
        self.chip.put(RUN_LOOKS[run.state])
        label, addition, figure = words.time_left(run, model.now)
        self.label.put(Span(label, "label", None, "text2"), Span(addition, "label", None, "text3", gives=True))
        likely = words.eta_interval(run)
        spans = (Span(likely, "label", None, "text3", gap=10, gives=True),) if likely else ()
        self.figure.put(Span(figure, "figure"), *spans)
        share = words.progress(run)
        self.bar.put(*(() if share is None else ((share, "accent"),)))
        self.epoch.put(Span(words.epoch_words(run), "label", None, "text2"))
        self.percent.put(Span("" if share is None else f"{share * 100:.0f} %", "label", None, "text2"))
        self.list.put(_run_facts(run, model))


class _Panel(QWidget):
    """A plot under a head line within a wider card."""

    def __init__(self, theme: Theme, plot: CurvePlot) -> None:
        super().__init__()
        self.plot = plot
        self._head, self._unit = Line(theme, height=20, elide=True), Line(theme, align="right", height=20)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 8, 0)
        row.addWidget(self._head, 1)
        row.addWidget(self._unit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 6, 12)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(plot, 1)

    @property
    def text(self) -> str:
        """Return title and figure."""
        return self._head.text

    def put(self, title: str, figure: str, unit: str) -> None:
        """Show title, figure, and what the x axis counts."""
        spans = [Span(title, "label", 500)]
        if figure:
            spans.append(Span(figure, "body", 600, gap=8))
        self._head.put(*spans)
        self._unit.put(Span(unit, "caption", None, "text3"))


def no_runs(folders: tuple[str, ...]) -> tuple[str, str, str, str]:
    """Return icon, title, reason and note for a face without runs."""
    if not folders:
        why = "Choose the folder your trainings write to. Files are only ever read."
        return "no-runs", "No trainings yet", why, "No folder is watched so far."
    more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
    why = "What trainings write to the watched folders shows here by itself. Files are only ever read."
    return "no-runs", "No trainings yet", why, f"Watching {folders[0]}{more}"


def _run_facts(run: Run, model: Model) -> list[Fact]:
    strong = [
        ("Best IoU", words.best_words(run, "val/iou") if "val/iou" in run.best else ""),
        ("Best Dice", words.best_words(run, "val/dice") if "val/dice" in run.best else ""),
        ("Best val loss", words.best_words(run, "val/loss") if "val/loss" in run.best else ""),
        ("Speed", units.figure("per_hour", run.epochs_per_hour) if run.epochs_per_hour else ""),
        ("Runs on", _runs_on(run, model)),
        ("Linked by", _evidence(run)),
        ("Started", words.when(run.facts.started, model.now) if run.facts.started else ""),
    ]
    facts: list[Fact] = [(label, plain(text, weight=500)) for label, text in strong if text]
    if run.reason:
        facts.append(("Reason", plain(run.reason, weight=500)))
    return facts[:6]


def _runs_on(run: Run, model: Model) -> str:
    gpu = model.gpu_of(run)
    parts = [f"GPU {gpu.index}" if gpu is not None else "", process_words(run)]
    return ", ".join(part for part in parts if part)


def _evidence(run: Run) -> str:
    """Return why that process is taken for the run's, in the words of the evidence."""
    return run.link.evidence.removeprefix("It ").rstrip(".") if run.link is not None else ""
