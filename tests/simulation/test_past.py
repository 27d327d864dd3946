"""The week before the demo: fit for the history, and of a piece with the demo itself."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from crackseg_desktop.history.recent import stored_figures
from crackseg_desktop.insight.coverage import coverage_of, known_seconds
from crackseg_desktop.insight.energy import energy_of
from crackseg_desktop.insight.forecast import checkpoint_growth, forecast_disk
from crackseg_desktop.insight.usage import idle_spans, mean_of, peak_of
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import AlertState
from crackseg_desktop.series import SeriesKey, series_key
from crackseg_desktop.simulation.hardware import BOX_GPU, LAPTOP_GPU, sample_at
from crackseg_desktop.simulation.past import DAY_SECONDS, WEEK_PERIOD, WEEK_SECONDS, Row, past_rows
from crackseg_desktop.simulation.past_alerts import past_alerts
from crackseg_desktop.simulation.scripts import SCRIPTS, WORKING, Script, working_at
from crackseg_desktop.simulation.timeline import moment
from crackseg_desktop.simulation.training import run_id, runs_at
from crackseg_desktop.units import GIB

ANCHOR = 1_800_000_000.0
HOUR = 3600.0


@pytest.fixture(scope="module")
def day() -> list[Row]:
    return list(past_rows(ANCHOR, ANCHOR - DAY_SECONDS, ANCHOR, 30.0))


@pytest.fixture(scope="module")
def week() -> list[Row]:
    return list(past_rows(ANCHOR, ANCHOR - WEEK_SECONDS, ANCHOR, WEEK_PERIOD))


def column(rows: list[Row], metric: str, **labels: str) -> tuple[list[float], list[float]]:
    key = series_key(metric, labels)
    pairs = [(row.time, row.figures[key]) for row in rows if key in row.figures]
    return [time for time, _ in pairs], [value for _, value in pairs]


def test_that_the_past_is_the_same_in_every_demo(day: list[Row]) -> None:
    again = past_rows(ANCHOR, ANCHOR - DAY_SECONDS, ANCHOR, 30.0)
    assert list(itertools.islice(again, 50)) == day[:50]


def test_that_rows_hold_what_the_history_stores_and_nothing_else(day: list[Row]) -> None:
    for row in (day[0], day[1500], day[-1]):
        hardware = {key: value for key, value in row.figures.items() if not key[0].startswith("training_")}
        assert hardware == stored_figures(sample_at(row.time, 0.0, ANCHOR))
        for metric, labels in row.figures:
            assert CATALOGUE[metric].stored
            assert tuple(sorted(CATALOGUE[metric].labels)) == tuple(name for name, _ in labels)


def test_that_a_gpu_that_sleeps_has_no_figures(day: list[Row]) -> None:
    times, _ = column(day, "gpu_power_watts", gpu=BOX_GPU)
    assert max(times) <= ANCHOR + moment("13:40")


def test_that_times_rise_and_nothing_is_told_of_gaps(week: list[Row]) -> None:
    times = [row.time for row in week]
    assert all(before < after for before, after in itertools.pairwise(times))
    assert times[0] == ANCHOR - 7 * DAY_SECONDS
    assert times[-1] < ANCHOR
    coverage = coverage_of(times, known_seconds(times), times[0], ANCHOR)
    assert [gap.until - ANCHOR for gap in coverage.gaps] == [moment("07:30", -2), moment("03:12")]


def test_that_the_day_trains_when_the_story_does(day: list[Row]) -> None:
    by_run: Counter[SeriesKey] = Counter(
        key for row in day for key in row.figures if key[0] == "training_gpu_memory_used_bytes"
    )
    hours = {key[1]: count * 30.0 / HOUR for key, count in by_run.items()}
    names = {run_id(script.name): script.name for script in SCRIPTS}
    told = {names[dict(labels)["run"]]: length for labels, length in hours.items()}
    expected = {
        "swinv2-pycrackdb-320": 2.85,
        "unet-pycrackdb-320": 0.4,
        "swinv2-crack500-360": 1.45,
        "swinv2-crack500-320": 3.1,
        "convnext-crack500-320": 2.27,
    }
    assert told == pytest.approx(expected, abs=0.02)


def test_that_the_hardware_follows_each_training(day: list[Row]) -> None:
    times, busy = column(day, "gpu_utilization_ratio", gpu=LAPTOP_GPU)
    _, warm = column(day, "gpu_temperature_celsius", gpu=LAPTOP_GPU)
    for begin, end, works in (("08:20", "10:55", True), ("11:05", "11:30", False), ("12:45", "14:00", True)):
        since, until = ANCHOR + moment(begin), ANCHOR + moment(end)
        part = [value for time, value in zip(times, busy, strict=True) if since <= time < until]
        mean = mean_of(part, [30.0] * len(part))
        assert mean is not None
        assert (mean > 0.8) == works
    peak = peak_of(times, warm)
    assert peak is not None
    assert (round(peak.value), peak.time) == (82, ANCHOR + moment("13:21"))


def test_that_counter_and_power_agree_on_the_energy_of_the_day(day: list[Row]) -> None:
    times, watts = column(day, "gpu_power_watts", gpu=LAPTOP_GPU)
    _, counter = column(day, "gpu_energy_joules_total", gpu=LAPTOP_GPU)
    counted, measured = energy_of(times, watts, counter), energy_of(times, watts)
    assert counted is not None
    assert measured is not None
    assert (counted.source, measured.source) == ("counter", "integrated")
    assert counted.joules == pytest.approx(measured.joules, rel=0.02)
    assert 1.1 < counted.joules / 3.6e6 < 1.3


def test_that_the_gpu_is_never_idle_for_long_while_it_trains(day: list[Row]) -> None:
    times, busy = column(day, "gpu_utilization_ratio", gpu=LAPTOP_GPU)
    alive = [(ANCHOR + script.started, ANCHOR + script.end) for script in WORKING]
    assert idle_spans(times, busy, known_seconds(times), alive) == ()


def test_that_the_disk_is_forecast_to_reach_ten_gib_at_half_past_three(day: list[Row]) -> None:
    times, free = column(day, "host_disk_free_bytes", mount="/data")
    told = forecast_disk(times, free, 10.0 * GIB, ANCHOR)
    assert told.time is not None
    assert told.time - ANCHOR == pytest.approx(moment("15:30"), abs=15 * 60)
    assert told.bytes_per_hour == pytest.approx(2.2 * GIB, rel=0.05)


def test_that_the_checkpoints_of_the_training_grow_as_the_disk_shrinks() -> None:
    main = next(run for run in runs_at(ANCHOR, ANCHOR) if run.id == run_id(SCRIPTS[0].name))
    growth = checkpoint_growth(main.checkpoints, main.started, main.epoch, main.total_epochs)
    assert growth.bytes_per_epoch == 141 * 2**20
    assert growth.bytes_to_come == 27 * 141 * 2**20
    assert growth.files_at_end == 51
    assert growth.bytes_per_hour == pytest.approx(2.2 * GIB, rel=0.02)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_that_epochs_are_done_when_their_ends_have_passed(script: Script) -> None:
    ends = [script.epoch_end(epoch) for epoch in range(1, script.epochs + 1)]
    for at in (script.started - 1.0, *ends, *(end - 0.1 for end in ends), *(end + 0.8 for end in ends), 1e6):
        assert script.epochs_done(at) == sum(end <= at for end in ends)


def test_that_one_training_works_at_a_time() -> None:
    assert all(before.end <= after.started for before, after in itertools.pairwise(WORKING))
    assert working_at(0.0) is SCRIPTS[0]
    assert working_at(moment("11:30")) is None
    assert working_at(moment("12:00", -30)) is None


def test_that_the_alerts_of_the_morning_are_told_with_what_became_of_them() -> None:
    told = past_alerts(ANCHOR, ANCHOR - HOUR)
    assert [(event.rule, event.state) for event in told] == [
        ("dead_mount", AlertState.FIRING),
        ("dead_mount", AlertState.RESOLVED),
        ("nan", AlertState.FIRING),
        ("nan", AlertState.ACKNOWLEDGED),
    ]
    assert all(event.simulated for event in told)
    assert all(len(event.title) <= 63 and len(event.summary) <= 255 for event in told)
    assert moment("11:50") < told[2].time - ANCHOR < moment("11:55")
    assert past_alerts(ANCHOR, ANCHOR + moment("10:00")) == ()
