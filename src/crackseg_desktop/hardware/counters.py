"""The counters of disks and network interfaces that are worth watching, by name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

Counters = dict[str, tuple[int, int]]
"""Name to bytes in (received) and bytes out (sent)."""


class DriveCount(NamedTuple):
    """What a disk has done since the system started; ``busy_seconds`` is None where the system does not tell.

    ``waited_seconds`` is the sum over all transfers of how long each took, waiting included.
    """

    read_bytes: int
    written_bytes: int
    transfers: int = 0
    waited_seconds: float = 0.0
    busy_seconds: float | None = None


_BLOCK_DEVICES = Path("/sys/block")
# Stacked on other disks or on memory: their traffic is counted where it arrives, or is none.
_VIRTUAL_DISKS = ("dm-", "md", "loop", "ram", "zram", "sr", "fd")
_LOOPBACK = ("lo", "lo0")
# Ends of container links come and go by the dozen, and traffic shapers see the same bytes a second time.
_SHADOWS = ("veth", "ifb")


def disk_counters() -> dict[str, DriveCount]:
    """Return the counters of every physical disk; empty where the platform does not tell."""
    import psutil

    counters = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    return {
        name: DriveCount(
            io.read_bytes,
            io.write_bytes,
            io.read_count + io.write_count,
            (io.read_time + io.write_time) / 1000,
            _seconds(getattr(io, "busy_time", None)),
        )
        for name, io in counters.items()
        if _is_whole_disk(name)
    }


def network_counters() -> Counters:
    """Return bytes received and sent of every network interface but loopback and those that see bytes twice."""
    import psutil

    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    return {name: (io.bytes_recv, io.bytes_sent) for name, io in counters.items() if _is_watched_interface(name)}


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _is_whole_disk(name: str) -> bool:
    if sys.platform != "linux":
        return True
    return not name.startswith(_VIRTUAL_DISKS) and (_BLOCK_DEVICES / name).exists()


def _is_watched_interface(name: str) -> bool:
    return not (name in _LOOPBACK or name.startswith(("Loopback", *_SHADOWS)))
