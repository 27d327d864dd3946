"""The run card of the pop-up, 232 px: time left, best figure against its target, and both curves so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.plots import CurvePlot, Series
from crackseg_desktop.ui.widgets.bars import Bar
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.empty import EmptyState
from crackseg_desktop.ui.widgets.states import RUN_LOOKS
from crackseg_desktop.ui.widgets.surfaces import Card, Chip
from crackseg_desktop.ui.widgets.text import Line, Span
from crackseg_desktop.ui.widgets.ticks import Tick

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from crackseg_desktop.readings import Run
    from crackseg_desktop.ui.model import CurveColumns, Model
    from crackseg_desktop.ui.pages.base import Context

HEIGHT = 232


class CompactRun(QWidget):
    """The selected run, or the next step where there is none."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT)
        self._context = context
        self.run_id: str | None = None
        choose = Button(context.theme, "Add folder…", kind="primary", icon="folder")
        choose.clicked.connect(context.actions.choose_folder)
        self.empty = EmptyState(context.theme, choose, wide=True)
        self.card = RunCard(context)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.card)
        self._pages.addWidget(self.empty)

    def refresh(self, model: Model) -> None:
        """Show the selected run."""
        run = model.selected_run
        self.run_id = run.id if run is not None else None
        self._pages.setCurrentWidget(self.card if run is not None else self.empty)
        if run is not None:
            self.card.refresh(run, model)
            return
        folders = self._context.settings.watch.folders
        if folders:
            note = f"Watching {folders[0]}" + (f" and {len(folders) - 1} more" if len(folders) > 1 else "")
            self.empty.put("no-runs", "No trainings yet", "What is written to the watched folders shows here.", note)
        else:
            why = "Choose the folder your trainings write to. Files are only ever read."
            self.empty.put("no-runs", "No trainings yet", why)


