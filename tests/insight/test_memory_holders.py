"""Who holds the memory of a GPU, alive or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.memory_holders import MemoryHolders, memory_holders
from crackseg_desktop.readings import GpuProcess, GpuReading

GIB = 1024**3


def gpu(used: float | None, *processes: GpuProcess, total: float = 24.0) -> GpuReading:
    figures = {"gpu_memory_total_bytes": total * GIB}
    if used is not None:
        figures["gpu_memory_used_bytes"] = used * GIB
    return GpuReading({"gpu": "0"}, figures, uuid="0", processes=processes)


def process(pid: int, size: float | None) -> GpuProcess:
    return GpuProcess(pid, None if size is None else round(size * GIB), "compute")


def test_that_living_holders_explain_the_memory_and_nothing_is_said() -> None:
    told = memory_holders(gpu(7.2, process(10, 1), process(11, 6)), {10, 11})
    assert [holder.pid for holder in told.holders] == [11, 10]
    assert told.named_bytes == 7 * GIB
    assert told.unexplained_bytes == pytest.approx(0.2 * GIB, abs=1)
    assert (told.dead, told.sentences) == ((), ())


def test_that_a_holder_that_has_ended_is_named_with_what_it_holds() -> None:
    told = memory_holders(gpu(7, process(10, 1), process(99, 6)), {10})
    assert [holder.pid for holder in told.dead] == [99]
    assert told.sentences == ("6.0 GiB held by a process that has ended (PID 99).",)


def test_that_an_ended_holder_whose_size_is_untold_is_named_too() -> None:
    told = memory_holders(gpu(7, process(99, None)), ())
    assert told.sentences == ("Memory held by a process that has ended (PID 99).",)
    assert told.unexplained_bytes is None


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
    assert memory_holders(gpu(6, *processes), {10}).sentences == (sentence,)


@pytest.mark.parametrize(("used", "total", "is_said"), [(0.4, 4.0, False), (1.1, 24.0, False), (1.3, 24.0, True)])
def test_that_what_contexts_and_displays_take_is_not_said(used: float, total: float, is_said: bool) -> None:
    assert bool(memory_holders(gpu(used, total=total), ()).sentences) is is_said


def test_that_inside_a_container_nobody_is_called_dead() -> None:
    told = memory_holders(gpu(12, process(10, 6)), {10}, sees_all=False)
    assert told.dead == ()
    assert "of the host" in told.holders[0].summary
    assert told.sentences == (
        "6.0 GiB in use beyond what the processes hold: likely left by a process outside this container, or one that "
        "has ended.",
    )


def test_that_a_gpu_that_tells_no_memory_leaves_it_open() -> None:
    told = memory_holders(gpu(None, process(10, 6)), {10})
    assert (told.named_bytes, told.unexplained_bytes, told.sentences) == (6 * GIB, None, ())


sizes = st.none() | st.integers(0, 30 * GIB)


@given(st.dictionaries(st.integers(1, 50), sizes), st.sets(st.integers(1, 50)), st.integers(0, 24 * GIB))
def test_that_every_process_is_a_holder_once_and_bytes_add_up(
    held: dict[int, int | None], living: set[int], used: int
) -> None:
    processes = (GpuProcess(pid, size, "compute") for pid, size in held.items())
    told: MemoryHolders = memory_holders(gpu(used / GIB, *processes), living)
    assert {holder.pid: holder.memory_bytes for holder in told.holders} == held
    assert {holder.pid for holder in told.dead} == held.keys() - living
    if None not in held.values():
        assert told.unexplained_bytes == max(0, used - told.named_bytes)
