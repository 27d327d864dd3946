"""What Linux tells of processes under /proc: read directly, since psutil costs several times as much."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = "/proc"
_CHUNK = 4096
_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "waiting for a disk",
    "Z": "zombie",
    "T": "stopped",
    "t": "being traced",
    "X": "dead",
    "x": "dead",
    "I": "idle",
    "P": "parked",
}


class Stat(NamedTuple):
    """/proc/PID/stat, as far as it is used here; times are in clock ticks, ``started`` since the boot."""

    name: str
    state: str
    parent: int
    ticks: int
    threads: int
    started: int
    resident_pages: int


def pids(proc: str = PROC) -> Iterator[int]:
    """Yield the ids of all processes."""
    for name in os.listdir(proc):
        if name.isdigit():
            yield int(name)


def read(path: str) -> bytes:
    """Return the content of one of the kernel's files; raises OSError, and where the process is gone too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        parts = [os.read(descriptor, _CHUNK)]
        while len(parts[-1]) == _CHUNK:
            parts.append(os.read(descriptor, _CHUNK))
    finally:
        os.close(descriptor)
    return b"".join(parts)


def parse_stat(raw: bytes) -> Stat | None:
    """Return the fields of /proc/PID/stat (proc(5)); None where it has another form."""
    # The name stands in brackets, and may hold brackets and spaces itself.
    begin, end = raw.find(b"("), raw.rfind(b")")
    fields = raw[end + 2 :].split()
    if not 0 <= begin < end or len(fields) < 22:
        return None
    try:
        return Stat(
            os.fsdecode(raw[begin + 1 : end]),
            _STATES.get(fields[0].decode("ascii", "replace"), "unknown"),
            int(fields[1]),
            int(fields[11]) + int(fields[12]),
            int(fields[17]),
            int(fields[19]),
            int(fields[21]),
        )
    except ValueError:
        return None


def stat_of(pid: int, proc: str = PROC) -> Stat | None:
    """Return what /proc/PID/stat says; None where the process is gone."""
    try:
        return parse_stat(read(f"{proc}/{pid}/stat"))
    except OSError:
        return None


def parse_io(raw: bytes) -> tuple[int, int] | None:
    """Return the bytes that a process made the disks read and write, from /proc/PID/io; None in another form.

    Bytes that it wrote and deleted before they reached the disk are taken off.
    """
    figures: dict[bytes, int] = {}
    for line in raw.splitlines():
        name, _, value = line.partition(b":")
        if value.strip().isdigit():
            figures[name] = int(value)
    if b"read_bytes" not in figures or b"write_bytes" not in figures:
        return None
    return figures[b"read_bytes"], max(0, figures[b"write_bytes"] - figures.get(b"cancelled_write_bytes", 0))


def command_of(pid: int, proc: str = PROC) -> tuple[str, ...]:
    """Return the command line of a process; empty for one that is gone, a zombie or of the kernel."""
    try:
        raw = read(f"{proc}/{pid}/cmdline")
    except OSError:
        return ()
    return tuple(os.fsdecode(part) for part in raw.rstrip(b"\0").split(b"\0")) if raw else ()


def parents(proc: str = PROC) -> dict[int, int]:
    """Return the parent of every process."""
    return {pid: stat.parent for pid in pids(proc) if (stat := stat_of(pid, proc)) is not None}


def socket_inodes(pid: int, proc: str = PROC) -> Iterator[int]:
    """Yield the inodes of the sockets that a process holds open; none where that is not ours to know."""
    folder = f"{proc}/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            yield int(target[8:-1])
