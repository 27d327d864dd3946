from __future__ import annotations

import json
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.resources import resource
from crackseg_desktop.ui.tray_drawing import COLOURS, GRIDS, PULSE, draw, save_idle_icons
from crackseg_desktop.ui.tray_icon import LEVELS, SIZES, IconCache, IconState, Kind, Panel, level

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

STATES = [IconState(kind, 8 if kind not in (Kind.IDLE, Kind.UNAVAILABLE) else 0) for kind in Kind]


@pytest.fixture(scope="module")
def tokens() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(resource("tokens.json").read_text(encoding="utf-8"))["tray"]
    return found


def shape(image: QImage) -> bytes:
    """Return where an image is opaque, without its colours."""
    side = range(image.width())
    return bytes(image.pixelColor(x, y).alpha() > 127 for y in side for x in side)


def share_of(image: QImage, colour: str) -> int:
    side = range(image.width())
    return sum(image.pixelColor(x, y).name().upper() == colour for y in side for x in side)


def test_that_the_grids_are_those_of_the_design(tokens: dict[str, Any]) -> None:
    for size in tokens["sizes"]:
        grid = GRIDS[size]
        for name in ("inset", "stroke", "badge", "badge_gap"):
            assert getattr(grid, name) == tokens[name][str(size)], f"{name} at {size} px"
    assert [list(point) for point in PULSE] == tokens["pulse"]
    assert set(tokens["sizes"]) <= set(SIZES)


def test_that_the_colours_are_those_of_the_design(tokens: dict[str, Any]) -> None:
    for panel, name in ((Panel.DARK, "dark_panel"), (Panel.LIGHT, "light_panel")):
        for part, colour in tokens[name].items():
            assert getattr(COLOURS[panel], part) == colour
    template = COLOURS[Panel.TEMPLATE]
    assert template.foreground == tokens["template"]["foreground"]
    assert (template.fill_alpha, template.fill_alpha_small) == (
        tokens["template"]["fill_alpha"],
        tokens["template"]["fill_alpha_small"],
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("panel", Panel)
def test_that_states_differ_in_more_than_colour(size: int, panel: Panel) -> None:
    shapes = {state: draw(size, state, panel) for state in STATES}
    for one, other in combinations(STATES, 2):
        first, second = shapes[one], shapes[other]
        if Kind.TRAINING in (one.kind, other.kind) and Kind.IDLE in (one.kind, other.kind):
            assert first != second
        else:
            assert shape(first) != shape(second), f"{one.kind} and {other.kind} have one shape at {size} px"


@pytest.mark.parametrize("size", SIZES)
def test_that_each_level_fills_no_less_than_the_one_below(size: int) -> None:
    fill = COLOURS[Panel.DARK].fill
    filled = [share_of(draw(size, IconState(Kind.TRAINING, step), Panel.DARK), fill) for step in range(LEVELS + 1)]
    assert all(more >= less - 1 for less, more in pairwise(filled)), "but for a pixel of antialiasing"
    assert filled[0] == 0
    assert filled[-1] > filled[LEVELS // 2] > filled[1] > 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.kind)
def test_that_a_template_is_black_and_alpha_only(size: int, state: IconState) -> None:
    image = draw(size, state, Panel.TEMPLATE)
    for x in range(size):
        for y in range(size):
            colour = image.pixelColor(x, y)
            assert colour.alpha() == 0 or (colour.red(), colour.green(), colour.blue()) == (0, 0, 0)


@pytest.mark.parametrize("kind", [Kind.WARNING, Kind.NEEDS_YOU, Kind.PAUSED])
def test_that_a_badge_stands_in_a_cleared_notch(kind: Kind) -> None:
    image, grid = draw(64, IconState(kind, LEVELS), Panel.DARK), GRIDS[64]
    edge = 64 - grid.badge - 1
    assert all(image.pixelColor(edge, y).alpha() == 0 for y in range(edge, 64))
    assert all(image.pixelColor(x, edge).alpha() == 0 for x in range(edge, 64))
    assert image.pixelColor(edge - 3, 6).alpha() == 255


def test_that_a_level_is_the_nearest_twelfth_and_shows_what_little_there_is() -> None:
    assert [level(share) for share in (0, 0.001, 0.1, 0.5, 0.82, 1.0, 1.2)] == [0, 1, 1, 6, 10, 12, 12]


def test_that_a_fill_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="fill"):
        IconState(Kind.TRAINING, LEVELS + 1)


def test_that_an_icon_has_every_size_and_is_made_once(qtbot: QtBot) -> None:
    icons = IconCache()
    icon = icons.icon_for(IconState(Kind.TRAINING, 6), Panel.DARK)
    assert {size.width() for size in icon.availableSizes()} == set(SIZES)
    assert icons.icon_for(IconState(Kind.TRAINING, 6), Panel.DARK) is icon
    assert icons.icon_for(IconState(Kind.TRAINING, 7), Panel.DARK) is not icon
    assert not icon.isMask()
    assert icons.icon_for(IconState(), Panel.TEMPLATE).isMask()


def test_that_the_first_icons_on_file_are_as_drawn(tmp_path: Path, qtbot: QtBot) -> None:
    """``save_idle_icons`` makes them anew."""
    save_idle_icons(tmp_path)
    drawn = sorted(tmp_path.iterdir())
    assert len(drawn) == len(Panel) * len(SIZES)
    icons = IconCache()
    for panel in Panel:
        icon = icons.icon_for(IconState(), panel)
        for size in SIZES:
            loaded = icon.pixmap(size).toImage()
            assert shape(loaded) == shape(draw(size, IconState(), panel)), f"resources/icons/tray: {panel}, {size} px"
