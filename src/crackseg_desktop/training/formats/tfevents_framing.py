"""TFRecord framing, one record after the other: length, CRC of the length, payload, CRC of the payload.

The CRC of the length is checked before the length is believed; a payload is cut out only where the file has all of it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.crc32c import load_crc32c, mask

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_BYTES = 12
FOOTER_BYTES = 4
HEADER = struct.Struct("<QI")
"""The length of a payload and its CRC."""
_FOOTER = struct.Struct("<I")
_REMEMBERED = 4096


class Framing:
    """Cuts bytes into records.

    Attributes:
        consumed: how many bytes the records made that were handed out by the last walk.
        needed: how many bytes from there on the next record takes, 0 where not even its header is whole.
        has_bad_length: whether the next record's length does not match its CRC.
    """

    def __init__(self) -> None:
        self.consumed = self.needed = 0
        self.has_bad_length = False
        self._crc32c = load_crc32c()
        self._length_crcs: dict[int, int] = {}

    def records(self, data: bytes) -> Iterator[tuple[int, bytes | None]]:
        """Yield the offset and the payload of each whole record; None for a payload that its CRC contradicts."""
        self.consumed = self.needed = 0
        self.has_bad_length = False
        at, end, crc32c = 0, len(data), self._crc32c
        while at + HEADER_BYTES <= end:
            length, length_crc = HEADER.unpack_from(data, at)
            if self._length_crcs.get(length) != length_crc and not self._is_length(data, at, length, length_crc):
                self.has_bad_length = True
                return
            start, stop = at + HEADER_BYTES, at + HEADER_BYTES + length
            if stop + FOOTER_BYTES > end:
                self.needed = stop + FOOTER_BYTES - at
                return
            payload = data[start:stop]
            (crc,) = _FOOTER.unpack_from(data, stop)
            self.consumed = stop + FOOTER_BYTES
            yield at, payload if mask(crc32c(payload)) == crc else None
            at = self.consumed

    def _is_length(self, data: bytes, at: int, length: int, length_crc: int) -> bool:
        """Check a length that is not among those remembered."""
        if mask(self._crc32c(data[at : at + 8])) != length_crc:
            return False
        if len(self._length_crcs) < _REMEMBERED:
            self._length_crcs[length] = length_crc
        return True
