"""The state machine of alerts: observations in, changes out. Pure: time comes with each call.

One alert is one (rule, subject) pair on its way ``ok -> pending -> firing -> (acknowledged) -> resolved``. One breach
is one notification, however long it lasts; recovery is said once, and only of what had been said. While alerts are
snoozed they are recorded and not announced; what still fires when the snooze ends is announced then. A subject that
is no longer observed keeps its state for a while and is then closed without a word: absence of data is no recovery.

Durations are measured in monotonic seconds, so that a clock set back or forward changes none of them; wall time is
only what the events show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.readings import OPEN, AlertEvent, AlertState, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.alerts.rules import Rule

FORGET_SECONDS = 60.0
"""How long an alert outlives the last observation of its subject."""

_TITLE_LENGTH, _SUMMARY_LENGTH = 63, 255
_ORDER = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class Observation:
    """One value that a rule can judge.

    ``labels`` identify the subject; ``subject``, ``detail`` (the evidence) and ``fact`` (what became so, where the
    rule alone cannot know) are its words.
    """

    metric: str
    labels: Mapping[str, str]
    value: float
    subject: str
    detail: str = ""
    fact: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """When observations are judged: ``wall`` in Unix seconds, ``monotonic`` for durations."""

    wall: float
    monotonic: float


@dataclass(slots=True)
class _Alert:
    """What the engine remembers of one pair; times are monotonic.

    ``worst`` is the event of its worst value, ``begun`` when the value went beyond the limit, ``cleared`` when it came
    back to the clear level, ``seen`` when its subject was last observed.
    """

    event: AlertEvent
    worst: AlertEvent
    begun: float
    seen: float
    cleared: float | None = None
    announced: bool = False


_Key = tuple[str, tuple[tuple[str, str], ...]]


class Engine:
    """Judges observations by rules. Belongs to one thread."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._alerts: dict[_Key, _Alert] = {}
        self._snoozed_until: Moment | None = None

    @property
    def snoozed_until(self) -> float | None:
        """Return when the snooze ends, in Unix seconds; None while there is none."""
        return self._snoozed_until.wall if self._snoozed_until is not None else None

    def observe(self, observations: Iterable[Observation], at: Moment, *, is_news: bool = True) -> list[AlertEvent]:
        """Judge the newest values and return what changed, in order.

        Observations may come in parts: what is missing keeps its state. What is no news (the past of a demonstration)
        is recorded and not announced; what of it still fires is announced with the next observation that is.
        """
        changes: list[AlertEvent] = []
        quiet = not is_news or self._is_snoozed(at)
        for observation in observations:
            for rule in self._rules:
                if rule.metric == observation.metric:
                    changes += self._judge(rule, observation, at, quiet=quiet)
        return changes

    def close_unseen(self, at: Moment) -> list[AlertEvent]:
        """Close the alerts whose subject has not been observed for a while; call it after a whole round."""
        gone = [key for key, alert in self._alerts.items() if at.monotonic - alert.seen > FORGET_SECONDS]
        closed = [self._alerts.pop(key) for key in gone]
        return [
            replace(
                alert.event,
                state=AlertState.RESOLVED,
                time=at.wall,
                notify=False,
                summary=f"{alert.event.subject} is no longer observed.",
            )
            for alert in closed
            if alert.event.state != AlertState.PENDING
        ]

    def resume(self, at: Moment) -> None:
        """Begin durations anew after a suspend: nobody observed the time between."""
        for alert in self._alerts.values():
            alert.seen = at.monotonic
            alert.cleared = None
            if alert.event.state == AlertState.PENDING:
                alert.begun = at.monotonic

    def open_alerts(self) -> list[AlertEvent]:
        """Return what fires now, the most severe and newest first."""
        events = [alert.event for alert in self._alerts.values() if alert.event.state in OPEN]
        return sorted(events, key=lambda event: (_ORDER.index(event.severity), -event.since))

    def snooze(self, seconds: float | None, at: Moment) -> None:
        """Announce nothing for so long; None ends the snooze."""
        self._snoozed_until = None if seconds is None else Moment(at.wall + seconds, at.monotonic + seconds)

    def acknowledge(self, key: str, at: Moment) -> list[AlertEvent]:
        """Mark a firing alert as seen by a person."""
        for alert in self._alerts.values():
            if alert.event.key == key and alert.event.state in (AlertState.FIRING, AlertState.SNOOZED):
                alert.announced = True
                return [self._change(alert, AlertState.ACKNOWLEDGED, at, notify=False)]
        return []

    def _judge(self, rule: Rule, seen: Observation, at: Moment, *, quiet: bool) -> list[AlertEvent]:
        key = (rule.name, tuple(sorted(seen.labels.items())))
        alert = self._alerts.get(key)
        if alert is None:
            if not rule.breached_by(seen.value):
                return []
            event = _event(rule, seen, AlertState.PENDING, at.wall, at.wall)
            alert = self._alerts[key] = _Alert(event, event, at.monotonic, at.monotonic)
        alert.seen = at.monotonic
        if alert.event.state == AlertState.PENDING:
            return self._judge_pending(rule, key, alert, seen, at, quiet=quiet)
        return self._judge_firing(rule, key, alert, seen, at, quiet=quiet)

    def _judge_pending(
        self, rule: Rule, key: _Key, alert: _Alert, seen: Observation, at: Moment, *, quiet: bool
    ) -> list[AlertEvent]:
        if not rule.breached_by(seen.value):
            del self._alerts[key]
            return []
        self._note(alert, rule, seen, at)
        if at.monotonic - alert.begun < rule.for_seconds:
            return []
        return [self._announce(alert, at, quiet=quiet)]

    def _judge_firing(
        self, rule: Rule, key: _Key, alert: _Alert, seen: Observation, at: Moment, *, quiet: bool
    ) -> list[AlertEvent]:
        self._note(alert, rule, seen, at)
        if not rule.cleared_by(seen.value):
            alert.cleared = None
            return [] if alert.announced or quiet else [self._announce(alert, at, quiet=False)]
        alert.cleared = at.monotonic if alert.cleared is None else alert.cleared
        if at.monotonic - alert.cleared < rule.clear_seconds:
            return []
        del self._alerts[key]
        event = self._change(alert, AlertState.RESOLVED, at, notify=alert.announced and not quiet)
        return [replace(event, title=alert.worst.title, summary=_recovery(rule, alert, seen.value, at))]

    @staticmethod
    def _note(alert: _Alert, rule: Rule, seen: Observation, at: Moment) -> None:
        """Take over the newest value, and keep the worst."""
        alert.event = _event(rule, seen, alert.event.state, alert.event.since, at.wall)
        worst = alert.worst.value
        if worst is None or (seen.value > worst if rule.comparison == "above" else seen.value < worst):
            alert.worst = alert.event

    def _announce(self, alert: _Alert, at: Moment, *, quiet: bool) -> AlertEvent:
        alert.announced = not quiet
        state = AlertState.SNOOZED if self._is_snoozed(at) else AlertState.FIRING
        return self._change(alert, state, at, notify=not quiet)

    def _is_snoozed(self, at: Moment) -> bool:
        if self._snoozed_until is not None and at.monotonic >= self._snoozed_until.monotonic:
            self._snoozed_until = None
        return self._snoozed_until is not None

    def _change(self, alert: _Alert, state: AlertState, at: Moment, *, notify: bool) -> AlertEvent:
        alert.event = replace(alert.event, state=state, time=at.wall, notify=notify)
        return alert.event


