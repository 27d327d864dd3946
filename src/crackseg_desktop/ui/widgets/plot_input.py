"""What a person does on a plot with mouse, wheel and keyboard, told as moves along its x axis.

Drag or arrow keys pan, wheel or + and - zoom, a double click or Home goes back, a click leaves the cursor standing,
Shift and arrow keys move it. A plot that is not navigable leaves all of it to the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, Qt

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

_ZOOM = 1.25
"""How much longer or shorter one notch of the wheel makes the span."""
_NOTCH = 120.0
_PAN_SHARE, _STEP_SHARE = 0.1, 0.01
_STILL = 3.0
"""A press that moves no farther (px) is a click."""


class PlotInput:
    """The hands on one plot: turns its events into signals of the plot."""

    def __init__(self, plot: Any, place: Callable[[QPointF], float | None]) -> None:
        self._plot, self._place = plot, place
        self._held_at: float | None = None
        self._moved = False

    @property
    def dragging(self) -> bool:
        """Say whether the plot is being dragged."""
        return self._moved

    def press(self, event: QMouseEvent) -> bool:
        """Take hold of the plot; returns whether that was meant."""
        if event.button() != Qt.MouseButton.LeftButton or self._place(event.position()) is None:
            return False
        self._held_at, self._moved = event.position().x(), False
        return True

    def move(self, event: QMouseEvent) -> bool:
        """Drag; returns whether the plot is held and has moved."""
        if self._held_at is None:
            return False
        pixels = event.position().x() - self._held_at
        if not self._moved and abs(pixels) <= _STILL:
            return False
        if not self._moved:
            self._moved = True
            self._plot.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        self._held_at = event.position().x()
        self._plot.panned.emit(-pixels / self._plot.area_width() * self._span)
        return True

    def release(self, event: QMouseEvent) -> None:
        """Let go; a press that did not move is a click."""
        held, self._held_at = self._held_at is not None, None
        if self._moved:
            self._moved = False
            self._plot.viewport().unsetCursor()
        elif held and (x := self._place(event.position())) is not None:
            self._plot.picked.emit(x)

    def let_go(self) -> None:
        """Forget a press, so that its release is no click."""
        self._held_at, self._moved = None, False

    def wheel(self, event: QWheelEvent) -> bool:
        """Zoom about the pointer, or pan with a wheel that goes sideways; returns whether there was anything to do."""
        x = self._place(event.position())
        across, up = event.angleDelta().x(), event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not across:
            across, up = up, 0
        if x is None or not (across or up):
            return False
        if abs(across) > abs(up):
            self._plot.panned.emit(-across / _NOTCH * _PAN_SHARE * self._span)
        else:
            self._plot.zoomed.emit(_ZOOM ** (-up / _NOTCH), x)
        return True

    def key(self, event: QKeyEvent) -> bool:
        """Obey a key; returns whether it means something here."""
        low, high = self._plot.frame.x_range
        cursor = self._plot.frame.cursor
        middle = (low + high) / 2 if cursor is None else cursor
        way = {Qt.Key.Key_Left: -1.0, Qt.Key.Key_Right: 1.0}.get(Qt.Key(event.key()), 0.0)
        if way and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._plot.hovered.emit(min(high, max(low, middle + way * _STEP_SHARE * self._span)))
        elif way:
            self._plot.panned.emit(way * _PAN_SHARE * self._span)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._plot.zoomed.emit(1 / _ZOOM, middle)
        elif event.key() in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self._plot.zoomed.emit(_ZOOM, middle)
        elif event.key() == Qt.Key.Key_Home:
            self._plot.home_wanted.emit()
        else:
            return False
        return True

    @property
    def _span(self) -> float:
        low, high = self._plot.frame.x_range
        return float(high - low)
