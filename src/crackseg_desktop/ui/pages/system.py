"""The system page: CPU, RAM, disk and network over the last hour, and all disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout

from crackseg_desktop import units
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_marks import time_marks
from crackseg_desktop.ui.pages.base import FACTS, NARROW_BELOW, NARROW_FACTS, SPANS, Context, Page, beside
from crackseg_desktop.ui.pages.crosshair import Crosshair
from crackseg_desktop.ui.plots import Series, TimePlot
from crackseg_desktop.ui.widgets.buttons import Segments
from crackseg_desktop.ui.widgets.facts import Fact, FactList, value_or_reason
from crackseg_desktop.ui.widgets.metric import PlotCard
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.table import Cell, Column, Table
from crackseg_desktop.ui.widgets.text import Line, Span, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.readings import HostReading, Reading
    from crackseg_desktop.ui.model import Model

_AXIS = 64
_MARKED_BY = {"Disk": ("host_disk_", "mount_"), "Network": ("host_unreachable",)}
"""How the series begin whose alerts the plots of rates mark."""
_ROOM_FOR_SUM = 380
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
        self.span = Segments(theme, SPANS, "3600", "Time shown")
        self.span.chosen.connect(self._on_span)
        self.head.row.addWidget(self.span)
        kinds = (("CPU", "ratio"), ("RAM", "bytes"), ("Disk", "bytes_per_second"), ("Network", "bytes_per_second"))
        self.cards = {
            title: PlotCard(theme, title, TimePlot(theme, title, unit, _AXIS), head=36) for title, unit in kinds
        }
        self.plots = {title: card.plot for title, card in self.cards.items() if isinstance(card.plot, TimePlot)}
        self.crosshair = Crosshair(self.cards.values(), self)
        self.facts, self.disks = _FactsCard(context), _DisksCard(context)
        self.column.addLayout(beside(self.cards.values(), self.facts), 400)
        self.column.addWidget(self.disks, 264)

    def refresh(self, model: Model) -> None:
        """Show the host."""
        super().refresh(model)
        self.span.take(f"{model.span:.0f}")
        host = model.sample.host if model.sample is not None else None
        self.head.put_note(host.hostname if host is not None else "No reading yet")
        if host is None:
            for card in self.cards.values():
                card.miss("no reading yet")
            return
        self.crosshair.now = model.now
        self._show_cpu(host, model)
        self._show_ram(host, model)
        self._show_rates("Disk", _DISK, ("read", "write"), model)
        self._show_rates("Network", _NETWORK, ("down", "up"), model)
        self.facts.refresh(host, model)
        self.disks.refresh(host, self.limits.disk_free_bytes)

    def _show_cpu(self, host: HostReading, model: Model) -> None:
        value = host.get("host_cpu_used_ratio")
        if value is None:
            self.cards["CPU"].miss(words.why_missing(host, "host_cpu_used_ratio"))
            return
        threads, load = host.get("host_cpu_threads"), host.get("host_load1")
        parts = [f"load {load:.1f}" if load is not None else "", f"on {threads:.0f} threads" if threads else ""]
        self.cards["CPU"].put(
            *units.split_figure("ratio", value), note=(Span(" ".join(filter(None, parts)), "caption", None, "text3"),)
        )
        ages, values = model.history("host_cpu_used_ratio", {})
        series = [Series(ages, values, "s1", width=1.5, filled=True)] if len(ages) else []
        self.plots["CPU"].put(series, span=model.span, now=model.now, high=1.0, clock=True)

    def _show_ram(self, host: HostReading, model: Model) -> None:
        used, total = host.get("host_memory_used_bytes"), host.get("host_memory_total_bytes")
        if used is None or not total:
            self.cards["RAM"].miss(words.why_missing(host, "host_memory_used_bytes"))
            return
        ratio = self.limits.host_memory_ratio
        limit = None if ratio is None else ratio * total
        alert = model.firing_on("host_memory")
        self.cards["RAM"].set_tone(alert.severity.value if alert is not None else "normal")
        note = "" if limit is None else f"limit {units.figure('bytes', limit)}"
        self.cards["RAM"].put(
            words.gib(used), f"of {words.gib(total)} GiB", note=(Span(note, "caption", None, "text3"),)
        )
        ages, values = model.history("host_memory_used_bytes", {})
        series = [Series(ages, values, "s6", width=1.75, filled=True)] if len(ages) else []
        marks = time_marks(model.alerts_on("host_memory_used_bytes", {}), model)
        self.plots["RAM"].put(series, span=model.span, now=model.now, high=total, limit=limit, clock=True, marks=marks)

    def _show_rates(self, title: str, metrics: tuple[str, str], names: tuple[str, str], model: Model) -> None:
        columns = [model.history(metric, {}) if title == "Disk" else model.total_rate(metric) for metric in metrics]
        latest = [float(values[-1]) if len(values) else float("nan") for _, values in columns]
        if all(np.isnan(values).all() for _, values in columns):
            host = model.sample.host if model.sample is not None else None
            self.cards[title].miss(words.why_missing(host, metrics[0], "not measured yet"))
            return
        spans: list[Span] = []
        for index, (name, value) in enumerate(zip(names, latest, strict=True)):
            glyph = "dashed" if index and title == "Network" else "line"
            colour = ("s1", "s2")[index]
            spans.append(Span(name, "caption", None, "text2", 12, glyph=glyph, glyph_colour=colour))
            spans.append(Span(words.rate(value), "label", 600, gap=5))
        figure, _, unit = words.rate(float(np.nansum(latest))).partition(" ")
        if self.cards[title].width() < _ROOM_FOR_SUM:
            figure, unit = "", ""
        self.cards[title].put(figure, unit, note=tuple(spans))
        series = [
            Series(ages, values, ("s1", "s2")[index], bool(index) and title == "Network", 1.25, filled=index == 0)
            for index, (ages, values) in enumerate(columns)
            if len(ages)
        ]
        floor = 1024.0**2
        highest = max((float(np.nanmax(part.y)) for part in series if np.isfinite(part.y).any()), default=0.0)
        high = floor if highest < floor else None
        about = [alert for alert in model.marked_alerts if alert.metric.startswith(_MARKED_BY[title])]
        marks = time_marks(about, model)
        self.plots[title].put(series, span=model.span, now=model.now, high=high, clock=True, marks=marks)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow the facts in a narrow window."""
        super().resizeEvent(event)
        self.facts.set_narrow(self.width() < NARROW_BELOW)

    def _on_span(self, key: str) -> None:
        if self.model is not None:
            self.model.span = float(key)
            self.changed.emit()


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
        self.sources.put([(source.name, plain(source.reason or source.state.value, weight=500)) for source in sources])


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
