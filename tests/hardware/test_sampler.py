"""The sampler, whatever its sources do."""

from __future__ import annotations

import logging
import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.hardware.sampler import Part, Periods, Sampler, Tier
from crackseg_desktop.readings import GpuReading, HostReading, ProcessReading, Reading, Sample, SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT = 10.0  # seconds; only ever reached where a test fails
QUICK = Periods(0.01, 0.01, 0.01)


class FakeClock:
    def __init__(self) -> None:
        self.now, self.wall_ahead = 1000.0, 1.7e9

    def time(self) -> float:
        return self.now + self.wall_ahead

    def monotonic(self) -> float:
        return self.now


class FakeSource:
    """A source whose every read is a call of ``answer``."""

    def __init__(self, name: str, answer: Callable[[], Part], tiers: frozenset[Tier] = frozenset(Tier)) -> None:
        self.name, self.tiers, self._answer = name, tiers, answer
        self.reads: list[frozenset[Tier]] = []
        self.threads: set[int] = set()
        self.resumes = 0
        self.closed = threading.Event()

    def read(self, due: frozenset[Tier]) -> Part:
        self.reads.append(due)
        self.threads.add(threading.get_ident())
        return self._answer()

    def resumed(self) -> None:
        self.resumes += 1

    def close(self) -> None:
        self.closed.set()


class Gate:
    """An answer that comes only when the gate is open."""

    def __init__(self, part: Part) -> None:
        self.part, self.open, self.entered = part, threading.Event(), threading.Event()
        self.open.set()

    def __call__(self) -> Part:
        self.entered.set()
        assert self.open.wait(WAIT)
        return self.part


class Bench:
    """A sampler driven tick by tick: each publication waits for the test, so that the fake clock is moved safely."""

    def __init__(self, *sources: FakeSource, deadline: float = 0.1) -> None:
        self.clock = FakeClock()
        self.samples: queue.Queue[Sample] = queue.Queue()
        self._go: queue.Queue[None] = queue.Queue()
        self._running = self._ending = False
        self.sampler = Sampler(sources, self._publish, self.clock, Periods(), deadline)

    def _publish(self, sample: Sample) -> None:
        self.samples.put(sample)
        if not self._ending:
            self._go.get(timeout=WAIT)

    def next(self, advance: float = 1.0, *, jump: float = 0.0) -> Sample:
        """Return the next sample, taken ``advance`` seconds later, the wall clock having jumped by ``jump``."""
        if not self._running:
            self._running = True
            self.sampler.start()
        else:
            self.clock.now += advance
            self.clock.wall_ahead += jump
            self._go.put(None)
        return self.samples.get(timeout=WAIT)

    def stop(self) -> None:
        self._ending = True
        self._go.put(None)
        self.sampler.stop(WAIT)


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(*sources: FakeSource, **options: Any) -> Bench:
        benches.append(Bench(*sources, **options))
        return benches[-1]

    yield make
    for each in benches:
        each.stop()


def gpu(taken: float = 1.0, index: int = 0) -> GpuReading:
    return GpuReading(
        {"gpu": f"GPU-{index}"}, {"gpu_power_watts": 100.0}, uuid=f"GPU-{index}", index=index, taken=taken
    )


def host(**figures: float) -> HostReading:
    return HostReading({}, figures)


def states(sample: Sample) -> dict[str, SourceState]:
    return {source.name: source.state for source in sample.sources}


def test_that_the_parts_of_all_sources_become_one_sample(bench: Callable[..., Bench]) -> None:
    disk = Reading({"mount": "/"}, {"host_disk_free_bytes": 1.0})
    own = Reading({}, {"self_cpu_ratio": 0})
    training = ProcessReading(7, 1.0, ("python", "run.py"), "/w")
    sample = bench(
        FakeSource("a", lambda: Part(gpus=(gpu(index=1),), host=HostReading({}, {"host_load1": 1.0}, hostname="box"))),
        FakeSource("b", lambda: Part(host=HostReading({}, {}, {"host_load1": "no"}, disks=(disk,)))),
        FakeSource(
            "c", lambda: Part(gpus=(gpu(index=0),), processes=(training,), own=Reading({}, {"self_cpu_ratio": 0}))
        ),
    ).next()
    assert sample.host == HostReading({}, {"host_load1": 1.0}, {}, "box", (disk,))
    assert [each.index for each in sample.gpus] == [0, 1]
    assert sample.processes == (training,)
    assert sample.own == own
    assert states(sample) == dict.fromkeys("abc", SourceState.OK)
    assert not sample.gap


