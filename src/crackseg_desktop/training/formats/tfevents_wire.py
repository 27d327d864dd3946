"""One TensorBoard event out of its bytes, without protobuf classes: the wire format of ``Event`` and below.

Only what a scalar needs is decoded; images, histograms and graphs are stepped over. Where a number lies in the bytes
is told with it, so that the bulk reader can find the same number in records of the same shape.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
_LONGEST_VARINT = 10
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Keys of the fields: (number << 3) | wire type.
_EVENT_TIME, _EVENT_STEP, _EVENT_SUMMARY, _EVENT_SESSION = 0x09, 0x10, 0x2A, 0x3A
_EVENT_OTHERS = {0x1A: "", 0x22: "graph_def", 0x32: "", 0x42: "run_metadata", 0x4A: "meta_graph_def"}
_SUMMARY_VALUE = 0x0A
_VALUE_TAG, _VALUE_SIMPLE, _VALUE_TENSOR, _VALUE_METADATA = 0x0A, 0x15, 0x42, 0x4A
_VALUE_OTHERS = {0x1A: "histograms", 0x22: "images", 0x2A: "histograms", 0x32: "audio"}
_TENSOR_DTYPE, _TENSOR_SHAPE, _TENSOR_CONTENT = 0x08, 0x12, 0x22
_FIRST, _SECOND = 0x0A, 0x12
_SESSION_STATUS, _SESSION_START = 0x08, 1

_BFLOAT16, _HALF = 14, 19
_FORMATS = {1: "f", 2: "d", 3: "i", 4: "B", 5: "h", 6: "b", 9: "q", 10: "?", 17: "H", 19: "e", 22: "I", 23: "Q"}
_FIELDS = {1: 5, 2: 6, 9: 10, 10: 11, 14: 13, 19: 13, 22: 16, 23: 17} | dict.fromkeys((3, 4, 5, 6, 17), 7)
_FIXED_FIELDS = {5: (_FIXED32, 4), 6: (_FIXED64, 8)}


class WireError(ValueError):
    """Say that bytes are no event."""


class Number(NamedTuple):
    """A scalar. ``at`` is where it lies in the record as ``format`` ("f" or "d", little-endian); "" for all others."""

    value: float
    at: int = 0
    format: str = ""


class Value(NamedTuple):
    """One value of a summary. ``kind`` is ``simple`` or ``tensor``, else the plugin that shows such values."""

    tag: str
    plugin: str
    kind: str
    number: Number | None


class Record(NamedTuple):
    """One event. ``time_at`` and ``step_span`` tell where the time and the step lie, -1 and (0, 0) where missing.

    ``other`` names what lies in it beside a summary: graph_def, run_metadata, meta_graph_def.
    """

    time: float
    time_at: int
    step: int
    step_span: tuple[int, int]
    values: list[Value]
    is_start: bool
    other: str
    other_tag: str


def decode(data: bytes) -> Record:
    """Decode an ``Event``. Raises WireError (a ValueError, as is what bad UTF-8 in a tag raises)."""
    time, time_at, step, span = 0.0, -1, 0, (0, 0)
    values: list[Value] = []
    is_start, other, other_tag = False, "", ""
    for key, start, stop in fields(data, 0, len(data)):
        if key == _EVENT_TIME:
            (time,), time_at = _DOUBLE.unpack_from(data, start), start
        elif key == _EVENT_STEP:
            step, span = signed(varint(data, start)), (start, stop)
        elif key == _EVENT_SUMMARY:
            values += _values(data, start, stop)
            is_start, other, other_tag = False, "", ""
        elif key == _EVENT_SESSION or key in _EVENT_OTHERS:
            values.clear()  # they exclude each other, and the last one counts
            is_start = key == _EVENT_SESSION and _is_start(data, start, stop)
            other = _EVENT_OTHERS.get(key, "")
            other_tag = _text(data, start, stop, _FIRST) if other == "run_metadata" else ""
    return Record(time, time_at, step, span, values, is_start, other, other_tag)


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the key of each field of a message and where its content begins and ends. Raises WireError."""
    while at < end:
        key = data[at]
        if key >= 128:
            key, at = varint(data, at), _after_varint(data, at, end)
        else:
            at += 1
        wire = key & 7
        if wire == _BYTES:
            if at >= end:
                raise WireError("a field has no length")
            length = data[at]
            if length < 128:
                at += 1
            else:
                length, at = varint(data, at), _after_varint(data, at, end)
            stop = at + length
        elif wire == _VARINT:
            stop = _after_varint(data, at, end)
        elif wire == _FIXED64:
            stop = at + 8
        elif wire == _FIXED32:
            stop = at + 4
        else:
            raise WireError(f"wire type {wire}")
        if stop > end or key < 8:
            raise WireError("a field ends after its message" if stop > end else "field number 0")
        yield key, at, stop
        at = stop


def varint(data: bytes, at: int) -> int:
    """Return the unsigned 64-bit number at an offset. Raises WireError."""
    result = 0
    for place, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        result |= (byte & 0x7F) << (7 * place)
        if byte < 128:
            return result & 0xFFFF_FFFF_FFFF_FFFF
    raise WireError("a number without an end")


def signed(number: int) -> int:
    """Return an unsigned 64-bit number as the signed one with the same bits."""
    return number - (1 << 64) if number >> 63 else number


def _after_varint(data: bytes, at: int, end: int) -> int:
    for stop in range(at, min(end, at + _LONGEST_VARINT)):
        if data[stop] < 128:
            return stop + 1
    raise WireError("a number without an end")


