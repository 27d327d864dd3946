"""Forecasts of disks whose future is known, and the growth of checkpoints."""

from __future__ import annotations

import math
from array import array
from random import Random
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackseg_desktop.insight.forecast import (
    HORIZON_SECONDS,
    CheckpointGrowth,
    checkpoint_growth,
    forecast_disk,
    forecast_from,
)
from crackseg_desktop.readings import Checkpoint
from crackseg_desktop.series import Buckets

GIB = 2.0**30
HOUR, DAY = 3600.0, 86_400.0
NOW = 1_800_000_000.0
LIMIT = 10 * GIB


def shrinking(
    rate: float, hours: float, free: float = 50.0, noise: float = 0.0, step: float = 30.0, seed: int = 1
) -> tuple[list[float], list[float]]:
    """Return free bytes up to now, of which there are ``free`` GiB then, at ``rate`` GiB an hour."""
    random = Random(seed)
    times = [NOW - hours * HOUR + step * index for index in range(round(hours * HOUR / step) + 1)]
    return times, [(free - rate * (time - NOW) / HOUR + random.gauss(0.0, noise)) * GIB for time in times]


@settings(max_examples=40, deadline=None)
@given(st.floats(2.0, 30.0), st.floats(0.6, 12.0), st.floats(0.0, 0.05), st.integers(0, 99))
def test_that_a_steady_shrinkage_is_extended_to_the_limit(rate: float, hours: float, noise: float, seed: int) -> None:
    times, free = shrinking(rate, hours, noise=noise * rate, seed=seed)
    told = forecast_disk(times, free, LIMIT, NOW)
    crossing = NOW + 40.0 / rate * HOUR
    if 40.0 / rate < 9.0 * min(6.0, hours):
        assert told.time is not None
        assert told.earliest is not None
        assert told.latest is not None
        assert told.time - NOW == pytest.approx(crossing - NOW, rel=0.1)
        assert NOW <= told.earliest <= told.time <= told.latest
        assert told.earliest - 60 <= crossing <= told.latest + 60
        assert told.bytes_per_hour == pytest.approx(rate * GIB, rel=0.1)


def test_that_checkpoints_written_and_removed_on_the_way_change_little() -> None:
    times, free = shrinking(2.0, 6.0, free=20.0)
    # every 10 min a checkpoint of 1.5 GiB is written beside the old one, which goes 3 min later
    sawtooth = [value - (1.5 * GIB if time % 600 < 180 else 0.0) for time, value in zip(times, free, strict=True)]
    told = forecast_disk(times, sawtooth, LIMIT, NOW)
    assert told.time == pytest.approx(NOW + 5 * HOUR, abs=0.15 * 5 * HOUR)
    assert told.bytes_per_hour == pytest.approx(2.0 * GIB, rel=0.1)


def test_that_a_burst_does_not_change_the_pace() -> None:
    times, free = shrinking(4.0, 2.0, free=40.0)
    burst = [value - (20.0 * GIB if 1200 < NOW - time < 1800 else 0.0) for time, value in zip(times, free, strict=True)]
    told = forecast_disk(times, burst, LIMIT, NOW)
    assert told.time == pytest.approx(NOW + 7.5 * HOUR, rel=0, abs=HOUR)


def test_that_a_slow_shrinkage_shows_over_days() -> None:
    times, free = shrinking(0.1, 7 * 24.0, free=34.0, step=600.0)
    told = forecast_disk(times, free, LIMIT, NOW)
    assert told.time == pytest.approx(NOW + 10 * DAY, abs=0.2 * DAY)
    assert told.seen_seconds > 1.9 * DAY


def test_that_the_pace_of_now_counts_more_than_that_of_the_week() -> None:
    old, new = shrinking(0.0, 7 * 24.0, free=24.0, step=600.0), shrinking(4.0, 2.0, free=20.0)
    rows = [row for row in zip(*old, strict=True) if row[0] < NOW - 2 * HOUR] + [
        (time, min(24.0 * GIB, value)) for time, value in zip(*new, strict=True)
    ]
    times, free = zip(*rows, strict=True)
    told = forecast_disk(times, free, LIMIT, NOW)
    assert told.time is not None
    assert told.time - NOW == pytest.approx(2.5 * HOUR, rel=0.25)


def test_that_space_that_was_cleared_is_not_a_trend() -> None:
    times, free = shrinking(4.0, 2.0, free=30.0)
    cleared = [value - (25.0 * GIB if time < NOW - HOUR else 0.0) for time, value in zip(times, free, strict=True)]
    told = forecast_disk(times, cleared, LIMIT, NOW)
    assert told.time == pytest.approx(NOW + 5 * HOUR, rel=0, abs=0.5 * HOUR)
    assert told.bytes_per_hour == pytest.approx(4.0 * GIB, rel=0.05)


@pytest.mark.parametrize(
    ("rate", "hours", "noise", "reason"),
    [
        (0.0, 12.0, 0.0, "it does not shrink"),
        (-2.0, 12.0, 0.0, "it does not shrink"),
        (0.5, 12.0, 30.0, "it goes up and down"),
        (0.05, 168.0, 0.0, "at this pace not within 30 d"),
        (5.0, 0.2, 0.0, "it has been watched for too short a time"),
    ],
)
def test_that_what_cannot_be_told_has_a_reason(rate: float, hours: float, noise: float, reason: str) -> None:
    told = forecast_disk(*shrinking(rate, hours, noise=noise, step=60.0, free=60.0), LIMIT, NOW)
    assert (told.time, told.earliest, told.latest) == (None, None, None)
    assert told.reason == reason


