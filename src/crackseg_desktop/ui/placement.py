"""Where the pop-up opens. Pure: rectangles in, a position out, all in device-independent pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MARGIN = 8
"""Distance to the panel and to the edges of the screen, in pixels."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle; ``right`` and ``bottom`` lie just outside."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Return the first x to the right of it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Return the first y below it."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[int, int]:
        """Return the point in its middle."""
        return self.x + self.width // 2, self.y + self.height // 2

    @property
    def empty(self) -> bool:
        """Say whether it holds nothing, as a tray that does not know its place reports."""
        return self.width <= 0 or self.height <= 0

    def holds(self, point: tuple[int, int]) -> bool:
        """Say whether a point lies in it."""
        return self.x <= point[0] < self.right and self.y <= point[1] < self.bottom


@dataclass(frozen=True, slots=True)
class Screen:
    """A monitor, and what panels leave of it."""

    geometry: Rect
    available: Rect


@dataclass(frozen=True, slots=True)
class Placement:
    """The upper left corner of the window."""

    x: int
    y: int


def choose(
    tray: Rect | None, cursor: tuple[int, int], screens: Sequence[Screen], size: tuple[int, int], platform: str
) -> Placement | None:
    """Return where a window of this size opens, or None where that is not ours to say.

    ``platform`` is Qt's platform name. Beside the tray icon where its place is known, else in the corner nearest to the
    cursor, on its screen; on Wayland the compositor decides.
    """
    if platform.startswith("wayland") or not screens:
        return None
    if tray is not None and not tray.empty:
        screen = _screen_at(tray.centre, screens)
        if screen is not None:
            return _clamped(_beside(tray, screen, size), size, screen.available)
    screen = _screen_at(cursor, screens) or _nearest(cursor, screens)
    return _clamped(_corner(cursor, screen.available, size), size, screen.available)


def _screen_at(point: tuple[int, int], screens: Sequence[Screen]) -> Screen | None:
    return next((screen for screen in screens if screen.geometry.holds(point)), None)


def _nearest(point: tuple[int, int], screens: Sequence[Screen]) -> Screen:
    def distance(screen: Screen) -> int:
        area = screen.geometry
        x = max(area.x - point[0], 0, point[0] - area.right + 1)
        y = max(area.y - point[1], 0, point[1] - area.bottom + 1)
        return x * x + y * y

    return min(screens, key=distance)


def _beside(tray: Rect, screen: Screen, size: tuple[int, int]) -> Placement:
    """Stand on the inner side of the panel that the icon is in, centred on the icon."""
    width, height = size
    x, y = tray.centre[0] - width // 2, tray.centre[1] - height // 2
    match _panel_edge(tray.centre, screen):
        case "bottom":
            return Placement(x, min(tray.y, screen.available.bottom) - MARGIN - height)
        case "top":
            return Placement(x, max(tray.bottom, screen.available.y) + MARGIN)
        case "left":
            return Placement(max(tray.right, screen.available.x) + MARGIN, y)
        case _:
            return Placement(min(tray.x, screen.available.right) - MARGIN - width, y)


def _panel_edge(point: tuple[int, int], screen: Screen) -> str:
    """Return the edge whose panel holds the point; where panels take no room (auto-hide), the nearest edge."""
    area, left_over = screen.geometry, screen.available
    x, y = point
    if y >= left_over.bottom:
        return "bottom"
    if y < left_over.y:
        return "top"
    if x < left_over.x:
        return "left"
    if x >= left_over.right:
        return "right"
    distances = {"bottom": area.bottom - y, "top": y - area.y, "left": x - area.x, "right": area.right - x}
    return min(distances, key=lambda edge: distances[edge])


def _corner(cursor: tuple[int, int], area: Rect, size: tuple[int, int]) -> Placement:
    centre = area.centre
    x = area.x + MARGIN if cursor[0] < centre[0] else area.right - MARGIN - size[0]
    y = area.y + MARGIN if cursor[1] < centre[1] else area.bottom - MARGIN - size[1]
    return Placement(x, y)


def _clamped(place: Placement, size: tuple[int, int], area: Rect) -> Placement:
    """Move it into the area; of a window that is too large the upper left part is seen."""
    x = max(area.x + MARGIN, min(place.x, area.right - MARGIN - size[0]))
    y = max(area.y + MARGIN, min(place.y, area.bottom - MARGIN - size[1]))
    return Placement(x, y)
