"""Runs of which nothing more is expected: parked, recalled by an index, woken when their files change."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.readings import CurvePoints, FoldersRead, RunFacts, RunParked, RunResumed
from crackseg_desktop.training.follower import Follower

if TYPE_CHECKING:
    from tests.conftest import FakeClock
    from tests.training.conftest import Checkout, Layout, Told, TrainingRun

    from crackseg_desktop.curves import Curves

NOON = 1_795_435_200.0
DAY = 86_400.0


@pytest.fixture
def follower(checkout: Checkout, told: Told, clock: FakeClock) -> Follower:
    return Follower([checkout.root], told, clock)


def finished(checkout: Checkout, began: float = NOON - DAY, **options: Any) -> TrainingRun:
    return checkout.complete(began=began, layout="L2", **options)


def only(told: Told) -> RunFacts:
    (facts,) = told.facts().values()
    return facts


def parked(told: Told) -> list[RunParked]:
    return [event for event in told.events if isinstance(event, RunParked)]


def test_that_a_run_that_ended_is_parked_after_its_points_and_facts(
    checkout: Checkout, follower: Follower, told: Told
) -> None:
    finished(checkout)
    follower.poll()
    kinds = [type(event) for event in told.events]
    assert kinds[-3:] == [RunFacts, RunParked, FoldersRead]
    assert parked(told)[0].facts == only(told)
    assert parked(told)[0].summary is None


def test_that_a_run_that_may_go_on_is_not_parked(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    run = checkout.begin(began=NOON - 3600, layout="L2")
    run.epoch(1, 1.0, 0.9)
    follower.poll()
    clock.advance(3600)
    follower.poll()
    assert not parked(told)
    clock.advance(DAY)
    follower.poll()
    assert len(parked(told)) == 1


def test_that_a_parked_run_tells_nothing_while_its_files_rest(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    finished(checkout)
    follower.poll()
    count = len(told.events)
    for _ in range(3):
        clock.advance(60)
        follower.poll()
    assert len(told.events) == count


def test_that_a_parked_run_that_goes_on_is_told_from_its_start(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    run = finished(checkout)
    follower.poll()
    count = len(told.events)
    run.now = clock.now
    run.epoch(4, 0.25, 0.5)
    follower.poll()
    assert isinstance(told.events[count], RunResumed)
    chunks = [event for event in told.events[count:] if isinstance(event, CurvePoints) and event.tag == "val_loss"]
    assert [step for chunk in chunks for step in chunk.steps] == [1, 2, 3, 4]
    assert not chunks[-1].baseline


def test_that_a_touched_run_is_no_news(checkout: Checkout, follower: Follower, told: Told, clock: FakeClock) -> None:
    run = finished(checkout)
    follower.poll()
    count = len(told.events)
    run.metrics.write_bytes(run.metrics.read_bytes())
    clock.advance(1)
    follower.poll()
    assert all(event.baseline for event in told.events[count:] if isinstance(event, CurvePoints))


def test_that_the_curves_of_a_parked_run_are_read_again_on_demand(
    checkout: Checkout, follower: Follower, told: Told
) -> None:
    finished(checkout)
    follower.poll()
    count = len(told.events)
    answers: list[Curves] = []
    follower.read_curves(only(told).id, answers.append)
    follower.read_curves("unknown", answers.append)
    follower.poll()
    assert len(answers) == 1
    assert list(answers[0]["val_loss"].points()) == [
        (step, time, value)
        for event in told.events
        if isinstance(event, CurvePoints) and event.tag == "val_loss"
        for step, time, value in zip(event.steps, event.wall_times, event.values, strict=True)
    ]
    assert len(told.events) == count


def test_that_the_curves_of_a_live_run_are_not_read_twice(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    run = checkout.begin(began=clock.now - 60)
    run.epoch(1, 1.0, 0.9)
    follower.poll()
    answers: list[Curves] = []
    follower.read_curves(only(told).id, answers.append)
    follower.poll()
    assert not answers


@pytest.mark.parametrize("layout", ["L1", "L2"])
def test_that_a_second_start_reads_only_what_changed(
    checkout: Checkout, told: Told, clock: FakeClock, layout: Layout
) -> None:
    for number in range(3):
        checkout.complete(f"run{number}", NOON - DAY + 600 * number, layout=layout)
    Follower([checkout.root], told, clock).poll()
    index = {(item.facts.id, item.signature): item for item in parked(told)}
    assert len(index) >= 2  # the newest of a tree in which runs overwrite a summary is read each time

    changed = checkout.complete("run3", NOON - 7200, layout=layout)
    again = type(told)()
    Follower([checkout.root], again, clock, recall=lambda run, signature: index.get((run, signature))).poll()
    known = {item.facts.id for item in index.values()}
    read = {event.run for event in again.events if isinstance(event, CurvePoints)}
    assert read.isdisjoint(known)
    assert again.facts()[changed.id].id in read
    assert known <= {item.facts.id for item in parked(again)}
    assert len(known | {facts.id for facts in again.facts().values()}) == 4


def test_that_a_run_that_cannot_be_told_from_its_own_files_is_not_parked(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    """The rows in a file that runs share are known by their run alone while it is read."""
    run = checkout.begin(began=NOON - DAY)
    run.epoch(1, 1.0, 0.9)
    run.metrics.unlink()
    follower.poll()
    follower.poll()
    assert told.points("val_loss") == [(1, 0.9)]
    clock.advance(2 * DAY)
    follower.poll()
    assert not parked(told)
    assert told.points("val_loss") == [(1, 0.9)]


def test_that_a_run_gone_while_it_is_parked_is_removed(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    run = finished(checkout)
    follower.poll()
    for folder in (run.folder, run.inner, run.log.parent):
        shutil.rmtree(folder, ignore_errors=True)
    clock.advance(60)
    follower.poll()
    assert told.removed() == [only(told).id]
