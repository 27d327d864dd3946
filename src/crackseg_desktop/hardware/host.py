"""The machine itself: processor, memory, disk and network traffic, and what this program costs."""

from __future__ import annotations

import os
import socket
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.hardware.cgroups import Limits, read_limits
from crackseg_desktop.hardware.counters import Counters, DriveCount, disk_counters, network_counters
from crackseg_desktop.hardware.disks import DiskSource
from crackseg_desktop.hardware.drives import drive_reading
from crackseg_desktop.hardware.figures import Figures
from crackseg_desktop.hardware.pressure import pressure
from crackseg_desktop.hardware.rates import Rates
from crackseg_desktop.readings import HostReading, Part, Reading, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["DiskSource", "HostSource"]

_NO_DISKS = "the system tells of no disk"
_NETWORK = ("host_network_receive_bytes_per_second", "host_network_transmit_bytes_per_second")
_DISK = ("host_disk_read_bytes_per_second", "host_disk_written_bytes_per_second")
_MEMORY = (
    "host_memory_total_bytes",
    "host_memory_used_bytes",
    "host_memory_available_bytes",
    "host_memory_used_ratio",
)
_CACHED = ("host_memory_cached_bytes",)
_LOAD = ("host_load1", "host_load5", "host_load15")
_SWAP = ("host_swap_used_bytes", "host_swap_total_bytes")
_SWAPPED = ("host_swap_in_bytes_per_second", "host_swap_out_bytes_per_second")
_PRESSURES = {
    "cpu": ("host_cpu_pressure_ratio",),
    "memory": ("host_memory_pressure_ratio", "host_memory_full_pressure_ratio"),
    "io": ("host_io_pressure_ratio", "host_io_full_pressure_ratio"),
}
_MEMORY_LIMIT = ("host_limit_memory_bytes", "host_limit_memory_used_bytes", "host_limit_memory_used_ratio")
_CPU_LIMIT = ("host_limit_cpu_threads",)
_NO_LIMIT = "no limit is set below what the machine has"
_ONLY_LINUX = "only Linux has control groups"


class HostSource:
    """Reads the host through psutil; belongs to its driver thread.

    Space on disks is ``DiskSource``'s, temperatures, fans and battery are ``SensorSource``'s. Rates are taken over
    ``monotonic`` seconds, of the counters that ``disks`` and ``networks`` return. ``limits`` are those of a container.
    """

    name = "host"
    tiers = frozenset({Tier.FAST, Tier.MEDIUM})

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        disks: Callable[[], Mapping[str, DriveCount]] = disk_counters,
        networks: Callable[[], Counters] = network_counters,
        limits: Callable[[], Limits] | None = None,
    ) -> None:
        self._monotonic, self._disks, self._networks = monotonic, disks, networks
        self._limits = limits or _limits
        self._rates = Rates()
        self._cpu_primed = self._cores_primed = False
        self._hostname = ""
        self._slower: Figures | None = None
        self._notes: tuple[str, ...] = ()

    def read(self, due: frozenset[Tier]) -> Part:
        """Read everything; every figure that fails says why and leaves the others alone."""
        self._hostname = self._hostname or socket.gethostname()
        now = self._monotonic()
        if self._slower is None or Tier.MEDIUM in due:
            self._slower = self._read_slower()
        found = Figures()
        found.add(("host_cpu_used_ratio",), self._cpu)
        found.add(_LOAD, _load)
        found.add(_MEMORY, _memory)
        found.add(_CACHED, _cached)
        self._add_swap(found, now)
        drives = self._read_drives(found, now)
        host = HostReading(
            {},
            self._slower.figures | found.figures,
            self._slower.reasons | found.reasons,
            self._hostname,
            interfaces=tuple(self._interfaces(now)),
            drives=drives,
            cores=self._cores(),
            notes=self._notes,
        )
        return Part(host=host, own=self._own(now))

    def resumed(self) -> None:
        """Forget all baselines."""
        self._rates.forget()
        self._cpu_primed = self._cores_primed = False

    def close(self) -> None:
        """Have nothing to give back."""

    def _cpu(self) -> tuple[float | None, ...]:
        import psutil

        percent = psutil.cpu_percent(interval=None)
        # The first answer of a thread, and the first after a gap, spans no time that means anything.
        primed, self._cpu_primed = self._cpu_primed, True
        return (percent / 100,) if primed else (None,)

    def _cores(self) -> tuple[float, ...]:
        import psutil

        try:
            percents = psutil.cpu_percent(interval=None, percpu=True)
        except (OSError, RuntimeError):
            return ()
        primed, self._cores_primed = self._cores_primed, True
        return tuple(percent / 100 for percent in percents) if primed else ()

    def _read_slower(self) -> Figures:
        """Read what changes slowly, or is an average over seconds already."""
        found = Figures()
        found.add(("host_cpu_threads",), _threads)
        found.add(("host_cpu_frequency_hertz",), _frequency)
        for resource, metrics in _PRESSURES.items():
            found.add(metrics, partial(_pressure, resource, metrics))
        try:
            self._notes = _add_limits(found, self._limits())
        except OSError as error:
            self._notes = ()
            found.miss((*_MEMORY_LIMIT, *_CPU_LIMIT), error.strerror or str(error))
        return found

    def _add_swap(self, found: Figures, now: float) -> None:
        import psutil

        try:
            swap = psutil.swap_memory()
        except (OSError, RuntimeError) as error:
            found.miss((*_SWAP, *_SWAPPED), str(error) or type(error).__name__)
            return
        found.take(_SWAP, (swap.used, swap.total))
        if sys.platform == "win32":
            found.miss(_SWAPPED, "Windows does not tell")
        elif sys.platform == "darwin":
            found.miss(_SWAPPED, "macOS counts the reading of files with it")
        else:
            counts = {"in": swap.sin, "out": swap.sout}
            found.take(_SWAPPED, tuple(self._rates.rate(f"swap/{way}", count, now) for way, count in counts.items()))

    def _read_drives(self, found: Figures, now: float) -> tuple[Reading, ...]:
        """Read every disk, and add the traffic of all together to the figures of the host."""
        try:
            counts = self._disks()
        except (OSError, RuntimeError) as error:
            found.miss(_DISK, str(error) or type(error).__name__)
            return ()
        if not counts:
            found.miss(_DISK, _NO_DISKS)
            return ()
        found.take(_DISK, tuple(self._total(counts, way, now) for way in (0, 1)))
        return tuple(drive_reading(name, counts[name], self._rates, now) for name in sorted(counts))

    def _total(self, counts: Mapping[str, DriveCount], way: int, now: float) -> float | None:
        return self._rates.total(f"disk{way}", {name: both[way] or 0 for name, both in counts.items()}, now)

    def _interfaces(self, now: float) -> Iterable[Reading]:
        try:
            counters = self._networks()
        except (OSError, RuntimeError):
            return
        for name, both in sorted(counters.items()):
            found = Figures()
            rates = tuple(self._rates.rate(f"network{way}/{name}", both[way], now) for way in (0, 1))
            found.take(_NETWORK, rates)
            yield Reading({"interface": name}, found.figures, found.reasons)

    def _own(self, now: float) -> Reading:
        found = Figures()
        found.take(("self_cpu_ratio",), (self._rates.rate("own", time.process_time(), now),))
        found.add(("self_memory_rss_bytes",), _own_memory)
        return Reading({}, found.figures, found.reasons)


