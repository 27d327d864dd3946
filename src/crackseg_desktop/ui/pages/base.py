"""What every page is made of: its head, and what it is handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop.ui.model import Limits
from crackseg_desktop.ui.theme import CARD_GAP
from crackseg_desktop.ui.widgets.states import Look
from crackseg_desktop.ui.widgets.surfaces import Chip
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.actions import Actions
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.theme import Theme

LooksAt = Literal["", "processes", "traffic"]
"""What a page needs of all processes: nothing, their figures, or also their network bytes."""
SIMULATED = Look("ring", "Simulated", "text", "raised")
FACTS, NARROW_FACTS, NARROW_BELOW = 300, 236, 1050
SPANS = (("900", "15 min"), ("3600", "1 h"))


@dataclass(frozen=True, slots=True)
class Context:
    """What a page may use: the look, what a person can decide, and the settings in force."""

    theme: Theme
    actions: Actions
    settings: Settings
    settings_path: Path | None = None
    data_dir: Path | None = None

    @property
    def limits(self) -> Limits:
        """Return the limits of the rules in force."""
        return Limits.of(self.settings)


class Page(QWidget):
    """A page of the full window. ``refresh`` is called while it is visible only, at most four times a second.

    ``changed`` tells that a person chose something in the model that the page draws from.
    """

    changed = Signal()
    title = ""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context, self.theme = context, context.theme
        self.limits = context.limits
        self.model: Model | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 22, 16)
        column.setSpacing(CARD_GAP)
        self.head = PageHead(context.theme, self.title)
        column.addWidget(self.head)
        self.column = column

    def take(self, context: Context) -> bool:
        """Take over changed settings and return whether that was done; a page that cannot is made anew."""
        return False

    @property
    def looks_at(self) -> LooksAt:
        """Return what must be read of all processes for what it shows."""
        return ""

    def refresh(self, model: Model) -> None:
        """Show the state of the model."""
        self.model = model
        self.head.set_simulated(model.simulated)


def in_pairs(cards: Iterable[QWidget], spacing: int = CARD_GAP) -> QGridLayout:
    """Lay cards out two in a row, all of one size."""
    grid = QGridLayout()
    grid.setSpacing(spacing)
    for index, card in enumerate(cards):
        grid.addWidget(card, index // 2, index % 2)
        grid.setColumnStretch(index % 2, 1)
        grid.setRowStretch(index // 2, 1)
    return grid


def beside(plots: Iterable[QWidget], facts: QWidget, over: QWidget | None = None) -> QHBoxLayout:
    """Lay plots out in pairs under what stands ``over`` them, and the facts to the right."""
    row, column = QHBoxLayout(), QVBoxLayout()
    row.setSpacing(CARD_GAP)
    column.setSpacing(8)
    if over is not None:
        column.addWidget(over)
    column.addLayout(in_pairs(plots), 1)
    row.addLayout(column, 1)
    row.addWidget(facts)
    return row


class PageHead(QWidget):
    """Title, note and controls, 40 px high."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self.setFixedHeight(40)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self._title = Line(theme, Span(title, "title"), ground="window", height=40)
        self._note = Line(theme, elide=True, ground="window", height=36)
        self._chip = Chip(theme)
        self._chip.hide()
        self.row.addWidget(self._title)
        self.row.addSpacing(4)
        self.row.addWidget(self._chip)
        self.row.addWidget(self._note, 1)

    @property
    def note(self) -> str:
        """Return the note."""
        return self._note.text

    def put_note(self, words: str) -> None:
        """Show a note beside the title."""
        self._note.put(Span(words, "label", None, "text3"))

    def set_simulated(self, simulated: bool) -> None:
        """Say plainly that what is shown is made up."""
        self._chip.put(SIMULATED if simulated else None)
