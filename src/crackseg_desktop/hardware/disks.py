"""Space on the disks that matter here: those of the watched folders, of our own data and of the system."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.readings import HostReading, Part, Reading, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_METRICS = ("host_disk_total_bytes", "host_disk_used_bytes", "host_disk_free_bytes", "host_disk_used_ratio")


class DiskSource:
    """Reads the space of each mount once; apart from the rest of the host since a network mount may never answer.

    ``usage`` returns total, used and free bytes of a mount.
    """

    name = "disks"
    tiers = frozenset({Tier.MEDIUM})

    def __init__(
        self,
        folders: Iterable[Path] = (),
        usage: Callable[[Path], tuple[int, int, int]] | None = None,
    ) -> None:
        self._folders = tuple(folders)
        self._usage = usage or disk_usage

    def watch_folders(self, paths: Iterable[Path]) -> None:
        """Replace the folders whose disks are read, from the next reading on; from any thread."""
        self._folders = tuple(paths)

    def read(self, due: frozenset[Tier]) -> Part:
        """Read every mount; one that fails says why."""
        mounts = {mount_of(folder): None for folder in (system_root(), *self._folders)}
        return Part(host=HostReading({}, {}, disks=tuple(self._disk(mount) for mount in mounts)))

    def resumed(self) -> None:
        """Have nothing to forget."""

    def close(self) -> None:
        """Have nothing to give back."""

    def _disk(self, mount: Path) -> Reading:
        labels = {"mount": str(mount)}
        try:
            total, used, free = self._usage(mount)
        except OSError as error:
            return Reading(labels, {}, dict.fromkeys(_METRICS, error.strerror or str(error)))
        figures = dict(zip(_METRICS, map(float, (total, used, free)), strict=False))
        if used + free <= 0:
            return Reading(labels, figures, {_METRICS[3]: "the file system has no size"})
        return Reading(labels, {**figures, _METRICS[3]: used / (used + free)})


def disk_usage(mount: Path) -> tuple[int, int, int]:
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
