from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from crackseg_desktop.reports.period import day_of, week_of

BERLIN = ZoneInfo("Europe/Berlin")
LATER = 4e9


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 23), 24)]
)
def test_that_a_day_has_the_hours_that_its_clocks_showed(day: date, hours: int) -> None:
    period = day_of(day, BERLIN, LATER)
    assert period.seconds == hours * 3600
    assert (period.clock(period.since), period.clock(period.until)) == ("00:00", "24:00")


def test_that_a_day_begins_after_a_midnight_that_the_clocks_skipped() -> None:
    period = day_of(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"), LATER)
    assert period.seconds == 23 * 3600
    assert period.clock(period.since) == "01:00"
    assert period.first == date(2018, 11, 4)


def test_that_the_week_of_a_clock_change_has_its_hour_less() -> None:
    period = week_of(date(2026, 3, 25), BERLIN, LATER)
    assert period.seconds == (7 * 24 - 1) * 3600
    assert [day.until - day.since for day in period.days[5:]] == [86_400, 23 * 3600]
    assert (period.first, period.last) == (date(2026, 3, 23), date(2026, 3, 29))


def test_that_what_is_still_to_come_is_clipped() -> None:
    whole = day_of(date(2026, 11, 23), BERLIN, LATER)
    period = day_of(date(2026, 11, 23), BERLIN, whole.since + 20 * 3600)
    assert (period.until, period.end, period.is_over) == (whole.since + 20 * 3600, whole.until, False)
    assert period.clock(period.until) == "20:00"
    assert whole.is_over
    future = day_of(date(2026, 11, 24), BERLIN, whole.since)
    assert future.seconds == 0


@pytest.mark.parametrize(
    ("day", "name", "slug"),
    [
        (date(2026, 11, 16), "Week 47, 16 to 22 November 2026", "2026-W47"),
        (date(2026, 12, 1), "Week 49, 30 November to 6 December 2026", "2026-W49"),
        (date(2027, 1, 1), "Week 53, 28 December 2026 to 3 January 2027", "2026-W53"),
    ],
)
def test_that_weeks_are_named_by_iso_and_by_their_days(day: date, name: str, slug: str) -> None:
    period = week_of(day, BERLIN, LATER)
    assert (period.name, period.slug) == (name, slug)


def test_that_days_are_named_in_full() -> None:
    period = day_of(date(2026, 11, 23), BERLIN, LATER)
    assert (period.name, period.slug) == ("Monday 23 November 2026", "2026-11-23")


def test_that_a_moment_of_another_day_tells_its_day() -> None:
    day = day_of(date(2026, 11, 23), BERLIN, LATER)
    week = week_of(date(2026, 11, 23), BERLIN, LATER)
    assert day.moment(day.since + 3600) == "01:00"
    assert day.moment(day.since - 3600) == "22 Nov 23:00"
    assert day.moment(day.since - 366 * 86_400) == "22 Nov 2025 00:00"
    assert week.moment(day.since + 86_400) == "Tue 00:00"


def test_that_the_machines_own_zone_serves_where_none_is_named() -> None:
    period = day_of(date(2026, 11, 23), None, LATER)
    assert period.first == date(2026, 11, 23)
    assert period.clock(period.since) == "00:00"


def test_that_the_end_of_a_period_does_not_belong_to_it() -> None:
    period = day_of(date(2026, 11, 23), BERLIN, LATER)
    assert period.contains(period.since)
    assert not period.contains(period.until)
    assert not period.contains(None)