def test_that_each_source_is_read_on_its_tiers_only(bench: Callable[..., Bench]) -> None:
    fast = FakeSource("fast", Part, frozenset({Tier.FAST}))
    medium = FakeSource("medium", lambda: Part(host=host(host_swap_used_bytes=5)), frozenset({Tier.MEDIUM}))
    table = bench(fast, medium)
    samples = [table.next() for _ in range(11)]
    assert len(fast.reads) == 11
    assert len(medium.reads) == 3
    assert set(medium.reads) == {frozenset({Tier.MEDIUM})}
    assert all(sample.host == host(host_swap_used_bytes=5) for sample in samples)


def test_that_a_source_over_its_deadline_is_named_and_the_others_go_on(bench: Callable[..., Bench]) -> None:
    stuck = Gate(Part(gpus=(gpu(taken=5.0),), host=host(host_load1=1), processes=(ProcessReading(1, 1, (), None),)))
    good = FakeSource("good", lambda: Part(host=host(host_swap_used_bytes=len(good.reads))))
    bad = FakeSource("bad", stuck)
    table = bench(bad, good)
    before = table.next()
    assert states(before) == {"bad": SourceState.OK, "good": SourceState.OK}
    stuck.open.clear()
    silent = [table.next() for _ in range(3)]
    for count, sample in enumerate(silent, start=2):
        assert states(sample) == {"bad": SourceState.NOT_RESPONDING, "good": SourceState.OK}
        assert sample.sources[0].reason == "No answer within 0.1 s"
        assert sample.sources[0].since == silent[0].time
        assert (sample.gpus[0].state, sample.gpus[0].taken) == (SourceState.NOT_RESPONDING, 5.0)
        assert sample.gpus[0].figures == before.gpus[0].figures
        assert sample.processes == before.processes
        assert sample.host is not None
        # A figure of the host bears no time: repeated, it would look measured.
        assert sample.host.figures == {"host_swap_used_bytes": count}
        assert sample.host.unavailable == {"host_load1": "No answer within 0.1 s"}
    stuck.open.set()


def test_that_a_hung_source_has_one_thread_and_one_request_out(bench: Callable[..., Bench]) -> None:
    stuck = Gate(Part())
    stuck.open.clear()
    bad = FakeSource("bad", stuck)
    table = bench(bad)
    for _ in range(5):
        table.next()
    assert len(bad.reads) == 1
    assert [thread.name for thread in threading.enumerate()].count("driver-bad") == 1
    stuck.open.set()
    ticks = 1
    while states(table.next())["bad"] is not SourceState.OK:
        ticks += 1
    assert len(bad.reads) <= 1 + ticks  # nothing was queued while it hung


def test_that_a_source_recovers_and_reads_what_it_missed(bench: Callable[..., Bench]) -> None:
    stuck = Gate(Part(gpus=(gpu(),)))
    bad = FakeSource("bad", stuck)
    table = bench(bad, deadline=0.3)
    table.next()
    stuck.open.clear()
    hung = [table.next() for _ in range(6)]  # the medium tier was due while it hung
    assert states(hung[-1]) == {"bad": SourceState.NOT_RESPONDING}
    stuck.open.set()
    recovered = table.next()
    while states(recovered)["bad"] is not SourceState.OK:
        recovered = table.next()
    assert recovered.gpus[0].state is SourceState.OK
    assert Tier.MEDIUM in frozenset().union(*bad.reads[2:])
    assert len(bad.threads) == 1