def test_that_no_readings_are_no_forecast() -> None:
    assert forecast_disk([], [], LIMIT, NOW).reason == "there are no readings of it"
    assert forecast_disk([NOW], [math.nan], LIMIT, NOW).reason == "there are no readings of it"
    assert forecast_disk([NOW + 5], [1.0], LIMIT, NOW).reason == "there are no readings of it"
    assert forecast_disk([NOW], [50 * GIB], LIMIT, NOW).reason == "it has been watched for too short a time"


def test_that_a_limit_that_is_crossed_already_is_told_as_that() -> None:
    told = forecast_disk(*shrinking(2.0, 2.0, free=9.0), LIMIT, NOW)
    assert (told.time, told.reason) == (NOW, "it is below the limit already")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 8 * DAY), st.floats(0.0, 1e13) | st.just(math.nan)), max_size=60))
def test_that_any_history_gives_a_forecast_or_a_reason(rows: list[tuple[float, float]]) -> None:
    rows.sort(key=lambda row: row[0])
    told = forecast_disk([NOW - 8 * DAY + time for time, _ in rows], [value for _, value in rows], LIMIT, NOW)
    assert (told.time is None) <= bool(told.reason)
    if told.time is not None and not told.reason:
        assert NOW <= told.time <= NOW + HORIZON_SECONDS


def test_that_each_window_is_read_only_if_the_one_before_told_nothing() -> None:
    asked: list[float] = []

    def read(since: float, until: float) -> Buckets:
        asked.append(until - since)
        times, free = shrinking(rate, 7 * 24.0, free=50.0, step=(until - since) / 200)
        rows = [row for row in zip(times, free, strict=True) if row[0] >= since]
        columns = [array("d", column) for column in zip(*rows, strict=True)]
        return Buckets(("host_disk_free_bytes", ()), 1.0, columns[0], means=columns[1])

    rate = 8.0
    assert forecast_from(read, LIMIT, NOW).time == pytest.approx(NOW + 5 * HOUR, abs=600)
    assert asked == [HOUR]
    rate = 0.5
    assert forecast_from(read, LIMIT, NOW).time == pytest.approx(NOW + 80 * HOUR, abs=600)
    assert asked[1:] == [HOUR, 6 * HOUR, 48 * HOUR]
    assert (
        forecast_from(lambda since, until: Buckets(("x", ()), 1.0), LIMIT, NOW).reason == "there are no readings of it"
    )


def saved(name: str, minute: float, size: int = 100, kind: Literal["best", "last"] | None = None) -> Checkpoint:
    return Checkpoint(f"/runs/2026-11-23/{name}", size, NOW + 60 * minute, kind)


def test_that_checkpoints_of_every_epoch_add_up() -> None:
    files = [saved("best.pth", 40, 120, "best"), *(saved(f"epoch_{epoch}.pth", 4 * epoch) for epoch in range(1, 11))]
    assert checkpoint_growth(files, NOW, 10, 50) == CheckpointGrowth(
        bytes_now=1120,
        files=11,
        usual_bytes=100,
        bytes_per_epoch=100.0,
        bytes_per_hour=1500.0,
        bytes_to_come=4000.0,
        files_at_end=51,
        best_and_last_bytes=220.0,
    )


def test_that_checkpoints_of_every_fifth_epoch_add_up() -> None:
    files = [saved(f"checkpoint-{epoch * 100}/model.safetensors", 4 * epoch) for epoch in (5, 10, 15, 20)]
    growth = checkpoint_growth(files, NOW, 20, 50)
    assert (growth.bytes_per_epoch, growth.bytes_to_come, growth.files_at_end) == (20.0, 600.0, 10)


def test_that_checkpoints_that_are_overwritten_take_no_more() -> None:
    files = [saved("model_best.pth.tar", 36, 100, "best"), saved("checkpoint_last.pth", 40, 110, "last")]
    growth = checkpoint_growth(files, NOW, 10, 50)
    assert (growth.bytes_per_epoch, growth.bytes_per_hour, growth.bytes_to_come) == (0.0, 0.0, 0.0)
    assert (growth.bytes_now, growth.files_at_end, growth.best_and_last_bytes) == (210, 2, 210)


def test_that_rotated_checkpoints_are_not_extended() -> None:
    files = [saved(f"checkpoint-{epoch}/model.safetensors", 4 * epoch) for epoch in (18, 19, 20)]
    growth = checkpoint_growth(files, NOW, 20, 50)
    assert growth.bytes_to_come is None
    assert growth.reason == "older checkpoints are likely removed as new ones come"


@pytest.mark.parametrize(
    ("files", "epoch", "total", "reason"),
    [
        ([], 10, 50, "it has no checkpoints"),
        ([saved("a.pth", 1)], 1, 50, "too few epochs have ended"),
        ([saved("a.pth", 1)], None, 50, "too few epochs have ended"),
        ([saved("a1.pth", 1), saved("a2.pth", 2)], 2, None, "how many epochs are planned is not known"),
    ],
)
def test_that_growth_that_cannot_be_told_has_a_reason(
    files: list[Checkpoint], epoch: int | None, total: int | None, reason: str
) -> None:
    growth = checkpoint_growth(files, NOW, epoch, total)
    assert (growth.bytes_to_come, growth.reason) == (None, reason)


def test_that_a_finished_run_needs_nothing_more() -> None:
    growth = checkpoint_growth([saved("a1.pth", 1), saved("a2.pth", 2)], NOW, 52, 50)
    assert (growth.bytes_to_come, growth.files_at_end) == (0.0, 2)
