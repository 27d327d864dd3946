"""Labelled figures: rows of a label and a value, and the figure of a card that may be unavailable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop.ui.widgets.surfaces import Rule
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop import readings
    from crackseg_desktop.ui.theme import Theme

Fact = tuple[str, tuple[Span, ...]]
"""A label and its value."""


class FactList(QWidget):
    """Rows of labels and values; rows are reused, and a value too long is elided with its whole text as tooltip."""

    def __init__(self, theme: Theme, row_height: int = 20, *, ruled: bool = False) -> None:
        super().__init__()
        self._theme, self._height, self._ruled = theme, row_height, ruled
        self._rows: list[tuple[QWidget, Line, Line]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def put(self, facts: Sequence[Fact]) -> None:
        """Show these facts, from the top."""
        while len(self._rows) < len(facts):
            self._add_row()
        for index, (row, label, value) in enumerate(self._rows):
            row.setVisible(index < len(facts))
            if index < len(facts):
                words, spans = facts[index]
                label.put(Span(words, "label", None, "text2"))
                value.put(*spans)

    def texts(self) -> dict[str, str]:
        """Return what it says by label."""
        return {label.text: value.text for row, label, value in self._rows if not row.isHidden()}

    def _add_row(self) -> None:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        label = Line(self._theme, height=self._height)
        value = Line(self._theme, align="right", elide=True, height=self._height)
        line.addWidget(label)
        line.addWidget(value, 1)
        if self._ruled and self._rows:
            self._column.addWidget(Rule(self._theme))
        self._column.addWidget(row)
        self._rows.append((row, label, value))


def value_or_reason(reading: readings.Reading, metric: str, text: str | None) -> tuple[Span, ...]:
    """Return the value of a metric as it is written, or the reason why there is none."""
    if text is not None:
        return (Span(text, "label", 500),)
    reason = reading.unavailable.get(metric)
    return (Span(reason or "not reported", "label", None, "text3"),)
