"""How a machine was used, and how much of that is known."""

from __future__ import annotations

import math
from array import array
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.coverage import clipped, coverage_of, known_seconds, length_of, merged, seconds_of
from crackseg_desktop.insight.usage import (
    Peak,
    heat_map,
    idle_spans,
    last_of,
    lowest_of,
    mean_of,
    peak_of,
    share_above,
    throttled_seconds,
)
from crackseg_desktop.series import Buckets, Gap

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86_400.0
QUARTER = 900.0


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN).timestamp()


def quarters(since: float, until: float) -> list[float]:
    return [since + QUARTER * index for index in range(round((until - since) / QUARTER))]


def test_that_a_sample_stands_for_the_time_until_the_next() -> None:
    assert list(known_seconds([0.0, 5.0, 10.0, 500.0, 505.0])) == [5.0, 5.0, 5.0, 5.0, 5.0]
    assert list(known_seconds([7.0])) == [0.0]
    assert list(known_seconds([])) == []


def test_that_a_bucket_stands_for_as_much_as_it_has_samples() -> None:
    times = [0.0, 900.0, 1800.0, 9000.0]
    assert list(known_seconds(times, 900.0, [900, 300, 900, 60])) == [900.0, 300.0, 900.0, 900.0]


def test_that_buckets_need_not_know_how_often_was_sampled() -> None:
    every_five_seconds = Buckets(("x", ()), 10.0, array("d", [0.0, 10.0, 20.0]), counts=array("q", [2, 2, 1]))
    assert list(seconds_of(every_five_seconds)) == [10.0, 10.0, 5.0]
    every_minute = Buckets(("x", ()), 10.0, array("d", [0.0, 60.0, 120.0]), counts=array("q", [1, 1, 1]))
    assert list(seconds_of(every_minute)) == [60.0, 60.0, 10.0]


def test_that_rows_are_cut_to_a_span() -> None:
    assert list(clipped([0.0, 10.0, 20.0, 30.0], [10.0] * 4, 5.0, 22.0)) == [5.0, 10.0, 2.0, 0.0]


def test_that_a_span_says_what_is_missing_and_why() -> None:
    times = [float(second) for second in range(100, 3600) if not 1000 < second < 1120]
    coverage = coverage_of(times, known_seconds(times), 0.0, 3700.0, [Gap(1001.0, 1119.0, "suspended")])
    assert coverage.gaps == (
        Gap(0.0, 100.0, "no data"),
        Gap(1001.0, 1120.0, "suspended"),
        Gap(3600.0, 3700.0, "no data"),
    )
    assert coverage.seconds == 3381.0
    assert coverage.share == pytest.approx(3381 / 3700)


def test_that_nothing_is_known_of_a_span_without_rows() -> None:
    coverage = coverage_of([], [], 10.0, 110.0)
    assert (coverage.seconds, coverage.share, coverage.gaps) == (0.0, 0.0, (Gap(10.0, 110.0, "no data"),))
    assert coverage_of([], [], 10.0, 10.0).share == 0.0


@given(st.lists(st.integers(0, 5000), unique=True).map(sorted), st.integers(0, 3000), st.integers(1, 3000))
def test_that_gaps_and_what_is_known_make_up_the_span(seconds: list[int], since: int, length: int) -> None:
    times = [float(second) for second in seconds]
    known = known_seconds(times)
    coverage = coverage_of(times, known, since, since + length, least_gap=0.0)
    missing = length_of((gap.since, gap.until) for gap in coverage.gaps)
    assert coverage.seconds + missing == pytest.approx(length)


def test_that_spans_that_touch_are_one() -> None:
    assert merged([(5, 9), (1, 3), (3, 4), (6, 7), (8, 8)]) == ((1, 4), (5, 9))


def test_that_what_is_missing_counts_nowhere() -> None:
    values, seconds = [1.0, math.nan, 4.0], [10.0, 1000.0, 20.0]
    assert mean_of(values, seconds) == 3.0
    assert share_above(values, seconds, 2.0) == pytest.approx(2 / 3)
    assert share_above(values, seconds, 4.0) == 0.0
    assert peak_of([1.0, 2.0, 3.0], values) == Peak(4.0, 3.0)
    assert lowest_of([1.0, 2.0, 3.0], values) == Peak(1.0, 1.0)
    assert last_of([1.0, 2.0, 3.0], [1.0, 4.0, math.nan]) == Peak(4.0, 2.0)


def test_that_nothing_known_is_none() -> None:
    missing = [math.nan, math.nan]
    assert (mean_of(missing, [1.0, 1.0]), share_above(missing, [1.0, 1.0], 0.0)) == (None, None)
    assert (peak_of([1.0, 2.0], missing), last_of([1.0, 2.0], missing)) == (None, None)
    assert throttled_seconds(missing, [1.0, 1.0]) is None
    assert mean_of([1.0], [0.0]) is None


def test_that_throttled_time_is_the_same_of_samples_and_of_their_means() -> None:
    assert throttled_seconds([0.0, 1.0, 1.0, 0.0], [1.0] * 4) == 2.0
    assert throttled_seconds([0.0, 0.05], [900.0, 900.0]) == 45.0
    assert throttled_seconds([0.0], [60.0]) == 0.0


def use_of(*stretches: tuple[int, float]) -> tuple[list[float], list[float]]:
    """Return a second-by-second utilisation of stretches (how long, how much)."""
    values = [value for length, value in stretches for _ in range(length)]
    return [float(second) for second in range(len(values))], values


def test_that_a_gpu_that_rests_for_long_while_a_run_is_alive_is_idle() -> None:
    times, values = use_of((600, 0.9), (200, 0.01), (600, 0.9), (400, 0.02), (600, 0.9))
    assert idle_spans(times, values, known_seconds(times), [(0.0, 2400.0)]) == ((1400.0, 1800.0),)


