"""A private session bus without services, and a notification server as strict as the real ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SERVICE = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"

_SIGNATURES = {
    "GetServerInformation": "",
    "GetCapabilities": "",
    "Notify": "susssasa{sv}i",
    "CloseNotification": "u",
}

_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass(slots=True)
class SessionBus:
    """A running bus daemon."""

    address: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End the daemon as a crash would."""
        self.process.kill()
        self.process.wait(5)


@pytest.fixture
def session_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    """Start a session bus of its own and put this process on it."""
    if sys.platform != "linux":
        pytest.skip("D-Bus notifications are for Linux")
    if shutil.which("dbus-daemon") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("missing Debian package: dbus")
    config = tmp_path / "bus.conf"
    config.write_text(_BUS_CONFIG.format(folder=tmp_path), encoding="utf-8")
    reading, writing = os.pipe()
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", f"--print-address={writing}"]
    process = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        address = told.readline().strip()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    bus = SessionBus(address, process)
    yield bus
    bus.kill()


@dataclass(slots=True)
class StrictServer:
    """A notification server that answers a call of the wrong type with an error, as GDBus does."""

    address: str
    capabilities: tuple[str, ...] = ("body", "body-markup", "actions")
    answering: bool = True
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _given: int = 0
    _connection: Any = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Take the name on the bus and serve in a thread."""
        from jeepney.bus_messages import message_bus
        from jeepney.io.blocking import open_dbus_connection
        from jeepney.wrappers import unwrap_msg

        self._connection = open_dbus_connection(self.address)
        unwrap_msg(self._connection.send_and_get_reply(message_bus.RequestName(SERVICE)))
        self._thread = threading.Thread(target=self._serve, name="strict server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave the bus."""
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        assert self._thread is not None
        if self._thread.is_alive():
            try:
                with open_dbus_connection(self.address) as other:
                    other.send(new_method_call(DBusAddress(PATH, SERVICE, SERVICE), "Quit"))
            except OSError:
                pass  # The bus is gone, which ends the server too.
        self._thread.join(5)
        assert not self._thread.is_alive()
        self._connection.close()

    def notified(self) -> list[tuple[Any, ...]]:
        """Return the arguments of each Notify call: app, replaces, icon, summary, body, actions, hints, timeout."""
        return [body for member, body in self.calls if member == "Notify"]

    def members(self) -> list[str]:
        """Return the names of the methods called."""
        return [member for member, _ in self.calls]

    def emit(self, member: str, signature: str, *values: Any) -> None:
        """Send a signal to everybody."""
        from jeepney import DBusAddress
        from jeepney.wrappers import new_signal

        self._connection.send(new_signal(DBusAddress(PATH, SERVICE, SERVICE), member, signature, values))

    def _serve(self) -> None:
        from jeepney.low_level import HeaderFields, MessageType

        while True:
            try:
                message = self._connection.receive()
            except OSError:
                return
            if message.header.message_type != MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            if member == "Quit":
                return
            self._handle(message, member, message.header.fields.get(HeaderFields.signature, ""))

    def _handle(self, message: Any, member: str, signature: str) -> None:
        from jeepney.wrappers import new_error, new_method_return

        self.calls.append((member, message.body))
        if not self.answering:
            return
        if signature != _SIGNATURES.get(member):
            self.refused.append(f"{member}({signature})")
            words = f"Type of message ({signature}) does not match expected type ({_SIGNATURES.get(member)})"
            error = new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", "s", (words,))
            self._connection.send(error)
            return
        self._connection.send(new_method_return(message, *self._answer(member, message.body)))

    def _answer(self, member: str, body: tuple[Any, ...]) -> tuple[Any, ...]:
        match member:
            case "GetServerInformation":
                return "ssss", ("strict", "test", "1", "1.2")
            case "GetCapabilities":
                return "as", (list(self.capabilities),)
            case "Notify":
                self._given = body[1] or self._given + 1
                return "u", (self._given,)
            case _:
                return ()


@pytest.fixture
def start_server(session_bus: SessionBus) -> Iterator[Callable[..., StrictServer]]:
    """Return a function that starts a strict server with the capabilities given."""
    started: list[StrictServer] = []

    def start(*capabilities: str) -> StrictServer:
        server = StrictServer(session_bus.address, capabilities or ("body", "body-markup", "actions"))
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(start_server: Callable[..., StrictServer]) -> StrictServer:
    """Return a strict server that can do what most can."""
    return start_server()
