"""Draws the tray icon: each state at each size on its own pixel grid, by the figures of ``resources/tokens.json``.

Told apart by shape first (outline, fill level, badge, cross); colour only repeats it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPainterPathStroker, QPolygonF

from crackseg_desktop.ui.tray_icon import LEVELS, IconState, Kind, Panel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PULSE = ((0.0, 0.56), (0.27, 0.56), (0.41, 0.26), (0.6, 0.78), (0.73, 0.56), (1.0, 0.56))
_SMALL = 24
"""Up to here the pulse is cut out of the fill; above it is drawn in the foreground with a gap on both sides."""
_WITHOUT_MARK = 16
"""At this size the triangle has no room for an exclamation mark."""


class Grid(NamedTuple):
    """The figures of one size, in pixels; ``bar`` is the width of a pause bar and the space between the two."""

    size: int
    inset: float
    stroke: float
    badge: int
    badge_gap: float
    radius: float
    bar: tuple[int, int]

    @property
    def small(self) -> bool:
        """Say whether there is no room for a gap beside the pulse."""
        return self.size <= _SMALL

    @property
    def tile(self) -> QRectF:
        """Return the outer edge of the tile."""
        side = self.size - 2 * self.inset
        return QRectF(self.inset, self.inset, side, side)

    @property
    def inner(self) -> QRectF:
        """Return the inner edge of the tile's outline."""
        return self.tile.adjusted(self.stroke, self.stroke, -self.stroke, -self.stroke)

    @property
    def badge_rect(self) -> QRectF:
        """Return where the badge stands: the lower right corner."""
        return QRectF(self.size - self.badge, self.size - self.badge, self.badge, self.badge)


GRIDS = {
    grid.size: grid
    for grid in (
        Grid(16, 1, 1.5, 9, 1, 3, (2, 1)),
        Grid(22, 2, 2, 11, 1, 4.5, (3, 3)),
        Grid(24, 2, 2, 12, 1, 4.5, (3, 2)),
        Grid(32, 2, 2.5, 16, 1.5, 6.5, (4, 4)),
        Grid(48, 3, 4, 22, 2, 9.5, (6, 4)),
        Grid(64, 4, 5, 30, 3, 13, (9, 4)),
    )
}


class Colours(NamedTuple):
    """The colours of one panel; a mark of None is cut out of its badge."""

    foreground: str
    fill: str
    fill_alpha: float
    fill_alpha_small: float
    warning: str
    warning_mark: str | None
    critical: str
    critical_mark: str | None


COLOURS = {
    Panel.DARK: Colours("#F2F5F8", "#4AA3EE", 1, 1, "#F4C24B", "#2A1D00", "#E5484D", "#FFFFFF"),
    Panel.LIGHT: Colours("#1B2229", "#3B8FE0", 1, 1, "#E0A100", "#2A1D00", "#D12F2A", "#FFFFFF"),
    Panel.TEMPLATE: Colours("#000000", "#000000", 0.42, 0.6, "#000000", None, "#000000", None),
}


def draw(size: int, state: IconState, panel: Panel) -> QImage:
    """Draw a state at one of the sizes of ``GRIDS`` on a transparent ground."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _Drawing(painter, GRIDS[size], COLOURS[panel]).paint(state)
    painter.end()
    return image


def save_idle_icons(folder: Path) -> None:
    """Draw the icons that the program starts with into a folder, under the names that ``tray_icon`` looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    for panel in Panel:
        for size in GRIDS:
            draw(size, IconState(), panel).save(str(folder / f"idle-{panel}-{size}.png"))


