"""What everything stands on: cards, chips and the ring around what has the keyboard."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop.ui.theme import CARD_PADDING, CARD_RADIUS
from crackseg_desktop.ui.widgets.text import Span, draw_spans, total_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.widgets.states import Look

_EDGES = {"warning": ("card", "warning_shape"), "critical": ("critical_soft", "critical_fill")}


class Card(QWidget):
    """A flat surface with a 1 px edge. ``tone`` is normal, warning, critical or selected."""

    def __init__(self, theme: Theme, padding: int = CARD_PADDING, spacing: int = 8) -> None:
        super().__init__()
        self.theme = theme
        self._tone = "normal"
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(padding, padding, padding, padding)
        self.body.setSpacing(spacing)

    @property
    def tone(self) -> str:
        """Return how urgent it looks."""
        return self._tone

    def set_tone(self, tone: str) -> None:
        """Look normal, warning, critical or selected."""
        if tone != self._tone:
            self._tone = tone
            self.update()

    def colours(self) -> tuple[str, str]:
        """Return the names of the ground and of the edge."""
        if self._tone == "selected":
            return "accent_soft", "accent"
        return _EDGES.get(self._tone, ("card", "border"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the surface."""
        ground, edge = self.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self.theme.tokens[ground])
        painter.setPen(QPen(self.theme.tokens[edge], 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), CARD_RADIUS, CARD_RADIUS)


def scrolled(card: Card, inner: QWidget, name: str) -> QScrollArea:
    """Fill a card with what is scrolled to where there is no room for all of it, by the keyboard too."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setAccessibleName(name)
    area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    area.setProperty("focusRing", True)
    area.viewport().setAutoFillBackground(False)
    area.setWidget(inner)
    inner.setAutoFillBackground(False)
    card.body.setContentsMargins(1, 4, 3, 4)
    card.body.addWidget(area)
    return area


class Rule(QWidget):
    """A 1 px line between parts of a card; decoration only."""

    def __init__(self, theme: Theme, colour: str = "grid", *, vertical: bool = False) -> None:
        super().__init__()
        self._theme, self._colour = theme, colour
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        QPainter(self).fillRect(self.rect(), self._theme.tokens[self._colour])


class Chip(QWidget):
    """A state as glyph and word on a rounded ground, 20 px high."""

    _HEIGHT, _SIDE = 20, 8

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._look: Look | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """Return its word."""
        return self._look.word if self._look is not None else ""

    def put(self, look: Look | None) -> None:
        """Show a state; None shows nothing."""
        if look != self._look:
            self._look = look
            self.setVisible(look is not None)
            self.setAccessibleName(self.text)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Return the room of glyph and word."""
        return QSize(math.ceil(total_width(self._spans())) + 2 * self._SIDE, self._HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a chip is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the chip."""
        if self._look is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tokens[self._look.ground])
        painter.drawRoundedRect(QRectF(self.rect()), self._HEIGHT / 2, self._HEIGHT / 2)
        inner = QRectF(self.rect()).adjusted(self._SIDE, 0, -self._SIDE, 0)
        draw_spans(painter, inner, self._spans(), self._theme.tokens, self._look.ground)

    def _spans(self) -> tuple[Span, ...]:
        if self._look is None:
            return ()
        colour = self._look.colour
        return (Span(self._look.word, "caption", 600, colour, glyph=self._look.glyph or None),)


class FocusRing(QWidget):
    """A 2 px ring around the widget that has the keyboard, 2 px away from it; passes the mouse through."""

    _AWAY = 4

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._window = theme, window
        self._target: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.hide()

    @property
    def target(self) -> QWidget | None:
        """Return what it stands around."""
        return self._target

    @Slot(QObject)
    def follow(self, focused: QObject | None) -> None:
        """Stand around what has the keyboard now, if it asks for a ring."""
        if self._target is not None:
            self._target.removeEventFilter(self)
        wants = isinstance(focused, QWidget) and bool(focused.property("focusRing"))
        self._target = focused if wants and isinstance(focused, QWidget) else None
        if self._target is not None:
            self._target.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move along with the target."""
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Hide, QEvent.Type.Show):
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.tokens["focus"], 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), CARD_RADIUS, CARD_RADIUS)

    def _place(self) -> None:
        window = self._window
        if self._target is None or not self._target.isVisible() or not window.isAncestorOf(self._target):
            self.hide()
            return
        corner = self._target.mapTo(window, QPoint(0, 0))
        away = self._AWAY
        wanted = self._target.rect().translated(corner).adjusted(-away, -away, away, away)
        self.setGeometry(wanted.intersected(window.rect()))
        self.show()
        self.raise_()


def ringed(widget: QWidget) -> QWidget:
    """Let a widget be reached by Tab and show the focus ring; returns it."""
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    widget.setProperty("focusRing", True)
    return widget
