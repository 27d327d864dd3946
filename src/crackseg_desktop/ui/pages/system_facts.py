"""What the machine tells beside its plots: CPU threads, sensors, pressure, limits, this program, the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.ui.pages.base import FACTS, NARROW_FACTS
from crackseg_desktop.ui.widgets.core_bars import CoreBars
from crackseg_desktop.ui.widgets.facts import Fact, FactList, value_or_reason
from crackseg_desktop.ui.widgets.surfaces import Card, scrolled
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crackseg_desktop.readings import HostReading, Reading
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context

_TEMPERATURE, _FAN = "host_sensor_temperature_celsius", "host_fan_speed_rpm"
_PRESSURES = (("CPU", "cpu"), ("Memory", "memory"), ("Disks", "io"))


class SystemFacts(Card):
    """The card. What there is no room for is scrolled to."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=0, spacing=0)
        theme = context.theme
        self.setMinimumHeight(200)
        self.set_narrow(False)
        self.busiest, self.first, self.last = (
            Line(theme, height=20, align=side) for side in ("right", "left", "right")
        )
        self.bars = CoreBars(theme)
        titles = ("Sensors", "Waiting", "Limits", "This program", "Sources")
        self.lists = {title: FactList(theme, 24) for title in titles}
        self.notes = Paragraph(theme, scale="caption", colour="text2")
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(2)
        column.addLayout(_row(Line(theme, Span("CPU threads", "body", 600), height=24), self.busiest))
        column.addWidget(self.bars)
        column.addLayout(_row(self.first, self.last))
        for title, part in self.lists.items():
            column.addSpacing(6)
            column.addWidget(Line(theme, Span(title, "body", 600), height=24))
            column.addWidget(part)
            if title == "Limits":
                column.addWidget(self.notes)
        column.addStretch(1)
        scrolled(self, inner, "Figures of the machine")

    def set_narrow(self, narrow: bool) -> None:
        """Leave more room to the plots."""
        self.setFixedWidth(NARROW_FACTS if narrow else FACTS)

    def refresh(self, host: HostReading, model: Model) -> None:
        """Show the figures."""
        self._show_cores(host.cores)
        self.lists["Sensors"].put(_sensors(host))
        self.lists["Waiting"].put(_pressures(host))
        self.lists["Limits"].put(_limits(host))
        self.notes.put("\n".join(host.notes))
        self.notes.setVisible(bool(host.notes))
        self.lists["This program"].put(_own(model))
        self.lists["Sources"].put(_sources(model))

    def _show_cores(self, cores: tuple[float, ...]) -> None:
        self.bars.put(cores)
        told = f"busiest {max(cores) * 100:.0f} %" if cores else "not read yet"
        self.busiest.put(Span(told, "caption", None, "text3"))
        self.first.put(Span("0" if cores else "", "caption", None, "text3"))
        self.last.put(Span(f"thread {len(cores) - 1}" if cores else "", "caption", None, "text3"))


def _row(left: QWidget, right: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(left, 1)
    row.addWidget(right)
    return row


def _sensors(host: HostReading) -> list[Fact]:
    """Return temperatures, fans, memory and battery, or why they are missing."""
    return [
        _fact(host, "CPU temperature", "host_cpu_temperature_celsius", "celsius"),
        *_several(host.sensors, "sensor", _TEMPERATURE, "celsius"),
        *_several(host.fans, "fan", _FAN, "rpm"),
        _fact(host, "CPU clock", "host_cpu_frequency_hertz", "hertz"),
        _fact(host, "RAM available", "host_memory_available_bytes", "bytes"),
        _fact(host, "RAM cached", "host_memory_cached_bytes", "bytes"),
        ("Swap", _swap(host)),
        ("Battery", _battery(host)),
    ]


def _several(readings: Iterable[Reading], label: str, metric: str, unit: str) -> Iterable[Fact]:
    for reading in readings:
        yield _fact(reading, reading.labels.get(label, units.MISSING), metric, unit)


def _swap(host: HostReading) -> tuple[Span, ...]:
    used, total = host.get("host_swap_used_bytes"), host.get("host_swap_total_bytes")
    if used is None or total is None:
        return value_or_reason(host, "host_swap_used_bytes", None if used is None else units.figure("bytes", used))
    if not total:
        return plain("none set up", "text3")
    return plain(f"{used / units.GIB:.1f} of {units.figure('bytes', total)}", weight=500)


def _battery(host: HostReading) -> tuple[Span, ...]:
    charge, in_use = host.get("host_battery_charge_ratio"), host.get("host_on_battery")
    if charge is None:
        return value_or_reason(host, "host_battery_charge_ratio", None)
    left = host.get("host_battery_remaining_seconds")
    lasts = f", {units.duration(left)} left" if in_use and left is not None else ""
    return plain(f"{charge * 100:.0f} %, {f'in use{lasts}' if in_use else 'on mains'}", weight=500)


def _pressures(host: HostReading) -> list[Fact]:
    """Return the share of the last 10 s in which some process waited for each (pressure stall information)."""
    metrics = [(title, f"host_{name}_pressure_ratio") for title, name in _PRESSURES]
    reasons = {host.unavailable.get(metric) for _, metric in metrics}
    if len(reasons) == 1 and None not in reasons:
        return [("Pressure", plain(str(*reasons), "text3"))]
    return [(f"For {title.lower() if title != 'CPU' else title}", _share(host, metric)) for title, metric in metrics]


def _share(host: HostReading, metric: str) -> tuple[Span, ...]:
    value = host.get(metric)
    return value_or_reason(host, metric, None if value is None else f"{value * 100:.1f} % of 10 s")


def _limits(host: HostReading) -> list[Fact]:
    limit, used = host.get("host_limit_memory_bytes"), host.get("host_limit_memory_used_bytes")
    threads = host.get("host_limit_cpu_threads")
    ram = None if limit is None else units.figure("bytes", limit)
    if ram is not None and used is not None:
        ram = f"{used / units.GIB:.1f} of {ram}"
    return [
        ("RAM", value_or_reason(host, "host_limit_memory_bytes", ram)),
        ("CPU", value_or_reason(host, "host_limit_cpu_threads", None if threads is None else f"{threads:g} threads")),
    ]


def _own(model: Model) -> list[Fact]:
    own = model.sample.own if model.sample is not None else None
    cpu = own.get("self_cpu_ratio") if own is not None else None
    facts: list[Fact] = [("CPU, of one core", plain("–" if cpu is None else f"{cpu * 100:.1f} %", weight=500))]
    if own is not None:
        facts.append(_fact(own, "Memory", "self_memory_rss_bytes", "bytes"))
    if model.dropped_samples:
        facts.append(("Samples dropped", plain(str(model.dropped_samples), weight=500)))
    return facts


def _sources(model: Model) -> list[Fact]:
    sources = model.sample.sources if model.sample is not None else ()
    told = [(source.name, plain(source.reason or source.state.value, weight=500)) for source in sources]
    if model.health is not None:
        told.append(("history", plain(model.health.reason or model.health.state.value, weight=500)))
    return told


def _fact(reading: Reading, label: str, metric: str, unit: str) -> Fact:
    value = reading.get(metric)
    return label, value_or_reason(reading, metric, None if value is None else units.figure(unit, value))
