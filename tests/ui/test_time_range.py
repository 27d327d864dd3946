from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crackseg_desktop.ui.pages.time_words import instant_words, over_window, range_words, window_words
from crackseg_desktop.ui.time_range import DAY, HOUR, SHORTEST, TimeRange, Window

NOW = 1_795_442_700.0
OLDEST = NOW - 30 * DAY


def test_that_what_is_live_moves_with_now() -> None:
    shown = TimeRange(HOUR)
    assert shown.live
    assert shown.window(NOW) == (NOW - HOUR, NOW)
    assert shown.window(NOW + 60) == (NOW - HOUR + 60, NOW + 60)


def test_that_a_drag_leads_into_the_past_and_back_to_live() -> None:
    past = TimeRange(HOUR).panned(-1800, NOW, OLDEST)
    assert past == TimeRange(HOUR, NOW - 1800)
    assert not past.live
    assert past.window(NOW + 600) == past.window(NOW)
    assert past.panned(5000, NOW, OLDEST) == TimeRange(HOUR)


def test_that_nothing_leads_beyond_the_oldest_moment() -> None:
    assert TimeRange(HOUR).panned(-90 * DAY, NOW, OLDEST).window(NOW).since == OLDEST
    assert TimeRange(DAY, NOW - DAY).zoomed(1000, NOW - DAY, NOW, OLDEST).window(NOW) == (OLDEST, NOW)


def test_that_a_span_longer_than_the_history_can_be_chosen_and_stays() -> None:
    chosen = TimeRange(30 * DAY)
    assert chosen.panned(-HOUR, NOW, NOW - DAY) == chosen
    assert chosen.zoomed(2, NOW, NOW, NOW - DAY) == chosen


def test_that_zooming_keeps_the_moment_under_the_pointer_where_it_is() -> None:
    shown = TimeRange(6 * HOUR, NOW - DAY)
    at = shown.window(NOW).since + HOUR
    closer = shown.zoomed(0.5, at, NOW, OLDEST).window(NOW)
    assert closer.span == pytest.approx(3 * HOUR)
    assert (at - closer.since) / closer.span == pytest.approx(1 / 6)


def test_that_zooming_in_near_now_stays_live() -> None:
    assert TimeRange(HOUR).zoomed(0.5, NOW - 60, NOW, OLDEST) == TimeRange(HOUR / 2)
    assert not TimeRange(HOUR).zoomed(0.5, NOW - 1800, NOW, OLDEST).live
    assert TimeRange(HOUR).zoomed(1e-9, NOW, NOW, OLDEST).span == SHORTEST


def test_that_the_way_back_leads_to_the_nearest_span_to_choose_from() -> None:
    assert TimeRange(2.2 * HOUR, NOW - DAY).back_to_live() == TimeRange(HOUR)
    assert TimeRange(5 * HOUR, NOW - DAY).back_to_live() == TimeRange(6 * HOUR)


moves = some.lists(
    some.one_of(
        some.tuples(some.just("pan"), some.floats(-1e7, 1e7)), some.tuples(some.just("zoom"), some.floats(0.01, 100))
    ),
    max_size=12,
)


@given(moves, some.floats(0, 1))
def test_that_no_way_leads_out_of_what_there_is(ways: list[tuple[str, float]], share: float) -> None:
    shown = TimeRange(HOUR)
    for way, amount in ways:
        window = shown.window(NOW)
        if way == "pan":
            shown = shown.panned(amount, NOW, OLDEST)
        else:
            shown = shown.zoomed(amount, window.since + share * window.span, NOW, OLDEST)
        since, until = shown.window(NOW)
        assert OLDEST - 1 <= since < until <= NOW + 1
        assert until - since >= SHORTEST - 1e-3


def test_that_a_time_is_written_by_its_ends_with_days_where_they_are_needed() -> None:
    assert range_words(TimeRange(HOUR), NOW) == ""
    assert range_words(TimeRange(2580), NOW) == "last 43 min"
    today = window_words(Window(NOW - 7200, NOW - 3600), NOW)
    assert today.count(":") == 2
    assert "Nov" not in today
    assert window_words(Window(NOW - 3 * DAY - 60, NOW - 3 * DAY), NOW).count(":") == 4
    assert window_words(Window(NOW - 9 * DAY, NOW - DAY), NOW).count(":") == 0
    assert window_words(Window(NOW - 2 * DAY, NOW - DAY), NOW).count("Nov") == 2


def test_that_an_instant_is_told_as_exactly_as_its_axis_can() -> None:
    assert instant_words(NOW, NOW, HOUR).count(":") == 2
    assert instant_words(NOW, NOW, DAY).count(":") == 1
    assert "Nov" in instant_words(NOW - 3 * DAY, NOW, DAY)


def test_that_a_figure_over_a_time_tells_mean_and_extremes() -> None:
    import numpy as np

    from crackseg_desktop.ui.tracks import EMPTY, Track

    gib = 1024.0**3
    ages = np.array([-3.0, -2.0, -1.0])
    track = Track(ages, np.array([1.0, np.nan, 3.0]) * gib, np.array([0.5, np.nan, 3.0]) * gib, ages * 0 + 4 * gib)
    assert over_window("bytes", track) == ("2.0", "GiB mean", "512 MiB – 4.0 GiB")
    assert over_window("bytes", EMPTY) == ("–", "", "")
