"""Event files of scalars, as TensorBoard reads them: for runs that wrote none of their own.

A value is stored as ``simple_value``, the float32 that TensorBoard shows whatever a file holds. A file's name carries a
digest of its points, so that what is there already is not written again.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from crackseg_desktop.training.formats.crc32c import load_crc32c, mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from crackseg_desktop.curves import Curve

_PREFIX = "events.out.tfevents."
_LENGTH, _CRC, _DOUBLE, _FLOAT = struct.Struct("<Q"), struct.Struct("<I"), struct.Struct("<d"), struct.Struct("<f")
_VERSION = b"brain.Event:2"
_FLOAT_MAX = 3.4028235677973366e38
"""From here on a number rounds to no finite float32."""
# Keys of the fields of Event, Summary and Summary.Value: (number << 3) | wire type.
_TIME, _STEP, _FILE_VERSION, _SUMMARY, _VALUE, _TAG, _SIMPLE = (
    b"\x09",
    b"\x10",
    b"\x1a",
    b"\x2a",
    b"\x0a",
    b"\x0a",
    b"\x15",
)


def keep_event_file(folder: Path, curves: Mapping[str, Curve]) -> bool:
    """Let a folder hold one event file with these curves (by the tag to write); False: it did already.

    Raises:
        OSError: it cannot be written.
    """
    first = min((curve.wall_times[0] for curve in curves.values() if len(curve)), default=0.0)
    time = int(first) if math.isfinite(first) and first > 0 else 0
    path = folder / f"{_PREFIX}{time:010d}.crackseg-desktop.{_digest(curves):08x}"
    is_new = not path.exists()
    if is_new:
        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads whatever has "tfevents" in its name, half written or not.
        unfinished = folder / f"unfinished-{os.getpid()}"
        try:
            with open(unfinished, "wb") as file:
                write_scalars(file, curves, time)
            os.replace(unfinished, path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise
    for other in folder.glob(f"{_PREFIX}*"):
        if other != path:
            with suppress(OSError):  # Windows keeps what a viewer has open
                other.unlink()
    return is_new


def write_scalars(file: BinaryIO, curves: Mapping[str, Curve], time: float) -> None:
    """Write the points of some curves, a tag after the other. ``time``: Unix seconds for the head of the file."""
    crc32c = load_crc32c()
    file.write(_record(_TIME + _DOUBLE.pack(time) + _sized(_FILE_VERSION, _VERSION), crc32c))
    for tag, curve in curves.items():
        for event in _events(tag, curve):
            file.write(_record(event, crc32c))


def _events(tag: str, curve: Curve) -> Iterator[bytes]:
    name = _sized(_TAG, tag.encode("utf-8", "replace")) + _SIMPLE
    for step, wall_time, value in curve.points():
        summary = _sized(_SUMMARY, _sized(_VALUE, name + _float32(value)))
        yield _TIME + _DOUBLE.pack(wall_time) + _STEP + _varint(step & 0xFFFFFFFFFFFFFFFF) + summary


def _record(payload: bytes, crc32c: Callable[[bytes], int]) -> bytes:
    length = _LENGTH.pack(len(payload))
    return b"".join((length, _CRC.pack(mask(crc32c(length))), payload, _CRC.pack(mask(crc32c(payload)))))


def _sized(key: bytes, content: bytes) -> bytes:
    return key + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    septets = bytearray()
    while number > 0x7F:
        septets.append(number & 0x7F | 0x80)
        number >>= 7
    septets.append(number)
    return bytes(septets)


def _float32(value: float) -> bytes:
    return _FLOAT.pack(math.copysign(math.inf, value) if abs(value) >= _FLOAT_MAX else value)


def _digest(curves: Mapping[str, Curve]) -> int:
    digest = 0
    for tag, curve in curves.items():
        for part in (tag.encode("utf-8", "replace"), curve.steps, curve.wall_times, curve.values):
            digest = zlib.crc32(part, digest)
    return digest
