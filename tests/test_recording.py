"""What of a moment is handed to the history, and around what its details are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.alerts.observation import Observation
from crackseg_desktop.history.health import Health, RecorderState
from crackseg_desktop.readings import AlertState, Run, RunFacts, RunState
from crackseg_desktop.recording import Recording, training_figures
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conftest import FakeClock

    from crackseg_desktop.readings import AlertEvent, Sample
    from crackseg_desktop.series import SeriesKey

HEAT = series_key("gpu_temperature_celsius", {"gpu": "GPU-1"})


class Kept:
    """A historian that writes down what it is told."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, Mapping[SeriesKey, float], str]] = []
        self.pins: list[tuple[float, float, float]] = []
        self.health = Health(RecorderState.OK)

    def add(self, time: float, figures: Mapping[SeriesKey, float], gap: str = "") -> None:
        self.rows.append((time, figures, gap))

    def pin(self, since: float, until: float, period: float = 1.0) -> None:
        self.pins.append((since, until, period))


@pytest.fixture
def kept() -> Kept:
    return Kept()


def run_since(started: float) -> Run:
    return Run(RunFacts("run1", "swinv2", "/runs/swinv2", (), "crackseg", started), RunState.RUNNING)


def test_that_a_moment_holds_readings_and_trainings(kept: Kept, make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(temperature=71.0)
    epoch = Observation("training_epoch", {"run": "run1"}, 23.0, "swinv2")
    Recording(kept).on_sample(sample, [epoch], [])
    ((time, figures, gap),) = kept.rows
    assert (time, gap) == (sample.time, "")
    assert figures[HEAT] == 71.0
    assert figures[series_key("training_epoch", {"run": "run1"})] == 23.0


def test_that_only_stored_series_of_at_most_fifty_runs_are_kept() -> None:
    unstored = Observation("training_silent_ratio", {"run": "run1"}, 0.1, "swinv2")
    assert training_figures([unstored]) == {}
    many = [Observation("training_epoch", {"run": str(number)}, 1.0, "") for number in range(60)]
    assert len(training_figures(many)) == 50


@pytest.mark.parametrize(("wall", "reason"), [(3600.0, "suspended"), (-3600.0, "clock set back")])
def test_that_a_gap_is_named(
    kept: Kept, make_sample: Callable[..., Sample], clock: FakeClock, wall: float, reason: str
) -> None:
    recording = Recording(kept)
    recording.on_sample(make_sample(), [], [])
    clock.now += wall
    recording.on_sample(make_sample(gap=True), [], [])
    assert [gap for _, _, gap in kept.rows] == ["", reason]


def test_that_every_sample_is_kept_around_the_begin_and_the_end_of_an_alert(
    kept: Kept, make_alert: Callable[..., AlertEvent]
) -> None:
    recording = Recording(kept)
    alert = replace(make_alert(), since=5000.0, time=5010.0)
    recording.on_alert(replace(alert, state=AlertState.PENDING))
    recording.on_alert(alert)
    recording.on_alert(replace(alert, state=AlertState.RESOLVED, time=20_000.0))
    assert kept.pins == [(4400.0, 5610.0, 1.0), (19_400.0, 20_600.0, 1.0)]


def test_that_a_simulated_alert_pins_nothing(kept: Kept, make_alert: Callable[..., AlertEvent]) -> None:
    Recording(kept).on_alert(replace(make_alert(), simulated=True))
    assert kept.pins == []


def test_that_the_time_of_a_run_is_kept_in_buckets(
    kept: Kept, make_sample: Callable[..., Sample], clock: FakeClock
) -> None:
    recording, run = Recording(kept), run_since(clock.time() - 7200)
    for _ in range(3):
        recording.on_sample(make_sample(), [], [run])
        clock.advance(300)
    recording.on_sample(make_sample(), [], [replace(run, state=RunState.FINISHED)])
    assert [(until - since, period) for since, until, period in kept.pins] == [(7800.0, 10.0), (8400.0, 10.0)]


def test_that_without_a_historian_nothing_is_kept(make_sample: Callable[..., Sample]) -> None:
    recording = Recording(None)
    recording.on_sample(make_sample(), [], [])
    assert recording.health is None