class _Drawing:
    """One icon being painted."""

    def __init__(self, painter: QPainter, grid: Grid, colours: Colours) -> None:
        self._painter, self._grid, self._colours = painter, grid, colours
        self._foreground = QColor(colours.foreground)
        self._pulse = _pulse(grid)

    def paint(self, state: IconState) -> None:
        match state.kind:
            case Kind.UNAVAILABLE:
                self._open_corners()
            case Kind.NEEDS_YOU:
                self._solid_tile()
            case _:
                self._tile(state.fill)
        match state.kind:
            case Kind.WARNING:
                self._warning_badge()
            case Kind.NEEDS_YOU:
                self._critical_badge()
            case Kind.PAUSED:
                self._pause_badge()

    def _tile(self, fill: int) -> None:
        grid = self._grid
        inner = _rounded(grid.inner, grid.radius - grid.stroke)
        filled = QPainterPath()
        filled.addRect(_filled(grid, fill))
        filled &= inner
        if grid.small:
            self._painter.fillPath(filled - self._pulse, self._fill_colour())
            self._painter.fillPath((self._pulse & inner) - filled, self._foreground)
        else:
            apart = _stroked(_pulse_line(grid), grid.stroke + 2 * grid.badge_gap)
            self._painter.fillPath(filled - apart, self._fill_colour())
            self._painter.fillPath(self._pulse & inner, self._foreground)
        self._painter.fillPath(_rounded(grid.tile, grid.radius) - inner, self._foreground)

    def _solid_tile(self) -> None:
        grid = self._grid
        inner = _rounded(grid.inner, grid.radius - grid.stroke)
        self._painter.fillPath(_rounded(grid.tile, grid.radius) - (self._pulse & inner), self._foreground)

    def _open_corners(self) -> None:
        grid = self._grid
        outline = _rounded(grid.tile, grid.radius) - _rounded(grid.inner, grid.radius - grid.stroke)
        half = grid.tile.width() / 7  # of the opening in the middle of each side
        middle, size = grid.size / 2, grid.size
        for opening in (QRectF(middle - half, 0, 2 * half, size), QRectF(0, middle - half, size, 2 * half)):
            outline -= _rounded(_whole(opening), 0)
        self._painter.fillPath(outline, self._foreground)
        near, far = middle - grid.tile.width() * 0.16, middle + grid.tile.width() * 0.16
        cross = _stroked((QPointF(near, near), QPointF(far, far)), grid.stroke)
        cross |= _stroked((QPointF(near, far), QPointF(far, near)), grid.stroke)
        self._painter.fillPath(cross, self._foreground)

    def _clear_notch(self) -> None:
        gap = self._grid.badge_gap
        notch = self._grid.badge_rect.adjusted(-gap, -gap, 0, 0)
        self._cut(_rounded(notch, 0))

    def _warning_badge(self) -> None:
        self._clear_notch()
        rect = self._grid.badge_rect
        triangle = QPolygonF([QPointF(rect.center().x(), rect.top()), rect.bottomRight(), rect.bottomLeft()])
        shape = QPainterPath()
        shape.addPolygon(triangle)
        shape.closeSubpath()
        self._painter.fillPath(shape, QColor(self._colours.warning))
        if self._grid.size > _WITHOUT_MARK:
            self._mark(QRectF(rect.left(), rect.top() + rect.height() * 0.3, rect.width(), rect.height() * 0.58))

    def _critical_badge(self) -> None:
        self._clear_notch()
        rect = self._grid.badge_rect
        self._painter.fillPath(_octagon(rect), QColor(self._colours.critical))
        self._mark(
            QRectF(rect.left(), rect.top() + rect.height() * 0.14, rect.width(), rect.height() * 0.72), critical=True
        )

    def _pause_badge(self) -> None:
        self._clear_notch()
        rect, (width, apart) = self._grid.badge_rect, self._grid.bar
        left = rect.center().x() - (2 * width + apart) / 2
        for x in (left, left + width + apart):
            bar = _rounded(QRectF(x, rect.top(), width, rect.height()), min(width / 2, self._grid.stroke * 0.7))
            self._painter.fillPath(bar, self._foreground)

    def _mark(self, room: QRectF, *, critical: bool = False) -> None:
        """Draw an exclamation mark as high as ``room`` and in its middle, or cut it out."""
        colour = self._colours.critical_mark if critical else self._colours.warning_mark
        width = max(1.0, self._grid.badge * 0.14)
        if self._grid.badge % 2:
            width = max(1.0, round(width))
        x, dot = room.center().x() - width / 2, max(width, 1.0)
        stem = QRectF(x, room.top(), width, room.height() - dot - max(1.0, width * 0.5))
        path = _rounded(stem, width / 2 if width > 1.5 else 0)
        path.addPath(_rounded(QRectF(x, room.bottom() - dot, width, dot), width / 2 if width > 1.5 else 0))
        if colour is None:
            self._cut(path)
        else:
            self._painter.fillPath(path, QColor(colour))

    def _cut(self, path: QPainterPath) -> None:
        self._painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
        self._painter.fillPath(path, Qt.GlobalColor.black)
        self._painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)

    def _fill_colour(self) -> QColor:
        colour = QColor(self._colours.fill)
        colour.setAlphaF(self._colours.fill_alpha_small if self._grid.small else self._colours.fill_alpha)
        return colour


def _filled(grid: Grid, fill: int) -> QRectF:
    """Return the filled part of the tile, its upper edge on a whole pixel."""
    inner = grid.inner
    top = inner.bottom() - inner.height() * fill / LEVELS
    if 0 < fill < LEVELS:
        top = min(round(top), int(inner.bottom() - 1))
    return QRectF(inner.left(), top, inner.width(), inner.bottom() - top)


def _pulse_line(grid: Grid) -> list[QPointF]:
    """Return the pulse: as wide as the inside of the tile, as high as the tile, its base line on whole pixels."""
    inner, tile, half = grid.inner, grid.tile, grid.stroke / 2
    base = tile.top() + PULSE[0][1] * tile.height()
    shift = round(base - half) + half - base
    return [QPointF(inner.left() + x * inner.width(), tile.top() + y * tile.height() + shift) for x, y in PULSE]


def _pulse(grid: Grid) -> QPainterPath:
    return _stroked(_pulse_line(grid), grid.stroke)


def _stroked(points: Sequence[QPointF], width: float) -> QPainterPath:
    """Return a line with round joins and ends."""
    line = QPainterPath()
    line.addPolygon(QPolygonF(list(points)))
    stroker = QPainterPathStroker()
    stroker.setWidth(width)
    stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return stroker.createStroke(line).simplified()


def _rounded(rect: QRectF, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    return path


def _whole(rect: QRectF) -> QRectF:
    return QRectF(rect.toRect())


def _octagon(rect: QRectF) -> QPainterPath:
    cut = rect.width() * 0.29
    left, top, right, bottom = rect.left(), rect.top(), rect.right(), rect.bottom()
    corners = (
        (left + cut, top),
        (right - cut, top),
        (right, top + cut),
        (right, bottom - cut),
        (right - cut, bottom),
        (left + cut, bottom),
        (left, bottom - cut),
        (left, top + cut),
    )
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    path.closeSubpath()
    return path
