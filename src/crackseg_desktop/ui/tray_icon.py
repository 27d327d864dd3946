"""The tray icon: which states there are, and the icon of each.

The first icon comes from files, so that the panel need not wait for the drawing: PySide loads Qt's whole namespace of
enums at the first brush, and that takes a tenth of the time to start.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QIcon, QPixmap

from crackseg_desktop.resources import resource

LEVELS = 12
SIZES = (16, 22, 24, 32, 48, 64)


class Kind(StrEnum):
    """What the icon says about the watch as a whole."""

    IDLE = "idle"
    TRAINING = "training"
    WARNING = "warning"
    NEEDS_YOU = "needs you"
    UNAVAILABLE = "unavailable"
    PAUSED = "paused"


class Panel(StrEnum):
    """The ground that the icon lies on; a template is black and alpha, and macOS colours it."""

    DARK = "dark"
    LIGHT = "light"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class IconState:
    """A state to draw. ``fill`` is the share of GPU memory in use, in twelfths; 0 fills nothing."""

    kind: Kind = Kind.IDLE
    fill: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.fill <= LEVELS:
            raise ValueError(f"fill must be 0..{LEVELS}, not {self.fill}")


def level(share: float) -> int:
    """Return the fill of a share of memory in use (0..1); what is not empty shows at least one twelfth."""
    return 0 if share <= 0 else min(LEVELS, max(1, round(share * LEVELS)))


class IconCache:
    """Makes icons and keeps them by state and panel. Belongs to the GUI thread and ends with the application."""

    def __init__(self) -> None:
        self._icons: dict[tuple[IconState, Panel], QIcon] = {}

    def icon_for(self, state: IconState, panel: Panel) -> QIcon:
        """Return the icon of a state with all its sizes."""
        key = (state, panel)
        if key not in self._icons:
            pixmaps = _loaded(panel) if state == IconState() else []
            icon = QIcon()
            for pixmap in pixmaps or _drawn(state, panel):
                icon.addPixmap(pixmap)
            icon.setIsMask(panel == Panel.TEMPLATE)
            self._icons[key] = icon
        return self._icons[key]


def _loaded(panel: Panel) -> list[QPixmap]:
    """Return the idle icon as its files have it; nothing where they are not all there."""
    folder = resource("icons", "tray")
    pixmaps = [QPixmap(str(folder / f"idle-{panel}-{size}.png")) for size in SIZES]
    return [] if any(pixmap.isNull() for pixmap in pixmaps) else pixmaps


def _drawn(state: IconState, panel: Panel) -> list[QPixmap]:
    from crackseg_desktop.ui.tray_drawing import draw

    return [QPixmap.fromImage(draw(size, state, panel)) for size in SIZES]
