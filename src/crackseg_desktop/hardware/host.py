"""The machine itself: processor, memory, disk and network traffic, and what this program costs."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING

from crackseg_desktop.hardware.counters import Counters, disk_counters, network_counters
from crackseg_desktop.hardware.disks import DiskSource
from crackseg_desktop.hardware.rates import NOT_YET, Rates
from crackseg_desktop.readings import HostReading, Part, Reading, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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


class HostSource:
    """Reads the host through psutil; belongs to its driver thread. Space on disks is ``DiskSource``'s.

    Rates are taken over ``monotonic`` seconds, of the counters that ``disks`` and ``networks`` return.
    """

    name = "host"
    tiers = frozenset({Tier.FAST})

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        disks: Callable[[], Counters] = disk_counters,
        networks: Callable[[], Counters] = network_counters,
    ) -> None:
        self._monotonic, self._disks, self._networks = monotonic, disks, networks
        self._rates = Rates()
        self._cpu_primed = False
        self._hostname = ""

    def read(self, due: frozenset[Tier]) -> Part:
        """Read everything; every figure that fails says why and leaves the others alone."""
        self._hostname = self._hostname or socket.gethostname()
        now = self._monotonic()
        found = _Figures()
        found.add(("host_cpu_used_ratio",), self._cpu)
        found.add(("host_cpu_threads",), _threads)
        found.add(("host_load1",), _load)
        found.add(_MEMORY, _memory)
        found.add(("host_swap_used_bytes",), _swap)
        found.add(_DISK, lambda: self._disk_rates(now))
        host = HostReading({}, found.figures, found.reasons, self._hostname, (), tuple(self._interfaces(now)))
        return Part(host=host, own=self._own(now))

    def resumed(self) -> None:
        """Forget all baselines."""
        self._rates.forget()
        self._cpu_primed = False

    def close(self) -> None:
        """Have nothing to give back."""

    def _cpu(self) -> tuple[float | None, ...]:
        import psutil

        percent = psutil.cpu_percent(interval=None)
        # The first answer of a thread, and the first after a gap, spans no time that means anything.
        primed, self._cpu_primed = self._cpu_primed, True
        return (percent / 100,) if primed else (None,)

    def _disk_rates(self, now: float) -> tuple[float | None, ...]:
        counters = self._disks()
        if not counters:
            raise OSError(_NO_DISKS)
        return tuple(
            self._rates.total(f"disk{way}", {name: both[way] for name, both in counters.items()}, now) for way in (0, 1)
        )

    def _interfaces(self, now: float) -> Iterable[Reading]:
        try:
            counters = self._networks()
        except (OSError, RuntimeError):
            return
        for name, both in sorted(counters.items()):
            found = _Figures()
            rates = tuple(self._rates.rate(f"network{way}/{name}", both[way], now) for way in (0, 1))
            found.take(_NETWORK, rates)
            yield Reading({"interface": name}, found.figures, found.reasons)

    def _own(self, now: float) -> Reading:
        found = _Figures()
        found.take(("self_cpu_ratio",), (self._rates.rate("own", time.process_time(), now),))
        found.add(("self_memory_rss_bytes",), _own_memory)
        return Reading({}, found.figures, found.reasons)


class _Figures:
    """Collects figures and, where one is not to be had, the reason."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self.reasons: dict[str, str] = {}

    def add(self, metrics: tuple[str, ...], ask: Callable[[], tuple[float | None, ...]]) -> None:
        """Ask for figures; what the system or psutil refuses becomes a reason."""
        try:
            values = ask()
        except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
            self.reasons |= dict.fromkeys(metrics, str(error) or type(error).__name__)
            return
        self.take(metrics, values)

    def take(self, metrics: tuple[str, ...], values: tuple[float | None, ...]) -> None:
        """Take over figures; a None is one that needs a second reading."""
        for metric, value in zip(metrics, values, strict=True):
            if value is None:
                self.reasons[metric] = NOT_YET
            else:
                self.figures[metric] = float(value)


def _threads() -> tuple[float | None, ...]:
    count = os.cpu_count()
    if count is None:
        msg = "the system does not tell"
        raise OSError(msg)
    return (count,)


def _load() -> tuple[float | None, ...]:
    if sys.platform == "win32":
        msg = "Windows has no load average"
        raise OSError(msg)
    return (os.getloadavg()[0],)


def _memory() -> tuple[float | None, ...]:
    import psutil

    memory = psutil.virtual_memory()
    used = memory.total - memory.available
    return memory.total, used, memory.available, used / memory.total


def _swap() -> tuple[float | None, ...]:
    import psutil

    return (psutil.swap_memory().used,)


def _own_memory() -> tuple[float | None, ...]:
    import psutil

    return (psutil.Process().memory_info().rss,)
