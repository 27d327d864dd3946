"""The machine that the tests run on: relations that hold on any, and counters that misbehave."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from crackseg_desktop.hardware.counters import Counters, disk_counters, network_counters
from crackseg_desktop.hardware.host import HostSource
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import HostReading, Reading, Tier

FAST = frozenset({Tier.FAST})
HOST_METRICS = {name for name in CATALOGUE if name.startswith("host_") and CATALOGUE[name].labels == ()}


class Machine:
    """A host source whose counters the test sets."""

    def __init__(self) -> None:
        self.now = 50.0
        self.disks: Counters = {}
        self.networks: Counters = {}
        self.source = HostSource(lambda: self.now, lambda: self.disks, self.network)
        self.refuses = False

    def network(self) -> Counters:
        if self.refuses:
            raise PermissionError
        return self.networks

    def read(self, disks: Counters, networks: Counters) -> HostReading:
        self.now += 2.0
        self.disks, self.networks = disks, networks
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
    assert host.figures.keys() | host.unavailable.keys() == HOST_METRICS
    assert not host.figures.keys() & host.unavailable.keys()
    assert all(host.unavailable.values())


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
