"""A real X11 desktop on a virtual screen: window manager, panel with a tray, notification server, session bus.

Everything is private (display, bus, XDG folders) and ends with its user: a test session, or a benchmark.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SCREEN = (1600, 1000)
PANEL_HEIGHT = 32
NOTIFICATIONS = "org.freedesktop.Notifications"
TRAY_WATCHER = "org.kde.StatusNotifierWatcher"

_DEBIAN_PACKAGES = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xfce4-panel": "xfce4-panel",
    "dunst": "dunst",
    "dbus-daemon": "dbus",
    "dbus-monitor": "dbus",
    "xdotool": "xdotool",
    "import": "imagemagick",
    "convert": "imagemagick",
    "notify-send": "libnotify-bin",
}

# One panel along the upper edge with nothing but the tray, so that what is drawn on it are tray icons.
_PANEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="{PANEL_HEIGHT}"/>
      <property name="background-style" type="uint" value="1"/>
      <property name="background-rgba" type="array">
        <value type="double" value="0.2"/>
        <value type="double" value="0.2"/>
        <value type="double" value="0.2"/>
        <value type="double" value="1"/>
      </property>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
      <property name="hide-new-items" type="bool" value="false"/>
    </property>
  </property>
</channel>
"""


@dataclass(frozen=True, slots=True)
class SeenNotification:
    """A Notify call as it went over the bus, and the identifier that the server answered."""

    signature: str
    sender: str
    app_name: str
    replaces_id: int
    icon: str
    summary: str
    body: str
    actions: tuple[str, ...]
    hints: dict[str, Any]
    timeout: int
    identifier: int | None

    @property
    def urgency(self) -> int | None:
        """Return the urgency byte, or None where there is none or it is no byte."""
        kind, value = self.hints.get("urgency", ("", None))
        return value if kind == "y" else None


