"""A picture of why an alert fired, for channels that take one: the curve before it with its limit, as PNG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageWriter, QPainter, QPen, QPolygonF

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.readings import AlertEvent

WIDTH, HEIGHT = 640, 240
_PLOT = QRectF(16, 52, WIDTH - 32, HEIGHT - 88)
_GROUND, _INK, _SOFT, _LINE, _LIMIT = (QColor(name) for name in ("#ffffff", "#14171c", "#5a6472", "#1769c2", "#b3261e"))


def evidence_picture(event: AlertEvent) -> bytes | None:
    """Draw the evidence of an alert; None where there is none. In any thread: it paints on an image, not a window."""
    points = [(x, y) for x, y in event.evidence.points if math.isfinite(y)] if event.evidence is not None else []
    if len(points) < 2 or points[0][0] == points[-1][0]:
        return None
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(_GROUND)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    title = f"Simulated: {event.title}" if event.simulated else event.title
    _write(painter, QRectF(16, 12, WIDTH - 32, 28), title, _INK, 16)
    _draw(painter, points, event.limit)
    _write(painter, QRectF(16, HEIGHT - 30, WIDTH - 32, 20), _caption(event, points), _SOFT, 12)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return bytes(data.data())


def _caption(event: AlertEvent, points: Sequence[tuple[float, float]]) -> str:
    unit = CATALOGUE[event.metric].unit if event.metric in CATALOGUE else ""
    span = units.duration(points[-1][0] - points[0][0])
    return f"the {span} before it; now {units.figure(unit, points[-1][1])}, limit {units.figure(unit, event.limit)}"


def _write(painter: QPainter, place: QRectF, text: str, colour: QColor, pixels: int) -> None:
    face = QFont("Inter")
    face.setPixelSize(pixels)
    painter.setFont(face)
    painter.setPen(colour)
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def _draw(painter: QPainter, points: Sequence[tuple[float, float]], limit: float) -> None:
    """Draw the curve, and the limit as a dashed line."""
    values = [y for _, y in points] + ([limit] if math.isfinite(limit) else [])
    low, high = min(values), max(values)
    room = (high - low) or abs(high) or 1.0
    begin, end = points[0][0], points[-1][0]

    def at(x: float, y: float) -> QPointF:
        across, up = (x - begin) / (end - begin), (y - low) / room
        return QPointF(_PLOT.left() + across * _PLOT.width(), _PLOT.bottom() - up * _PLOT.height())

    if math.isfinite(limit):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # one whole pixel
        painter.setPen(QPen(_LIMIT, 1, Qt.PenStyle.DashLine))
        painter.drawLine(at(begin, limit), at(end, limit))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(_LINE, 2))
    painter.drawPolyline(QPolygonF([at(x, y) for x, y in points]))
    painter.setBrush(_LIMIT)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(at(*points[-1]), 4, 4)
