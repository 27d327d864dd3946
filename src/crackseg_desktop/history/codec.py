"""Columns of figures as small blocks of bytes: whole steps of a fitting size, differences, byte planes, zlib.

A figure is kept in steps that suit the unit of its metric, and as exactly as it was measured where the steps allow:

========================  =====================  ==================
unit                      minimum, maximum,      mean
                          last, sample
========================  =====================  ==================
bytes                     1 B (exact)            1 KiB
bytes_per_second          1 B/s                  1 B/s
celsius                   0.1 °C                 0.1 °C
hertz                     0.1 MHz                0.1 MHz
joules                    1 J                    1 J
per_hour                  0.0001 / h             0.0001 / h
ratio                     0.01 %                 0.01 %
seconds                   1 s                    1 s
watts                     0.01 W                 0.01 W
none (counts, states)     0.001                  0.001
``training_value``        exact, NaN and         float32
                          infinities too
========================  =====================  ==================

Times are kept in milliseconds. Where steps do not hold (NaN, infinite, beyond 2⁶² steps), figures are kept as the
floats that they are. A block describes itself, so that a change of this table changes no block that is there.
"""

from __future__ import annotations

import math
import sys
import zlib
from array import array
from contextlib import suppress
from itertools import accumulate
from operator import add, sub
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from crackseg_desktop.history.tiers import Columns, of_samples
from crackseg_desktop.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Steps(NamedTuple):
    """The size of a step, as a fraction: ``up / down``; of a mean ``mean_up`` times that. ``up`` 0: kept as floats."""

    up: int = 1
    down: int = 1
    mean_up: int = 1


_EXACT = Steps(0)
_PLAIN = Steps(1, 1000)
_STEPS = {
    "bytes": Steps(1, 1, 1024),
    "bytes_per_second": Steps(),
    "celsius": Steps(1, 10),
    "hertz": Steps(100_000),
    "joules": Steps(),
    "per_hour": Steps(1, 10_000),
    "ratio": Steps(1, 10_000),
    "seconds": Steps(),
    "watts": Steps(1, 100),
    "": _PLAIN,
}
_MILLISECONDS = Steps(1, 1000)
_LEVEL = 6

_HEAD = Struct("<IBIddd")  # bytes that follow the checksum, kind, rows, period, first time, end
_CHECKSUM = Struct("<I")  # of the head and what follows
_HEADED = _HEAD.size + _CHECKSUM.size
_SCALE = Struct("<ii")  # up and down of the steps; 0, 0: floats follow
INTEGERS = Struct("<Bqq")  # how and how wide, first or smallest, common divisor
PLAIN_SAMPLES, SAMPLES, BUCKETS = range(3)
DIFFERENCES, DIRECT = 0, 16
_WIDEST = 1 << 62
WIDTHS = ("b", "h", "i", "q")


class CodecError(ValueError):
    """A block is not as it was written."""


def steps_of(metric: str) -> Steps:
    """Return the steps in which the figures of a metric are kept."""
    row = CATALOGUE.get(metric)
    if row is None or metric == "training_value":
        return _EXACT
    return _STEPS.get(row.unit, _EXACT)


class Head(NamedTuple):
    """What a block says of itself: ``end`` is the last time of samples, or where the last bucket ends."""

    size: int
    kind: int
    rows: int
    period: float
    since: float
    end: float


def pack_plain(times: array[float], values: array[float], period: float, span: tuple[float, float]) -> bytes:
    """Return samples as they are, in any order: quickly written, for those that are packed within the hour."""
    return _headed(PLAIN_SAMPLES, span, len(times), period, times.tobytes() + values.tobytes())


def pack_times(times: Sequence[float]) -> bytes:
    """Return the times of samples as ``pack_samples`` takes them: for series that have the same ones."""
    return _figures(times, _MILLISECONDS)


def pack_samples(
    times: Sequence[float], values: Sequence[float], period: float, steps: Steps, packed_times: bytes = b""
) -> bytes:
    """Return samples (one or more, times rising) as a block."""
    content = (packed_times or pack_times(times)) + _figures(values, steps)
    return _headed(SAMPLES, (times[0], times[-1]), len(times), period, _deflated(content))


