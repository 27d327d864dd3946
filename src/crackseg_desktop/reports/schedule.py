"""When a report is due, by the settings and a calendar: the latest of each kind, so that none piles up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from crackseg_desktop.reports.period import DAYS, Period, day_of, week_of
from crackseg_desktop.settings import Reports

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import tzinfo

    from crackseg_desktop.reports.ledger import Key
    from crackseg_desktop.reports.period import Kind

KINDS: tuple[Kind, ...] = ("daily", "weekly")
_DEFAULT = Reports()


@dataclass(frozen=True, slots=True)
class Handled:
    """What need not be done: what was due before ``begun`` (Unix seconds), and the reports that are ``done``."""

    begun: float
    done: Collection[Key] = ()


def key_of(period: Period) -> Key:
    """Return under which key the ledger has the report of a period."""
    return period.kind, period.slug


def due(now: float, reports: Reports, zone: tzinfo | None, handled: Handled) -> tuple[Period, ...]:
    """Return the periods whose reports are due and not handled: at most the last of each kind.

    A machine that was off then catches up when it comes back; of several that it missed only the last is told.
    """
    found = []
    for kind in KINDS:
        last = _last_due(kind, now, reports, zone)
        if last is not None and last[0] >= handled.begun and key_of(last[1]) not in handled.done:
            found.append(last[1])
    return tuple(found)


def last_due(kind: Kind, now: float, reports: Reports, zone: tzinfo | None) -> Period:
    """Return the period whose report was due last; where the settings have no time for it, at the default one."""
    timed = Reports(
        daily_at=reports.daily_at or _DEFAULT.daily_at,
        weekly_on=reports.weekly_on,
        weekly_at=reports.weekly_at or _DEFAULT.weekly_at,
    )
    found = _last_due(kind, now, timed, zone)
    assert found is not None, "every week has the day and its time"
    return found[1]


def asked_period(kind: Kind, day: str, now: float, reports: Reports, zone: tzinfo | None) -> Period:
    """Return the period that a person means by ``day``: an ISO date, today, yesterday, due, or "" for the usual one.

    The usual one is today, and the week that goes on; on the day on which the settings have the weekly report, the
    week before. Raises ValueError for anything else, and for days to come.
    """
    of = day_of if kind == "daily" else week_of
    today = _today(now, zone)
    match day.strip().lower():
        case "" if kind == "weekly" and DAYS[today.weekday()].lower() == reports.weekly_on:
            return week_of(today - timedelta(days=7), zone, now)
        case "" | "today":
            return of(today, zone, now)
        case "yesterday":
            return of(today - timedelta(days=1), zone, now)
        case "due":
            return last_due(kind, now, reports, zone)
        case other:
            return of(_past_day(other, today), zone, now)


def period_named(key: Key, zone: tzinfo | None, now: float) -> Period:
    """Return the period with a key; the reverse of ``key_of``. Raises ValueError where it is none."""
    kind, slug = key
    if kind == "daily":
        return day_of(date.fromisoformat(slug), zone, now)
    year, _, week = slug.partition("-W")
    return week_of(date.fromisocalendar(int(year), int(week), 1), zone, now)


def _past_day(text: str, today: date) -> date:
    """Read an ISO date, or a moment, whose day counts; the first years of the calendar are no Unix time anywhere."""
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        day = None
    if day is None or day.year <= 1970:
        raise ValueError(f"must be a date such as 2026-11-23, today, yesterday or due, not {text!r}")
    if day > today:
        raise ValueError(f"{day} is yet to come")
    return day


def _last_due(kind: Kind, now: float, reports: Reports, zone: tzinfo | None) -> tuple[float, Period] | None:
    """Return when the last report of a kind was due, and its period; None: none is wanted."""
    at = reports.daily_at if kind == "daily" else reports.weekly_at
    if not at:
        return None
    today = _today(now, zone)
    for back in range(9):  # a week, and a day more where the time of today is yet to come
        day = today - timedelta(days=back)
        if kind == "weekly" and DAYS[day.weekday()].lower() != reports.weekly_on:
            continue
        moment = datetime.combine(day, time.fromisoformat(at), tzinfo=zone).timestamp()
        if moment <= now:
            return moment, day_of(day, zone, now) if kind == "daily" else week_of(day - timedelta(days=7), zone, now)
    return None


def _today(now: float, zone: tzinfo | None) -> date:
    return datetime.fromtimestamp(now, zone).date()
