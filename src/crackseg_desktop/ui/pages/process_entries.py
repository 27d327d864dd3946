"""Which processes a table shows, and in which order: sorted, searched, as a tree with folded workers. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.insight.processes import (
    Column,
    Node,
    figure,
    held_memory,
    matching,
    ordered,
    runs_by_pid,
    sm_shares,
    tree,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crackseg_desktop.readings import ProcessRow, Run
    from crackseg_desktop.ui.model import Model

Key = tuple[int, float, bool]
"""What an entry is known by as time goes on: PID, start time, and whether it stands for folded workers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table: a process, or the ``workers`` of one folded together (``row`` is then the first of them)."""

    row: ProcessRow
    depth: int = 0
    workers: tuple[ProcessRow, ...] = ()

    @property
    def key(self) -> Key:
        """Return what it is known by."""
        return self.row.pid, self.row.started, bool(self.workers)

    @property
    def rows(self) -> tuple[ProcessRow, ...]:
        """Return the processes that it stands for."""
        return self.workers or (self.row,)

    def total(self, column: Column) -> float | None:
        """Return a numeric column, of folded workers their sum; None where none of them tells it."""
        known = [value for row in self.rows if (value := figure(row, column)) is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Order:
    """How a person wants the table. ``unfolded`` are the PIDs whose workers are shown one by one."""

    column: Column = Column.CPU
    descending: bool = True
    search: str = ""
    as_tree: bool = False
    unfolded: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of processes beyond their rows, by PID: GPU memory, share of the SMs, the run; and the time."""

    memory: Mapping[int, int] = field(default_factory=dict)
    shares: Mapping[int, float] = field(default_factory=dict)
    runs: Mapping[int, Run] = field(default_factory=dict)
    now: float = 0.0

    @classmethod
    def of(cls, model: Model) -> Beside:
        """Return what a model tells."""
        gpus = model.sample.gpus if model.sample is not None else ()
        active = [run for run in model.runs if run.active]
        return cls(held_memory(gpus), sm_shares(gpus), runs_by_pid(active), model.now)

    def by(self, column: Column) -> Mapping[int, float]:
        """Return what rows are weighed by where the column is the GPU's."""
        return self.shares if column == Column.SM else self.memory


def entries(rows: Sequence[ProcessRow], order: Order, beside: Beside) -> list[Entry]:
    """Return the lines of the table."""
    found = matching(rows, order.search) if order.search.strip() else list(rows)
    if not order.as_tree:
        return [Entry(row) for row in _sorted(found, order, beside)]
    return list(_walked(tree(found), order, beside, 0))


def busiest(rows: Sequence[ProcessRow], most: int = 5) -> list[Entry]:
    """Return the lines of those that take most of the CPU, data-loader workers folded under the process they serve."""
    groups = [(_own(node), node) for top in tree(rows) for node in _nodes(top)]
    heaviest = sorted(groups, key=lambda group: (-group[0], group[1].row.pid))[:most]
    lines = [line for _, node in heaviest for line in _lines(node, 0)]
    return lines[:most]


def _own(node: Node) -> float:
    """Return the CPU of a process and its workers together."""
    return sum(row.cpu_ratio or 0.0 for row in (node.row, *node.workers))


def _nodes(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += found.children


def _lines(node: Node, depth: int) -> Iterator[Entry]:
    yield Entry(node.row, depth)
    if node.workers:
        yield Entry(node.workers[0], depth + 1, node.workers)


def _walked(nodes: Sequence[Node], order: Order, beside: Beside, depth: int) -> Iterator[Entry]:
    """Walk over a tree, parents first; brothers are in the order that is wanted."""
    waiting = [(node, depth) for node in reversed(_in_order(nodes, order, beside))]
    while waiting:
        node, depth = waiting.pop()
        if node.workers and node.row.pid in order.unfolded:
            yield Entry(node.row, depth)
            yield from (Entry(row, depth + 1) for row in _sorted(node.workers, order, beside))
        else:
            yield from _lines(node, depth)
        waiting += [(child, depth + 1) for child in reversed(_in_order(node.children, order, beside))]


def _in_order(nodes: Sequence[Node], order: Order, beside: Beside) -> list[Node]:
    by_pid = {node.row.pid: node for node in nodes}
    return [by_pid[row.pid] for row in _sorted([node.row for node in nodes], order, beside)]


def _sorted(rows: Sequence[ProcessRow], order: Order, beside: Beside) -> list[ProcessRow]:
    return ordered(rows, order.column, descending=order.descending, held=beside.by(order.column))
