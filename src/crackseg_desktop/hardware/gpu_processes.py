"""Who uses a GPU: the processes that hold its memory, and how much of its multiprocessors each had lately."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal

from crackseg_desktop.hardware.nvml import NO_NEWS, Missing
from crackseg_desktop.readings import GpuProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.hardware.device import Device, Way

_COMPUTE_WAYS: tuple[Way, ...] = tuple((f"nvmlDeviceGetComputeRunningProcesses{v}", ()) for v in ("_v3", "_v2"))
_GRAPHICS_WAYS: tuple[Way, ...] = tuple((f"nvmlDeviceGetGraphicsRunningProcesses{v}", ()) for v in ("_v3", "_v2"))
_NO_VALUE = 0xFFFF_FFFF_FFFF_FFFF  # "not available", as NVML writes it into a field of 64 bits
_MICRO = 1_000_000
_FRESH_MICROSECONDS = 10 * _MICRO
_DAY_MICROSECONDS = 86_400 * _MICRO
_SAMPLING_SECONDS = 2.0  # the driver takes a sample every 1/6 s to 1 s: so long, none means nothing


class GpuProcesses:
    """The processes of one GPU, as the driver lists them.

    ``reasons`` says why something is missing: ``processes`` (the list, or one kind of them), ``memory_bytes``,
    ``sm_ratio``.
    """

    def __init__(self, device: Device) -> None:
        self.found: tuple[GpuProcess, ...] = ()
        self.reasons: dict[str, str] = {}
        self._device = device
        self._seen = 0  # time stamp of the newest utilization sample, in the driver's microseconds
        self._known: dict[int, tuple[float, float]] = {}  # by PID: its share, and when it was read (Unix seconds)

    def read(self, now: float, total_bytes: float | None) -> None:
        """List them anew at ``now`` (Unix seconds); a process cannot hold more than the card's total."""
        self.reasons = {}
        compute, graphics = self._listed(_COMPUTE_WAYS, total_bytes), self._listed(_GRAPHICS_WAYS, total_bytes)
        shares = self._shares(now) if compute or graphics else {}
        found = []
        for pid in sorted(compute.keys() | graphics.keys()):
            told = [size for listed in (compute, graphics) if (size := listed.get(pid)) is not None]
            kind = _kind(pid in compute, pid in graphics)
            found.append(GpuProcess(pid, max(told, default=None), kind, _share(shares, pid)))
        if any(process.memory_bytes is None for process in found):
            self.reasons["memory_bytes"] = why_memory_is_untold(sys.platform, _kernel())
        self.found = tuple(found)

    def _listed(self, ways: tuple[Way, ...], total_bytes: float | None) -> dict[int, int | None]:
        """Return process ids and the bytes they hold, None where the driver does not tell (Windows, WSL)."""
        try:
            processes = self._device.ask(ways)
        except Missing as missing:
            self.reasons["processes"] = missing.reason
            return {}
        return {int(process.pid): _readable(process.usedGpuMemory, total_bytes) for process in processes}

    def _shares(self, now: float) -> dict[int, float] | None:
        """Return the share of each process that worked lately; None where the driver tells none."""
        try:
            samples = self._device.call("nvmlDeviceGetProcessUtilization", self._seen)
        except Missing as missing:
            if missing.reason != NO_NEWS:
                self.reasons["sm_ratio"] = missing.reason
                return None
            samples = []
        fresh = newest_shares(fresh_samples(samples, self._seen, now))
        self._seen = max((int(sample.timeStamp) for sample in samples), default=self._seen)
        lately = {pid: known for pid, known in self._known.items() if 0 <= now - known[1] < _SAMPLING_SECONDS}
        self._known = lately | {pid: (share, now) for pid, share in fresh.items()}
        return {pid: share for pid, (share, _) in self._known.items()}


def fresh_samples(samples: Iterable[Any], seen: int, now: float) -> list[Any]:
    """Leave out what was seen before (``seen`` is a time stamp in microseconds) or is older than ten seconds.

    Time stamps are meant to be Unix time; where they are not, age counts from the newest of them.
    """
    samples = list(samples)
    newest = max((int(sample.timeStamp) for sample in samples), default=0)
    present = round(now * _MICRO)
    present = present if abs(present - newest) < _DAY_MICROSECONDS else newest
    horizon = max(seen, present - _FRESH_MICROSECONDS)
    return [sample for sample in samples if int(sample.timeStamp) > horizon]


def newest_shares(samples: Iterable[Any]) -> dict[int, float]:
    """Return the newest share of each process; some drivers put garbage into entries that they do not fill."""
    in_time = sorted(samples, key=lambda sample: int(sample.timeStamp))
    return {int(sample.pid): sample.smUtil / 100 for sample in in_time if 0 <= sample.smUtil <= 100}


def why_memory_is_untold(system: str, kernel: str) -> str:
    """Say why the driver does not tell what a process holds, by ``sys.platform`` and the kernel's release."""
    if system == "win32":
        return "not available: Windows manages the memory itself (WDDM)"
    if "microsoft" in kernel.lower():
        return "not available: Windows manages the memory itself (WSL)"
    return "the driver does not tell it"


def _kernel() -> str:
    if sys.platform == "win32":
        return ""
    return os.uname().release


def _readable(size: int | None, total_bytes: float | None) -> int | None:
    # Drivers 535.43 to 535.98 laid the structure out differently: more than there is means that it is misread.
    is_told = size is not None and size != _NO_VALUE and (total_bytes is None or size <= total_bytes)
    return int(size) if is_told and size is not None else None


def _share(shares: Mapping[int, float] | None, pid: int) -> float | None:
    """A process without a sample did nothing: the driver lists only those that did."""
    return None if shares is None else shares.get(pid, 0.0)


def _kind(compute: bool, graphics: bool) -> Literal["compute", "graphics", "both"]:
    if compute and graphics:
        return "both"
    return "compute" if compute else "graphics"
