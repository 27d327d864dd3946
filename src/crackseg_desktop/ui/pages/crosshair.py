"""One crosshair over all time plots of a page: it falls on the same instant everywhere and reads every figure there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from crackseg_desktop.ui.pages.words import second
from crackseg_desktop.ui.plots import TimePlot
from crackseg_desktop.ui.widgets.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtWidgets import QWidget

    from crackseg_desktop.ui.widgets.metric import PlotCard


class Crosshair(QObject):
    """Follows the pointer over the plots of some cards; ``now`` (Unix seconds) names the instant."""

    def __init__(self, cards: Iterable[PlotCard], page: QWidget) -> None:
        super().__init__(page)
        self._cards = tuple(cards)
        self.now = 0.0
        for card in self._cards:
            card.plot.hovered.connect(self.move)

    @Slot(object)
    def move(self, x: float | None) -> None:
        """Stand at an x of the plots (seconds before now), or go away."""
        for card in self._cards:
            card.plot.set_cursor(x)
            card.read_out(None if x is None else self._spans(card, x))

    def _spans(self, card: PlotCard, x: float) -> tuple[Span, ...]:
        found = card.plot.read_out(x) if isinstance(card.plot, TimePlot) else []
        figures = [Span(text, "label", 600, gap=12, glyph="line", glyph_colour=colour) for colour, text in found]
        return (*figures, Span(second(self.now + x), "caption", None, "text3", gap=8))
