"""The checksum of TFRecord files: CRC-32C, rotated and offset ("masked") so that a checksum of checksums is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MASK_DELTA = 0xA282EAD8
_ALL = 0xFFFFFFFF


def load_crc32c() -> Callable[[bytes], int]:
    """Return the function that computes the CRC-32C of bytes, imported when the first event file is read."""
    from google_crc32c import value

    compute: Callable[[bytes], int] = value
    return compute


def mask(crc: int) -> int:
    """Return a CRC as TFRecord files store it."""
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & _ALL
