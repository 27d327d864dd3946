"""NVIDIA GPUs as a source: what the driver says, started late, left asleep, and taken up again when it comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.hardware.gpu import Gpu, gone
from crackseg_desktop.hardware.nvml import DriverDown, GpuGone, Missing, Nvml
from crackseg_desktop.hardware.runtime_power import Rest, RuntimePower
from crackseg_desktop.hardware.xid import XidHistory
from crackseg_desktop.readings import GpuReading, Part, SourceState, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.clock import Clock

_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 5.0, 60.0
_ALL = frozenset(Tier)
_FAST = frozenset({Tier.FAST})
_SYSFS = Path("/sys")
_LINK_SECONDS = 0.25  # a reading that has taken so long measures no further bus: that takes some 40 ms a GPU
_ASLEEP = "The NVIDIA GPU is powered down and is left asleep"
_LET_GO = "The NVIDIA GPU is idle and is left alone so that it can power down"
_VANISHED = "The GPU is lost: the driver does not list it any more"


class NvidiaSource:
    """Reads every NVIDIA GPU through NVML; belongs to its driver thread.

    NVML is started at the first read, and anew, with back-off, while the driver or a GPU is missing and after a gap.
    ``sysfs`` is the root of the kernel's device tree.
    """

    name = "nvidia"
    tiers = _ALL

    def __init__(self, clock: Clock, sysfs: Path = _SYSFS) -> None:
        self._clock = clock
        self._nvml = Nvml(sysfs)
        self._power = RuntimePower(sysfs)
        self._rest = Rest(self._power)
        self._gpus: tuple[Gpu, ...] = ()
        self._readings: dict[str, GpuReading] = {}  # by UUID: every GPU ever seen, as it was read last
        self._unnamed: tuple[GpuReading, ...] = ()  # missing before they could say who they are
        self._xids: dict[str, XidHistory] = {}  # by UUID
        self._links_due: set[str] = set()  # UUIDs of those whose bus is to be measured
        self._down: DriverDown | None = None
        self._back_off = _FIRST_BACK_OFF
        self._start_at: float | None = None  # monotonic; None: at once

    @property
    def calls(self) -> Mapping[str, int]:
        """Return how often each NVML function was called; in this source's own thread, or after its end."""
        return self._nvml.calls

    def read(self, due: frozenset[Tier]) -> Part:
        """Read the due tiers of every GPU; may block as long as the driver does."""
        if not self._nvml.started:
            if self._power.asleep():
                self._rest.slept()
                return self._resting(_ASLEEP)
            if self._rest.waiting(self._clock.monotonic()):
                return self._resting(_LET_GO)
        try:
            if self._due_to_start():
                self._start()
                due = _ALL
            if self._down is None:
                return self._read_gpus(due)
        except DriverDown as down:
            self._down = down
            self._shut()
        return self._part_of_a_driver_that_is_down(self._down)

    def resumed(self) -> None:
        """Start NVML anew at the next read: after a suspend its counters stick and its handles may be dead."""
        self._shut()
        self._rest.slept()
        self._start_at = None

    def close(self) -> None:
        """Give NVML back."""
        self._shut()

    def _shut(self) -> None:
        try:
            for gpu in self._gpus:
                gpu.close()
        except DriverDown:
            return  # nothing is left to give back
        finally:
            self._gpus = ()
            self._nvml.shut()

    def _due_to_start(self) -> bool:
        complete = self._nvml.started and not self._unnamed and all(_present(gpu) for gpu in self._readings.values())
        return not complete and (self._start_at is None or self._clock.monotonic() >= self._start_at)

    def _start(self) -> None:
        self._start_at = self._clock.monotonic() + self._back_off
        self._back_off = min(2 * self._back_off, _LONGEST_BACK_OFF)
        self._shut()
        self._nvml.start()
        self._enumerate()
        self._down = None

    def _enumerate(self) -> None:
        gpus: list[Gpu] = []
        nameless: list[GpuReading] = []
        for index in range(self._count()):
            try:
                handle = self._nvml.call("nvmlDeviceGetHandleByIndex", index)
                uuid = str(self._nvml.call("nvmlDeviceGetUUID", handle))
                gpus.append(Gpu(self._nvml, handle, uuid, index, self._xids.setdefault(uuid, XidHistory())))
            except GpuGone as absence:
                nameless.append(_unnamed(index, SourceState.LOST, absence.reason))
            except Missing as absence:
                nameless.append(_unnamed(index, SourceState.FAILED, absence.reason))
        self._gpus = tuple(gpus)
        vanished = {reading.index for uuid, reading in self._readings.items() if uuid not in {g.uuid for g in gpus}}
        self._unnamed = tuple(reading for reading in nameless if reading.index not in vanished)
        for uuid, reading in self._readings.items():
            if uuid not in {gpu.uuid for gpu in gpus}:
                self._readings[uuid] = gone(reading, SourceState.LOST, _VANISHED)

    def _count(self) -> int:
        try:
            count = int(self._nvml.call("nvmlDeviceGetCount"))
        except (Missing, GpuGone) as absence:
            raise DriverDown(SourceState.FAILED, f"The GPUs cannot be counted: {absence.reason}") from absence
        if count == 0 and not self._readings:
            raise DriverDown(SourceState.UNAVAILABLE, "The NVIDIA driver finds no GPU")
        return count

    def _read_gpus(self, due: frozenset[Tier]) -> Part:
        until = self._clock.monotonic() + _LINK_SECONDS
        if Tier.SLOW in due:
            self._links_due = {gpu.uuid for gpu in self._gpus}
        for gpu in self._gpus:
            # Never with the fast figures alone: who is left out has its turn with the next slower ones.
            link = due != _FAST and gpu.uuid in self._links_due and self._clock.monotonic() < until
            if link:
                self._links_due.discard(gpu.uuid)
            self._readings[gpu.uuid] = gpu.read(due, self._clock.time(), link=link)
        self._drop_lost()
        gpus = (*self._readings.values(), *self._unnamed)
        missing = [gpu for gpu in gpus if not _present(gpu)]
        if not missing:
            self._back_off = _FIRST_BACK_OFF
        if self._rest.note(self._clock.monotonic(), idle=all(map(_idle, gpus))):
            self._shut()
            self._start_at = None
            return self._resting(_LET_GO)
        if len(missing) == len(gpus):
            return Part(missing[0].state, missing[0].reason, gpus)
        return Part(gpus=gpus)

    def _drop_lost(self) -> None:
        """Leave a lost GPU alone until NVML is started anew: some calls on it never return."""
        lost = [gpu for gpu in self._gpus if not _present(self._readings[gpu.uuid])]
        self._gpus = tuple(gpu for gpu in self._gpus if gpu not in lost)

    def _resting(self, reason: str) -> Part:
        """Return the GPUs as they were read last: a sleeping one is not woken to be read."""
        gpus = (replace(gpu, state=SourceState.ASLEEP, reason=reason) for gpu in self._readings.values())
        return Part(SourceState.ASLEEP, reason, tuple(gpus))

    def _part_of_a_driver_that_is_down(self, down: DriverDown) -> Part:
        return Part(
            down.state, down.reason, tuple(gone(gpu, down.state, down.reason) for gpu in self._readings.values())
        )


def _present(reading: GpuReading) -> bool:
    return reading.state is SourceState.OK


def _idle(gpu: GpuReading) -> bool:
    """Say whether nothing uses a GPU, as far as the driver tells."""
    is_told = _present(gpu) and "processes" not in gpu.process_reasons
    return is_told and not gpu.processes and gpu.get("gpu_utilization_ratio") == 0


def _unnamed(index: int, state: SourceState, reason: str) -> GpuReading:
    placeholder = f"unknown-{index}"
    nobody = GpuReading({"gpu": placeholder}, {}, uuid=placeholder, index=index, name=f"GPU {index}")
    return gone(nobody, state, reason)
