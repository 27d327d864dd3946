"""Bars: progress and bullet (6 px, with a target mark of 12), memory by owner (8 px, with a limit mark of 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Theme

_RADIUS = 3.0


class Bar(QWidget):
    """Parts of a whole side by side on a track. Shares are of the whole, 0..1; colours are names of the design."""

    def __init__(self, theme: Theme, thickness: int = 6, mark: int = 12) -> None:
        super().__init__()
        self._theme, self._thickness, self._mark_height = theme, thickness, mark
        self._parts: tuple[tuple[float, str], ...] = ()
        self._mark: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def parts(self) -> tuple[tuple[float, str], ...]:
        """Return what it shows: (share, colour) from the left."""
        return self._parts

    @property
    def mark(self) -> float | None:
        """Return where its mark stands, 0..1."""
        return self._mark

    def put(self, *parts: tuple[float, str], mark: float | None = None) -> None:
        """Show these parts, and a mark at a target or a limit."""
        if parts != self._parts or mark != self._mark:
            self._parts, self._mark = parts, mark
            self.update()

    def sizeHint(self) -> QSize:
        """Return room for the mark."""
        return QSize(40, self._mark_height)

    def minimumSizeHint(self) -> QSize:
        """Return the same."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, parts and mark."""
        tokens, painter = self._theme.tokens, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, top = float(self.width()), (self.height() - self._thickness) / 2
        track = QPainterPath()
        track.addRoundedRect(QRectF(0, top, width, self._thickness), _RADIUS, _RADIUS)
        painter.fillPath(track, tokens["raised"])
        painter.save()
        painter.setClipPath(track)
        x = 0.0
        for index, (share, colour) in enumerate(self._parts):
            length = max(0.0, min(1.0, share)) * width
            last = index == len(self._parts) - 1
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens[colour])
            left = x - _RADIUS if index == 0 else x + 1  # a gap of 1 px tells neighbours apart
            painter.drawRoundedRect(
                QRectF(left, top, max(0.0, x + length - left), self._thickness), *((_RADIUS,) * 2 if last else (0, 0))
            )
            x += length
        painter.restore()
        if self._mark is not None:
            position = round(min(1.0, max(0.0, self._mark)) * (width - 2))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            box = QRectF(position, (self.height() - self._mark_height) / 2, 2, self._mark_height)
            painter.fillRect(box, tokens["text"])
