from __future__ import annotations

import pytest

from crackseg_desktop.ui.panel import Surroundings, follows_the_scheme, panel_of
from crackseg_desktop.ui.tray_icon import Panel


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (Surroundings("win32", light=True), Panel.LIGHT),
        (Surroundings("win32", light=False), Panel.DARK),
        (Surroundings("win32"), Panel.DARK),
        (Surroundings("darwin"), Panel.TEMPLATE),
        (Surroundings("linux"), Panel.DARK),
        (Surroundings("linux", light=True), Panel.LIGHT),
        (Surroundings("linux", light=False), Panel.DARK),
    ],
)
def test_that_the_icon_suits_the_panel(around: Surroundings, expected: Panel) -> None:
    assert panel_of(around) == expected


@pytest.mark.parametrize("setting", [Panel.DARK, Panel.LIGHT])
def test_that_a_setting_overrules_what_is_found(setting: Panel) -> None:
    assert panel_of(Surroundings("darwin"), setting) == setting


@pytest.mark.parametrize(
    ("desktop", "follows"),
    [
        ("KDE", True),
        ("XFCE", False),
        ("ubuntu:GNOME", False),
        ("Budgie:GNOME", True),
        ("X-Cinnamon", False),
        ("", False),
    ],
)
def test_that_few_panels_turn_light_with_the_windows(desktop: str, follows: bool) -> None:
    assert follows_the_scheme({"XDG_CURRENT_DESKTOP": desktop}) is follows