def test_that_a_gpu_may_rest_without_a_run() -> None:
    times, values = use_of((3600, 0.0))
    seconds = known_seconds(times)
    assert idle_spans(times, values, seconds, []) == ()
    assert idle_spans(times, values, seconds, [(1000.0, 2000.0), (1500.0, 2500.0)]) == ((1000.0, 2500.0),)
    assert idle_spans(times, values, seconds, [(1000.0, 1299.0), (1301.0, 1500.0)]) == ()


def test_that_nobody_knows_of_idleness_in_a_gap() -> None:
    times = [float(second) for second in [*range(200), *range(1000, 1400)]]
    found = idle_spans(times, [0.0] * len(times), known_seconds(times), [(0.0, 2000.0)])
    assert found == ((1000.0, 1400.0),)


def test_that_a_value_that_is_missing_is_not_idle() -> None:
    times, values = use_of((250, 0.0), (100, math.nan), (250, 0.0))
    assert idle_spans(times, values, known_seconds(times), [(0.0, 600.0)]) == ()


def test_that_idleness_is_found_in_coarse_buckets() -> None:
    times = quarters(0.0, 7200.0)
    values = [0.9, 0.9, 0.0, 0.0, 0.9, 0.9, 0.9, 0.9]
    assert idle_spans(times, values, [QUARTER] * 8, [(0.0, 7200.0)]) == ((1800.0, 3600.0),)


def test_that_the_hours_of_a_week_are_local() -> None:
    since, until = local(2026, 11, 23), local(2026, 11, 30)
    times = quarters(since, until)
    values = [0.9 if local(2026, 11, 23, 8) <= time < local(2026, 11, 23, 11) else 0.0 for time in times]
    found = heat_map(times, values, [QUARTER] * len(times), BERLIN, since, until)
    assert found.means[0][7:12] == (0.0, 0.9, 0.9, 0.9, 0.0)
    assert [len(hours) for hours in found.means] == [24] * 7
    assert all(share == 1.0 for hours in found.known for share in hours)


def test_that_an_hour_says_how_much_of_it_is_known() -> None:
    since = local(2026, 11, 23)
    times = [local(2026, 11, 24, 10), local(2026, 11, 24, 10, 30), local(2026, 11, 24, 11)]
    found = heat_map(times, [0.2, 0.4, math.nan], [QUARTER] * 3, BERLIN, since, since + 7 * DAY)
    assert found.means[1][10] == pytest.approx(0.3)
    assert found.known[1][9:12] == (0.0, 0.5, 0.0)
    assert (found.means[1][9], found.means[1][11]) == (None, None)


@pytest.mark.parametrize(("day", "hour", "hours"), [((2026, 3, 29), 2, 23), ((2026, 10, 25), 2, 25)])
def test_that_a_day_of_23_or_25_hours_has_its_hours_where_they_belong(
    day: tuple[int, int, int], hour: int, hours: int
) -> None:
    year, month, number = day
    since, until = local(year, month, number), local(year, month, number + 1)
    assert until - since == hours * 3600.0
    times = quarters(since, until)
    values = [float(datetime.fromtimestamp(time, BERLIN).hour) for time in times]
    found = heat_map(times, values, [QUARTER] * len(times), BERLIN, since, until)
    sunday = found.means[6]
    there = [mean for mean in sunday if mean is not None]
    assert there == [index for index in range(24) if hours == 25 or index != hour]
    assert found.known[6] == tuple(0.0 if hours == 23 and index == hour else 1.0 for index in range(24))
    assert (sunday[hour] is None) == (hours == 23)


def test_that_half_of_a_repeated_hour_is_half_known() -> None:
    since, until = local(2026, 10, 25), local(2026, 10, 26)
    second = [since + 3 * 3600.0 + QUARTER * index for index in range(4)]
    found = heat_map(second, [1.0] * 4, [QUARTER] * 4, BERLIN, since, until)
    assert (found.means[6][2], found.known[6][2], found.known[6][3]) == (1.0, 0.5, 0.0)


def test_that_zones_of_odd_quarters_are_right() -> None:
    nepal = timezone(timedelta(hours=5, minutes=45))
    since = datetime(2026, 11, 23, tzinfo=nepal).timestamp()
    times = quarters(since, since + DAY)
    values = [float(datetime.fromtimestamp(time, nepal).hour) for time in times]
    found = heat_map(times, values, [QUARTER] * len(times), nepal, since, since + DAY)
    assert found.means[0] == tuple(float(hour) for hour in range(24))
    assert found.means[1] == (None,) * 24


def test_that_rows_that_cross_an_hour_count_for_both() -> None:
    since = local(2026, 11, 23)
    found = heat_map([since + 3000.0], [0.6], [1200.0], BERLIN, since, since + 7 * DAY)
    assert found.means[0][:2] == pytest.approx((0.6, 0.6))
    assert found.known[0][:3] == pytest.approx((600 / 3600, 600 / 3600, 0.0))
    assert found.means[0][2] is None


def test_that_a_row_that_begins_before_the_span_counts_from_its_begin() -> None:
    since = local(2026, 11, 23, 10)
    found = heat_map([since - 450.0], [0.6], [900.0], BERLIN, since, since + DAY)
    assert (found.means[0][9], found.known[0][10]) == (None, 450 / 3600)


def test_that_several_weeks_are_laid_over_each_other() -> None:
    since = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
    times = quarters(since, since + 14 * DAY)
    values = [1.0 if time < since + 7 * DAY else 0.0 for time in times]
    found = heat_map(times, values, [QUARTER] * len(times), UTC, since, since + 14 * DAY)
    assert {mean for hours in found.means for mean in hours} == {0.5}
