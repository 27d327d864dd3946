"""The counters of disks and network interfaces that are worth watching, by name."""

from __future__ import annotations

import sys
from pathlib import Path

Counters = dict[str, tuple[int, int]]
"""Name to bytes in (read, received) and bytes out (written, sent)."""

_BLOCK_DEVICES = Path("/sys/block")
# Stacked on other disks or on memory: their traffic is counted where it arrives, or is none.
_VIRTUAL_DISKS = ("dm-", "md", "loop", "ram", "zram", "sr", "fd")
_LOOPBACK = ("lo", "lo0")
# Ends of container links come and go by the dozen, and traffic shapers see the same bytes a second time.
_SHADOWS = ("veth", "ifb")


def disk_counters() -> Counters:
    """Return bytes read and written of every physical disk; empty where the platform does not tell."""
    import psutil

    counters = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    return {name: (io.read_bytes, io.write_bytes) for name, io in counters.items() if _is_whole_disk(name)}


def network_counters() -> Counters:
    """Return bytes received and sent of every network interface but loopback and those that see bytes twice."""
    import psutil

    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    return {name: (io.bytes_recv, io.bytes_sent) for name, io in counters.items() if _is_watched_interface(name)}


def _is_whole_disk(name: str) -> bool:
    if sys.platform != "linux":
        return True
    return not name.startswith(_VIRTUAL_DISKS) and (_BLOCK_DEVICES / name).exists()


def _is_watched_interface(name: str) -> bool:
    return not (name in _LOOPBACK or name.startswith(("Loopback", *_SHADOWS)))
