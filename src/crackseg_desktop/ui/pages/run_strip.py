"""The strip above the curves, 76 px: how fast a run is, how its loss falls, what it is set to and what it saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.insight.baselines import compare
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.widgets.surfaces import Card, Rule
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.insight.baselines import Comparison
    from crackseg_desktop.readings import Run
    from crackseg_desktop.settings import Baselines
    from crackseg_desktop.ui.theme import Theme


_THAN_USUAL = {"below": "faster than usual", "within": "as usual", "above": "slower than usual"}


class Cell(NamedTuple):
    """A label, a figure, and a note under it; ``whole`` says all of it in a sentence."""

    label: str
    figure: str
    note: str = ""
    whole: str = ""


class RunStrip(Card):
    """Figures of one run side by side."""

    def __init__(self, theme: Theme, baselines: Baselines) -> None:
        super().__init__(theme, padding=0, spacing=0)
        self._baselines = baselines
        self.cells = [_CellView(theme) for _ in range(6)]
        row = QHBoxLayout()
        row.setContentsMargins(4, 10, 4, 10)
        row.setSpacing(0)
        for index, cell in enumerate(self.cells):
            if index:
                row.addWidget(Rule(theme, vertical=True))
            row.addWidget(cell, 1)
        self.body.addLayout(row)

    def refresh(self, run: Run, now: float) -> None:
        """Show a run."""
        for view, cell in zip(self.cells, cells_of(run, self._baselines, now), strict=True):
            view.put(cell)


class _CellView(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._label, self._figure, self._note = (Line(theme, elide=True, height=height) for height in (16, 22, 16))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 8, 0)
        column.setSpacing(0)
        for line in (self._label, self._figure, self._note):
            column.addWidget(line)

    @property
    def text(self) -> str:
        """Return what it says."""
        return " · ".join(line.text for line in (self._label, self._figure, self._note) if line.text)

    def put(self, cell: Cell) -> None:
        """Show a cell."""
        self._label.put(Span(cell.label, "caption", None, "text2"))
        self._figure.put(Span(cell.figure, "body", 600))
        self._note.put(Span(cell.note, "caption", None, "text3"))
        self.setToolTip(cell.whole)


def cells_of(run: Run, baselines: Baselines, now: float) -> tuple[Cell, ...]:
    """Return what the strip says of a run."""
    told = compare(run, baselines)
    return (
        _time_left(run, now),
        _speed(run, told["total_hours"]),
        _loss(run),
        _convergence(run, told["convergence_epochs"]),
        _batch_size(run),
        _checkpoints(run, now),
    )


def _time_left(run: Run, now: float) -> Cell:
    label, addition, figure = words.time_left(run, now)
    note = addition.removeprefix(" · ")
    likely = words.eta_interval(run)
    return Cell(label, figure, likely or note, f"{figure}, likely {likely}, {note}" if likely else "")


def _speed(run: Run, told: Comparison) -> Cell:
    if told.verdict is None:
        return Cell("Epochs an hour", units.MISSING, "not known yet" if run.active else "", told.summary)
    return Cell("Epochs an hour", f"{run.epochs_per_hour:.1f}", _THAN_USUAL[told.verdict], told.summary)


def _loss(run: Run) -> Cell:
    share, name = run.performance.loss_reduction_per_epoch, run.performance.loss
    if share is None or name is None:
        return Cell("Loss an epoch", units.MISSING)
    title = words.metric_title(name)
    figure = f"{'−' if share >= 0 else '+'}{abs(share) * 100:.2g} %"
    whole = f"The {title} {'fell' if share >= 0 else 'rose'} by {figure[1:]} of its first value an epoch, on average"
    return Cell("Loss an epoch", figure, f"of the first {title}", whole)


def _convergence(run: Run, told: Comparison) -> Cell:
    epoch, monitor = run.performance.convergence_epoch, run.performance.monitor
    figure = f"epoch {epoch}" if epoch is not None else "not yet" if run.active else "no"
    usual = f"usual {told.usual[0]:g}–{told.usual[1]:g}"
    if monitor is None:
        return Cell("Converged", units.MISSING, "", told.summary)
    return Cell("Converged", figure, usual, f"{words.metric_title(monitor)}: {told.summary}")


def _batch_size(run: Run) -> Cell:
    config, peak = run.facts.config, max(run.gpu_memory_peaks.values(), default=None)
    held = f"VRAM peak {units.figure('bytes', peak)}" if peak is not None else ""
    told = "\n".join(_peaks(run))
    if config is None:
        return Cell("Batch size", units.MISSING, held or "no configuration found", told)
    rate = f"learning rate {config.learning_rate:g}" if config.learning_rate is not None else ""
    figure = str(config.batch_size) if config.batch_size is not None else units.MISSING
    whole = ", ".join(part for part in (config.model or "", f"batch size {figure}", rate) if part)
    return Cell("Batch size", figure, held or config.model or rate, f"{whole}\n{told}".strip())


def _peaks(run: Run) -> list[str]:
    """Return the highest GPU memory of the run that was seen, a line a GPU, or why it is not known."""
    peaks = [f"VRAM peak {units.figure('bytes', peak)} on {gpu}" for gpu, peak in run.gpu_memory_peaks.items()]
    why = run.performance.unavailable.get("peak_memory_bytes")
    return peaks or ([f"VRAM peak not known: {why}"] if why else [])


def _checkpoints(run: Run, now: float) -> Cell:
    saved = run.facts.checkpoints
    if not saved:
        return Cell("Checkpoints", "none", "none found in its folders")
    size = units.figure("bytes", sum(item.size_bytes for item in saved))
    names = "\n".join(f"{units.figure('bytes', item.size_bytes)}  {item.path}" for item in saved[-5:])
    return Cell("Checkpoints", f"{len(saved)} · {size}", f"last {words.when(saved[-1].time, now)}", names)
