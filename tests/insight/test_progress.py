"""Speed and time left."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.progress import epoch_seconds, interval_left, seconds_left

LENGTHS = st.lists(st.floats(0.5, 1e5), min_size=3, max_size=40)


def ends(lengths: list[float]) -> list[float]:
    return list(accumulate(lengths, initial=1e6))


def test_that_one_long_pause_does_not_change_the_speed() -> None:
    assert epoch_seconds([0, 60, 120, 3600, 3660, 3720]) == 60


def test_that_nothing_is_guessed_before_two_epochs_ended() -> None:
    assert epoch_seconds([]) is None
    assert epoch_seconds([100]) is None


def test_that_the_time_left_runs_down_within_an_epoch_and_no_further() -> None:
    assert seconds_left(23, 50, 100) == 2700
    assert seconds_left(23, 50, 100, since_last=40) == 2660
    assert seconds_left(23, 50, 100, since_last=5000) == 2600
    assert seconds_left(50, 50, 100) == 0


def test_that_an_unknown_part_leaves_the_time_unknown() -> None:
    assert seconds_left(None, 50, 100) is None
    assert seconds_left(3, None, 100) is None
    assert seconds_left(3, 50, None) is None
    assert seconds_left(51, 50, 100) is None


def test_that_an_interval_needs_three_epochs() -> None:
    assert interval_left(ends([60, 60]), 10, 600) is None
    assert interval_left(ends([60, 60, 60]), 10, 600) == (600, 600)


@given(LENGTHS, st.integers(0, 1000))
def test_that_an_interval_holds_the_time_left_and_is_never_negative(lengths: list[float], epochs: int) -> None:
    each = epoch_seconds(ends(lengths))
    assert each is not None
    found = interval_left(ends(lengths), epochs, epochs * each)
    assert found is not None
    low, high = found
    assert 0 <= low <= epochs * each <= high


@given(LENGTHS, st.integers(1, 1000))
def test_that_an_interval_widens_with_the_epochs_left_and_with_their_spread(lengths: list[float], epochs: int) -> None:
    def width(of: list[float], count: int) -> float:
        found = interval_left(ends(of), count, 1e12)
        assert found is not None
        return found[1] - found[0]

    assert width(lengths, epochs) <= width(lengths, epochs + 1) + 1e-3
    wider = [length * 2 for length in lengths]
    assert width(wider, epochs) == pytest.approx(2 * width(lengths, epochs), rel=1e-3, abs=1e-2)


def test_that_about_eight_of_ten_intervals_hold_what_came() -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(400):
        past = [chance.gauss(200, 20) for _ in range(10)]
        left = 25
        middle = epoch_seconds(ends(past))
        assert middle is not None
        interval = interval_left(ends(past), left, left * middle)
        assert interval is not None
        held += interval[0] <= sum(chance.gauss(200, 20) for _ in range(left)) <= interval[1]
    assert 0.7 < held / 400 < 0.9