def _values(data: bytes, at: int, end: int) -> list[Value]:
    return [_value(data, start, stop) for key, start, stop in fields(data, at, end) if key == _SUMMARY_VALUE]


def _value(data: bytes, at: int, end: int) -> Value:
    tag = plugin = kind = ""
    number: Number | None = None
    for key, start, stop in fields(data, at, end):
        if key == _VALUE_TAG:
            tag = data[start:stop].decode()
        elif key == _VALUE_SIMPLE:
            kind, number = "simple", Number(_FLOAT.unpack_from(data, start)[0], start, "f")
        elif key == _VALUE_TENSOR:
            kind, number = "tensor", scalar_of(data, start, stop)
        elif key == _VALUE_METADATA:
            plugin = _plugin(data, start, stop)
        elif key in _VALUE_OTHERS:
            kind, number = _VALUE_OTHERS[key], None
    return Value(tag, plugin, kind, number)


def _plugin(data: bytes, at: int, end: int) -> str:
    """Return the plugin's name in a SummaryMetadata."""
    name = ""
    for key, start, stop in fields(data, at, end):
        if key == _FIRST:
            name = _text(data, start, stop, _FIRST) or name
    return name


def _text(data: bytes, at: int, end: int, wanted: int) -> str:
    text = ""
    for key, start, stop in fields(data, at, end):
        if key == wanted:
            text = data[start:stop].decode()
    return text


def _is_start(data: bytes, at: int, end: int) -> bool:
    status = 0
    for key, start, _ in fields(data, at, end):
        if key == _SESSION_STATUS:
            status = varint(data, start)
    return status == _SESSION_START


def scalar_of(data: bytes, at: int, end: int) -> Number | None:
    """Return the one element of a TensorProto (no dimension, or all of length 1); None where it has more or none."""
    dtype, content = 0, (0, 0)
    is_scalar = True
    typed: list[tuple[int, int, int]] = []
    for key, start, stop in fields(data, at, end):
        if key == _TENSOR_DTYPE:
            dtype = varint(data, start)
        elif key == _TENSOR_SHAPE:
            is_scalar = is_scalar and _is_one_element(data, start, stop)
        elif key == _TENSOR_CONTENT:
            content = (start, stop)
        else:
            typed.append((key, start, stop))
    if not is_scalar:
        return None
    if content[0] < content[1]:
        return _unpacked(data, content[0], content[1], dtype)
    return _typed(data, dtype, typed)


def _is_one_element(data: bytes, at: int, end: int) -> bool:
    return all(_size(data, start, stop) == 1 for key, start, stop in fields(data, at, end) if key == _SECOND)


def _size(data: bytes, at: int, end: int) -> int:
    size = 0
    for key, start, _ in fields(data, at, end):
        if key == 0x08:
            size = varint(data, start)
    return size


def _unpacked(data: bytes, start: int, stop: int, dtype: int) -> Number | None:
    """Return the element in ``tensor_content``."""
    if dtype == _BFLOAT16:
        return Number(_bfloat16(data[start:stop])) if stop - start == 2 else None
    code = _FORMATS.get(dtype)
    if code is None or struct.calcsize(f"<{code}") != stop - start:
        return None
    (element,) = struct.unpack_from(f"<{code}", data, start)
    return Number(float(element), start, code if code in "fd" else "")


def _typed(data: bytes, dtype: int, typed: list[tuple[int, int, int]]) -> Number | None:
    """Return the element in the field of its type, which may be packed."""
    number = _FIELDS.get(dtype, -1)
    wire, _ = _FIXED_FIELDS.get(number, (_VARINT, 0))
    found: list[Number] = []
    for key, start, stop in typed:
        if key >> 3 == number and key & 7 in (wire, _BYTES):
            found += _elements(data, start, stop, dtype, is_packed=key & 7 == _BYTES)
    return found[0] if len(found) == 1 else None


def _elements(data: bytes, start: int, stop: int, dtype: int, *, is_packed: bool) -> Iterator[Number]:
    """Yield the elements of one occurrence of a typed field; the first two are enough to tell one from many."""
    field = _FIELDS[dtype]
    if field in _FIXED_FIELDS:
        size = _FIXED_FIELDS[field][1]
        if (stop - start) % size:
            raise WireError("half a number")
        code = _FORMATS[dtype]
        for at in range(start, min(stop, start + 2 * size), size):
            yield Number(struct.unpack_from(f"<{code}", data, at)[0], at, code)
        return
    at = start
    for _ in range(2 if is_packed else 1):
        if at < stop:
            yield Number(_from_varint(varint(data, at), dtype))
            at = _after_varint(data, at, stop)


def _from_varint(number: int, dtype: int) -> float:
    if dtype in (_BFLOAT16, _HALF):
        content = struct.pack("<H", number & 0xFFFF)
        return _bfloat16(content) if dtype == _BFLOAT16 else float(struct.unpack("<e", content)[0])
    if dtype == 10:
        return float(number != 0)
    if dtype == 9:
        return float(signed(number))
    if dtype == 23:
        return float(number)
    low = number & 0xFFFF_FFFF
    return float(low - (1 << 32) if low >> 31 and dtype != 22 else low)


def _bfloat16(content: bytes) -> float:
    """Widen 16 bits, the upper half of a float32."""
    return float(_FLOAT.unpack(b"\0\0" + content)[0])
