"""Runs and their processes: links, pins, and the GPU memory that was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.readings import (
    Confidence,
    GpuProcess,
    GpuReading,
    ProcessReading,
    Run,
    RunFacts,
    RunRemoved,
    Sample,
)
from crackseg_desktop.tracking import RunTracker

if TYPE_CHECKING:
    from tests.conftest import FakeClock

MIB = 1024**2


class Machine:
    """A tracker, with the samples of a machine that the test sets."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.tracker = RunTracker(clock, "box")
        self.processes: tuple[ProcessReading, ...] = ()
        self.gpus: tuple[GpuReading, ...] = ()

    def facts(self, name: str, began: float = 0.0, files: tuple[str, ...] = ()) -> RunFacts:
        now = self.clock.time()
        return RunFacts(name, name, f"/c/{name}", (), "crackseg", started=now + began, updated=now, files=files)

    def process(self, pid: int, began: float = -5.0, files: tuple[str, ...] = ()) -> ProcessReading:
        return ProcessReading(pid, self.clock.time() + began, ("python", "run.py"), "/c", files)

    def sample(self, after: float = 1.0) -> list[Run]:
        self.clock.advance(after)
        now, monotonic = self.clock.time(), self.clock.monotonic()
        return self.tracker.on_sample(Sample(now, monotonic, None, self.gpus, processes=self.processes))

    def hold(self, pid: int, mib: int) -> None:
        held = (GpuProcess(pid, mib * MIB, "compute"),)
        self.gpus = (GpuReading({"gpu": "A"}, {"gpu_power_watts": 150.0}, uuid="A", processes=held),)

    def run(self, name: str) -> Run:
        return next(run for run in self.tracker.runs() if run.id == name)


@pytest.fixture
def machine(clock: FakeClock) -> Machine:
    return Machine(clock)


def test_that_a_run_bears_its_link_with_the_gpus(machine: Machine) -> None:
    machine.tracker.on_facts(machine.facts("a"))
    machine.processes = (machine.process(7),)
    machine.hold(7, 100)
    (run,) = machine.sample()
    assert run.link is not None
    assert (run.pid, run.pids, run.link.gpus) == (7, (7,), ("A",))
    assert run.link.confidence == Confidence.LIKELY


def test_that_the_order_in_which_runs_are_found_does_not_matter(machine: Machine) -> None:
    machine.processes = (machine.process(7),)
    machine.sample()
    machine.tracker.on_facts(machine.facts("first"))
    assert machine.run("first").pid == 7
    machine.tracker.on_facts(machine.facts("second", began=30.0))
    machine.sample()
    assert (machine.run("first").pid, machine.run("second").pid) == (None, 7)


def test_that_a_file_that_appears_later_links(machine: Machine) -> None:
    machine.processes = (machine.process(7, files=("/c/b/events",)),)
    machine.sample()
    old = machine.facts("b", began=-9000.0)
    machine.tracker.on_facts(old)
    assert machine.run("b").pid is None
    machine.tracker.on_facts(replace(old, files=("/c/b/events",)))
    assert machine.run("b").pid == 7


def test_that_the_peak_of_gpu_memory_is_kept_when_the_process_is_gone(machine: Machine) -> None:
    machine.tracker.on_facts(machine.facts("a"))
    machine.processes = (machine.process(7),)
    machine.sample()
    for mib in (100, 900, 300):
        machine.hold(7, mib)
        machine.sample()
    machine.sample(after=10.0)
    assert machine.run("a").gpu_memory_peaks == {"A": 900 * MIB}
    assert machine.run("a").performance.peak_memory_bytes == 900 * MIB
    assert "peak_memory_bytes" not in machine.run("a").performance.unavailable
    machine.processes, machine.gpus = (), ()
    machine.sample()
    assert machine.run("a").link is None
    assert machine.run("a").gpu_memory_peaks == {"A": 900 * MIB}
    machine.tracker.on_removed(RunRemoved("a"))
    machine.tracker.on_facts(machine.facts("a"))
    assert machine.run("a").gpu_memory_peaks == {}


def test_that_memory_and_power_of_a_run_can_be_judged(machine: Machine) -> None:
    machine.tracker.on_facts(machine.facts("a"))
    machine.processes = (machine.process(7),)
    machine.sample()
    machine.hold(7, 100)
    machine.sample()
    machine.hold(7, 50)
    machine.sample(after=10.0)
    seen = {item.metric: item.value for item in machine.tracker.observations([machine.run("a")])}
    assert seen["training_gpu_memory_used_bytes"] == 50 * MIB
    assert seen["training_gpu_memory_peak_bytes"] == 100 * MIB
    assert seen["training_gpu_power_watts"] == 150.0


def test_that_a_pin_holds_until_it_is_taken_away(machine: Machine) -> None:
    files = ("/c/a/main.log",)
    machine.tracker.on_facts(machine.facts("a", files=files))
    writer, other = machine.process(7, files=files), machine.process(8)
    machine.processes = (writer, other)
    machine.sample()
    assert machine.run("a").pid == 7
    (run,) = machine.tracker.pin("a", (8, other.started))
    assert run.link is not None
    assert (run.pid, run.link.pinned) == (8, True)
    assert machine.tracker.pins == {"a": (8, other.started)}
    (run,) = machine.tracker.pin("a", None)
    assert run.pid == 7


def test_that_pins_of_an_earlier_session_hold_from_the_next_sample_on(machine: Machine) -> None:
    machine.tracker.on_facts(machine.facts("a"))
    machine.processes = (machine.process(7), machine.process(8, began=-4.0))
    machine.sample()
    assert machine.run("a").pid == 8
    machine.tracker.set_pins({"a": (7, machine.processes[0].started)})
    machine.sample()
    assert machine.run("a").pid == 7