def test_that_a_failing_source_is_told_once_and_tried_again_with_back_off(
    bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    broken = True

    def answer() -> Part:
        if broken:
            msg = "no such thing"
            raise LookupError(msg)
        return Part(gpus=(gpu(),))

    bad = FakeSource("bad", answer)
    table = bench(bad, FakeSource("good", Part))
    with caplog.at_level(logging.ERROR):
        samples = [table.next() for _ in range(15)]
    assert all(states(sample) == {"bad": SourceState.FAILED, "good": SourceState.OK} for sample in samples)
    assert samples[-1].sources[0].reason == "LookupError: no such thing"
    assert samples[-1].sources[0].since == samples[0].time
    assert len(bad.reads) == 4  # at 0, 2, 6 and 14 s
    assert len(caplog.records) == 1
    broken = False
    recovered = table.next(60.0)
    assert states(recovered)["bad"] is SourceState.OK
    assert bad.reads[-1] == frozenset(Tier)


def test_that_a_source_s_own_state_is_reported_with_its_beginning(bench: Callable[..., Bench]) -> None:
    source = FakeSource("nvidia", lambda: Part(SourceState.ASLEEP, "powered down"))
    table = bench(source)
    first, second = table.next(), table.next()
    assert (second.sources[0].state, second.sources[0].reason) == (SourceState.ASLEEP, "powered down")
    assert second.sources[0].since == first.time


def test_that_a_gap_is_marked_and_the_sources_are_told(bench: Callable[..., Bench]) -> None:
    source = FakeSource("a", Part)
    table = bench(source)
    table.next()
    assert not table.next().gap
    slept = table.next(jump=3600.0)
    assert slept.gap
    assert source.resumes == 1
    assert source.reads[-1] == frozenset(Tier)
    assert not table.next().gap
    assert source.resumes == 1


def test_that_a_source_that_hung_over_a_gap_is_told_when_it_is_back(bench: Callable[..., Bench]) -> None:
    stuck = Gate(Part())
    source = FakeSource("a", stuck)
    table = bench(source)
    table.next()
    stuck.open.clear()
    table.next()
    table.next(jump=3600.0)
    assert source.resumes == 0
    stuck.open.set()
    while source.resumes == 0:
        table.next()
    assert source.resumes == 1


def test_that_a_subscriber_that_fails_does_not_stop_the_sampling(caplog: pytest.LogCaptureFixture) -> None:
    seen = threading.Event()
    count = 0

    def publish(sample: Sample) -> None:
        nonlocal count
        count += 1
        if count > 3:
            seen.set()
        msg = "nobody listens"
        raise RuntimeError(msg)

    sampler = Sampler([FakeSource("a", Part)], publish, SystemClockForTests(), QUICK)
    with caplog.at_level(logging.ERROR):
        sampler.start()
        assert seen.wait(WAIT)
        sampler.stop(WAIT)
    assert len(caplog.records) == 1


def test_that_stop_closes_the_sources_and_leaves_no_thread() -> None:
    first = threading.Event()
    sources = [FakeSource(name, Part) for name in ("a", "b")]
    sampler = Sampler(sources, lambda sample: first.set(), SystemClockForTests(), QUICK)
    sampler.start()
    assert first.wait(WAIT)
    sampler.stop(WAIT)
    sampler.stop(WAIT)
    assert all(source.closed.is_set() for source in sources)
    assert sampler.stuck == ()
    assert not left_behind("a", "b")


def test_that_stop_names_the_source_that_did_not_end() -> None:
    stuck = Gate(Part())
    stuck.open.clear()
    bad, good = FakeSource("bad", stuck), FakeSource("good", Part)
    sampler = Sampler([bad, good], lambda sample: None, SystemClockForTests(), QUICK, deadline=0.05)
    sampler.start()
    assert stuck.entered.wait(WAIT)
    sampler.stop(0.5)
    assert sampler.stuck == ("bad",)
    assert good.closed.is_set()
    stuck.open.set()
    assert bad.closed.wait(WAIT)


def test_that_one_sample_reads_every_tier_then_rates_and_leaves_no_thread() -> None:
    source = FakeSource("a", lambda: Part(host=host(host_load1=len(source.reads))))
    slow = FakeSource("slow", Part, frozenset({Tier.SLOW}))
    sampler = Sampler([source, slow], lambda sample: None, FakeClock(), simulated=True)
    sample = sampler.sample_once(settle=0.0)
    assert source.reads == [frozenset(Tier), frozenset({Tier.FAST})]
    assert slow.reads == [frozenset({Tier.SLOW})]
    assert sample.host == host(host_load1=2)
    assert sample.simulated
    assert sampler.stuck == ()
    assert not left_behind("a", "slow")


def test_that_a_sampler_starts_once() -> None:
    sampler = Sampler([], lambda sample: None, SystemClockForTests(), QUICK)
    sampler.start()
    with pytest.raises(RuntimeError):
        sampler.start()
    with pytest.raises(RuntimeError):
        sampler.sample_once()
    sampler.stop(WAIT)


def test_that_importing_the_sampler_loads_no_driver() -> None:
    code = (
        "import sys, crackseg_desktop.hardware.sampler, crackseg_desktop.hardware.nvidia, "
        "crackseg_desktop.hardware.host, crackseg_desktop.hardware.disks, crackseg_desktop.hardware.processes; "
        "print(sorted({'psutil', 'pynvml', 'numpy', 'PySide6'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class SystemClockForTests(FakeClock):
    """A clock that moves a period whenever it is looked at, so that no test waits for one."""

    def monotonic(self) -> float:
        self.now += 0.005
        return self.now


def left_behind(*sources: str) -> set[str]:
    return {thread.name for thread in threading.enumerate()} & {"sampler", *(f"driver-{name}" for name in sources)}
