"""Who holds the memory of a GPU, alive or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.memory_holders import memory_holders
from crackseg_desktop.readings import GpuProcess, GpuReading, ProcessRow

GIB = 1024**3


def gpu(used: float | None, *processes: GpuProcess, total: float = 24.0) -> GpuReading:
    figures = {"gpu_memory_total_bytes": total * GIB}
    if used is not None:
        figures["gpu_memory_used_bytes"] = used * GIB
    return GpuReading({"gpu": "0"}, figures, uuid="0", processes=processes)


def process(pid: int, size: float | None) -> GpuProcess:
    return GpuProcess(pid, None if size is None else round(size * GIB), "compute")


def row(
    pid: int, state: str = "running", parent: int = 50, command: tuple[str, ...] = ("python", "run.py")
) -> ProcessRow:
    return ProcessRow(pid, parent, 5.0, command[0], command, "ana", True, state, 1, 0)


def test_that_living_holders_explain_the_memory_and_nothing_is_said() -> None:
    told = memory_holders(gpu(7.2, process(10, 1), process(11, 6)), [row(10), row(11)])
    assert [holder.pid for holder in told.holders] == [11, 10]
    assert told.named_bytes == 7 * GIB
    assert told.unexplained_bytes == pytest.approx(0.2 * GIB, abs=1)
    assert told.sentences == ()


def test_that_a_holder_that_the_system_does_not_know_is_named_with_what_it_holds() -> None:
    told = memory_holders(gpu(7, process(10, 1), process(99, 6)), [row(10)])
    assert [holder.trouble for holder in told.holders] == ["unknown", ""]
    assert told.sentences[0].startswith("6.0 GiB held by PID 99, which the system does not know: it has likely ended")


def test_that_a_zombie_and_an_orphaned_worker_are_told_apart() -> None:
    spawned = ("python", "-c", "from multiprocessing.spawn import spawn_main")
    told = memory_holders(gpu(5, process(2, 2), process(3, 3)), [row(2, "zombie"), row(3, parent=1, command=spawned)])
    assert [holder.trouble for holder in told.holders] == ["orphaned", "ended"]
    assert "left behind" in told.sentences[0]
    assert "its parent has not taken note" in told.sentences[1]


def test_that_a_holder_whose_size_is_untold_is_named_too() -> None:
    told = memory_holders(gpu(7, process(99, None)), ())
    assert told.sentences[0].startswith("Memory held by PID 99")
    assert told.unexplained_bytes is None


def test_that_nobody_is_judged_while_processes_are_not_read() -> None:
    assert memory_holders(gpu(6, process(99, 6)), None).sentences == ()


@pytest.mark.parametrize(
    ("processes", "sentence"),
    [
        ((), "6.0 GiB in use and no process holds it: likely left by a process that has ended."),
        (
            (process(10, 1),),
            "5.0 GiB in use beyond what the processes hold: likely left by a process that has ended.",
        ),
    ],
)
def test_that_memory_without_a_holder_is_said(processes: tuple[GpuProcess, ...], sentence: str) -> None:
    assert memory_holders(gpu(6, *processes), [row(10)]).sentences == (sentence,)


@pytest.mark.parametrize(("used", "total", "is_said"), [(0.4, 4.0, False), (1.1, 24.0, False), (1.3, 24.0, True)])
def test_that_what_contexts_and_displays_take_is_not_said(used: float, total: float, is_said: bool) -> None:
    assert bool(memory_holders(gpu(used, total=total), ()).sentences) is is_said


def test_that_a_gpu_that_tells_no_memory_leaves_it_open() -> None:
    told = memory_holders(gpu(None, process(10, 6)), [row(10)])
    assert (told.named_bytes, told.unexplained_bytes, told.sentences) == (6 * GIB, None, ())


sizes = st.none() | st.integers(0, 30 * GIB)


@given(st.dictionaries(st.integers(2, 50), sizes), st.sets(st.integers(2, 50)), st.integers(0, 24 * GIB))
def test_that_every_process_is_a_holder_once_and_bytes_add_up(
    held: dict[int, int | None], living: set[int], used: int
) -> None:
    processes = (GpuProcess(pid, size, "compute") for pid, size in held.items())
    told = memory_holders(gpu(used / GIB, *processes), [row(pid) for pid in living])
    assert {holder.pid: holder.memory_bytes for holder in told.holders} == held
    assert {holder.pid for holder in told.holders if holder.trouble} == held.keys() - living
    if None not in held.values():
        assert told.unexplained_bytes == max(0, used - told.named_bytes)
