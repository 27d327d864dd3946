"""The table of processes as a person wants it: sorted, searched, as a tree, beside the GPUs. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from crackseg_desktop.readings import GpuReading, ProcessRow, Run


class Column(StrEnum):
    """What the table can be sorted by."""

    PID = "pid"
    NAME = "name"
    USER = "user"
    CPU = "cpu_ratio"
    GPU_MEMORY = "gpu_memory"
    SM = "sm_ratio"
    MEMORY = "memory_bytes"
    DISK = "disk"
    READ = "read_bytes_per_second"
    WRITTEN = "written_bytes_per_second"
    NETWORK = "network"
    STARTED = "started"
    THREADS = "threads"


_OF_GPU = (Column.GPU_MEMORY, Column.SM)


@dataclass(frozen=True, slots=True)
class Node:
    """A process in the tree. ``workers`` are its children that run its very command line: folded away under it."""

    row: ProcessRow
    children: tuple[Node, ...] = ()
    workers: tuple[ProcessRow, ...] = ()

    def rows(self) -> Iterator[ProcessRow]:
        """Walk over the process, its workers, and all below it."""
        yield self.row
        yield from self.workers
        for child in self.children:
            yield from child.rows()


def figure(row: ProcessRow, column: Column) -> float | None:
    """Return a numeric column of a row; traffic is the sum of both ways. What is of the GPU is no column of a row."""
    match column:
        case Column.DISK:
            return _sum(row.read_bytes_per_second, row.written_bytes_per_second)
        case Column.NETWORK:
            return _sum(row.received_bytes_per_second, row.sent_bytes_per_second)
        case _:
            value: float | None = getattr(row, column.value)
            return value


def held_memory(gpus: Iterable[GpuReading]) -> dict[int, int]:
    """Return the GPU memory that each process holds, on all GPUs together, by PID; without what no driver tells."""
    held: dict[int, int] = {}
    for process in (process for gpu in gpus for process in gpu.processes):
        if process.memory_bytes is not None:
            held[process.pid] = held.get(process.pid, 0) + process.memory_bytes
    return held


def sm_shares(gpus: Iterable[GpuReading]) -> dict[int, float]:
    """Return the largest share of the SMs of a GPU that each process has, by PID; without what no driver tells."""
    shares: dict[int, float] = {}
    for process in (process for gpu in gpus for process in gpu.processes):
        if process.sm_ratio is not None:
            shares[process.pid] = max(process.sm_ratio, shares.get(process.pid, 0.0))
    return shares


def runs_by_pid(runs: Iterable[Run]) -> dict[int, Run]:
    """Return the run that each process works for, worker processes included, by PID."""
    return {pid: run for run in runs for pid in run.pids}


def ordered(
    rows: Iterable[ProcessRow],
    column: Column,
    *,
    descending: bool = True,
    held: Mapping[int, float] | None = None,
) -> list[ProcessRow]:
    """Sort rows; what has no figure comes last either way, equal ones stand by their PID.

    ``held`` is what each holds of the GPU (memory, or a share of the SMs) by PID, for sorting by it.
    """
    by_pid, memory = sorted(rows, key=lambda row: row.pid), held or {}
    if column in (Column.NAME, Column.USER):
        return sorted(by_pid, key=lambda row: getattr(row, column.value).casefold(), reverse=descending)
    weighed = [(memory.get(row.pid) if column in _OF_GPU else figure(row, column), row) for row in by_pid]
    known = [(weight, row) for weight, row in weighed if weight is not None]
    unknown = [row for weight, row in weighed if weight is None]
    return [row for _, row in sorted(known, key=lambda pair: pair[0], reverse=descending)] + unknown


def matching(rows: Iterable[ProcessRow], text: str) -> list[ProcessRow]:
    """Return the rows that hold every word of a search in their name, command line, user, container or PID."""
    words = text.casefold().split()

    def holds(row: ProcessRow) -> bool:
        told = " ".join((row.name, *row.command, row.user, row.container or "", str(row.pid))).casefold()
        return all(word in told for word in words)

    return [row for row in rows if holds(row)]


def heaviest(rows: Sequence[ProcessRow], wanted: Collection[int] = (), most: int = 20) -> list[ProcessRow]:
    """Return the rows of the ``wanted`` PIDs, and the ``most`` heaviest each by CPU, memory and disk traffic."""
    chosen = set(wanted)
    for column in (Column.CPU, Column.MEMORY, Column.DISK):
        weights = ((figure(row, column) or 0.0, row.pid) for row in rows)
        chosen |= {pid for weight, pid in nlargest(most, weights) if weight > 0}
    return [row for row in rows if row.pid in chosen]


def tree(rows: Iterable[ProcessRow]) -> tuple[Node, ...]:
    """Return the processes below those without a parent among the rows, by PID.

    The workers of a data loader are forks of a Python process: its children with its very command line.
    """
    known = {row.pid: row for row in rows}
    below: dict[int, list[ProcessRow]] = defaultdict(list)
    roots: list[ProcessRow] = []
    for row in sorted(known.values(), key=lambda row: row.pid):
        # A parent that is younger than its child is another process that got the PID.
        parent = known.get(row.parent)
        is_below = parent is not None and parent.pid != row.pid and parent.started <= row.started + 1.0
        (below[row.parent] if is_below else roots).append(row)
    nodes: dict[int, Node] = {}
    for row in reversed(_parents_first(roots, below)):
        workers = [child for child in below[row.pid] if is_worker(child, row) and not below[child.pid]]
        folded = {worker.pid for worker in workers}
        children = (nodes[child.pid] for child in below[row.pid] if child.pid not in folded)
        nodes[row.pid] = Node(row, tuple(children), tuple(workers))
    return tuple(nodes[row.pid] for row in roots)


def is_worker(row: ProcessRow, parent: ProcessRow) -> bool:
    """Say whether a child works for its parent: a fork of a Python process, or what its multiprocessing started."""
    if not is_python(parent) or not row.command:
        return False
    return row.command == parent.command or "multiprocessing" in " ".join(row.command[1:3])


def is_python(row: ProcessRow) -> bool:
    """Say whether a process is a Python interpreter."""
    program = row.command[0].replace("\\", "/").rpartition("/")[2] if row.command else row.name
    return program.casefold().startswith(("python", "pypy"))


def _parents_first(roots: Iterable[ProcessRow], below: dict[int, list[ProcessRow]]) -> list[ProcessRow]:
    found = list(roots)
    for row in found:  # grows while it is walked over
        found += below[row.pid]
    return found


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None and second is None else (first or 0.0) + (second or 0.0)
