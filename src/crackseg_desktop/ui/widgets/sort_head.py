"""The head of a table that is sorted by a click on a column, or by the keyboard: arrows go along it, Space sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt, Signal

from crackseg_desktop.ui.widgets.surfaces import ringed
from crackseg_desktop.ui.widgets.table import Column, Head
from crackseg_desktop.ui.widgets.text import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter

    from crackseg_desktop.ui.theme import Theme

_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class SortHead(Head):
    """The head. ``chosen`` tells by which column (its number) a person wants the table sorted."""

    chosen = Signal(int)

    def __init__(self, theme: Theme, columns: Sequence[Column]) -> None:
        super().__init__(theme, columns)
        self._sorted, self._descending, self._cursor = -1, True, 0
        self.setSectionsClickable(True)
        self.setAccessibleName("Columns: arrow keys go along them, Space sorts")
        ringed(self)
        self.sectionClicked.connect(self.chosen)

    @property
    def mark(self) -> tuple[int, bool]:
        """Return by which column it says that the table is sorted, and whether the largest come first."""
        return self._sorted, self._descending

    def put(self, section: int, *, descending: bool) -> None:
        """Mark the column by which the table is sorted."""
        if (section, descending) != self.mark:
            self._sorted, self._descending = section, descending
            self._cursor = section if section >= 0 else self._cursor
            way = "descending" if descending else "ascending"
            title = str(self._columns[section].title) if section >= 0 else "nothing"
            self.setAccessibleDescription(f"sorted by {title}, {way}")
            self.viewport().update()

    def title(self, section: int) -> Span:
        """Return what stands over a column, in strong text where the table is sorted by it."""
        title = self._columns[section].title
        if section != self._sorted:
            return Span(title, "caption", 500, "text2")
        return Span(title, "caption", 600, "text", glyph="down" if self._descending else "up", glyph_size=9.0)

    def paintSection(self, painter: QPainter, rect: Any, section: int) -> None:
        """Draw the title of a column, and a line under it where the keyboard is."""
        super().paintSection(painter, rect, section)
        if self.hasFocus() and section == self._cursor:
            box = QRectF(rect)
            painter.fillRect(QRectF(box.left() + 8, box.bottom() - 2, box.width() - 16, 2), self._theme.tokens["focus"])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go along the columns, or sort by the one that the keyboard is at."""
        if event.key() in _KEYS:
            self.chosen.emit(self._cursor)
        elif event.key() in _STEPS:
            self._step(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard is elsewhere."""
        super().focusOutEvent(event)
        self.viewport().update()

    def _step(self, step: int) -> None:
        shown = [number for number in range(self.count()) if not self.isSectionHidden(number)]
        places = [place for place, number in enumerate(shown) if number <= self._cursor]
        self._cursor = shown[max(0, min(len(shown) - 1, (places[-1] if places else 0) + step))]
        self.viewport().update()