def pack_buckets(columns: Columns, period: float, steps: Steps) -> bytes:
    """Return buckets (one or more, times rising, multiples of the period) as a block."""
    numbers = [round(time / period) for time in columns.times]
    content = _integers(numbers) + _integers(columns.counts) + _extremes(columns, steps)
    span = columns.times[0], columns.times[-1] + period
    return _headed(BUCKETS, span, len(numbers), period, _deflated(content))


def split(content: bytes, since: float = -math.inf, until: float = math.inf) -> Iterator[tuple[Head, memoryview]]:
    """Yield the blocks, one behind the other in ``content``, that touch a span. Raises CodecError."""
    rest = memoryview(content)
    while rest:
        if len(rest) < _HEADED:
            raise CodecError("a block is cut off")
        head = Head(*_HEAD.unpack_from(rest))
        body = rest[_HEADED : _HEADED + head.size]
        if not (head.since >= until or head.end < since) or len(body) < head.size:
            checksum = zlib.crc32(body, zlib.crc32(rest[: _HEAD.size]))
            if _CHECKSUM.unpack_from(rest, _HEAD.size) != (checksum,):
                raise CodecError("a block is cut off or damaged")
            yield head, body
        rest = rest[_HEADED + head.size :]


def unpack(content: bytes) -> Iterator[Columns]:
    """Yield the blocks that lie one behind the other in ``content``. Raises CodecError."""
    return (_unpacked(head, body) for head, body in split(content))


def _headed(kind: int, span: tuple[float, float], rows: int, period: float, body: bytes) -> bytes:
    head = _HEAD.pack(len(body), kind, rows, period, *span)
    return head + _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(head))) + body


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def _in_steps(values: Sequence[float], up: int, down: int) -> list[int] | None:
    """Return figures as whole steps; None where they do not hold."""
    if not up:
        return None
    factor = down / up
    try:
        return [round(value * factor) for value in values]
    except (ValueError, OverflowError):  # NaN, infinite
        return None


def _figures(values: Sequence[float], steps: Steps) -> bytes:
    """Return a column of figures."""
    whole = _in_steps(values, steps.up, steps.down)
    if whole is not None:
        with suppress(OverflowError):
            return _SCALE.pack(steps.up, steps.down) + _integers(whole)
    return _SCALE.pack(0, 0) + _floats(values)


def _extremes(columns: Columns, steps: Steps) -> bytes:
    """Return smallest, largest, last and mean: the others by how far they are above the smallest."""
    whole = [_in_steps(column, steps.up, steps.down) for column in (columns.minima, columns.maxima, columns.lasts)]
    minima, maxima, lasts = whole
    means = _in_steps(columns.means, steps.up, steps.down)
    if minima is not None and maxima is not None and lasts is not None and means is not None:
        parts: list[list[int]] = [minima, *(list(map(sub, column, minima)) for column in (maxima, lasts, means))]
        if steps.mean_up > 1:
            parts[3] = [round(more / steps.mean_up) for more in parts[3]]
        with suppress(OverflowError):
            return _SCALE.pack(steps.up, steps.down) + _SCALE.pack(steps.mean_up, 1) + b"".join(map(_integers, parts))
    exact = b"".join(map(_floats, (columns.minima, columns.maxima, columns.lasts)))
    return _SCALE.pack(0, 0) + exact + _floats(_shortened(columns))


def _shortened(columns: Columns) -> Sequence[float]:
    """Return the means as float32 where the other figures fit into that too."""
    if all(_single(column) is not None for column in (columns.minima, columns.maxima, columns.lasts)):
        return array("f", columns.means)
    return columns.means


