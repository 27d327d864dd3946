"""Which of the watched folders lie on a file system that does not answer: a server that is gone, a hung FUSE daemon.

A call on such a file system may never return, so nothing here touches one outside a thread of its own. Where a folder
lies is told by the mount table and by the links of file systems that this machine itself holds.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crackseg_desktop.clock import Clock

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 2.0
RECHECK_SECONDS = 10.0

_REMOTE_TYPES = """9p acfs afpfs afs autofs beegfs ceph cifs coda davfs fuse gfs gfs2 glusterfs gpfs lustre ncpfs nfs
nfs3 nfs4 ocfs2 orangefs panfs prl_fs pvfs2 smb2 smb3 smbfs vboxsf virtiofs vmhgfs webdav"""
_REMOTE_FAMILIES = ("fuse.", "macfuse", "osxfuse")  # a daemon answers for each of these, and it may hang
_MOST_LINKS = 40


class Silence(NamedTuple):
    """A mount point that does not answer, and since when (Unix seconds)."""

    point: Path
    since: float


class Mounts:
    """Says whether the file system of a folder answers. Belongs to one thread.

    A file system of this machine always does. One of another is tried in a daemon thread: one at most for each mount
    point, since one that hangs cannot be ended.

    Args:
        table: says of every mount point whether it answers over a network; must not touch the mounts.
        probe: touches a folder; what it raises is an answer too.
        deadline: seconds that a file system has for its answer.
    """

    def __init__(
        self,
        clock: Clock,
        table: Callable[[], Mapping[str, bool]] | None = None,
        probe: Callable[[Path], None] | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._clock = clock
        self._read_table = table or mount_table
        self._probe = probe or look_into
        self._deadline = deadline
        self._remote: frozenset[str] = frozenset()
        self._read_again = float("-inf")
        self._points: dict[Path, Path | None] = {}
        self._watched: dict[Path, _Watched] = {}

    def answers(self, path: Path) -> bool:
        """Say whether the file system of a folder answers; takes up to the deadline where it just fell silent."""
        point = self._point_of(path)
        if point is None:
            return True
        watched = self._watched.setdefault(point, _Watched(point))
        self._take(watched)
        if watched.probe is None and self._clock.monotonic() >= watched.due:
            self._ask(watched, path)
        return watched.since is None

    def silent(self) -> tuple[Silence, ...]:
        """Return the mount points that do not answer."""
        for watched in self._watched.values():
            self._take(watched)
        return tuple(Silence(item.point, item.since) for item in self._watched.values() if item.since is not None)

    def _point_of(self, path: Path) -> Path | None:
        """Return the mount point of another machine's file system that a folder lies on, or None."""
        if self._clock.monotonic() >= self._read_again:
            self._read_again = self._clock.monotonic() + RECHECK_SECONDS
            self._remote = frozenset(point for point, is_remote in self._read_table().items() if is_remote)
            self._points.clear()
            self._watched = {point: it for point, it in self._watched.items() if _is_remote(point, self._remote)}
        if not self._remote and not path.drive:
            return None
        if path not in self._points:
            self._points[path] = remote_point(path, self._remote)
        return self._points[path]

    def _ask(self, watched: _Watched, path: Path) -> None:
        began = self._clock.time()
        watched.probe = _Probe(self._probe, path, self._clock)
        # What is known to be silent is not waited for again.
        if watched.probe.done.wait(self._deadline if watched.since is None else 0.0):
            self._take(watched)
        elif watched.since is None:
            watched.since = began
            log.warning("%s does not answer", watched.point)

    def _take(self, watched: _Watched) -> None:
        """Take over what a probe brought back. A failure in time is an answer; a late one is a server still gone."""
        probe = watched.probe
        if probe is None or not probe.done.is_set():
            return
        watched.probe, watched.due = None, self._clock.monotonic() + RECHECK_SECONDS
        if probe.failed and probe.seconds > self._deadline:
            return
        if watched.since is not None:
            watched.since = None
            log.warning("%s answers again", watched.point)


@dataclass(slots=True)
class _Watched:
    """What is known of one mount point; ``due`` is the monotonic time of the next probe."""

    point: Path
    probe: _Probe | None = None
    due: float = field(default=float("-inf"))
    since: float | None = None


class _Probe:
    """One attempt to touch a file system, in a thread of its own. What it found may be read once ``done`` is set."""

    def __init__(self, touch: Callable[[Path], None], path: Path, clock: Clock) -> None:
        self.done = threading.Event()
        self.failed = False
        self.seconds = 0.0
        self._touch, self._path, self._clock = touch, path, clock
        threading.Thread(target=self._run, name="mount-probe", daemon=True).start()

    def _run(self) -> None:
        began = self._clock.monotonic()
        try:
            self._touch(self._path)
        except OSError:
            self.failed = True
        finally:
            self.seconds = self._clock.monotonic() - began
            self.done.set()


def look_into(path: Path) -> None:
    """Touch a folder as a search would: the attributes alone may come from the system's memory. Raises OSError."""
    os.stat(path)
    with os.scandir(path) as entries:
        next(entries, None)


def remote_point(path: Path, remote: frozenset[str]) -> Path | None:
    """Return the innermost of the ``remote`` mount points that a folder lies on, or None.

    Walks down from the root and reads the links on the way, each only where its own place is known to be local.
    """
    left, place, links = [*reversed(path.absolute().parts)], Path(), 0
    found: Path | None = None
    while left and links <= _MOST_LINKS:
        part = left.pop()
        place = place.parent if part == ".." else place / part
        if _is_remote(place, remote):
            found = place
        target = _link_at(place) if found is None else None
        if target is not None:
            links, place = links + 1, place.parent
            left += reversed(target.parts)
    return found


def _link_at(place: Path) -> Path | None:
    try:
        return Path(os.readlink(place))
    except (OSError, ValueError):  # most places are no links
        return None


def _is_remote(place: Path, remote: frozenset[str]) -> bool:
    return os.path.normcase(place) in remote or _is_share(place.drive)


def _is_share(drive: str) -> bool:
    r"""Say whether a drive is a Windows share (``\\server\share``), which is in no table."""
    local_forms = ("\\\\?\\", "\\\\.\\")
    return drive.startswith("\\\\") and (not drive.startswith(local_forms) or drive[4:7].upper() == "UNC")


def mount_table() -> dict[str, bool]:
    """Say of every mount point whether its file system is another machine's, or a daemon's; touches none of them."""
    if sys.platform == "win32":
        return _drives()
    import psutil

    try:
        partitions = psutil.disk_partitions(all=True)
    except OSError as error:
        log.warning("The mount table cannot be read: %s", error)
        return {}
    return {item.mountpoint: is_remote_type(item.fstype) for item in partitions}  # the last one mounted counts


def is_remote_type(name: str) -> bool:
    """Say whether a file system of this type is another machine's, or a daemon's."""
    name = name.lower()
    return name in _REMOTE_TYPES.split() or name.startswith(_REMOTE_FAMILIES)


if sys.platform == "win32":
    import ctypes

    _DRIVE_REMOTE = 4

    def _drives() -> dict[str, bool]:
        # psutil would ask each volume for its name, which waits for a server.
        kernel = ctypes.windll.kernel32
        letters = (chr(ord("a") + bit) for bit in range(26) if kernel.GetLogicalDrives() >> bit & 1)
        return {f"{letter}:\\": kernel.GetDriveTypeW(f"{letter}:\\") == _DRIVE_REMOTE for letter in letters}
