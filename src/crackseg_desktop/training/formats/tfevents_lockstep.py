"""TFRecord framing of a window of bytes with NumPy; imported for big event files only.

Records are a chain: only the length in one tells where the next begins. So some hundred cursors start all over the
window, each at the first place that looks like a header, and go from record to record in lock step until they meet
the start of the next cursor. What looks like a header need not be one. Therefore a cursor's records count only if the
chain from the window's beginning leads to its start, and every header is then checked against its CRC; the first that
fails ends what is handed out. Whoever calls goes on from there, record by record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crackseg_desktop.training.formats.crc32c import load_crc32c, mask
from crackseg_desktop.training.formats.crc32c_bulk import length_crcs
from crackseg_desktop.training.formats.tfevents_framing import FOOTER_BYTES, HEADER, HEADER_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PADDING = 1024
"""Bytes behind the content of a window, of any value: what is gathered at its end reaches into them."""
FRAME_BYTES = HEADER_BYTES + FOOTER_BYTES
_SHORT = 0xFFFF
_ZEROS = bytes(6)  # the upper bytes of a length
_TRIES = 8
_MOST_STEPS = 4096


class Records(NamedTuple):
    """Where whole records begin in a window, in order, and how long their payloads are; the first begins at 0."""

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @property
    def consumed(self) -> int:
        """Return how many bytes they make together."""
        return int(self.starts[-1]) + int(self.lengths[-1]) + FRAME_BYTES if len(self.starts) else 0


class Window:
    """A part of a file in memory. ``content`` is filled by the caller; ``data`` goes on behind it."""

    def __init__(self, size: int) -> None:
        # glibc takes the largest block ever freed for the measure of what to keep: otherwise every temporary array
        # is made of new pages, which cost a third of the time.
        np.empty(2 * size, np.uint8)
        self.data = bytearray(size + _PADDING)
        self.content = memoryview(self.data)[:size]

    def unaligned(self, kind: str) -> NDArray[Any]:
        """Return an array whose element i is the number, or the bytes, at offset i."""
        return np.ndarray((len(self.data) - np.dtype(kind).itemsize + 1,), kind, self.data, strides=(1,))


def find_records(window: Window, size: int) -> Records:
    """Return the leading whole records of the first ``size`` bytes whose headers are sound."""
    starts = _walk(window, size)
    lengths, crcs = window.unaligned("<u8")[starts], window.unaligned("<u4")[starts + 8]
    is_sound = crcs == length_crcs().take(lengths.astype(np.int64), mode="clip")
    for place in np.flatnonzero(lengths > _SHORT).tolist():
        start = int(starts[place])
        is_sound[place] = mask(load_crc32c()(bytes(window.data[start : start + 8]))) == crcs[place]
    is_sound &= lengths <= size  # else they are no signed numbers
    lengths = lengths.astype(np.int64)
    is_sound &= lengths <= size - FRAME_BYTES - starts
    count = len(starts) if is_sound.all() else int(is_sound.argmin())
    return Records(starts[:count], lengths[:count])


def _cursors(window: Window, size: int) -> list[int]:
    """Return where the cursors start: at 0, and near each multiple of a stride where there seems to be a header.

    The stride balances the number of steps, which cost a few microseconds each, against that of cursors, which cost
    about one.
    """
    stride = max(1024, int((16 * size) ** 0.5))
    found = (_header(window.data, at, min(at + stride, size)) for at in range(stride, size, stride))
    return [0, *(start for start in found if start is not None)]


def _header(data: bytearray, start: int, stop: int) -> int | None:
    """Return the first place in a part of the window that looks like the header of a record shorter than 64 KiB."""
    crc_of = length_crcs().item
    for _ in range(_TRIES):
        zeros = data.find(_ZEROS, start, stop)
        if zeros < 0:
            return None
        for at in (zeros - 1, zeros - 2):
            length, crc = HEADER.unpack_from(data, at)
            if length <= _SHORT and crc == crc_of(length):
                return at
        start = zeros + 1
    return None


def _walk(window: Window, size: int) -> NDArray[np.int64]:
    """Return the starts of the records on the chain that begins at 0, believing every length on the way."""
    cursors = np.array(_cursors(window, size), np.int64)
    bounds = np.append(cursors[1:], size)
    lengths = window.unaligned("<u4")
    places, chain = cursors, [cursors]
    for step in range(_MOST_STEPS):
        if step % 16 == 0 and (places >= bounds).all():
            break
        places = np.minimum(places + lengths[places] + FRAME_BYTES, size)
        chain.append(places)
    chains = np.ascontiguousarray(np.array(chain).T)
    is_broken = ~(chains == bounds[:, None]).any(axis=1)
    if is_broken.any():
        count = int(is_broken.argmax()) + 1
        chains, bounds = chains[:count], bounds[:count]
    starts: NDArray[np.int64] = chains[chains < bounds[:, None]]
    return starts
