"""The system page: CPU, RAM, disk and network over the last hour, and all disks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout

from crackseg_desktop import units
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_marks import time_marks
from crackseg_desktop.ui.pages.base import FACTS, NARROW_BELOW, NARROW_FACTS, Context, Page, beside
from crackseg_desktop.ui.pages.run_bars import RunBars
from crackseg_desktop.ui.pages.time_axis import TimeAxis
from crackseg_desktop.ui.pages.time_words import over_window
from crackseg_desktop.ui.time_plot import TimePlot, series_of
from crackseg_desktop.ui.widgets.facts import Fact, FactList, value_or_reason
from crackseg_desktop.ui.widgets.metric import PlotCard
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.table import Cell, Column, Table
from crackseg_desktop.ui.widgets.text import Line, Span, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.readings import HostReading, Reading
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.tracks import Track

_AXIS = 64
_MARKED_BY = {"Disk": ("host_disk_", "mount_"), "Network": ("host_unreachable",)}
"""How the series begin whose alerts the plots of rates mark."""
_ROOM_FOR_SUM = 380
_FLOOR = 1024.0**2
"""The axis of a rate reaches at least so far (bytes per second): less would make a picture of noise."""
_DISK = ("host_disk_read_bytes_per_second", "host_disk_written_bytes_per_second")
_NETWORK = ("host_network_receive_bytes_per_second", "host_network_transmit_bytes_per_second")
_COLUMNS = (
    Column("Mount"),
    Column("Used", 150),
    Column("Free", 190, right=True),
    Column("Limit", 220, right=True),
)


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
        self.head.row.addWidget(self.axis.bar)
        self.facts, self.disks = _FactsCard(context), _DisksCard(context)
        self.column.addLayout(beside(self.cards.values(), self.facts, self.bars), 400)
        self.column.addWidget(self.disks, 264)

    def refresh(self, model: Model) -> None:
        """Show the host."""
        super().refresh(model)
        host = model.sample.host if model.sample is not None else None
        self.head.put_note(host.hostname if host is not None else "No reading yet")
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
        self.disks.refresh(host, self.limits.disk_free_bytes)

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


class _FactsCard(Card):
    """Memory figures, and what this program itself takes."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, spacing=4)
        theme = context.theme
        self.set_narrow(False)
        self.list, self.own, self.sources = FactList(theme, 26), FactList(theme, 26), FactList(theme, 26)
        for title, part in (("Memory", self.list), ("This program", self.own), ("Sources", self.sources)):
            self.body.addWidget(Line(theme, Span(title, "body", 600), height=24))
            self.body.addWidget(part)
            self.body.addSpacing(8)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        """Leave more room to the plots."""
        self.setFixedWidth(NARROW_FACTS if narrow else FACTS)

    def refresh(self, host: HostReading, model: Model) -> None:
        """Show the facts."""
        self.list.put(
            [
                _fact(host, "Available", "host_memory_available_bytes", "bytes"),
                _fact(host, "Swap in use", "host_swap_used_bytes", "bytes"),
            ]
        )
        own = model.sample.own if model.sample is not None else None
        cpu = own.get("self_cpu_ratio") if own is not None else None
        facts: list[Fact] = [("CPU, of one core", plain("–" if cpu is None else f"{cpu * 100:.1f} %", weight=500))]
        if own is not None:
            facts.append(_fact(own, "Memory", "self_memory_rss_bytes", "bytes"))
        if model.dropped_samples:
            facts.append(("Samples dropped", plain(str(model.dropped_samples), weight=500)))
        self.own.put(facts)
        sources = model.sample.sources if model.sample is not None else ()
        told = [(source.name, plain(source.reason or source.state.value, weight=500)) for source in sources]
        if model.health is not None:
            told.append(("history", plain(model.health.reason or model.health.state.value, weight=500)))
        self.sources.put(told)


class _DisksCard(Card):
    """All disks with their free space."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=8, spacing=0)
        self.table = Table(context.theme, _COLUMNS, "Disks")
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        self._note = Line(context.theme, align="right", height=28)
        head.addWidget(Line(context.theme, Span("Disks", "body", 600), height=28), 1)
        head.addWidget(self._note)
        self.body.addLayout(head)
        self.body.addWidget(self.table, 1)

    def refresh(self, host: HostReading, limit: float | None) -> None:
        """Show the disks, the fullest first."""
        self._note.put(
            Span("" if limit is None else f"limit {units.figure('bytes', limit)} free", "caption", None, "text3")
        )
        disks = sorted(host.disks, key=lambda disk: disk.get("host_disk_free_bytes") or 0.0)
        self.table.put([_disk_row(disk, limit) for disk in disks])


def _newest(track: Track) -> float:
    return float(track.values[-1]) if len(track.values) else math.nan


def _highest(track: Track) -> float:
    column = track.values if track.high is None else track.high
    return float(np.nanmax(column)) if np.isfinite(column).any() else 0.0


def _disk_row(disk: Reading, limit: float | None) -> tuple[Cell, ...]:
    free = disk.get("host_disk_free_bytes")
    low = free is not None and limit is not None and free < 1.2 * limit
    if free is None or limit is None:
        said = plain(
            words.why_missing(disk, "host_disk_free_bytes", "no limit") if free is None else "no limit", "text2"
        )
    elif free < limit:
        said = (Span("under the limit", "label", None, "warning", glyph="warning", glyph_colour="warning_shape"),)
    elif low:
        text = f"near: {units.figure('bytes', free - limit)} to go"
        said = (Span(text, "label", None, "warning", glyph="warning", glyph_colour="warning_shape"),)
    else:
        said = plain(f"{units.figure('bytes', free - limit)} above it", "text2")
    return (
        Cell(plain(disk.labels.get("mount", "–"), weight=600)),
        Cell(bar=(words.disk_share(disk), "warning_shape" if low else "s6")),
        Cell(plain(words.disk_words(disk).removesuffix(" free"))),
        Cell(said),
    )


def _fact(reading: Reading, label: str, metric: str, unit: str) -> Fact:
    value = reading.get(metric)
    return label, value_or_reason(reading, metric, None if value is None else units.figure(unit, value))
