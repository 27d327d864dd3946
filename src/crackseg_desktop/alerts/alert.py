"""One alert: one rule and one subject, how long its value has been beyond each level, and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from crackseg_desktop.alerts.records import event_document, event_from
from crackseg_desktop.alerts.words import written
from crackseg_desktop.readings import AlertEvent, AlertState, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.alerts.observation import Moment, Observation
    from crackseg_desktop.alerts.rule import Rule

RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
PENDING = -1


@dataclass(slots=True)
class Alert:
    """What the engine remembers of one pair; times are monotonic.

    Its words are written when somebody reads them: thousands of alerts may change with every sample.

    Attributes:
        severity: of its newest value; ``gravest`` is the worst that it ever had.
        begun: when the value went beyond the limit.
        seen: when its subject was last observed.
        level: the index of its severity among the rule's levels; ``PENDING`` before it fires.
        highest: the highest level it ever had.
        beyond, back: by level, since when the value has been beyond its limit, or back at its clear level.
        told: the state and severity that were last published.
        voiced: the severity that was last announced to a person; None: nobody was told.
        missed: how many rounds have gone by without a value; ``before_gap`` is its state before there was none.
    """

    rule: Rule
    severity: Severity
    gravest: Severity
    begun: float
    seen: float
    _event: AlertEvent
    _title: str  # that its worst value had
    _news: _News | None = None  # what the event does not tell yet
    _worst: _News | None = None  # what the title does not tell yet
    _peak: float | None = None
    level: int = PENDING
    highest: int = PENDING
    beyond: list[float | None] = field(default_factory=list)
    back: list[float | None] = field(default_factory=list)
    told: tuple[AlertState, Severity] | None = None
    voiced: Severity | None = None
    voiced_at: float = 0.0
    missed: int = 0
    before_gap: AlertState = AlertState.FIRING

    @classmethod
    def begin(cls, rule: Rule, seen: Observation, at: Moment) -> Alert:
        """Return a pending alert about what was seen."""
        count = len(rule.all_levels)
        event = _event_of(rule, seen, at.wall)
        return cls(
            rule,
            severity=event.severity,
            gravest=event.severity,
            begun=at.monotonic,
            seen=at.monotonic,
            _event=event,
            _title=event.title,
            beyond=[None] * count,
            back=[None] * count,
        )

    @property
    def event(self) -> AlertEvent:
        """Return how it stands, with the newest value."""
        if self._news is not None:
            self._event = self._news.told_by(self._event, self.rule, self.severity, self._peak)
            self._news = None
        return self._event

    @event.setter
    def event(self, event: AlertEvent) -> None:
        self._event = event

    @property
    def identity(self) -> AlertEvent:
        """Return an event of which rule, subject, labels and state are right; its figures may be old."""
        return self._event

    @property
    def state(self) -> AlertState:
        """Return where it is in its life."""
        return self._event.state

    @property
    def worst(self) -> str:
        """Return the title that its worst value had."""
        if self._worst is not None:
            self._title = self._worst.words(self.rule)[0]
            self._worst = None
        return self._title

    @property
    def fires(self) -> bool:
        """Say whether it is more than pending."""
        return self.level != PENDING

    @property
    def is_quiet(self) -> bool:
        """Say whether its value is back at the clear level of every severity."""
        return all(since is not None for since in self.back)

    def weigh(self, value: float, references: Mapping[str, float], now: float) -> bool:
        """Note since when the value has been beyond and back from each level; say whether it came back from rest.

        It rests where it would be over, were it not for the damping.
        """
        rested = self.fires and self._rested(now, self.rule.clear_seconds)
        for index, level in enumerate(self.rule.all_levels):
            if self.rule.breached_by(value, level, references):
                self.beyond[index] = now if self.beyond[index] is None else self.beyond[index]
                self.back[index] = None
            else:
                self.beyond[index] = None
                is_back = self.rule.cleared_by(value, level, references)
                since = self.back[index]
                self.back[index] = (now if since is None else since) if is_back else None
        return rested and not self.is_quiet

    def level_at(self, now: float, wait: float) -> int:
        """Return the level that it has by now: reached for long enough, or not yet back for ``wait`` seconds."""
        lasting = self.rule.for_seconds
        reached = [i for i, since in enumerate(self.beyond) if since is not None and now - since >= lasting]
        held = [i for i in range(self.level + 1) if not _is_past(self.back[i], now, wait)]
        return max(reached + held, default=PENDING)

    def take(self, seen: Observation, references: Mapping[str, float], at: Moment) -> None:
        """Take over the newest value, and keep the worst."""
        level = self.rule.all_levels[max(self.level, 0)]
        limit = self.rule.limit_of(level, references)
        self._news = _News(seen, self.rule.limit if limit is None else limit, at.wall)
        self.severity = _capped(level.severity, seen)
        peak = self._peak
        if peak is None or (seen.value > peak if self.rule.comparison == "above" else seen.value < peak):
            self._peak, self._worst = seen.value, self._news
        if RANK[self.severity] > RANK[self.gravest]:
            self.gravest = self.severity

    def begin_anew(self, now: float) -> None:
        """Begin what has not come to pass anew: nobody observed the time before."""
        self.seen, self.missed = now, 0
        self.back = [None] * len(self.back)
        self.beyond = [None if since is None else now for since in self.beyond]
        if not self.fires:
            self.begun = now

    def follow(self, rule: Rule) -> None:
        """Go on under a rule that was changed."""
        self.rule = rule
        count = len(rule.all_levels)
        self.level, self.highest = min(self.level, count - 1), min(self.highest, count - 1)
        self.beyond, self.back = [None] * count, [None] * count

    def document(self, at: Moment) -> dict[str, Any]:
        """Describe it as JSON can hold it; what is monotonic becomes an age in seconds."""
        return {
            "event": event_document(self.event),
            "worst": self.worst,
            "gravest": self.gravest.value,
            "age": at.monotonic - self.begun,
            "level": self.level,
            "highest": self.highest,
            "voiced": self.voiced.value if self.voiced is not None else None,
            "voiced_age": at.monotonic - self.voiced_at,
            "before_gap": self.before_gap.value,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any], rule: Rule, at: Moment, away: float) -> Alert:
        """Return what was described ``away`` seconds ago. Raises KeyError, TypeError or ValueError."""
        event = event_from(document["event"])
        count = len(rule.all_levels)
        voiced = document["voiced"]
        return cls(
            rule=rule,
            severity=event.severity,
            _event=event,
            _title=document["worst"],
            _peak=event.peak,
            gravest=Severity(document["gravest"]),
            begun=at.monotonic - document["age"] - away,
            seen=at.monotonic,
            level=min(int(document["level"]), count - 1),
            highest=min(int(document["highest"]), count - 1),
            beyond=[None] * count,
            back=[None] * count,
            voiced=Severity(voiced) if voiced is not None else None,
            voiced_at=at.monotonic - document["voiced_age"] - away,
            before_gap=AlertState(document["before_gap"]),
        )

    def _rested(self, now: float, seconds: float) -> bool:
        return all(_is_past(since, now, seconds) for since in self.back)


class _News(NamedTuple):
    """A value that an alert has taken over: what was seen, the limit then, and when (Unix seconds)."""

    seen: Observation
    limit: float
    time: float

    def words(self, rule: Rule) -> tuple[str, str]:
        """Return title and summary."""
        return written(rule, self.seen, self.limit)

    def told_by(self, event: AlertEvent, rule: Rule, severity: Severity, peak: float | None) -> AlertEvent:
        """Return the event with this news."""
        title, summary = self.words(rule)
        return replace(
            event,
            severity=severity,
            value=self.seen.value,
            limit=self.limit,
            title=title,
            summary=summary,
            simulated=self.seen.simulated,
            time=self.time,
            peak=peak,
        )


def _event_of(rule: Rule, seen: Observation, now: float) -> AlertEvent:
    """Return the event of what is about to become an alert; its words come with the value that it takes over."""
    return AlertEvent(
        rule=rule.name,
        subject=seen.subject,
        labels=seen.labels,
        state=AlertState.PENDING,
        severity=_capped(rule.severity, seen),
        metric=rule.metric,
        value=seen.value,
        limit=rule.limit,
        since=now,
        time=now,
        title="",
        summary="",
        notify=False,
        simulated=seen.simulated,
        channels=rule.channels,
    )


def _capped(severity: Severity, seen: Observation) -> Severity:
    """Return a level's severity, or the milder one that was seen to be the most."""
    return severity if seen.severity is None else min(severity, seen.severity, key=RANK.__getitem__)


def _is_past(since: float | None, now: float, seconds: float) -> bool:
    return since is not None and now - since >= seconds
