from __future__ import annotations

import math

import numpy as np
import pytest

from crackseg_desktop.ui.widgets.columns import decimate, gaps, segments

NAN = math.nan


def test_that_a_hole_between_two_values_is_a_gap() -> None:
    times = np.array([0.0, 1.0, 1.0, 600.0, 601.0])
    assert gaps(times, np.array([1.0, 1.0, NAN, 2.0, 2.0])) == [(1.0, 600.0)]


def test_that_one_late_value_is_no_gap_and_a_late_begin_neither() -> None:
    times = np.arange(6.0)
    assert gaps(times, np.array([1, 1, NAN, 1, 1, 1.0])) == []
    assert gaps(np.arange(100.0), np.array([NAN] * 50 + [1.0] * 50)) == []
    assert gaps(times, np.full(6, NAN)) == []


def test_that_a_series_that_ended_has_a_gap_up_to_now() -> None:
    assert gaps(np.arange(100.0), np.array([1.0] * 50 + [NAN] * 50)) == [(49.0, 99.0)]


def test_that_a_few_points_stay_as_they_are() -> None:
    times, values = np.arange(10.0), np.arange(10.0) ** 2
    thin_times, thin = decimate(times, values, 10.0, 100)
    np.testing.assert_array_equal(thin_times, times)
    np.testing.assert_array_equal(thin, values)


def test_that_peaks_and_the_last_value_survive() -> None:
    rng = np.random.default_rng(1)
    ages = np.arange(-3599.0, 1.0)
    values = rng.random(3600)
    values[1234], values[2345] = 50.0, -50.0
    thin_ages, thin = decimate(ages, values, 3600.0, 200)
    assert len(thin) <= 2 * 201 + 1
    assert (thin.max(), thin.min()) == (50.0, -50.0)
    assert (thin_ages[-1], thin[-1]) == (0.0, values[-1])


def test_that_the_parts_do_not_move_with_the_window() -> None:
    rng = np.random.default_rng(2)
    times, values = np.arange(4000.0), rng.random(4000)

    def thinned(now: int) -> dict[float, float]:
        ages, thin = decimate(times[: now + 1] - now, values[: now + 1], 3600.0, 100, float(now))
        return dict(zip((ages + now).round(6).tolist(), thin.tolist(), strict=True))

    before, after = thinned(3800), thinned(3801)
    shared = [time for time in before if 36 <= time < 3700]
    assert len(shared) > 90
    assert all(before[time] == pytest.approx(after[time]) for time in shared)


def test_that_no_line_is_drawn_across_a_gap() -> None:
    ages = np.concatenate((np.arange(-3600.0, -2000.0), np.arange(-1000.0, 1.0)))
    values = np.ones(len(ages))
    values = np.insert(values, 1600, NAN)
    ages = np.insert(ages, 1600, -2001.0)
    parts = segments(*decimate(ages, values, 3600.0, 100))
    assert len(parts) == 2
    assert parts[0][0][-1] < -1990
    assert parts[1][0][0] >= -1000


def test_that_a_calm_stretch_is_one_line() -> None:
    ages = np.arange(-999.0, 1.0)
    values = np.where(ages.astype(int) % 2 == 0, 76.0, 77.0)
    _, thin = decimate(ages, values, 1000.0, 100, flat=1.5)
    assert set(thin[:-3]) == {76.5}


def test_that_nothing_is_made_of_nothing() -> None:
    empty = np.empty(0)
    times, values = decimate(empty, empty, 3600.0, 100)
    assert len(times) == len(values) == 0
    assert segments(times, values) == []
