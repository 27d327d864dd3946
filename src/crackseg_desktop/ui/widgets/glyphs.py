"""State glyphs: solid shapes on a 12 px grid that tell every state without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QColor

GRID = 12.0
_OCTAGON = ((3.6, 0.2), (8.4, 0.2), (11.8, 3.6), (11.8, 8.4), (8.4, 11.8), (3.6, 11.8), (0.2, 8.4), (0.2, 3.6))
_TRIANGLE = ((6.0, 0.8), (11.6, 10.8), (0.4, 10.8))


def draw_glyph(painter: QPainter, name: str, rect: QRectF, colour: QColor, ground: QColor) -> None:
    """Draw a glyph into a square; ``ground`` is what the mark inside a filled sign shows."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / GRID, rect.height() / GRID)
    _SHAPES[name](painter, colour, ground)
    painter.restore()


def _polygon(points: Sequence[tuple[float, float]]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in points])


def _fill(painter: QPainter, colour: QColor, points: Sequence[tuple[float, float]]) -> None:
    painter.setPen(_pen(colour, 0.8))
    painter.setBrush(colour)
    painter.drawPolygon(_polygon(points))


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _lines(painter: QPainter, colour: QColor, points: Sequence[tuple[float, float]], width: float = 1.8) -> None:
    painter.setPen(_pen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(_polygon(points))


def _exclamation(painter: QPainter, colour: QColor, top: float, bottom: float) -> None:
    painter.setPen(_pen(colour, 1.5))
    painter.drawLine(QPointF(6, top), QPointF(6, bottom))
    painter.drawPoint(QPointF(6, bottom + 2.2))


def _play(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _fill(painter, colour, ((3.0, 1.8), (10.2, 6.0), (3.0, 10.2)))


def _bars(painter: QPainter, colour: QColor, ground: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for x in (2.4, 7.2):
        painter.drawRoundedRect(QRectF(x, 1.5, 2.4, 9.0), 0.8, 0.8)


def _tick(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _lines(painter, colour, ((1.8, 6.4), (4.6, 9.2), (10.2, 2.8)))


def _cross(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _lines(painter, colour, ((2.4, 2.4), (9.6, 9.6)))
    _lines(painter, colour, ((9.6, 2.4), (2.4, 9.6)))


def _square(painter: QPainter, colour: QColor, ground: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(2.2, 2.2, 7.6, 7.6), 1.2, 1.2)


def _ring(painter: QPainter, colour: QColor, ground: QColor) -> None:
    pen = _pen(colour, 1.5)
    pen.setDashPattern([0.5, 2.2])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(6, 6), 4.8, 4.8)


def _warning(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _fill(painter, colour, _TRIANGLE)
    _exclamation(painter, ground, 4.6, 7.0)


def _warning_over(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _lines(painter, colour, (*_TRIANGLE, _TRIANGLE[0]), 1.2)
    _exclamation(painter, colour, 4.8, 6.9)


def _critical(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _fill(painter, colour, _OCTAGON)
    _exclamation(painter, ground, 3.0, 6.4)


def _critical_over(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _lines(painter, colour, (*_OCTAGON, _OCTAGON[0]), 1.2)
    _exclamation(painter, colour, 3.2, 6.4)


def _info(painter: QPainter, colour: QColor, ground: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(6, 6), 5.6, 5.6)
    painter.setPen(_pen(ground, 1.5))
    painter.drawLine(QPointF(6, 5.6), QPointF(6, 9.0))
    painter.drawPoint(QPointF(6, 3.2))


def _info_over(painter: QPainter, colour: QColor, ground: QColor) -> None:
    painter.setPen(_pen(colour, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(6, 6), 5.3, 5.3)
    painter.drawLine(QPointF(6, 5.6), QPointF(6, 8.8))
    painter.drawPoint(QPointF(6, 3.4))


def _clock(painter: QPainter, colour: QColor, ground: QColor) -> None:
    painter.setPen(_pen(colour, 1.3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(6, 6), 5.0, 5.0)
    painter.drawPolyline(_polygon(((6, 3.2), (6, 6.2), (7.9, 7.4))))


def _snoozed(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _lines(painter, colour, ((2.6, 2.2), (9.4, 2.2), (2.6, 9.8), (9.4, 9.8)), 1.7)


def _moon(painter: QPainter, colour: QColor, ground: QColor) -> None:
    outer, bite = QPainterPath(), QPainterPath()
    outer.addEllipse(QPointF(6, 6), 5.2, 5.2)
    bite.addEllipse(QPointF(8.6, 3.8), 4.6, 4.6)
    painter.setPen(_pen(colour, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(outer.subtracted(bite))


def _arrow(painter: QPainter, colour: QColor, tip: float, tail: float) -> None:
    barb = tip + (3.4 if tail > tip else -3.4)
    _lines(painter, colour, ((6, tail), (6, tip)), 1.6)
    _lines(painter, colour, ((2.9, barb), (6, tip), (9.1, barb)), 1.6)


def _down(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _arrow(painter, colour, 10.4, 1.6)


def _up(painter: QPainter, colour: QColor, ground: QColor) -> None:
    _arrow(painter, colour, 1.6, 10.4)


def _line(painter: QPainter, colour: QColor, ground: QColor) -> None:
    painter.setPen(_pen(colour, 2.0))
    painter.drawLine(QPointF(0, 6), QPointF(12, 6))


def _dashed_line(painter: QPainter, colour: QColor, ground: QColor) -> None:
    pen = QPen(colour, 2.0, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
    pen.setDashPattern([2.2, 1.4])
    painter.setPen(pen)
    painter.drawLine(QPointF(-0.4, 6), QPointF(12.4, 6))


_SHAPES: dict[str, Callable[[QPainter, QColor, QColor], None]] = {
    "play": _play,
    "bars": _bars,
    "tick": _tick,
    "cross": _cross,
    "square": _square,
    "ring": _ring,
    "warning": _warning,
    "warning-over": _warning_over,
    "critical": _critical,
    "critical-over": _critical_over,
    "info": _info,
    "info-over": _info_over,
    "clock": _clock,
    "snoozed": _snoozed,
    "moon": _moon,
    "down": _down,
    "up": _up,
    "line": _line,
    "dashed": _dashed_line,
}

GLYPHS = frozenset(_SHAPES)
