"""When to read what."""

from __future__ import annotations

import pytest

from crackseg_desktop.hardware.schedule import Periods, Schedule
from crackseg_desktop.readings import Tier

START = 100.0
WALL = 1.7e9


def dues(schedule: Schedule, *moments: float) -> list[set[str]]:
    return [{tier.value for tier in schedule.tick(WALL + moment, START + moment).due} for moment in moments]


def test_that_the_first_tick_reads_everything() -> None:
    assert dues(Schedule(Periods()), 0.0) == [{"fast", "medium", "slow"}]


def test_that_each_tier_comes_in_its_own_period() -> None:
    seen = dues(Schedule(Periods(1.0, 5.0, 30.0)), *(float(second) for second in range(61)))
    assert all("fast" in due for due in seen)
    assert [second for second, due in enumerate(seen) if "medium" in due] == list(range(0, 61, 5))
    assert [second for second, due in enumerate(seen) if "slow" in due] == [0, 30, 60]


def test_that_missed_ticks_are_skipped_and_not_queued() -> None:
    schedule = Schedule(Periods())
    assert dues(schedule, 0.0, 3.7, 3.8, 4.0) == [{"fast", "medium", "slow"}, {"fast"}, set(), {"fast"}]


def test_that_the_rhythm_does_not_drift_after_a_late_tick() -> None:
    schedule = Schedule(Periods())
    schedule.tick(WALL, START)
    schedule.tick(WALL + 1.3, START + 1.3)
    assert schedule.wait(START + 1.4) == pytest.approx(0.6)


def test_that_no_wait_is_negative() -> None:
    schedule = Schedule(Periods())
    schedule.tick(WALL, START)
    assert schedule.wait(START + 9) == 0


@pytest.mark.parametrize(
    ("wall", "monotonic", "gap"),
    [
        (1.0, 1.0, False),
        (2.4, 2.4, False),  # a driver took its time
        (3601.0, 1.0, True),  # a suspend on Linux: the monotonic clock stood still
        (3601.0, 3601.0, True),  # a suspend where it does not
        (-3599.0, 1.0, True),  # the wall clock was set back
        (1.5, 1.0, False),  # the time server corrects it a little
        (5.5, 5.5, True),
    ],
)
def test_that_a_jump_of_either_clock_is_a_gap(wall: float, monotonic: float, gap: bool) -> None:
    schedule = Schedule(Periods())
    schedule.tick(WALL, START)
    tick = schedule.tick(WALL + wall, START + monotonic)
    assert tick.gap is gap
    if gap:
        assert tick.due == frozenset(Tier)


def test_that_slow_sampling_is_no_gap() -> None:
    schedule = Schedule(Periods(fast=10.0, medium=10.0, slow=60.0))
    schedule.tick(WALL, START)
    assert not schedule.tick(WALL + 10, START + 10).gap
