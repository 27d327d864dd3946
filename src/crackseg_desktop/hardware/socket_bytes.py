"""The TCP bytes of each process (Linux), from the kernel's socket diagnostics.

The kernel tells the bytes of each open connection, and /proc whose it is, of the processes of this user. What is
missing: UDP (and so QUIC), connections that begin and end between two looks, those of other users' processes, and
those of containers with a network of their own. Connections of this machine with itself are left out, as no network
carries them.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from crackseg_desktop.hardware import procfs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MISSING = "it needs the package pyroute2"
_ONLY_LINUX = "only Linux tells it without administrator rights"
_ESTABLISHED = 1 << 1
_WITH_TCP_INFO = 1 << 1  # of the extensions, the one numbered INET_DIAG_INFO
_OWNERS_SECONDS = 5.0
"""So long a connection of an unknown process waits until the files of all processes are looked through again."""


class Traffic(NamedTuple):
    """Bytes received and sent per second."""

    received: float
    sent: float


class Connection(NamedTuple):
    """One open TCP connection: the inode of its socket, and bytes received and acknowledged since it was opened."""

    inode: int
    received: int
    sent: int


class TcpTraffic:
    """Tells how much each process receives and sends. Belongs to one thread.

    Args:
        connections: returns all open connections; raises ImportError or OSError with the reason.
        inodes: yields the inodes of a process's sockets.
    """

    def __init__(
        self,
        connections: Callable[[], list[Connection]] | None = None,
        inodes: Callable[[int], Iterator[int]] = procfs.socket_inodes,
    ) -> None:
        self._given, self._inodes = connections, inodes
        self._diagnostics: Diagnostics | None = None
        self._owners: dict[int, int] = {}
        self._owners_due = float("-inf")
        self._before: dict[int, Connection] = {}
        self._looked: float | None = None

    def read(self, pids: Iterable[int], now: float) -> dict[int, Traffic] | None:
        """Return the traffic since the last call of those of these processes that have connections; None at the first.

        ``now`` is monotonic seconds. Raises OSError or ImportError with the reason why it is not to be had.
        """
        connections = {item.inode: item for item in self._connections()}
        if now >= self._owners_due and not connections.keys() <= self._owners.keys():
            self._owners_due = now + _OWNERS_SECONDS
            self._owners = {inode: pid for pid in pids for inode in self._inodes(pid)}
        looked, before = self._looked, self._before
        self._looked, self._before = now, connections
        if looked is None or now <= looked:
            return None
        passed = now - looked
        sums: dict[int, Traffic] = {}
        for inode, item in connections.items():
            earlier, pid = before.get(inode, Connection(inode, 0, 0)), self._owners.get(inode)
            if pid is None:
                continue
            received, sent = sums.get(pid, Traffic(0.0, 0.0))
            sums[pid] = Traffic(
                received + max(0, item.received - earlier.received) / passed,
                sent + max(0, item.sent - earlier.sent) / passed,
            )
        return sums

    def close(self) -> None:
        """Forget what was seen, and give the kernel's socket back; ``read`` opens it anew."""
        self._before, self._looked = {}, None
        self._owners, self._owners_due = {}, float("-inf")
        if self._diagnostics is not None:
            self._diagnostics.close()
            self._diagnostics = None

    def _connections(self) -> list[Connection]:
        if self._given is not None:
            return self._given()
        if self._diagnostics is None:
            self._diagnostics = Diagnostics()
        return self._diagnostics.connections()


class Diagnostics:
    """The kernel's socket that tells of the others.

    Raises OSError or ImportError with the reason where there is none.
    """

    def __init__(self) -> None:
        self._socket = _diagnostic_socket()

    def connections(self) -> list[Connection]:
        """Return the open connections with other machines."""
        families = (socket.AF_INET, socket.AF_INET6)
        told = (self._ask(family) for family in families)
        return [item for messages in told for message in messages if (item := connection_of(message)) is not None]

    def close(self) -> None:
        """Give it back."""
        self._socket.close()

    def _ask(self, family: int) -> Any:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            return self._socket.get_sock_stats(family=family, states=_ESTABLISHED, extensions=_WITH_TCP_INFO)
        except NetlinkError as error:
            msg = f"the kernel does not tell: {error}"
            raise OSError(msg) from error


def _diagnostic_socket() -> Any:
    if sys.platform != "linux":
        raise OSError(_ONLY_LINUX)
    try:
        from pyroute2 import DiagSocket
    except ImportError as error:
        raise ImportError(_MISSING) from error
    found = DiagSocket()
    found.bind()
    return found


def connection_of(message: Any) -> Connection | None:
    """Return the connection that a message of the kernel tells of; None where it is with this machine itself."""
    here, there = message["idiag_src"], message["idiag_dst"]
    info = message.get_attr("INET_DIAG_INFO")
    if here == there or there.startswith("127.") or info is None or "tcpi_bytes_received" not in info:
        return None
    return Connection(message["idiag_inode"], info["tcpi_bytes_received"], info["tcpi_bytes_acked"])
