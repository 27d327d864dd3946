"""The simulated table of processes fits the rest of the simulated machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.insight.processes import tree
from crackseg_desktop.simulation.hardware import sample_at
from crackseg_desktop.simulation.scripts import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crackseg_desktop.insight.processes import Node
    from crackseg_desktop.readings import ProcessRow

ANCHOR = 1_795_000_000.0


def rows_at(at: float) -> dict[int, ProcessRow]:
    table = sample_at(ANCHOR + at, 0.0, ANCHOR).table
    assert table is not None
    return {row.pid: row for row in table}


def test_that_every_training_and_every_holder_of_gpu_memory_is_in_the_table() -> None:
    sample, rows = sample_at(ANCHOR, 0.0, ANCHOR), rows_at(0.0)
    for process in sample.processes:
        assert (rows[process.pid].started, rows[process.pid].command) == (process.started, process.command)
    assert {process.pid for process in sample.gpus[0].processes} <= rows.keys()


def test_that_the_training_has_its_workers_while_it_runs() -> None:
    (root,) = tree(rows_at(0.0).values())
    workers = [len(node.workers) for node in _all(root) if node.workers]
    assert workers == [8]
    assert len(rows_at(MAIN.end + 60.0)) == len(rows_at(0.0)) - 9


def test_that_what_is_missing_has_a_reason() -> None:
    for row in rows_at(0.0).values():
        figures = ("cpu_ratio", "read_bytes_per_second", "sent_bytes_per_second")
        assert {name for name in figures if getattr(row, name) is None} <= row.unavailable.keys()


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)
