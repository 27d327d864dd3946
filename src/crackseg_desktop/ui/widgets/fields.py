"""Fields to type into and switches: 32 px high, with their unit inside and a plain word where they are wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QSizePolicy

from crackseg_desktop.ui.theme import font
from crackseg_desktop.ui.widgets.surfaces import ringed
from crackseg_desktop.ui.widgets.text import Span, draw_spans, metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QFocusEvent, QPaintEvent

    from crackseg_desktop.ui.theme import Theme

_SIDE = 10


class Field(QLineEdit):
    """A line to type into. ``changed`` tells a new text that is right, once it is entered or left; Esc takes it back.

    ``check`` raises ValueError with what is wrong, which becomes the tooltip and the accessible description.
    """

    changed = Signal(str)

    def __init__(self, theme: Theme, name: str, unit: str = "", check: Callable[[str], object] | None = None) -> None:
        super().__init__()
        self._theme, self._unit, self._check = theme, unit, check
        self._known = ""
        self.problem = ""
        self.setFont(font("label", 500))
        self.setAccessibleName(f"{name}, {unit}" if unit else name)
        width = math.ceil(metrics("label").horizontalAdvance(unit)) + 4 if unit else 0
        self.setTextMargins(0, 0, width, 0)
        self.editingFinished.connect(self._on_finished)
        self.textEdited.connect(self._on_edited)

    def put(self, text: str) -> None:
        """Show a text, unless a person is at it."""
        if text != self._known:
            self._known = text
            if not (self.hasFocus() and self.isModified()):
                self._restore()

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the window's shortcut while there is something to take back."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes_back(event):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take back what was typed on Esc."""
        if self._takes_back(event):
            self._restore()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leave no wrong text behind."""
        super().focusOutEvent(event)
        if self.problem:
            self._restore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the unit inside the field."""
        super().paintEvent(event)
        if self._unit:
            box = QRectF(self.rect()).adjusted(0, 0, -_SIDE, 0)
            span = Span(self._unit, "label", None, "text3")
            draw_spans(QPainter(self), box, (span,), self._theme.tokens, align="right")

    def _takes_back(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Escape and self.isModified()

    def _restore(self) -> None:
        self.setText(self._known)
        self.setModified(False)
        self._say("")

    def _on_edited(self, text: str) -> None:
        self._say(self._wrong(text))

    def _on_finished(self) -> None:
        if not self.isModified() or self._wrong(self.text()):
            return
        self.setModified(False)
        if self.text() != self._known:
            self._known = self.text()
            self.changed.emit(self.text())

    def _wrong(self, text: str) -> str:
        try:
            if self._check is not None:
                self._check(text)
        except ValueError as error:
            return str(error)
        return ""

    def _say(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self.setToolTip(problem)
            self.setAccessibleDescription(problem)
            self.setProperty("wrong", bool(problem))
            self.style().unpolish(self)
            self.style().polish(self)


class Switch(QAbstractButton):
    """On or off, 34 x 20; the knob's place tells it, not the colour alone."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._tell)
        ringed(self)
        self._tell()

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(34, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track and knob."""
        tokens, painter = self._theme.tokens, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        painter.setPen(QPen(tokens["accent_fill" if on else "control"], 1.5))
        painter.setBrush(tokens["accent_fill" if on else "card"])
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 9, 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens["on_accent" if on else "control"])
        painter.drawEllipse(QRectF(self.width() - 17 if on else 5, 4, 12, 12))

    def _tell(self) -> None:
        self.setAccessibleDescription("on" if self.isChecked() else "off")
