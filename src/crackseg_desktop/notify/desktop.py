"""The native notifiers of this machine: which there are, and in which order they are tried."""

from __future__ import annotations

import sys

from crackseg_desktop.notify.dbus import DBusNotifier
from crackseg_desktop.notify.notifier import Delivery, Notifier, NotifyError
from crackseg_desktop.notify.portable import PlyerNotifier

__all__ = ["DBusNotifier", "Delivery", "Notifier", "NotifyError", "PlyerNotifier", "native_notifiers"]


def native_notifiers(icon: str = "") -> list[Notifier]:
    """Return the notifiers of this system, best first; none is imported, connected or probed yet.

    ``icon`` is a name in the icon theme or a ``file://`` address, for D-Bus.
    """
    if sys.platform == "win32":
        from crackseg_desktop.notify.toast import WindowsToast

        return [WindowsToast(), PlyerNotifier()]
    if sys.platform == "darwin":
        from crackseg_desktop.notify.toast import MacNotification

        return [MacNotification(), PlyerNotifier()]
    return [DBusNotifier(icon), PlyerNotifier()]
