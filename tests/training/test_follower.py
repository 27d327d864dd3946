from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.readings import CurvePoints, FoldersRead, RunFacts
from crackseg_desktop.training.follower import Follower
from crackseg_desktop.training.merging import GRACE_SECONDS
from crackseg_desktop.training.mounts import Silence
from crackseg_desktop.training.reader import CHUNK_POINTS, RunReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import FakeClock
    from tests.training.conftest import Checkout, Layout, Told

NOON = 1_795_435_200.0


@pytest.fixture
def follower(checkout: Checkout, told: Told, clock: FakeClock) -> Follower:
    return Follower([checkout.root], told, clock)


@pytest.mark.parametrize("layout", ["L1", "L2"])
def test_that_what_was_there_is_baseline_and_what_comes_is_not(
    checkout: Checkout, follower: Follower, told: Told, layout: Layout
) -> None:
    run = checkout.begin(layout=layout)
    run.epoch(1, 1.0, 0.9)
    follower.poll()
    run.epoch(2, 0.8, 0.7)
    follower.poll()
    assert told.points("val_loss", baseline=True) == [(1, 0.9)]
    assert told.points("val_loss", baseline=False) == [(2, 0.7)]


def test_that_facts_come_after_the_points_they_sum_up_and_newest_runs_first(
    checkout: Checkout, follower: Follower, told: Told
) -> None:
    names = [checkout.complete(began=NOON - 6000 + 600 * index).id for index in range(3)]
    follower.poll()
    facts = [event.name for event in told.events if isinstance(event, RunFacts)]
    assert list(dict.fromkeys(facts)) == names[::-1]
    last_of = {event.run: index for index, event in enumerate(told.events) if isinstance(event, CurvePoints)}
    told_of = {event.id: index for index, event in enumerate(told.events) if isinstance(event, RunFacts)}
    assert last_of.keys() == told_of.keys()
    assert all(told_of[run] > index for run, index in last_of.items())


