from __future__ import annotations

import pytest

from crackseg_desktop.ui.placement import MARGIN, Placement, Rect, Screen, choose

SIZE = (420, 640)
FULL_HD = Rect(0, 0, 1920, 1080)
BOTTOM = Screen(FULL_HD, Rect(0, 0, 1920, 1040))
TOP = Screen(FULL_HD, Rect(0, 30, 1920, 1050))
LEFT = Screen(FULL_HD, Rect(60, 0, 1860, 1080))
RIGHT = Screen(FULL_HD, Rect(0, 0, 1860, 1080))
SECOND = Screen(Rect(1920, 0, 2560, 1440), Rect(1920, 0, 2560, 1400))
ABOVE_LEFT = Screen(Rect(-1280, -300, 1280, 1024), Rect(-1280, -300, 1280, 984))


@pytest.mark.parametrize(
    ("tray", "screens", "expected"),
    [
        pytest.param(Rect(1700, 1044, 24, 32), [BOTTOM], Placement(1492, 392), id="panel at the bottom"),
        pytest.param(Rect(800, 1044, 24, 32), [BOTTOM], Placement(602, 392), id="in the middle of the bottom"),
        pytest.param(Rect(1700, 4, 22, 22), [TOP], Placement(1492, 38), id="panel at the top"),
        pytest.param(Rect(4, 900, 52, 24), [LEFT], Placement(68, 432), id="panel on the left"),
        pytest.param(Rect(1864, 500, 52, 24), [RIGHT], Placement(1432, 192), id="panel on the right"),
        pytest.param(Rect(1880, 1050, 24, 24), [Screen(FULL_HD, FULL_HD)], Placement(1492, 402), id="hidden panel"),
        pytest.param(Rect(4300, 1404, 24, 32), [BOTTOM, SECOND], Placement(4052, 752), id="on the second monitor"),
        pytest.param(Rect(-40, 690, 24, 24), [BOTTOM, ABOVE_LEFT], Placement(-428, 36), id="at negative places"),
    ],
)
def test_that_it_stands_beside_the_tray(tray: Rect, screens: list[Screen], expected: Placement) -> None:
    assert choose(tray, (0, 0), screens, SIZE, "xcb") == expected


@pytest.mark.parametrize("nowhere", [None, Rect(0, 0, 0, 0), Rect(9000, 9000, 24, 24)])
@pytest.mark.parametrize(
    ("cursor", "expected"),
    [
        pytest.param((1900, 1060), Placement(1492, 392), id="lower right"),
        pytest.param((100, 1060), Placement(MARGIN, 392), id="lower left"),
        pytest.param((1900, 3), Placement(1492, MARGIN), id="upper right"),
        pytest.param((3, 3), Placement(MARGIN, MARGIN), id="upper left"),
        pytest.param((5000, 2000), Placement(4052, 752), id="beyond the last monitor"),
    ],
)
def test_that_without_a_place_it_takes_the_corner_of_the_cursor(
    nowhere: Rect | None, cursor: tuple[int, int], expected: Placement
) -> None:
    assert choose(nowhere, cursor, [BOTTOM, SECOND], SIZE, "xcb") == expected


def test_that_the_upper_left_of_a_window_that_is_too_large_is_seen() -> None:
    small = Screen(Rect(0, 0, 800, 600), Rect(0, 0, 800, 560))
    assert choose(None, (799, 599), [small], (1024, 700), "windows") == Placement(MARGIN, MARGIN)


def test_that_scaled_screens_are_reckoned_in_their_own_pixels() -> None:
    at_150_percent = Screen(Rect(0, 0, 1280, 720), Rect(0, 0, 1280, 688))
    assert choose(Rect(1200, 694, 16, 21), (0, 0), [at_150_percent], SIZE, "windows") == Placement(852, 40)


@pytest.mark.parametrize("platform", ["wayland", "wayland-egl"])
def test_that_a_wayland_compositor_decides_by_itself(platform: str) -> None:
    assert choose(Rect(1700, 1044, 24, 32), (0, 0), [BOTTOM], SIZE, platform) is None


def test_that_without_a_screen_there_is_no_place() -> None:
    assert choose(None, (0, 0), [], SIZE, "xcb") is None
