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

Times are kept in milliseconds. Where steps do not hold (NaN, infinite, beyond 2⁵³ steps), figures are kept as the
floats that they are. A block describes itself, so that a change of this table changes no block that is there.
"""

from __future__ import annotations

import math
import sys
import zlib
from array import array
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
_MOST_STEPS = 2**53
_LEVEL = 6

_HEAD = Struct("<IBIddd")  # bytes that follow the checksum, kind, rows, period, first time, end
_CHECKSUM = Struct("<I")  # of the head and what follows
_HEADED = _HEAD.size + _CHECKSUM.size
_SCALE = Struct("<ii")  # up and down of the steps; 0, 0: floats follow
_INTEGERS = Struct("<Bqq")  # how and how wide, first or smallest, common divisor
_PLAIN_SAMPLES, _SAMPLES, _BUCKETS = range(3)
_DIFFERENCES, _DIRECT = 0, 16
_WIDTHS = ("b", "h", "i", "q")


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


def pack_plain(times: array[float], values: array[float], period: float) -> bytes:
    """Return samples as they are: quickly written, for those that are packed within the hour."""
    return _headed(_PLAIN_SAMPLES, times, period, times.tobytes() + values.tobytes())


def pack_samples(times: Sequence[float], values: Sequence[float], period: float, steps: Steps) -> bytes:
    """Return samples (one or more, times rising) as a block."""
    return _headed(_SAMPLES, times, period, _deflated(_figures(times, _MILLISECONDS) + _figures(values, steps)))


def pack_buckets(columns: Columns, period: float, steps: Steps) -> bytes:
    """Return buckets (one or more, times rising, multiples of the period) as a block."""
    numbers = [round(time / period) for time in columns.times]
    content = _integers(numbers) + _integers(columns.counts) + _extremes(columns, steps)
    return _headed(_BUCKETS, columns.times, period, _deflated(content), period)


def _split(content: bytes) -> Iterator[tuple[Head, memoryview]]:
    rest = memoryview(content)
    while rest:
        if len(rest) < _HEADED:
            raise CodecError("a block is cut off")
        head = Head(*_HEAD.unpack_from(rest))
        body = rest[_HEADED : _HEADED + head.size]
        checksum = zlib.crc32(body, zlib.crc32(rest[: _HEAD.size]))
        if len(body) < head.size or _CHECKSUM.unpack_from(rest, _HEAD.size) != (checksum,):
            raise CodecError("a block is cut off or damaged")
        yield head, body
        rest = rest[_HEADED + head.size :]


def unpack(content: bytes, since: float = -math.inf, until: float = math.inf) -> Iterator[Columns]:
    """Yield the blocks of ``content`` that touch a span. Raises CodecError."""
    for head, body in _split(content):
        if head.since < until and head.end >= since:
            yield _unpacked(head, body)


def _headed(kind: int, times: Sequence[float], period: float, body: bytes, length: float = 0.0) -> bytes:
    head = _HEAD.pack(len(body), kind, len(times), period, times[0], times[-1] + length)
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
        steps = [round(value * factor) for value in values]
    except (ValueError, OverflowError):  # NaN, infinite
        return None
    return steps if max(steps) < _MOST_STEPS and min(steps) > -_MOST_STEPS else None


def _figures(values: Sequence[float], steps: Steps) -> bytes:
    """Return a column of figures."""
    whole = _in_steps(values, steps.up, steps.down)
    if whole is None:
        return _SCALE.pack(0, 0) + _floats(values)
    return _SCALE.pack(steps.up, steps.down) + _integers(whole)


def _extremes(columns: Columns, steps: Steps) -> bytes:
    """Return smallest, largest, last and mean: the others by how far they are above the smallest."""
    whole = [_in_steps(column, steps.up, steps.down) for column in (columns.minima, columns.maxima, columns.lasts)]
    minima, maxima, lasts = whole
    means = _in_steps(columns.means, steps.up, steps.down)
    if minima is None or maxima is None or lasts is None or means is None:
        exact = b"".join(map(_floats, (columns.minima, columns.maxima, columns.lasts)))
        return _SCALE.pack(0, 0) + exact + _floats(_shortened(columns))
    parts = [_SCALE.pack(steps.up, steps.down), _SCALE.pack(steps.mean_up, 1), _integers(minima)]
    parts += [_integers(list(map(sub, column, minima))) for column in (maxima, lasts)]
    parts.append(_integers([round((mean - least) / steps.mean_up) for mean, least in zip(means, minima, strict=True)]))
    return b"".join(parts)


def _shortened(columns: Columns) -> Sequence[float]:
    """Return the means as float32 where the other figures fit into that too."""
    if all(_single(column) is not None for column in (columns.minima, columns.maxima, columns.lasts)):
        return array("f", columns.means)
    return columns.means


def _integers(values: Sequence[int]) -> bytes:
    """Return whole numbers as how they differ from the one before, or from the smallest, whichever is narrower."""
    differences = list(map(sub, values[1:], values))
    low, high = min(values), max(values)
    if differences and max(differences) - min(differences) <= high - low:
        how, base, rest = _DIFFERENCES, values[0], differences
    else:
        how, base, rest = _DIRECT, low, [value - low for value in values]
    divisor = math.gcd(*rest)
    if not divisor:
        return _INTEGERS.pack(how, base, 0)
    if divisor > 1:
        rest = [value // divisor for value in rest]
    width = next(code for code in range(4) if _fits(rest, 8 << code))
    return _INTEGERS.pack(how + width, base, divisor) + _planes(array(_WIDTHS[width], rest))


def _fits(values: Sequence[int], bits: int) -> bool:
    return min(values) >= -1 << bits - 1 and max(values) < 1 << bits - 1


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
    if head.kind == _PLAIN_SAMPLES:
        middle = 8 * head.rows
        return of_samples(array("d", bytes(body[:middle])), array("d", bytes(body[middle:])))
    reader = _Reader(zlib.decompress(body, -15), head.rows)
    if head.kind == _SAMPLES:
        return of_samples(reader.figures(), reader.figures())
    times = [number * head.period for number in reader.integers()]
    counts = reader.integers()
    minima, maxima, means, lasts = reader.extremes()
    return Columns(times, minima, maxima, means, lasts, counts)


class _Reader:
    """Reads the columns of a block, one after the other."""

    def __init__(self, content: bytes, rows: int) -> None:
        self._content, self._rows, self._at = content, rows, 0

    def figures(self) -> Sequence[float]:
        """Return the next column of figures."""
        up, down = self._unpack(_SCALE)
        return _scaled(self.integers(), up, down) if up else self._floats()

    def extremes(self) -> tuple[Sequence[float], ...]:
        """Return minima, maxima, means and lasts."""
        up, down = self._unpack(_SCALE)
        if not up:
            exact = [self._floats() for _ in range(4)]
            return exact[0], exact[1], exact[3], exact[2]
        mean_up, _ = self._unpack(_SCALE)
        least = self.integers()
        maxima, lasts = (_scaled(list(map(add, least, self.integers())), up, down) for _ in range(2))
        above = self.integers()
        means = [(base + more * mean_up) * up / down for base, more in zip(least, above, strict=True)]
        return _scaled(least, up, down), maxima, means, lasts

    def integers(self) -> list[int]:
        """Return the next column of whole numbers."""
        code, base, divisor = self._unpack(_INTEGERS)
        how, width = code & 16, code & 3
        if not divisor:
            return [base] * self._rows
        rest = self._column(_WIDTHS[width], self._rows - (how == _DIFFERENCES))
        steps = rest if divisor == 1 else [value * divisor for value in rest]
        return list(accumulate(steps, initial=base)) if how == _DIFFERENCES else [base + step for step in steps]

    def _floats(self) -> array[float]:
        self._at += 1
        kind = "f" if self._content[self._at - 1 : self._at] == b"f" else "d"
        return array("d", self._column(kind, self._rows))

    def _column(self, kind: str, rows: int) -> array[Any]:
        column = array(kind)
        size = rows * column.itemsize
        planes = self._content[self._at : self._at + size]
        self._at += size
        content = bytearray(size)
        for plane in range(column.itemsize):
            content[plane :: column.itemsize] = planes[plane * rows : (plane + 1) * rows]
        column.frombytes(content)
        if sys.byteorder == "big":
            column.byteswap()
        return column

    def _unpack(self, form: Struct) -> tuple[Any, ...]:
        self._at += form.size
        return form.unpack_from(self._content, self._at - form.size)


def _scaled(whole: Sequence[int], up: int, down: int) -> list[float]:
    return [value / down for value in whole] if up == 1 else [value * up / down for value in whole]
