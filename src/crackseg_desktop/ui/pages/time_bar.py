"""What stands in a page's head to choose the time shown: the spans, and the way back to live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from crackseg_desktop.ui.pages.time_words import range_words
from crackseg_desktop.ui.time_range import SPANS, TimeRange
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.ui.theme import Theme


class TimeBar(QWidget):
    """Spans to choose from, what is shown where it is none of them, and a button back to live.

    Attributes:
        chosen: a person wants this ``TimeRange``.
    """

    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._range = TimeRange()
        self.words = Line(theme, align="right", ground="window", height=32)
        self.live = Button(theme, "Live", kind="primary")
        self.live.setToolTip("Back to the newest figures (double click or Home on a plot)")
        self.spans = Segments(theme, [(f"{span:.0f}", words) for span, words in SPANS], "3600", "Time shown")
        self.spans.chosen.connect(self._on_span)
        self.live.clicked.connect(self._on_live)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for part in (self.words, self.live, self.spans):
            row.addWidget(part)
        self.live.hide()

    def put(self, shown: TimeRange, now: float) -> None:
        """Tell what is shown."""
        self._range = shown
        words = range_words(shown, now)
        self.words.put(Span(words, "label", 600 if not shown.live else None, "text2"))
        self.words.setVisible(bool(words))
        self.live.setVisible(not shown.live)
        self.spans.take(f"{shown.span:.0f}" if shown.live else "")

    def _on_span(self, key: str) -> None:
        self.chosen.emit(TimeRange(float(key)))

    def _on_live(self) -> None:
        self.chosen.emit(self._range.back_to_live())
