"""The journal's rows: what a few seconds of samples hold, all series together, in memory and as bytes."""

from __future__ import annotations

import logging
import math
import zlib
from array import array
from itertools import repeat
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.history.codec import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crackseg_desktop.series import Gap, SeriesKey

log = logging.getLogger(__name__)

_HEAD = Struct("<II?")  # samples, series, whether figures are missing
_CHECKSUM = Struct("<I")  # of all that follows


class Batch(NamedTuple):
    """Samples that wait to be written: a row of ``values`` for each time, a column for each series.

    ``present`` holds a byte for each value: 0 where a sample had no such figure; it is empty where none is missing.
    """

    keys: tuple[SeriesKey, ...]
    times: array[float]
    values: array[float]
    present: bytes
    gaps: tuple[Gap, ...] = ()

    def with_gap(self, gap: Gap) -> Batch:
        """Return the batch with one more gap."""
        return self._replace(gaps=(gap, *self.gaps))

    @property
    def figures(self) -> int:
        """Return how many values there are room for."""
        return len(self.values)


def batch_of(samples: Sequence[tuple[float, Mapping[SeriesKey, float]]], gaps: Iterable[Gap], most: int) -> Batch:
    """Return samples (time and figures) as a batch of the first ``most`` series."""
    values: array[float] = array("d")
    keys = tuple(samples[0][1])
    if len(keys) <= most and all(tuple(figures) == keys for _, figures in samples):  # as nearly always
        for _, figures in samples:
            values.extend(figures.values())
        return Batch(keys, _times_of(samples), values, b"", tuple(gaps))
    keys = tuple(dict.fromkeys(key for _, figures in samples for key in figures))[:most]
    for _, figures in samples:
        values.extend(map(figures.get, keys, repeat(math.nan)))
    present = bytes(key in figures for _, figures in samples for key in keys)
    return Batch(keys, _times_of(samples), values, present, tuple(gaps))


def _times_of(samples: Sequence[tuple[float, Mapping[SeriesKey, float]]]) -> array[float]:
    return array("d", [time for time, _ in samples])


def to_bytes(batch: Batch, numbers: Sequence[int]) -> bytes:
    """Return a batch as the content of a row; ``numbers`` are those of its series in the file."""
    head = _HEAD.pack(len(batch.times), len(numbers), bool(batch.present))
    body = head + array("I", numbers).tobytes() + batch.times.tobytes() + batch.values.tobytes() + batch.present
    return _CHECKSUM.pack(zlib.crc32(body)) + body


class Row:
    """A row that was read: samples of all series. Raises CodecError.

    Attributes:
        numbers: those of the series in the file.
        times: of the samples, as they came.
    """

    def __init__(self, content: bytes) -> None:
        if content[: _CHECKSUM.size] != _CHECKSUM.pack(zlib.crc32(memoryview(content)[_CHECKSUM.size :])):
            raise CodecError("a row of the journal is damaged")
        samples, series, missing = _HEAD.unpack_from(content, _CHECKSUM.size)
        self.numbers: array[int] = array("I")
        self.times: array[float] = array("d")
        self._values: array[float] = array("d")
        at = _CHECKSUM.size + _HEAD.size
        for column, length in ((self.numbers, series), (self.times, samples), (self._values, samples * series)):
            size = length * column.itemsize
            column.frombytes(content[at : at + size])
            at += size
        self._present = content[at:] if missing else b""

    def take(self, row: Row) -> bool:
        """Append the samples of the next row; return whether that can be: it has the same series, and all of them."""
        fits = not self._present and not row._present and self.numbers == row.numbers
        if fits:
            self.times.extend(row.times)
            self._values.extend(row._values)
        return fits

    def column(self, place: int) -> tuple[array[float], array[float]]:
        """Return times and values of the series at a place in ``numbers``."""
        series = len(self.numbers)
        values = self._values[place::series]
        if not self._present:
            return self.times, values
        rows = [row for row, there in enumerate(self._present[place::series]) if there]
        return array("d", [self.times[row] for row in rows]), array("d", [values[row] for row in rows])


def rows_of(contents: Iterable[bytes]) -> Iterator[Row]:
    """Yield rows, made one where they have the same series; those that are damaged are left out."""
    before: Row | None = None
    for content in contents:
        try:
            row = Row(content)
        except CodecError as error:
            log.warning("a row of the history's journal is left out: %s", error)
            continue
        if before is not None and before.take(row):
            continue
        if before is not None:
            yield before
        before = row
    if before is not None:
        yield before
