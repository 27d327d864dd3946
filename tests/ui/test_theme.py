from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF

from crackseg_desktop.ui.theme import Theme, document, font, load_fonts, tokens

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

GROUNDS = ("card", "window", "raised")
TEXTS = ("text", "text2", "text3", "accent", "warning", "critical")
SHAPES = ("control", "accent_fill", "warning_shape", "critical_fill", "s1", "s2", "s3", "s4", "s5", "s6", "focus")
PAIRS = (
    ("on_accent", "accent_fill"),
    ("on_critical", "critical_fill"),
    ("accent", "accent_soft"),
    ("text", "accent_soft"),
    ("text2", "accent_soft"),
    ("text3", "accent_soft"),
    ("text", "warning_soft"),
    ("text2", "warning_soft"),
    ("warning", "warning_soft"),
    ("text", "critical_soft"),
    ("text2", "critical_soft"),
    ("text3", "critical_soft"),
    ("critical", "critical_soft"),
    ("text2", "raised"),
    ("text2", "sunken"),
    ("text3", "sunken"),
)


def luminance(colour: QColor) -> float:
    """Return the relative luminance of WCAG 2.1."""
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast ratio of WCAG 2.1."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_that_contrast_is_that_of_the_standard() -> None:
    assert contrast(QColor("#000000"), QColor("#FFFFFF")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("#FFFFFF")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_that_text_can_be_read(name: str) -> None:
    look = tokens(name)
    pairs = [*product(TEXTS, GROUNDS), *PAIRS]
    ratios = {pair: contrast(look[pair[0]], look[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("name", ["dark", "light"])
def test_that_shapes_stand_out(name: str) -> None:
    look = tokens(name)
    pairs = [*product(SHAPES, ("card", "window")), ("warning_shape", "warning_soft"), ("focus", "raised")]
    ratios = {pair: contrast(look[pair[0]], look[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 3.0} == {}


@pytest.mark.parametrize("name", ["dark", "light"])
def test_that_the_ratios_written_in_the_tokens_are_true(name: str) -> None:
    look = tokens(name)
    for pair, written in document()["themes"][name]["contrast_pairs"].items():
        over, ground = pair.split("_on_")[:2] if pair.count("_on_") == 1 else pair.rsplit("_on_", 1)
        assert contrast(look[over], look[ground]) == pytest.approx(written, abs=0.02), pair


def test_that_both_themes_have_the_same_colours() -> None:
    assert tokens("dark").colours.keys() == tokens("light").colours.keys()


def test_that_inter_is_loaded_with_its_three_weights_and_tabular_numerals(qtbot: QtBot) -> None:
    assert "Inter" in load_fonts()
    for weight, style in ((400, "Regular"), (500, "Medium"), (600, "Semi Bold")):
        chosen = font("title", weight)
        assert QFontInfo(chosen).family() == "Inter"
        assert QFontInfo(chosen).styleName() == style
        measure = QFontMetricsF(chosen)
        assert measure.horizontalAdvance("1111") == measure.horizontalAdvance("8888")


def test_that_a_font_has_the_size_and_weight_of_the_design(qtbot: QtBot) -> None:
    assert font("figure").pixelSize() == 28
    assert font("figure").weight() == QFont.Weight.DemiBold
    assert font("caption", 600).pixelSize() == 11


def test_that_the_system_is_followed_until_a_theme_is_chosen(qtbot: QtBot) -> None:
    theme = Theme("system")
    theme.follow(Qt.ColorScheme.Light)
    assert theme.tokens.name == "light"
    with qtbot.waitSignal(theme.changed):
        theme.follow(Qt.ColorScheme.Dark)
    assert theme.tokens.dark
    theme.choose("light")
    assert theme.tokens.name == "light"
    with qtbot.assertNotEmitted(theme.changed):
        theme.follow(Qt.ColorScheme.Light)


def test_that_the_palette_and_the_style_sheet_are_those_of_the_theme(qtbot: QtBot) -> None:
    theme = Theme("light")
    assert theme.palette().window().color() == tokens("light")["window"]
    assert tokens("light")["card"].name() in theme.style_sheet()
    assert "{" + "card}" not in theme.style_sheet()
