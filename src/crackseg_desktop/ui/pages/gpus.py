"""The GPU page: the GPUs to choose from, four plots of the chosen one, its facts, and who is on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import SourceState
from crackseg_desktop.ui.model import Limits
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_marks import time_marks
from crackseg_desktop.ui.pages.base import FACTS, NARROW_BELOW, NARROW_FACTS, Context, Page, beside
from crackseg_desktop.ui.pages.compact_gpu import scale_of
from crackseg_desktop.ui.pages.run_bars import RunBars
from crackseg_desktop.ui.pages.time_axis import TimeAxis
from crackseg_desktop.ui.pages.time_words import over_window
from crackseg_desktop.ui.time_plot import TimePlot, series_of
from crackseg_desktop.ui.widgets.empty import EmptyState, alone
from crackseg_desktop.ui.widgets.facts import Fact, FactList, value_or_reason
from crackseg_desktop.ui.widgets.gpu_tile import GpuTile, TileState
from crackseg_desktop.ui.widgets.metric import PlotCard
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.table import Cell, Column, Table
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.readings import GpuReading
    from crackseg_desktop.ui.model import Model

_PLOTS = (
    ("Memory", "gpu_memory_used_bytes", "s1", 0.0, "gpu_memory"),
    ("Temperature", "gpu_temperature_celsius", "s2", 40.0, "gpu_temperature"),
    ("Utilisation", "gpu_utilization_ratio", "s3", 0.0, ""),
    ("Power", "gpu_power_watts", "s4", 0.0, ""),
)
_COLUMNS = (
    Column("PID", 84, right=True),
    Column("Process", 220),
    Column("Run"),
    Column("Kind", 120),
    Column("GPU memory", 120, right=True),
)
_TILES_IN_A_ROW = 4
_PROCESSES = 140


class GpusPage(Page):
    """All about one GPU at a time."""

    title = "GPUs"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.tiles: list[GpuTile] = []
        self._tile_grid = QGridLayout()
        self._tile_grid.setSpacing(16)
        self.trouble = EmptyState(context.theme)
        self.detail = GpuDetail(context)
        self.detail.axis.changed.connect(self.changed)
        self.detail.bars.chosen.connect(self._on_run)
        self.head.row.addWidget(self.detail.axis.bar)
        self.column.addLayout(self._tile_grid)
        self._trouble_page = alone(self.trouble)
        self.column.addWidget(self._trouble_page, 1)
        self.column.addWidget(self.detail, 1)

    def refresh(self, model: Model) -> None:
        """Show the GPUs and the chosen one."""
        super().refresh(model)
        gpus = model.sample.gpus if model.sample is not None else ()
        self.head.put_note(f"{len(gpus)} found" if gpus else "none found")
        self._refresh_tiles(model)
        gpu = model.gpu
        trouble = words.no_gpu(model.sample) if gpu is None else words.gpu_trouble(gpu, model.now)
        lone = gpu is None or (trouble is not None and "gpu_memory_used_bytes" not in gpu.figures)
        self._trouble_page.setVisible(lone)
        self.detail.setVisible(not lone)
        if lone and trouble is not None:
            self.trouble.put(*trouble)
        elif gpu is not None:
            self.detail.refresh(gpu, model, trouble)

    def _refresh_tiles(self, model: Model) -> None:
        gpus = model.sample.gpus if model.sample is not None else ()
        while len(self.tiles) < len(gpus):
            tile = GpuTile(self.theme)
            tile.clicked.connect(self._on_tile)
            place = len(self.tiles)
            self._tile_grid.addWidget(tile, place // _TILES_IN_A_ROW, place % _TILES_IN_A_ROW)
            self.tiles.append(tile)
        chosen = model.gpu
        for index, tile in enumerate(self.tiles):
            tile.setVisible(index < len(gpus))
            if index < len(gpus):
                state = tile_state(gpus[index], model, self.limits.gpu_memory_ratio)
                tile.put(state, selected=chosen is not None and gpus[index].uuid == chosen.uuid)

    def _on_tile(self) -> None:
        tile = self.sender()
        if self.model is not None and isinstance(tile, GpuTile):
            self.model.selected_gpu = tile.uuid
            self.changed.emit()

    def _on_run(self, run_id: str) -> None:
        if self.model is not None:
            self.model.selected_run_id = run_id
            self.changed.emit()


class GpuDetail(QWidget):
    """Four plots, the facts beside them, the processes below."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._limits = context.limits
        theme = context.theme
        self.cards = {
            metric: PlotCard(theme, title, TimePlot(theme, title, CATALOGUE[metric].unit), head=36)
            for title, metric, _, _, _ in _PLOTS
        }
        self.bars = RunBars(theme)
        self.axis = TimeAxis(theme, self.cards.values(), self, self.bars)
        self.facts, self.processes = _FactsCard(context), _ProcessesCard(context)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addLayout(beside(self.cards.values(), self.facts, self.bars), 404)
        column.addWidget(self.processes, 180)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow the facts in a narrow window."""
        super().resizeEvent(event)
        self.facts.set_narrow(self.width() < NARROW_BELOW)

    def refresh(self, gpu: GpuReading, model: Model, trouble: words.Trouble | None) -> None:
        """Show a GPU."""
        self.bars.put(model)
        for plot in _PLOTS:
            self._show_plot(plot, gpu, model, trouble)
        self.axis.refresh(model)
        self.facts.refresh(gpu, trouble)
        self.processes.refresh(gpu, model)

    def _show_plot(
        self, plot: tuple[str, str, str, float, str], gpu: GpuReading, model: Model, trouble: words.Trouble | None
    ) -> None:
        _, metric, colour, low, rule = plot
        card, value, live = self.cards[metric], gpu.get(metric), model.timeline.range.live
        if value is None and live:
            card.miss(words.why_missing(gpu, metric))
            return
        alert = model.firing_on(rule, **dict(gpu.labels)) if rule and live else None
        card.set_tone(alert.severity.value if alert is not None else "normal")
        high, limit = scale_of(metric, gpu, self._limits)
        track = model.history(metric, gpu.labels)
        figure, unit, note = over_window(CATALOGUE[metric].unit, track)
        if live:
            figure, unit = units.split_figure(CATALOGUE[metric].unit, value)
            unit, note = _unit(metric, unit, gpu), _plot_note(metric, gpu, limit, model)
        card.put(figure, unit, (Span(note, "caption", None, "text3"),))
        critical = alert is not None and alert.severity == "critical"
        shown = "s6" if trouble is not None and live else "critical" if critical else colour
        marks = time_marks(model.alerts_on(metric, gpu.labels), model.window, model.now)
        series = series_of(track, shown, filled=True)
        lowest = min(low, value) if value is not None else low
        cast("TimePlot", card.plot).put(series, model.view, low=lowest, high=high, limit=limit, marks=marks)


class _FactsCard(Card):
    """Why the GPU is held back, and what else the driver tells."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, spacing=4)
        theme = context.theme
        self.set_narrow(False)
        self.state, self.reasons = Paragraph(theme, scale="label"), Paragraph(theme, scale="caption", colour="text3")
        self.list = FactList(theme, 24)
        self.body.addWidget(Line(theme, Span("Throttling", "body", 600), height=20))
        self.body.addWidget(self.state)
        self.body.addWidget(self.reasons)
        self.body.addSpacing(8)
        self.body.addWidget(Line(theme, Span("Device", "body", 600), height=24))
        self.body.addWidget(self.list)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        """Leave more room to the plots."""
        self.setFixedWidth(NARROW_FACTS if narrow else FACTS)

    def refresh(self, gpu: GpuReading, trouble: words.Trouble | None) -> None:
        """Show the facts of a GPU."""
        if trouble is not None:
            self.state.put(f"{trouble.title}. {trouble.why}")
            self.reasons.put(trouble.note)
        else:
            self.state.put("; ".join(gpu.throttle_reasons) if gpu.throttle_reasons else _free(gpu))
            self.reasons.put("Held back by the driver right now." if gpu.throttle_reasons else "")
        self.reasons.setVisible(bool(self.reasons.text()))
        self.list.put(_device_facts(gpu))