def test_that_a_quiet_folder_tells_nothing(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    checkout.complete()
    follower.poll()
    count = len(told.events)
    for _ in range(4):
        clock.advance(20)
        follower.poll()
    assert len(told.events) == count


def test_that_it_says_when_all_was_read_and_which_mounts_are_silent(
    checkout: Checkout, told: Told, clock: FakeClock
) -> None:
    checkout.complete()
    silent: list[Silence] = []
    follower = Follower([checkout.root], told, clock, answers=lambda path: True, silent=lambda: silent)
    for point in (None, None, "/mnt/nas", "/mnt/nas", None):
        silent[:] = [] if point is None else [Silence(Path(point), NOON)]
        follower.poll()
        clock.advance(20)
    reads = [event for event in told.events if isinstance(event, FoldersRead)]
    assert [read.silent for read in reads] == [(), (("/mnt/nas", NOON),), ()]
    assert type(told.events[0]) is not FoldersRead


def test_that_every_point_comes_once_and_in_order(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    follower.poll()
    run = checkout.begin(epochs=20, began=clock.now)
    for number in range(1, 21):
        run.batch(2 * number - 1, 1.0)
        follower.poll()
        run.batch(2 * number, 1.0)
        run.epoch(number, 1.0, 1.0 / number)
        clock.advance(3)
        follower.poll()
    assert told.points("val_loss") == [(number, 1.0 / number) for number in range(1, 21)]
    assert [step for step, _ in told.points("train_batch/batch_loss")] == list(range(1, 41))


def test_that_a_run_which_begins_while_watched_is_news(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    follower.poll()
    clock.advance(60)
    run = checkout.begin(began=clock.now)
    run.epoch(1, 1.0, 0.9)
    follower.poll()
    assert told.points("val_loss", baseline=False) == [(1, 0.9)]


def test_that_an_old_run_copied_here_is_no_news(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    follower.poll()
    clock.advance(60)
    checkout.complete(began=clock.now - 86_400)
    follower.poll()
    assert len(told.points("val_loss", baseline=True)) == 3


def test_that_the_end_of_a_run_is_told(checkout: Checkout, follower: Follower, told: Told) -> None:
    run = checkout.begin(epochs=1)
    run.epoch(1, 1.0, 1.0)
    follower.poll()
    assert told.facts()[run.id].ending is None
    run.finish()
    follower.poll()
    ending = told.facts()[run.id].ending
    assert ending is not None
    assert ending.kind == "completed"


def test_that_half_a_line_is_read_when_it_is_whole(checkout: Checkout, follower: Follower, told: Told) -> None:
    run = checkout.begin()
    run.epoch(1, 1.0, 0.9)
    follower.poll()
    line = '{"name": "val_loss", "value": 0.5, "step": 2, "timestamp": "2026-11-23T12:00:00"}\n'
    for start in range(0, len(line), 20):
        with run.metrics.open("a") as file:
            file.write(line[start : start + 20])
        follower.poll()
    assert told.points("val_loss", baseline=False) == [(2, 0.5)]


@pytest.mark.parametrize("way", ["truncated", "replaced", "longer"])
def test_that_a_rewritten_file_tells_nothing_twice(
    checkout: Checkout, follower: Follower, told: Told, way: str
) -> None:
    run = checkout.begin()
    for number in (1, 2, 3):
        run.epoch(number, 1.0, 1.0 / number)
    follower.poll()
    lines = run.metrics.read_text().splitlines(keepends=True)
    if way == "truncated":
        run.metrics.write_text("".join(lines[:8]))
        follower.poll()
        run.metrics.write_text("".join(lines))
    elif way == "replaced":
        run.metrics.unlink()
        follower.poll()
        run.metrics.write_text("".join(lines))
    else:
        extra = '{"name": "note", "value": 1.0, "step": 1}\n'
        run.metrics.write_text("".join([extra, *lines]))
    follower.poll()
    assert told.points("val_loss") == [(1, 1.0), (2, 0.5), (3, 1.0 / 3)]
    assert len(told.points("note")) == (1 if way == "longer" else 0)


def test_that_a_deleted_run_is_removed_and_the_others_go_on(checkout: Checkout, follower: Follower, told: Told) -> None:
    doomed, other = checkout.begin("doomed", NOON - 7200), checkout.begin("other", NOON - 3600)
    doomed.epoch(1, 1.0, 1.0)
    other.epoch(1, 1.0, 1.0)
    follower.poll()
    run_id = told.facts()[doomed.id].id
    for folder in (doomed.folder, doomed.inner):
        shutil.rmtree(folder)
    other.epoch(2, 1.0, 0.5)
    follower.poll()
    follower.poll()
    assert told.removed() == [run_id]
    assert told.points("val_loss", baseline=False) == [(2, 0.5)]


def test_that_the_same_rows_are_not_told_by_the_shared_file_again(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    run = checkout.begin(began=clock.now)
    for number in range(1, 4):
        run.epoch(number, 1.0, 1.0 / number)
        clock.advance(20)
        follower.poll()
    clock.advance(GRACE_SECONDS + 200)
    follower.poll()
    assert len(told.points("val_loss")) == 3
    assert set(told.facts()) == {run.id}


def test_that_figures_are_not_told_again_when_their_exact_file_is_found_late(
    checkout: Checkout, follower: Follower, told: Told, tmp_path: Path
) -> None:
    run = checkout.begin(layout="L1")
    follower.poll()
    run.batch(1, 0.5)
    run.epoch(1, 1.0, 0.9)
    run.inner.rename(tmp_path / "hidden")
    follower.poll()
    (tmp_path / "hidden").rename(run.inner)
    for _ in range(3):
        follower.poll()
    run.batch(2, 0.25)
    follower.poll()
    assert told.points("train_batch/batch_loss") == [(1, 0.5), (2, 0.25)]
    assert told.points("val_loss") == [(1, 0.9)]


def test_that_a_folder_is_added_while_it_runs(
    checkout: Checkout, make_checkout: Callable[[str], Checkout], follower: Follower, told: Told, clock: FakeClock
) -> None:
    follower.poll()
    clock.advance(60)
    other = make_checkout("other")
    run = other.begin(began=clock.now)
    run.epoch(1, 1.0, 0.9)
    follower.add_folder(other.root)
    follower.add_folder(other.root)
    follower.poll()
    run.epoch(2, 1.0, 0.8)
    follower.poll()
    assert told.points("val_loss", baseline=True) == [(1, 0.9)]
    assert told.points("val_loss", baseline=False) == [(2, 0.8)]


def test_that_many_points_come_in_portions(checkout: Checkout, follower: Follower, told: Told) -> None:
    run = checkout.begin()
    line = '{{"name": "train_batch/batch_loss", "value": 0.5, "step": {}, "timestamp": 1.0}}\n'
    count = 2 * CHUNK_POINTS + 1
    run.metrics.parent.mkdir(parents=True, exist_ok=True)
    run.metrics.write_text("".join(line.format(step) for step in range(count)))
    follower.poll()
    sizes = [len(event.steps) for event in told.events if isinstance(event, CurvePoints)]
    assert max(sizes) <= CHUNK_POINTS
    assert [step for step, _ in told.points("train_batch/batch_loss")] == list(range(count))


def test_that_event_files_are_followed(tmp_path: Path, told: Told, clock: FakeClock, event_log: Any) -> None:
    follower = Follower([tmp_path], told, clock)
    log = event_log(tmp_path / "run")
    log.scalar("loss", 1, 0.5, clock.now)
    follower.poll()
    log.scalar("loss", 2, 0.25, clock.now + 1)
    follower.poll()
    assert told.points("loss", baseline=True) == [(1, 0.5)]
    assert told.points("loss", baseline=False) == [(2, 0.25)]


def test_that_a_restarted_run_writes_a_second_event_file(
    tmp_path: Path, told: Told, clock: FakeClock, event_log: Any
) -> None:
    follower = Follower([tmp_path], told, clock)
    first = event_log(tmp_path / "run", ".first")
    first.scalar("loss", 7, 0.5, clock.now)
    follower.poll()
    second = event_log(tmp_path / "run", ".second")
    second.scalar("loss", 3, 0.75, clock.now + 1)
    follower.poll()
    first.scalar("loss", 8, 0.25, clock.now + 2)
    follower.poll()
    assert told.points("loss") == [(7, 0.5), (3, 0.75), (8, 0.25)]
    assert len(told.facts()) == 1


def test_that_a_run_that_cannot_be_read_stops_no_other(
    checkout: Checkout, follower: Follower, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = checkout.complete("bad", NOON - 7200), checkout.complete("good", NOON - 3600)
    reading = RunReader.read

    def fail(reader: RunReader, now: float, *, settle: bool) -> Iterator[CurvePoints]:
        if reader.plan.name == bad.id:
            raise RuntimeError("unforeseen")
        return reading(reader, now, settle=settle)

    monkeypatch.setattr(RunReader, "read", fail)
    follower.poll()
    follower.poll()
    assert told.facts()[bad.id].notes == ("its files cannot be read any further: unforeseen",)
    assert len(told.points("val_loss")) == 3
    assert good.id in told.facts()


def test_that_a_clock_that_jumps_loses_nothing(
    checkout: Checkout, follower: Follower, told: Told, clock: FakeClock
) -> None:
    run = checkout.begin(began=clock.now)
    run.epoch(1, 1.0, 0.9)
    follower.poll()
    for number, jump in ((2, -86_400.0), (3, 172_800.0)):
        clock.now += jump
        run.epoch(number, 1.0, 0.1 * number)
        follower.poll()
    assert [step for step, _ in told.points("val_loss")] == [1, 2, 3]


def test_that_the_thread_follows_and_stops(checkout: Checkout, clock: FakeClock) -> None:
    run = checkout.begin()
    run.epoch(1, 1.0, 0.9)
    seen: list[tuple[int, float]] = []
    first, second = threading.Event(), threading.Event()

    def publish(event: object) -> None:
        if isinstance(event, CurvePoints) and event.tag == "val_loss":
            seen.append((event.steps[0], event.values[0]))
            (second if first.is_set() else first).set()

    follower = Follower([checkout.root], publish, clock, active_interval=0.01, idle_interval=0.0)
    follower.start()
    assert first.wait(10)
    run.epoch(2, 1.0, 0.8)
    assert second.wait(10)
    follower.stop(10)
    assert not [thread for thread in threading.enumerate() if thread.name == "training-follower"]
    assert seen == [(1, 0.9), (2, 0.8)]


def test_that_stop_returns_while_publish_blocks(checkout: Checkout, clock: FakeClock) -> None:
    checkout.complete()
    entered, release, left = threading.Event(), threading.Event(), threading.Event()
    published: list[object] = []

    def publish(event: object) -> None:
        published.append(event)
        entered.set()
        release.wait(10)
        left.set()

    follower = Follower([checkout.root], publish, clock)
    follower.start()
    assert entered.wait(10)
    follower.stop(0.01)
    release.set()
    assert left.wait(10)
    follower.stop(10)
    assert len(published) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "training-follower"]


def test_that_a_mount_that_falls_silent_holds_up_nothing_and_loses_nothing(
    checkout: Checkout, make_checkout: Callable[[str], Checkout], told: Told, clock: FakeClock
) -> None:
    other = make_checkout("remote")
    near, far = checkout.begin(layout="L2"), other.begin("far", layout="L2")
    for run in (near, far):
        run.epoch(1, 1.0, 0.5)
    silent: set[Path] = set()

    def answers(path: Path) -> bool:
        return not any(path.is_relative_to(root) for root in silent)

    follower = Follower([checkout.root, other.root], told, clock, answers=answers)
    follower.poll()
    silent.add(other.root)
    for run in (near, far):
        run.epoch(2, 1.0, 0.25)
    clock.advance(60)
    follower.poll()
    assert told.points("val_loss", baseline=False) == [(2, 0.25)]
    assert not told.removed()
    silent.clear()
    clock.advance(60)
    follower.poll()
    assert told.points("val_loss", baseline=False) == [(2, 0.25), (2, 0.25)]
