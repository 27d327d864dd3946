"""Snoozes as a person chooses them: how long, of what, and how they are told. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.readings import Scope, Silence
from crackseg_desktop.ui import glance
from crackseg_desktop.ui.rule_words import rule_title

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crackseg_desktop.readings import AlertEvent, Run

MORNING = 8


class Length(StrEnum):
    """For how long; the value is what a menu says."""

    QUARTER = "15 minutes"
    HOUR = "1 hour"
    TOMORROW = f"Until tomorrow {MORNING}:00"
    RUN_END = "Until the run ends"


class Target(NamedTuple):
    """What a snooze can be about, and what a menu calls it."""

    words: str
    scope: Scope
    subject: str = ""


EVERYTHING = Target("Everything", Scope.ALL)
_SECONDS = {Length.QUARTER: 900.0, Length.HOUR: 3600.0}


def silence_for(length: Length, scope: Scope, subject: str, now: float) -> Silence:
    """Return the silence that begins now (Unix seconds) and lasts so long."""
    if length == Length.RUN_END:
        return Silence(scope, subject, None, now)
    seconds = _SECONDS.get(length)
    return Silence(scope, subject, now + (glance.until_tomorrow_at(MORNING, now) if seconds is None else seconds), now)


def targets_of(event: AlertEvent) -> tuple[Target, ...]:
    """Return what can be snoozed because of an alert, the narrowest first."""
    found = [Target("This alert", Scope.ALERT, event.key)]
    if "run" in event.labels:
        found.append(Target(f"Run {event.subject}", Scope.RUN, event.labels["run"]))
    if "gpu" in event.labels:
        found.append(Target(event.subject, Scope.GPU, event.labels["gpu"]))
    return (*found, Target(f"Rule: {rule_title(event.rule)}", Scope.RULE, event.rule), EVERYTHING)


def lengths_of(target: Target, *, of_a_run: bool) -> tuple[Length, ...]:
    """Return how long that can be snoozed: until the run ends only what is about a run."""
    lasting = target.scope == Scope.RUN or (target.scope == Scope.ALERT and of_a_run)
    return tuple(length for length in Length if lasting or length != Length.RUN_END)


def in_force(silences: Iterable[Silence], now: float) -> tuple[Silence, ...]:
    """Return the silences that are not over."""
    return tuple(silence for silence in silences if silence.until is None or silence.until > now)


def of_everything(silences: Iterable[Silence], now: float) -> float | None:
    """Return until when everything is snoozed (Unix seconds), or None."""
    ends = [item.until for item in in_force(silences, now) if item.scope == Scope.ALL and item.until is not None]
    return max(ends, default=None)


def covers(silence: Silence, event: AlertEvent) -> bool:
    """Say whether a silence is about an alert."""
    match silence.scope:
        case Scope.ALL:
            return True
        case Scope.RULE:
            return silence.subject == event.rule
        case Scope.RUN | Scope.GPU:
            return event.labels.get(silence.scope.value) == silence.subject
        case _:
            return silence.subject == event.key


def covering(silences: Iterable[Silence], event: AlertEvent, now: float) -> Silence | None:
    """Return the silence that keeps an alert quiet the longest, or None."""
    found = [silence for silence in in_force(silences, now) if covers(silence, event)]
    return max(found, key=lambda item: float("inf") if item.until is None else item.until, default=None)


def end_words(silence: Silence) -> str:
    """Say until when a silence lasts."""
    return "until the run ends" if silence.until is None else f"until {glance.clock(silence.until)}"


def subject_words(silence: Silence, runs: Iterable[Run] = (), alerts: Iterable[AlertEvent] = ()) -> str:
    """Say what a silence is about, by the name that a person knows it by."""
    match silence.scope:
        case Scope.ALL:
            return "All alerts"
        case Scope.RULE:
            return rule_title(silence.subject)
        case Scope.RUN:
            name = next((run.facts.name for run in runs if run.id == silence.subject), silence.subject)
            return f"Run {name}"
        case Scope.GPU:
            named = (alert.subject for alert in alerts if alert.labels.get("gpu") == silence.subject)
            return next(named, f"GPU {silence.subject}")
        case _:
            named = (alert.title for alert in alerts if alert.key == silence.subject)
            return next(named, rule_title(silence.subject.partition(":")[0]))
