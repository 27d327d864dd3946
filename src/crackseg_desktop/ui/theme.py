"""The look: colours, fonts and measures as ``resources/tokens.json`` lays them down, dark and light.

Widgets take a ``Theme`` and read its tokens when they paint; ``changed`` tells the few that keep pens of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

from crackseg_desktop.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QApplication

Scale = Literal["caption", "label", "body", "subtitle", "title", "figure"]
FAMILIES = ("Inter", "Noto Sans")
_FACES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf")

WINDOW_PADDING = 24
CARD_PADDING = 16
CARD_GAP = 16
CARD_RADIUS = 8
CONTROL_RADIUS = 6


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme by their name in the design (``card``, ``text2``, ``s1``, …)."""

    name: str
    colours: Mapping[str, QColor]

    @property
    def dark(self) -> bool:
        """Say whether this is the dark theme."""
        return self.name == "dark"

    def __getitem__(self, name: str) -> QColor:
        return self.colours[name]

    def faded(self, name: str, alpha: float) -> QColor:
        """Return a colour with an opacity of 0..1."""
        colour = QColor(self.colours[name])
        colour.setAlphaF(alpha)
        return colour


@cache
def document() -> dict[str, Any]:
    """Return the design's figures as they stand in the file."""
    loaded: dict[str, Any] = json.loads(resource("tokens.json").read_text(encoding="utf-8"))
    return loaded


@cache
def tokens(name: str) -> Tokens:
    """Return the tokens of the ``dark`` or the ``light`` theme."""
    colours = document()["themes"][name]["colour"]
    return Tokens(name, {key: QColor(row["value"]) for key, row in colours.items()})


def load_fonts() -> tuple[str, ...]:
    """Register the bundled Inter and return the families that Qt found; none where the files are missing."""
    numbers = [QFontDatabase.addApplicationFont(str(resource("fonts", face))) for face in _FACES]
    return tuple(name for number in numbers if number >= 0 for name in QFontDatabase.applicationFontFamilies(number))


@cache
def font(scale: Scale, weight: int | None = None, *, plain: bool = False) -> QFont:
    """Return a font of the design's scale, with tabular numerals; the weight is the scale's unless given.

    A ``plain`` one has the glyphs of the characters themselves: of others (tabular numerals, the raised colon between
    digits) a PDF cannot tell which characters they stand for, and nobody could search or copy a figure in it.
    """
    row = document()["type"]["scale"][scale]
    chosen = QFont()
    chosen.setFamilies(list(FAMILIES))
    chosen.setStyleHint(QFont.StyleHint.SansSerif)
    chosen.setPixelSize(row["size"])
    chosen.setWeight(QFont.Weight(weight or row["weight"]))
    chosen.setFeature(QFont.Tag("calt" if plain else "tnum"), int(not plain))
    # Hinting would move glyphs by whole pixels and set text wider or narrower than the design has it.
    chosen.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return chosen


def line_height(scale: Scale) -> int:
    """Return the height of a line of this scale, in pixels."""
    height: int = document()["type"]["scale"][scale]["line"]
    return height


class Theme(QObject):
    """The theme in force. Lives in the GUI thread; ``changed`` is emitted once its tokens are the new ones."""

    changed = Signal()

    def __init__(self, setting: str = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._setting = setting
        self._system = "dark"
        self._tokens = tokens(self._name())

    @classmethod
    def current(cls, app: QApplication, setting: str) -> Theme:
        """Return the theme for a setting (``system``, ``dark``, ``light``) that follows the system from now on."""
        theme = cls(setting, app)
        hints = app.styleHints()
        hints.colorSchemeChanged.connect(theme.follow)
        theme.follow(hints.colorScheme())
        return theme

    @property
    def tokens(self) -> Tokens:
        """Return the tokens in force."""
        return self._tokens

    @property
    def setting(self) -> str:
        """Return what was asked for: system, dark or light."""
        return self._setting

    def choose(self, setting: str) -> None:
        """Take over a changed setting."""
        self._setting = setting
        self._apply()

    @Slot(Qt.ColorScheme)
    def follow(self, scheme: Qt.ColorScheme) -> None:
        """Take over what the system prefers; where it does not say, its window colour tells."""
        if scheme == Qt.ColorScheme.Unknown:
            self._system = "dark" if QPalette().color(QPalette.ColorRole.Window).lightness() < 128 else "light"
        else:
            self._system = "dark" if scheme == Qt.ColorScheme.Dark else "light"
        self._apply()

    def palette(self) -> QPalette:
        """Return the tokens as a palette, for what Qt paints by itself."""
        colours, palette = self._tokens, QPalette()
        roles = QPalette.ColorRole
        for role, name in (
            (roles.Window, "window"),
            (roles.Base, "card"),
            (roles.AlternateBase, "raised"),
            (roles.Button, "card"),
            (roles.WindowText, "text"),
            (roles.Text, "text"),
            (roles.ButtonText, "text"),
            (roles.PlaceholderText, "text3"),
            (roles.ToolTipBase, "raised"),
            (roles.ToolTipText, "text"),
            (roles.Highlight, "accent_fill"),
            (roles.HighlightedText, "on_accent"),
            (roles.Link, "accent"),
        ):
            palette.setColor(role, colours[name])
        return palette

    def style_sheet(self) -> str:
        """Return the style sheet for the few widgets that Qt paints: inputs, menus, tooltips, scroll bars."""
        return _SHEET.format_map({name: colour.name() for name, colour in self._tokens.colours.items()})

    def _name(self) -> str:
        return self._setting if self._setting in ("dark", "light") else self._system

    def _apply(self) -> None:
        if self._tokens.name != self._name():
            self._tokens = tokens(self._name())
            self.changed.emit()


_SHEET = """
QLineEdit {{ background: {card}; color: {text}; border: 1px solid {control}; border-radius: 6px; padding: 0 10px;
    min-height: 30px; max-height: 30px; selection-background-color: {accent_fill}; selection-color: {on_accent}; }}
QLineEdit:focus {{ border: 2px solid {focus}; padding: 0 9px; min-height: 28px; max-height: 28px; }}
QLineEdit[wrong="true"] {{ border: 2px solid {warning_shape}; padding: 0 9px; min-height: 28px; max-height: 28px; }}
QLineEdit:disabled {{ color: {text3}; background: {raised}; border-color: {border}; }}
QMenu {{ background: {raised}; color: {text}; border: 1px solid {control}; border-radius: 6px; padding: 4px; }}
QMenu::item {{ padding: 6px 16px; border-radius: 4px; }}
QMenu::item:selected {{ background: {accent_soft}; color: {text}; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {control}; padding: 6px 8px; }}
QPushButton {{ background: {card}; color: {text}; border: 1px solid {border}; border-radius: 6px; padding: 6px 12px; }}
QPushButton:hover {{ background: {raised}; }}
QPushButton:focus {{ border: 2px solid {focus}; padding: 5px 11px; }}
#note {{ background: {raised}; border: 1px solid {control}; border-radius: 8px; }}
QPlainTextEdit {{ background: transparent; color: {text}; border: none; padding: 0;
    selection-background-color: {accent_fill}; selection-color: {on_accent}; }}
QScrollArea, QAbstractItemView {{ background: transparent; border: none; outline: none; }}
QScrollBar:vertical {{ background: transparent; width: 6px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 6px; margin: 0; }}
QScrollBar::handle {{ background: {control}; border-radius: 2px; margin: 1px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
