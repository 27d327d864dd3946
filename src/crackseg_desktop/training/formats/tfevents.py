"""TensorBoard event files, read by ourselves and to the last point: framing, checksums, damage and resumption.

Neither TensorFlow nor TensorBoard nor protobuf is imported; NumPy is, where much is to be read.
"""

from __future__ import annotations

import os
import re
import sys
from io import FileIO
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.training.formats.base import Clues
from crackseg_desktop.training.formats.tfevents_decode import Column, Columns, Decoder
from crackseg_desktop.training.formats.tfevents_framing import FOOTER_BYTES, HEADER_BYTES, Framing
from crackseg_desktop.training.tails import regular_descriptor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crackseg_desktop.training.formats.tfevents_bulk import BulkReader

_NAME = re.compile(r"events\.out\.tfevents\.(?P<began>\d+)\.(?P<host>.+?)(?:\.(?P<pid>\d+)\.\d+)?(?P<suffix>\.v2)?$")
_PASSED_OVER = (".meta", ".tmp", ".swp", ".gz", ".bak")
_LFS_POINTER = b"version https://git-lfs"
_CHUNK_BYTES = 1 << 18
_LEAST_SERIAL_BYTES, _MOST_SERIAL_BYTES = 1 << 14, 1 << 22
_MARK_BYTES = 64
_LARGEST_RECORD_BYTES = 1 << 28


class RewrittenError(Exception):
    """What was read of a file is not what it begins with any more."""


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


class BulkTables:
    """What is learnt while much is read, for the next file. The files that one thread reads may share one.

    ``big_bytes`` is how much pays for importing NumPy, in one file or in several; ``least_bytes`` is how much is read
    in bulk once NumPy is there.
    """

    def __init__(self, big_bytes: int = 1 << 20, least_bytes: int = 1 << 16) -> None:
        self._big_bytes = big_bytes
        self.least_bytes = least_bytes
        self._seen_bytes = 0
        self._reader: BulkReader | None = None

    def reader_for(self, unread_bytes: int) -> BulkReader | None:
        """Return the reader for so much of one file; None where reading it record by record is quicker."""
        if unread_bytes < self.least_bytes or sys.byteorder == "big":
            return None
        self._seen_bytes += unread_bytes
        if self._reader is None and (self._seen_bytes >= self._big_bytes or "numpy" in sys.modules):
            from crackseg_desktop.training.formats.tfevents_bulk import BulkReader

            self._reader = BulkReader()
        return self._reader


