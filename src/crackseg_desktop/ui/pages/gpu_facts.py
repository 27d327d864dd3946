"""What the driver tells of a GPU beside its plots: what decides its clocks, how far from slowing down, link, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.base import FACTS, NARROW_FACTS
from crackseg_desktop.ui.widgets.facts import Fact, FactList, value_or_reason
from crackseg_desktop.ui.widgets.surfaces import Card, scrolled
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import GpuReading
    from crackseg_desktop.ui.pages.base import Context

    Writer = Callable[[float, float], str]

_MHZ = 1e6


class GpuFacts(Card):
    """The card. What there is no room for is scrolled to."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=0, spacing=0)
        theme = context.theme
        self.set_narrow(False)
        self.state = Line(theme, elide=True, height=22)
        self.reasons, self.note = Paragraph(theme, scale="label"), Paragraph(theme, scale="caption", colour="text3")
        self.errors = Paragraph(theme, scale="label")
        self.list = FactList(theme, 23)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 10, 14, 10)
        column.setSpacing(2)
        column.addWidget(Line(theme, Span("Throttle reasons", "body", 600), height=20))
        for part in (self.state, self.reasons, self.note, self.errors):
            column.addWidget(part)
        column.addSpacing(6)
        column.addWidget(Line(theme, Span("Device", "body", 600), height=22))
        column.addWidget(self.list)
        column.addStretch(1)
        scrolled(self, inner, "Figures of the GPU")

    def set_narrow(self, narrow: bool) -> None:
        """Leave more room to the plots."""
        self.setFixedWidth(NARROW_FACTS if narrow else FACTS)

    def refresh(self, gpu: GpuReading, trouble: words.Trouble | None, now: float) -> None:
        """Show the facts of a GPU."""
        self.state.put(_state(gpu, trouble))
        told = trouble.why if trouble is not None else "\n".join(f"{reason}." for reason in _reasons(gpu))
        self.reasons.put(told)
        self.note.put(trouble.note if trouble is not None else "")
        self.errors.put(_last_error(gpu, now))
        for part in (self.reasons, self.note, self.errors):
            part.setVisible(bool(part.text()))
        self.list.put(device_facts(gpu, now))


def _state(gpu: GpuReading, trouble: words.Trouble | None) -> Span:
    if trouble is not None:
        return Span(f"{trouble.title}.", "label", 500, glyph="ring", glyph_colour="text2")
    if gpu.throttle_reasons:
        return Span("Held back right now", "label", 600, glyph="warning", glyph_colour="warning_shape")
    reason = gpu.unavailable.get("gpu_throttled")
    if reason:
        return Span(f"Not known: {reason}", "label", None, "text2", glyph="ring", glyph_colour="text2")
    return Span("Not held back now", "label", 500, glyph="tick", glyph_colour="text2")


def _reasons(gpu: GpuReading) -> tuple[str, ...]:
    """Return what decides the clocks, what holds them back first."""
    others = tuple(reason for reason in gpu.clock_reasons if reason not in gpu.throttle_reasons)
    return (*gpu.throttle_reasons, *others)


def _last_error(gpu: GpuReading, now: float) -> str:
    if not gpu.xid_errors:
        return ""
    last = gpu.xid_errors[-1]
    before = len(gpu.xid_errors) - 1
    others = f" {before} before it." if before else ""
    return f"{words.when(last.time, now)}  {last.reason}.{others}"


