"""The day or the week that a report is about, in the zone of its reader: local days have 23 to 25 hours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

Kind = Literal["daily", "weekly"]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a period: from its midnight to the next, in Unix seconds, not clipped."""

    date: date
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Period:
    """What a report covers, in Unix seconds: ``until`` is where the day or week ends, or ``now`` where it goes on.

    ``zone`` is in which its days are; None: the machine's own, whatever its rules were on that day.
    """

    kind: Kind
    since: float
    until: float
    now: float
    zone: tzinfo | None = None

    @property
    def first(self) -> date:
        """Return its first day."""
        return self.local(self.since).date()

    @property
    def last(self) -> date:
        """Return the last day of the whole day or week."""
        return self.first + timedelta(days=0 if self.kind == "daily" else 6)

    @property
    def end(self) -> float:
        """Return where the whole day or week ends, not clipped, in Unix seconds."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def is_over(self) -> bool:
        """Say whether nothing more can be added to it."""
        return self.until >= self.end

    @property
    def seconds(self) -> float:
        """Return how much of it has passed."""
        return self.until - self.since

    @property
    def name(self) -> str:
        """Name it for a person: ``Monday 23 November 2026`` or ``Week 47, 16 to 22 November 2026``."""
        if self.kind == "daily":
            return day_name(self.first)
        first, last = self.first, self.last
        begin = f"{first.day}"
        if (first.year, first.month) != (last.year, last.month):
            begin += f" {_MONTHS[first.month - 1]}"
        if first.year != last.year:
            begin += f" {first.year}"
        return f"Week {first.isocalendar().week}, {begin} to {last.day} {_MONTHS[last.month - 1]} {last.year}"

    @property
    def slug(self) -> str:
        """Name it for a file or a table: ``2026-11-23`` or ``2026-W47``."""
        if self.kind == "daily":
            return self.first.isoformat()
        year, week, _ = self.first.isocalendar()
        return f"{year:04d}-W{week:02d}"

    @property
    def days(self) -> tuple[Day, ...]:
        """Return its local days, also those to come."""
        return tuple(_day(self.first + timedelta(days=n), self.zone) for n in range((self.last - self.first).days + 1))

    def contains(self, moment: float | None) -> bool:
        """Say whether a moment (Unix seconds) lies in what has passed of it."""
        return moment is not None and self.since <= moment < max(self.until, self.since + 1)

    def local(self, moment: float) -> datetime:
        """Return a moment (Unix seconds) as its reader's clock and calendar show it."""
        if self.zone is None:
            return datetime.fromtimestamp(moment, UTC).astimezone()
        return datetime.fromtimestamp(moment, self.zone)

    def clock(self, moment: float) -> str:
        """Write the time of day of a moment: ``19:10``; the end of a day is 24:00 where it ends the period."""
        if moment == self.end and moment > self.since:
            return "24:00"
        return self.local(moment).strftime("%H:%M")

    def moment(self, moment: float) -> str:
        """Write a moment as the reader of the period needs it: with the day where it is not the only one."""
        local = self.local(moment)
        if self.kind == "daily" and local.date() == self.first:
            return self.clock(moment)
        if self.first <= local.date() <= self.last:
            return f"{DAYS[local.weekday()][:3]} {local:%H:%M}"
        year = f" {local.year}" if local.year != self.first.year else ""
        return f"{local.day} {_MONTHS[local.month - 1][:3]}{year} {local:%H:%M}"


def day_of(day: date, zone: tzinfo | None, now: float) -> Period:
    """Return a local day, clipped at ``now``."""
    return _clipped("daily", _midnight(day, zone), _midnight(day + timedelta(days=1), zone), now, zone)


def week_of(day: date, zone: tzinfo | None, now: float) -> Period:
    """Return the ISO week (Monday to Sunday) that a day is in, clipped at ``now``."""
    monday = day - timedelta(days=day.weekday())
    return _clipped("weekly", _midnight(monday, zone), _midnight(monday + timedelta(days=7), zone), now, zone)


def day_name(day: date) -> str:
    """Name a day in full, whatever the language of the machine: ``Monday 23 November 2026``."""
    return f"{DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _clipped(kind: Kind, since: float, until: float, now: float, zone: tzinfo | None) -> Period:
    return Period(kind, since, max(since, min(until, now)), now, zone)


def _day(day: date, zone: tzinfo | None) -> Day:
    return Day(day, _midnight(day, zone), _midnight(day + timedelta(days=1), zone))


def _midnight(day: date, zone: tzinfo | None) -> float:
    """Return when a local day begins; where the clocks skip its midnight, that is the first moment after it."""
    return datetime.combine(day, time.min, tzinfo=zone).timestamp()
