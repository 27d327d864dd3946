from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

from crackseg_desktop.history.recent import Recent
from crackseg_desktop.readings import CurvePoints, RunFacts, RunState, Sample
from crackseg_desktop.simulation.sources import SimulatedFollower, SimulatedSampler, story
from crackseg_desktop.simulation.timeline import StoryClock, moment, story_clock
from crackseg_desktop.tracking import RunTracker

SOON = 20.0
PAST_SAMPLES = 720


@dataclass
class FakeClock:
    now: float = 1_800_000_000.0
    rising: float = 9000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.rising


class ScriptedClock:
    """Tells a list of times, one a question; then the last for ever."""

    def __init__(self, times: list[float]) -> None:
        self._times = times
        self.told_all = threading.Event()

    def time(self) -> float:
        if len(self._times) > 1:
            return self._times.pop(0)
        self.told_all.set()
        return self._times[0]

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Inbox:
    """Collects events from another thread; ``wait_for`` returns once there are so many."""

    events: list[object] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, event: object) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def wait_for(self, count: int) -> list[object]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.events) >= count, SOON)
            return list(self.events)


def label(event: object) -> tuple[str, str, int]:
    """Name an event by what compares: a column that holds NaN is not equal to itself."""
    if isinstance(event, CurvePoints):
        return event.run, event.tag, len(event.steps)
    assert isinstance(event, RunFacts)
    return event.id, event.name, event.step or 0


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("simulated")}


def test_that_a_story_feeds_a_consumer_without_a_monitor() -> None:
    clock, recent = story_clock(), Recent()
    tracker = RunTracker(clock)
    for event in story(clock):
        match event:
            case Sample():
                recent.add(event)
                tracker.on_sample(event)
            case RunFacts():
                tracker.on_facts(event)
            case CurvePoints():
                tracker.on_points(event)
    assert len(recent) == PAST_SAMPLES + 1
    first, *_ = tracker.runs()
    assert (first.facts.name, first.state, first.facts.epoch) == ("swinv2-crack500-360", RunState.RUNNING, 23)
    assert first.facts.started == clock.time() + moment("12:38")
    assert len(tracker.runs()) == 10


def test_that_everything_a_story_tells_is_labelled_and_baseline() -> None:
    events = list(story(FakeClock()))
    known = {event.id for event in events if isinstance(event, RunFacts)}
    for event in events:
        if isinstance(event, CurvePoints):
            assert event.baseline
            assert event.run in known
        else:
            assert isinstance(event, Sample | RunFacts)
            assert event.simulated


def test_that_a_story_is_told_relative_to_the_clock_unless_it_has_another_anchor() -> None:
    now = 1_800_000_000.0
    late = [event for event in story(StoryClock(now), anchor=now - 600.0) if isinstance(event, RunFacts)]
    assert late[0].epoch == 25
    assert late[0].started == now - 600.0 + moment("12:38")


def test_that_the_sampler_tells_the_past_hour_and_goes_on_live_until_it_is_stopped() -> None:
    clock, inbox = FakeClock(), Inbox()
    sampler = SimulatedSampler(inbox.put, clock, period=0.001)
    sampler.start()
    inbox.wait_for(PAST_SAMPLES + 3)
    sampler.stop(SOON)
    samples = [event for event in inbox.events if isinstance(event, Sample)]
    past, live = samples[:PAST_SAMPLES], samples[PAST_SAMPLES:]
    assert past[0].time == clock.now - 3600
    assert all(after.time - before.time == 5 for before, after in itertools.pairwise(past))
    assert all(after.monotonic - before.monotonic == 5 for before, after in itertools.pairwise(past))
    assert {sample.time for sample in live} == {clock.now}
    assert all(sample.simulated for sample in samples)
    assert not threads()


def test_that_one_sample_can_be_had_without_a_thread() -> None:
    clock = FakeClock()
    sampler = SimulatedSampler(Inbox().put, clock)
    sample = sampler.sample_once()
    assert (sample.time, sample.simulated) == (clock.now, True)
    assert sample == sampler.sample_once()
    assert sampler.stuck == ()
    assert not threads()


def test_that_the_follower_tells_the_runs_and_then_what_is_new() -> None:
    clock, inbox = FakeClock(), Inbox()
    baseline = [event for event in story(clock) if not isinstance(event, Sample)]
    follower = SimulatedFollower(inbox.put, clock, period=0.001)
    follower.start()
    assert [label(event) for event in inbox.wait_for(len(baseline))] == [label(event) for event in baseline]
    clock.now += 230.0
    news = inbox.wait_for(len(baseline) + 10)[len(baseline) :]
    follower.stop(SOON)
    *points, facts = news
    assert isinstance(facts, RunFacts)
    assert (facts.epoch, facts.simulated) == (24, True)
    assert {item.run for item in points if isinstance(item, CurvePoints) and not item.baseline} == {facts.id}
    assert len(points) == 9
    assert not threads()


def test_that_a_clock_set_back_tells_no_point_twice() -> None:
    start, inbox = 1_800_000_000.0, Inbox()
    clock = ScriptedClock([start, start, start + 10.0, start, start + 5.0, start + 20.0])
    follower = SimulatedFollower(inbox.put, clock, period=0.001)
    follower.start()
    assert clock.told_all.wait(SOON)
    inbox.wait_for(len([event for event in story(StoryClock(start)) if not isinstance(event, Sample)]) + 4)
    follower.stop(SOON)
    steps = [
        step
        for event in inbox.events
        if isinstance(event, CurvePoints) and event.tag == "train_batch/batch_loss" and not event.baseline
        for step in event.steps
    ]
    assert len(steps) > 5
    assert steps == list(range(steps[0], steps[-1] + 1, 10))


def test_that_a_source_stops_within_its_past_and_before_its_start() -> None:
    inbox = Inbox()
    never = SimulatedSampler(inbox.put, FakeClock())
    never.stop(SOON)
    for source in (SimulatedSampler(inbox.put, FakeClock()), SimulatedFollower(inbox.put, FakeClock())):
        source.start()
        source.stop(SOON)
        source.stop(SOON)
    assert not threads()