def _threads() -> tuple[float | None, ...]:
    count = os.cpu_count()
    if count is None:
        msg = "the system does not tell"
        raise OSError(msg)
    return (count,)


def _frequency() -> tuple[float | None, ...]:
    import psutil

    frequency = psutil.cpu_freq()
    if frequency is None or not frequency.current:
        msg = "the system does not tell"
        raise OSError(msg)
    return (frequency.current * 1e6,)


def _load() -> tuple[float | None, ...]:
    if sys.platform == "win32":
        msg = "Windows has no load average"
        raise OSError(msg)
    return os.getloadavg()


def _memory() -> tuple[float | None, ...]:
    import psutil

    memory = psutil.virtual_memory()
    used = memory.total - memory.available
    return memory.total, used, memory.available, used / memory.total


def _cached() -> tuple[float | None, ...]:
    import psutil

    memory = psutil.virtual_memory()
    cached: int | None = getattr(memory, "cached", None)
    if cached is None:
        msg = "this system does not tell"
        raise OSError(msg)
    return (cached + getattr(memory, "buffers", 0),)


def _pressure(resource: str, metrics: tuple[str, ...]) -> tuple[float | None, ...]:
    return pressure(resource)[: len(metrics)]


def _limits() -> Limits:
    if sys.platform != "linux":
        raise OSError(_ONLY_LINUX)
    return read_limits()


def _add_limits(found: Figures, limits: Limits) -> tuple[str, ...]:
    """Add the limits that bind, and return what they mean in sentences."""
    import psutil

    notes = []
    limit, used = limits.memory_bytes, limits.memory_used_bytes
    if limit is not None and limit < psutil.virtual_memory().total:
        notes.append(
            f"The control group {limits.memory_group or '/'} may use {units.figure('bytes', limit)} of memory."
        )
        found.take(_MEMORY_LIMIT[:1], (limit,))
        if used is not None and limit > 0:
            found.take(_MEMORY_LIMIT[1:], (used, used / limit))
        else:
            found.miss(_MEMORY_LIMIT[1:], "the control group does not tell its use")
    else:
        found.miss(_MEMORY_LIMIT, _NO_LIMIT)
    threads = limits.cpu_threads
    if threads is not None and threads < (os.cpu_count() or threads + 1):
        notes.append(f"The control group {limits.cpu_group or '/'} may use {threads:g} CPU threads.")
        found.take(_CPU_LIMIT, (threads,))
    else:
        found.miss(_CPU_LIMIT, _NO_LIMIT)
    return tuple(notes)


def _own_memory() -> tuple[float | None, ...]:
    import psutil

    return (psutil.Process().memory_info().rss,)
