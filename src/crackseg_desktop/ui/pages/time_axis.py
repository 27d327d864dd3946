"""One axis and one cursor for all time plots of a page: they show the same time and read the same instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from crackseg_desktop.ui.pages.time_bar import TimeBar
from crackseg_desktop.ui.pages.time_words import instant_words
from crackseg_desktop.ui.time_plot import TimePlot
from crackseg_desktop.ui.widgets.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtWidgets import QWidget

    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.run_bars import RunBars
    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.time_range import TimeRange
    from crackseg_desktop.ui.widgets.metric import PlotCard


class TimeAxis(QObject):
    """Follows the pointer and the hands over the plots of some cards.

    Attributes:
        changed: another time is to be shown.
        bar: for the head of the page.
    """

    changed = Signal()

    def __init__(self, theme: Theme, cards: Iterable[PlotCard], page: QWidget, bars: RunBars | None = None) -> None:
        super().__init__(page)
        self._cards, self._bars = tuple(cards), bars
        self._model: Model | None = None
        self._hovered: float | None = None
        self.bar = TimeBar(theme)
        self.bar.chosen.connect(self._on_chosen)
        for card in self._cards:
            card.plot.set_navigable()
            card.plot.hovered.connect(self.move)
            card.plot.panned.connect(self._on_panned)
            card.plot.zoomed.connect(self._on_zoomed)
            card.plot.home_wanted.connect(self._on_home)
            card.plot.picked.connect(self._on_picked)

    def refresh(self, model: Model) -> None:
        """Show the time of the model; call it after the plots were put."""
        self._model = model
        self.bar.put(model.timeline.range, model.now)
        self._stand()

    @Slot(object)
    def move(self, x: float | None) -> None:
        """Stand at an x of the plots (seconds before their end), or where the cursor was left standing."""
        self._hovered = x
        self._stand()

    def _stand(self) -> None:
        if self._model is None:
            return
        model, x = self._model, self._hovered
        until = model.window.until
        if x is None and model.timeline.pinned is not None:
            x = model.timeline.pinned - until
        if x is not None and not -model.span <= x <= 0:
            x = None
        for card in self._cards:
            card.plot.set_cursor(x)
            card.read_out(None if x is None else self._spans(card, x, model))
        if self._bars is not None:
            self._bars.set_cursor(None if x is None else until + x)

    @staticmethod
    def _spans(card: PlotCard, x: float, model: Model) -> tuple[Span, ...]:
        found = card.plot.read_out(x) if isinstance(card.plot, TimePlot) else []
        figures = [Span(text, "label", 600, gap=12, glyph="line", glyph_colour=colour) for colour, text in found]
        words = instant_words(model.window.until + x, model.now, model.span)
        return (*figures, Span(words, "caption", None, "text3", gap=8))

    @Slot(float)
    def _on_panned(self, seconds: float) -> None:
        if self._model is not None:
            shown = self._model.timeline.range
            self._on_chosen(shown.panned(seconds, self._model.now, self._model.oldest))

    @Slot(float, float)
    def _on_zoomed(self, factor: float, x: float) -> None:
        if self._model is not None:
            at = self._model.window.until + x
            shown = self._model.timeline.range
            self._on_chosen(shown.zoomed(factor, at, self._model.now, self._model.oldest))

    @Slot()
    def _on_home(self) -> None:
        """Go back to live, without the cursor that the first half of a double click left standing."""
        if self._model is not None:
            self._model.timeline.pinned = None
            self._stand()
            self._on_chosen(self._model.timeline.range.back_to_live())

    @Slot(float)
    def _on_picked(self, x: float) -> None:
        """Leave the cursor standing, or take it away."""
        if self._model is not None:
            timeline = self._model.timeline
            timeline.pinned = None if timeline.pinned is not None else self._model.window.until + x
            self._stand()

    @Slot(object)
    def _on_chosen(self, shown: TimeRange) -> None:
        if self._model is not None and shown != self._model.timeline.range:
            self._model.timeline.range = shown
            self.changed.emit()
