"""The session bus, spoken with jeepney (QtDBus cannot send uint32), with failures told in sentences.

jeepney is imported when a connection is opened.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crackseg_desktop.notify.notifier import NotifyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jeepney import MatchRule
    from jeepney.io.blocking import DBusConnection

REPLY_SECONDS = 5.0

_BUS = "org.freedesktop.DBus"
_BUS_PATH = "/org/freedesktop/DBus"
_SIGNALS_KEPT = 256


class BusLostError(NotifyError):
    """The connection is gone, not only the call."""


class Bus:
    """A connection to the session bus that turns every failure into NotifyError; belongs to one thread."""

    def __init__(self) -> None:
        self._connection = _open(session_bus_address())
        # A bus that no longer reads must not hold a send for ever.
        self._connection.sock.settimeout(REPLY_SECONDS)
        self._signals: deque[Any] = deque(maxlen=_SIGNALS_KEPT)

    def call(
        self,
        service: str,
        path: str,
        member: str,
        signature: str | None = None,
        body: tuple[Any, ...] = (),
        interface: str | None = None,
    ) -> Any:
        """Call a method of an interface, by default that named like its service, and return the values of its reply."""
        from jeepney import DBusAddress, DBusErrorResponse, new_method_call
        from jeepney.wrappers import unwrap_msg

        message = new_method_call(DBusAddress(path, service, interface or service), member, signature, body)
        try:
            return unwrap_msg(self._connection.send_and_get_reply(message, timeout=REPLY_SECONDS))
        except DBusErrorResponse as error:
            raise NotifyError(f"{member} was answered with {error.name}: {_first(error.data)}") from error
        except TimeoutError as error:
            raise NotifyError(f"{member} was not answered within {REPLY_SECONDS:.0f} s") from error
        except OSError as error:
            raise BusLostError(f"the session bus hung up ({error})") from error

    def subscribe(self, service: str, interface: str) -> None:
        """Receive the signals of a service's interface from now on."""
        from jeepney import MatchRule

        self._receive(MatchRule(type="signal", sender=service, interface=interface))
        # On arrival a signal carries the unique name of its sender, so this side cannot match by the service's name.
        self._connection.filter(MatchRule(type="signal", interface=interface), queue=self._signals)

    def subscribe_owner(self, service: str) -> None:
        """Receive NameOwnerChanged(name, old, new) from now on when another process takes over a service."""
        from jeepney import MatchRule

        changed = MatchRule(type="signal", sender=_BUS, interface=_BUS, member="NameOwnerChanged")
        changed.add_arg_condition(0, service)
        self._receive(changed)
        self._connection.filter(changed, queue=self._signals)

    def _receive(self, rule: MatchRule) -> None:
        self.call(_BUS, _BUS_PATH, "AddMatch", "s", (rule.serialise(),))

    def signals(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield the member and the values of each signal that has arrived, without waiting."""
        from jeepney.low_level import HeaderFields

        try:
            while True:
                self._connection.recv_messages(timeout=0)
        except TimeoutError:
            pass
        except OSError as error:
            raise BusLostError(f"the session bus hung up ({error})") from error
        while self._signals:
            message = self._signals.popleft()
            yield message.header.fields[HeaderFields.member], message.body

    def reaches(self, service: str) -> bool:
        """Say whether somebody owns the name, or the bus can start somebody who will."""
        (owned,) = self.call(_BUS, _BUS_PATH, "NameHasOwner", "s", (service,))
        if owned:
            return True
        (startable,) = self.call(_BUS, _BUS_PATH, "ListActivatableNames")
        return service in startable

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._connection.sock.fileno()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def session_bus_address() -> str:
    """Return the address of the session bus: from the environment, else systemd's in the runtime directory."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    if address:
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime, "bus").exists():
        return f"unix:path={runtime}/bus"
    raise NotifyError("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)")


def _open(address: str) -> DBusConnection:
    try:
        from jeepney.bus import get_bus
        from jeepney.io.blocking import prep_socket
    except ImportError as error:
        raise NotifyError("jeepney, which speaks to the session bus, is not installed") from error
    try:
        return _greet(prep_socket(get_bus(address)))
    except (OSError, ValueError, RuntimeError, StopIteration) as error:
        raise NotifyError(f"the session bus cannot be reached ({error})") from error
    except Exception as error:
        # jeepney's AuthenticationError and DBusErrorResponse have no base of their own.
        raise NotifyError(f"the session bus refused the connection ({error})") from error


def _greet(sock: socket.socket) -> DBusConnection:
    """Say Hello, for which jeepney would wait for ever: past the time the socket is shut down under it."""
    from jeepney.io.blocking import DBusConnection

    watchdog = threading.Timer(REPLY_SECONDS, sock.shutdown, (socket.SHUT_RDWR,))
    watchdog.daemon = True
    watchdog.start()
    try:
        return DBusConnection(sock)
    except BaseException:
        sock.close()
        raise
    finally:
        watchdog.cancel()
        watchdog.join()


def _first(data: Any) -> str:
    return str(data[0]) if data else "no reason given"
