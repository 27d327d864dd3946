"""How busy each disk is: traffic, share of time with a transfer under way, and how long a transfer takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.hardware.figures import Figures
from crackseg_desktop.readings import Reading

if TYPE_CHECKING:
    from crackseg_desktop.hardware.counters import DriveCount
    from crackseg_desktop.hardware.rates import Rates

_TRAFFIC = ("host_drive_read_bytes_per_second", "host_drive_written_bytes_per_second")
_BUSY = ("host_drive_busy_ratio",)
_LATENCY = ("host_drive_latency_seconds",)
_IDLE = "nothing was read or written"
_UNTOLD = "this system does not tell"


def drive_reading(name: str, count: DriveCount, rates: Rates, now: float) -> Reading:
    """Return the reading of one disk since the last call for it. ``now`` is monotonic seconds."""
    found = Figures()
    read, written = (rates.rate(f"drive/{name}/{field}", getattr(count, field), now) for field in count._fields[:2])
    found.take(_TRAFFIC, (read, written))
    if count.busy_seconds is None:
        found.miss(_BUSY, _UNTOLD)
    else:
        busy = rates.rate(f"drive/{name}/busy", count.busy_seconds, now)
        # The kernel counts in whole ticks, which may push a full second beyond itself.
        found.take(_BUSY, (None if busy is None else min(1.0, busy),))
    transfers = rates.rate(f"drive/{name}/transfers", count.transfers, now)
    waited = rates.rate(f"drive/{name}/waited", count.waited_seconds, now)
    if transfers == 0:
        found.miss(_LATENCY, _IDLE)
    else:
        found.take(_LATENCY, (None if transfers is None or waited is None else waited / transfers,))
    return Reading({"drive": name}, found.figures, found.reasons)
