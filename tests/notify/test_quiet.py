from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.notify.quiet import QuietHours, quiet_hours

BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


def night() -> QuietHours:
    hours = quiet_hours("23:00", "07:00", BERLIN)
    assert hours is not None
    return hours


@pytest.mark.parametrize(
    ("shown", "is_quiet"),
    [("22:59:59", False), ("23:00:00", True), ("00:00:00", True), ("06:59:59", True), ("07:00:00", False)],
)
def test_that_a_night_goes_over_midnight(shown: str, is_quiet: bool) -> None:
    assert night().cover(moment(f"2026-11-24T{shown}")) == is_quiet


def test_that_a_noon_does_not() -> None:
    hours = quiet_hours("12:00", "13:30", BERLIN)
    assert hours is not None
    assert [hours.cover(moment(f"2026-11-24T{at}")) for at in ("11:59", "12:00", "13:29", "13:30")] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_that_they_end_at_seven_by_the_clock_on_the_day_it_is_changed(day: str) -> None:
    assert night().cover(moment(f"{day}T06:59:59"))
    assert not night().cover(moment(f"{day}T07:00:00"))


def test_that_hours_within_the_hour_that_is_left_out_do_not_linger() -> None:
    hours = quiet_hours("01:00", "02:30", BERLIN)
    assert hours is not None
    before, after = moment("2026-03-29T01:59:59"), moment("2026-03-29T03:00:00")
    assert after - before == 1.0
    assert (hours.cover(before), hours.cover(after)) == (True, False)


def test_that_an_hour_that_comes_twice_is_quiet_twice() -> None:
    hours = quiet_hours("02:00", "03:00", BERLIN)
    assert hours is not None
    first, second = moment("2026-10-25T02:30:00"), moment("2026-10-25T02:30:00", fold=1)
    assert second - first == 3600.0
    assert hours.cover(first)
    assert hours.cover(second)


@pytest.mark.parametrize(("start", "end"), [("", ""), ("23:00", ""), ("", "07:00"), ("07:00", "07:00")])
def test_that_without_two_times_there_are_none(start: str, end: str) -> None:
    assert quiet_hours(start, end) is None


@given(
    st.times(),
    st.times(),
    st.floats(1.58e9, 2.05e9),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_that_they_are_what_the_clock_on_the_wall_shows(start: time, end: time, now: float, zone: str) -> None:
    hours = QuietHours(start, end, ZoneInfo(zone))
    shown = datetime.fromtimestamp(now, ZoneInfo(zone)).time()
    inside = start <= shown < end if start <= end else not end <= shown < start
    assert hours.cover(now) == inside
