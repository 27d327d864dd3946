"""The rail: one item a page, folded to icons in a narrow window, with the program's own cost at its foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop.ui.theme import CONTROL_RADIUS
from crackseg_desktop.ui.widgets.icons import draw_icon
from crackseg_desktop.ui.widgets.surfaces import Rule, ringed
from crackseg_desktop.ui.widgets.text import Line, Span, draw_spans, metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Theme

WIDE, FOLDED = 176, 56
_ITEM = 40


class Rail(QWidget):
    """The pages to choose from. Emits ``chosen`` with the name of a page."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, pages: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._theme = theme
        self._items: dict[str, _Item] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(8, 72, 9, 16)
        self._column.setSpacing(0)
        for name, title in pages:
            if name == "settings":
                self._add_rule()
            self._add_item(name, title)
        self._column.addStretch(1)
        self._foot = (Line(theme, elide=True, ground="sunken"), Line(theme, elide=True, ground="sunken"))
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 0, 4, 0)
        foot.setSpacing(0)
        for line in self._foot:
            foot.addWidget(line)
        self._column.addLayout(foot)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.set_folded(False)

    @property
    def folded(self) -> bool:
        """Say whether only icons are shown."""
        return self._folded

    def set_folded(self, folded: bool) -> None:
        """Show icons only, or icons and names."""
        self._folded = folded
        self.setFixedWidth(FOLDED if folded else WIDE)
        for item in self._items.values():
            item.set_folded(folded)
        for line in self._foot:
            line.setVisible(not folded)

    def select(self, name: str) -> None:
        """Mark a page as the one shown."""
        for key, item in self._items.items():
            item.setChecked(key == name)

    def set_badge(self, name: str, count: int, critical: bool) -> None:
        """Show a count at an item; 0 shows none."""
        self._items[name].set_badge(count, critical)

    def set_foot(self, *texts: str) -> None:
        """Say when the figures are from and what the program itself takes."""
        for line, text in zip(self._foot, texts, strict=True):
            line.put(Span(text, "caption", None, "text3"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, edge, and the application's name."""
        tokens, painter = self._theme.tokens, QPainter(self)
        if tokens.dark:
            painter.fillRect(self.rect(), tokens["sunken"])
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), tokens["border"])
        draw_icon(painter, "app", QRectF(16 if self._folded else 18, 24, 24, 24), tokens)
        if not self._folded:
            draw_spans(painter, QRectF(52, 24, 120, 24), (Span("CrackSeg", "body", 600),), tokens)

    def _add_item(self, name: str, title: str) -> None:
        item = _Item(self._theme, name, title)
        item.clicked.connect(self._on_clicked)
        self._items[name] = item
        self._column.addWidget(item)

    def _add_rule(self) -> None:
        holder = QWidget()
        holder.setFixedHeight(17)
        column = QVBoxLayout(holder)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(Rule(self._theme, "border"))
        self._column.addWidget(holder)

    def _on_clicked(self) -> None:
        item = self.sender()
        if isinstance(item, _Item):
            self.chosen.emit(item.name)


class _Item(QAbstractButton):
    def __init__(self, theme: Theme, name: str, title: str) -> None:
        super().__init__()
        self.name, self._theme = name, theme
        self._badge, self._critical, self._folded = 0, False, False
        self.setText(title)
        self.setAccessibleName(title)
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ringed(self)

    def set_folded(self, folded: bool) -> None:
        self._folded = folded
        self.setToolTip(self.text() if folded else "")
        self.update()

    def set_badge(self, count: int, critical: bool) -> None:
        if (count, critical) != (self._badge, self._critical):
            self._badge, self._critical = count, critical
            self.setAccessibleDescription(f"{count} firing" if count else "")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(_ITEM, _ITEM)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = self._theme.tokens, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        checked = self.isChecked()
        if checked or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens["accent_soft" if checked else "raised"])
            painter.drawRoundedRect(QRectF(self.rect()), CONTROL_RADIUS, CONTROL_RADIUS)
        if checked:
            painter.setBrush(tokens["accent"])
            painter.drawRoundedRect(QRectF(0, 10, 3, 20), 1.5, 1.5)
        x = 10.0 if self._folded else 12.0
        draw_icon(painter, self.name, QRectF(x, 10, 20, 20), tokens, "accent" if checked else "text2")
        if not self._folded:
            weight, colour = (600, "text") if checked else (500, "text2")
            draw_spans(painter, QRectF(44, 0, 90, _ITEM), (Span(self.text(), "body", weight, colour),), tokens)
        if self._badge:
            self._draw_badge(painter)

    def _draw_badge(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        ground, colour = ("critical_fill", "on_critical") if self._critical else ("warning_soft", "warning")
        text = str(self._badge) if self._badge < 100 else "99+"
        width = max(18.0, metrics("caption", 600).horizontalAdvance(text) + 8)
        right = 38.0 if self._folded else self.width() - 12.0
        box = QRectF(right - width, 1.0 if self._folded else 11.0, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens[ground])
        painter.drawRoundedRect(box, 9, 9)
        inner = box.adjusted((width - metrics("caption", 600).horizontalAdvance(text)) / 2, 0, 2, 0)
        draw_spans(painter, inner, (Span(text, "caption", 600, colour),), tokens)
