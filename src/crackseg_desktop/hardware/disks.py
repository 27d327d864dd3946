"""Space on the disks that matter here: those of the watched folders, of our own data and of the system."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.hardware.figures import reason_of
from crackseg_desktop.mount_points import Attempt, mount_table, remote_point
from crackseg_desktop.readings import HostReading, Part, Reading, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Usage = tuple[int, int, int]
_METRICS = ("host_disk_total_bytes", "host_disk_used_bytes", "host_disk_free_bytes", "host_disk_used_ratio")
_SILENT = "the file system does not answer"
DEADLINE_SECONDS = 1.0
"""So long all remote file systems together have for their answers; less than the sampler gives this source."""
_TABLE_SECONDS = 10.0


class DiskSource:
    """Reads the space of each mount once. A file system of another machine is asked in a thread of its own.

    That thread may hang for ever: it is left alone and not doubled, and the other disks are read as ever.

    Args:
        usage: returns total, used and free bytes of a mount.
        table: says of every mount point whether it answers over a network; must not touch the mounts.
    """

    name = "disks"
    tiers = frozenset({Tier.MEDIUM})

    def __init__(
        self,
        folders: Iterable[Path] = (),
        usage: Callable[[Path], Usage] | None = None,
        table: Callable[[], Mapping[str, bool]] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._folders = tuple(folders)
        self._usage, self._table = usage or disk_usage, table or mount_table
        self._monotonic, self._deadline = monotonic, deadline
        self._remote: frozenset[str] = frozenset()
        self._table_due = float("-inf")
        self._attempts: dict[Path, Attempt[Usage]] = {}
        self._silent: set[Path] = set()

    def watch_folders(self, paths: Iterable[Path]) -> None:
        """Replace the folders whose disks are read, from the next reading on; from any thread."""
        self._folders = tuple(paths)

    def read(self, due: frozenset[Tier]) -> Part:
        """Read every mount; one that fails or does not answer says so."""
        if self._monotonic() >= self._table_due:
            self._table_due = self._monotonic() + _TABLE_SECONDS
            self._remote = frozenset(point for point, is_remote in self._table().items() if is_remote)
        mounts: dict[Path, bool] = {}
        for folder in (system_root(), *self._folders):
            point = remote_point(folder, self._remote)
            mounts[mount_of(folder) if point is None else point] = point is not None
        for mount in (mount for mount, is_remote in mounts.items() if is_remote and mount not in self._attempts):
            self._attempts[mount] = Attempt(partial(self._usage, mount), self._monotonic)
        ends = self._monotonic() + self._deadline
        readings = (self._remote_disk(it, ends) if is_remote else self._disk(it) for it, is_remote in mounts.items())
        return Part(host=HostReading({}, {}, disks=tuple(readings)))

    def resumed(self) -> None:
        """Have nothing to forget."""

    def close(self) -> None:
        """Have nothing to give back."""

    def _disk(self, mount: Path) -> Reading:
        try:
            return disk_reading(mount, self._usage(mount))
        except OSError as error:
            return disk_reading(mount, reason_of(error))

    def _remote_disk(self, mount: Path, ends: float) -> Reading:
        attempt = self._attempts[mount]
        # What is known to be silent is not waited for again.
        attempt.done.wait(0.0 if mount in self._silent else max(0.0, min(self._deadline, ends - self._monotonic())))
        if not attempt.done.is_set():
            self._silent.add(mount)
            return disk_reading(mount, _SILENT)
        del self._attempts[mount]
        self._silent.discard(mount)
        if attempt.answer is None:
            return disk_reading(mount, _SILENT if attempt.error is None else reason_of(attempt.error))
        return disk_reading(mount, attempt.answer)


def disk_reading(mount: Path, usage: Usage | str) -> Reading:
    """Return the reading of one mount; in place of its usage stands the reason why that is not to be had."""
    labels = {"mount": str(mount)}
    if isinstance(usage, str):
        return Reading(labels, {}, dict.fromkeys(_METRICS, usage))
    _, used, free = usage
    figures = dict(zip(_METRICS, map(float, usage), strict=False))
    if used + free <= 0:
        return Reading(labels, figures, {_METRICS[3]: "the file system has no size"})
    return Reading(labels, {**figures, _METRICS[3]: used / (used + free)})


def disk_usage(mount: Path) -> Usage:
    """Return total, used and free bytes; free is what this user can still write."""
    import psutil

    usage = psutil.disk_usage(str(mount))
    return usage.total, usage.used, usage.free


def mount_of(folder: Path) -> Path:
    """Return the mount point that a folder lies on, or would lie on where it is not there."""
    path = Path(os.path.realpath(folder))
    while not os.path.ismount(path) and path != path.parent:
        path = path.parent
    return path


def system_root() -> Path:
    """Return the root of the disk that the system is on."""
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMDRIVE", "C:") + "\\")
    return Path("/")
