"""The live plots, on pyqtgraph: what all of them share, and training curves against epochs or time.

One widget lives as long as its page: data is replaced, never cleared, and only while it can be seen. Long training
curves are thinned by pyqtgraph; hardware against time is ``time_plot``'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolTip

from crackseg_desktop.ui.widgets import ticks
from crackseg_desktop.ui.widgets.plot_input import PlotInput
from crackseg_desktop.ui.widgets.plot_layers import MARK, Backdrop, Dot, Frame, Mark, Overlay, TickAxis
from crackseg_desktop.ui.widgets.surfaces import ringed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float64
    from numpy.typing import NDArray
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPen, QWheelEvent

    from crackseg_desktop.ui.theme import Theme

    Column = NDArray[float64]

XKind = Literal["epoch", "step", "elapsed", "clock"]
_MANY_POINTS = 2000
"""From here on a line is 1 px wide and not antialiased: wide ones cost 3 to 20 times as much."""
_AREA_ALPHA = 0.12
_FARTHEST = 1e100
"""What lies beyond has no place in a plot: with the squares of distances the arithmetic of drawing would overflow."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve to draw: columns, the name of its colour in the design, and its label at the last point.

    ``low`` and ``high`` are the ends of a band around it: what was lowest and highest where ``y`` is a mean.
    """

    x: Column
    y: Column
    colour: str
    dashed: bool = False
    width: float = 2.0
    label: str = ""
    filled: bool = False
    low: Column | None = None
    high: Column | None = None

    @property
    def look(self) -> tuple[object, ...]:
        """Return everything but the columns."""
        return self.colour, self.dashed, self.width, self.label, self.filled


class Plot(pg.PlotWidget):
    """What both kinds of plots share: axes, layers, lines that are reused.

    Attributes:
        hovered: the pointer is at this x, or None: at none.
        panned, zoomed, home_wanted, picked: what a person does on a navigable plot: a move along x, a factor about
            an x, the way back, a click at an x.
    """

    hovered = Signal(object)
    panned = Signal(float)
    zoomed = Signal(float, float)
    home_wanted = Signal()
    picked = Signal(float)

    def __init__(self, theme: Theme, name: str, axis_width: int = 47, axis_height: int = 20) -> None:
        self._has_axis = axis_width > 0
        self._left, self._bottom = TickAxis(theme, "left", axis_width), TickAxis(theme, "bottom", axis_height)
        axes: dict[str, pg.AxisItem] = {"left": self._left, "bottom": self._bottom}
        item = pg.PlotItem(viewBox=pg.ViewBox(enableMenu=False), axisItems=axes, enableMenu=False)
        super().__init__(background=theme.tokens["card"], plotItem=item)
        self.theme = theme
        self.frame = Frame()
        self.frames_drawn = 0
        self._series: list[Series] = []
        self._lines: list[pg.PlotDataItem] = []
        self._fills: list[pg.PlotCurveItem] = []
        self._ground = "card"
        self._hands: PlotInput | None = None
        self.setAccessibleName(name)
        self._prepare_view()
        view: Any = item.getViewBox()
        self._layers = (Backdrop(theme, view, view.zValue() - 1), Overlay(theme, view, view.zValue() + 1))
        for layer in self._layers:
            layer.setParentItem(item)
        ringed(self)
        theme.changed.connect(self.restyle)

    @property
    def series(self) -> list[Series]:
        """Return what it shows."""
        return self._series

    @property
    def pens(self) -> list[QPen]:
        """Return the pens of the lines shown, for tests."""
        return [line.opts["pen"] for line in self._lines if line.isVisible()]

    def tick_texts(self, axis: Literal["left", "bottom"]) -> list[str]:
        """Return what an axis says."""
        return [tick.text for tick in (self._left if axis == "left" else self._bottom).ticks]

    def set_ground(self, name: str) -> None:
        """Say which colour the card behind it has."""
        if name != self._ground:
            self._ground = name
            self.setBackground(self.theme.tokens[name])

    def set_cursor(self, x: float | None) -> None:
        """Draw the crosshair at an x, or none."""
        if x != self.frame.cursor:
            self.frame.cursor = x
            self._layers[1].update()

    @Slot()
    def restyle(self) -> None:
        """Give pens, brushes and the ground the colours of the theme in force."""
        self.setBackground(self.theme.tokens[self._ground])
        for index, series in enumerate(self._series):
            self._style(index, series)

    def draw(self, frame: Frame, series: list[Series]) -> None:
        """Show curves in a frame; passed over while it cannot be seen."""
        frame.cursor = self.frame.cursor
        if not self.isVisible() or (frame == self.frame and self._shows(series)):
            return
        self.frames_drawn += 1
        self.frame = frame
        self.getPlotItem().getViewBox().setRange(xRange=frame.x_range, yRange=frame.y_range, padding=0)
        for part in (*self._layers, self._left, self._bottom):
            part.put(frame)
        self._series = series
        while len(self._lines) < len(series):
            self._add_line()
        for index, (line, fill) in enumerate(zip(self._lines, self._fills, strict=True)):
            shown = index < len(series)
            line.setVisible(shown)
            fill.setVisible(shown and series[index].filled)
            if shown:
                self._style(index, series[index])
                line.setData(series[index].x, series[index].y)
                if series[index].filled:
                    fill.setData(series[index].x, series[index].y, connect="finite", fillLevel=frame.y_range[0])

    def _shows(self, series: list[Series]) -> bool:
        """Say whether it shows these very columns: a run that logs nothing new need not be drawn again."""
        return same_columns(series, self._series)

    def sizeHint(self) -> QSize:
        """Return a small size: its card decides."""
        return QSize(200, 94)

    def minimumSizeHint(self) -> QSize:
        """Return what is still readable."""
        return QSize(120, 60)

    def set_navigable(self) -> None:
        """Let a person pan and zoom it; until then the wheel is the page's."""
        self._hands = PlotInput(self, self._x_at)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom, or leave the wheel to the page."""
        event.setAccepted(self._hands is not None and self._hands.wheel(event))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the plot."""
        event.setAccepted(self._hands is not None and self._hands.press(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of it."""
        if self._hands is not None:
            self._hands.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go back."""
        if self._hands is not None and self._x_at(event.position()) is not None:
            self._hands.let_go()
            self.home_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pan and zoom, or leave the key to the page."""
        event.setAccepted(self._hands is not None and self._hands.key(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell where on the x axis the pointer is, or drag."""
        if self._hands is None or not self._hands.move(event):
            self.hovered.emit(self._x_at(event.position()))

    def _x_at(self, position: QPointF) -> float | None:
        view = self.getPlotItem().getViewBox()
        place = self.mapToScene(position.toPoint())
        return float(view.mapSceneToView(place).x()) if view.sceneBoundingRect().contains(place) else None

    def leaveEvent(self, event: object) -> None:
        """Tell that the pointer is gone."""
        self.hovered.emit(None)

    def viewportEvent(self, event: QEvent) -> bool:
        """Tell in a tooltip what an alert's mark is about."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), "\n".join(self.marked_at(event.pos().x())), self)
            return True
        return bool(super().viewportEvent(event))

    def marked_at(self, x: float) -> list[str]:
        """Return the titles of the alerts whose marks stand at an x of the widget, in px."""
        area = self.area()
        places = ((mark, self.frame.place(area, mark.x, 0).x()) for mark in self.frame.marks)
        return [mark.title for mark, place in places if abs(place - x) <= MARK]

    def area(self) -> QRectF:
        """Return where the plot area lies in the widget, in px."""
        return QRectF(self.getPlotItem().getViewBox().geometry())

    def area_width(self) -> int:
        """Return the width of the plot area in px."""
        return max(40, int(self.area().width()))

    def area_height(self) -> float:
        """Return the height of the plot area in px."""
        return self.area().height()

    def _prepare_view(self) -> None:
        item = self.getPlotItem()
        view = item.getViewBox()
        item.hideButtons()
        item.layout.setContentsMargins(0, 7, 6, 0)  # room for the upper half of a tick's text and of a dot
        view.setMouseEnabled(x=False, y=False)
        view.disableAutoRange()
        view.setDefaultPadding(0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)

    def _add_line(self) -> None:
        fill = pg.PlotCurveItem(pen=None, antialias=False)
        line = pg.PlotDataItem(connect="finite", autoDownsampleFactor=1.0)
        line.setDownsampling(auto=True, method="peak")
        line.setClipToView(True)
        fill.setZValue(len(self._lines))
        line.setZValue(20 + len(self._lines))
        self.addItem(fill)
        self.addItem(line)
        self._fills.append(fill)
        self._lines.append(line)

    def _style(self, index: int, series: Series) -> None:
        tokens, many = self.theme.tokens, len(series.x) > _MANY_POINTS
        pen = pg.mkPen(tokens[series.colour], width=1 if many else series.width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if series.dashed:
            pen.setDashPattern([3, 1.5])
        line = self._lines[index]
        line.opts["antialias"] = not many
        line.setPen(pen)
        if series.filled:
            self._fills[index].setBrush(tokens.faded(series.colour, _AREA_ALPHA))


class CurvePlot(Plot):
    """Training curves against epochs, steps or time; what is planned and not yet done stays empty."""

    def put(
        self,
        series: list[Series],
        *,
        x_range: tuple[float, float],
        kind: XKind = "epoch",
        y_range: tuple[float, float] | None = None,
        target: tuple[float, str] | None = None,
        x_ticks: list[ticks.Tick] | None = None,
        marks: Sequence[Mark] = (),
    ) -> None:
        """Show curves. ``y_range`` None takes round ends around the finite values and the target."""
        if not self.isVisible():
            return
        series = [_placed(part) for part in series]
        low, high = _drawable_range(x_range)
        width, height = self.area_width(), self.area_height()
        y_low, y_high = _drawable_range(y_range or self._y_range(series, target))
        frame = Frame(
            x_range=(low, high),
            y_range=(y_low, y_high),
            x_ticks=_X_TICKS[kind](low, high, width) if x_ticks is None else x_ticks,
            y_ticks=ticks.score_ticks(y_low, y_high, height) if self._has_axis else [],
            target=target,
            dots=[dot for part in series if (dot := last_dot(part)) is not None],
            marks=list(marks),
        )
        self.draw(frame, series)

    def _y_range(self, series: list[Series], target: tuple[float, str] | None) -> tuple[float, float]:
        values = [part.y[np.isfinite(part.y)] for part in series]
        values = [part for part in values if len(part)]
        low = min((float(part.min()) for part in values), default=0.0)
        high = max((float(part.max()) for part in values), default=1.0)
        if target is not None:
            low, high = min(low, 0.0), max(high, target[0])
        return ticks.nice_range(low, high, ticks.parts(self.area_height()))


_X_TICKS = {
    "epoch": ticks.count_ticks,
    "step": ticks.count_ticks,
    "elapsed": ticks.elapsed_ticks,
    "clock": ticks.clock_ticks,
}


def drawable(column: Column) -> NDArray[np.bool_]:
    """Say which numbers of a column have a place in a plot."""
    return np.abs(column) < _FARTHEST


def _placed(part: Series) -> Series:
    """Leave out what has no place in a plot: files may tell any time and any value."""
    across, up = drawable(part.x), drawable(part.y)
    if not across.all():
        part, up = replace(part, x=part.x[across], y=part.y[across]), up[across]
    return part if up.all() else replace(part, y=np.where(up, part.y, np.nan))


def _drawable_range(wanted: tuple[float, float]) -> tuple[float, float]:
    low, high = (value if abs(value) < _FARTHEST else 0.0 for value in wanted)
    return (low, high) if high > low else (low, low + max(1.0, abs(low) * 1e-9))


def last_dot(part: Series, oldest: float = -np.inf) -> Dot | None:
    """Return the dot on the last finite value, unless it is older than ``oldest``."""
    finite = np.flatnonzero(np.isfinite(part.y) & np.isfinite(part.x))
    if not len(finite) or part.x[finite[-1]] < oldest:
        return None
    return Dot(float(part.x[finite[-1]]), float(part.y[finite[-1]]), part.colour, part.label)


def same_columns(series: list[Series], others: list[Series]) -> bool:
    """Say whether both are the very same columns, looking the same."""
    return len(series) == len(others) and all(
        new.x is old.x and new.y is old.y and new.look == old.look for new, old in zip(series, others, strict=True)
    )
