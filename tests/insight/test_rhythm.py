"""How long a run may be silent: by its own pauses, and no shorter than they were."""

from __future__ import annotations

from array import array
from itertools import accumulate, pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.rhythm import Pauses, allowed_seconds, silent_ratio, silent_seconds, usual_longest
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.readings import Checkpoint, CurvePoints, RunFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.insight.conftest import Adder

START = 1_000_000.0


def facts(updated: float | None = START, **known: Any) -> RunFacts:
    return RunFacts("0123456789", "run", "/r", ("/r",), "crackseg", **({"started": START, "updated": updated} | known))


def test_that_without_a_rhythm_ten_minutes_are_allowed() -> None:
    assert allowed_seconds(facts(), RunSummary()) == 600
    assert silent_ratio(facts(), RunSummary(), START + 900) == 1.5
    assert silent_ratio(facts(None), RunSummary(), START) is None


def test_that_the_first_validation_may_take_half_as_long_as_the_training_before_it() -> None:
    assert allowed_seconds(facts(START + 2000), RunSummary()) == 1000
    assert allowed_seconds(facts(START + 90_000), RunSummary()) == 1800


def test_that_a_run_by_epoch_may_take_three_of_its_longest(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [0.5, 0.4, 0.3], every=1200)
    assert allowed_seconds(facts(), summary) == 3600
    add(summary, "val/loss", [0.2], first=4, start=START + 2400 + 2000)
    assert allowed_seconds(facts(), summary) == 6000


def test_that_a_checkpoint_is_a_sign_of_life() -> None:
    saved = (Checkpoint("/r/a.pth", 10, START + 50), Checkpoint("/r/b.pth", 10, START + 20))
    assert silent_seconds(facts(checkpoints=saved), START + 80) == 30
    assert silent_seconds(facts(START + 100, checkpoints=saved), START + 80) == 0


def test_that_one_suspended_night_is_no_rhythm() -> None:
    assert usual_longest([60, 61, 30_000]) == 61
    assert usual_longest([60, 61, 200]) == 200
    assert usual_longest([]) == 0


def told(rng: Random, epochs: int) -> Iterator[tuple[RunFacts, RunSummary, float]]:
    """Tell a run by step with validations, checkpoints and a suspension; yield it with each coming silence."""
    summary, step, now = RunSummary(), 0, START
    interval, batches = rng.choice([0.5, 5.0, 60.0]), rng.randrange(20, 60)
    validation, saving = rng.uniform(5, 20) * interval, rng.uniform(5, 40) * interval
    suspended = rng.randrange(5, epochs)
    for epoch in range(epochs):
        gaps = [interval * rng.uniform(0.7, 1.3) for _ in range(batches)]
        times = list(accumulate(gaps, initial=now + gaps[0]))
        for earlier, time in pairwise(times):
            step += 1
            _add(summary, "train/loss", step, time, "step")
            yield facts(time), summary, time - earlier
        now = times[-1] + validation * rng.uniform(0.8, 1.2)
        _add(summary, "val/loss", epoch + 1, now, "epoch")
        pause = saving if epoch % 3 == 2 else 0.0
        yield facts(now), summary, pause
        now += pause + (30_000 if epoch == suspended else 0)


def _add(summary: RunSummary, name: str, step: int, time: float, axis: Any) -> None:
    summary.add(CurvePoints("r", name, name, array("q", [step]), array("d", [time]), array("d", [0.5]), axis))


def test_that_no_pause_of_a_healthy_run_is_a_stall() -> None:
    for seed in range(40):
        for run, summary, pause in told(Random(seed), 10):
            assert (silent_ratio(run, summary, (run.updated or 0.0) + pause) or 0.0) < 1, seed


def test_that_a_run_by_step_stalls_after_three_of_its_longest_pauses() -> None:
    for seed in range(40):
        *_, (run, summary, _) = told(Random(seed), 12)
        curve = summary.curves["train/loss"].curve
        assert curve is not None
        pauses = [later - earlier for earlier, later in pairwise(curve.wall_times)]
        limit = max(3 * max(pause for pause in pauses if pause < 30_000), 300)
        assert (silent_ratio(run, summary, (run.updated or 0.0) + limit + 1) or 0.0) > 1, seed


@given(st.lists(st.floats(0, 2e9), max_size=300), st.lists(st.integers(1, 70), min_size=1))
def test_that_portions_make_no_difference(times: list[float], sizes: list[int]) -> None:
    whole, parts = Pauses(), Pauses()
    whole.add(times)
    start, index = 0, 0
    while start < len(times):
        end = start + sizes[index % len(sizes)]
        parts.add(times[start:end])
        start, index = end, index + 1
    assert parts == whole
    assert Pauses.from_document(whole.document()).longest() == whole.longest()


@pytest.mark.parametrize("count", [10, 64, 65, 500])
def test_that_the_newer_half_of_the_pauses_is_remembered(count: int) -> None:
    times = [float(second) for second in range(count)]
    times[count // 2 + 1 :] = [time + 5 for time in times[count // 2 + 1 :]]
    pauses = Pauses()
    pauses.add(times)
    pauses.add([times[-1] + 7.0])
    assert pauses.longest() == 7
    assert 6.0 in (*pauses.newer, *pauses.older)
