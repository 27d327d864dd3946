"""The GPU page: the GPUs to choose from, four plots of the chosen one, its facts, and who is on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import SourceState
from crackseg_desktop.ui.model import Limits
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_marks import time_marks
from crackseg_desktop.ui.pages.base import NARROW_BELOW, Context, Page, beside
from crackseg_desktop.ui.pages.compact_gpu import scale_of
from crackseg_desktop.ui.pages.gpu_facts import GpuFacts
from crackseg_desktop.ui.pages.gpu_processes import GpuProcesses
from crackseg_desktop.ui.pages.run_bars import RunBars
from crackseg_desktop.ui.pages.time_axis import TimeAxis
from crackseg_desktop.ui.pages.time_words import over_window
from crackseg_desktop.ui.time_plot import TimePlot, series_of
from crackseg_desktop.ui.widgets.empty import EmptyState, alone
from crackseg_desktop.ui.widgets.gpu_tile import GpuTile, TileState
from crackseg_desktop.ui.widgets.metric import PlotCard
from crackseg_desktop.ui.widgets.text import Span

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.readings import GpuReading
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import LooksAt

_PLOTS = (
    ("Memory", "gpu_memory_used_bytes", "s1", 0.0, "gpu_memory"),
    ("Temperature", "gpu_temperature_celsius", "s2", 40.0, "gpu_temperature"),
    ("Utilisation", "gpu_utilization_ratio", "s3", 0.0, ""),
    ("Power", "gpu_power_watts", "s4", 0.0, ""),
)
_TILES_IN_A_ROW = 4
_AXIS = 64


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
        self.detail.processes.run_chosen.connect(self._on_run)
        self.head.row.addWidget(self.detail.axis.bar)
        self.column.addLayout(self._tile_grid)
        self._trouble_page = alone(self.trouble)
        self.column.addWidget(self._trouble_page, 1)
        self.column.addWidget(self.detail, 1)

    @property
    def looks_at(self) -> LooksAt:
        """Return what must be read of all processes: those on a GPU are shown with what else they take."""
        gpu = self.model.gpu if self.model is not None else None
        return "processes" if gpu is not None and gpu.processes else ""

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
            metric: PlotCard(theme, title, TimePlot(theme, title, CATALOGUE[metric].unit, _AXIS), head=36)
            for title, metric, _, _, _ in _PLOTS
        }
        self.bars = RunBars(theme)
        self.axis = TimeAxis(theme, self.cards.values(), self, self.bars)
        self.facts, self.processes = GpuFacts(context), GpuProcesses(context)
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
        self.facts.refresh(gpu, trouble, model.now)
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
            (figure, unit), note = _figure(metric, value, gpu), _plot_note(metric, gpu, limit, model)
        card.put(figure, unit, (Span(note, "caption", None, "text3"),))
        critical = alert is not None and alert.severity == "critical"
        shown = "s6" if trouble is not None and live else "critical" if critical else colour
        marks = time_marks(model.alerts_on(metric, gpu.labels), model.window, model.now)
        series = series_of(track, shown, filled=True)
        lowest = min(low, value) if value is not None else low
        cast("TimePlot", card.plot).put(series, model.view, low=lowest, high=high, limit=limit, marks=marks)


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


def _figure(metric: str, value: float | None, gpu: GpuReading) -> tuple[str, str]:
    """Return the figure and its unit; of memory what it is of."""
    total = gpu.get("gpu_memory_total_bytes")
    if metric == "gpu_memory_used_bytes" and total and value is not None:
        return words.gib(value), f"of {words.gib(total)} GiB"
    return units.split_figure(CATALOGUE[metric].unit, value)


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
