from __future__ import annotations

import pytest

from crackseg_desktop.system.display import missing_display


def test_that_a_machine_without_a_display_is_told_about_watch() -> None:
    line = missing_display({}, "linux")
    assert line is not None
    assert "crackseg-desktop watch" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "env",
    [
        {"DISPLAY": ":0"},
        {"WAYLAND_DISPLAY": "wayland-0"},
        {"QT_QPA_PLATFORM": "offscreen"},
        {"QT_QPA_PLATFORM": "minimal"},
        {"QT_QPA_PLATFORM": "vnc:size=800x600"},
        {"QT_QPA_PLATFORM": "xcb;offscreen"},
    ],
)
def test_that_a_display_or_a_platform_without_one_is_enough(env: dict[str, str]) -> None:
    assert missing_display(env, "linux") is None


@pytest.mark.parametrize("env", [{"DISPLAY": ""}, {"QT_QPA_PLATFORM": "xcb"}, {"QT_QPA_PLATFORM": "wayland"}])
def test_that_a_platform_that_needs_a_display_does_not_make_one(env: dict[str, str]) -> None:
    assert missing_display(env, "linux") is not None


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_that_windows_and_macos_always_have_one(platform: str) -> None:
    assert missing_display({}, platform) is None
