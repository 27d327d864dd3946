"""Who holds the memory of a GPU, what nobody is named for, and what is left of processes that have ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop import units

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from crackseg_desktop.readings import GpuProcess, GpuReading

NOTABLE_BYTES = 512 * 1024**2
NOTABLE_RATIO = 0.05
"""What nobody is named for is worth a word above both: contexts and the displays take some hundred MiB anyway."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that the driver names.

    ``is_alive`` is None where that cannot be known here. ``summary`` is a sentence.
    """

    pid: int
    memory_bytes: int | None
    is_alive: bool | None
    summary: str


@dataclass(frozen=True, slots=True)
class MemoryHolders:
    """The memory in use of one GPU, by who holds it.

    Attributes:
        holders: those that hold most first.
        named_bytes: what they hold together, as far as it is told.
        unexplained_bytes: what is in use beyond that; None where the driver does not tell what is in use, or what a
            process holds.
        sentences: what a person should know: dead holders, and what is in use without a holder.
    """

    holders: tuple[Holder, ...]
    named_bytes: int
    unexplained_bytes: int | None
    sentences: tuple[str, ...]

    @property
    def dead(self) -> tuple[Holder, ...]:
        """Return the holders that have ended."""
        return tuple(holder for holder in self.holders if holder.is_alive is False)


def memory_holders(gpu: GpuReading, living: Collection[int], *, sees_all: bool = True) -> MemoryHolders:
    """Compare what is in use on a GPU with the processes that the driver names and those that live.

    ``living`` are the PIDs there are, zombies left out. ``sees_all`` is false inside a container: the driver names
    PIDs of the host there, and one that is not found, or found by the same number, says nothing.
    """
    holders = tuple(sorted((_holder(process, living, sees_all) for process in gpu.processes), key=_most_first))
    named = sum(holder.memory_bytes or 0 for holder in holders)
    used = gpu.get("gpu_memory_used_bytes")
    is_told = used is not None and all(holder.memory_bytes is not None for holder in holders)
    # Memory that processes share is counted with each of them: together they may hold more than is in use.
    unexplained = max(0, round(used) - named) if is_told and used is not None else None
    total = gpu.get("gpu_memory_total_bytes") or 0.0
    return MemoryHolders(holders, named, unexplained, tuple(_sentences(holders, unexplained, total, sees_all)))


def _holder(process: GpuProcess, living: Collection[int], sees_all: bool) -> Holder:
    is_alive = (process.pid in living) if sees_all else None
    size = "memory" if process.memory_bytes is None else units.figure("bytes", process.memory_bytes)
    summary = {
        True: f"PID {process.pid} holds {size}.",
        False: f"{size[:1].upper()}{size[1:]} held by a process that has ended (PID {process.pid}).",
        None: f"PID {process.pid} holds {size}; it is a number of the host, not of this container.",
    }[is_alive]
    return Holder(process.pid, process.memory_bytes, is_alive, summary)


def _most_first(holder: Holder) -> tuple[int, int]:
    return -(holder.memory_bytes or 0), holder.pid


def _sentences(holders: tuple[Holder, ...], unexplained: int | None, total: float, sees_all: bool) -> Iterator[str]:
    yield from (holder.summary for holder in holders if holder.is_alive is False)
    if unexplained is None or unexplained < max(NOTABLE_BYTES, NOTABLE_RATIO * total):
        return
    who = "a process that has ended" if sees_all else "a process outside this container, or one that has ended"
    beyond = " beyond what the processes hold" if holders else " and no process holds it"
    yield f"{units.figure('bytes', unexplained)} in use{beyond}: likely left by {who}."
