"""Buttons, icon buttons and segments: 32 px high, 28 in rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from crackseg_desktop.ui.theme import CONTROL_RADIUS
from crackseg_desktop.ui.widgets.icons import draw_icon
from crackseg_desktop.ui.widgets.surfaces import ringed
from crackseg_desktop.ui.widgets.text import Span, draw_spans, metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Theme

Kind = Literal["primary", "secondary", "quiet", "outline"]
_ICON, _PADDING = 20, 12


class Button(QAbstractButton):
    """A push button; without a text it is square. ``outline`` stands on a coloured ground."""

    def __init__(
        self, theme: Theme, text: str = "", *, kind: Kind = "secondary", icon: str | None = None, height: int = 32
    ) -> None:
        super().__init__()
        self._theme, self._kind, self._icon, self._height = theme, kind, icon, height
        self._menu_mark = False
        self.setText(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        ringed(self)

    def set_icon(self, name: str) -> None:
        """Change its icon."""
        if name != self._icon:
            self._icon = name
            self.update()

    def name(self, words: str) -> None:
        """Say in the tooltip and to screen readers what it does; for buttons without a text."""
        self.setToolTip(words)
        self.setAccessibleName(words)

    def with_menu_mark(self) -> Button:
        """Show that it opens a menu; returns itself."""
        self._menu_mark = True
        return self

    def sizeHint(self) -> QSize:
        """Return the room of icon, text and padding."""
        if not self.text():
            return QSize(self._height, self._height)
        width = math.ceil(metrics("label", 600).horizontalAdvance(self.text())) + 2 * _PADDING
        width += _ICON if self._icon else 0
        return QSize(width + (20 if self._menu_mark else 0), self._height)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a button is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, edge, text = self._colours()
        painter.setBrush(ground)
        painter.setPen(edge)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), CONTROL_RADIUS, CONTROL_RADIUS)
        middle = self.height() / 2
        if not self.text():
            if self._icon:
                draw_icon(painter, self._icon, QRectF(self.width() / 2 - 10, middle - 10, 20, 20), self._theme.tokens)
            return
        x = float(_PADDING)
        if self._icon:
            draw_icon(painter, self._icon, QRectF(x - 3, middle - 10, 20, 20), self._theme.tokens, text)
            x += _ICON
        span = Span(self.text(), "label", 600, text)
        draw_spans(painter, QRectF(x, 0, self.width() - x, self.height()), (span,), self._theme.tokens)
        if self._menu_mark:
            draw_icon(painter, "chevron", QRectF(self.width() - 28, middle - 9, 18, 18), self._theme.tokens, text)

    def _colours(self) -> tuple[QColor, QPen, str]:
        tokens, nothing = self._theme.tokens, QPen(Qt.PenStyle.NoPen)
        if not self.isEnabled():
            return tokens["raised"], nothing, "text3"
        if self._kind == "primary":
            fill = tokens["accent_fill"]
            return self._shaded(fill, fill.lighter(112)), nothing, "on_accent"
        if self._kind == "quiet":
            return self._shaded(QColor(Qt.GlobalColor.transparent), tokens["raised"]), nothing, "text2"
        edge = QPen(tokens["control" if self._kind == "outline" else "border"], 1)
        plain = tokens["card"] if self._kind == "secondary" else QColor(Qt.GlobalColor.transparent)
        return self._shaded(plain, tokens["raised"]), edge, "text"

    def _shaded(self, plain: QColor, hovered: QColor) -> QColor:
        if self.isDown():
            return hovered.darker(114)
        return hovered if self.underMouse() else plain


class Segments(QWidget):
    """A few choices side by side, one of which is taken; the arrow keys move within it."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, choices: Sequence[tuple[str, str]], taken: str, name: str) -> None:
        super().__init__()
        self._name = name
        self._buttons: dict[str, _Segment] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for index, (key, words) in enumerate(choices):
            place = "first" if index == 0 else "last" if index == len(choices) - 1 else "middle"
            button = _Segment(theme, key, words, place)
            button.setAccessibleName(f"{name}: {words}")
            button.clicked.connect(self._on_clicked)
            self._buttons[key] = button
            row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.take(taken)

    @property
    def taken(self) -> str:
        """Return the key of the choice taken, or an empty text."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), "")

    def take(self, key: str) -> None:
        """Mark a choice as taken, or with an empty text none, without telling anybody."""
        for name, button in self._buttons.items():
            button.setAutoExclusive(bool(key))  # an exclusive one cannot be unchecked
            button.setChecked(name == key)

    def rename(self, key: str, words: str) -> None:
        """Change what a choice says."""
        button = self._buttons[key]
        if button.text() != words:
            button.setText(words)
            button.setAccessibleName(f"{self._name}: {words}")
            button.updateGeometry()

    def texts(self) -> list[str]:
        """Return what it says."""
        return [button.text() for button in self._buttons.values()]

    def _on_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, _Segment):
            self.take(button.key)
            self.chosen.emit(button.key)


class _Segment(QAbstractButton):
    def __init__(self, theme: Theme, key: str, words: str, place: str) -> None:
        super().__init__()
        self.key, self._theme, self._place = key, theme, place
        self.setText(words)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        ringed(self)

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(metrics("label", 600).horizontalAdvance(self.text())) + 2 * _PADDING, 32)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = self._theme.tokens, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        checked = self.isChecked()
        painter.setBrush(tokens["accent_soft" if checked else "raised" if self.underMouse() else "card"])
        painter.setPen(QPen(tokens["border"], 1))
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        # The rounded ends lie outside on the sides where a neighbour stands; half a pixel more makes edges meet.
        left = 0.0 if self._place == "first" else -CONTROL_RADIUS - 1.0
        right = 0.0 if self._place == "last" else CONTROL_RADIUS + 1.0
        painter.drawRoundedRect(rect.adjusted(left, 0, right, 0), CONTROL_RADIUS, CONTROL_RADIUS)
        if self._place != "first":
            painter.fillRect(QRectF(0, 1, 1, self.height() - 2), tokens["border"])
        span = Span(self.text(), "label", 600 if checked else 500, "accent" if checked else "text2")
        text = metrics("label", span.weight).horizontalAdvance(self.text())
        inner = QRectF((self.width() - text) / 2, 0, text + 1, self.height())
        draw_spans(painter, inner, (span,), tokens)
