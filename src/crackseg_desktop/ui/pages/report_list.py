"""The list of the reports that were written: of which day or week, what they say, and through what they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.report_flow import wrapped
from crackseg_desktop.ui.widgets.surfaces import Card, ringed
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from crackseg_desktop.reports.shelf import PastReport
    from crackseg_desktop.ui.theme import Theme

HEIGHT = 92
_SIDES = 30
_KINDS = {"daily": "Daily", "weekly": "Weekly"}
_KEYS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 5, Qt.Key.Key_PageUp: -5}


class ReportList(Card):
    """Rows in a card that scrolls; rows are reused. ``chosen`` tells the slug of a report."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, padding=1, spacing=0)
        self.rows: list[ReportRow] = []
        inner = QWidget()
        inner.setAccessibleName("Past reports")
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(inner)
        inner.setAutoFillBackground(False)
        self.body.addWidget(self._area)

    def put(self, past: Sequence[PastReport], chosen: str, now: float) -> None:
        """Show these reports, one of them as chosen; ``now`` in Unix seconds."""
        while len(self.rows) < len(past):
            self._add_row()
        for index, row in enumerate(self.rows):
            row.setVisible(index < len(past))
            if index < len(past):
                row.put(past[index], now, selected=past[index].slug == chosen)

    def _add_row(self) -> None:
        row = ReportRow(self.theme)
        row.chosen.connect(self.chosen)
        row.stepped.connect(self._on_stepped)
        self._column.insertWidget(len(self.rows), row)
        self.rows.append(row)

    def _on_stepped(self, step: int) -> None:
        row = self.sender()
        shown = [each for each in self.rows if not each.isHidden()]
        if isinstance(row, ReportRow) and row in shown:
            target = shown[max(0, min(len(shown) - 1, shown.index(row) + step))]
            self._area.ensureWidgetVisible(target, 0, 0)
            target.setFocus(Qt.FocusReason.TabFocusReason)


class ReportRow(QWidget):
    """One report. ``chosen`` tells that it was clicked or reached by Tab, ``stepped`` by how many rows to go on."""

    chosen = Signal(str)
    stepped = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._selected, self.slug = theme, False, ""
        self.setFixedHeight(HEIGHT)
        self.title = Line(theme, elide=True, height=20)
        self.summary, self.more, self.about = (Line(theme, elide=True, height=16) for _ in range(3))
        self._said = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, _SIDES - 16, 8)
        column.setSpacing(1)
        column.addStretch(1)
        for line in (self.title, self.summary, self.more, self.about):
            column.addWidget(line)
        column.addStretch(1)
        ringed(self)

    def put(self, past: PastReport, now: float, *, selected: bool) -> None:
        """Show a report."""
        self.slug = past.slug
        kind = _KINDS[past.kind]
        self.title.put(Span(past.name, "body", 600))
        self._said = past.summary or "What it says was not noted"
        self._wrap()
        sent = f"sent through {', '.join(past.sent)}" if past.sent else "not sent"
        written = f"{kind} · {words.when(past.written, now)} · "
        self.about.put(Span(f"{written}{sent}", "caption", None, "text3"))
        if selected != self._selected:
            self._selected = selected
            self.update()
        # Tab leads to the row that is chosen; the arrows go on from there.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if selected else Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName(f"{kind} report, {past.name}, {self._said}, {self.about.text}")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the mark of the row chosen, and the line below."""
        tokens, painter = self._theme.tokens, QPainter(self)
        if self._selected:
            painter.fillRect(self.rect(), tokens["raised"])
            painter.fillRect(QRectF(0, 0, 3, self.height()), tokens["accent"])
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), tokens["grid"])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the summary where it must."""
        super().resizeEvent(event)
        self._wrap()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the row."""
        self.chosen.emit(self.slug)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Choose the row that the keyboard reaches."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.chosen.emit(self.slug)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go up and down with the arrows."""
        step = _KEYS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(step)

    def _wrap(self) -> None:
        """Put the summary into two lines, the second of which is cut where that is too little."""
        first, *others = wrapped(self._said, self.width() - _SIDES) or [""]
        self.summary.put(Span(first, "label", None, "text2", plain=True))
        self.more.put(Span(" ".join(others), "label", None, "text2", plain=True))
        self.more.setVisible(bool(others))
