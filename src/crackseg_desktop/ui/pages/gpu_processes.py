"""The processes on a GPU: what each holds of it, what else it takes, which run it works for, and what nobody holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy

from crackseg_desktop import units
from crackseg_desktop.insight.memory_holders import memory_holders
from crackseg_desktop.insight.processes import runs_by_pid
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.process_cells import command
from crackseg_desktop.ui.widgets.states import RUN_LOOKS
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.table import Cell, Column, Table
from crackseg_desktop.ui.widgets.text import Line, Span, plain

if TYPE_CHECKING:
    from crackseg_desktop.insight.memory_holders import Holder
    from crackseg_desktop.readings import GpuProcess, GpuReading, ProcessReading, ProcessRow, Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context

_COLUMNS = (
    Column("PID", 76, right=True),
    Column("Process", 190),
    Column("Run"),
    Column("User", 90, needs=900),
    Column("Kind", 84, needs=900),
    Column("GPU memory", 96, right=True),
    Column("SM", 64, right=True),
    Column("CPU", 72, right=True),
    Column("RAM", 84, right=True),
    Column("Started", 78, right=True),
)
_LEAST = 140
_TROUBLES = {"unknown": "not on this machine", "ended": "has ended", "orphaned": "left behind"}


class GpuProcesses(Card):
    """The card. ``run_chosen`` names the run of a row that was clicked."""

    run_chosen = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=8, spacing=0)
        self._title = Line(context.theme, height=28)
        self.table = Table(context.theme, _COLUMNS, "Processes", row_height=28)
        self.table.row_chosen.connect(self._on_row)
        self._note = Line(context.theme, height=28, elide=True, align="right")
        self._runs: list[str] = []
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addWidget(self._note, 1)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it scrolls by itself
        self.setMinimumHeight(_LEAST)
        self.body.addLayout(head)
        self.body.addWidget(self.table, 1)

    def refresh(self, gpu: GpuReading, model: Model) -> None:
        """Show the processes of a GPU, those that hold most first."""
        table = model.sample.table if model.sample is not None else None
        told = memory_holders(gpu, table)
        self._title.put(Span(f"Processes on GPU {gpu.index}", "body", 600))
        self._note.put(_note(gpu, told.sentences))
        rows = {row.pid: row for row in table or ()}
        trainings = {item.pid: item for item in (model.sample.processes if model.sample is not None else ())}
        on_gpu = {item.pid: item for item in gpu.processes}
        runs = runs_by_pid(run for run in model.runs if run.active)
        self._runs = [runs[holder.pid].id if holder.pid in runs else "" for holder in told.holders]
        self.table.put(
            [
                _row(on_gpu[holder.pid], holder, rows.get(holder.pid), trainings.get(holder.pid), runs, model.now)
                for holder in told.holders
            ]
        )

    def _on_row(self, row: int) -> None:
        if row < len(self._runs) and self._runs[row]:
            self.run_chosen.emit(self._runs[row])


def _note(gpu: GpuReading, sentences: tuple[str, ...]) -> Span:
    if sentences:
        return Span(" ".join(sentences), "caption", 500, "text", glyph="warning", glyph_colour="warning_shape")
    reasons = [f"{_NAMES.get(name, name)}: {reason}" for name, reason in gpu.process_reasons.items()]
    if reasons:
        return Span(" · ".join(reasons), "caption", None, "text3")
    return Span("" if gpu.processes else "none holds memory of it", "caption", None, "text3")


_NAMES = {"processes": "processes", "memory_bytes": "memory", "sm_ratio": "SM share"}


def _row(
    process: GpuProcess,
    holder: Holder,
    row: ProcessRow | None,
    training: ProcessReading | None,
    runs: dict[int, Run],
    now: float,
) -> tuple[Cell, ...]:
    run = runs.get(process.pid)
    started = row.started if row is not None else training.started if training is not None else None
    memory = None if process.memory_bytes is None else float(process.memory_bytes)
    return (
        Cell(plain(str(process.pid), "text2")),
        Cell(_process(holder, row, training)),
        Cell(_run(run)),
        Cell(plain(row.user if row is not None else units.MISSING, "text2")),
        Cell(plain(process.kind, "text2")),
        _figure("bytes", memory),
        _figure("ratio", process.sm_ratio),
        _figure("ratio", row.cpu_ratio if row is not None else None),
        _figure("bytes", row.memory_bytes if row is not None else None),
        Cell(plain(words.when(started, now), "text2")),
    )


def _process(holder: Holder, row: ProcessRow | None, training: ProcessReading | None) -> tuple[Span, ...]:
    if holder.trouble:
        name = f"{command(row)}, " if row is not None else ""
        text = f"{name}{_TROUBLES[holder.trouble]}"
        return (Span(text, "label", 500, glyph="warning", glyph_colour="warning_shape"),)
    if row is not None:
        return plain(command(row), weight=500)
    if training is not None:
        parts = [part.replace("\\", "/").rpartition("/")[2] for part in training.command[:2]]
        return plain(" ".join(parts) or units.MISSING, weight=500)
    return plain(units.MISSING, "text3")


def _run(run: Run | None) -> tuple[Span, ...]:
    if run is None:
        return plain(units.MISSING, "text3")
    look = RUN_LOOKS[run.state]
    return (Span(run.facts.name, "label", None, "accent", glyph=look.glyph, glyph_colour=look.colour),)


def _figure(unit: str, value: float | None) -> Cell:
    return Cell(plain(units.figure(unit, value), "text3" if value is None else "text"))
