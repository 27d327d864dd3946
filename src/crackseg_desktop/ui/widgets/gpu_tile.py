"""A GPU to choose: name, what runs on it, memory bar, three figures; in a narrow tile the figures give way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout

from crackseg_desktop.ui.theme import CARD_RADIUS
from crackseg_desktop.ui.widgets.bars import Bar
from crackseg_desktop.ui.widgets.surfaces import ringed
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from crackseg_desktop.ui.theme import Theme

_FIGURES_FROM, _BAR_FROM = 400, 290


@dataclass(frozen=True, slots=True)
class TileState:
    """What a tile shows; ``trouble`` stands in the place of the figures."""

    uuid: str
    index: int
    name: str
    note: str
    memory: str
    parts: tuple[tuple[float, str], ...]
    mark: float | None
    figures: tuple[tuple[str, str], ...]
    trouble: str = ""
    asleep: bool = False


class GpuTile(QAbstractButton):
    """One GPU, 64 px high."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.uuid = ""
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedHeight(64)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ringed(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 12, 20, 12)
        row.setSpacing(20)
        self._name, self._note = Line(theme, elide=True), Line(theme, elide=True)
        self._memory, self._bar = Line(theme, elide=True), Bar(theme, thickness=8, mark=14)
        self._figures, self._trouble = Line(theme, align="right"), Line(theme, align="right", elide=True)
        for parts, stretch in (((self._name, self._note), 3), ((self._memory, self._bar), 2)):
            column = QVBoxLayout()
            column.setSpacing(2)
            for part in parts:
                column.addWidget(part)
            row.addLayout(column, stretch)
        row.addWidget(self._figures)
        row.addWidget(self._trouble, 3)
        self._state: TileState | None = None

    @property
    def text_shown(self) -> str:
        """Return what it says."""
        parts = (self._name, self._note, self._memory, self._figures, self._trouble)
        return " ".join(part.text for part in parts if not part.isHidden() and part.text)

    def put(self, state: TileState, *, selected: bool) -> None:
        """Show a GPU."""
        self._state, self.uuid = state, state.uuid
        self.setChecked(selected)
        self.setAccessibleName(f"{state.name}, {state.note}")
        self._name.put(Span(state.name, "body", 600))
        self._memory.put(Span("Memory", "caption", None, "text2"), Span(state.memory, "caption", 600, gap=6))
        self._bar.put(*state.parts, mark=state.mark)
        spans = []
        for figure, unit in state.figures:
            spans += [Span(figure, "label", 600, gap=14), Span(unit, "caption", None, "text2", 3)]
        self._figures.put(*spans)
        glyph = "moon" if state.asleep else "clock"
        self._trouble.put(Span(state.trouble, "label", None, "text2", glyph=glyph))
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show what there is room for."""
        super().resizeEvent(event)
        self._arrange()

    def sizeHint(self) -> QSize:
        """Return the design's size."""
        return QSize(260, 64)

    def minimumSizeHint(self) -> QSize:
        """Return room for a name."""
        return QSize(140, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card."""
        tokens, painter = self._theme.tokens, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        checked = self.isChecked()
        painter.setBrush(tokens["accent_soft" if checked else "raised" if self.underMouse() else "card"])
        painter.setPen(QPen(tokens["accent" if checked else "border"], 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), CARD_RADIUS, CARD_RADIUS)

    def _arrange(self) -> None:
        if self._state is None:
            return
        well = not self._state.trouble
        narrow = well and self.width() < _BAR_FROM and bool(self._state.memory)
        note = f"GPU {self._state.index} · {self._state.memory}" if narrow else self._state.note
        self._note.put(Span(note, "caption", None, "text2"))
        for part, shown in (
            (self._memory, well and bool(self._state.memory) and self.width() >= _BAR_FROM),
            (self._bar, well and bool(self._state.parts) and self.width() >= _BAR_FROM),
            (self._figures, well and self.width() >= _FIGURES_FROM),
            (self._trouble, not well),
        ):
            part.setVisible(shown)
