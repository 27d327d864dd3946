"""A row of the alert list, 90 px: severity, fact and summary, evidence, state and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.mini import MiniPlot
from crackseg_desktop.ui.widgets.states import alert_chip, alert_glyph, alert_ground
from crackseg_desktop.ui.widgets.surfaces import Chip
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.ui.model import Column, Model
    from crackseg_desktop.ui.pages.base import Context

_HEIGHT = 90
_EDGES = {"warning_soft": "warning_shape", "critical_soft": "critical_fill"}
_COLOURS = {"gpu_temperature": "s2", "gpu_memory": "s1", "host_memory": "s6", "disk_space": "s6"}


class AlertRow(QWidget):
    """One alert; a firing one can be acknowledged."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = context.theme
        self._theme, self._actions = theme, context.actions
        self._ground, self._key = "card", ""
        self.setFixedHeight(_HEIGHT)
        self._glyph, self.title, self.chip = Line(theme), Line(theme, elide=True, height=20), Chip(theme)
        self.summary = Paragraph(theme, scale="label")
        self.plot = MiniPlot(theme, "s6")
        self.plot.setFixedSize(136, 48)
        self._limit = Line(theme)
        self._limit.setFixedWidth(72)
        self.acknowledge = Button(theme, "Acknowledge", height=28)
        self.acknowledge.clicked.connect(self._on_acknowledge)
        self._when = Line(theme, align="right", elide=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 12, 16, 12)
        row.setSpacing(16)
        row.addWidget(self._glyph)
        row.addLayout(self._words(), 1)
        row.addWidget(self.plot)
        row.addWidget(self._limit)
        row.addLayout(self._right())

    def put(self, event: AlertEvent, model: Model) -> None:
        """Show an alert."""
        self._key = event.key
        self._ground = alert_ground(event)
        glyph, colour = alert_glyph(event)
        self._glyph.set_ground(self._ground)
        self._glyph.put(Span("", glyph=glyph, glyph_colour=colour, glyph_size=18))
        over = event.state == AlertState.RESOLVED
        self.title.put(Span(event.title, "body", 600, "text2" if over else "text"))
        self.summary.put(event.summary)
        self.chip.put(alert_chip(event))
        self.acknowledge.setVisible(event.state in (AlertState.FIRING, AlertState.SNOOZED))
        moment = event.time if over else event.since
        self._when.put(Span(f"{words.when(moment, model.now)} · {event.subject}", "caption", None, "text2"))
        self._show_evidence(event, model)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the edge of what needs somebody, and the line below."""
        tokens, painter = self._theme.tokens, QPainter(self)
        painter.fillRect(self.rect(), tokens[self._ground])
        edge = _EDGES.get(self._ground)
        if edge is not None:
            painter.fillRect(QRectF(0, 0, 4, self.height()), tokens[edge])
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), tokens["grid"])

    def _words(self) -> QVBoxLayout:
        column, head = QVBoxLayout(), QHBoxLayout()
        column.setSpacing(2)
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        column.addStretch(1)
        column.addLayout(head)
        column.addWidget(self.summary)
        column.addStretch(1)
        self.summary.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.summary.setMaximumHeight(32)
        return column

    def _right(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addStretch(1)
        states = QHBoxLayout()
        states.setSpacing(8)
        states.addStretch(1)
        states.addWidget(self.chip)
        states.addWidget(self.acknowledge)
        column.addLayout(states)
        self._when.setFixedWidth(230)
        column.addWidget(self._when)
        column.addStretch(1)
        return column

    def _show_evidence(self, event: AlertEvent, model: Model) -> None:
        ages, values, limit, unit = evidence(event, model)
        shown = len(values) > 1
        self.plot.setVisible(shown)
        self._limit.put(Span(units.figure(unit, limit) if shown else "", "caption", None, "text2"))
        if shown:
            firing = event.state == AlertState.FIRING
            colour = "critical" if firing and event.severity == "critical" else _COLOURS.get(event.rule, "s6")
            low, high = min(limit, float(values.min())), max(limit, float(values.max()))
            pad = 0.25 * max(high - low, 0.1 * abs(high))
            self.plot.put(
                ages,
                values,
                span=model.span,
                now=model.now,
                low=low - 2 * pad,
                high=high + pad,
                limit=limit,
                colour=colour,
            )

    def _on_acknowledge(self) -> None:
        self._actions.acknowledge(self._key)


def evidence(event: AlertEvent, model: Model) -> tuple[Column, Column, float, str]:
    """Return (ages, values, limit, unit) of the series that an alert is about; empty where the hour does not hold it.

    Shares of memory are not stored: their bytes are, and the limit goes along.
    """
    import numpy as np

    metric, limit = event.metric, event.limit
    if metric == "gpu_memory_used_ratio":
        gpus = model.sample.gpus if model.sample is not None else ()
        gpu = next((gpu for gpu in gpus if dict(gpu.labels) == dict(event.labels)), None)
        metric, limit = "gpu_memory_used_bytes", limit * (gpu.get("gpu_memory_total_bytes") or 0.0 if gpu else 0.0)
    elif metric == "host_memory_used_ratio":
        host = model.sample.host if model.sample is not None else None
        metric, limit = "host_memory_used_bytes", limit * (host.get("host_memory_total_bytes") or 0.0 if host else 0.0)
    unit = CATALOGUE[metric].unit if metric in CATALOGUE else ""
    ages, values = model.history(metric, event.labels)
    known = np.isfinite(values)
    if not limit or known.sum() < 2 or model.now - event.since > model.span:
        return ages[:0], values[:0], limit, unit
    return ages[known], values[known], limit, unit