class _ProcessesCard(Card):
    """The processes that hold memory of the GPU."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=8, spacing=0)
        self._title = Line(context.theme, height=28)
        self.table = Table(context.theme, _COLUMNS, "Processes", row_height=28)
        self._none = Line(context.theme, height=28, elide=True)
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addWidget(self._none, 1)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it scrolls by itself
        self.setMinimumHeight(_PROCESSES)
        self.body.addLayout(head)
        self.body.addWidget(self.table, 1)

    def refresh(self, gpu: GpuReading, model: Model) -> None:
        """Show the processes of a GPU."""
        self._title.put(Span(f"Processes on GPU {gpu.index}", "body", 600))
        self._none.put(
            Span("" if gpu.processes else "none holds memory, or the driver does not tell", "caption", None, "text3")
        )
        known = {process.pid: process for process in (model.sample.processes if model.sample is not None else ())}
        runs = {run.pid: run for run in model.runs if run.pid is not None}
        rows = []
        for process in sorted(gpu.processes, key=lambda item: -(item.memory_bytes or 0)):
            run, seen = runs.get(process.pid), known.get(process.pid)
            mark = (
                Span(run.facts.name, "label", None, "accent", glyph="play")
                if run
                else Span("–", "label", None, "text3")
            )
            memory = None if process.memory_bytes is None else float(process.memory_bytes)
            rows.append(
                (
                    Cell(plain(str(process.pid), "text2")),
                    Cell(plain(_command(seen.command) if seen is not None else "–", weight=500)),
                    Cell((mark,)),
                    Cell(plain(process.kind, "text2")),
                    Cell(plain(units.figure("bytes", memory))),
                )
            )
        self.table.put(rows)


def tile_state(gpu: GpuReading, model: Model, limit: float | None) -> TileState:
    """Return what the tile of a GPU shows."""
    run = next((run for run in model.runs if run.active and model.gpu_of(run) == gpu), None)
    shared = words.gpu_memory(gpu, run, Limits(gpu_memory_ratio=limit))
    trouble = words.gpu_trouble(gpu, model.now)
    figures = tuple(
        units.split_figure(CATALOGUE[metric].unit, gpu.get(metric))
        for metric in ("gpu_temperature_celsius", "gpu_utilization_ratio", "gpu_power_watts")
    )
    return TileState(
        uuid=gpu.uuid,
        index=gpu.index,
        name=words.gpu_title(gpu),
        note=f"GPU {gpu.index}" + (f" · {run.facts.name}" if run is not None else ""),
        memory="" if shared is None else f"{words.gib(shared.used)} of {words.gib(shared.total)} GiB",
        parts=() if shared is None else shared.parts(),
        mark=limit if shared is not None else None,
        figures=figures,
        trouble="" if trouble is None else trouble.title,
        asleep=gpu.state == SourceState.ASLEEP,
    )


def _unit(metric: str, unit: str, gpu: GpuReading) -> str:
    total = gpu.get("gpu_memory_total_bytes")
    if metric != "gpu_memory_used_bytes" or not total:
        return unit
    return f"of {words.gib(total)} GiB" if unit == "GiB" else f"{unit} of {words.gib(total)} GiB"


def _plot_note(metric: str, gpu: GpuReading, limit: float | None, model: Model) -> str:
    notes = []
    if limit is not None:
        notes.append(f"limit {units.figure(CATALOGUE[metric].unit, limit)}")
    slowdown = gpu.get("gpu_temperature_slowdown_celsius")
    if metric == "gpu_temperature_celsius" and slowdown is not None:
        notes.append(f"slowdown at {slowdown:.0f} °C")
    if metric == "gpu_utilization_ratio":
        mean = model.history(metric, gpu.labels).mean()
        if math.isfinite(mean):
            notes.append(f"mean {mean * 100:.0f} %")
    if metric == "gpu_power_watts":
        notes.append(words.energy(model.history("gpu_energy_joules_total", gpu.labels).values))
    return " · ".join(note for note in notes if note)


def _free(gpu: GpuReading) -> str:
    reason = gpu.unavailable.get("gpu_throttled")
    return f"Not known: {reason}." if reason else "Not held back now."


def _device_facts(gpu: GpuReading) -> list[Fact]:
    def row(label: str, metric: str, text: str | None = None) -> Fact:
        value = gpu.get(metric)
        if text is None and value is not None:
            text = units.figure(CATALOGUE[metric].unit, value)
        return label, value_or_reason(gpu, metric, text)

    state = gpu.get("gpu_performance_state")
    return [
        row("SM clock", "gpu_clock_sm_hertz"),
        row("Memory clock", "gpu_clock_memory_hertz"),
        row("Memory controller", "gpu_memory_controller_utilization_ratio"),
        row("Memory, reserved", "gpu_memory_reserved_bytes"),
        row("Performance state", "gpu_performance_state", None if state is None else f"P{state:.0f}"),
        row("Fan", "gpu_fan_speed_ratio"),
        row("Power limit", "gpu_power_limit_watts"),
        row("Energy since start", "gpu_energy_joules_total"),
        ("UUID", (Span(gpu.uuid, "label", 500),)),
    ]


def _command(command: tuple[str, ...]) -> str:
    """Write a command as a person would: the program and its script, without folders."""
    parts = [part.replace("\\", "/").rsplit("/", 1)[-1] for part in command[:2]]
    return " ".join(parts) or "–"
