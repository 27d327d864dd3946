"""Xid errors: what the driver reports when something of a GPU went wrong, collected as they come."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from crackseg_desktop.hardware.nvml import TIMED_OUT, GpuGone, Missing
from crackseg_desktop.readings import XidError

if TYPE_CHECKING:
    from crackseg_desktop.hardware.device import Device

_XID_CRITICAL_ERROR = 0x8  # nvmlEventTypeXidCriticalError
# The driver's thread may wait, but figures wait behind it. Events that came in between are queued by NVML.
_WAIT_MILLISECONDS = 1
_MOST_AT_ONCE = 16
_KEPT = 16
_RETRY_SECONDS = 30.0

_CRITICAL = frozenset({48, 79, 94, 95})
_MEANINGS = {
    8: "the GPU did not finish its work in time and was stopped",
    13: "a program made the GPU fail: most often an index out of range in one of its kernels",
    31: "a program touched GPU memory that is not its own",
    32: "the commands that reached the GPU were damaged, on the bus or in the driver",
    43: "the GPU stopped the work of a program that made an error; the card itself is well",
    45: "what a program had on the GPU was cleared away: it was killed, or an earlier error ended it",
    48: "memory of the GPU held an error that could not be corrected (double-bit ECC)",
    61: "the controller inside the GPU reported a fault",
    62: "the controller inside the GPU halted; the GPU needs a reset",
    63: "a worn cell of the GPU memory was replaced, or will be at the next reset",
    64: "a worn cell of the GPU memory could not be replaced",
    69: "a program gave the GPU a command that it does not know",
    74: "a link to another GPU (NVLink) failed",
    79: "the GPU fell off the bus",
    92: "the GPU memory corrects errors often (single-bit ECC)",
    94: "memory of the GPU held an error that could not be corrected: the program that used it ends, others go on",
    95: "memory of the GPU held an error that could not be corrected and may touch every program: it needs a reset",
    109: "the GPU could not switch between programs in time",
    119: "the processor inside the GPU (GSP) did not answer the driver in time",
    120: "the processor inside the GPU (GSP) failed",
    154: "the driver asks for a recovery: a reset of the GPU or a restart of the machine",
}


def xid_error(number: int, time: float) -> XidError:
    """Return an Xid error that came at ``time`` (Unix seconds) with what it means."""
    meaning = _MEANINGS.get(number, "NVIDIA's list of Xid errors says what it means")
    return XidError(number, time, f"Xid {number}: {meaning}", critical=number in _CRITICAL)


class XidHistory:
    """The Xid errors of one GPU since this program started: their number, and the last ones, the oldest first."""

    def __init__(self) -> None:
        self.count = 0
        self._last: deque[XidError] = deque(maxlen=_KEPT)

    @property
    def last(self) -> tuple[XidError, ...]:
        """Return the last ones, the oldest first."""
        return tuple(self._last)

    def add(self, error: XidError) -> None:
        """Take in one more."""
        self.count += 1
        self._last.append(error)


class XidWatch:
    """The event set of one GPU; it lives no longer than the handle. ``history`` outlives it.

    ``unavailable`` says why nothing is heard: events are not supported on Windows, in WSL and in some virtual machines.
    """

    def __init__(self, device: Device, history: XidHistory) -> None:
        self.unavailable: str | None = None
        self._device, self._history = device, history
        self._events: object | None = None
        self._retry_at = -math.inf

    def collect(self, now: float) -> None:
        """Take what came since the last time; ``now`` (Unix seconds) is when it is said to have come."""
        if now < self._retry_at:
            return
        try:
            events = self._registered()
            for _ in range(_MOST_AT_ONCE):
                event = self._device.nvml.call("nvmlEventSetWait_v2", events, _WAIT_MILLISECONDS)
                if event.eventType & _XID_CRITICAL_ERROR:
                    self._history.add(xid_error(int(event.eventData), now))
        except GpuGone:
            return  # the figures, which are asked for next, tell it
        except Missing as missing:
            if missing.reason != TIMED_OUT:  # else nothing came: how it mostly is
                self.unavailable = missing.reason
                self._retry_at = math.inf if missing.lasting else now + _RETRY_SECONDS
                self.close()

    def close(self) -> None:
        """Give the event set back."""
        if self._events is None:
            return
        events, self._events = self._events, None
        try:
            self._device.nvml.call("nvmlEventSetFree", events)
        except (Missing, GpuGone):
            return  # nothing is left to give back

    def _registered(self) -> object:
        if self._events is None:
            self._events = self._device.nvml.call("nvmlEventSetCreate")
            self._device.nvml.call("nvmlDeviceRegisterEvents", self._device.handle, _XID_CRITICAL_ERROR, self._events)
        self.unavailable = None
        return self._events
