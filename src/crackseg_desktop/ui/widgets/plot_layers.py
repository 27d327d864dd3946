"""What a plot shows around its curves, in whole pixels: grid, limit and gaps behind them, dots and labels before them.

Both layers are children of the plot item with the geometry of its view box, so that a dot on the last value may stand
over the edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from crackseg_desktop.ui.theme import font
from crackseg_desktop.ui.widgets.columns import segments
from crackseg_desktop.ui.widgets.glyphs import draw_glyph
from crackseg_desktop.ui.widgets.text import metrics

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.widgets.columns import Column
    from crackseg_desktop.ui.widgets.ticks import Tick

_DASH, _DOTS = (4.0, 3.0), (1.0, 3.0)
_BAND_ALPHA, _EDGE_ALPHA = 0.2, 0.4
MARK = 10.0
"""The size of an alert's shape, in px."""
_LABEL_LINE = 14.0  # px from one label to the next
_CLEAR = 3.0  # px between a label and what it must not cross


@dataclass(frozen=True, slots=True)
class Dot:
    """A point to mark, with an optional label beside it."""

    x: float
    y: float
    colour: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """An alert on the x axis: its shape stands at the upper edge; it lasted until ``end``, where that is known."""

    x: float
    end: float | None
    glyph: str
    colour: str
    title: str


class Hole(NamedTuple):
    """A span of the x axis of which nothing is known, and why."""

    start: float
    end: float
    words: str = "no data"


class Band(NamedTuple):
    """Between which values a curve lay: columns of equal length, NaN in gaps."""

    x: Column
    low: Column
    high: Column
    colour: str


@dataclass(slots=True)
class Frame:
    """What the layers and axes of one plot draw, in data coordinates.

    ``limit`` has a band beyond it, above or below; ``target`` has a label on its line; ``words`` stand in the middle
    of a plot that has nothing to show.
    """

    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    x_ticks: list[Tick] = field(default_factory=list)
    y_ticks: list[Tick] = field(default_factory=list)
    limit: float | None = None
    limit_above: bool = True
    target: tuple[float, str] | None = None
    gaps: list[Hole] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list, compare=False)
    dots: list[Dot] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    cursor: float | None = None
    words: str = ""

    def place(self, rect: QRectF, x: float, y: float) -> QPointF:
        """Return where a value lies in the plot, in pixels."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        across = (x - x0) / (x1 - x0) if x1 > x0 else 0.0
        up = (y - y0) / (y1 - y0) if y1 > y0 else 0.0
        return QPointF(rect.left() + across * rect.width(), rect.bottom() - up * rect.height())


class Layer(pg.GraphicsObject):
    """A layer over the plot area of ``view``; drawn anew when the frame is replaced."""

    def __init__(self, theme: Theme, view: pg.ViewBox, depth: float) -> None:
        super().__init__()
        self.theme, self._view = theme, view
        self.frame = Frame()
        self.setZValue(depth)
        view.sigResized.connect(self._on_resized)

    def put(self, frame: Frame) -> None:
        """Draw this from now on."""
        self.frame = frame
        self.update()

    def area(self) -> QRectF:
        """Return the plot area in the coordinates of the plot item."""
        return QRectF(self._view.geometry())

    def boundingRect(self) -> QRectF:
        """Return the plot area and room for dots on its edge."""
        return self.area().adjusted(-8, -8, 8, 8)

    def _on_resized(self) -> None:
        self.prepareGeometryChange()
        self.update()


class Backdrop(Layer):
    """Grid, baseline, the band beyond a limit and gaps."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw what lies behind the curves."""
        area, frame, tokens = self.area(), self.frame, self.theme.tokens
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for mark in frame.marks:
            if mark.end is not None:
                left, right = frame.place(area, mark.x, 0).x(), frame.place(area, mark.end, 0).x()
                box = QRectF(QPointF(left, area.top()), QPointF(right, area.bottom())).intersected(area)
                painter.fillRect(box, tokens.faded(mark.colour, 0.14))
        if frame.limit is not None:
            y = min(max(frame.place(area, 0, frame.limit).y(), area.top()), area.bottom())
            band = (area.top(), y) if frame.limit_above else (y, area.bottom())
            painter.fillRect(
                QRectF(area.left(), band[0], area.width(), band[1] - band[0]), tokens.faded("critical", 0.1)
            )
        for tick in frame.y_ticks:
            if not tick.strong:
                y = round(frame.place(area, 0, tick.value).y())
                painter.fillRect(QRectF(area.left(), y, area.width(), 1), tokens["grid"])
        painter.fillRect(QRectF(area.left(), round(area.bottom()), area.width(), 1), tokens["border"])
        for hole in frame.gaps:
            self._draw_gap(painter, area, hole)
        for course in frame.bands:
            self._draw_band(painter, area, course)

    def _draw_band(self, painter: QPainter, area: QRectF, band: Band) -> None:
        tokens = self.theme.tokens
        painter.setClipRect(area)
        (uppers, lowers) = (segments(band.x, edge) for edge in (band.high, band.low))
        for (x, high), (_, low) in zip(uppers, lowers, strict=True):
            above = [self.frame.place(area, *pair) for pair in zip(x.tolist(), high.tolist(), strict=True)]
            below = [self.frame.place(area, *pair) for pair in zip(x.tolist(), low.tolist(), strict=True)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.faded(band.colour, _BAND_ALPHA))
            painter.drawPolygon(QPolygonF([*above, *reversed(below)]))
            painter.setPen(QPen(tokens.faded(band.colour, _EDGE_ALPHA), 1))  # a peak of one pixel is all edge
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(above))
            painter.drawPolyline(QPolygonF(below))
        painter.setClipping(False)

    def _draw_gap(self, painter: QPainter, area: QRectF, hole: Hole) -> None:
        left, right = self.frame.place(area, hole.start, 0).x(), self.frame.place(area, hole.end, 0).x()
        box = QRectF(QPointF(left, area.top()), QPointF(right, area.bottom())).intersected(area)
        painter.fillRect(box, self.theme.tokens.faded("raised", 0.7))
        measure = metrics("caption")
        width = measure.horizontalAdvance(hole.words)
        if box.width() > width + 8:
            words = QRectF(0, 0, width + 8, measure.height())
            words.moveCenter(box.center())
            painter.fillRect(words, self.theme.tokens["raised"])
            painter.setFont(font("caption"))
            painter.setPen(self.theme.tokens["text2"])
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, hole.words)


