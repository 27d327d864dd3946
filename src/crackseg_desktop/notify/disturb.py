"""Whether the person asked the desktop not to be disturbed, where the desktop tells: KDE, GNOME, Xfce and dunst.

There is no standard: each has a place of its own. Windows and macOS tell nobody.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from crackseg_desktop.notify.bus import BusLostError
from crackseg_desktop.notify.notifier import NotifyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.notify.bus import Bus

_NOTIFICATIONS = "org.freedesktop.Notifications"
_NOTIFICATIONS_PATH = "/org/freedesktop/Notifications"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_XFCONF = "org.xfce.Xfconf"
_GSETTINGS_SECONDS = 2.0


def do_not_disturb(bus: Bus, server: str, run: Callable[..., Any] | None = None) -> bool | None:
    """Return whether do-not-disturb is on; None where this desktop does not tell.

    ``server`` is the name of the notification server. Raises BusLostError where the bus is gone.
    """
    match server.lower():
        case "dunst":
            return _property(bus, "org.dunstproject.cmd0", "paused")
        case "xfce notify daemon":
            return _xfce(bus)
        case "gnome-shell" | "notify-osd" | "notification-daemon" | "budgie notification server":
            return _gnome(run)
    return _property(bus, _NOTIFICATIONS, "Inhibited")


def _property(bus: Bus, interface: str, name: str) -> bool | None:
    try:
        (answer,) = bus.call(_NOTIFICATIONS, _NOTIFICATIONS_PATH, "Get", "ss", (interface, name), interface=_PROPERTIES)
    except BusLostError:
        raise
    except NotifyError:
        return None  # this server has no such property
    return _truth(answer)


def _xfce(bus: Bus) -> bool | None:
    """Ask Xfce's settings daemon, in which the property is missing until it was first switched on."""
    try:
        if not bus.reaches(_XFCONF):
            return None
        (answer,) = bus.call(_XFCONF, "/org/xfce/Xfconf", "GetProperty", "ss", ("xfce4-notifyd", "/do-not-disturb"))
    except BusLostError:
        raise
    except NotifyError as error:
        return False if "PropertyNotFound" in str(error) else None
    return _truth(answer)


def _gnome(run: Callable[..., Any] | None) -> bool | None:
    """Ask GNOME's settings: the portal does not show this one, so by its own program."""
    import shutil
    import subprocess

    program = shutil.which("gsettings")
    if program is None:
        return None
    command = [program, "get", "org.gnome.desktop.notifications", "show-banners"]
    try:
        done = (run or subprocess.run)(
            command, capture_output=True, text=True, check=False, timeout=_GSETTINGS_SECONDS, env=dict(os.environ)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"true": False, "false": True}.get(done.stdout.strip()) if done.returncode == 0 else None


def _truth(answer: object) -> bool | None:
    """Return the truth of a variant, which comes as its signature and its value."""
    match answer:
        case ("b", bool(value)):
            return value
    return None
