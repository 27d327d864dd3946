"""Where another machine's file systems begin, and how to ask one without waiting for it for ever.

A call on such a file system may never return. Where a folder lies is told by the mount table and by the links of file
systems that this machine itself holds: nothing here touches another one, but ``Attempt`` in a thread of its own.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

_REMOTE_TYPES = """9p acfs afpfs afs autofs beegfs ceph cifs coda davfs fuse gfs gfs2 glusterfs gpfs lustre ncpfs nfs
nfs3 nfs4 ocfs2 orangefs panfs prl_fs pvfs2 smb2 smb3 smbfs vboxsf virtiofs vmhgfs webdav"""
_REMOTE_FAMILIES = ("fuse.", "macfuse", "osxfuse")  # a daemon answers for each of these, and it may hang
_MOST_LINKS = 40


class Attempt(Generic[Answer]):
    """One call on a file system, in a daemon thread that may hang. What it found may be read once ``done`` is set.

    ``error`` is what the file system refused with; ``seconds`` is how long it took.
    """

    def __init__(self, ask: Callable[[], Answer], monotonic: Callable[[], float] = time.monotonic) -> None:
        self.done = threading.Event()
        self.answer: Answer | None = None
        self.error: OSError | None = None
        self.seconds = 0.0
        self._ask, self._monotonic = ask, monotonic
        threading.Thread(target=self._run, name="mount-probe", daemon=True).start()

    def _run(self) -> None:
        began = self._monotonic()
        try:
            self.answer = self._ask()
        except OSError as error:
            self.error = error
        finally:
            self.seconds = self._monotonic() - began
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
        if is_remote_point(place, remote):
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


def is_remote_point(place: Path, remote: frozenset[str]) -> bool:
    """Say whether a place is the root of a file system that another machine, or a daemon, answers for."""
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
