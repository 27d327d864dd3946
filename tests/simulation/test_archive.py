from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from crackseg_desktop.simulation.archive import ToldPast
from crackseg_desktop.simulation.past import GAPS, WEEK_PERIOD, past_rows

if TYPE_CHECKING:
    from crackseg_desktop.series import SeriesKey

ANCHOR = 1_795_442_700.0
HOUR = 3600.0


def power(past: ToldPast) -> SeriesKey:
    return past.series("gpu_power_watts")[0]


def test_that_the_last_hours_are_told_reading_by_reading() -> None:
    past = ToldPast(ANCHOR)
    found = past.read(power(past), ANCHOR - 2 * HOUR, ANCHOR)
    assert len(found) == 240
    assert found.period == 30
    assert set(found.counts) == {1}
    assert found.minima == found.maxima


def test_that_a_long_time_is_folded_and_keeps_its_extremes() -> None:
    past = ToldPast(ANCHOR)
    found = past.read(power(past), ANCHOR - 24 * HOUR, ANCHOR, 100)
    assert 80 <= len(found) <= 101
    assert all(low <= mean <= high for low, mean, high in zip(found.minima, found.means, found.maxima, strict=True))
    assert any(low < high for low, high in zip(found.minima, found.maxima, strict=True))
    assert all(later - time >= found.period for time, later in pairwise(found.times))


def test_that_a_span_over_both_is_told_by_the_minute_and_in_the_last_day_more_finely() -> None:
    past = ToldPast(ANCHOR)
    found = past.read(power(past), ANCHOR - 25 * HOUR, ANCHOR - 23 * HOUR)
    assert [later - time for time, later in pairwise(found.times)] == [60.0] * 60 + [30.0] * 119
    folded = past.read(power(past), ANCHOR - 25 * HOUR, ANCHOR - 23 * HOUR, 180)
    assert (folded.times, folded.means) == (found.times, found.means)
    assert sum(past.read(power(past), ANCHOR - 25 * HOUR, ANCHOR - 23 * HOUR, 20).counts) == 180


def test_that_no_series_of_the_week_is_left_out() -> None:
    past = ToldPast(ANCHOR)
    told = {key for row in past_rows(ANCHOR, *past.covered(), WEEK_PERIOD) for key in row.figures}
    assert set(past.series()) == told
    assert past.series() == tuple(sorted(told))


def test_that_a_gap_has_a_name_and_no_figures() -> None:
    past = ToldPast(ANCHOR)
    (gap,) = past.gaps(ANCHOR - 60 * HOUR, ANCHOR - 48 * HOUR)
    assert gap.reason == GAPS[0][2]
    inside = past.read(power(past), gap.since + 120, gap.until - 120, 500)
    assert len(inside) == 0


def test_that_nothing_is_told_of_before_and_after() -> None:
    past = ToldPast(ANCHOR)
    first, last = past.covered()
    assert len(past.read(power(past), first - HOUR, first)) == 0
    assert len(past.read(power(past), last, last + HOUR)) == 0
    assert past.problem is None


def test_that_it_says_which_run_was_on_which_gpu() -> None:
    past = ToldPast(ANCHOR)
    keys = past.series("training_gpu_memory_used_bytes")
    assert len({dict(labels)["run"] for _, labels in keys}) > 1
    recent = past.series("training_gpu_memory_used_bytes", since=ANCHOR - HOUR)
    assert len(recent) == 1
