"""Whether the panel that holds the tray icon is dark or light, which is not always what windows are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.ui.tray_icon import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QGuiApplication

_FOLLOWS_THE_SCHEME = frozenset({"KDE", "MATE", "LXQT", "BUDGIE"})
"""Desktops whose panel turns light with the windows; GNOME, Xfce, Cinnamon and most others keep a dark one."""
_PERSONALIZE = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"


class Surroundings(NamedTuple):
    """What tells about the panel: ``sys.platform``, and whether the scheme it follows is light (None: follows none)."""

    platform: str
    light: bool | None = None


def panel_of(around: Surroundings, setting: str = "auto") -> Panel:
    """Return the panel to draw for; a setting of ``dark`` or ``light`` overrules what is found."""
    if setting in (Panel.DARK, Panel.LIGHT):
        return Panel(setting)
    if around.platform == "darwin":
        return Panel.TEMPLATE
    return Panel.LIGHT if around.light else Panel.DARK


def surroundings(app: QGuiApplication, env: Mapping[str, str]) -> Surroundings:
    """Look around, in the GUI thread; ``env`` names the desktop as ``XDG_CURRENT_DESKTOP`` does."""
    if sys.platform == "win32":
        return Surroundings(sys.platform, _light_taskbar())
    return Surroundings(sys.platform, _light_windows(app) if follows_the_scheme(env) else None)


def follows_the_scheme(env: Mapping[str, str]) -> bool:
    """Say whether this desktop's panel is as light as its windows."""
    return bool(_FOLLOWS_THE_SCHEME & {name.upper() for name in env.get("XDG_CURRENT_DESKTOP", "").split(":")})


def _light_windows(app: QGuiApplication) -> bool:
    from PySide6.QtCore import Qt  # a tenth of the time to start, and most desktops do without

    scheme = app.styleHints().colorScheme()
    if scheme == Qt.ColorScheme.Unknown:
        return app.palette().window().color().lightness() >= 128
    return scheme == Qt.ColorScheme.Light


def _light_taskbar() -> bool | None:
    """Ask Windows, whose taskbar has a theme of its own; None elsewhere and where it does not say."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _PERSONALIZE) as key:
                return bool(winreg.QueryValueEx(key, "SystemUsesLightTheme")[0])
        except OSError:
            return None
    return None
