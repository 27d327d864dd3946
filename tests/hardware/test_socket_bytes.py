"""TCP bytes of processes, from connections that the test makes up and, where pyroute2 is, from the kernel."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.hardware.socket_bytes import Connection, TcpTraffic, Traffic, connection_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kernel:
    """Connections and their owners; counts how often all files are looked through."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.owners: dict[int, list[int]] = {}
        self.looks = 0
        self.traffic = TcpTraffic(lambda: list(self.connections), self.inodes)

    def inodes(self, pid: int) -> Iterator[int]:
        self.looks += 1
        return iter(self.owners.get(pid, []))


def test_that_a_process_has_the_sum_of_its_connections() -> None:
    kernel = Kernel()
    kernel.owners = {7: [1, 2], 8: [3]}
    kernel.connections = [Connection(1, 100, 0), Connection(2, 0, 0), Connection(3, 0, 0)]
    assert kernel.traffic.read([7, 8], 10.0) is None
    kernel.connections = [Connection(1, 300, 40), Connection(2, 200, 0), Connection(3, 0, 0)]
    assert kernel.traffic.read([7, 8], 12.0) == {7: Traffic(200.0, 20.0), 8: Traffic(0.0, 0.0)}


def test_that_a_new_connection_counts_from_its_beginning() -> None:
    kernel = Kernel()
    kernel.owners = {7: [1]}
    kernel.traffic.read([7], 10.0)
    kernel.connections = [Connection(1, 500, 0)]
    assert kernel.traffic.read([7], 20.0) == {7: Traffic(50.0, 0.0)}


def test_that_all_files_are_looked_through_only_for_what_is_unknown_and_not_too_often() -> None:
    kernel = Kernel()
    kernel.owners = {7: [1]}
    kernel.connections = [Connection(1, 0, 0)]
    for now in (10.0, 16.0, 22.0):
        kernel.traffic.read([7], now)
    assert kernel.looks == 1
    kernel.connections.append(Connection(2, 0, 0))
    for now in (23.0, 24.0, 25.0, 27.0, 28.5):
        kernel.traffic.read([7], now)
    assert kernel.looks == 3


def test_that_after_closing_it_begins_anew() -> None:
    kernel = Kernel()
    kernel.traffic.read([], 10.0)
    kernel.traffic.close()
    assert kernel.traffic.read([], 11.0) is None


class Message(dict[str, Any]):
    """What pyroute2 returns."""

    def get_attr(self, name: str) -> Any:
        return self.get(name)


@pytest.mark.parametrize(
    ("here", "there", "counts"),
    [("10.0.0.2", "1.1.1.1", True), ("127.0.0.1", "127.0.0.1", False), ("::1", "::1", False)],
)
def test_that_connections_of_the_machine_with_itself_are_left_out(here: str, there: str, counts: bool) -> None:
    info = {"tcpi_bytes_received": 5, "tcpi_bytes_acked": 3}
    message = Message(idiag_src=here, idiag_dst=there, idiag_inode=9, INET_DIAG_INFO=info)
    assert connection_of(message) == (Connection(9, 5, 3) if counts else None)
    assert connection_of(Message(message, INET_DIAG_INFO=None)) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_that_the_kernel_answers() -> None:
    pytest.importorskip("pyroute2")
    traffic = TcpTraffic()
    try:
        assert traffic.read([os.getpid()], 1.0) is None
        assert traffic.read([os.getpid()], 2.0) is not None
    finally:
        traffic.close()


@pytest.mark.skipif(sys.platform == "linux", reason="Linux tells it")
def test_that_another_system_says_why_not() -> None:
    with pytest.raises(OSError, match="only Linux tells it"):
        TcpTraffic().read([], 1.0)
