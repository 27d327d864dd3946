"""The overview: is the training alive and how good is it, is the machine well, does anything need me."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import SourceState
from crackseg_desktop.ui.model import Limits
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_marks import time_marks
from crackseg_desktop.ui.pages.base import SPANS, Context, Page
from crackseg_desktop.ui.pages.compact_gpu import scale_of
from crackseg_desktop.ui.pages.overview_run import RunPanel
from crackseg_desktop.ui.pages.overview_tables import RunsCard, WorkstationCard
from crackseg_desktop.ui.plots import Series
from crackseg_desktop.ui.time_plot import TimePlot
from crackseg_desktop.ui.time_range import HOUR, TimeRange, TimeView
from crackseg_desktop.ui.widgets.alert_rows import AlertBanner
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.metric import MetricCard
from crackseg_desktop.ui.widgets.snooze_menu import open_snooze_menu
from crackseg_desktop.ui.widgets.ticks import clock

if TYPE_CHECKING:
    from crackseg_desktop.readings import AlertEvent, GpuReading
    from crackseg_desktop.ui.model import Column, Model

_CARDS = (
    ("GPU memory", "gpu_memory_used_bytes", "s1", 0.0, "gpu_memory"),
    ("GPU temperature", "gpu_temperature_celsius", "s2", 40.0, "gpu_temperature"),
    ("GPU utilisation", "gpu_utilization_ratio", "s3", 0.0, ""),
    ("GPU power", "gpu_power_watts", "s4", 0.0, ""),
)


class OverviewPage(Page):
    """One look at everything."""

    title = "Overview"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        theme = context.theme
        self.banner = AlertBanner(theme, context.actions)
        self.run = RunPanel(context)
        self.cards = {
            metric: MetricCard(theme, title, TimePlot(theme, title, CATALOGUE[metric].unit))
            for title, metric, _, _, _ in _CARDS
        }
        self.runs, self.workstation = RunsCard(context), WorkstationCard(context)
        self._add_controls()
        metrics, tables = QHBoxLayout(), QHBoxLayout()
        for row in (metrics, tables):
            row.setSpacing(16)
        for card in self.cards.values():
            metrics.addWidget(card, 1)
        tables.addWidget(self.runs, 710)
        tables.addWidget(self.workstation, 418)
        self.column.addWidget(self.banner)
        self.column.addWidget(self.run, 272)
        self.column.addLayout(metrics, 160)
        self.column.addLayout(tables, 152)
        self.runs.chosen.connect(self._on_run_chosen)

    def refresh(self, model: Model) -> None:
        """Show the state of the model."""
        super().refresh(model)
        host = model.sample.host if model.sample is not None else None
        name = f"Workstation {host.hostname} · " if host is not None and host.hostname else ""
        self.head.put_note(f"{name}{moment(model.now)}" if model.now else "No reading yet")
        alerts = model.firing
        self.banner.put(next(iter(alerts), None), max(0, len(alerts) - 1))
        self.run.refresh(model)
        self._refresh_cards(model)
        self.runs.refresh(model)
        self.workstation.refresh(model)

    def _add_controls(self) -> None:
        context = self.context
        self.span = Segments(context.theme, SPANS, "3600", "Time shown")
        self.span.chosen.connect(self._on_span)
        board = Button(context.theme, "TensorBoard", icon="tensorboard")
        board.clicked.connect(self._on_tensorboard)
        self.snooze = Button(context.theme, icon="snooze")
        self.snooze.name("Snooze all alerts")
        self.snooze.clicked.connect(self._on_snooze)
        self.gpu = Button(context.theme, "GPU 0").with_menu_mark()
        self.gpu.setToolTip("Choose the GPU shown")
        self.gpu.clicked.connect(self._on_choose_gpu)
        for part in (self.gpu, self.span, board, self.snooze):
            self.head.row.addWidget(part)

    def _refresh_cards(self, model: Model) -> None:
        gpu = model.gpu
        several = model.sample is not None and len(model.sample.gpus) > 1
        self.gpu.setVisible(several)
        if gpu is not None and several:
            self.gpu.setText(f"GPU {gpu.index}")
        self.span.take(f"{_span(model):.0f}")
        for _, metric, colour, low, rule in _CARDS:
            card = self.cards[metric]
            value = gpu.get(metric) if gpu is not None else None
            if gpu is None or value is None:
                card.miss(words.why_missing(gpu, metric, words.no_gpu(model.sample).title))
                continue
            alert = model.firing_on(rule, **dict(gpu.labels)) if rule else None
            self._show_card(card, metric, value, gpu, model, (colour, low, alert))

    def _show_card(
        self,
        card: MetricCard,
        metric: str,
        value: float,
        gpu: GpuReading,
        model: Model,
        look: tuple[str, float, AlertEvent | None],
    ) -> None:
        colour, low, alert = look
        span = _span(model)
        ages, values = model.recent(metric, gpu.labels, span)
        high, limit = scale_of(metric, gpu, self.limits)
        tone = alert.severity.value if alert is not None else "normal"
        card.put(*_figure(metric, value, gpu), notes=_notes(metric, gpu, model, (ages, values)), tone=tone)
        if tone == "critical":
            colour = "critical"
        elif gpu.state != SourceState.OK:
            colour = "s6"
        series = [Series(ages, values, colour, width=1.5, filled=True)] if len(ages) else []
        view = TimeView(span, model.now)
        marks = time_marks(model.alerts_on(metric, gpu.labels), view.window, model.now)
        card.plot.put(series, view, low=min(low, value), high=high, limit=limit, marks=marks)

    def _on_choose_gpu(self) -> None:
        menu = QMenu(self.gpu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for gpu in self.model.sample.gpus if self.model is not None and self.model.sample is not None else ():
            action = menu.addAction(f"GPU {gpu.index}: {words.gpu_title(gpu)}")
            action.triggered.connect(lambda _=False, uuid=gpu.uuid: self._on_gpu(uuid))
        menu.popup(self.gpu.mapToGlobal(QPoint(0, self.gpu.height() + 4)))

    def _on_gpu(self, uuid: str) -> None:
        if self.model is not None:
            self.model.selected_gpu = uuid
            self.changed.emit()

    def _on_span(self, key: str) -> None:
        if self.model is not None:
            self.model.timeline.range = TimeRange(float(key))
            self.changed.emit()

    def _on_tensorboard(self) -> None:
        run = self.model.selected_run if self.model is not None else None
        self.context.actions.open_tensorboard(run.id if run is not None else None)

    def _on_snooze(self) -> None:
        open_snooze_menu(self.snooze, self.context.actions)

    def _on_run_chosen(self, run_id: str) -> None:
        if self.model is not None:
            self.model.selected_run_id = run_id
            self.changed.emit()


def moment(now: float) -> str:
    """Write day and time as the heads of pages do: ``Mon 23 Nov 2026, 14:05``."""
    local = units.local_time(now)
    return units.MISSING if local is None else f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def _figure(metric: str, value: float, gpu: GpuReading) -> tuple[str, str]:
    figure, unit = units.split_figure(CATALOGUE[metric].unit, value)
    if metric == "gpu_memory_used_bytes" and (total := gpu.get("gpu_memory_total_bytes")):
        return figure, f"of {words.gib(total)} GiB" if unit == "GiB" else f"{unit} of {words.gib(total)} GiB"
    if metric == "gpu_power_watts" and (limit := gpu.get("gpu_power_limit_watts")):
        return figure, f"{unit} of {limit:.0f}"
    return figure, unit


def _span(model: Model) -> float:
    """Return the span shown: the overview tells of now, whatever time the other pages show."""
    chosen = model.timeline.range
    return chosen.span if chosen.live and any(f"{chosen.span:.0f}" == key for key, _ in SPANS) else HOUR


def _notes(metric: str, gpu: GpuReading, model: Model, history: tuple[Column, Column]) -> tuple[str, str]:
    import numpy as np

    ages, values = history
    if gpu.state != SourceState.OK:
        age = units.duration(model.now - gpu.taken) if gpu.taken else ""
        return gpu.state.value, f"{age} old" if age else ""
    if not np.isfinite(values).any():
        return "", ""
    span = "this hour" if _span(model) >= 3600 else "these 15 min"
    match metric:
        case "gpu_memory_used_bytes":
            shared = words.gpu_memory(gpu, model.selected_run, Limits())
            peak = f"peak {words.gib(float(np.nanmax(values)))} GiB"
            mine = f"run {words.gib(shared.run)} GiB" if shared is not None and shared.run is not None else ""
            return (mine, peak) if mine else (peak, span)
        case "gpu_temperature_celsius":
            top = int(np.nanargmax(values))
            return f"peak {values[top]:.0f} °C", f"at {clock(model.now + ages[top])}"
        case "gpu_utilization_ratio":
            return f"mean {np.nanmean(values) * 100:.0f} %", span
        case _:
            energy = words.energy(model.recent("gpu_energy_joules_total", gpu.labels, _span(model))[1])
            return (energy, span) if energy else (f"mean {np.nanmean(values):.0f} W", span)
