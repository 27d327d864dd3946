"""Empty states: what is missing, why, one next step, and at most two buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop.ui.widgets.icons import draw_icon
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.widgets.buttons import Button


class Tile(QWidget):
    """The large glyph of an empty state."""

    def __init__(self, theme: Theme, size: int = 56) -> None:
        super().__init__()
        self._theme, self._name, self._size = theme, "waiting", size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def put(self, name: str) -> None:
        """Show the icon of this name."""
        if name != self._name:
            self._name = name
            self.update()

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(self._size, self._size)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon."""
        draw_icon(QPainter(self), self._name, QRectF(self.rect()), self._theme.tokens, "control")


def alone(state: EmptyState) -> QWidget:
    """Return a page that holds nothing but this state, at its upper left, no larger than its words need."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    state.setFixedWidth(480)
    state.setMinimumHeight(240)
    column.addWidget(state, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return page


class EmptyState(Card):
    """A card that stands where figures would; ``wide`` puts the glyph beside the words, for low cards."""

    def __init__(self, theme: Theme, *buttons: Button, wide: bool = False) -> None:
        super().__init__(theme, padding=16 if wide else 24)
        self._tile = Tile(theme, 40 if wide else 56)
        self._title = Line(theme, elide=True)
        self._why = Paragraph(theme, scale="label" if wide else "body")
        self._note = Paragraph(theme, scale="caption", colour="text3")
        words = QVBoxLayout()
        words.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        for part in (self._title, self._why, self._note):
            words.addWidget(part)
        words.addSpacing(4 if wide else 12)
        words.addLayout(row)
        self._row = row
        if wide:
            side = QHBoxLayout()
            side.setSpacing(16)
            side.addWidget(self._tile)
            side.addLayout(words, 1)
            self.body.addStretch(1)
            self.body.addLayout(side)
        else:
            self.body.addWidget(self._tile)
            self.body.addSpacing(8)
            self.body.addLayout(words)
        self.body.addStretch(1)

    @property
    def texts(self) -> tuple[str, str, str]:
        """Return title, reason and note."""
        return self._title.text, self._why.text(), self._note.text()

    def put(self, icon: str, title: str, why: str, note: str = "") -> None:
        """Say what is missing, why, and what else is known."""
        self._tile.put(icon)
        self._title.put(Span(title, "subtitle"))
        self._why.put(why)
        self._note.put(note)
        self._note.setVisible(bool(note))
