"""TensorBoard event files, read by ourselves and to the last point: framing, checksums, damage and resumption.

Neither TensorFlow nor TensorBoard nor protobuf is imported.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.training.formats.base import Clues, Point
from crackseg_desktop.training.formats.tfevents_decode import Column, Columns, Decoder
from crackseg_desktop.training.formats.tfevents_framing import Framing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

_NAME = re.compile(r"events\.out\.tfevents\.(?P<began>\d+)\.(?P<host>.+?)(?:\.(?P<pid>\d+)\.\d+)?(?P<suffix>\.v2)?$")
_PASSED_OVER = (".meta", ".tmp", ".swp", ".gz", ".bak")
_LFS_POINTER = b"version https://git-lfs"
_CHUNK_BYTES = 1 << 18


class EventWriter(NamedTuple):
    """Who wrote an event file, as its name tells."""

    host: str
    pid: int


def is_event_file(name: str) -> bool:
    """Say whether a file name is one that TensorBoard would read."""
    return "tfevents" in name and not name.startswith("._") and not name.endswith(_PASSED_OVER)


def event_file_began(name: str) -> float | None:
    """Return when an event file was begun as its name tells, Unix seconds; None where it does not."""
    match = _NAME.match(name)
    return float(match["began"]) if match is not None else None


def event_writer(name: str) -> EventWriter | None:
    """Return the host and the PID in the name of an event file; None where it has none."""
    match = _NAME.match(name)
    return EventWriter(match["host"], int(match["pid"])) if match is not None and match["pid"] else None


class EventFile:
    """Reads the scalars of one event file, again and again while it grows. Opens it for each read only.

    Half a record at its end is left for the next time. A length that its checksum contradicts ends what can be read
    of the file; a payload that its checksum contradicts is passed over. Both are noted.

    Attributes:
        ended: whether nothing that is appended can be read any more.
        offset: how far the file has been read, in bytes.
        damaged_records: how many payloads were passed over.
    """

    def __init__(self, path: Path) -> None:
        self.clues = Clues()
        self.ended = False
        self.offset = 0
        self.damaged_records = 0
        self.decoder = Decoder(self.clues, path.name)
        self._path = path
        self._framing: Framing | None = None
        self._seen_size = 0
        self._damage_note = ""

    def read(self, limit: int) -> list[Point]:
        """Return the points of the records that are new, at least ``limit`` where there are so many.

        Raises OSError where the file cannot be read.
        """
        points: list[Point] = []
        for columns in self.portions():
            for tag, column in columns.items():
                rows = zip(column.steps, column.wall_times, column.values, strict=True)
                points += [Point(tag, step, time, value, "step") for step, time, value in rows]
            if len(points) >= limit:
                break
        return points

    def continues(self) -> bool:
        """Say whether the file now at the path begins with what was read: reading goes on at the offset then."""
        return False

    def portions(self) -> Iterator[Columns]:
        """Yield the points of the records that are new, by tag, a part of the file at a time.

        Raises OSError where the file cannot be read.
        """
        size = os.stat(self._path).st_size
        if self.ended or size in (self.offset, self._seen_size):
            return
        with open(self._path, "rb", buffering=0) as file:
            while not self.ended and self.offset < size and (columns := self._next(file)) is not None:
                yield columns
        self._seen_size = size

    def finish(self) -> None:
        """Note what is missing in a file that nobody writes any more."""
        if self.ended:
            return
        if self._seen_size == 0:
            self.clues.note(f"{self._path.name} is empty")
        elif self.offset < self._seen_size:
            self.clues.note(f"{self._path.name} ends in the middle of a record")

    def _next(self, file: FileIO) -> Columns | None:
        """Return the points of the next part of the file; None where no record is whole."""
        file.seek(self.offset)
        data = file.read(_CHUNK_BYTES)
        if self.offset == 0 and data.startswith(_LFS_POINTER):
            self._end(f"{self._path.name} is a Git LFS pointer, its content was never fetched")
            return None
        columns = self._decoded(data)
        needed = self._framed().needed
        if not self._framed().consumed and len(data) < needed <= os.fstat(file.fileno()).st_size - self.offset:
            file.seek(self.offset)
            columns = self._decoded(file.read(needed))
        return columns if self._framed().consumed else None

    def _decoded(self, data: bytes) -> Columns:
        """Decode the whole records at the offset and move it behind them."""
        columns: Columns = {}
        framing, begin = self._framed(), self.offset
        for at, payload in framing.records(data):
            if payload is None:
                self._pass_over(begin + at)
                continue
            for point in self.decoder.points(payload, begin + at):
                column = columns.get(point.tag)
                if column is None:
                    column = columns[point.tag] = Column()
                column.append(point)
        self.offset = begin + framing.consumed
        if framing.has_bad_length:
            self._end(
                f"{self._path.name} is damaged at byte {self.offset}: it was read up to there"
                if self.offset
                else f"{self._path.name} is no event file"
            )
        return columns

    def _framed(self) -> Framing:
        if self._framing is None:
            self._framing = Framing()
        return self._framing

    def _end(self, sentence: str) -> None:
        self.ended = True
        self.clues.note(sentence)

    def _pass_over(self, offset: int) -> None:
        """Count a damaged record; one note tells how many there are."""
        self.damaged_records += 1
        name = self._path.name
        if self.damaged_records == 1:
            self._damage_note = f"a damaged record of {name} was passed over, at byte {offset}"
            self.clues.note(self._damage_note)
            return
        before, first = self._damage_note, self._damage_note.rsplit(" ", 1)[1]
        self._damage_note = (
            f"{self.damaged_records} damaged records of {name} were passed over, the first at byte {first}"
        )
        self.clues.notes[self.clues.notes.index(before)] = self._damage_note
