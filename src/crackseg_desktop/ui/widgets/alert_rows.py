"""An alert as a banner over a page and as a row of the pop-up and of the alert list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.theme import CARD_RADIUS
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.snooze_menu import open_snooze_menu
from crackseg_desktop.ui.widgets.states import alert_glyph, alert_ground
from crackseg_desktop.ui.widgets.text import Line, Span
from crackseg_desktop.ui.widgets.ticks import clock

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.ui.actions import Actions
    from crackseg_desktop.ui.theme import Theme

_EDGES = {"warning_soft": "warning_shape", "critical_soft": "critical_fill"}


class AlertSurface(QWidget):
    """The ground of an alert: coloured with a 4 px edge while it fires, a plain card once it needs nobody."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._ground = "card"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_ground(self, ground: str) -> None:
        """Take the ground of an alert's state."""
        if ground != self._ground:
            self._ground = ground
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground and the edge."""
        tokens, painter = self.theme.tokens, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), CARD_RADIUS, CARD_RADIUS)
        painter.fillPath(shape, tokens[self._ground])
        edge = _EDGES.get(self._ground)
        if edge is None:
            painter.strokePath(shape, QPen(tokens["border"], 1))
            return
        painter.setClipPath(shape)
        painter.fillRect(QRectF(0, 0, 4, self.height()), tokens[edge])


class AlertBanner(AlertSurface):
    """The most urgent alert over a page, 48 px: fact, reason, since when, and what can be done. Hidden without one."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__(theme)
        self._actions = actions
        self._event: AlertEvent | None = None
        self.setFixedHeight(48)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 10, 0)
        row.setSpacing(12)
        self._glyph = Line(theme, ground="warning_soft")
        self._title, self._summary = Line(theme), Line(theme, elide=True)
        self._since = Line(theme)
        self._acknowledge = Button(theme, "Acknowledge", kind="outline", height=28)
        self._snooze = Button(theme, "Snooze", kind="outline", height=28).with_menu_mark()
        for part, stretch in (
            *((self._glyph, 0), (self._title, 0), (self._summary, 1)),
            *((self._since, 0), (self._acknowledge, 0), (self._snooze, 0)),
        ):
            row.addWidget(part, stretch)
        self._acknowledge.clicked.connect(self._on_acknowledge)
        self._snooze.clicked.connect(self._on_snooze)
        self.hide()

    def put(self, event: AlertEvent | None, others: int = 0) -> None:
        """Show an alert, and how many more there are; None hides the banner."""
        self.setVisible(event is not None)
        if event is None:
            return
        self._event = event
        ground = alert_ground(event)
        self.set_ground(ground)
        glyph, colour = alert_glyph(event)
        self._glyph.set_ground(ground)
        self._glyph.put(Span("", glyph=glyph, glyph_colour=colour, glyph_size=16))
        self._title.put(Span(event.title, "body", 600))
        self._summary.put(Span(event.summary, "label", None, "text2"))
        more = f" · {others} more" if others else ""
        self._since.put(Span(f"since {clock(event.since)}{more}", "label", None, "text2"))

    def _on_acknowledge(self) -> None:
        if self._event is not None:
            self._actions.acknowledge(self._event.key)

    def _on_snooze(self) -> None:
        open_snooze_menu(self._snooze, self._actions, self._event)


class CompactAlert(AlertSurface):
    """The most urgent alert in the pop-up, 56 px high; without one it says that nothing needs anybody."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__(theme)
        self._actions = actions
        self._event: AlertEvent | None = None
        self.setFixedHeight(56)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(8)
        self._glyph = Line(theme)
        words = QVBoxLayout()
        words.setSpacing(0)
        self._title, self._summary = Line(theme, elide=True), Line(theme, elide=True)
        words.addStretch(1)
        words.addWidget(self._title)
        words.addWidget(self._summary)
        words.addStretch(1)
        self._acknowledge = Button(theme, kind="outline", icon="check")
        self._acknowledge.name("Acknowledge")
        row.addWidget(self._glyph)
        row.addLayout(words, 1)
        row.addWidget(self._acknowledge)
        self._snooze = Button(theme, kind="outline", icon="snooze")
        self._snooze.name("Snooze")
        row.addWidget(self._snooze)
        self._acknowledge.clicked.connect(self._on_acknowledge)
        self._snooze.clicked.connect(self._on_snooze)

    def put(self, event: AlertEvent | None, calm: str = "") -> None:
        """Show an alert, or the sentence that stands there when there is none."""
        ground = "card" if event is None else alert_ground(event)
        self.set_ground(ground)
        self._glyph.set_ground(ground)
        firing = event is not None and event.state == AlertState.FIRING
        self._acknowledge.setVisible(firing)
        self._snooze.setVisible(firing)
        if event is None:
            self._glyph.put(Span("", glyph="tick", glyph_colour="text3", glyph_size=16))
            self._title.put(Span("Nothing needs you", "body", 600))
            self._summary.put(Span(calm, "caption", None, "text3"))
            return
        self._event = event
        glyph, colour = alert_glyph(event)
        self._glyph.put(Span("", glyph=glyph, glyph_colour=colour, glyph_size=16))
        self._title.put(Span(event.title, "body", 600))
        self._summary.put(Span(event.summary, "caption", None, "text2"))

    def _on_acknowledge(self) -> None:
        if self._event is not None:
            self._actions.acknowledge(self._event.key)

    def _on_snooze(self) -> None:
        open_snooze_menu(self._snooze, self._actions, self._event)