class Overlay(Layer):
    """The dashed line of a limit or target, the crosshair, dots on last values and their labels."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw what lies before the curves."""
        area, frame, tokens = self.area(), self.frame, self.theme.tokens
        y = self._line(area)
        if y is not None:
            pen = QPen(tokens["text2"], 1, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
            pen.setDashPattern(_DASH)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(pen)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            if frame.target is not None:
                painter.setFont(font("caption"))
                painter.drawText(self._target_box(area, y).bottomLeft(), frame.target[1])
        self._draw_marks(painter, area)
        if frame.cursor is not None:
            x = round(frame.place(area, frame.cursor, 0).x())
            painter.fillRect(QRectF(x, area.top(), 1, area.height()), tokens["text2"])
        self._draw_dots(painter, area)
        if frame.words:
            self._draw_words(painter, area.adjusted(12, 4, -12, -4))

    def _draw_words(self, painter: QPainter, room: QRectF) -> None:
        """Say why there is nothing to see, on a ground of their own: no grid line crosses the words."""
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.setFont(font("label"))
        box = painter.boundingRect(room, flags, self.frame.words)
        painter.fillRect(box.adjusted(-6, -2, 6, 2), self.theme.tokens["card"])
        painter.setPen(self.theme.tokens["text2"])
        painter.drawText(room, flags, self.frame.words)

    def _line(self, area: QRectF) -> float | None:
        """Return the height of the dashed line, or None where there is none in sight."""
        value = self.frame.target[0] if self.frame.target is not None else self.frame.limit
        if value is None or not self.frame.y_range[0] <= value <= self.frame.y_range[1]:
            return None
        return round(self.frame.place(area, 0, value).y()) + 0.5

    def _target_box(self, area: QRectF, y: float) -> QRectF:
        """Return where the words of the target stand: on its line, or where there is no room below it."""
        measure = metrics("caption")
        width = measure.horizontalAdvance(self.frame.target[1]) if self.frame.target is not None else 0.0
        baseline = y - 4 if y - area.top() >= measure.ascent() - 4 else y + measure.ascent()
        return QRectF(area.right() - width - 2, baseline - measure.capHeight(), width, measure.capHeight())

    def _draw_marks(self, painter: QPainter, area: QRectF) -> None:
        """Draw shape and dotted stem of each alert; where they crowd, the later one has the shape."""
        tokens, last = self.theme.tokens, float("inf")
        for mark in sorted(self.frame.marks, key=lambda item: -item.x):
            x = round(self.frame.place(area, mark.x, 0).x())
            if not area.left() <= x <= area.right():
                continue
            pen = QPen(tokens[mark.colour], 1, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
            pen.setDashPattern(_DOTS)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(pen)
            painter.drawLine(QPointF(x + 0.5, area.top() + MARK), QPointF(x + 0.5, area.bottom()))
            if last - x >= MARK:
                box = QRectF(x + 0.5 - MARK / 2, area.top(), MARK, MARK)
                draw_glyph(painter, mark.glyph, box, tokens[mark.colour], tokens["card"])
                last = x

    def _draw_dots(self, painter: QPainter, area: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self.theme.tokens
        for dot in self.frame.dots:
            place = self.frame.place(area, dot.x, dot.y)
            if not area.adjusted(-4, -4, 4, 4).contains(place):
                continue
            painter.setPen(QPen(tokens["card"], 1.5))
            painter.setBrush(tokens[dot.colour])
            painter.drawEllipse(place, 4.2, 4.2)
        painter.setFont(font("caption", 600))
        for dot, place in self._labels(area):
            painter.setPen(tokens[dot.colour])
            painter.drawText(place, dot.label)

    def _labels(self, area: QRectF) -> list[tuple[Dot, QPointF]]:
        """Return where the labels begin: beside their dots, where there is room for them."""
        measure = metrics("caption", 600)
        boxes: list[tuple[Dot, QRectF]] = []
        for dot in sorted((d for d in self.frame.dots if d.label), key=lambda d: -d.y):
            place, width = self.frame.place(area, dot.x, dot.y), measure.horizontalAdvance(dot.label)
            if place.x() + 9 + width <= area.right() + 4:
                height = measure.capHeight()
                boxes.append((dot, QRectF(place.x() + 9, place.y() - height / 2, width, height)))
        spread([box for _, box in boxes], self._obstacles(area), area.bottom() - 2)
        return [(dot, box.bottomLeft()) for dot, box in boxes]

    def _obstacles(self, area: QRectF) -> list[QRectF]:
        """Return what no label may cross, from the top: the line of the target and its words."""
        y = self._line(area)
        if y is None:
            return []
        line = QRectF(area.left(), y - 0.5, area.width(), 1)
        words = [self._target_box(area, y)] if self.frame.target is not None else []
        return sorted([line, *words], key=lambda box: box.top())


def spread(boxes: list[QRectF], obstacles: list[QRectF], bottom: float) -> None:
    """Move boxes apart and off the obstacles, downwards where there is room; both lists go from the top down."""
    highest = float("-inf")
    for box in boxes:
        box.moveBottom(max(box.bottom(), highest))
        for obstacle in obstacles:
            if _is_near(box, obstacle):
                box.moveTop(obstacle.bottom() + _CLEAR)
        highest = box.bottom() + _LABEL_LINE
    lowest = bottom
    for box in reversed(boxes):
        if box.bottom() > lowest:
            box.moveBottom(lowest)
            for obstacle in reversed(obstacles):
                if _is_near(box, obstacle):
                    box.moveBottom(obstacle.top() - _CLEAR)
        lowest = box.bottom() - _LABEL_LINE


def _is_near(box: QRectF, obstacle: QRectF) -> bool:
    return box.adjusted(0, -_CLEAR, 0, _CLEAR).intersects(obstacle)


class TickAxis(pg.AxisItem):
    """An axis that writes the ticks it is given, without a line: y right-aligned 8 px away, x below and kept inside."""

    _AWAY = 8.0

    def __init__(self, theme: Theme, orientation: str, extent: int) -> None:
        super().__init__(orientation, pen=None)
        self.theme = theme
        self._frame = Frame()
        self.setStyle(showValues=False, tickLength=0)
        self.enableAutoSIPrefix(False)
        if orientation == "left":
            self.setWidth(extent)
        else:
            self.setHeight(extent)

    def put(self, frame: Frame) -> None:
        """Write the ticks of this frame from now on."""
        self._frame = frame
        self.update()

    @property
    def ticks(self) -> list[Tick]:
        """Return the ticks it writes."""
        return self._frame.y_ticks if self.orientation == "left" else self._frame.x_ticks

    def boundingRect(self) -> QRectF:
        """Return the axis and room for the halves of texts at its ends."""
        return QRectF(self.rect()).adjusted(-10, -10, 10, 10)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Write the ticks."""
        rect = QRectF(self.rect())
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        for tick in self.ticks:
            weight = 600 if tick.strong else None
            painter.setFont(font("caption", weight))
            painter.setPen(self.theme.tokens["text" if tick.strong else "text3"])
            measure = metrics("caption", weight)
            width = measure.horizontalAdvance(tick.text)
            if self.orientation == "left":
                y = self._frame.place(rect, 0, tick.value).y()
                painter.drawText(QPointF(rect.right() - self._AWAY - width, y + measure.capHeight() / 2), tick.text)
            else:
                x = self._frame.place(rect, tick.value, 0).x() - width / 2
                x = max(rect.left(), min(x, rect.right() - width))
                painter.drawText(QPointF(x, rect.top() + 6 + measure.capHeight()), tick.text)
