"""The mini plot: 80 x 44, no axis, drawn by QPainter alone because the pop-up shows several of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from crackseg_desktop.ui.widgets.columns import decimate, segments

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Theme

_DOT = 2.5


class MiniPlot(QWidget):
    """One series against time, filled, with its limit dashed and its last value as a dot."""

    def __init__(self, theme: Theme, colour: str, low: float = 0.0) -> None:
        super().__init__()
        self._theme, self._colour, self._low = theme, colour, low
        self._high: float | None = None
        self._limit: float | None = None
        self._span = 3600.0
        self._segments: list[tuple[NDArray[float64], NDArray[float64]]] = []
        self.painted = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def put(
        self,
        ages: NDArray[float64],
        values: NDArray[float64],
        *,
        span: float,
        now: float = 0.0,
        low: float | None = None,
        high: float | None = None,
        limit: float | None = None,
        colour: str | None = None,
    ) -> None:
        """Show values against seconds before now (negative); ``low`` and ``high`` are the ends of the scale."""
        self._low = self._low if low is None else low
        self._span, self._high, self._limit = span, high, limit
        self._colour = colour or self._colour
        start = int(ages.searchsorted(-span)) if len(ages) else 0
        flat = 2.0 * (high - self._low) / self.height() if high is not None else 0.0
        thinned = decimate(ages[start:], values[start:], span, max(40, self.width() // 2), now, flat)
        self._segments = segments(*thinned)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the design's size."""
        return QSize(80, 44)

    def minimumSizeHint(self) -> QSize:
        """Return what is left in a narrow card."""
        return QSize(60, 44)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw limit, fill, line and dot."""
        self.painted += 1
        if not self._segments:
            return
        painter, tokens = QPainter(self), self._theme.tokens
        plot = QRectF(self.rect()).adjusted(0, 4, -4, -2)
        top = self._top()
        for ages, values in self._segments:
            self._draw_segment(painter, plot, ages, values, top)
        if self._limit is not None:
            y = round(self._y(self._limit, plot, top)) + 0.5
            pen = QPen(tokens["text2"], 1, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
            pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        self._draw_dot(painter, plot, top)

    def _draw_segment(
        self, painter: QPainter, plot: QRectF, ages: NDArray[float64], values: NDArray[float64], top: float
    ) -> None:
        tokens = self._theme.tokens
        points = [
            QPointF(self._x(age, plot), self._y(value, plot, top)) for age, value in zip(ages, values, strict=True)
        ]
        outline = [QPointF(points[0].x(), plot.bottom()), *points, QPointF(points[-1].x(), plot.bottom())]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.faded(self._colour, 0.16))
        painter.drawPolygon(QPolygonF(outline))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(tokens[self._colour], 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))

    def _draw_dot(self, painter: QPainter, plot: QRectF, top: float) -> None:
        ages, values = self._segments[-1]
        if ages[-1] < -max(10.0, self._span / 60):  # an old last value is not "now"
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.tokens["card"], 1.5))
        painter.setBrush(self._theme.tokens[self._colour])
        painter.drawEllipse(QPointF(self._x(ages[-1], plot), self._y(values[-1], plot, top)), _DOT + 0.7, _DOT + 0.7)

    def _top(self) -> float:
        highest = max(float(values.max()) for _, values in self._segments)
        wanted = max(highest, self._high or 0.0, self._limit or 0.0)
        return wanted if wanted > self._low else self._low + 1.0

    def _x(self, age: float, plot: QRectF) -> float:
        return float(plot.right() + age / self._span * plot.width())

    def _y(self, value: float, plot: QRectF, top: float) -> float:
        share = (float(value) - self._low) / (top - self._low)
        return float(plot.bottom() - max(0.0, min(1.0, share)) * plot.height())
