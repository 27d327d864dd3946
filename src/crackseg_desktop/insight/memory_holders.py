"""Who holds the memory of a GPU, what nobody is named for, and what is left of processes that have ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crackseg_desktop import units
from crackseg_desktop.insight.processes import is_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crackseg_desktop.readings import GpuProcess, GpuReading, ProcessRow

NOTABLE_BYTES = 512 * 1024**2
NOTABLE_RATIO = 0.05
"""What nobody is named for is worth a word above both: contexts and the displays take some hundred MiB anyway."""
_INITS = (0, 1)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that the driver names.

    ``trouble`` is empty where it is alive and well, or where it cannot be known: ``unknown`` to the system (likely
    ended, or numbered by another container), ``ended`` without its parent taking note, ``orphaned`` by its training.
    """

    pid: int
    memory_bytes: int | None
    trouble: Literal["", "unknown", "ended", "orphaned"]

    @property
    def sentence(self) -> str:
        """Say what is wrong with it; empty where nothing is."""
        size = "Memory" if self.memory_bytes is None else units.figure("bytes", self.memory_bytes)
        why = {
            "unknown": "which the system does not know: it has likely ended, or runs in a container of its own",
            "ended": "which has ended, and its parent has not taken note of it",
            "orphaned": "likely left behind: a worker process whose training is gone",
        }.get(self.trouble)
        return "" if why is None else f"{size} held by PID {self.pid}, {why}."


@dataclass(frozen=True, slots=True)
class MemoryHolders:
    """The memory in use of one GPU, by who holds it.

    Attributes:
        holders: those that hold most first.
        named_bytes: what they hold together, as far as it is told.
        unexplained_bytes: what is in use beyond that; None where the driver does not tell what is in use, or what a
            process holds.
        sentences: what a person should know: holders that nobody needs, and what is in use without a holder.
    """

    holders: tuple[Holder, ...]
    named_bytes: int
    unexplained_bytes: int | None
    sentences: tuple[str, ...]


def memory_holders(gpu: GpuReading, rows: Iterable[ProcessRow] | None) -> MemoryHolders:
    """Compare what is in use on a GPU with the processes that the driver names and those that live.

    ``rows`` are all processes; None: they were not read, and no holder is judged.
    """
    known = None if rows is None else {row.pid: row for row in rows}
    holders = tuple(
        sorted(
            (Holder(item.pid, item.memory_bytes, _trouble(item, known)) for item in gpu.processes),
            key=lambda holder: (-(holder.memory_bytes or 0), holder.pid),
        )
    )
    named = sum(holder.memory_bytes or 0 for holder in holders)
    used = gpu.get("gpu_memory_used_bytes")
    is_told = used is not None and all(holder.memory_bytes is not None for holder in holders)
    # Memory that processes share is counted with each of them: together they may hold more than is in use.
    unexplained = max(0, round(used) - named) if is_told and used is not None else None
    total = gpu.get("gpu_memory_total_bytes") or 0.0
    return MemoryHolders(holders, named, unexplained, tuple(_sentences(holders, unexplained, total)))


def _trouble(process: GpuProcess, known: dict[int, ProcessRow] | None) -> Literal["", "unknown", "ended", "orphaned"]:
    if known is None:
        return ""
    row = known.get(process.pid)
    if row is None:
        return "unknown"
    if row.state == "zombie":
        return "ended"
    is_worker = is_python(row) and "multiprocessing" in " ".join(row.command[1:3])
    return "orphaned" if is_worker and row.parent in _INITS else ""


def _sentences(holders: tuple[Holder, ...], unexplained: int | None, total: float) -> Iterator[str]:
    yield from (holder.sentence for holder in holders if holder.trouble)
    if unexplained is None or unexplained < max(NOTABLE_BYTES, NOTABLE_RATIO * total):
        return
    beyond = " beyond what the processes hold" if holders else " and no process holds it"
    yield f"{units.figure('bytes', unexplained)} in use{beyond}: likely left by a process that has ended."
