"""The one way through: events in, what subscribers and notifiers are told out."""

from __future__ import annotations

import json
import math
import queue
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.alerts.log import Recalled
from crackseg_desktop.alerts.rules import BUILTIN
from crackseg_desktop.monitor import Monitor, Published, Snapshot
from crackseg_desktop.readings import (
    AlertEvent,
    AlertState,
    CurvePoints,
    Ending,
    FoldersRead,
    HostAnswer,
    ProcessReading,
    Run,
    RunFacts,
    RunParked,
    RunRemoved,
    RunResumed,
    RunState,
    Sample,
    Scope,
    Severity,
    Silence,
    SilencesChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.conftest import FakeClock

    from crackseg_desktop.alerting import Keeper


class Watched:
    """A Monitor under test, with everything it says written down."""

    def __init__(self, clock: FakeClock, keeper: Keeper | None = None) -> None:
        self.announced: list[AlertEvent] = []
        self.published: list[Published] = []
        self.remembered: list[RunParked] = []
        self.monitor = Monitor(BUILTIN, clock, self.on_alert, self.remembered.append, keeper)
        self.monitor.subscribe(self.published.append)
        self.monitor.start([])

    def on_alert(self, event: AlertEvent) -> None:
        if event.notify:
            self.announced.append(event)

    def put(self, *events: Any) -> None:
        for event in events:
            self.monitor.publish(event)

    def snapshot(self) -> Snapshot:
        """Ask for a snapshot; everything put before it has been handled when the answer comes."""
        answers: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
        self.monitor.snapshot(answers.put)
        return answers.get(timeout=10)

    def runs_told(self) -> list[tuple[str, RunState]]:
        self.snapshot()
        return [(event.facts.name, event.state) for event in self.published if isinstance(event, Run)]


class Kept:
    """What is kept over restarts, in memory."""

    def __init__(self) -> None:
        self.events: list[AlertEvent] = []
        self.document: Any = None

    def add(self, event: AlertEvent) -> None:
        self.events.append(event)

    def keep(self, document: Mapping[str, Any]) -> None:
        self.document = json.loads(json.dumps(document))

    def recall(self) -> Recalled:
        resolved = [event for event in reversed(self.events) if event.state == AlertState.RESOLVED]
        return Recalled(self.document, tuple(resolved))


@pytest.fixture
def watched(clock: FakeClock) -> Iterator[Watched]:
    instance = Watched(clock)
    yield instance
    instance.monitor.stop()


def facts(clock: FakeClock, **known: Any) -> RunFacts:
    values: dict[str, Any] = {"started": clock.time() - 300, "updated": clock.time()}
    return RunFacts("0123456789", "run", "/c/artifacts/run", ("/c",), "crackseg", **(values | known))


def points(*values: float, first: int = 1, baseline: bool = False) -> CurvePoints:
    steps = array("q", range(first, first + len(values)))
    times = array("d", (60.0 * step for step in steps))
    return CurvePoints("0123456789", "val_loss", "val/loss", steps, times, array("d", values), "epoch", baseline)


def test_that_a_hot_gpu_is_announced_once_and_its_recovery_once(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    for temperature in [60.0] * 5 + [86.0] * 60 + [70.0] * 60:
        watched.put(make_sample(temperature=temperature))
        watched.snapshot()
        clock.advance(1)
    assert [event.state for event in watched.announced] == [AlertState.FIRING, AlertState.RESOLVED]
    assert watched.announced[0].title == "GPU 0 at 86 °C, limit 80 °C"


def test_that_one_nan_is_one_notification_however_long_the_run_goes_on(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    watched.put(facts(clock), points(0.7, 0.6, baseline=True), points(math.nan, first=3))
    for step in range(4, 14):
        for _ in range(24):
            clock.advance(5)
            watched.put(make_sample())
        watched.put(points(0.5, first=step), facts(clock, updated=clock.time()))
        watched.snapshot()
    assert [event.rule for event in watched.announced] == ["nan"]
    assert watched.announced[0].title == "Loss is NaN in run"


def test_that_what_still_holds_after_a_suspend_is_not_said_again(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    watched.put(facts(clock), points(0.7, 0.6, baseline=True), make_sample(free=1e9))
    assert len(watched.snapshot().alerts) == 1
    clock.advance(600)
    watched.put(make_sample(free=1e9, gap=True))
    clock.advance(1)
    watched.put(make_sample(free=1e9))
    watched.snapshot()
    assert [event.rule for event in watched.announced] == ["disk_space"]


def test_that_a_nan_that_ends_the_run_is_announced(watched: Watched, clock: FakeClock) -> None:
    watched.put(facts(clock), points(0.7, 0.6, baseline=True))
    watched.put(points(math.nan, first=3), facts(clock, ending=Ending("error", "ValueError: NaN")))
    watched.snapshot()
    assert [event.rule for event in watched.announced] == ["nan", "run_failed"]


def test_that_a_run_seen_first_when_it_had_just_failed_with_nan_is_announced(
    watched: Watched, clock: FakeClock
) -> None:
    watched.put(points(0.7, math.nan), facts(clock, ending=Ending("error", "ValueError: NaN")))
    watched.snapshot()
    assert [event.rule for event in watched.announced] == ["nan", "run_failed"]


def test_that_what_is_queued_at_the_end_is_still_announced(clock: FakeClock) -> None:
    said: list[AlertEvent] = []
    stopped_after: list[int] = []

    class Notifier:
        def start(self) -> None: ...

        def stop(self, timeout: float) -> None:
            stopped_after.append(len(said))

    monitor = Monitor(BUILTIN, clock, said.append)
    monitor.start([], [Notifier()])
    monitor.publish(facts(clock))
    monitor.publish(points(math.nan))
    monitor.stop()
    assert stopped_after == [1]


def test_that_what_happened_minutes_ago_is_recorded_and_not_announced(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    late = make_sample(free=1e9)
    clock.advance(120)
    watched.put(late)
    assert [event.rule for event in watched.snapshot().alerts] == ["disk_space"]
    assert watched.announced == []


def test_that_a_nan_loss_is_announced_at_once_with_its_evidence(watched: Watched, clock: FakeClock) -> None:
    watched.put(facts(clock), points(0.7, 0.6, baseline=True), points(math.nan, first=3), points(math.nan, first=4))
    watched.snapshot()
    assert [(event.rule, event.subject) for event in watched.announced] == [("nan", "run")]
    assert "NaN loss since epoch 3 (val/loss)" in watched.announced[0].summary


def test_that_the_nan_of_a_run_that_ended_long_ago_is_no_news(watched: Watched, clock: FakeClock) -> None:
    old = facts(clock, updated=clock.time() - 90_000, ending=Ending("completed"))
    watched.put(old, points(0.7, math.nan, baseline=True))
    watched.snapshot()
    assert watched.announced == []


def test_that_a_run_that_is_nan_right_now_is_told_even_if_it_became_so_before_the_start(
    watched: Watched, clock: FakeClock
) -> None:
    watched.put(facts(clock), points(0.7, math.nan, baseline=True))
    watched.snapshot()
    assert [event.rule for event in watched.announced] == ["nan"]


def test_that_a_run_follows_its_process(watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]) -> None:
    def seen(*processes: ProcessReading) -> Sample:
        sample = make_sample()
        return Sample(sample.time, sample.monotonic, sample.host, sample.gpus, processes=processes)

    old = facts(clock, updated=clock.time() - 250, epoch=2)
    watched.put(old, points(0.7, 0.6, baseline=True))
    watched.put(seen(ProcessReading(42, clock.time() - 301, ("python", "run.py"), "/c")))
    assert watched.snapshot().runs[0].pid == 42
    assert watched.snapshot().runs[0].state == RunState.RUNNING
    clock.advance(1)
    watched.put(seen())
    assert watched.snapshot().runs[0].state == RunState.INTERRUPTED


def test_that_time_alone_turns_a_silent_run(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    watched.put(facts(clock), points(0.7, 0.6, baseline=True))
    assert watched.runs_told()[-1][1] == RunState.RUNNING
    clock.advance(3600)
    watched.put(make_sample())
    assert watched.runs_told()[-1][1] == RunState.INTERRUPTED


def test_that_a_removed_run_is_forgotten(watched: Watched, clock: FakeClock) -> None:
    watched.put(facts(clock), points(0.7), RunRemoved("0123456789"))
    snapshot = watched.snapshot()
    assert snapshot.runs == ()
    assert snapshot.curves == {}
    assert RunRemoved("0123456789") in watched.published


def test_that_points_may_come_before_the_facts_of_their_run(watched: Watched, clock: FakeClock) -> None:
    watched.put(points(0.7, 0.6), facts(clock))
    assert watched.snapshot().runs[0].latest == {"val/loss": 0.6}


def test_that_a_snapshot_is_a_copy(watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]) -> None:
    watched.put(facts(clock), points(0.7), make_sample())
    before = watched.snapshot()
    watched.put(points(0.6, first=2), make_sample())
    watched.snapshot()
    assert len(before.curves["0123456789"]["val_loss"]) == 1
    assert before.window is not None
    assert len(before.window.times) == 1


def test_that_a_subscriber_that_fails_does_not_end_the_watch(
    watched: Watched, make_sample: Callable[..., Sample], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: Published) -> None:
        raise ValueError("broken")

    watched.monitor.subscribe(broken)
    watched.put(make_sample(free=1e9))
    watched.monitor.unsubscribe(broken)
    watched.put(make_sample(free=1e9))
    assert [event.rule for event in watched.snapshot().alerts] == ["disk_space"]
    assert "a subscriber could not take a Sample" in caplog.text


def test_that_snooze_and_acknowledge_reach_the_engine(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    watched.monitor.snooze(Silence(Scope.ALL, until=clock.time() + 600, made=clock.time()))
    watched.put(make_sample(free=1e9))
    assert watched.announced == []
    assert watched.snapshot().snoozed_until == clock.time() + 600
    watched.monitor.end_snooze(Scope.ALL)
    watched.put(make_sample(free=1e9))
    open_alert = watched.snapshot().alerts[0]
    watched.monitor.acknowledge(open_alert.key, "cleaning up")
    acknowledged = watched.snapshot().alerts[0]
    assert (acknowledged.state, acknowledged.note) == (AlertState.ACKNOWLEDGED, "cleaning up")
    told = [len(event.silences) for event in watched.published if isinstance(event, SilencesChanged)]
    assert told == [1, 0]
    assert [event.rule for event in watched.announced] == ["disk_space"]


def test_that_stopping_twice_is_harmless_and_sources_stop_first(clock: FakeClock) -> None:
    stopped: list[str] = []

    class Source:
        def __init__(self, name: str) -> None:
            self.name = name

        def start(self) -> None: ...

        def stop(self, timeout: float) -> None:
            stopped.append(self.name)

    monitor = Monitor(BUILTIN, clock, lambda event: None)
    monitor.start([Source("sampler"), Source("follower")], [Source("router")])
    monitor.stop()
    monitor.stop()
    assert stopped == ["follower", "sampler", "router"]


def test_that_a_parked_run_keeps_its_figures_and_loses_its_points(watched: Watched, clock: FakeClock) -> None:
    ended = facts(clock, ending=Ending("completed"), updated=clock.time() - 7200)
    watched.put(points(0.5, math.nan, 0.25, baseline=True), ended)
    before = watched.snapshot().runs
    watched.put(RunParked(ended, "s1"))
    after = watched.snapshot()
    assert after.runs == before
    assert not after.curves
    assert watched.remembered[0].signature == "s1"
    assert watched.remembered[0].summary is not None


def test_that_a_recalled_run_is_as_it_was_and_not_remembered_again(watched: Watched, clock: FakeClock) -> None:
    ended = facts(clock, ending=Ending("completed"), updated=clock.time() - 7200)
    watched.put(points(0.5, 0.25, baseline=True), ended, RunParked(ended, "s1"))
    before = watched.snapshot().runs
    watched.put(RunRemoved(ended.id), watched.remembered[0])
    assert watched.snapshot().runs == before
    assert len(watched.remembered) == 1


def test_that_a_resumed_run_begins_anew(watched: Watched, clock: FakeClock) -> None:
    ended = facts(clock, ending=Ending("completed"), updated=clock.time() - 7200)
    watched.put(points(0.5, 0.25, baseline=True), ended, RunParked(ended, "s1"))
    watched.put(RunResumed(ended.id), points(0.75, 0.5), facts(clock))
    snapshot = watched.snapshot()
    assert snapshot.runs[0].best["val/loss"].value == 0.5
    assert len(snapshot.curves[ended.id]["val_loss"]) == 2
    assert RunResumed(ended.id) in watched.published


def test_that_the_curves_of_a_parked_run_come_from_its_files(watched: Watched, clock: FakeClock) -> None:
    asked: list[str] = []
    answers: list[Any] = []
    watched.monitor.read_curves = lambda run, answer: asked.append(run)
    watched.put(points(0.5, 0.25), facts(clock))
    watched.monitor.curves("0123456789", answers.append)
    watched.snapshot()
    assert (len(answers[0]["val_loss"]), asked) == (2, [])
    watched.put(RunParked(facts(clock), "s1"))
    watched.monitor.curves("0123456789", answers.append)
    watched.snapshot()
    assert (len(answers), asked) == (1, ["0123456789"])


def named(run: str, clock: FakeClock, **known: Any) -> RunFacts:
    return replace(facts(clock, **known), id=run, name=f"run {run}")


def test_that_another_session_repeats_nothing_and_shows_what_was(
    clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    kept = Kept()
    first = Watched(clock, kept)
    for temperature in [86.0] * 12 + [60.0] * 12:
        first.put(make_sample(temperature=temperature, free=1e9))
        first.snapshot()
        clock.advance(1)
    first.monitor.snooze(Silence(Scope.RULE, "nan", clock.time() + 3600, clock.time()))
    first.monitor.stop()
    clock.advance(300)
    second = Watched(clock, kept)
    second.put(make_sample(free=1e9))
    snapshot = second.snapshot()
    second.monitor.stop()
    assert second.announced == []
    assert [(event.rule, event.state) for event in snapshot.alerts] == [
        ("disk_space", AlertState.FIRING),
        ("gpu_temperature", AlertState.RESOLVED),
    ]
    assert [silence.subject for silence in snapshot.silences] == ["nan"]


def test_that_what_cannot_be_recalled_does_not_end_the_watch(
    clock: FakeClock, make_sample: Callable[..., Sample], caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    kept.document = {"engine": {"alerts": "nonsense"}}
    watched = Watched(clock, kept)
    watched.put(make_sample(free=1e9))
    watched.snapshot()
    watched.monitor.stop()
    assert [event.rule for event in watched.announced] == ["disk_space"]
    assert "cannot be used" in caplog.text


def test_that_what_happened_while_away_is_one_event(clock: FakeClock, make_sample: Callable[..., Sample]) -> None:
    kept = Kept()
    first = Watched(clock, kept)
    first.put(named("1", clock), make_sample())
    first.snapshot()
    first.monitor.stop()
    old = clock.time() - 86_400
    clock.advance(7200)
    second = Watched(clock, kept)
    second.put(
        named("1", clock, updated=clock.time() - 7000, ending=Ending("out_of_memory")),
        named("2", clock, started=clock.time() - 6000, updated=clock.time() - 600, ending=Ending("completed")),
        named("3", clock, started=old, updated=old, ending=Ending("error", "old")),
        FoldersRead(),
    )
    for _ in range(3):
        second.put(make_sample())
        second.snapshot()
        clock.advance(1)
    second.put(FoldersRead((("/mnt", clock.time()),)), make_sample())
    second.snapshot()
    second.monitor.stop()
    (event,) = second.announced
    assert (event.rule, event.severity) == ("while_away", Severity.WARNING)
    assert event.title == "While away: 1 run failed, 1 run finished"
    assert event.summary == "run 1 failed (out of memory); 1 more."
    clock.advance(7200)
    third = Watched(clock, kept)
    third.put(
        named("4", clock, started=clock.time() - 6000, updated=clock.time() - 600, ending=Ending("completed")),
        named("5", clock, started=clock.time() - 6000, updated=clock.time() + 600, ending=Ending("completed")),
        FoldersRead(),
        make_sample(),
    )
    third.snapshot()
    third.monitor.stop()
    assert [event.title for event in third.announced] == ["While away: 1 run finished"]


def test_that_the_first_start_ever_tells_nothing_of_old_runs(
    clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    watched = Watched(clock, Kept())
    watched.put(facts(clock, updated=clock.time() - 60, ending=Ending("error", "x")), FoldersRead(), make_sample())
    watched.snapshot()
    watched.monitor.stop()
    assert watched.announced == []


@pytest.mark.parametrize(
    ("ending", "rules"),
    [
        (Ending("completed"), ["run_finished"]),
        (Ending("error", "ValueError"), ["run_failed"]),
        (Ending("disk_full"), ["run_failed"]),
        (Ending("dataset_error", "no images"), ["dataset_error"]),
        (Ending("closed"), []),
    ],
)
def test_that_the_end_of_a_run_seen_alive_is_told_once(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample], ending: Ending, rules: list[str]
) -> None:
    watched.put(facts(clock), points(0.7, 0.6, baseline=True), make_sample())
    watched.put(facts(clock, ending=ending))
    for _ in range(100):
        clock.advance(1)
        watched.put(make_sample())
        watched.snapshot()
    assert [event.rule for event in watched.announced] == rules
    shown = [event.rule for event in watched.snapshot().alerts if event.state == AlertState.FIRING]
    assert set(rules) <= set(shown)


def test_that_a_mount_and_a_host_that_do_not_answer_are_told_and_their_return(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    began = clock.time()
    watched.put(FoldersRead((("/mnt/nas", began),)), HostAnswer("nas", began, "no route"))
    for _ in range(70):
        watched.put(make_sample())
        watched.snapshot()
        clock.advance(1)
    watched.put(FoldersRead(), HostAnswer("nas"), make_sample())
    watched.snapshot()
    assert [(event.rule, event.subject, event.state) for event in watched.announced] == [
        ("dead_mount", "/mnt/nas", AlertState.FIRING),
        ("host_unreachable", "nas", AlertState.FIRING),
        ("dead_mount", "/mnt/nas", AlertState.RESOLVED),
        ("host_unreachable", "nas", AlertState.RESOLVED),
    ]


def test_that_the_evidence_of_a_full_memory_is_its_last_minutes(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    for second in range(120):
        watched.put(make_sample(memory=0.5 + second / 1000))
        watched.snapshot()
        clock.advance(1)
    watched.put(make_sample(memory=0.95))
    watched.snapshot()
    evidence = watched.announced[0].evidence
    assert evidence is not None
    assert len(evidence.points) == 60
    assert evidence.points[-1][0] == clock.time()
    assert evidence.points[-1][1] == pytest.approx(0.95)
    assert evidence.points[0][1] == pytest.approx(0.5, abs=0.01)


def test_that_edited_rules_reach_the_engine_and_the_page(
    watched: Watched, clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    watched.put(make_sample(free=1e9))
    watched.snapshot()
    watched.monitor.set_rules(replace(rule, enabled=rule.name != "disk_space") for rule in BUILTIN)
    watched.put(make_sample(free=1e9))
    snapshot = watched.snapshot()
    assert [(event.rule, event.state) for event in snapshot.alerts] == [("disk_space", AlertState.RESOLVED)]
    status = {status.rule.name: status for status in snapshot.rules}
    assert status["disk_space"].rule.enabled is False
    assert status["gpu_temperature"].values == {"GPU 0": 60.0}


def test_that_a_process_that_a_person_pinned_is_linked_also_after_a_restart(
    clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    kept = Kept()
    other = ProcessReading(7, clock.time() - 100, ("python", "other.py"), "/elsewhere")
    for is_pinned in (True, False):
        watched = Watched(clock, kept)
        watched.put(facts(clock), points(0.7, baseline=True))
        if is_pinned:
            watched.monitor.pin("0123456789", (other.pid, other.started))
        watched.put(replace(make_sample(), processes=(other,)))
        (run,) = watched.snapshot().runs
        watched.monitor.stop()
        assert run.link is not None
        assert (run.link.pid, run.link.pinned) == (7, True)


def test_that_processes_are_looked_through_once_for_a_run_that_has_none(watched: Watched, clock: FakeClock) -> None:
    looks: list[str] = []
    watched.monitor.look_soon = lambda: looks.append("look")
    watched.put(facts(clock), points(0.7), points(0.6, first=2))
    watched.snapshot()
    assert looks == ["look"]
