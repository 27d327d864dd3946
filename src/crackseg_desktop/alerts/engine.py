"""The state machine of alerts: observations in, changes out. Pure: time comes with each call.

One alert is one (rule, subject) pair on its way ``ok -> pending -> firing -> (acknowledged) -> resolved``. One breach
is one notification, however long it lasts; recovery is said once, and only of what had been said. While alerts are
snoozed they are recorded and not announced; what still fires when the snooze ends is announced then. A subject that
is no longer observed keeps its state for a while and is then closed without a word: absence of data is no recovery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.readings import AlertEvent, AlertState, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.alerts.rules import Rule

FORGET_SECONDS = 60.0
"""How long an alert outlives the last observation of its subject."""

_TITLE_LENGTH, _SUMMARY_LENGTH = 63, 255
_ORDER = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class Observation:
    """One value that a rule can judge: ``labels`` identify the subject, ``subject`` and ``detail`` are its words."""

    metric: str
    labels: Mapping[str, str]
    value: float
    subject: str
    detail: str = ""
    simulated: bool = False


@dataclass(slots=True)
class _Alert:
    """What the engine remembers of one pair.

    ``worst`` is the event of its worst value, ``cleared`` when the value came back to the clear level, ``seen`` when
    its subject was last observed.
    """

    event: AlertEvent
    worst: AlertEvent
    seen: float
    cleared: float | None = None
    announced: bool = False


_Key = tuple[str, tuple[tuple[str, str], ...]]


class Engine:
    """Judges observations by rules. Belongs to one thread."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._alerts: dict[_Key, _Alert] = {}
        self.snoozed_until: float | None = None

    def observe(self, observations: Iterable[Observation], now: float) -> list[AlertEvent]:
        """Judge the newest values and return what changed, in order.

        ``now`` is in Unix seconds. Observations may come in parts: what is missing keeps its state.
        """
        changes: list[AlertEvent] = []
        for observation in observations:
            for rule in self._rules:
                if rule.metric == observation.metric:
                    changes += self._judge(rule, observation, now)
        changes += self._close_unseen(now)
        changes += self._end_snooze(now)
        return changes

    def open_alerts(self) -> list[AlertEvent]:
        """Return what fires now, the most severe and newest first."""
        shown = (AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.SNOOZED)
        events = [alert.event for alert in self._alerts.values() if alert.event.state in shown]
        return sorted(events, key=lambda event: (_ORDER.index(event.severity), -event.since))

    def snooze(self, until: float | None) -> None:
        """Announce nothing until then (Unix seconds); None ends a snooze at the next observation."""
        self.snoozed_until = until if until is not None else 0.0

    def acknowledge(self, key: str, now: float) -> list[AlertEvent]:
        """Mark a firing alert as seen by a person."""
        for alert in self._alerts.values():
            if alert.event.key == key and alert.event.state in (AlertState.FIRING, AlertState.SNOOZED):
                alert.announced = True
                return [self._change(alert, AlertState.ACKNOWLEDGED, now, notify=False)]
        return []

    def _judge(self, rule: Rule, seen: Observation, now: float) -> list[AlertEvent]:
        key = (rule.name, tuple(sorted(seen.labels.items())))
        alert = self._alerts.get(key)
        if alert is None:
            if not rule.breached_by(seen.value):
                return []
            event = _event(rule, seen, AlertState.PENDING, now, now)
            alert = self._alerts[key] = _Alert(event, event, now)
        alert.seen = now
        if alert.event.state == AlertState.PENDING:
            return self._judge_pending(rule, key, alert, seen, now)
        return self._judge_firing(rule, key, alert, seen, now)

    def _judge_pending(self, rule: Rule, key: _Key, alert: _Alert, seen: Observation, now: float) -> list[AlertEvent]:
        if not rule.breached_by(seen.value):
            del self._alerts[key]
            return []
        self._note(alert, rule, seen, now)
        if now - alert.event.since < rule.for_seconds:
            return []
        snoozed = self._is_snoozed(now)
        alert.announced = not snoozed
        return [self._change(alert, AlertState.SNOOZED if snoozed else AlertState.FIRING, now, notify=not snoozed)]

    def _judge_firing(self, rule: Rule, key: _Key, alert: _Alert, seen: Observation, now: float) -> list[AlertEvent]:
        self._note(alert, rule, seen, now)
        if not rule.cleared_by(seen.value):
            alert.cleared = None
            return []
        alert.cleared = now if alert.cleared is None else alert.cleared
        if now - alert.cleared < rule.clear_seconds:
            return []
        del self._alerts[key]
        event = self._change(alert, AlertState.RESOLVED, now, notify=alert.announced and not self._is_snoozed(now))
        return [replace(event, title=alert.worst.title, summary=_recovery(rule, alert.worst, seen.value, now))]

    @staticmethod
    def _note(alert: _Alert, rule: Rule, seen: Observation, now: float) -> None:
        """Take over the newest value, and keep the worst."""
        alert.event = _event(rule, seen, alert.event.state, alert.event.since, now)
        worst = alert.worst.value
        if worst is None or (seen.value > worst if rule.comparison == "above" else seen.value < worst):
            alert.worst = alert.event

    def _close_unseen(self, now: float) -> list[AlertEvent]:
        gone = [key for key, alert in self._alerts.items() if now - alert.seen > FORGET_SECONDS]
        closed = [self._alerts.pop(key) for key in gone]
        return [
            replace(
                alert.event,
                state=AlertState.RESOLVED,
                time=now,
                notify=False,
                summary=f"{alert.event.subject} is no longer observed.",
            )
            for alert in closed
            if alert.event.state != AlertState.PENDING
        ]

    def _end_snooze(self, now: float) -> list[AlertEvent]:
        if self.snoozed_until is None or now < self.snoozed_until:
            return []
        self.snoozed_until = None
        waiting = [alert for alert in self._alerts.values() if alert.event.state == AlertState.SNOOZED]
        for alert in waiting:
            alert.announced = True
        return [self._change(alert, AlertState.FIRING, now, notify=True) for alert in waiting]

    def _is_snoozed(self, now: float) -> bool:
        return self.snoozed_until is not None and now < self.snoozed_until

    def _change(self, alert: _Alert, state: AlertState, now: float, *, notify: bool) -> AlertEvent:
        alert.event = replace(alert.event, state=state, time=now, notify=notify)
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


def _recovery(rule: Rule, worst: AlertEvent, value: float, now: float) -> str:
    kind = "peak" if rule.comparison == "above" else "lowest"
    figures = f"{_value(rule, value)} now, {kind} {units.figure(rule.unit, worst.value)}"
    lasted = units.duration(now - worst.since)
    return _cut(f"Back to normal after {lasted}: {figures}, limit {_value(rule, rule.limit)}.", _SUMMARY_LENGTH)


def _value(rule: Rule, value: float) -> str:
    return units.figure(rule.unit, value)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
