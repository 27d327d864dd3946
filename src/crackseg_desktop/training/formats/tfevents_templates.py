"""Scalar records of event files by the hundred thousand, read in columns with NumPy; imported for big files only.

Records of one tag differ in the time, the step and the value alone. All other bytes (tag, lengths, field numbers,
which bytes of the step have a successor) are equal, and they fix how protobuf reads the record. So where a record has
the constant bytes of one that was decoded before, a template, it is read by gathering bytes at the same places:

    payload   09 tttttttt 10 ss... constant bytes with the tag vvvv constant bytes
              |  time     |  step                              value

The constant bytes are hashed to 64 bits, eight bytes at a time, and a record follows a template if it has the same
hash, and also the CRC that follows from the template's and the varying bytes (``crc32c_bulk``). Where the value lies,
from the end, is the same for all scalars of one writer. That is a ``Style``; the rows of one style are read at once,
whatever their lengths and tags.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crackseg_desktop.training.formats.crc32c import load_crc32c
from crackseg_desktop.training.formats.crc32c_bulk import masked
from crackseg_desktop.training.formats.tfevents_decode import is_template
from crackseg_desktop.training.formats.tfevents_framing import FOOTER_BYTES, HEADER_BYTES
from crackseg_desktop.training.formats.tfevents_wire import WireError, decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from crackseg_desktop.training.formats.crc32c_bulk import Contributions
    from crackseg_desktop.training.formats.tfevents_lockstep import Window
    from crackseg_desktop.training.formats.tfevents_wire import Record

    Words = NDArray[np.uint64]
    Places = NDArray[np.int64]
    Payload = Callable[[int], bytes | None]
    """Returns the payload of a row, None where it is damaged."""

LONGEST = 512
"""Bytes of the longest payload that is read in columns."""
FEW = 4
"""So many records of a kind, or more, are worth a template."""
_TIME_AT, _STEP_AT, _STEP_WORD_END = 1, 10, 17
_SLOT_BITS = 16
_SAMPLE_SHIFTS = (0, 12, 24)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Style(NamedTuple):
    """Where the value lies: ``value_from_end`` bytes before the payload's end begins a float of ``width`` bytes.

    A step of 0 is not written; ``has_step`` is false for records without one.
    """

    has_step: bool
    value_from_end: int
    width: int

    @property
    def shortest(self) -> int:
        """Return the length of the shortest payload that can have this style."""
        return _STEP_WORD_END + self.value_from_end

    @property
    def tail(self) -> np.dtype[np.void]:
        """Return the type of a record's end: the word before the value, the value, other bytes, the CRC."""
        offsets = (0, 8, 8 + self.value_from_end)
        size = (offsets[-1] + FOOTER_BYTES + 7) // 8 * 8
        formats = ("<u8", f"<f{self.width}", "<u4")
        return np.dtype({"names": ["before", "value", "crc"], "formats": formats, "offsets": offsets, "itemsize": size})

    @property
    def tail_constants(self) -> Words:
        """Return the bits in the words of the tail that are neither value nor CRC nor beyond."""
        kept = np.zeros(self.tail.itemsize, np.uint8)
        kept[: 8 + self.value_from_end] = 0xFF
        kept[8 : 8 + self.width] = 0
        return kept.view(np.uint64)


