"""The system page: CPU, RAM, disk and network over time, sensors, disks, busiest processes; and all processes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_marks import time_marks
from crackseg_desktop.ui.pages.base import NARROW_BELOW, Context, Page, beside
from crackseg_desktop.ui.pages.processes import ProcessesView
from crackseg_desktop.ui.pages.run_bars import RunBars
from crackseg_desktop.ui.pages.system_facts import SystemFacts
from crackseg_desktop.ui.pages.system_tables import BusiestCard, DisksCard
from crackseg_desktop.ui.pages.time_axis import TimeAxis
from crackseg_desktop.ui.pages.time_words import over_window
from crackseg_desktop.ui.theme import CARD_GAP
from crackseg_desktop.ui.time_plot import TimePlot, series_of
from crackseg_desktop.ui.widgets.buttons import Segments
from crackseg_desktop.ui.widgets.metric import PlotCard
from crackseg_desktop.ui.widgets.text import Span

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.readings import HostReading
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import LooksAt
    from crackseg_desktop.ui.tracks import Track

_AXIS = 64
_MARKED_BY = {"Disk": ("host_disk_", "mount_"), "Network": ("host_unreachable",)}
"""How the series begin whose alerts the plots of rates mark."""
_ROOM_FOR_SUM = 380
_FLOOR = 1024.0**2
"""The axis of a rate reaches at least so far (bytes per second): less would make a picture of noise."""
_DISK = ("host_disk_read_bytes_per_second", "host_disk_written_bytes_per_second")
_NETWORK = ("host_network_receive_bytes_per_second", "host_network_transmit_bytes_per_second")
_VIEWS = (("machine", "Machine"), ("processes", "Processes"))


class SystemPage(Page):
    """The machine."""

    title = "System"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        theme = context.theme
        kinds = (("CPU", "ratio"), ("RAM", "bytes"), ("Disk", "bytes_per_second"), ("Network", "bytes_per_second"))
        self.cards = {
            title: PlotCard(theme, title, TimePlot(theme, title, unit, _AXIS), head=36) for title, unit in kinds
        }
        self.plots = {title: card.plot for title, card in self.cards.items() if isinstance(card.plot, TimePlot)}
        self.bars = RunBars(theme)
        self.bars.chosen.connect(self._on_run)
        self.axis = TimeAxis(theme, self.cards.values(), self, self.bars)
        self.axis.changed.connect(self.changed)
        self.view = Segments(theme, _VIEWS, "machine", "Shown")
        self.view.chosen.connect(self._on_view)
        self.head.row.addWidget(self.axis.bar)
        self.head.row.addWidget(self.view)
        self.facts, self.disks, self.busiest = SystemFacts(context), DisksCard(context), BusiestCard(context)
        self.busiest.all_wanted.connect(self.show_processes)
        self.processes = ProcessesView(context)
        self.processes.changed.connect(self.changed)
        self._views = QStackedLayout()
        self._views.addWidget(self._machine())
        self._views.addWidget(self.processes)
        self.column.addLayout(self._views, 1)

    @property
    def looks_at(self) -> LooksAt:
        """Return what must be read of all processes."""
        return "traffic" if self.view.taken == "processes" else "processes"

    def show_processes(self) -> None:
        """Show all processes."""
        self.view.take("processes")
        self._on_view("processes")

    def refresh(self, model: Model) -> None:
        """Show the host, or its processes."""
        super().refresh(model)
        host = model.sample.host if model.sample is not None else None
        self.head.put_note(host.hostname if host is not None else "No reading yet")
        if self.view.taken == "processes":
            self.processes.refresh(model)
            return
        if host is None:
            for card in self.cards.values():
                card.miss("no reading yet")
            return
        self._show_cpu(host, model)
        self._show_ram(host, model)
        self._show_rates("Disk", _DISK, ("read", "write"), model)
        self._show_rates("Network", _NETWORK, ("down", "up"), model)
        self.bars.put(model)
        self.axis.refresh(model)
        self.facts.refresh(host, model)
        self.disks.refresh(host, model, self.limits.disk_free_bytes)
        self.busiest.refresh(model)

    def _machine(self) -> QWidget:
        machine, lower = QWidget(), QHBoxLayout()
        column = QVBoxLayout(machine)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(CARD_GAP)
        lower.setSpacing(CARD_GAP)
        lower.addWidget(self.disks, 58)
        lower.addWidget(self.busiest, 42)
        column.addLayout(beside(self.cards.values(), self.facts, self.bars), 400)
        column.addLayout(lower, 230)
        return machine

    def _on_view(self, key: str) -> None:
        self._views.setCurrentIndex(int(key == "processes"))
        self.axis.bar.setVisible(key != "processes")
        self.changed.emit()

    def _show_cpu(self, host: HostReading, model: Model) -> None:
        value, track = host.get("host_cpu_used_ratio"), model.history("host_cpu_used_ratio", {})
        if not model.timeline.range.live:
            self._put_past("CPU", "ratio", track)
        elif value is None:
            self.cards["CPU"].miss(words.why_missing(host, "host_cpu_used_ratio"))
            return
        else:
            threads, load = host.get("host_cpu_threads"), host.get("host_load1")
            parts = [f"load {load:.1f}" if load is not None else "", f"on {threads:.0f} threads" if threads else ""]
            note = (Span(" ".join(filter(None, parts)), "caption", None, "text3"),)
            self.cards["CPU"].put(*units.split_figure("ratio", value), note=note)
        self.plots["CPU"].put(series_of(track, "s1", filled=True), model.view, high=1.0)

    def _show_ram(self, host: HostReading, model: Model) -> None:
        used, total = host.get("host_memory_used_bytes"), host.get("host_memory_total_bytes")
        if used is None or not total:
            self.cards["RAM"].miss(words.why_missing(host, "host_memory_used_bytes"))
            return
        ratio = self.limits.host_memory_ratio
        limit = None if ratio is None else ratio * total
        track, live = model.history("host_memory_used_bytes", {}), model.timeline.range.live
        alert = model.firing_on("host_memory") if live else None
        self.cards["RAM"].set_tone(alert.severity.value if alert is not None else "normal")
        if live:
            note = "" if limit is None else f"limit {units.figure('bytes', limit)}"
            self.cards["RAM"].put(
                words.gib(used), f"of {words.gib(total)} GiB", note=(Span(note, "caption", None, "text3"),)
            )
        else:
            self._put_past("RAM", "bytes", track)
        marks = time_marks(model.alerts_on("host_memory_used_bytes", {}), model.window, model.now)
        series = series_of(track, "s6", width=1.75, filled=True)
        self.plots["RAM"].put(series, model.view, high=total, limit=limit, marks=marks)

    def _show_rates(self, title: str, metrics: tuple[str, str], names: tuple[str, str], model: Model) -> None:
        live = model.timeline.range.live
        tracks = [model.history(metric, {}) if title == "Disk" else model.total_rate(metric) for metric in metrics]
        if live and all(np.isnan(track.values).all() for track in tracks):
            host = model.sample.host if model.sample is not None else None
            self.cards[title].miss(words.why_missing(host, metrics[0], "not measured yet"))
            return
        told = [_newest(track) if live else track.mean() for track in tracks]
        spans: list[Span] = []
        for index, (name, value) in enumerate(zip(names, told, strict=True)):
            glyph = "dashed" if index and title == "Network" else "line"
            spans.append(Span(name, "caption", None, "text2", 12, glyph=glyph, glyph_colour=("s1", "s2")[index]))
            spans.append(Span(words.rate(value), "label", 600, gap=5))
        figure, _, unit = words.rate(float(np.nansum(told))).partition(" ")
        if not live or self.cards[title].width() < _ROOM_FOR_SUM:
            figure, unit = "", ""
        self.cards[title].put(figure, unit, note=tuple(spans))
        series = [
            *series_of(tracks[0], "s1", width=1.25, filled=True),
            *series_of(tracks[1], "s2", width=1.25, dashed=title == "Network"),
        ]
        highest = max((_highest(track) for track in tracks), default=0.0)
        about = [alert for alert in model.marked_alerts if alert.metric.startswith(_MARKED_BY[title])]
        marks = time_marks(about, model.window, model.now)
        self.plots[title].put(series, model.view, high=_FLOOR if highest < _FLOOR else None, marks=marks)

    def _put_past(self, title: str, unit: str, track: Track) -> None:
        """Tell in the head of a card what a figure was over the time shown."""
        figure, name, note = over_window(unit, track)
        self.cards[title].put(figure, name, note=(Span(note, "caption", None, "text3"),))

    def _on_run(self, run_id: str) -> None:
        if self.model is not None:
            self.model.selected_run_id = run_id
            self.changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow the facts in a narrow window."""
        super().resizeEvent(event)
        self.facts.set_narrow(self.width() < NARROW_BELOW)


def _newest(track: Track) -> float:
    return float(track.values[-1]) if len(track.values) else math.nan


def _highest(track: Track) -> float:
    column = track.values if track.high is None else track.high
    return float(np.nanmax(column)) if np.isfinite(column).any() else 0.0
