from __future__ import annotations

import math
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.widgets import ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GIB = 1024.0**3


def texts(found: list[ticks.Tick]) -> list[str]:
    return [tick.text for tick in found]


@pytest.mark.parametrize(
    ("unit", "low", "high", "pixels", "limit", "expected"),
    [
        ("bytes", 0, 8 * GIB, 77, 7.5 * GIB, ["0 GiB", "4 GiB", "7.5 GiB"]),
        ("bytes", 0, 8 * GIB, 124, 7.5 * GIB, ["0 GiB", "2 GiB", "4 GiB", "6 GiB", "7.5 GiB"]),
        ("celsius", 40, 90, 77, 80, ["40 °C", "60 °C", "80 °C"]),
        ("ratio", 0, 1, 77, None, ["0 %", "50 %", "100 %"]),
        ("ratio", 0, 1, 124, None, ["0 %", "25 %", "50 %", "75 %", "100 %"]),
        ("watts", 0, 137.5, 77, 125, ["0 W", "50 W", "125 W"]),
        (
            "bytes_per_second",
            0,
            2 * 1024**2,
            124,
            None,
            ["0.0 MiB/s", "0.5 MiB/s", "1.0 MiB/s", "1.5 MiB/s", "2.0 MiB/s"],
        ),
    ],
)
def test_that_y_ticks_are_round_and_carry_their_unit(
    unit: str, low: float, high: float, pixels: float, limit: float | None, expected: list[str]
) -> None:
    assert texts(ticks.y_ticks(low, high, pixels, unit, limit)) == expected


def test_that_the_limit_is_the_strong_tick() -> None:
    found = ticks.y_ticks(40, 90, 124, "celsius", 80)
    assert [tick.text for tick in found if tick.strong] == ["80 °C"]


def test_that_a_limit_out_of_sight_has_no_tick() -> None:
    assert not any(tick.strong for tick in ticks.y_ticks(0, 50, 124, "celsius", 80))


def test_that_scores_are_told_with_the_decimals_of_their_step() -> None:
    assert texts(ticks.score_ticks(0, 0.8, 124)) == ["0.0", "0.2", "0.4", "0.6", "0.8"]
    assert texts(ticks.score_ticks(0, 1, 124)) == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert texts(ticks.score_ticks(0, 4e8, 124))[-1] == "4.0e8"


def test_that_epochs_are_counted_from_the_first_to_the_last() -> None:
    assert texts(ticks.count_ticks(1, 50, 360)) == ["1", "10", "20", "30", "40", "50"]
    assert texts(ticks.count_ticks(1, 1, 360)) == ["1"]
    assert texts(ticks.count_ticks(0, 120_000, 360))[-1] == "120 k"


def test_that_the_time_before_now_ends_with_now() -> None:
    assert texts(ticks.ago_ticks(3600, 206)) == ["−45 min", "−30", "−15", "now"]
    assert texts(ticks.ago_ticks(900, 206))[-1] == "now"


def test_that_times_since_a_start_are_told_as_a_person_would() -> None:
    assert [ticks.elapsed(value) for value in (0, 30, 900, 3600, 4500, 50 * 3600)] == [
        *("0", "30 s", "15 min", "1 h", "1 h 15"),
        "2.08333 d",
    ]
    assert texts(ticks.elapsed_ticks(0, 5400, 400)) == ["0", "20 min", "40 min", "1 h", "1 h 20"]