def device_facts(gpu: GpuReading, now: float) -> list[Fact]:
    """Return what else the driver tells, each with the reason where it does not."""
    return [
        ("To slowdown", _headroom(gpu)),
        ("SM clock", _clock(gpu, "gpu_clock_sm_hertz", "gpu_clock_sm_max_hertz")),
        ("VRAM clock", _clock(gpu, "gpu_clock_memory_hertz", "gpu_clock_memory_max_hertz")),
        ("Performance state", _of(gpu, "gpu_performance_state", "P{:.0f}")),
        ("PCIe link", _link(gpu)),
        (
            "PCIe traffic",
            _both(gpu, ("gpu_pcie_receive_bytes_per_second", "gpu_pcie_transmit_bytes_per_second"), _ways),
        ),
        ("Encoder, decoder", _both(gpu, ("gpu_encoder_utilization_ratio", "gpu_decoder_utilization_ratio"), _shares)),
        ("Memory controller", _of(gpu, "gpu_memory_controller_utilization_ratio")),
        ("Memory, free", _of(gpu, "gpu_memory_free_bytes")),
        ("Memory, reserved", _of(gpu, "gpu_memory_reserved_bytes")),
        ("Fan", _of(gpu, "gpu_fan_speed_ratio")),
        ("Power limit", _of(gpu, "gpu_power_limit_watts")),
        ("Energy since start", _of(gpu, "gpu_energy_joules_total")),
        ("Xid errors", _errors(gpu, now)),
        ("UUID", (Span(gpu.uuid, "label", 500),)),
    ]


def _of(gpu: GpuReading, metric: str, shape: str = "") -> tuple[Span, ...]:
    value = gpu.get(metric)
    if value is None:
        return value_or_reason(gpu, metric, None)
    return value_or_reason(gpu, metric, shape.format(value) if shape else units.figure(CATALOGUE[metric].unit, value))


def _both(gpu: GpuReading, metrics: tuple[str, str], written: Writer) -> tuple[Span, ...]:
    first, second = (gpu.get(metric) for metric in metrics)
    missing = next((metric for metric in metrics if metric not in gpu.figures), metrics[0])
    return value_or_reason(gpu, missing, None if first is None or second is None else written(first, second))


def _clock(gpu: GpuReading, metric: str, highest: str) -> tuple[Span, ...]:
    value, most = gpu.get(metric), gpu.get(highest)
    if value is None:
        return value_or_reason(gpu, metric, None)
    of = f" of {most / _MHZ:,.0f}" if most is not None else ""
    return plain(f"{value / _MHZ:,.0f}{of} MHz".replace(",", " "), weight=500)


def _ways(received: float, sent: float) -> str:
    size, name = (units.GIB, "GiB/s") if max(received, sent) >= units.GIB else (1024**2, "MiB/s")
    return f"↓ {received / size:.1f}  ↑ {sent / size:.1f} {name}"


def _shares(first: float, second: float) -> str:
    return f"{first * 100:.0f} %, {second * 100:.0f} %"


def _headroom(gpu: GpuReading) -> tuple[Span, ...]:
    left, point = gpu.get("gpu_temperature_headroom_celsius"), gpu.get("gpu_temperature_slowdown_celsius")
    if left is None:
        return value_or_reason(gpu, "gpu_temperature_headroom_celsius", None)
    return plain(f"{left:.0f} °C" + (f" (at {point:.0f} °C)" if point is not None else ""), weight=500)


def _link(gpu: GpuReading) -> tuple[Span, ...]:
    generation, width = gpu.get("gpu_pcie_generation"), gpu.get("gpu_pcie_width")
    if generation is None or width is None:
        return value_or_reason(gpu, "gpu_pcie_generation" if generation is None else "gpu_pcie_width", None)
    most, widest = gpu.get("gpu_pcie_generation_max"), gpu.get("gpu_pcie_width_max")
    is_less = most is not None and widest is not None and (generation, width) != (most, widest)
    of = f" of {most:.0f} ×{widest:.0f}" if is_less else ""
    return plain(f"Gen {generation:.0f} ×{width:.0f}{of}", weight=500)


def _errors(gpu: GpuReading, now: float) -> tuple[Span, ...]:
    count = gpu.get("gpu_xid_errors_total")
    if count is None:
        return value_or_reason(gpu, "gpu_xid_errors_total", None)
    if not gpu.xid_errors:
        return plain("none seen" if not count else f"{count:.0f}", weight=500)
    last = gpu.xid_errors[-1]
    glyph = "critical" if last.critical else "warning"
    text = f"Xid {last.number} at {words.when(last.time, now)}"
    return (Span(text, "label", 600, glyph=glyph, glyph_colour="critical" if last.critical else "warning_shape"),)
