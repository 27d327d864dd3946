"""Alerts as the Monitor has them: what the engine is told, what it remembers over restarts, and what is over."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from crackseg_desktop.alerts.engine import Engine
from crackseg_desktop.alerts.observation import Moment
from crackseg_desktop.alerts.observe import observations
from crackseg_desktop.alerts.outages import Outages
from crackseg_desktop.judging import AFTERMATH
from crackseg_desktop.readings import AlertEvent, AlertState, FoldersRead, HostAnswer, Scope, Silence
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crackseg_desktop.alerts.log import Recalled
    from crackseg_desktop.alerts.observation import Observation
    from crackseg_desktop.alerts.rule import Rule, RuleStatus
    from crackseg_desktop.clock import Clock
    from crackseg_desktop.history.recent import Recent
    from crackseg_desktop.readings import Run, Sample
    from crackseg_desktop.tracking import RunTracker

log = logging.getLogger(__name__)

REMEMBERED_ALERTS = 100
_NEWS_SECONDS = 60.0
"""What happened longer ago (a sample that waited through a suspend, the past of a demonstration) is recorded only."""
_KEEP_SOON, _KEEP_LATE = 5.0, 60.0
"""How often the state is kept, in seconds: after changes, and without."""
_STANDS_FOR = {
    "gpu_memory_used_ratio": "gpu_memory_used_bytes",
    "host_memory_used_ratio": "host_memory_used_bytes",
}
"""Shares that are not stored, and the series that is, of which they are a fixed multiple."""


class Keeper(Protocol):
    """Where alerts and the state of the engine are kept; see ``alerts.log``."""

    def add(self, event: AlertEvent) -> None:
        """Write a change of an alert, at once and without waiting."""
        ...

    def keep(self, document: Mapping[str, Any]) -> None:
        """Keep what the engine must remember."""
        ...

    def recall(self) -> Recalled:
        """Return what an earlier session left."""
        ...


@dataclass(slots=True)
class _Before:
    """The session before this one: when it was last there, and which runs were active."""

    time: float
    active: Sequence[str]


class Alerting:
    """The engine and what stands around it. Belongs to the Monitor thread; what returns events leaves the telling.

    Attributes:
        trainings: what was seen of the trainings in the last round.
    """

    def __init__(
        self, rules: Iterable[Rule], clock: Clock, tracker: RunTracker, recent: Recent, keeper: Keeper | None
    ) -> None:
        self._clock, self._tracker, self._recent, self._keeper = clock, tracker, recent, keeper
        self._engine = Engine(rules, self._past)
        self._outages = Outages()
        self.trainings: tuple[Observation, ...] = ()
        self._resolved: list[AlertEvent] = []
        self._before: _Before | None = None
        self._kept_at = float("-inf")
        self._has_news = False

    @property
    def silences(self) -> tuple[Silence, ...]:
        """Return what a person does not want to hear of."""
        return self._engine.silences

    @property
    def snoozed_until(self) -> float | None:
        """Return until when everything is silenced, in Unix seconds; None: it is not."""
        return next((item.until for item in self.silences if item.scope == Scope.ALL), None)

    @property
    def rules(self) -> tuple[RuleStatus, ...]:
        """Return the rules with what they were last compared with."""
        return self._engine.statuses()

    def alerts(self) -> tuple[AlertEvent, ...]:
        """Return what fires, then what was resolved, newest first."""
        return (*self._engine.open_alerts(), *self._resolved)

    def recall(self) -> None:
        """Go on where an earlier session stopped."""
        if self._keeper is None:
            return
        recalled = self._keeper.recall()
        self._resolved = list(recalled.resolved[:REMEMBERED_ALERTS])
        if recalled.document is None:
            return
        try:
            self._engine.restore(recalled.document["engine"], self.now())
            self._before = _Before(float(recalled.document["time"]), list(recalled.document["active"]))
            pins = recalled.document.get("pins", {}).items()  # an older version kept none
            self._tracker.set_pins({run: (int(pid), float(started)) for run, (pid, started) in pins})
        except (KeyError, TypeError, ValueError) as error:
            log.warning("what was kept of the alerts cannot be used: %r", error)

    def keep(self) -> None:
        """Keep what must survive a restart."""
        if self._keeper is None:
            return
        at = self.now()
        self._kept_at, self._has_news = at.monotonic, False
        document = {
            "time": at.wall,
            "active": list(self._tracker.active()),
            "engine": self._engine.document(at),
            "pins": self._tracker.pins,
        }
        self._keeper.keep(document)

    def judge_round(self, sample: Sample) -> list[AlertEvent]:
        """Judge everything there is at the moment of a sample, and close what is no longer there."""
        at = Moment(sample.time, sample.monotonic)
        if sample.gap:
            self._engine.resume(at)
        is_news = self._clock.monotonic() - sample.monotonic < _NEWS_SECONDS
        outages = self._outages.observations(at.wall)
        around = (*observations(sample), *outages, *self._tracker.away_observations())
        runs = self._tracker.runs()
        events = self._end(runs, at)
        self.trainings = tuple(self._tracker.observations(runs))
        events += self._engine.observe((*around, *self.trainings), at, is_news=is_news)
        events = self._noted(events + self._engine.end_round(at))
        since_kept = at.monotonic - self._kept_at
        if since_kept >= (_KEEP_SOON if self._has_news else _KEEP_LATE):
            self.keep()
        return events

    def judge_runs(self, runs: Iterable[Run]) -> list[AlertEvent]:
        """Judge runs at once: a NaN does not wait for the next sample."""
        runs, at = tuple(runs), self.now()
        return self._noted(self._end(runs, at) + self._engine.observe(tuple(self._tracker.observations(runs)), at))

    def on_folders(self, read: FoldersRead) -> None:
        """Take over which mounts are silent; the first time, what ended while nobody watched is known by now."""
        self._outages.on_folders(read)
        before, self._before = self._before, None
        if before is not None:
            self._tracker.note_away(before.time, before.active)

    def on_host(self, answer: HostAnswer) -> None:
        """Take over how a host answered."""
        self._outages.on_host(answer)

    def snooze(self, silence: Silence) -> list[AlertEvent]:
        """Announce nothing of a subject from now on."""
        self._has_news = True
        return self._noted(self._engine.snooze(silence, self.now()))

    def end_snooze(self, scope: Scope, subject: str) -> None:
        """End a silence."""
        self._has_news = True
        self._engine.end_snooze(scope, subject)

    def acknowledge(self, key: str, note: str) -> list[AlertEvent]:
        """Mark a firing alert as seen."""
        return self._noted(self._engine.acknowledge(key, self.now(), note))

    def set_rules(self, rules: Iterable[Rule]) -> list[AlertEvent]:
        """Judge by these rules from now on."""
        return self._noted(self._engine.set_rules(rules, self.now()))

    def now(self) -> Moment:
        """Return the clock's moment."""
        return Moment(self._clock.time(), self._clock.monotonic())

    def _end(self, runs: Sequence[Run], at: Moment) -> list[AlertEvent]:
        """Close the alerts of runs that have ended."""
        ended = self._tracker.take_ended(runs)
        return [event for run in ended for event in self._engine.end_run(run, at, AFTERMATH)]

    def _noted(self, events: list[AlertEvent]) -> list[AlertEvent]:
        """Keep a record of what changed."""
        for event in events:
            log.info("alert %s %s: %s", event.key, event.state, event.title)
            if event.state == AlertState.RESOLVED:
                self._resolved = [event, *self._resolved][:REMEMBERED_ALERTS]
            if self._keeper is not None:
                self._keeper.add(event)
        self._has_news |= bool(events)
        return events

    def _past(self, seen: Observation) -> tuple[tuple[float, float], ...]:
        """Return the newest values of what an observation is of."""
        if "run" in seen.labels:
            return self._tracker.past(seen)
        stored = _STANDS_FOR.get(seen.metric, seen.metric)
        points = self._recent.tail(series_key(stored, seen.labels))
        if stored == seen.metric or not points or not points[-1][1]:
            return points if stored == seen.metric else ()
        scale = seen.value / points[-1][1]
        return tuple((time, value * scale) for time, value in points)