def test_that_clock_times_lie_on_round_local_times() -> None:
    for tick in ticks.clock_ticks(1_795_437_480, 1_795_442_700, 400):
        assert tick.text.endswith(("00", "15", "30", "45", "20", "40"))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Live in a zone with daylight saving."""
    if not hasattr(time, "tzset"):
        pytest.skip("this platform has one time zone a process")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


SPRING, AUTUMN = 1_774_746_000.0, 1_792_890_000.0
"""When the clocks in Berlin went forward (to 03:00) and back (to 02:00) in 2026."""


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
@pytest.mark.parametrize("span", [6 * 3600.0, 24 * 3600.0, 7 * 86400.0, 30 * 86400.0])
@pytest.mark.usefixtures("berlin")
def test_that_ticks_stay_on_round_local_times_when_the_clocks_change(change: float, span: float) -> None:
    found = ticks.clock_ticks(change - span / 2, change + span / 2, 400)
    assert 3 <= len(found) <= 6
    assert all(before.value < after.value for before, after in pairwise(found))
    for tick in found:
        told = ticks.clock(tick.value)
        assert told.endswith(":00")
        assert (told == "00:00") == (":" not in tick.text)


@pytest.mark.usefixtures("berlin")
def test_that_midnight_is_told_by_its_day() -> None:
    found = ticks.clock_ticks(SPRING - 13 * 3600, SPRING + 11 * 3600, 400)
    assert [tick.text for tick in found] == ["18:00", "29 Mar", "06:00", "12:00"]


@pytest.mark.usefixtures("berlin")
def test_that_a_minute_is_told_in_seconds() -> None:
    assert texts(ticks.clock_ticks(AUTUMN, AUTUMN + 60, 400)) == [
        "02:00:00",
        "02:00:15",
        "02:00:30",
        "02:00:45",
        "02:01:00",
    ]


finite = st.floats(-1e9, 1e9, allow_nan=False)


@given(finite, st.floats(1e-6, 1e9), st.floats(20, 2000))
def test_that_there_are_never_more_than_five_y_ticks(low: float, span: float, pixels: float) -> None:
    found = ticks.score_ticks(low, low + span, pixels)
    assert len(found) <= 5
    assert all(a.value < b.value for a, b in pairwise(found))


@given(st.floats(1, 1e12), st.floats(0.1, 1.5), st.floats(20, 2000))
def test_that_a_limit_never_makes_it_more(high: float, share: float, pixels: float) -> None:
    found = ticks.y_ticks(0, high, pixels, "bytes", share * high)
    assert 1 <= len(found) <= 5


@given(st.integers(0, 10**7), st.integers(1, 10**7), st.floats(60, 2000))
def test_that_there_are_never_more_than_six_x_ticks(low: int, span: int, pixels: float) -> None:
    assert len(ticks.count_ticks(low, low + span, pixels)) <= 6
    assert len(ticks.elapsed_ticks(0, span, pixels)) <= 6
    assert len(ticks.clock_ticks(1.79e9, 1.79e9 + span, pixels)) <= 6


@given(finite, finite)
def test_that_a_round_range_holds_what_it_was_made_for(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    wide_low, wide_high = ticks.nice_range(low, high, 4)
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    assert wide_low <= low + slack
    assert wide_high >= high - slack
    assert wide_low < wide_high


@pytest.mark.parametrize("top", [1e30, 1e150, 1.7e308, math.inf])
def test_that_a_loss_beyond_all_bounds_gets_few_ticks_and_no_endless_list(top: float) -> None:
    for low in (-top, 0.0):
        assert len(ticks.score_ticks(low, top, 200)) <= 5
        assert len(ticks.y_ticks(low, top, 200, "ratio")) <= 5
    low, high = ticks.nice_range(-top, top, 4)
    assert math.isfinite(low)
    assert math.isfinite(high)


EDGES = (5e-324, 1e300, -1e300, 1.7e308, -1.7e308, 253_402_300_799.0, -62_135_596_800.0)
anything = st.floats() | st.sampled_from(EDGES)
MAKERS: dict[str, Callable[[float, float], list[ticks.Tick]]] = {
    "score": lambda low, high: ticks.score_ticks(low, high, 400),
    "bytes": lambda low, high: ticks.y_ticks(low, high, 400, "bytes", (low + high) / 2),
    "count": lambda low, high: ticks.count_ticks(low, high, 400),
    "elapsed": lambda low, high: ticks.elapsed_ticks(low, high, 400),
    "clock": lambda low, high: ticks.clock_ticks(low, high, 400),
    "ago": lambda low, high: ticks.ago_ticks(high, 400),
    "clock ago": lambda low, high: ticks.clock_ago_ticks(low, 400, high),
}


@pytest.mark.parametrize("kind", MAKERS)
@given(anything, anything)
@example(sys.float_info.max, sys.float_info.max)
@example(0.0, 5e-324)
@example(0.0, 201_830_400.0)
def test_that_no_range_fails_an_axis(kind: str, one: float, other: float) -> None:
    for low, high in ((one, other), (min(one, other), max(one, other))):
        found = MAKERS[kind](low, high)
        assert len(found) <= 6
        assert all(math.isfinite(tick.value) for tick in found)
        assert len({tick.value for tick in found}) == len(found)


@given(anything)
def test_that_a_moment_that_no_calendar_has_is_told_as_missing(moment: float) -> None:
    for text in (ticks.clock(moment), ticks.day(moment), words.second(moment), words.when(moment, 1.8e9)):
        assert text


def test_that_moments_out_of_the_calendar_are_left_out() -> None:
    assert ticks.clock(math.inf) == ticks.day(1e300) == words.second(-math.inf) == "–"
    assert ticks.clock_ticks(1.79e9, math.inf, 400) == []
    assert len(ticks.clock_ticks(1.79e9, 1.79e9 + 7200, 400)) > 2