def judge_once(rules: Iterable[Rule], observations: Iterable[Observation], now: float) -> list[AlertEvent]:
    """Return what is beyond its limit right now, treating every ``for`` as elapsed (for ``check``)."""
    seen = tuple(observations)
    return [
        _event(rule, observation, AlertState.FIRING, now, now)
        for rule in rules
        for observation in seen
        if rule.metric == observation.metric and rule.breached_by(observation.value)
    ]


def _event(rule: Rule, seen: Observation, state: AlertState, since: float, now: float) -> AlertEvent:
    words = {
        "subject": seen.subject,
        "value": _value(rule, seen.value),
        "limit": _value(rule, rule.limit),
        "detail": seen.detail,
        "fact": seen.fact,
    }
    return AlertEvent(
        rule=rule.name,
        subject=seen.subject,
        labels=seen.labels,
        state=state,
        severity=rule.severity,
        metric=rule.metric,
        value=seen.value,
        limit=rule.limit,
        since=since,
        time=now,
        title=_cut(rule.title.format(**words), _TITLE_LENGTH),
        summary=_cut(rule.summary.format(**words).strip(), _SUMMARY_LENGTH),
        simulated=seen.simulated,
    )


def _recovery(rule: Rule, alert: _Alert, value: float, at: Moment) -> str:
    kind = "peak" if rule.comparison == "above" else "lowest"
    figures = f"{_value(rule, value)} now, {kind} {units.figure(rule.unit, alert.worst.value)}"
    lasted = units.duration(at.monotonic - alert.begun)
    return _cut(f"Back to normal after {lasted}: {figures}, limit {_value(rule, rule.limit)}.", _SUMMARY_LENGTH)


def _value(rule: Rule, value: float) -> str:
    return units.figure(rule.unit, value)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
