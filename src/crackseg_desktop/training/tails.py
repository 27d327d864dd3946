"""Growing files, read politely: looked at first, opened for reading only while they are read, never kept open."""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
from array import array
from enum import Enum, auto
from itertools import count, takewhile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from crackseg_desktop.training.formats.base import Point

_MARK_BYTES = 64
_WINDOW_BYTES = 1 << 18
_MOST_DRAWN_BYTES = 32 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class _Reader(io.BufferedReader):
    """Reads a file; where that would block, as in some of ``/proc``, it raises OSError instead of returning None."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes."""
        data: bytes | None = super().read(size)
        if data is None:
            raise BlockingIOError(errno.EAGAIN, "there is nothing to read without waiting")
        return data


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading. Raises OSError, and at once, where it is a pipe or a device: their reading may block."""
    return _Reader(io.FileIO(regular_descriptor(path)))


def regular_descriptor(path: str | Path) -> int:
    """Open a file for reading without a buffer; see ``open_regular``."""
    descriptor = os.open(path, _FLAGS)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file", str(path))


def read_head(path: Path, limit: int) -> bytes:
    """Return the first bytes of a file; none where it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(limit)
    except OSError:
        return b""


def read_end(path: Path, limit: int) -> bytes:
    """Return the last bytes of a file; none where it cannot be read."""
    try:
        with open_regular(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
            return file.read(limit)
    except OSError:
        return b""


def read_shown(path: Path, limit: int) -> bytes:
    """Return the beginning of a file as a console shows it at the end; none where it cannot be read.

    Of each line only the last state is left: progress bars are drawn over and over, by carriage return or backspaces,
    so that an epoch can take megabytes. Up to ``limit`` bytes are returned, of the first 32 MiB of the file.
    """
    shown: list[bytes] = []
    size, rest = 0, b""
    try:
        with open_regular(path) as file:
            for _ in range(_MOST_DRAWN_BYTES // _WINDOW_BYTES):
                *lines, rest = (rest + file.read(_WINDOW_BYTES)).split(b"\n")
                lines, rest = [_last_state(line) + b"\n" for line in lines], _last_state(rest)
                shown += lines
                size += sum(map(len, lines))
                if size + len(rest) >= limit:
                    break
    except OSError:
        return b""
    return b"".join((*shown, rest))[:limit]


def _last_state(line: bytes) -> bytes:
    """Return what is left of a line, with what is drawn at its end: more may follow."""
    drawn = line.rstrip(b"\r\b")
    return line[max(drawn.rfind(b"\r"), drawn.rfind(b"\b")) + 1 :]


def rotated(path: Path) -> list[Path]:
    """Return what a log's older parts were renamed to (``train.log.1``, ``train.log.2``, …), the newest first."""
    names = (path.with_name(f"{path.name}.{number}") for number in count(1))
    return list(takewhile(os.path.isfile, names))


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
        self._head = self._mark = b""

    def restart(self) -> None:
        """Begin again at the start."""
        self.offset, self._head, self._mark = 0, b"", b""

    def read(self, limit: int) -> bytes | None:
        """Return up to ``limit`` bytes from the offset on; None where the file was rewritten before it.

        A file rewritten in place, or replaced, can be as long as before: its first bytes and those before the offset
        are compared. Raises OSError where it cannot be read.
        """
        with open_regular(self.path) as file:
            return file.read(limit) if self._leads_to_offset(file) else None

    def rotated_to(self) -> list[Tail]:
        """Return tails of what a log was rotated to, from the one that has the place on, in the order of writing.

        Empty where none of them has it: then the file was not rotated, but rewritten.
        """
        newer: list[Tail] = []
        for path in rotated(self.path):
            tail = Tail(path)
            try:
                with open_regular(path) as file:
                    has_place = self._leads_to_offset(file)
            except OSError:
                has_place = False
            if has_place:
                tail.offset, tail._head, tail._mark = self.offset, self._head, self._mark
                return [tail, *newer]
            newer.insert(0, tail)
        return []

    def consume(self, data: bytes, used: int) -> None:
        """Move the offset over the first ``used`` bytes of what was read."""
        self.offset += used
        self._head = (self._head + data[:used])[:_MARK_BYTES]
        self._mark = (self._mark + data[max(0, used - _MARK_BYTES) : used])[-_MARK_BYTES:]

    def _leads_to_offset(self, file: BinaryIO) -> bool:
        """Say whether a file is as it was up to the offset, which it is then read from."""
        if file.read(len(self._head)) != self._head:
            return False
        file.seek(self.offset - len(self._mark))
        return file.read(len(self._mark)) == self._mark


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

    def foresee(self, points: list[Point]) -> list[Point]:
        """Return the points that were not told before, and expect them once more: they may change."""
        places = dict(self._place)
        fresh = self.fresh(points)
        self._place = places
        return fresh

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
