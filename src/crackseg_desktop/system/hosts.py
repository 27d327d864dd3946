"""Whether the hosts that the settings name can be reached: one thread each, since a resolver may hang for long.

``NAME:PORT`` must take a connection on that port. Of a bare name any answer on one of the usual ports will do, a
refusal too: somebody is there to refuse.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from crackseg_desktop.readings import HostAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crackseg_desktop.clock import Clock

DEADLINE_SECONDS = 3.0
_USUAL_PORTS = (22, 445, 2049, 443, 80)


class HostWatch:
    """Tries to reach each host now and then. ``publish`` is called in the threads of the hosts."""

    def __init__(
        self,
        hosts: Sequence[str],
        publish: Callable[[HostAnswer], None],
        clock: Clock,
        interval: float = 30.0,
        reach: Callable[[str], str | None] | None = None,
    ) -> None:
        self._publish, self._clock, self._interval = publish, clock, interval
        self._reach = reach_host if reach is None else reach
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(host,), name=f"host-{host}", daemon=True)
            for host in dict.fromkeys(hosts)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Ask the threads to end; one that waits for an answer is left, and ends after it."""
        self._stopping.set()

    def _watch(self, host: str) -> None:
        since: float | None = None
        while not self._stopping.is_set():
            began = self._clock.time()
            reason = self._reach(host)
            since = None if reason is None else began if since is None else since
            if not self._stopping.is_set():
                self._publish(HostAnswer(host, since, reason or ""))
            self._stopping.wait(self._interval)


def reach_host(host: str, deadline: float = DEADLINE_SECONDS) -> str | None:
    """Return None where a host answers, else why not; takes the deadline (seconds) and what the resolver takes."""
    name, port = split_host(host)
    try:
        address = socket.getaddrinfo(name, port or _USUAL_PORTS[0], type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, UnicodeError) as error:
        return f"its name cannot be resolved: {getattr(error, 'strerror', None) or error}"
    ports = (port,) if port is not None else _USUAL_PORTS
    reason = ""
    for candidate in ports:
        try:
            with socket.create_connection((str(address), candidate), timeout=deadline / len(ports)):
                return None
        except ConnectionRefusedError as error:
            if port is None:
                return None
            reason = error.strerror or str(error)
        except OSError as error:
            reason = error.strerror or str(error)
    return reason


def split_host(host: str) -> tuple[str, int | None]:
    """Return name and port of ``NAME``, ``NAME:PORT`` or ``[ADDRESS]:PORT``."""
    if host.startswith("[") and "]" in host:
        name, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    elif host.count(":") == 1:
        name, _, port = host.partition(":")
    else:
        name, port = host, ""
    return name, int(port) if port.isdigit() and int(port) < 1 << 16 else None
