"""The table of all processes, read only while somebody looks at it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from crackseg_desktop.hardware.process_counts import process_look
from crackseg_desktop.hardware.rates import NOT_YET
from crackseg_desktop.hardware.socket_bytes import TcpTraffic, Traffic
from crackseg_desktop.readings import Part, ProcessRow, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crackseg_desktop.hardware.process_counts import Counted, ProcessLook

_CPU = "cpu_ratio"
_DISK = ("read_bytes_per_second", "written_bytes_per_second")
_NETWORK = ("received_bytes_per_second", "sent_bytes_per_second")
_NO_THREADS = ("state", "threads")
_FOREIGN = "the system tells it of a user's own processes only"
_OTHER_RIGHTS = "the process runs with other rights than its user's"
_UNTOLD = "this system does not tell"
_QUIET = Traffic(0.0, 0.0)
_NOT_ASKED = "not asked for"

CLOSELY, AT_A_GLANCE = 2.0, 5.0
"""Seconds between two readings while the whole table is looked at, and while only the busiest are. A reading of 370
processes takes 30 ms: every second it would cost more than all the rest of this program."""
_TELLING = 2
_SLACK = 0.3  # ticks do not come to the millisecond

Key = tuple[int, float]
_Before = tuple[float, "Counted"]


class ProcessTableSource:
    """Reads all processes now and then while ``show`` says so, else nothing; belongs to its driver thread.

    Args:
        periods: how many seconds lie between two readings at least, with network bytes and without. Between them the
            very same rows are given, so that nobody draws them anew.
        look: returns all processes with their counters.
        traffic: returns the network bytes of processes; loaded when it is first asked for.
    """

    name = "process table"
    tiers = frozenset({Tier.FAST})

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        look: ProcessLook | None = None,
        traffic: TcpTraffic | None = None,
        periods: tuple[float, float] = (CLOSELY, AT_A_GLANCE),
    ) -> None:
        self._periods = periods
        self._part, self._read_at, self._readings = Part(), 0.0, 0
        self._monotonic, self._given = monotonic, look
        self._look = look
        self._traffic = traffic or TcpTraffic()
        self._wanted = self._network = False
        self._before: dict[Key, _Before] = {}

    def show(self, wanted: bool, *, network: bool = False) -> None:
        """Read the table from now on, or no longer; ``network`` with the TCP bytes of each process. From any thread."""
        if wanted and network and not self._network:
            self._readings = 0
        self._wanted, self._network = wanted, wanted and network

    def read(self, due: frozenset[Tier]) -> Part:
        """Return all processes, or an empty part while nobody looks."""
        if not self._wanted:
            self.resumed()
            self._look = self._given  # what it knows of every process is let go
            return Part()
        now = self._monotonic()
        if not self._is_due(now):
            return self._part
        if self._look is None:
            self._look = process_look()
        counted, now = list(self._look()), self._monotonic()
        traffic, reason = self._network_of(counted, now)
        rows = tuple(
            row_of(
                item, self._before.get(_key(item)), now, traffic.get(item.who.pid), reason if item.who.own else _FOREIGN
            )
            for item in counted
        )
        self._before = {_key(item): (now, item) for item in counted}
        self._part, self._read_at, self._readings = Part(table=rows), now, self._readings + 1
        return self._part

    def resumed(self) -> None:
        """Forget all baselines."""
        self._before = {}
        self._part, self._readings = Part(), 0
        self._traffic.close()

    def close(self) -> None:
        """Give back the socket that tells of the others."""
        self._traffic.close()

    def _is_due(self, now: float) -> bool:
        """Say whether it is time to read; the second reading comes soon, for it alone makes rates of counters."""
        period = self._periods[0] if self._network else self._periods[1]
        return self._readings < _TELLING or now - self._read_at >= period - _SLACK

    def _network_of(self, counted: Sequence[Counted], now: float) -> tuple[Mapping[int, Traffic], str]:
        """Return the traffic by process, and why one is not in it."""
        if not self._network:
            self._traffic.close()
            return {}, _NOT_ASKED
        pids = [item.who.pid for item in counted]
        try:
            told = self._traffic.read(pids, now)
        except (OSError, ImportError) as error:
            return {}, str(error) or type(error).__name__
        if told is None:
            return {}, NOT_YET
        return {item.who.pid: _QUIET for item in counted if item.who.own} | told, _FOREIGN


def row_of(
    counted: Counted, before: _Before | None, now: float, traffic: Traffic | None, no_traffic: str
) -> ProcessRow:
    """Return the row of a process; ``before`` is when it was seen last (monotonic seconds), and its counters then.

    ``no_traffic`` says why ``traffic`` is None.
    """
    who = counted.who
    cpu, read, written = _rates(counted, before, now)
    received, sent = traffic or (None, None)
    reasons: dict[str, str] = {}
    if cpu is None:
        reasons[_CPU] = NOT_YET if counted.cpu_seconds is not None else _FOREIGN
    if read is None or written is None:
        reasons |= dict.fromkeys(_DISK, NOT_YET if counted.read_bytes is not None else _refusal(own=who.own))
    if received is None:
        reasons |= dict.fromkeys(_NETWORK, no_traffic)
    if counted.threads is None:
        reasons |= dict.fromkeys(_NO_THREADS, _UNTOLD)
    if counted.memory_bytes is None:
        reasons["memory_bytes"] = _FOREIGN
    return ProcessRow(
        pid=who.pid,
        parent=who.parent,
        started=who.started,
        name=who.name,
        command=who.command,
        user=who.user,
        own=who.own,
        state=counted.state,
        threads=counted.threads,
        memory_bytes=counted.memory_bytes,
        cpu_ratio=cpu,
        read_bytes_per_second=read,
        written_bytes_per_second=written,
        received_bytes_per_second=received,
        sent_bytes_per_second=sent,
        container=who.container,
        unavailable=reasons,
    )


def _rates(counted: Counted, before: _Before | None, now: float) -> tuple[float | None, float | None, float | None]:
    """Return the share of a core, and bytes read and written per second, since the process was seen last."""
    if before is None or now <= before[0]:
        return None, None, None
    passed, earlier = now - before[0], before[1]

    def rate(count: float | None, count_before: float | None) -> float | None:
        if count is None or count_before is None:
            return None
        return max(0.0, count - count_before) / passed

    return (
        rate(counted.cpu_seconds, earlier.cpu_seconds),
        rate(counted.read_bytes, earlier.read_bytes),
        rate(counted.written_bytes, earlier.written_bytes),
    )


def _refusal(*, own: bool) -> str:
    if sys.platform == "darwin":
        return _UNTOLD
    return _OTHER_RIGHTS if own else _FOREIGN


def _key(counted: Counted) -> Key:
    return counted.who.pid, counted.who.started
