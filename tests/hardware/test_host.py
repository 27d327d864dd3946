"""The machine that the tests run on: relations that hold on any, and counters that misbehave."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.hardware.cgroups import Limits
from crackseg_desktop.hardware.counters import Counters, DriveCount, disk_counters, network_counters
from crackseg_desktop.hardware.host import HostSource
from crackseg_desktop.hardware.sensors import SensorSource
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import HostReading, Reading, Tier
from crackseg_desktop.units import GIB

if TYPE_CHECKING:
    from collections.abc import Mapping

FAST = frozenset({Tier.FAST})
HOST_METRICS = {name for name in CATALOGUE if name.startswith("host_") and CATALOGUE[name].labels == ()}


class Machine:
    """A host source whose counters the test sets."""

    def __init__(self) -> None:
        self.now = 50.0
        self.disks: dict[str, DriveCount] = {}
        self.networks: Counters = {}
        self.source = HostSource(lambda: self.now, lambda: self.disks, self.network)
        self.refuses = False

    def network(self) -> Counters:
        if self.refuses:
            raise PermissionError
        return self.networks

    def read(self, disks: Mapping[str, tuple[int, int] | DriveCount], networks: Counters) -> HostReading:
        self.now += 2.0
        told = disks.items()
        self.disks = {name: it if isinstance(it, DriveCount) else DriveCount(*it) for name, it in told}
        self.networks = networks
        host = self.source.read(FAST).host
        assert host is not None
        return host


def read_twice() -> tuple[HostReading, Reading]:
    moments = iter((10.0, 11.0))
    source = HostSource(lambda: next(moments))
    source.read(FAST)
    part = source.read(FAST)
    assert part.host is not None
    assert part.own is not None
    return part.host, part.own


def test_that_every_figure_of_the_host_is_there_or_has_a_reason() -> None:
    host, _ = read_twice()
    sensed = SensorSource().read(frozenset({Tier.SLOW})).host
    assert sensed is not None
    told = [host.figures, host.unavailable, sensed.figures, sensed.unavailable]
    assert sorted(metric for part in told for metric in part) == sorted(HOST_METRICS)
    assert all([*host.unavailable.values(), *sensed.unavailable.values()])


def test_that_the_figures_of_the_host_fit_together() -> None:
    host, _ = read_twice()
    used, available = host.figures["host_memory_used_bytes"], host.figures["host_memory_available_bytes"]
    assert used + available == host.figures["host_memory_total_bytes"]
    assert host.figures["host_memory_used_ratio"] == pytest.approx(used / (used + available))
    assert 0 <= host.figures["host_cpu_used_ratio"] <= 1
    assert host.figures["host_cpu_threads"] == os.cpu_count()
    assert host.figures["host_swap_used_bytes"] >= 0
    assert host.hostname == socket.gethostname()
    assert host.labels == {}


def test_that_our_own_cost_is_told() -> None:
    _, own = read_twice()
    assert own.figures["self_memory_rss_bytes"] > 5e6
    assert own.figures["self_cpu_ratio"] >= 0


def test_that_the_first_reading_has_no_processor_share_and_no_rates() -> None:
    part = HostSource(lambda: 10.0).read(FAST)
    assert part.host is not None
    assert part.own is not None
    assert part.host.unavailable["host_cpu_used_ratio"] == "a rate needs two readings"
    assert "self_cpu_ratio" in part.own.unavailable
    assert "self_memory_rss_bytes" in part.own.figures


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no load average")
def test_that_the_load_is_told() -> None:
    host, _ = read_twice()
    assert host.figures["host_load1"] >= 0


def test_that_traffic_is_a_rate() -> None:
    machine = Machine()
    machine.read({"sda": (0, 0), "sdb": (100, 50)}, {"eth0": (10, 20)})
    host = machine.read({"sda": (400, 0), "sdb": (100, 90)}, {"eth0": (30, 120)})
    assert host.figures["host_disk_read_bytes_per_second"] == 200
    assert host.figures["host_disk_written_bytes_per_second"] == 20
    assert host.interfaces == (
        Reading(
            {"interface": "eth0"},
            {"host_network_receive_bytes_per_second": 10, "host_network_transmit_bytes_per_second": 50},
        ),
    )


def test_that_a_disk_that_vanishes_and_returns_makes_no_spike() -> None:
    machine = Machine()
    machine.read({"sda": (0, 0), "usb": (5000, 5000)}, {})
    assert machine.read({"sda": (20, 0)}, {}).figures["host_disk_read_bytes_per_second"] == 10
    assert machine.read({"sda": (20, 0), "usb": (0, 0)}, {}).figures["host_disk_read_bytes_per_second"] == 0


def test_that_counters_that_go_back_are_missing_once_and_never_negative() -> None:
    machine = Machine()
    machine.read({"sda": (100, 100)}, {"eth0": (1000, 1000)})
    host = machine.read({"sda": (0, 0)}, {"eth0": (10, 1010)})
    assert "host_disk_read_bytes_per_second" in host.unavailable
    assert host.interfaces[0].figures == {"host_network_transmit_bytes_per_second": 5}
    assert "host_network_receive_bytes_per_second" in host.interfaces[0].unavailable
    assert machine.read({"sda": (0, 8)}, {}).figures["host_disk_written_bytes_per_second"] == 4


def test_that_after_a_gap_rates_begin_anew() -> None:
    machine = Machine()
    machine.read({"sda": (0, 0)}, {"eth0": (0, 0)})
    machine.source.resumed()
    host = machine.read({"sda": (9999, 0)}, {"eth0": (9999, 0)})
    assert "host_disk_read_bytes_per_second" in host.unavailable
    assert "host_cpu_used_ratio" in host.unavailable
    assert host.interfaces[0].figures == {}


def test_that_counters_that_are_refused_leave_the_rest_alone() -> None:
    machine = Machine()
    machine.refuses = True
    host = machine.read({}, {})
    assert host.interfaces == ()
    assert host.unavailable["host_disk_read_bytes_per_second"] == "the system tells of no disk"
    assert host.figures["host_memory_total_bytes"] > 0


def test_that_loopback_and_stacked_disks_are_left_out() -> None:
    assert not {"lo", "lo0"} & network_counters().keys()
    assert not any(name.startswith(("dm-", "loop", "zram")) for name in disk_counters())


def test_that_a_drive_tells_how_busy_it_is_and_how_long_a_transfer_takes() -> None:
    machine = Machine()
    machine.read({"sda": DriveCount(0, 0, 100, 5.0, 10.0)}, {})
    (drive,) = machine.read({"sda": DriveCount(200, 400, 104, 6.0, 11.0)}, {}).drives
    assert drive == Reading(
        {"drive": "sda"},
        {
            "host_drive_read_bytes_per_second": 100,
            "host_drive_written_bytes_per_second": 200,
            "host_drive_busy_ratio": 0.5,
            "host_drive_latency_seconds": 0.25,
        },
    )


def test_that_an_idle_drive_has_no_latency_and_none_is_busier_than_always() -> None:
    machine = Machine()
    machine.read({"sda": DriveCount(0, 0, 100, 5.0, 10.0)}, {})
    (drive,) = machine.read({"sda": DriveCount(0, 0, 100, 5.0, 12.01)}, {}).drives
    assert drive.figures["host_drive_busy_ratio"] == 1.0
    assert drive.unavailable == {"host_drive_latency_seconds": "nothing was read or written"}


def test_that_a_system_that_does_not_tell_how_busy_a_drive_is_says_so() -> None:
    machine = Machine()
    machine.read({"disk0": DriveCount(0, 0, 1, 1.0)}, {})
    (drive,) = machine.read({"disk0": DriveCount(0, 0, 2, 1.5)}, {}).drives
    assert drive.figures["host_drive_latency_seconds"] == 0.5
    assert drive.unavailable == {"host_drive_busy_ratio": "this system does not tell"}


def limited(limits: Limits) -> HostReading:
    host = HostSource(lambda: 10.0, limits=lambda: limits).read(FAST).host
    assert host is not None
    return host


def test_that_a_limit_that_binds_is_told_beside_the_machine() -> None:
    host = limited(Limits(GIB, GIB // 4, "docker-1", 0.5, "docker-1"))
    assert host.figures["host_limit_memory_bytes"] == GIB
    assert host.figures["host_limit_memory_used_ratio"] == 0.25
    assert host.figures["host_limit_cpu_threads"] == 0.5
    assert host.figures["host_memory_total_bytes"] > GIB
    assert host.notes == (
        "The control group docker-1 may use 1.0 GiB of memory.",
        "The control group docker-1 may use 0.5 CPU threads.",
    )


def test_that_a_limit_above_what_the_machine_has_is_none() -> None:
    host = limited(Limits(2**59, 1, "a", 1e6, "a"))
    assert host.notes == ()
    assert {host.unavailable[name] for name in HOST_METRICS if name.startswith("host_limit_")} == {
        "no limit is set below what the machine has"
    }


def test_that_slower_figures_are_read_less_often_and_carried_along() -> None:
    asked: list[int] = []

    def limits() -> Limits:
        asked.append(1)
        return Limits(GIB, 1, "a")

    source = HostSource(lambda: 10.0, limits=limits)
    for due in (FAST, FAST, frozenset({Tier.FAST, Tier.MEDIUM}), FAST):
        host = source.read(due).host
        assert host is not None
        assert host.figures["host_limit_memory_bytes"] == GIB
    assert len(asked) == 2


def test_that_the_cores_are_told_from_the_second_reading_on() -> None:
    source = HostSource(lambda: 10.0)
    first, second = source.read(FAST).host, source.read(FAST).host
    assert first is not None
    assert second is not None
    assert first.cores == ()
    assert len(second.cores) == os.cpu_count()
    assert all(0 <= share <= 1 for share in second.cores)
