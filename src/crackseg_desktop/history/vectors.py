"""Blocks read, and folded, with numpy: what ``codec`` and ``tiers`` do, for who reads long spans.

Import it where something is read only: the recorder must not need numpy, which is larger than the whole recorder.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from crackseg_desktop.history import codec
from crackseg_desktop.history.tiers import Columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Column = NDArray[np.float64]

NOTHING: Column = np.empty(0)


def unpack(content: bytes, since: float, until: float) -> Iterator[Columns]:
    """Yield the blocks of ``content`` that touch a span, as arrays of numpy. Raises CodecError."""
    for head, body in codec.split(content, since, until):
        yield _plain(head, body) if head.kind == codec.PLAIN_SAMPLES else _packed(head, body)


def of_samples(times: array[float], values: array[float]) -> Columns:
    """Return samples as columns of numpy."""
    return _samples(np.frombuffer(times), np.frombuffer(values))


def within(columns: Columns, since: float, until: float) -> Columns:
    """Return the rows of ``since <= time < until``; their times rise."""
    start, stop = np.searchsorted(columns.times, (since, until))
    return columns.part(int(start), int(stop))


def joined(pieces: Iterable[Columns]) -> Columns:
    """Return pieces as one, sorted by time; of equal times the later piece comes last."""
    kept = [piece for piece in pieces if len(piece.times)]
    if not kept:
        return Columns._make(NOTHING for _ in Columns._fields)
    if all(piece.minima is piece.lasts for piece in kept):
        columns = _samples(*(np.concatenate([piece[place] for piece in kept]) for place in (0, 1)))
    else:
        columns = Columns._make(np.concatenate(parts) for parts in zip(*kept, strict=True))
    times = np.asarray(columns.times)
    if (times[1:] >= times[:-1]).all():
        return columns
    order = np.argsort(times, kind="stable")
    return Columns._make(np.asarray(column)[order] for column in columns)


def fold(columns: Columns, period: float) -> Columns:
    """Return rows, sorted by time, as buckets of ``period`` seconds that begin at multiples of it."""
    numbers = np.floor_divide(columns.times, period)
    if not len(numbers):
        return columns
    first = np.concatenate(([0], np.flatnonzero(numbers[1:] != numbers[:-1]) + 1))
    last = np.append(first[1:], len(numbers)) - 1
    with np.errstate(invalid="ignore", over="ignore"):  # infinite figures have no mean
        counts = np.add.reduceat(columns.counts, first)
        sums = np.add.reduceat(np.multiply(columns.means, columns.counts), first)
        minima, maxima = np.fmin.reduceat(columns.minima, first), np.fmax.reduceat(columns.maxima, first)
        lasts = np.asarray(columns.lasts)[last]
        return Columns._make((numbers[first] * period, minima, maxima, sums / counts, lasts, counts))


def to_array(column: Any, kind: str = "d") -> array[Any]:
    """Return a column as an ``array`` of a kind."""
    found = array(kind)
    found.frombytes(np.asarray(column, np.float64 if kind == "d" else np.int64).tobytes())
    return found


def _samples(times: Any, values: Any) -> Columns:
    return Columns._make((times, values, values, values, values, np.ones(len(times), np.int64)))


def _plain(head: codec.Head, body: memoryview) -> Columns:
    both = np.frombuffer(body)
    return _samples(both[: head.rows], both[head.rows :])


def _packed(head: codec.Head, body: memoryview) -> Columns:
    reader = _Reader(zlib.decompress(body, -15), head.rows)
    if head.kind == codec.SAMPLES:
        return _samples(reader.figures(), reader.figures())
    times, counts = reader.integers() * head.period, reader.integers()
    minima, maxima, means, lasts = reader.extremes()
    return Columns(times, minima, maxima, means, lasts, counts)


class _Reader(codec.Reader):
    """Reads the columns of a block, one after the other, into arrays of numpy."""

    def integers(self) -> Any:
        """Return the next column of whole numbers."""
        code, base, divisor = self.unpack(codec.INTEGERS)
        if not divisor:
            return np.full(self.rows, base)
        differs = code & codec.DIRECT == codec.DIFFERENCES
        steps = self._column(codec.WIDTHS[code & 3], self.rows - differs).astype(np.int64)
        if divisor > 1:
            steps *= divisor
        if differs:
            steps = np.cumsum(np.concatenate(((0,), steps)))
        steps += base
        return steps

    def sum(self, one: Any, other: Any, times: int = 1) -> Any:
        """Return one column and so many times the other."""
        return one + times * other

    def scaled(self, whole: Any, up: int, down: int) -> Any:
        """Return whole steps as figures."""
        return whole * up / down if up != 1 else whole / down

    def _as_floats(self, column: Any) -> Any:
        return column.astype(np.float64)

    def _column(self, kind: str, rows: int) -> Any:
        size = array(kind).itemsize
        planes = np.frombuffer(self.take(rows * size), np.uint8).reshape(size, rows)
        column = np.ascontiguousarray(planes.T).reshape(-1).view(kind)
        return column.byteswap() if sys.byteorder == "big" else column
