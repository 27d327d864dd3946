"""The hardware of a run's time: four narrow plots of its GPU under the curves, on the run's own time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.ui.pages.alert_marks import time_marks
from crackseg_desktop.ui.pages.compact_gpu import scale_of
from crackseg_desktop.ui.time_plot import TimePlot, series_of
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.readings import GpuReading, Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.time_range import TimeView, Window

_LANES = (
    ("GPU memory", "gpu_memory_used_bytes", "s1", 0.0),
    ("GPU temperature", "gpu_temperature_celsius", "s2", 40.0),
    ("GPU utilisation", "gpu_utilization_ratio", "s3", 0.0),
    ("GPU power", "gpu_power_watts", "s4", 0.0),
)
_OF_RUN = "training_gpu_memory_used_bytes"
UNKNOWN = "Which GPU this run was on is not known."


class RunGpu(NamedTuple):
    """The GPU of a run: its UUID, what the driver tells of it now, and whether it is only likely that one."""

    uuid: str
    reading: GpuReading | None
    likely: bool = False

    @property
    def words(self) -> str:
        """Name it: ``GPU 0``, ``GPU 0, likely``."""
        name = f"GPU {self.reading.index}" if self.reading is not None else self.uuid[:8]
        return f"{name}, likely" if self.likely else name


def gpu_of_run(run: Run, model: Model, window: Window) -> RunGpu | None:
    """Return the GPU on which a run's process holds or held memory, else the only one there is."""
    gpus = model.sample.gpus if model.sample is not None else ()
    live = model.gpu_of(run)
    if live is not None:
        return RunGpu(live.uuid, live)
    told = (dict(labels) for _, labels in model.timeline.series(_OF_RUN, window))
    found = next((labels["gpu"] for labels in told if labels.get("run") == run.id and "gpu" in labels), None)
    if found is not None:
        return RunGpu(found, next((gpu for gpu in gpus if gpu.uuid == found), None))
    return RunGpu(gpus[0].uuid, gpus[0], likely=True) if len(gpus) == 1 else None


class HardwareLanes(QWidget):
    """Memory and temperature, utilisation and power: two cards, each with two lanes over one axis."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._limits = context.limits
        self.lanes = [Lane(context.theme, *lane, is_lower=index % 2 == 1) for index, lane in enumerate(_LANES)]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        for pair in (self.lanes[:2], self.lanes[2:]):
            card = Card(context.theme, padding=0, spacing=0)
            card.body.setContentsMargins(8, 4, 10, 4)
            for lane, share in zip(pair, (100, 112), strict=True):  # the lower one has the axis
                card.body.addWidget(lane, share)
            row.addWidget(card, 1)

    def refresh(self, run: Run, model: Model, view: TimeView, words: str) -> None:
        """Show the hardware of a run over a time; ``words`` say how that goes with the axis of the curves."""
        window = view.window
        gpu = gpu_of_run(run, model, window)
        for lane in self.lanes:
            lane.refresh(gpu, view, words)
            if gpu is None:
                continue
            high, limit = (None, None) if gpu.reading is None else scale_of(lane.series_name, gpu.reading, self._limits)
            marks = time_marks(model.alerts_on(lane.series_name, {"gpu": gpu.uuid}), window, model.now)
            series = series_of(model.history(lane.series_name, {"gpu": gpu.uuid}, window), lane.colour, filled=True)
            lane.plot.put(series, view, low=lane.low, high=high, limit=limit, marks=marks)

    def stand(self, x: float | None) -> None:
        """Put the cursor at an x (seconds before the end), or nowhere, and read all lanes there."""
        for lane in self.lanes:
            lane.stand(x)


class Lane(QWidget):
    """One narrow plot under a line of 20 px: title and figure on the left, which GPU on the right."""

    def __init__(self, theme: Theme, title: str, metric: str, colour: str, low: float, *, is_lower: bool) -> None:
        super().__init__()
        self.series_name, self.colour, self.low, self._title = metric, colour, low, title
        self._usual, self._note_words = ("", ""), ""
        self._head = Line(theme, height=20)
        self._note = Line(theme, align="right", height=20, elide=True)
        self.plot = TimePlot(theme, title, CATALOGUE[metric].unit, axis_height=20 if is_lower else 8)
        self.plot.set_navigable()
        head, column = QHBoxLayout(), QVBoxLayout(self)
        head.setContentsMargins(8, 0, 6, 0)
        head.addWidget(self._head)
        head.addWidget(self._note, 1)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.plot, 1)
        self.plot.setMinimumHeight(44)

    @property
    def texts(self) -> tuple[str, str]:
        """Return what its head says on the left and on the right."""
        return self._head.text, self._note.text

    def refresh(self, gpu: RunGpu | None, view: TimeView, words: str) -> None:
        """Tell which GPU it is and, while the run lives, its figure now."""
        value = None
        if gpu is not None and gpu.reading is not None and view.live:
            value = gpu.reading.get(self.series_name)
        self._usual = units.split_figure(CATALOGUE[self.series_name].unit, value) if value is not None else ("", "")
        self._note_words = UNKNOWN if gpu is None else gpu.words if gpu.likely else f"{gpu.words}, {words}"
        self._put(*self._usual)
        self._note.put(Span(self._note_words, "caption", None, "text3"))
        if gpu is None:
            self.plot.put([], view)

    def stand(self, x: float | None) -> None:
        """Put the cursor at an x and tell the figure there."""
        self.plot.set_cursor(x)
        found = [] if x is None else self.plot.read_out(x)
        if found:
            self._put(found[0][1], "")
        else:
            self._put(*self._usual)

    def _put(self, figure: str, unit: str) -> None:
        self._head.put(
            Span(self._title, "label", None, "text2"),
            Span(figure, "label", 600, "text", 8),
            Span(unit, "label", None, "text2", 5),
        )
