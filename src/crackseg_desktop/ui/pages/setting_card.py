"""A card of settings of one section: rows of a label and what sets it, in force and saved once it is changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from crackseg_desktop.settings import RANGES
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.widgets.buttons import Button
    from crackseg_desktop.ui.widgets.fields import Switch

_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")


class SettingCard(Card):
    """Title, note and rows; ``switch`` turns all of it on and off."""

    def __init__(self, context: Context, section: str, title: str, note: str, switch: Switch | None = None) -> None:
        super().__init__(context.theme)
        self._actions, self._section = context.actions, section
        head = QHBoxLayout()
        head.addWidget(Line(self.theme, Span(title, "body", 600), height=20), 1)
        if switch is not None:
            head.addWidget(switch)
        self.body.addLayout(head)
        self.body.addWidget(Paragraph(self.theme, note, "label", "text3"))

    def add(self, words: str, *parts: QWidget | str) -> None:
        """Add a row; a text stands between two parts."""
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Line(self.theme, Span(words, "label", None, "text2"), elide=True, height=32), 1)
        for part in parts:
            text = Line(self.theme, Span(part, "label", None, "text2"), height=32) if isinstance(part, str) else part
            row.addWidget(text)
        self.body.addLayout(row)

    def change(self, name: str, value: object) -> None:
        """Put a value of the section in force and save it."""
        self._actions.change_settings({f"{self._section}.{name}": value})

    def offer(self, button: Button, name: str, choices: Mapping[str, str]) -> None:
        """Open a menu of choices (value: words) for a setting under a button."""
        menu = QMenu(button)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for value, words in choices.items():
            action = menu.addAction(words)
            action.triggered.connect(lambda _=False, taken=value: self.change(name, taken))
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))


def show_choice(button: Button, name: str, words: str) -> None:
    """Show on a button what is chosen."""
    button.setText(words)
    button.setAccessibleName(f"{name} {words}")
    button.updateGeometry()


def parse_time(text: str) -> str:
    """Return a time of day as ``08:00``; an empty text stays one.

    Raises:
        ValueError: with what is wrong, for a person.
    """
    bare = text.strip()
    if bare and not _TIME.fullmatch(bare):
        raise ValueError("must be a time such as 22:00, or empty")
    return bare.zfill(5) if bare else ""


def parse_number(key: str, *, whole: bool = False) -> Callable[[str], float]:
    """Return what reads a number for a setting and raises ValueError, with what is wrong, for a person."""
    low, high = RANGES[key]

    def parse(text: str) -> float:
        try:
            value = int(text) if whole else float(text.strip().replace(",", "."))
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ValueError(f"must be a {'whole ' if whole else ''}number from {low:g} to {high:g}")
        return value

    return parse
