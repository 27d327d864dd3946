"""The table of processes: order, search, tree, and memory that nobody uses any more."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.processes import (
    Column,
    Node,
    heaviest,
    held_memory,
    matching,
    ordered,
    runs_by_pid,
    tree,
)
from crackseg_desktop.readings import Confidence, GpuProcess, GpuReading, Link, ProcessRow, Run, RunFacts, RunState

TRAIN = ("/usr/bin/python3", "train.py", "--epochs", "3")
SPAWNED = ("/usr/bin/python3", "-c", "from multiprocessing.spawn import spawn_main")


def row(pid: int, parent: int = 1, command: tuple[str, ...] = ("bash",), **known: Any) -> ProcessRow:
    figures: dict[str, Any] = {"started": float(pid), "name": command[0], "user": "me", "own": True, "state": "running"}
    figures |= {"threads": 1, "memory_bytes": 0}
    return ProcessRow(pid, parent, command=command, **(figures | known))


def ids(rows: list[ProcessRow]) -> list[int]:
    return [item.pid for item in rows]


def test_that_rows_without_a_figure_come_last_either_way() -> None:
    rows = [row(1, cpu_ratio=0.5), row(2), row(3, cpu_ratio=2.0), row(4, cpu_ratio=0.5)]
    assert ids(ordered(rows, Column.CPU)) == [3, 1, 4, 2]
    assert ids(ordered(rows, Column.CPU, descending=False)) == [1, 4, 3, 2]


def test_that_traffic_is_ordered_by_both_ways_together() -> None:
    rows = [
        row(1, read_bytes_per_second=5.0, written_bytes_per_second=0.0),
        row(2, read_bytes_per_second=3.0, written_bytes_per_second=4.0),
    ]
    assert ids(ordered(rows, Column.DISK)) == [2, 1]
    assert ids(ordered(rows, Column.NETWORK)) == [1, 2]


def test_that_rows_are_ordered_by_the_gpu_memory_they_hold_on_all_gpus() -> None:
    gpus = [
        GpuReading({}, {}, uuid="A", processes=(GpuProcess(1, 5, "compute"), GpuProcess(2, 9, "compute"))),
        GpuReading({}, {}, uuid="B", processes=(GpuProcess(1, 6, "compute"), GpuProcess(4, None, "compute"))),
    ]
    held = held_memory(gpus)
    assert held == {1: 11, 2: 9}
    rows = [row(pid) for pid in (4, 3, 2, 1)]
    assert ids(ordered(rows, Column.GPU_MEMORY, held=held)) == [1, 2, 3, 4]
    assert ids(ordered(rows, Column.GPU_MEMORY, held=held, descending=False)) == [2, 1, 3, 4]


def test_that_worker_processes_have_the_run_of_their_training() -> None:
    facts = RunFacts("r", "r", "/r", (), "crackseg")
    linked = Run(facts, RunState.RUNNING, pid=7, link=Link(7, 1.0, Confidence.CERTAIN, "Pinned by hand.", (7, 8)))
    assert runs_by_pid([linked]) == {7: linked, 8: linked}
    assert runs_by_pid([Run(facts, RunState.FINISHED)]) == {}


def test_that_names_are_ordered_without_regard_to_case() -> None:
    rows = [row(1, name="bash"), row(2, name="Xorg"), row(3, name="apt")]
    assert ids(ordered(rows, Column.NAME, descending=False)) == [3, 1, 2]


def test_that_a_search_needs_every_word_somewhere() -> None:
    rows = [row(41, command=TRAIN), row(42, command=TRAIN, user="root"), row(43, container="docker 0123")]
    assert ids(matching(rows, "TRAIN root")) == [42]
    assert ids(matching(rows, "41")) == [41]
    assert ids(matching(rows, "docker")) == [43]
    assert ids(matching(rows, " ")) == [41, 42, 43]


def test_that_the_heaviest_by_any_measure_are_chosen_and_those_that_are_wanted() -> None:
    rows = [
        row(1, cpu_ratio=0.9),
        row(2, cpu_ratio=0.1, memory_bytes=10),
        row(3, memory_bytes=99),
        row(4, read_bytes_per_second=1.0),
        row(5),
    ]
    assert ids(heaviest(rows, most=1)) == [1, 3, 4]
    assert ids(heaviest(rows, wanted={5, 77}, most=1)) == [1, 3, 4, 5]


def test_that_workers_are_folded_under_their_training() -> None:
    rows = [row(10), row(11, 10, TRAIN), row(12, 11, TRAIN), row(13, 11, SPAWNED), row(14, 11, ("nvidia-smi",))]
    (shell,) = tree(rows)
    (training,) = shell.children
    assert training.row.pid == 11
    assert [worker.pid for worker in training.workers] == [12, 13]
    assert [child.row.pid for child in training.children] == [14]


def test_that_a_worker_with_children_of_its_own_stays_visible() -> None:
    (training,) = tree([row(11, 1, TRAIN), row(12, 11, TRAIN), row(13, 12, ("ffmpeg",))])
    assert training.workers == ()
    assert training.children == (Node(row(12, 11, TRAIN), (Node(row(13, 12, ("ffmpeg",))),)),)


def test_that_forks_of_other_programs_are_no_workers() -> None:
    (parent,) = tree([row(11, 1, ("nginx",)), row(12, 11, ("nginx",))])
    assert parent.workers == ()


def test_that_a_parent_that_is_younger_is_another_process() -> None:
    assert [node.row.pid for node in tree([row(11, 12, started=5.0), row(12, 1, started=90.0)])] == [11, 12]


@given(st.lists(st.tuples(st.integers(2, 60), st.integers(0, 60)), unique_by=lambda pair: pair[0]))
def test_that_every_process_is_in_the_tree_once(pairs: list[tuple[int, int]]) -> None:
    rows = [row(pid, min(parent, pid - 1), TRAIN) for pid, parent in pairs]
    found = [item.pid for node in tree(rows) for item in node.rows()]
    assert sorted(found) == sorted(pid for pid, _ in pairs)
