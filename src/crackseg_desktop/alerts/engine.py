"""The state machine of alerts: observations in, changes out. Pure: time comes with each call.

One alert is one (rule, subject) pair on its way ``pending -> firing -> (acknowledged | snoozed) -> resolved``. One
breach is one notification, however long it lasts, until its repeat interval has passed; recovery is said once, and
only of what had been said. A worse severity takes the place of the notification, a milder one says nothing. What is
silenced, inhibited by another alert, no news, or seen in the first minute after a suspend is recorded and not
announced; what still fires after that is announced then. A subject that is no longer observed has no data after three
rounds, keeps its state for a while and is then closed without a word: absence of data is no recovery.

Durations are measured in monotonic seconds, so that a clock set back or forward changes none of them; wall time is
only what the events show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crackseg_desktop.alerts.alert import PENDING, RANK, Alert
from crackseg_desktop.alerts.flapping import FLAPS, Flaps
from crackseg_desktop.alerts.inhibition import INHIBITIONS
from crackseg_desktop.alerts.observation import Key, Moment, Observation, labels_key
from crackseg_desktop.alerts.rulebook import Rulebook
from crackseg_desktop.alerts.silences import Silences
from crackseg_desktop.alerts.words import again, flapping, recovery
from crackseg_desktop.readings import OPEN, AlertEvent, AlertState, Evidence, Scope, Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crackseg_desktop.alerts.inhibition import Inhibition
    from crackseg_desktop.alerts.rule import Rule, RuleStatus

    Points = tuple[tuple[float, float], ...]

__all__ = ["FORGET_SECONDS", "Engine", "Moment", "Observation", "judge_once"]

FORGET_SECONDS = 60.0
"""How long an alert outlives the last observation of its subject."""
MISSED_ROUNDS = 3
RESUME_SECONDS = 60.0
"""So long after a suspend nothing is announced: figures settle, mounts and networks come back."""
RESTORE_SECONDS = 600.0
"""So long an alert of the last session waits for its subject: a run is found only after its folder was searched."""
_MOST_SPENT, _MOST_KEPT = 5000, 1000


class Engine:
    """Judges observations by rules. Belongs to one thread.

    ``past`` returns the newest values of what an observation is of, for the evidence: (Unix seconds, value), the last
    one that of the observation.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        past: Callable[[Observation], Points] = lambda seen: (),
        inhibitions: Iterable[Inhibition] = INHIBITIONS,
    ) -> None:
        self._past = past
        self._inhibitions = tuple(inhibitions)
        self._rules = Rulebook(rules)
        self._alerts: dict[str, dict[Key, Alert]] = {}
        self._flaps: dict[Key, Flaps] = {}
        self._spent: dict[Key, float] = {}
        self._silences = Silences()
        self._quiet_until = float("-inf")

    @property
    def silences(self) -> tuple[Silence, ...]:
        """Return the silences there are, the oldest first."""
        return self._silences.all()

    def observe(self, observations: Iterable[Observation], at: Moment, *, is_news: bool = True) -> list[AlertEvent]:
        """Judge the newest values and return what changed, in order.

        Observations may come in parts: what is missing keeps its state. What is no news (the past of a demonstration)
        is recorded and not announced; what of it still fires is announced with the next observation that is.
        """
        self._silences.end_overdue(at)
        changes: list[AlertEvent] = []
        judged: list[Alert] = []
        for key, rule, seen, distances in self._rules.judging(observations, at.monotonic):
            alert = self._judge(key, rule, seen, distances, at)
            if alert is not None:
                judged.append(alert)
        for alert in judged:  # once all are judged: an alert may make others moot
            changes += self._resolve(alert, at, is_news=is_news) if not alert.fires else self._voice(alert, at, is_news)
        return changes

    def end_round(self, at: Moment) -> list[AlertEvent]:
        """Note what was not observed in a whole round, and close what has not been for a while."""
        self._silences.end_overdue(at)
        changes: list[AlertEvent] = []
        for alert in self._all():
            if alert.seen < at.monotonic:
                changes += self._miss(alert, at)
        self._forget(at)
        return changes

    def end_run(self, run: str, at: Moment, still_judged: frozenset[str] = frozenset()) -> list[AlertEvent]:
        """Close the alerts of a run that has ended, those on the metrics ``still_judged`` apart, and its silences."""
        self._silences.end_run(run)
        over = [alert for alert in self._all() if alert.identity.labels.get("run") == run]
        return self._close([item for item in over if item.rule.metric not in still_judged], "The run has ended.", at)

    def resume(self, at: Moment) -> None:
        """Begin durations anew after a suspend: nobody observed the time between."""
        self._quiet_until = at.monotonic + RESUME_SECONDS
        for alert in self._all():
            alert.begin_anew(at.monotonic)

    def open_alerts(self) -> list[AlertEvent]:
        """Return what fires, also where it has no data at present, the most severe and newest first."""
        events = [alert.event for alert in self._all() if alert.fires]
        return sorted(events, key=lambda event: (-RANK[event.severity], -event.since))

    def statuses(self) -> tuple[RuleStatus, ...]:
        """Return every rule, also those turned off, with what it was last compared with."""
        return self._rules.statuses()

    def snooze(self, silence: Silence, at: Moment) -> list[AlertEvent]:
        """Announce nothing of a subject from now on; what fires of it is told again when that ends."""
        self._silences.add(silence, at)
        there = [alert for alert in self._all() if alert.state in OPEN]
        return [event for alert in there for event in self._voice(alert, at, is_news=False)]

    def end_snooze(self, scope: Scope, subject: str = "") -> None:
        """End a silence; what still fires is announced with its next observation."""
        self._silences.remove(scope, subject)

    def acknowledge(self, key: str, at: Moment, note: str = "") -> list[AlertEvent]:
        """Mark a firing alert as seen by a person: it is announced again only if it gets worse."""
        for alert in self._all():
            if alert.fires and alert.identity.key == key:
                return self._acknowledge(alert, at, note)
        return []

    def set_rules(self, rules: Iterable[Rule], at: Moment) -> list[AlertEvent]:
        """Judge by these rules from now on; alerts of rules that are gone or off are closed, all others stay."""
        self._rules = Rulebook(rules)
        gone = []
        for alert in self._all():
            rule = self._rules.get(alert.rule.name)
            if rule is None or rule.metric != alert.rule.metric:
                gone.append(alert)
            elif rule != alert.rule:
                alert.follow(rule)
        return self._close(gone, "Its rule was turned off.", at)

    def document(self, at: Moment) -> dict[str, Any]:
        """Describe what must survive a restart, as JSON can hold it."""
        return {
            "time": at.wall,
            "alerts": [alert.document(at) for alert in self._all()[:_MOST_KEPT] if alert.fires],
            "silences": self._silences.document(),
            "spent": [[*_written(key), time] for key, time in self._spent.items()],
            "flaps": [[*_written(key), flaps.document(at.monotonic)] for key, flaps in self._flaps.items()],
        }

    def restore(self, document: Mapping[str, Any], at: Moment) -> None:
        """Go on where another session stopped. Raises KeyError, TypeError or ValueError for no such document."""
        away = max(0.0, at.wall - document["time"])
        for item in document["alerts"]:
            rule = self._rules.get(item["event"]["rule"])
            if rule is not None:
                alert = Alert.from_document(item, rule, at, away)
                alert.seen += RESTORE_SECONDS
                self._alerts.setdefault(rule.name, {})[_key_of(alert)] = alert
        self._silences.restore(document["silences"], at)
        for name, labels, time in document["spent"]:
            self._spent[_read(name, labels)] = time
        for name, labels, flaps in document.get("flaps", ()):  # an older version kept none
            self._flaps[_read(name, labels)] = Flaps.from_document(flaps, at.monotonic - away)

    def _all(self) -> list[Alert]:
        return [alert for alerts in self._alerts.values() for alert in alerts.values()]

    def _judge(
        self, key: Key, rule: Rule, seen: Observation, distances: Mapping[str, float], at: Moment
    ) -> Alert | None:
        """Bring one alert up to date; None where there is none, or it came to nothing."""
        alerts = self._alerts.setdefault(rule.name, {})
        alert = alerts.get(key)
        if alert is None:
            is_breach = any(rule.breached_by(seen.value, level, distances) for level in rule.all_levels)
            if not is_breach or key in self._spent:
                return None
            alert = alerts[key] = Alert.begin(rule, seen, at)
        self._return_data(alert, at)
        came_back = alert.weigh(seen.value, distances, at.monotonic)
        if not alert.fires and all(since is None for since in alert.beyond):
            del alerts[key]
            return None
        was = alert.level
        flaps = self._flaps.get(key)
        wait = max(rule.clear_seconds, flaps.wait if flaps is not None else 0.0)
        alert.level = alert.level_at(at.monotonic, wait)
        alert.take(seen, distances, at)
        self._move(alert, key, was, seen, at, came_back=came_back)
        return alert if alert.fires or was != PENDING else None

    def _move(self, alert: Alert, key: Key, was: int, seen: Observation, at: Moment, *, came_back: bool) -> None:
        """Follow a change of the level: it fired, got worse, got milder, or came back before it was over."""
        if alert.level > was:
            is_flap = was == PENDING or alert.level <= alert.highest
            self._count(alert, key, at, is_flap=is_flap)
            alert.highest = max(alert.highest, alert.level)
            cause, advice = alert.rule.explain(seen.kind)
            evidence = Evidence(self._past(seen) or ((at.wall, seen.value),), cause, advice)
            alert.event = replace(alert.event, state=AlertState.FIRING, evidence=evidence)
            if alert.rule.once_per_run:
                self._spend(key, at)
        elif PENDING < alert.level < was and alert.voiced is not None:
            alert.voiced = min(alert.voiced, alert.severity, key=RANK.__getitem__)
        elif came_back and alert.fires:
            self._count(alert, key, at, is_flap=True)
            if alert.event.occurrence == FLAPS and alert.state == AlertState.FIRING:
                alert.voiced = None

    def _count(self, alert: Alert, key: Key, at: Moment, *, is_flap: bool) -> None:
        if is_flap:
            flaps = self._flaps.setdefault(key, Flaps())
            flaps.fire(at.monotonic)
            alert.event = replace(alert.event, occurrence=flaps.occurrence)

    def _spend(self, key: Key, at: Moment) -> None:
        """Remember that a subject was told of once and for all."""
        self._spent[key] = at.wall
        while len(self._spent) > _MOST_SPENT:
            del self._spent[next(iter(self._spent))]

    def _voice(self, alert: Alert, at: Moment, is_news: bool) -> list[AlertEvent]:
        """Announce an alert, or publish only that it changed, or nothing."""
        if alert.state == AlertState.ACKNOWLEDGED:
            return self._publish(alert, AlertState.ACKNOWLEDGED, at)
        if self._silences.cover(alert.identity):
            alert.voiced = None
            return self._publish(alert, AlertState.SNOOZED, at)
        is_due = alert.voiced is None or RANK[alert.severity] > RANK[alert.voiced]
        repeat = alert.rule.repeat_after(alert.severity)
        is_once_more = bool(repeat) and at.monotonic - alert.voiced_at >= repeat
        is_muted = not is_news or at.monotonic < self._quiet_until or alert.is_quiet  # what is quiet is all but over
        if is_muted or not (is_due or is_once_more) or self._is_inhibited(alert):
            return self._publish(alert, AlertState.FIRING, at)
        said = self._announce(alert, at)
        if is_due:
            return [said]
        title, summary = again(said, at.monotonic - alert.begun)
        return [replace(said, title=title, summary=summary)]

    def _announce(self, alert: Alert, at: Moment) -> AlertEvent:
        alert.voiced, alert.voiced_at = alert.severity, at.monotonic
        event = self._change(alert, AlertState.FIRING, at, notify=True)
        return replace(event, summary=flapping(event)) if event.occurrence >= FLAPS else event

    def _publish(self, alert: Alert, state: AlertState, at: Moment) -> list[AlertEvent]:
        """Tell that an alert is in this state, without a word to a person; nothing where that is known."""
        if alert.told == (state, alert.severity):
            return []
        return [self._change(alert, state, at, notify=False)]

    def _change(self, alert: Alert, state: AlertState, at: Moment, *, notify: bool) -> AlertEvent:
        alert.event = replace(alert.event, state=state, time=at.wall, notify=notify)
        alert.told = (state, alert.severity)
        return alert.event

    def _is_inhibited(self, alert: Alert) -> bool:
        return any(
            item.mutes(alert.identity, (it.identity for it in self._alerts.get(item.source, {}).values() if it.fires))
            for item in self._inhibitions
            if alert.rule.name in item.targets
        )

    def _resolve(self, alert: Alert, at: Moment, *, is_news: bool) -> list[AlertEvent]:
        was_said = alert.voiced is not None and is_news and not self._silences.cover(alert.identity)
        return [self._over(alert, at, "", notify=was_said)]

    def _over(self, alert: Alert, at: Moment, why: str, *, notify: bool) -> AlertEvent:
        """Take an alert out and return its last event; ``why`` is the reason where its value did not recover."""
        del self._alerts[alert.rule.name][_key_of(alert)]
        seconds = at.monotonic - alert.begun
        event = self._change(alert, AlertState.RESOLVED, at, notify=notify)
        summary = why or recovery(alert.rule, event, seconds)
        return replace(event, severity=alert.gravest, title=alert.worst, summary=summary, lasted=seconds)

    def _close(self, alerts: Iterable[Alert], why: str, at: Moment) -> list[AlertEvent]:
        """Close alerts without a word to a person, and tell of those that were more than pending."""
        closed = [(alert.fires, self._over(alert, at, why, notify=False)) for alert in alerts]
        return [event for had_fired, event in closed if had_fired]

    def _acknowledge(self, alert: Alert, at: Moment, note: str) -> list[AlertEvent]:
        if alert.state == AlertState.ACKNOWLEDGED and note in ("", alert.event.note):
            return []
        alert.event = replace(alert.event, note=note or alert.event.note)
        alert.voiced = alert.severity
        if alert.state == AlertState.NO_DATA:
            alert.before_gap = AlertState.ACKNOWLEDGED
            return []
        return [self._change(alert, AlertState.ACKNOWLEDGED, at, notify=False)]

    def _return_data(self, alert: Alert, at: Moment) -> None:
        alert.seen, alert.missed = at.monotonic, 0
        if alert.state == AlertState.NO_DATA:
            alert.event = replace(alert.event, state=alert.before_gap)

    def _miss(self, alert: Alert, at: Moment) -> list[AlertEvent]:
        """Count a round without a value of an alert."""
        alert.missed += 1
        if at.monotonic - alert.seen > FORGET_SECONDS:
            return self._close([alert], f"{alert.identity.subject} is no longer observed.", at)
        if alert.missed < MISSED_ROUNDS:
            return []
        if not alert.fires:  # nobody can say that it lasted
            return self._close([alert], "", at)
        if alert.state == AlertState.NO_DATA:
            return []
        alert.before_gap = alert.state
        return self._publish(alert, AlertState.NO_DATA, at)

    def _forget(self, at: Moment) -> None:
        """Let go of figures and flaps that do not matter any more."""
        self._rules.forget(at.monotonic - FORGET_SECONDS)
        self._flaps = {
            key: flaps
            for key, flaps in self._flaps.items()
            if key in self._alerts.get(key[0], {}) or not flaps.is_over(at.monotonic)
        }


def judge_once(rules: Iterable[Rule], observations: Iterable[Observation], now: float) -> list[AlertEvent]:
    """Return what is beyond its limit right now, treating every ``for`` as elapsed (for ``check``)."""
    engine = Engine(replace(rule, for_seconds=0.0) for rule in rules)
    return [event for event in engine.observe(observations, Moment(now, 0.0)) if event.notify]


def _written(key: Key) -> list[Any]:
    name, labels = key
    return [name, [list(pair) for pair in labels]]


def _read(name: str, labels: Iterable[Iterable[object]]) -> Key:
    return name, tuple((str(label), str(value)) for label, value in labels)


def _key_of(alert: Alert) -> Key:
    return (alert.rule.name, labels_key(alert.identity.labels))
