"""What a run takes of each GPU: memory, and power where nobody else computes on it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from crackseg_desktop.readings import GpuReading


@dataclass(frozen=True, slots=True)
class GpuUse:
    """The share of a run in one GPU.

    Attributes:
        memory_bytes: that its processes hold; None: the driver does not tell.
        power_watts: of the whole GPU, where only the run computes on it; None: shared, or not told.
        sharers: PIDs of other processes that compute on it: the power is theirs too, and is not split by a guess.
    """

    gpu: str
    index: int
    memory_bytes: int | None
    power_watts: float | None
    sharers: tuple[int, ...] = ()


def gpu_use(pids: Collection[int], gpus: Iterable[GpuReading]) -> Iterator[GpuUse]:
    """Yield the GPUs that hold memory of some processes, with the share of these."""
    for gpu in gpus:
        own = [process.memory_bytes for process in gpu.processes if process.pid in pids]
        if not own:
            continue
        known = [held for held in own if held is not None]
        # What only draws (a desktop) takes little, and does not make a GPU a shared one.
        sharers = tuple(item.pid for item in gpu.processes if item.pid not in pids and item.kind != "graphics")
        yield GpuUse(
            gpu.uuid,
            gpu.index,
            sum(known) if len(known) == len(own) else None,
            gpu.get("gpu_power_watts") if not sharers else None,
            sharers,
        )


def raised_peaks(peaks: Mapping[str, int], uses: Iterable[GpuUse]) -> Mapping[str, int]:
    """Return the highest memory seen on each GPU, by UUID; the very same mapping where nothing is higher."""
    higher = {use.gpu: use.memory_bytes for use in uses if (use.memory_bytes or 0) > peaks.get(use.gpu, 0)}
    return peaks if not higher else {**peaks, **{gpu: held for gpu, held in higher.items() if held is not None}}