class EventFile:
    """Reads the scalars of one event file, again and again while it grows. Opens it for each read only.

    Half a record at its end is left for the next time. A length that its checksum contradicts ends what can be read
    of the file, unless other bytes are written there later; a payload that its checksum contradicts is passed over.
    Both are noted.

    Attributes:
        ended: whether nothing that is appended can be read any more.
        offset: how far the file has been read, in bytes.
        damaged_records: how many payloads were passed over.
    """

    def __init__(self, path: Path, bulk: BulkTables | None = None) -> None:
        self.clues = Clues()
        self.ended = False
        self.offset = 0
        self.damaged_records = 0
        self.decoder = Decoder(self.clues, path.name)
        self._path = path
        self._name = os.fspath(path)  # a Path is turned into a string each time it is opened
        self._bulk = bulk if bulk is not None else BulkTables()
        self._framing: Framing | None = None
        self._first_bytes = self._last_bytes = b""
        self._seen_size = 0
        self._damage_note = self._end_note = ""
        self._bad_header = b""

    def portions(self) -> Iterator[Columns]:
        """Yield the points of the records that are new, by tag, a part of the file at a time.

        A file that is replaced by one with the same beginning is read on; raises RewrittenError for another, and
        OSError where it cannot be read.
        """
        with self._opened() as file:
            size = os.fstat(file.fileno()).st_size
            if not self._continues(file, size):
                raise RewrittenError
            if self._is_still_ended(file) or size <= self.offset or size == self._seen_size:
                return
            reader = self._bulk.reader_for(size - self.offset)
            if reader is not None:
                yield from self._in_bulk(file, size, reader)
            while not self.ended and self.offset < size:
                columns = self._next(file, min(size - self.offset, _CHUNK_BYTES))
                if columns is None:
                    break
                yield columns
        self._seen_size = size

    def stored_payload(self, offset: int, length: int) -> bytes | None:
        """Return the payload of a record that ``decoder.stored`` tells of; None where it is not there (any more).

        Raises OSError where the file cannot be read.
        """
        with self._opened() as file:
            file.seek(offset)
            data = file.read(min(length, os.fstat(file.fileno()).st_size) + HEADER_BYTES + FOOTER_BYTES)
        payload = next((payload for _, payload in Framing().records(data)), None)
        return payload if payload is not None and len(payload) == length else None

    def finish(self) -> None:
        """Note what is missing in a file that nobody writes any more."""
        if self.ended:
            return
        if self._seen_size == 0:
            self.clues.note(f"{self._path.name} is empty")
        elif self.offset < self._seen_size:
            self.clues.note(f"{self._path.name} ends in the middle of a record")

    def _in_bulk(self, file: FileIO, size: int, reader: BulkReader) -> Iterator[Columns]:
        """Read in windows; where that pays not, record by record, and the longer the less it pays."""
        window, serial_bytes = reader.window(size - self.offset), _LEAST_SERIAL_BYTES
        while not self.ended and size - self.offset >= self._bulk.least_bytes:
            begin = self.offset
            file.seek(begin)
            looked_at = window.content if serial_bytes == _LEAST_SERIAL_BYTES else window.content[: 4 * serial_bytes]
            portion = reader.read(window, file.readinto(looked_at) or 0, begin, self.decoder, self.clues)
            if portion is not None:
                serial_bytes = _LEAST_SERIAL_BYTES
                for at in portion.damaged:
                    self._pass_over(begin + at)
                self._move_on(window.content[: portion.consumed])
                yield portion.columns
                continue
            while not self.ended and self.offset < begin + serial_bytes:
                columns = self._next(file, min(serial_bytes, _CHUNK_BYTES))
                if columns is None:
                    return
                yield columns
            serial_bytes = min(2 * serial_bytes, _MOST_SERIAL_BYTES)

    def _next(self, file: FileIO, chunk_bytes: int) -> Columns | None:
        """Return the points of the next part of the file; None where no record is whole."""
        file.seek(self.offset)
        data = file.read(chunk_bytes)
        if self.offset == 0 and data.startswith(_LFS_POINTER):
            self._end(f"{self._path.name} is a Git LFS pointer, its content was never fetched", data)
            return None
        columns = self._decoded(data)
        framing = self._framed()
        if framing.consumed or not len(data) < framing.needed <= os.fstat(file.fileno()).st_size - self.offset:
            return columns if framing.consumed else None
        if framing.needed > _LARGEST_RECORD_BYTES:
            self._leap(file, framing.needed)
            return {}
        file.seek(self.offset)
        columns = self._decoded(file.read(framing.needed))
        return columns if framing.consumed else None

    def _leap(self, file: FileIO, length: int) -> None:
        """Pass over a record that is too large to be held in memory."""
        self._pass_over(self.offset)
        self.offset += length
        file.seek(self.offset - _MARK_BYTES)
        self._last_bytes = file.read(_MARK_BYTES)

    def _continues(self, file: FileIO, size: int) -> bool:
        """Compare the first and the last bytes that were read; of a file that has become shorter the first alone.

        A shorter one may be just being copied here once more, and nothing is read before it is longer again.
        """
        if size < self.offset:
            return self._first_bytes.startswith(file.read(len(self._first_bytes)))
        if not self._last_bytes:
            return True
        file.seek(self.offset - len(self._last_bytes))
        return file.read(len(self._last_bytes)) == self._last_bytes

    def _opened(self) -> FileIO:
        """Open the file without a buffer: little is read at a time, and where."""
        return FileIO(regular_descriptor(self._name), "rb", closefd=True)

    def _is_still_ended(self, file: FileIO) -> bool:
        """Say whether the bytes that ended the file are still there: a file system may write blocks out of order."""
        if not self.ended:
            return False
        file.seek(self.offset)
        if file.read(HEADER_BYTES) == self._bad_header:
            return True
        self.ended = False
        self.clues.notes.remove(self._end_note)
        return False

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
        self._move_on(memoryview(data)[: framing.consumed])
        if framing.has_bad_length:
            sentence = (
                f"is damaged at byte {self.offset}: it was read up to there" if self.offset else "is no event file"
            )
            self._end(f"{self._path.name} {sentence}", data[framing.consumed :])
        return columns

    def _framed(self) -> Framing:
        if self._framing is None:
            self._framing = Framing()
        return self._framing

    def _move_on(self, data: memoryview) -> None:
        """Move the offset behind bytes that were read, and remember the first and the last ones of the file."""
        self.offset += len(data)
        if len(self._first_bytes) < _MARK_BYTES:
            self._first_bytes = (self._first_bytes + bytes(data[:_MARK_BYTES]))[:_MARK_BYTES]
        self._last_bytes = (self._last_bytes + bytes(data[-_MARK_BYTES:]))[-_MARK_BYTES:]

    def _end(self, sentence: str, data: bytes) -> None:
        self.ended, self._end_note, self._bad_header = True, sentence, data[:HEADER_BYTES]
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
