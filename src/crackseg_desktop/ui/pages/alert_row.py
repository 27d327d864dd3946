"""A row of the alert list, 90 px: severity, fact, value against limit, evidence, state and time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_words import Evidence, evidence_of, figures_words, snoozed_words
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.mini import MiniPlot
from crackseg_desktop.ui.widgets.snooze_menu import open_snooze_menu
from crackseg_desktop.ui.widgets.states import SEVERITY_WORDS, alert_chip, alert_glyph, alert_ground
from crackseg_desktop.ui.widgets.surfaces import Chip, ringed
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context

HEIGHT = 90
_EDGES = {"warning_soft": "warning_shape", "critical_soft": "critical_fill"}
_ROOM_FOR_EVIDENCE = 700
_KEYS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 5, Qt.Key.Key_PageUp: -5}


class AlertRow(QWidget):
    """One alert. ``chosen`` tells that it was clicked or reached by the keyboard, ``stepped`` by how many rows to go.

    The plot of its evidence gives way in a narrow list: the pane beside the list shows it too.
    """

    chosen = Signal(str)
    stepped = Signal(int)

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = context.theme
        self._theme, self._actions = theme, context.actions
        self._ground, self._selected, self._has_evidence = "card", False, False
        self.event_shown: AlertEvent | None = None
        self.setFixedHeight(HEIGHT)
        self._glyph, self.title, self.chip = Line(theme), Line(theme, elide=True, height=20), Chip(theme)
        self.figures, self.about = Line(theme, elide=True, height=18), Line(theme, elide=True, height=18)
        self.plot = MiniPlot(theme, "s6")
        self.plot.setFixedSize(136, 48)
        self._limit = Line(theme, elide=True)
        self._limit.setFixedWidth(64)
        self.acknowledge = Button(theme, "Acknowledge", kind="outline", height=28)
        self.snooze = Button(theme, kind="outline", icon="snooze", height=28)
        self.snooze.name("Snooze")
        self.acknowledge.clicked.connect(self._on_acknowledge)
        self.snooze.clicked.connect(self._on_snooze)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 12, 16, 12)
        row.setSpacing(16)
        row.addWidget(self._glyph)
        row.addLayout(self._words(), 1)
        row.addWidget(self.plot)
        row.addWidget(self._limit)
        row.addLayout(self._right())
        ringed(self)

    def put(self, event: AlertEvent, model: Model, *, selected: bool) -> None:
        """Show an alert."""
        self.event_shown = event
        self._ground = alert_ground(event)
        over, snoozed = event.state == AlertState.RESOLVED, snoozed_words(event, model)
        firing = event.state == AlertState.FIRING and not snoozed
        self._show_head(event, snoozed, over=over)
        self.figures.put(Span(figures_words(event, model), "label", None, "text2"))
        moment = event.time if over else event.since
        self.about.put(Span(f"{event.subject} · since {words.when(event.since, model.now)}", "caption", None, "text2"))
        if over:
            self.about.put(Span(f"{event.subject} · ended {words.when(moment, model.now)}", "caption", None, "text2"))
        self.acknowledge.setVisible(firing)
        self.snooze.setVisible(firing)
        self._show_evidence(evidence_of(event, model))
        self.select(selected)
        self.setAccessibleName(f"{SEVERITY_WORDS[event.severity]}, {self.chip.text}: {event.title}, {self.about.text}")
        self.update()

    def select(self, selected: bool) -> None:
        """Look like the row whose details are shown; Tab leads to this one only."""
        self._selected = selected
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if selected else Qt.FocusPolicy.ClickFocus)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the edge of what needs somebody, the mark of the row chosen, and the line below."""
        tokens, painter = self._theme.tokens, QPainter(self)
        raised = self._selected and self._ground == "card"
        painter.fillRect(self.rect(), tokens["raised" if raised else self._ground])
        edge = _EDGES.get(self._ground)
        if edge is not None:
            painter.fillRect(QRectF(0, 0, 4, self.height()), tokens[edge])
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), tokens["grid"])
        if self._selected:
            painter.fillRect(QRectF(self.width() - 3, 0, 3, self.height()), tokens["accent"])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the evidence to the pane where there is no room."""
        super().resizeEvent(event)
        self._place_evidence()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the row."""
        self._choose()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Choose the row that the keyboard reaches."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go up and down with the arrows."""
        step = _KEYS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(step)

    def _words(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addStretch(1)
        for part in (self.title, self.figures, self.about):
            column.addWidget(part)
        column.addStretch(1)
        return column

    def _right(self) -> QVBoxLayout:
        column, buttons = QVBoxLayout(), QHBoxLayout()
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignRight)
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.acknowledge)
        buttons.addWidget(self.snooze)
        column.addLayout(buttons)
        column.addStretch(1)
        return column

    def _show_head(self, event: AlertEvent, snoozed: str, *, over: bool) -> None:
        glyph, colour = alert_glyph(event)
        self._glyph.set_ground(self._ground)
        self._glyph.put(Span("", glyph=glyph, glyph_colour=colour, glyph_size=18))
        self.title.put(Span(event.title, "body", 600, "text2" if over else "text"))
        look = alert_chip(event, snoozed)
        self.chip.put(replace(look, ground="card") if look.ground == self._ground else look)

    def _show_evidence(self, evidence: Evidence) -> None:
        self._has_evidence = evidence.drawable
        self._place_evidence()
        self._limit.put(Span(evidence.limit_words if evidence.drawable else "", "caption", None, "text2"))
        if evidence.drawable:
            low, high = evidence.y_range
            self.plot.put(
                evidence.x - evidence.x[-1],
                evidence.y,
                span=evidence.span,
                low=low,
                high=high,
                limit=evidence.limit,
                colour=evidence.colour,
            )

    def _place_evidence(self) -> None:
        wide = self.width() >= _ROOM_FOR_EVIDENCE
        self.plot.setVisible(wide and self._has_evidence)
        self._limit.setVisible(wide)

    def _choose(self) -> None:
        if self.event_shown is not None:
            self.chosen.emit(self.event_shown.key)

    def _on_acknowledge(self) -> None:
        if self.event_shown is not None:
            self._actions.acknowledge(self.event_shown.key)

    def _on_snooze(self) -> None:
        open_snooze_menu(self.snooze, self._actions, self.event_shown)
