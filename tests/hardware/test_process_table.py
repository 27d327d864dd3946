"""All processes: from a made-up /proc, from this machine, and as rows."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.hardware.process_counts import Counted, Identity, PortableLook, process_look
from crackseg_desktop.hardware.process_table import ProcessTableSource
from crackseg_desktop.hardware.socket_bytes import Connection, TcpTraffic
from crackseg_desktop.readings import Part, ProcessRow, Tier

if TYPE_CHECKING:
    from pathlib import Path

FAST = frozenset({Tier.FAST})
TRAIN = Identity(7, 1, 1000.0, "python", ("python", "train.py"), "me", own=True, container=None)
FOREIGN = Identity(8, 1, 1000.0, "Xorg", ("Xorg",), "root", own=False, container=None)


class Table:
    """A source over processes that the test sets."""

    def __init__(self, traffic: TcpTraffic | None = None, *, network: bool = False) -> None:
        self.now = 100.0
        self.processes = [
            Counted(TRAIN, "running", 4, 500, 10.0, 1000, 2000),
            Counted(FOREIGN, "sleeping", 2, 300, 5.0),
        ]
        self.source = ProcessTableSource(lambda: self.now, lambda: self.processes, traffic, (0.0, 0.0))
        self.source.show(True, network=network)

    def read(self) -> tuple[ProcessRow, ...]:
        self.now += 2.0
        table = self.source.read(FAST).table
        assert table is not None
        return table


def test_that_nothing_is_read_while_nobody_looks() -> None:
    looks: list[int] = []

    def look() -> list[Counted]:
        looks.append(1)
        return []

    source = ProcessTableSource(look=look)
    assert source.read(FAST) == Part()
    source.show(True)
    assert source.read(FAST).table == ()
    source.show(False)
    assert source.read(FAST).table is None
    assert len(looks) == 1


def test_that_it_looks_twice_at_once_and_then_now_and_then() -> None:
    seconds, looks = [0.0], []

    def look() -> list[Counted]:
        looks.append(seconds[0])
        return []

    source = ProcessTableSource(lambda: seconds[0], look, periods=(2.0, 5.0))
    source.show(True)
    told = []
    for second in range(8):
        seconds[0] = float(second)
        told.append(source.read(FAST))
    assert looks == [0.0, 1.0, 6.0]
    assert told[5] is told[1]
    assert told[7] is told[6]


def test_that_shares_and_rates_need_two_looks() -> None:
    table = Table()
    training, _ = table.read()
    assert training.cpu_ratio is None
    assert training.unavailable["cpu_ratio"] == "a rate needs two readings"
    table.processes[0] = replace(table.processes[0], cpu_seconds=13.0, read_bytes=5000, written_bytes=2000)
    training, _ = table.read()
    assert (training.cpu_ratio, training.read_bytes_per_second, training.written_bytes_per_second) == (1.5, 2000.0, 0.0)
    assert training.memory_bytes == 500
    assert set(training.unavailable) == {"received_bytes_per_second", "sent_bytes_per_second"}


def test_that_what_is_not_told_of_others_has_its_reason() -> None:
    table = Table()
    table.read()
    other = table.read()[1]
    assert other.cpu_ratio == 0.0
    assert other.read_bytes_per_second is None
    assert other.unavailable["read_bytes_per_second"].startswith("the system tells it of a user's own")


def test_that_another_process_with_the_pid_begins_anew() -> None:
    table = Table()
    table.read()
    table.processes[0] = replace(table.processes[0], who=TRAIN._replace(started=2000.0), cpu_seconds=90.0)
    assert table.read()[0].cpu_ratio is None


def test_that_after_a_gap_rates_begin_anew() -> None:
    table = Table()
    table.read()
    table.source.resumed()
    assert table.read()[0].cpu_ratio is None


def test_that_network_traffic_is_told_of_own_processes_when_asked() -> None:
    connections = [Connection(55, 0, 0)]
    traffic = TcpTraffic(lambda: list(connections), lambda pid: iter([55] if pid == 7 else []))
    table = Table(traffic, network=True)
    assert table.read()[0].unavailable["received_bytes_per_second"] == "a rate needs two readings"
    connections[:] = [Connection(55, 4000, 1000)]
    training, other = table.read()
    assert (training.received_bytes_per_second, training.sent_bytes_per_second) == (2000.0, 500.0)
    assert other.received_bytes_per_second is None
    connections.clear()
    assert table.read()[0].received_bytes_per_second == 0.0


def test_that_a_missing_package_is_the_reason() -> None:
    def missing() -> list[Connection]:
        raise ImportError("it needs the package pyroute2")

    table = Table(TcpTraffic(missing), network=True)
    assert table.read()[0].unavailable["sent_bytes_per_second"] == "it needs the package pyroute2"


def test_that_this_machine_is_read_alike_by_both_ways() -> None:
    for look in (process_look(), PortableLook()):
        found = next(item for item in look() if item.who.pid == os.getpid())
        assert found.who.parent == os.getppid()
        assert found.who.own
        assert found.who.user
        assert found.memory_bytes is not None
        assert found.memory_bytes > 5e6
        assert found.cpu_seconds is not None
        assert found.cpu_seconds > 0


if sys.platform == "linux":
    from crackseg_desktop.hardware.process_counts import LinuxLook

    STAT = "{pid} ({name}) {state} {parent} 0 0 0 -1 0 1 0 0 0 {ticks} 0 0 0 20 0 3 0 {started} 1000 25 0\n"

    def put(proc: Path, pid: int, name: str = "python", parent: int = 1, ticks: int = 0, started: int = 500) -> Path:
        folder = proc / str(pid)
        folder.mkdir(exist_ok=True)
        text = STAT.format(pid=pid, name=name, state="S", parent=parent, ticks=ticks, started=started)
        (folder / "stat").write_text(text)
        (folder / "cmdline").write_bytes(f"{name}\0train.py\0".encode())
        (folder / "cgroup").write_text("0::/lxc/lab\n")
        (folder / "io").write_text("read_bytes: 100\nwrite_bytes: 50\ncancelled_write_bytes: 20\n")
        return folder

    @pytest.fixture
    def proc(tmp_path: Path) -> Path:
        (tmp_path / "stat").write_text("cpu 1 2\nbtime 1700000000\n")
        (tmp_path / "meminfo").write_text("")
        return tmp_path

    def test_that_a_process_is_read_from_proc(proc: Path) -> None:
        put(proc, 42, ticks=os.sysconf("SC_CLK_TCK") * 3)
        (found,) = LinuxLook(str(proc))()
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        assert found.who[:5] == (42, 1, 1700000000 + 500 / tick, "python", ("python", "train.py"))
        assert (found.who.own, found.who.container) == (True, "lxc lab")
        assert (found.state, found.threads, found.memory_bytes, found.cpu_seconds) == ("sleeping", 3, 25 * page, 3.0)
        assert (found.read_bytes, found.written_bytes) == (100, 30)

    def test_that_threads_of_the_kernel_and_what_ends_meanwhile_are_left_out(proc: Path) -> None:
        put(proc, 2, "kthreadd", parent=0)
        put(proc, 30, "kworker", parent=2)
        (put(proc, 42) / "cgroup").unlink()
        (proc / "43").mkdir()
        assert LinuxLook(str(proc))() == []

    def test_that_who_a_process_is_is_read_again_when_it_runs_another_program(proc: Path) -> None:
        look = LinuxLook(str(proc))
        put(proc, 42, "bash")
        assert look()[0].who.command == ("bash", "train.py")
        put(proc, 42, "python")
        assert look()[0].who.command == ("python", "train.py")

    def test_that_the_parent_of_an_orphan_is_its_new_one(proc: Path) -> None:
        look = LinuxLook(str(proc))
        put(proc, 42, parent=40)
        look()
        put(proc, 42, parent=1)
        assert look()[0].who.parent == 1
