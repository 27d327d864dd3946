"""CRC-32C of many records at once, with NumPy; imported for big event files only.

The checksum is linear: that of a record is that of the same record with some bytes zeroed, XORed with what each of
these bytes contributes alone, and the contribution depends on the byte and on how many bytes follow it. For records
that differ in a dozen bytes a dozen table look-ups do, whatever their length.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from crackseg_desktop.training.formats.crc32c import MASK_DELTA, load_crc32c

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POLYNOMIAL = np.uint32(0x82F63B78)  # Castagnoli's, its bits reversed


class Contributions:
    """What each value of a byte contributes to the checksum, by how many bytes follow it; computed when first asked."""

    def __init__(self) -> None:
        table = np.arange(256, dtype=np.uint32)
        for _ in range(8):
            table = (table >> np.uint32(1)) ^ (_POLYNOMIAL * (table & np.uint32(1)))
        self._tables = [table]

    def __getitem__(self, following: int) -> NDArray[np.uint32]:
        while len(self._tables) <= following:
            before = self._tables[-1]
            self._tables.append(self._tables[0][before & np.uint32(0xFF)] ^ (before >> np.uint32(8)))
        return self._tables[following]


@cache
def length_crcs() -> NDArray[np.uint32]:
    """Return the stored checksum of each length below 65,536, which is a number of eight bytes."""
    tables, zero = Contributions(), np.uint32(load_crc32c()(bytes(8)))
    return masked((tables[6][:, None] ^ tables[7][None, :]).ravel() ^ zero)


def masked(crcs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return checksums as TFRecord files store them."""
    result: NDArray[np.uint32] = (crcs >> np.uint32(15)) | (crcs << np.uint32(17))
    result += np.uint32(MASK_DELTA)
    return result