class RunCard(Card):
    """Figures and curves of one run."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, spacing=0)
        theme = context.theme
        self._targets = context.settings.targets
        self.body.setContentsMargins(16, 10, 10, 10)  # a dot on the plot's edge needs 6 px of the padding
        self.name, self.chip = Line(theme, elide=True, height=24), Chip(theme)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 6, 0)
        head.addWidget(self.name, 1)
        head.addWidget(self.chip)
        self.body.addLayout(head)
        self.body.addSpacing(4)
        self.left, self.best = _Figure(context), _Figure(context)
        pair = QGridLayout()
        pair.setContentsMargins(0, 0, 6, 0)
        pair.setHorizontalSpacing(20)
        pair.addWidget(self.left, 0, 0)
        pair.addWidget(self.best, 0, 1)
        pair.setColumnStretch(0, 1)
        pair.setColumnStretch(1, 1)
        self.body.addLayout(pair)
        self.plot = CurvePlot(theme, "Course of the run", axis_width=0)
        self.body.addWidget(self.plot, 1)

    def refresh(self, run: Run, model: Model) -> None:
        """Show a run."""
        self.name.put(Span(run.facts.name, "body", 600))
        self.chip.put(RUN_LOOKS[run.state])
        label, addition, figure = words.time_left(run, model.now)
        share = words.progress(run)
        self.left.put(label, addition, figure, "")
        self.left.bar.put(*(() if share is None else ((share, "accent"),)))
        percent = "" if share is None else f"{share * 100:.0f} %"
        self.left.foot(words.epoch_words(run), percent)
        goal = words.goal_of(run, self._targets)
        curves = model.curve_columns(run.id)
        self._show_best(run, goal, curves)
        self._show_curves(run, goal, curves)

    def _show_best(self, run: Run, goal: words.Goal | None, curves: dict[str, CurveColumns]) -> None:
        if goal is None:
            self.best.put("Best value", "", units.MISSING, "")
            self.best.bar.put()
            self.best.foot("no metric logged yet", "")
            return
        best = run.best[goal.metric]
        when = f" · epoch {best.epoch}" if best.epoch is not None else f" · step {best.step}"
        self.best.put(f"Best {goal.title}", when, units.score(best.value), _gain(curves.get(goal.metric)))
        if goal.target is None:
            self.best.bar.put()
            self.best.foot("no target", "")
            return
        self.best.bar.put((best.value, "s1"), mark=goal.target)
        missing = goal.target - best.value
        self.best.foot(f"Target {goal.target:g}", "reached" if missing <= 0 else f"{units.score(missing)} to go")

    def _show_curves(self, run: Run, goal: words.Goal | None, curves: dict[str, CurveColumns]) -> None:
        series: list[Series] = []
        main = curves.get(goal.metric) if goal is not None else None
        if goal is not None and main is not None:
            label = f"{goal.title} {units.score(float(main.values[-1]))}"
            series.append(Series(main.steps, main.values, "s1", label=label, filled=True))
        loss = curves.get("val/loss") if goal is None or goal.metric != "val/loss" else None
        if loss is not None:
            series.append(
                Series(
                    loss.steps,
                    _scaled(loss.values),
                    "s6",
                    width=1.75,
                    label=f"val loss {units.score(float(loss.values[-1]))}",
                )
            )
        first = min((float(part.x[0]) for part in series), default=1.0)
        last = max((float(part.x[-1]) for part in series), default=first + 1)
        by_epoch = main is not None and main.axis == "epoch"
        end = max(last, float(run.facts.total_epochs or 0)) if by_epoch else last
        target = goal.target if goal is not None else None
        self.plot.put(
            series,
            x_range=(first, end),
            y_range=(0.0, 1.0) if target is not None else None,
            target=None if target is None else (target, f"{goal.title if goal else ''} target {target:g}"),
            x_ticks=_end_ticks("epoch" if by_epoch else "step", first, last, end),
        )


class _Figure(QWidget):
    """A label, a figure of 28 px, a bar, and two notes under it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = context.theme
        self._label, self._figure = Line(theme, elide=True, height=20), Line(theme, height=32)
        self.bar = Bar(theme)
        self._left, self._right = Line(theme, elide=True), Line(theme, align="right")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.addWidget(self._left, 1)
        row.addWidget(self._right)
        for part in (self._label, self._figure):
            column.addWidget(part)
        column.addSpacing(2)
        column.addWidget(self.bar)
        column.addSpacing(2)
        column.addLayout(row)

    @property
    def text(self) -> str:
        """Return the figure."""
        return self._figure.text

    def put(self, label: str, addition: str, figure: str, note: str) -> None:
        """Show a figure."""
        self._label.put(Span(label, "caption", None, "text2"), Span(addition, "caption", None, "text3", gives=True))
        spans = [Span(figure, "figure")]
        if note:
            spans.append(Span(note, "caption", 500, "text2", 8, glyph="up", glyph_size=10))
        self._figure.put(*spans)

    def foot(self, left: str, right: str) -> None:
        """Show the notes under the bar."""
        self._left.put(Span(left, "caption", None, "text2"))
        self._right.put(Span(right, "caption", None, "text2"))


def _gain(curve: CurveColumns | None) -> str:
    """Return by how much the newest value beat all before it, or nothing."""
    import numpy as np

    if curve is None or not np.isfinite(curve.values[-1:]).any():
        return ""
    before = curve.values[:-1][np.isfinite(curve.values[:-1])]
    gain = float(curve.values[-1]) - float(before.max()) if len(before) else 0.0
    return units.score(round(gain, 3)) if gain >= 0.0005 else ""


def _scaled(values: NDArray[float64]) -> NDArray[float64]:
    """Bring a loss into 0..1: it shares a plot without a y axis with scores, and its label tells the value."""
    import numpy as np

    finite = values[np.isfinite(values)]
    highest = float(finite.max()) if len(finite) else 1.0
    return values / highest if highest > 1 else values


def _end_ticks(unit: str, first: float, last: float, end: float) -> list[Tick]:
    ticks = [Tick(first, f"{unit} {first:.0f}"), Tick(last, f"{last:.0f}"), Tick(end, f"{end:.0f}")]
    return [tick for index, tick in enumerate(ticks) if index == 0 or tick.value - ticks[index - 1].value > 0.1 * end]
