"""The live plots, on pyqtgraph: hardware against the time before now, training curves against epochs.

One widget lives as long as its page: data is replaced, never cleared, and only while it can be seen. Hardware series
come thinned to the pixels there are (``columns.decimate``), because pyqtgraph's own thinning moves with the window and
makes a live curve shimmer; long training curves use pyqtgraph's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolTip

from crackseg_desktop import units
from crackseg_desktop.ui.widgets import ticks
from crackseg_desktop.ui.widgets.columns import decimate, gaps
from crackseg_desktop.ui.widgets.plot_layers import MARK, Backdrop, Dot, Frame, Mark, Overlay, TickAxis
from crackseg_desktop.ui.widgets.surfaces import ringed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float64
    from numpy.typing import NDArray
    from PySide6.QtGui import QMouseEvent, QPen, QWheelEvent

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
    """One curve to draw: columns, the name of its colour in the design, and its label at the last point."""

    x: Column
    y: Column
    colour: str
    dashed: bool = False
    width: float = 2.0
    label: str = ""
    filled: bool = False

    @property
    def look(self) -> tuple[object, ...]:
        """Return everything but the columns."""
        return self.colour, self.dashed, self.width, self.label, self.filled


class Plot(pg.PlotWidget):
    """What both kinds of plots share: axes, layers, lines that are reused. Emits ``hovered`` with an x, or None."""

    hovered = Signal(object)

    def __init__(self, theme: Theme, name: str, axis_width: int = 47) -> None:
        self._has_axis = axis_width > 0
        self._left, self._bottom = TickAxis(theme, "left", axis_width), TickAxis(theme, "bottom", 20)
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
        return len(series) == len(self._series) and all(
            new.x is old.x and new.y is old.y and new.look == old.look
            for new, old in zip(series, self._series, strict=True)
        )

    def sizeHint(self) -> QSize:
        """Return a small size: its card decides."""
        return QSize(200, 94)

    def minimumSizeHint(self) -> QSize:
        """Return what is still readable."""
        return QSize(120, 60)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell where on the x axis the pointer is."""
        view = self.getPlotItem().getViewBox()
        place = self.mapToScene(event.position().toPoint())
        inside = view.sceneBoundingRect().contains(place)
        self.hovered.emit(float(view.mapSceneToView(place).x()) if inside else None)

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


class TimePlot(Plot):
    """Hardware over the last minutes; x is seconds before now (negative), unit one of the catalogue."""

    def __init__(self, theme: Theme, name: str, unit: str, axis_width: int = 47) -> None:
        super().__init__(theme, name, axis_width)
        self._unit = unit

    def put(
        self,
        series: list[Series],
        *,
        span: float,
        now: float,
        low: float = 0.0,
        high: float | None = None,
        limit: float | None = None,
        clock: bool = False,
        marks: Sequence[Mark] = (),
    ) -> None:
        """Show series over the last ``span`` seconds. ``high`` is the top of the axis; None takes a round one."""
        if not self.isVisible():
            return
        width, height = self.area_width(), self.area_height()
        top = self._top(series, low, limit) if high is None else high
        frame = Frame(
            x_range=(-span, 0.0),
            y_range=(low, top),
            x_ticks=ticks.clock_ago_ticks(span, width, now) if clock else ticks.ago_ticks(span, width),
            y_ticks=ticks.y_ticks(low, top, height, self._unit, limit),
            limit=limit,
            gaps=gaps(series[0].x, series[0].y) if series else [],
            marks=list(marks),
        )
        flat = 2.5 * (top - low) / max(1.0, height)
        thinned = [self._thinned(part, span, width // 2, now, flat) for part in series]
        frame.dots = [dot for part in thinned if (dot := _last_dot(part, -max(10.0, span / 60))) is not None]
        self.draw(frame, thinned)

    def read_out(self, x: float) -> list[tuple[str, str]]:
        """Return (colour, figure with its unit) of every series at the moment nearest to ``x``."""
        found = []
        for part in self._series:
            finite = np.flatnonzero(np.isfinite(part.y))
            if len(finite):
                value = float(part.y[finite[int(np.argmin(np.abs(part.x[finite] - x)))]])
                found.append((part.colour, units.figure(self._unit, value)))
        return found

    def _thinned(self, part: Series, span: float, parts: int, now: float, flat: float) -> Series:
        x, y = decimate(part.x, part.y, span, parts, now, flat)
        return Series(x, y, part.colour, part.dashed, part.width, part.label, part.filled)

    def _top(self, series: list[Series], low: float, limit: float | None) -> float:
        highest = max((float(np.nanmax(part.y)) for part in series if np.isfinite(part.y).any()), default=low)
        highest = max(highest, limit or highest)
        scale, _ = ticks.unit_scale(self._unit, highest)
        count = ticks.parts(self.area_height())
        return max(ticks.nice_range(low / scale, highest / scale, count)[1] * scale, low + scale)


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
            dots=[dot for part in series if (dot := _last_dot(part)) is not None],
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


def _last_dot(part: Series, oldest: float = -np.inf) -> Dot | None:
    """Return the dot on the last finite value, unless it is older than ``oldest``."""
    finite = np.flatnonzero(np.isfinite(part.y) & np.isfinite(part.x))
    if not len(finite) or part.x[finite[-1]] < oldest:
        return None
    return Dot(float(part.x[finite[-1]]), float(part.y[finite[-1]]), part.colour, part.label)
