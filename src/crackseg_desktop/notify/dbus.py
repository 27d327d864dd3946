"""Notifications through the desktop's own service, org.freedesktop.Notifications."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crackseg_desktop.notify.bus import Bus, BusLostError
from crackseg_desktop.notify.disturb import do_not_disturb
from crackseg_desktop.notify.notifier import APP_ID, APP_NAME, NotifyError
from crackseg_desktop.notify.words import Action, Urgency

if TYPE_CHECKING:
    from crackseg_desktop.notify.notifier import ActionCallback
    from crackseg_desktop.notify.words import Notification

SERVICE = "org.freedesktop.Notifications"

_PATH = "/org/freedesktop/Notifications"
_SERVER_DEFAULT, _NEVER = -1, 0
_CATEGORY = "x-crackseg.alert"
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Server:
    """Who draws the notifications, and what it can do."""

    name: str
    capabilities: frozenset[str]


class DBusNotifier:
    """Shows notifications through the desktop's own service, with buttons, replacement and withdrawal."""

    name = "dbus"

    def __init__(self, icon: str = "") -> None:
        """Take the icon as a theme's name or a ``file://`` address; without one the desktop entry's is used."""
        self._icon = icon
        self._bus: Bus | None = None
        self._server: Server | None = None
        self._open: dict[str, int] = {}
        self._keys: dict[int, str] = {}
        self._on_action: ActionCallback | None = None

    def listen(self, on_action: ActionCallback) -> None:
        """Call ``on_action(key, action)`` in the notifier thread for every button pressed."""
        self._on_action = on_action

    def probe(self) -> str | None:
        """Connect and ask the server what it can do; return why that failed."""
        try:
            self._connected()
        except NotifyError as error:
            return str(error)
        return None

    def show(self, notification: Notification) -> None:
        """Show it, in place of the open one with its key; raise NotifyError where the service does not take it."""
        self.pump()
        bus, server = self._connected()
        self.pump()  # A service that was just started announces itself; that must not forget the new notification.
        answer = self._notify(bus, server, notification)
        self._open[notification.key] = answer
        self._keys[answer] = notification.key
        _forget_oldest(self._open)
        _forget_oldest(self._keys)
        self.pump()

    def withdraw(self, key: str) -> None:
        """Close the open notification with this key."""
        self.pump()
        identifier = self._open.pop(key, None)
        if identifier is not None and self._bus is not None:
            self._call(self._bus, "CloseNotification", "u", (identifier,))

    def do_not_disturb(self) -> bool | None:
        """Say whether the person asked the desktop not to be disturbed; None where it does not tell."""
        try:
            bus, server = self._connected()
            return do_not_disturb(bus, server.name)
        except BusLostError:
            self.close()
        except NotifyError:
            pass  # whoever shows the notification will tell what is wrong
        return None

    def fileno(self) -> int | None:
        """Return the descriptor of the bus connection, or None without one."""
        return self._bus.fileno() if self._bus is not None else None

    def pump(self) -> None:
        """Handle the signals that have arrived: buttons, closed notifications, another server."""
        if self._bus is None:
            return
        try:
            arrived = list(self._bus.signals())
        except BusLostError:
            self.close()
            return
        for member, values in arrived:
            self._handle(member, values)

    def close(self) -> None:
        """Hang up; notifications that are shown stay, but no longer answer."""
        if self._bus is not None:
            self._bus.close()
        self._bus = self._server = None
        self._forget()

    def _connected(self) -> tuple[Bus, Server]:
        if self._bus is None:
            self._bus = _subscribed()
        if self._server is None:
            try:
                self._server = ask_server(self._bus)
            except BusLostError:
                self.close()
                raise
        return self._bus, self._server

    def _notify(self, bus: Bus, server: Server, notification: Notification) -> int:
        escaped = html.escape(notification.body, quote=False)
        critical = notification.urgency == Urgency.CRITICAL
        arguments = (
            APP_NAME,
            self._open.get(notification.key, 0),
            self._icon,
            notification.title,
            escaped if "body-markup" in server.capabilities else notification.body,
            _actions(notification) if "actions" in server.capabilities else [],
            {
                "urgency": ("y", int(notification.urgency)),
                "category": ("s", _CATEGORY),
                "desktop-entry": ("s", APP_ID),
            },
            _NEVER if critical else _SERVER_DEFAULT,
        )
        (identifier,) = self._call(bus, "Notify", "susssasa{sv}i", arguments)
        return int(identifier)

    def _call(self, bus: Bus, member: str, signature: str, body: tuple[Any, ...]) -> Any:
        try:
            return bus.call(SERVICE, _PATH, member, signature, body)
        except BusLostError:
            self.close()
            raise

    def _handle(self, member: str, values: tuple[Any, ...]) -> None:
        match member, values:
            case "ActionInvoked", (int(identifier), str(action)) if identifier in self._keys:
                # "default" is a click on the notification itself.
                chosen = Action.SHOW.value if action == "default" else action
                if self._on_action is not None:
                    self._on_action(self._keys[identifier], chosen)
            case "NotificationClosed", (int(identifier), _):
                # Some servers close before they tell the action, so the key is remembered.
                key = self._keys.get(identifier)
                if key is not None and self._open.get(key) == identifier:
                    del self._open[key]
            case "NameOwnerChanged", (str(name), _, _) if name == SERVICE:
                # A new server gives its identifiers anew: an old one may now be another application's notification.
                self._server = None
                self._forget()

    def _forget(self) -> None:
        self._open.clear()
        self._keys.clear()


def ask_server(bus: Bus) -> Server:
    """Ask who draws the notifications, which starts the service where the bus can; raise NotifyError without one."""
    if not bus.reaches(SERVICE):
        raise NotifyError("no notification service runs on the session bus")
    name, *_ = bus.call(SERVICE, _PATH, "GetServerInformation")
    (capabilities,) = bus.call(SERVICE, _PATH, "GetCapabilities")
    return Server(name, frozenset(capabilities))


def _subscribed() -> Bus:
    bus = Bus()
    try:
        bus.subscribe(SERVICE, SERVICE)
        bus.subscribe_owner(SERVICE)
    except NotifyError:
        bus.close()
        raise
    return bus


def _actions(notification: Notification) -> list[str]:
    pairs = [(action.value, action.label) for action in notification.actions]
    if Action.SHOW in notification.actions:
        pairs.insert(0, ("default", Action.SHOW.label))
    return [text for pair in pairs for text in pair]


def _forget_oldest(remembered: dict[Any, Any]) -> None:
    while len(remembered) > _REMEMBERED:
        del remembered[next(iter(remembered))]
