"""Speed and time left."""

from __future__ import annotations

from crackseg_desktop.insight.progress import epoch_seconds, longest_epoch, seconds_left


def test_that_one_long_pause_does_not_change_the_speed() -> None:
    assert epoch_seconds([0, 60, 120, 3600, 3660, 3720]) == 60
    assert longest_epoch([0, 60, 120, 3600]) == 3480


def test_that_nothing_is_guessed_before_two_epochs_ended() -> None:
    assert epoch_seconds([]) is None
    assert epoch_seconds([100]) is None
    assert longest_epoch([100]) is None


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
