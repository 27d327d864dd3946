"""The GPU card of the pop-up, 168 px: memory by owner, and four figures with their last hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import SourceState
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.widgets.bars import Bar
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.empty import EmptyState
from crackseg_desktop.ui.widgets.metric import MiniMetric
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.readings import GpuReading
    from crackseg_desktop.ui.model import Limits, Model
    from crackseg_desktop.ui.pages.base import Context

HEIGHT = 168
MINIS = (
    ("Memory", "gpu_memory_used_bytes", "s1", 0.0),
    ("Temperature", "gpu_temperature_celsius", "s2", 20.0),
    ("Utilisation", "gpu_utilization_ratio", "s3", 0.0),
    ("Power", "gpu_power_watts", "s4", 0.0),
)
_RULES = {"gpu_memory_used_bytes": "gpu_memory", "gpu_temperature_celsius": "gpu_temperature"}
_SPAN = 900.0  # seconds: an hour of steps and validations would be a hatching at this size
_STILL_SHOWN = (SourceState.OK, SourceState.ASLEEP, SourceState.NOT_RESPONDING)


class CompactGpu(QWidget):
    """The GPU of the run, or why there is none. ``changed`` tells that another GPU was chosen."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT)
        self.empty = EmptyState(context.theme, wide=True)
        self.card = GpuCard(context)
        self.card.other.clicked.connect(self._on_other)
        self._model: Model | None = None
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.card)
        self._pages.addWidget(self.empty)

    def refresh(self, model: Model) -> None:
        """Show the GPU, or its trouble."""
        self._model = model
        gpu = model.gpu
        trouble = words.no_gpu(model.sample) if gpu is None else words.gpu_trouble(gpu, model.now)
        shown = gpu is not None and gpu.state in _STILL_SHOWN and "gpu_memory_used_bytes" in gpu.figures
        self._pages.setCurrentWidget(self.card if shown else self.empty)
        if gpu is not None and shown:
            self.card.refresh(gpu, model, trouble)
        elif trouble is not None:
            self.empty.put(*trouble)

    def _on_other(self) -> None:
        if self._model is None or self._model.sample is None or self._model.gpu is None:
            return
        gpus = self._model.sample.gpus
        place = next(index for index, gpu in enumerate(gpus) if gpu.uuid == self._model.gpu.uuid)
        self._model.selected_gpu = gpus[(place + 1) % len(gpus)].uuid
        self.changed.emit()


class GpuCard(Card):
    """The figures of one GPU."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, spacing=0)
        theme = context.theme
        self._limits = context.limits
        self.body.setContentsMargins(16, 8, 16, 8)
        self.name, self.state = Line(theme, elide=True, height=24), Line(theme, align="right", height=24)
        self.other = Button(theme, "Next", kind="quiet", height=24)
        self.other.setToolTip("Show the next GPU")
        head = QHBoxLayout()
        head.setSpacing(8)
        for part, stretch in ((self.name, 1), (self.state, 0), (self.other, 0)):
            head.addWidget(part, stretch)
        self.memory, self.owners = Line(theme, height=20), Line(theme, align="right", elide=True, height=20)
        row = QHBoxLayout()
        row.addWidget(self.memory)
        row.addWidget(self.owners, 1)
        self.bar = Bar(theme, thickness=8, mark=14)
        self.minis = {metric: MiniMetric(theme, title, colour, low) for title, metric, colour, low in MINIS}
        plots = QHBoxLayout()
        plots.setSpacing(12)
        for mini in self.minis.values():
            plots.addWidget(mini, 1)
        self.body.addLayout(head)
        self.body.addLayout(row)
        self.body.addWidget(self.bar)
        self.body.addSpacing(6)
        self.body.addLayout(plots)
        self.body.addStretch(1)

    def refresh(self, gpu: GpuReading, model: Model, trouble: words.Trouble | None) -> None:
        """Show a GPU; one that is asleep or does not answer keeps its last figures, in grey and with their age."""
        self.name.put(
            Span(words.gpu_title(gpu), "body", 600, gives=True), Span(f"GPU {gpu.index}", "caption", None, "text3", 8)
        )
        self._show_state(gpu, model, trouble)
        self.other.setVisible(model.sample is not None and len(model.sample.gpus) > 1)
        shared = words.gpu_memory(gpu, model.selected_run, self._limits)
        if shared is not None:
            figure = f"{words.gib(shared.used)} of {words.gib(shared.total)} GiB"
            self.memory.put(Span("Memory", "caption", None, "text2"), Span(figure, "caption", 600, gap=5))
            self.owners.put(Span(shared.words(), "caption", None, "text2"))
            self.bar.put(*shared.parts(), mark=None if shared.limit is None else shared.limit / shared.total)
        for metric, mini in self.minis.items():
            self._show_mini(metric, mini, gpu, model, stale=trouble is not None)

    def _show_state(self, gpu: GpuReading, model: Model, trouble: words.Trouble | None) -> None:
        if trouble is not None:
            age = units.duration(model.now - gpu.taken) if gpu.taken else ""
            state = f"{gpu.state.value}{f', {age} old' if age else ''}"
            glyph = "moon" if gpu.state == SourceState.ASLEEP else "clock"
            self.state.put(Span(state, "caption", None, "text2", glyph=glyph, gives=True))
            self.state.setToolTip(trouble.why)
            return
        glyph, text = words.throttle_words(gpu)
        shape = "warning_shape" if glyph == "warning" else "text2"
        self.state.put(Span(text, "caption", None, "text2", glyph=glyph, glyph_colour=shape, gives=True))
        self.state.setToolTip("; ".join(gpu.throttle_reasons))

    def _show_mini(self, metric: str, mini: MiniMetric, gpu: GpuReading, model: Model, *, stale: bool) -> None:
        value = gpu.get(metric)
        if value is None:
            mini.miss(words.why_missing(gpu, metric))
            return
        rule = _RULES.get(metric)
        alert = model.firing_on(rule, **dict(gpu.labels)) if rule is not None else None
        sign = alert.severity.value if alert is not None else None
        mini.put(*units.split_figure(CATALOGUE[metric].unit, value), sign=sign)
        ages, values = model.recent(metric, gpu.labels)
        top, limit = scale_of(metric, gpu, self._limits)
        mine = next(colour for _, name, colour, _ in MINIS if name == metric)
        colour = "s6" if stale else "critical" if sign == "critical" else mine
        mini.plot.put(ages, values, span=_SPAN, now=model.now, high=top, limit=limit, colour=colour)


def scale_of(metric: str, gpu: GpuReading, limits: Limits) -> tuple[float | None, float | None]:
    """Return (top of the axis, limit) for a metric of a GPU, in base units."""
    match metric:
        case "gpu_memory_used_bytes":
            total = gpu.get("gpu_memory_total_bytes")
            ratio = limits.gpu_memory_ratio
            return total, None if total is None or ratio is None else ratio * total
        case "gpu_temperature_celsius":
            limit = limits.gpu_temperature
            return max(90.0, (limit or 0.0) + 8), limit
        case "gpu_utilization_ratio":
            return 1.0, None
        case _:
            limit = gpu.get("gpu_power_limit_watts")
            return None if limit is None else limit * 1.1, limit
