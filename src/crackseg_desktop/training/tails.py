"""Growing files, read politely: looked at first, opened for reading only while they are read, never kept open."""

from __future__ import annotations

import struct
from array import array
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from crackseg_desktop.training.formats.base import Point

_MARK_BYTES = 64


class Change(Enum):
    """What became of a file since the last look."""

    SAME = auto()
    GROWN = auto()  # or changed in place; the marks tell, when it is read
    REPLACED = auto()
    GONE = auto()


class _Look(NamedTuple):
    device: int
    inode: int
    size: int
    modified_ns: int


class Watch:
    """Looks whether a file changed. ``modified`` is its modification time in Unix seconds, None before it was seen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.modified: float | None = None
        self.size = 0
        self._last: _Look | None = None

    def look(self) -> Change:
        """Stat the file and compare with the last look."""
        try:
            stat = self.path.stat()
        except OSError:
            self._last = None
            return Change.GONE
        before, now = self._last, _Look(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        self._last, self.modified, self.size = now, stat.st_mtime, stat.st_size
        if before is None or now[:2] != before[:2] or now.size < before.size:
            return Change.REPLACED
        return Change.SAME if now == before else Change.GROWN

    def forget(self) -> None:
        """Take the next look for the first, so that the file is read once more."""
        self._last = None


class Tail:
    """Reads what was appended to a file. ``offset`` is how far its whole records have been consumed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self._mark = b""

    def restart(self) -> None:
        """Begin again at the start."""
        self.offset, self._mark = 0, b""

    def read(self, limit: int) -> bytes | None:
        """Return up to ``limit`` bytes from the offset on; None where the file was rewritten before it.

        A file rewritten in place can be as long as before: the bytes before the offset are compared.
        Raises OSError where it cannot be read.
        """
        with self.path.open("rb") as file:
            file.seek(self.offset - len(self._mark))
            if file.read(len(self._mark)) != self._mark:
                return None
            return file.read(limit)

    def consume(self, data: bytes, used: int) -> None:
        """Move the offset over the first ``used`` bytes of what was read."""
        self.offset += used
        self._mark = (self._mark + data[max(0, used - _MARK_BYTES) : used])[-_MARK_BYTES:]


class Novelty:
    """Tells new points from those told before, so that a file which is read once more tells nothing twice.

    A tag's points are compared by their place in the file; from the first that differs, all are new.
    """

    def __init__(self) -> None:
        self._told: dict[str, array[int]] = {}
        self._place: dict[str, int] = {}

    def rewind(self) -> None:
        """Expect the file from its start."""
        self._place = dict.fromkeys(self._told, 0)

    def fresh(self, points: list[Point]) -> list[Point]:
        """Return the points that were not told before."""
        return [point for point in points if self._is_new(point)]

    def _is_new(self, point: Point) -> bool:
        told = self._told.setdefault(point.tag, array("q"))
        place = self._place.get(point.tag, 0)
        self._place[point.tag] = place + 1
        mark = hash(struct.pack("<qd", point.step, point.value))
        if place < len(told):
            if told[place] == mark:
                return False
            del told[place:]
        told.append(mark)
        return True
