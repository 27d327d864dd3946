from __future__ import annotations

import math
from array import array

import numpy as np
import pytest

from crackseg_desktop.series import Buckets, series_key
from crackseg_desktop.ui.time_range import Window
from crackseg_desktop.ui.tracks import EMPTY, Track, joined, summed, track_of
from crackseg_desktop.ui.widgets.columns import summarise

KEY = series_key("gpu_power_watts", {"gpu": "GPU-1"})


def buckets(period: float, times: list[float], spread: float = 0.0) -> Buckets:
    made = Buckets(KEY, period, array("d", times))
    for time in times:
        made.means.append(time)
        made.minima.append(time - spread)
        made.maxima.append(time + 2 * spread)
        made.lasts.append(time)
        made.counts.append(1)
    return made


def samples(first: float, last: float) -> Track:
    times = np.arange(first, last)
    return Track(times, times.copy())


def test_that_samples_keep_their_times_and_buckets_stand_at_their_middle() -> None:
    fine = track_of(buckets(1.0, [5.0, 6.0]))
    assert fine.times.tolist() == [5, 6]
    assert fine.low is None
    coarse = track_of(buckets(10.0, [0.0, 10.0], 1.0))
    assert coarse.times.tolist() == [5, 15]
    assert coarse.low is not None
    assert coarse.high is not None
    assert coarse.high.tolist() == [2, 12]


def test_that_a_missing_bucket_breaks_the_line() -> None:
    track = track_of(buckets(10.0, [0.0, 10.0, 60.0], 1.0))
    assert [math.isnan(value) for value in track.values] == [False, False, True, False]
    assert track_of(buckets(1.0, [])) is EMPTY


def test_that_a_late_sample_is_no_gap() -> None:
    assert not np.isnan(track_of(buckets(1.0, [0.0, 2.4, 3.0])).values).any()


def test_that_memory_takes_over_where_it_begins() -> None:
    older = track_of(buckets(10.0, [0.0, 10.0, 20.0, 30.0], 1.0))
    whole = joined(older, samples(28, 40))
    assert whole.times.tolist() == [5, 15, 25, *range(28, 40)]
    assert whole.low is not None
    assert whole.low[-1] == whole.values[-1]
    assert not np.isnan(whole.values).any()


def test_that_a_gap_between_history_and_memory_stays_one() -> None:
    whole = joined(samples(0, 10), samples(100, 110))
    assert np.isnan(whole.values).sum() == 1
    assert joined(EMPTY, samples(0, 3)).times.tolist() == [0, 1, 2]
    assert joined(samples(0, 3), EMPTY).times.tolist() == [0, 1, 2]


def test_that_a_mean_is_one_over_time_however_dense_its_rows_are() -> None:
    whole = joined(track_of(buckets(900.0, [900.0 * row for row in range(10)], 1.0)), samples(9000, 9900))
    assert whole.mean() == pytest.approx((4050 * 9000 + 9450 * 900) / 9900, rel=0.05)
    assert math.isnan(EMPTY.mean())
    assert Track(np.array([1.0]), np.array([7.0])).mean() == 7


def test_that_a_line_reaches_both_edges_of_its_window() -> None:
    assert samples(0, 100).within(Window(10.5, 20.5)).times.tolist() == list(range(10, 22))


def test_that_sums_hold_where_times_differ() -> None:
    one, other = (
        Track(np.array([1.0, 2.0]), np.array([1.0, math.nan])),
        Track(np.array([2.0, 3.0]), np.array([5.0, 7.0])),
    )
    total = summed([one, EMPTY, other])
    assert total.times.tolist() == [1, 2, 3]
    assert total.values.tolist() == [1, 5, 7]
    assert summed([]) is EMPTY
    with_band = summed([one._replace(low=one.values - 1, high=one.values + 1), other])
    assert with_band.high is not None
    assert with_band.high[0] == 2


def test_that_no_peak_is_lost_when_buckets_are_drawn_together() -> None:
    times = np.arange(10_000.0)
    high = np.ones(10_000)
    high[7777] = 93.0
    x, means, lowest, highest = summarise(times, (np.zeros(10_000), -high, high), 100.0, 0.0)
    assert len(x) == 101
    assert x[-1] == times[-1], "a dot stands on the last value"
    assert highest.max() == 93
    assert lowest.min() == -93
    assert means.tolist() == [0.0] * 101


def test_that_parts_do_not_move_with_the_window() -> None:
    times = np.arange(1000.0)
    values = np.sin(times)
    early = summarise(times[:900] - 900, (values[:900],) * 3, 10.0, 900.0)
    late = summarise(times[50:950] - 950, (values[50:950],) * 3, 10.0, 950.0)
    np.testing.assert_allclose(early[3][10:80], late[3][5:75])


def test_that_a_gap_stays_one_when_buckets_are_drawn_together() -> None:
    times, values = np.arange(100.0), np.ones(100)
    values[40:60] = math.nan
    x, means, _, _ = summarise(times, (values,) * 3, 7.0, 0.0)
    inside = (x > 40) & (x < 59)
    assert inside.any()
    assert np.isnan(means[inside]).all()
    assert np.isfinite(means[~inside & ((x < 39) | (x > 60))]).all()