def _integers(values: Sequence[int]) -> bytes:
    """Return whole numbers as how they differ from the one before, or from the smallest, whichever is narrower.

    Raises OverflowError beyond 64 bits.
    """
    low, high = min(values), max(values)
    if low < -_WIDEST or high >= _WIDEST:
        raise OverflowError
    if low == high:
        return INTEGERS.pack(DIRECT, low, 0)
    rest = list(map(sub, values[1:], values))
    how, base, least, most = DIFFERENCES, values[0], min(rest), max(rest)
    if most - least > high - low:
        rest = [value - low for value in values]
        how, base, least, most = DIRECT, low, 0, high - low
    divisor = math.gcd(*rest)
    if divisor > 1:
        rest = [value // divisor for value in rest]
    widest = max(most, -1 - least) // divisor
    width = next(code for code in range(4) if widest < 1 << (8 << code) - 1)
    return INTEGERS.pack(how + width, base, divisor) + _planes(array(WIDTHS[width], rest))


def _floats(values: Sequence[float]) -> bytes:
    """Return floats as they are, in 4 bytes where that is exact."""
    single = _single(values)
    return b"f" + _planes(single) if single is not None else b"d" + _planes(array("d", values))


def _single(values: Sequence[float]) -> array[float] | None:
    single = array("f", values)
    return single if array("d", single).tobytes() == array("d", values).tobytes() else None


def _planes(column: array[int] | array[float]) -> bytes:
    """Return the lowest bytes of all, then the next: what zlib packs better. Little endian, whatever the machine."""
    if sys.byteorder == "big":
        column.byteswap()
    content = column.tobytes()
    return b"".join(content[plane :: column.itemsize] for plane in range(column.itemsize))


def _unpacked(head: Head, body: memoryview) -> Columns:
    if head.kind == PLAIN_SAMPLES:
        middle = 8 * head.rows
        return of_samples(array("d", bytes(body[:middle])), array("d", bytes(body[middle:])))
    reader = Reader(zlib.decompress(body, -15), head.rows)
    if head.kind == SAMPLES:
        return of_samples(reader.figures(), reader.figures())
    times = [number * head.period for number in reader.integers()]
    counts = reader.integers()
    minima, maxima, means, lasts = reader.extremes()
    return Columns(times, minima, maxima, means, lasts, counts)


class Reader:
    """Reads the columns of a block, one after the other."""

    def __init__(self, content: bytes, rows: int) -> None:
        self.rows = rows
        self._content, self._at = content, 0

    def figures(self) -> Any:
        """Return the next column of figures."""
        up, down = self.unpack(_SCALE)
        return self.scaled(self.integers(), up, down) if up else self._floats()

    def extremes(self) -> tuple[Any, Any, Any, Any]:
        """Return minima, maxima, means and lasts."""
        up, down = self.unpack(_SCALE)
        if not up:
            minima, maxima, lasts, means = (self._floats() for _ in range(4))
            return minima, maxima, means, lasts
        mean_up, _ = self.unpack(_SCALE)
        least = self.integers()
        maxima, lasts = (self.scaled(self.sum(least, self.integers()), up, down) for _ in range(2))
        means = self.scaled(self.sum(least, self.integers(), mean_up), up, down)
        return self.scaled(least, up, down), maxima, means, lasts

    def integers(self) -> Any:
        """Return the next column of whole numbers."""
        code, base, divisor = self.unpack(INTEGERS)
        if not divisor:
            return [base] * self.rows
        differs = code & DIRECT == DIFFERENCES
        rest = self._column(WIDTHS[code & 3], self.rows - differs)
        steps = rest if divisor == 1 else [value * divisor for value in rest]
        return list(accumulate(steps, initial=base)) if differs else [base + step for step in steps]

    def sum(self, one: Any, other: Any, times: int = 1) -> Any:
        """Return one column and so many times the other."""
        return list(map(add, one, other if times == 1 else [value * times for value in other]))

    def scaled(self, whole: Any, up: int, down: int) -> Any:
        """Return whole steps as figures."""
        return [value / down for value in whole] if up == 1 else [value * up / down for value in whole]

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        self._at += size
        return self._content[self._at - size : self._at]

    def unpack(self, form: Struct) -> tuple[Any, ...]:
        """Return the next fields."""
        return form.unpack(self.take(form.size))

    def _floats(self) -> Any:
        kind = "f" if self.take(1) == b"f" else "d"
        return self._as_floats(self._column(kind, self.rows))

    def _as_floats(self, column: Any) -> Any:
        return array("d", column)

    def _column(self, kind: str, rows: int) -> Any:
        column = array(kind)
        planes = self.take(rows * column.itemsize)
        content = bytearray(len(planes))
        for plane in range(column.itemsize):
            content[plane :: column.itemsize] = planes[plane * rows : (plane + 1) * rows]
        column.frombytes(content)
        if sys.byteorder == "big":
            column.byteswap()
        return column