class Rows:
    """The columns of records that are sorted by length, read as if all of them had one style.

    Attributes:
        hashes: of the constant bytes and the length.
        times, steps, values: meaningful only where a template has the hash.
    """

    def __init__(self, window: Window, starts: Places, lengths: Places, style: Style) -> None:
        self._style = style
        self._lengths = lengths
        head = window.unaligned("V32")[starts + (HEADER_BYTES + _TIME_AT - 8)].view(np.uint64).reshape(-1, 4)
        tail_at = starts + lengths + (HEADER_BYTES - 8 - style.value_from_end)
        tail = window.unaligned(f"V{style.tail.itemsize}")[tail_at]
        self._tail = tail.view(style.tail)
        self._time_bits = head[:, 1].copy()
        self._step_bits, others = _split_step(head[:, 2], has_step=style.has_step)
        self.hashes = lengths.astype(np.uint64)
        _mix(self.hashes, head[:, 0] & np.uint64(0xFF << 56))
        _mix(self.hashes, others)
        self._mix_middle(window, starts, head[:, 3])
        for word, kept in zip(tail.view(np.uint64).reshape(len(tail), -1).T, style.tail_constants, strict=True):
            if kept:
                _mix(self.hashes, word & kept)

    def _mix_middle(self, window: Window, starts: Places, first: Words) -> None:
        """Hash the whole words between step and value; the word before the value has the rest."""
        words, value_from_end = window.unaligned("<u8"), self._style.value_from_end
        for at in range(_STEP_WORD_END, int(self._lengths[-1]) - value_from_end - 7, 8):
            row = int(self._lengths.searchsorted(at + 8 + value_from_end))
            _mix(self.hashes[row:], first[row:] if at == _STEP_WORD_END else words[starts[row:] + (HEADER_BYTES + at)])

    @property
    def times(self) -> NDArray[np.float64]:
        """Return the wall times, Unix seconds."""
        return self._time_bits.view(np.float64)

    @property
    def steps(self) -> Places:
        """Return the numbers in the bytes of the steps, seven bits in each."""
        bits = self._step_bits & np.uint64(0x7F7F7F7F7F7F7F)
        for low, high, shift in (
            (0x007F007F007F007F, 0x7F007F007F007F00, 1),
            (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
            (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
        ):
            bits = (bits & np.uint64(low)) | ((bits & np.uint64(high)) >> np.uint64(shift))
        return bits.view(np.int64)

    @property
    def values(self) -> NDArray[np.float64]:
        """Return the values, widened."""
        with np.errstate(invalid="ignore"):  # signalling NaNs become quiet ones
            return np.asarray(self._tail["value"], np.float64)

    def is_sound(self, crcs: NDArray[np.uint32], contributions: Contributions) -> NDArray[np.bool_]:
        """Compare the stored CRCs with those of the templates, which are changed, and the varying bytes."""
        style = self._style
        value = np.ascontiguousarray(self._tail["value"]).view(np.uint8).reshape(-1, style.width)
        for byte in range(style.width):
            crcs ^= contributions[style.value_from_end - 1 - byte].take(value[:, byte])
        varying, constant = _bytes_of((self._time_bits, _TIME_AT), (self._step_bits, _STEP_AT))
        bounds = [0, *(np.flatnonzero(np.diff(self._lengths)) + 1).tolist(), len(crcs)]
        for start, stop in pairwise(bounds):  # what a byte contributes depends on the length
            last = int(self._lengths[start]) - 1
            for byte, at in constant:
                crcs[start:stop] ^= contributions[last - at][byte]
            for column, at in varying:
                crcs[start:stop] ^= contributions[last - at].take(column[start:stop])
        is_sound: NDArray[np.bool_] = masked(crcs) == self._tail["crc"]
        return is_sound


class Templates:
    """The templates of one style, by hash.

    Attributes:
        crcs: of the payloads with their varying bytes zeroed; tags: the numbers of the tags.
        used: how many records were read with them.
    """

    def __init__(self, style: Style) -> None:
        self.style = style
        self.used = 0
        self.crcs = np.zeros(0, np.uint32)
        self.tags = np.zeros(0, np.int32)
        self._hashes = np.zeros(0, np.uint64)
        self._sorted = np.zeros(0, np.int64)
        self._slots = np.zeros(1 << _SLOT_BITS, np.int32)

    def __len__(self) -> int:
        return len(self.tags)

    def find(self, hashes: Words) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return the template of each hash, and whether there is one at all."""
        if not len(self):
            return np.zeros(len(hashes), np.int32), np.zeros(len(hashes), np.bool_)
        found = self._slots.take(_slots(hashes))
        is_known = self._hashes.take(found) == hashes
        others = np.flatnonzero(~is_known)
        if len(others):  # two templates can have the same slot
            wanted = hashes[others]
            places = self._hashes.searchsorted(wanted, sorter=self._sorted)
            found[others] = self._sorted.take(places, mode="clip")
            is_known[others] = self._hashes.take(found[others]) == wanted
        return found, is_known

    def find_or_learn(
        self, hashes: Words, payload: Payload, number: Callable[[str], int]
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return the template of each row, as ``find`` does, and learn from unknown rows; ``number`` numbers tags."""
        found, is_known = self.find(hashes)
        for shift in _SAMPLE_SHIFTS:
            rows = np.flatnonzero(~is_known)
            if len(rows) < FEW or not self._learn(hashes, rows, shift, payload, number):
                break
            found[rows], is_known[rows] = self.find(hashes[rows])
        return found, is_known

    def _learn(self, hashes: Words, rows: Places, shift: int, payload: Payload, number: Callable[[str], int]) -> bool:
        """Learn what is there more than a few times, one row of each; return whether there is something new.

        Of hashes with the same twelve bits from ``shift`` on only one is learnt.
        """
        slots = (hashes[rows] >> np.uint64(shift) & np.uint64(0xFFF)).astype(np.int64)
        samples = np.zeros(0x1000, np.int64)
        samples[slots] = rows
        learnt = []
        for row in samples[np.flatnonzero(np.bincount(slots) >= FEW)].tolist():
            data = payload(row)
            record = decoded(data)
            if data is not None and record is not None and style_of(data, record) == self.style:
                learnt.append((hashes[row], _constant_crc(data, record, self.style), number(record.values[0].tag)))
        if learnt:
            self._add(*zip(*learnt, strict=True))
        return bool(learnt)

    def _add(self, hashes: tuple[np.uint64, ...], crcs: tuple[int, ...], tags: tuple[int, ...]) -> None:
        self._hashes = np.append(self._hashes, np.array(hashes, np.uint64))
        self.crcs = np.append(self.crcs, np.array(crcs, np.uint32))
        self.tags = np.append(self.tags, np.array(tags, np.int32))
        self._sorted = np.argsort(self._hashes)
        self._slots[_slots(self._hashes)] = np.arange(len(self))


def style_of(data: bytes, record: Record) -> Style | None:
    """Return the style of a record that is one scalar and can be a template."""
    if not is_template(record) or len(data) > LONGEST or record.time_at != _TIME_AT or data[0] != 0x09:
        return None
    number = record.values[0].number
    assert number is not None  # is_template said so
    style = Style(record.step_span != (0, 0), len(data) - number.at, 8 if number.format == "d" else 4)
    start, stop = record.step_span if style.has_step else (_STEP_AT, _STEP_AT - 1)
    is_usual = start == _STEP_AT and stop <= _STEP_WORD_END and stop + 8 <= number.at
    return style if is_usual and (data[_STEP_AT - 1] == 0x10) == style.has_step else None


def decoded(data: bytes | None) -> Record | None:
    """Decode a payload; None where it is none, or no event."""
    try:
        return None if data is None else decode(data)
    except (WireError, UnicodeDecodeError):
        return None


def _constant_crc(data: bytes, record: Record, style: Style) -> int:
    """Return the CRC of a payload whose varying bytes are zeroed."""
    zeroed = bytearray(data)
    value_at = len(data) - style.value_from_end
    for start, stop in ((_TIME_AT, _TIME_AT + 8), record.step_span, (value_at, value_at + style.width)):
        zeroed[start:stop] = bytes(stop - start)
    return load_crc32c()(bytes(zeroed))


def _slots(hashes: Words) -> Places:
    return (hashes >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)


def _mix(hashes: Words, words: Words) -> None:
    """Take a word into the hashes, in place; no two words have the same effect on one hash."""
    hashes ^= words
    hashes *= _FACTOR
    hashes ^= hashes >> np.uint64(32)


def _split_step(words: Words, *, has_step: bool) -> tuple[Words, Words]:
    """Return the bytes of the step, which follow the first one, and the words without them."""
    if not has_step:
        return np.zeros_like(words), words
    bits = words >> np.uint64(8)
    ends = ~bits & np.uint64(0x80808080808080)
    step = bits & ((ends & np.negative(ends)) - np.uint64(1))
    return step, words ^ (step << np.uint64(8))


def _bytes_of(*fields: tuple[Words, int]) -> tuple[list[tuple[NDArray[Any], int]], list[tuple[int, int]]]:
    """Return the bytes of fields with their places: those that vary as columns, and those that all rows share."""
    varying, constant = [], []
    for words, begin in fields:
        changes = int(np.bitwise_or.reduce(words ^ words[0]))
        columns, shared = words.view(np.uint8).reshape(-1, 8), int(words[0])
        for byte in range(8):
            if changes >> 8 * byte & 0xFF:
                varying.append((columns[:, byte], begin + byte))
            elif shared >> 8 * byte & 0xFF:
                constant.append((shared >> 8 * byte & 0xFF, begin + byte))
    return varying, constant