@dataclass(slots=True)
class Desktop:
    """The running desktop; ``env`` is for child processes, ``folder`` for what they write."""

    env: dict[str, str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    forgotten: int = 0

    def spawn(
        self, *command: str, log: str, env: Mapping[str, str] | None = None, pass_fds: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a process on the desktop, in a group of its own, that ends with it or by ``end``.

        ``env`` adds to the desktop's; what it prints goes to the file ``log`` in ``folder``.
        """
        with (self.folder / log).open("wb") as output:
            process = subprocess.Popen(
                command,
                env=self.env | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        self.processes.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End a process and its children, by force after 5 s."""
        self.processes.remove(process)
        _end_group(process)

    def run(self, *command: str, timeout: float = 15.0) -> str:
        """Run a command on the desktop and return what it prints."""
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    def screenshot(self, path: Path) -> Path:
        """Write a picture of the whole screen."""
        self.run("import", "-window", "root", str(path))
        return path

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Click with the mouse at a point of the screen."""
        # Without --sync: it waits for ever where the pointer is there already.
        self.run("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def windows(self, name: str) -> list[int]:
        """Return the visible windows whose title matches a regular expression."""
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", name],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
        )
        return [int(line) for line in found.stdout.split()]

    def find_window(self, name: str, timeout: float = 15.0) -> int:
        """Return the first visible window whose title matches, once there is one."""
        return int(wait_for(lambda: self.windows(name), f"a window named {name!r}", timeout)[0])

    def geometry(self, window: int) -> tuple[int, int, int, int]:
        """Return x, y, width and height of a window on the screen."""
        told = self.run("xdotool", "getwindowgeometry", "--shell", str(window))
        values = dict(re.findall(r"^(\w+)=(-?\d+)$", told, re.MULTILINE))
        return int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"])

    def notifications(self) -> list[SeenNotification]:
        """Return every Notify call so far, but for what was forgotten, as the bus carried it."""
        messages = self.recorded()
        replies = {
            (message.header.fields.get(_DESTINATION), message.header.fields.get(_REPLY_SERIAL)): message.body
            for message in messages
            if message.header.message_type.name == "method_return"
        }
        return [_seen(message, replies) for message in messages if _is_call(message, "Notify")][self.forgotten :]

    def forget_notifications(self) -> None:
        """Leave out of ``notifications`` what there has been so far: another test may have had the same words."""
        self.forgotten += len(self.notifications())

    def wait_for_notification(
        self, wanted: Callable[[SeenNotification], bool], timeout: float = 15.0
    ) -> SeenNotification:
        """Return the first notification that fits and that the server has answered, once there is one."""

        def answered() -> list[SeenNotification]:
            return [seen for seen in self.notifications() if seen.identifier is not None and wanted(seen)]

        found: list[SeenNotification] = wait_for(answered, "a notification", timeout)
        return found[0]

    def withdrawn(self) -> list[int]:
        """Return the identifiers of every CloseNotification call so far."""
        return [message.body[0] for message in self.recorded() if _is_call(message, "CloseNotification")]

    def press(self, seen: SeenNotification, action: str) -> None:
        """Choose an action of a notification in the server's own menu, as a person does."""
        self._menu_choice.write_text(f"[{seen.identifier},{action}]", encoding="utf-8")
        self.run("dunstctl", "context")

    @property
    def _menu_choice(self) -> Path:
        return _menu_choice(Path(self.env["HOME"]))

    def tray_icons(self) -> int:
        """Return how many icons have registered with the panel's StatusNotifier tray."""
        items = self.ask(
            TRAY_WATCHER,
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            "ss",
            (TRAY_WATCHER, "RegisteredStatusNotifierItems"),
        )
        return len(items[0][1])

    def tray_icon(self, timeout: float = 20.0) -> tuple[int, int]:
        """Return the centre of what is drawn on the tray (the icon, where there is one), once it is there."""
        x, y, width, height = wait_for(lambda: self.tray_icons() and self._drawn_on_panel(), "a tray icon", timeout)
        return x + width // 2, y + height // 2

    def ask(
        self, service: str, path: str, interface: str, member: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> Any:
        """Call a method on the desktop's session bus."""
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.blocking import open_dbus_connection
        from jeepney.wrappers import unwrap_msg

        with open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"]) as connection:
            call = new_method_call(DBusAddress(path, service, interface), member, signature or None, body)
            return unwrap_msg(connection.send_and_get_reply(call, timeout=10))

    def has_service(self, name: str) -> bool:
        """Say whether somebody owns a name on the session bus."""
        bus = "org.freedesktop.DBus"
        return bool(self.ask(bus, "/org/freedesktop/DBus", bus, "NameHasOwner", "s", (name,))[0])

    def close(self) -> None:
        """End every process group, the last started first."""
        for process in reversed(self.processes[:]):
            self.end(process)

    def recorded(self) -> list[Any]:
        """Return every message to and from the notification server so far."""
        from jeepney.low_level import Parser

        parser, messages = Parser(), []
        parser.add_data((self.folder / "bus.record").read_bytes())
        while (message := parser.get_next_message()) is not None:
            messages.append(message)
        return messages

    def _drawn_on_panel(self) -> tuple[int, int, int, int] | None:
        picture = self.screenshot(self.folder / "panel.png")
        area = f"{SCREEN[0]}x{PANEL_HEIGHT - 4}+2+2"
        told = self.run("convert", str(picture), "-crop", area, "+repage", "-fuzz", "8%", "-format", "%@", "info:")
        width, height, x, y = (int(value) for value in re.findall(r"\d+", told))
        return (x + 2, y + 2, width, height) if 0 < width < SCREEN[0] // 2 and height > 4 else None


_DESTINATION, _REPLY_SERIAL = 6, 5
"""Header fields by their number in the D-Bus specification."""


def wait_for(condition: Callable[[], Any], what: str, timeout: float = 15.0) -> Any:
    """Return the first true value of a condition that only other processes change."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come within {timeout:.0f} s"
        time.sleep(0.05)


@contextmanager
def running_desktop(folder: Path) -> Iterator[Desktop]:
    """Start the desktop; what it writes goes below ``folder``. The programs it needs must be there."""
    home, written = folder / "home", folder / "desktop"
    home.mkdir(parents=True)
    written.mkdir()
    running = Desktop(_private_env(home), written)
    try:
        _start(running)
        yield running
    finally:
        running.close()


def missing_packages() -> list[str]:
    """Return the Debian packages of the programs that are missing."""
    return sorted({package for program, package in _DEBIAN_PACKAGES.items() if shutil.which(program) is None})


def _private_env(home: Path) -> dict[str, str]:
    folders = {
        "XDG_RUNTIME_DIR": home / "run",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
    }
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    _stand_in_for_menu(home)
    panel = home / "config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
    panel.parent.mkdir(parents=True)
    panel.write_text(_PANEL, encoding="utf-8")
    foreign = ("DBUS_", "XDG_", "WAYLAND_", "QT_", "DISPLAY", "SESSION_MANAGER")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return (
        env
        | {name: str(folder) for name, folder in folders.items()}
        | {
            "HOME": str(home),
            "XDG_CURRENT_DESKTOP": "XFCE",
            "GDK_BACKEND": "x11",
            "GIO_USE_VFS": "local",
            "NO_AT_BRIDGE": "1",
        }
    )


def _menu_choice(home: Path) -> Path:
    return home / "menu-choice"


def _stand_in_for_menu(home: Path) -> None:
    """Let the notification server's menu, a program that gets all buttons as lines, choose the one asked for."""
    menu, settings = home / "menu", home / "config/dunst/dunstrc"
    menu.write_text(f"#!/bin/sh\nexec grep -F -f {_menu_choice(home)}\n", encoding="utf-8")
    menu.chmod(0o755)
    settings.parent.mkdir()
    # What is replaced must still be there: what follows on a first word is gathered for ten seconds.
    settings.write_text(f"[global]\nmarkup = full\ndmenu = {menu}\n[urgency_normal]\ntimeout = 60\n", encoding="utf-8")


def _start(desktop: Desktop) -> None:
    desktop.env["DISPLAY"] = f":{_announced(desktop, 'Xvfb', '-displayfd', _FD, *_SCREEN_OPTIONS)}"
    bus = _announced(desktop, "dbus-daemon", "--session", "--nofork", "--nopidfile", f"--print-address={_FD}")
    desktop.env["DBUS_SESSION_BUS_ADDRESS"] = bus
    desktop.spawn("openbox", log="openbox.log")
    desktop.spawn("dunst", log="dunst.log")
    rules = f"interface='{NOTIFICATIONS}'", f"type='method_return',sender='{NOTIFICATIONS}'"
    wait_for(lambda: desktop.has_service(NOTIFICATIONS), "the notification server")
    desktop.spawn("dbus-monitor", "--binary", "--session", *rules, log="bus.record")
    desktop.spawn("xfce4-panel", "--disable-wm-check", log="panel.log")
    wait_for(lambda: _is_recording(desktop), "the record of the bus")
    wait_for(lambda: desktop.has_service(TRAY_WATCHER), "the tray", 30)


_FD = "{fd}"
_SCREEN_OPTIONS = ("-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24", "-nolisten", "tcp")


def _announced(desktop: Desktop, *command: str) -> str:
    """Start a server that tells its address on a descriptor, and return the address."""
    reading, writing = os.pipe()
    try:
        arguments = [part.replace(_FD, str(writing)) for part in command]
        desktop.spawn(*arguments, log=f"{command[0]}.log", pass_fds=(writing,))
    finally:
        os.close(writing)
    with os.fdopen(reading) as told:
        line = told.readline().strip()
    assert line, f"{command[0]} did not start: {(desktop.folder / f'{command[0]}.log').read_text()}"
    return line


def _is_recording(desktop: Desktop) -> bool:
    desktop.ask(NOTIFICATIONS, "/org/freedesktop/Notifications", NOTIFICATIONS, "GetServerInformation")
    return any(_is_call(message, "GetServerInformation") for message in desktop.recorded())


def _is_call(message: Any, member: str) -> bool:
    fields = {key.name: value for key, value in message.header.fields.items()}
    return message.header.message_type.name == "method_call" and fields.get("member") == member


def _seen(message: Any, replies: dict[tuple[Any, Any], Any]) -> SeenNotification:
    fields = {key.name: value for key, value in message.header.fields.items()}
    app_name, replaces_id, icon, summary, body, actions, hints, timeout = message.body
    reply = replies.get((fields["sender"], message.header.serial))
    return SeenNotification(
        signature=fields["signature"],
        sender=fields["sender"],
        app_name=app_name,
        replaces_id=replaces_id,
        icon=icon,
        summary=summary,
        body=body,
        actions=tuple(actions),
        hints=hints,
        timeout=timeout,
        identifier=reply[0] if reply else None,
    )


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        # The group outlives its leader: even an ended process may have left children.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
