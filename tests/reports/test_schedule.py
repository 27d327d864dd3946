"""When reports are due, over midnights, clock changes and machines that were off."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.reports.schedule import Handled, asked_period, due, key_of, last_due, period_named
from crackseg_desktop.settings import Reports

if TYPE_CHECKING:
    from crackseg_desktop.reports.period import Kind

BERLIN = ZoneInfo("Europe/Berlin")
USUAL = Reports()
ALWAYS = Handled(0.0)


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    """Return a local moment of 2026: ``11-23 18:00``."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=zone).timestamp()


def slugs(now: float, reports: Reports = USUAL, handled: Handled = ALWAYS) -> list[str]:
    return [" ".join(key_of(period)) for period in due(now, reports, BERLIN, handled)]


def test_that_the_daily_report_is_due_at_its_minute_about_that_day() -> None:
    handled = Handled(0.0, {("daily", "2026-11-24"), ("weekly", "2026-W47")})
    assert slugs(at("11-25 17:59"), handled=handled) == []
    assert slugs(at("11-25 18:00"), handled=handled) == ["daily 2026-11-25"]
    (period,) = due(at("11-25 18:00"), USUAL, BERLIN, handled)
    assert (period.since, period.until, period.now) == (at("11-25 00:00"), at("11-25 18:00"), at("11-25 18:00"))


def test_that_the_weekly_report_is_due_on_its_day_about_the_whole_week_before() -> None:
    handled = Handled(0.0, {("daily", "2026-11-22"), ("weekly", "2026-W46")})
    assert slugs(at("11-23 07:59"), handled=handled) == []
    (period,) = due(at("11-23 08:00"), USUAL, BERLIN, handled)
    assert (key_of(period), period.is_over) == (("weekly", "2026-W47"), True)
    friday = Reports(weekly_on="friday", weekly_at="20:30", daily_at="")
    assert slugs(at("11-27 20:29"), friday) == ["weekly 2026-W46"]
    assert slugs(at("11-27 20:30"), friday) == ["weekly 2026-W47"]


def test_that_of_what_was_missed_only_the_last_is_told_with_its_whole_day() -> None:
    assert slugs(at("11-19 09:00")) == ["daily 2026-11-18", "weekly 2026-W46"]
    missed, _ = due(at("11-19 09:00"), USUAL, BERLIN, ALWAYS)
    assert (missed.until, missed.is_over) == (at("11-19 00:00"), True)


def test_that_nothing_is_due_of_the_time_before_the_program_was_there() -> None:
    begun = at("11-25 18:00") - 0.001
    assert slugs(at("11-25 18:01"), handled=Handled(begun)) == ["daily 2026-11-25"]
    assert slugs(at("11-25 18:01"), handled=Handled(begun + 1)) == []


def test_that_an_empty_time_means_never() -> None:
    assert slugs(at("11-25 20:00"), Reports(daily_at="")) == ["weekly 2026-W47"]
    assert slugs(at("11-25 20:00"), Reports(daily_at="", weekly_at="")) == []


def test_that_a_time_that_the_clocks_skip_or_repeat_is_due_once() -> None:
    skipped = Reports(daily_at="02:30", weekly_at="")
    assert slugs(at("03-29 01:59"), skipped) == ["daily 2026-03-28"]
    assert slugs(at("03-29 03:30"), skipped) == ["daily 2026-03-29"]
    first, second = at("10-25 02:30"), at("10-25 02:30") + 3600
    told = [slugs(moment, skipped)[0] for moment in (first - 1, first, second - 1, second, second + 1)]
    assert told == ["daily 2026-10-24"] + 4 * ["daily 2026-10-25"]


@given(st.floats(1.6e9, 2.2e9), st.sampled_from(["00:00", "02:30", "18:00", "23:59"]))
def test_that_the_last_due_is_never_in_the_future_nor_older_than_its_rhythm(now: float, time: str) -> None:
    reports = Reports(daily_at=time, weekly_at=time)
    daily, weekly = (last_due(kind, now, reports, BERLIN) for kind in ("daily", "weekly"))
    assert now - 49 * 3600 < daily.since <= now
    assert weekly.is_over
    assert now - (15 * 24 + 2) * 3600 < weekly.since <= now - 7 * 24 * 3600 + 7200


@pytest.mark.parametrize(
    ("kind", "day", "slug"),
    [
        ("daily", "", "2026-11-25"),
        ("daily", "today", "2026-11-25"),
        ("daily", "Yesterday", "2026-11-24"),
        ("daily", "due", "2026-11-24"),
        ("daily", "2026-10-25", "2026-10-25"),
        ("daily", "2026-10-25T08:00", "2026-10-25"),
        ("weekly", "", "2026-W48"),
        ("weekly", "due", "2026-W47"),
        ("weekly", "yesterday", "2026-W48"),
        ("weekly", "2026-01-01", "2026-W01"),
        ("weekly", "2024-12-30", "2025-W01"),
    ],
)
def test_that_a_person_can_name_a_day(kind: Kind, day: str, slug: str) -> None:
    assert asked_period(kind, day, at("11-25 09:00"), USUAL, BERLIN).slug == slug


def test_that_on_its_day_the_weekly_report_is_of_the_week_before() -> None:
    assert asked_period("weekly", "", at("11-23 00:05"), USUAL, BERLIN).slug == "2026-W47"
    assert asked_period("weekly", "today", at("11-23 00:05"), USUAL, BERLIN).slug == "2026-W48"
    assert asked_period("daily", "", at("11-23 00:05"), USUAL, BERLIN).slug == "2026-11-23"


@pytest.mark.parametrize("day", ["tomorrow", "2026-13-01", "23.11.2026", "1", "0001-01-01", "2026-11-26", "9999-12-31"])
def test_that_other_days_are_refused_in_a_sentence(day: str) -> None:
    with pytest.raises(ValueError, match=r"must be a date|is yet to come"):
        asked_period("weekly", day, at("11-25 09:00"), USUAL, BERLIN)


def test_that_due_has_a_default_where_the_settings_have_no_time() -> None:
    assert last_due("daily", at("11-25 18:00"), Reports(daily_at=""), BERLIN).slug == "2026-11-25"


@given(st.floats(1.0e9, 2.0e9), st.sampled_from(["daily", "weekly"]))
def test_that_a_period_is_found_again_by_its_key(now: float, kind: Kind) -> None:
    period = asked_period(kind, "today", now, USUAL, BERLIN)
    assert period_named(key_of(period), BERLIN, now) == period
