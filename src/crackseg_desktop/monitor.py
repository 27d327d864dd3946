"""Monitor: the composition of the core. Sources put events on one queue; one thread drains it.

Sources -> insight -> recent history and alerts -> notifiers and subscribers: that is the only way through, and only the
Monitor thread walks it, so none of these rooms needs a lock. What a person decides (snooze, acknowledge) is a method
here and goes through the same queue.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from crackseg_desktop.alerting import Alerting
from crackseg_desktop.event_queue import EventQueue
from crackseg_desktop.history.recent import Recent, Window
from crackseg_desktop.readings import (
    AlertEvent,
    CurvePoints,
    FoldersRead,
    HostAnswer,
    Run,
    RunFacts,
    RunParked,
    RunRemoved,
    RunResumed,
    RunState,
    Sample,
    Scope,
    Silence,
    SilencesChanged,
)
from crackseg_desktop.recording import Recording
from crackseg_desktop.tracking import RunTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crackseg_desktop.alerting import Keeper
    from crackseg_desktop.alerts.rule import Rule, RuleStatus
    from crackseg_desktop.clock import Clock
    from crackseg_desktop.curves import Curves
    from crackseg_desktop.history.health import Health
    from crackseg_desktop.recording import Historian

log = logging.getLogger(__name__)

Published = Sample | CurvePoints | Run | RunRemoved | RunResumed | AlertEvent | SilencesChanged
"""What a subscriber is told, in the Monitor thread and in order."""


class Worker(Protocol):
    """A source in a thread of its own, or a notifier: what Monitor starts and stops."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self, timeout: float) -> object:
        """End within the timeout, in seconds, or leave a daemon thread behind."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a face needs to begin with; copies, so that it may keep them in another thread."""

    sample: Sample | None = None
    window: Window | None = None
    runs: tuple[Run, ...] = ()
    curves: Mapping[str, Curves] = field(default_factory=dict)
    alerts: tuple[AlertEvent, ...] = ()  # those that fire first, then what was resolved, newest first
    snoozed_until: float | None = None  # until when everything is silenced
    silences: tuple[Silence, ...] = ()
    rules: tuple[RuleStatus, ...] = ()
    dropped_samples: int = 0
    history: Health | None = None  # how the history is doing; None: none is kept


class Monitor:
    """Watches. Subscribers and answers are called in the Monitor thread and must return at once.

    ``announce`` is told every change of an alert; what is to be said to a person has ``notify`` set. ``remember`` is
    told what the points of a run amount to, once they are left in its files. ``keeper`` keeps alerts over restarts,
    ``historian`` the series.

    Attributes:
        publish: what sources call with an ``Event``, from any thread; waits while the queue is full.
        look_soon: has all processes looked through with the next reading: called where a run appears or falls silent.
        read_curves: what reads the curves of a parked run from its files, without waiting for them.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        clock: Clock,
        announce: Callable[[AlertEvent], None],
        remember: Callable[[RunParked], None] = lambda parked: None,
        keeper: Keeper | None = None,
        historian: Historian | None = None,
    ) -> None:
        self._announce = announce
        self._remember = remember
        self.read_curves: Callable[[str, Callable[[Curves], None]], None] = lambda run, answer: None
        self.look_soon: Callable[[], None] = lambda: None
        self._queue = EventQueue()
        self.publish = self._queue.put
        self._thread = threading.Thread(target=self._drain, name="monitor", daemon=True)
        self._sources: list[Worker] = []
        self._notifiers: list[Worker] = []
        self._subscribers: list[Callable[[Published], None]] = []
        self._recent = Recent()
        self._recording = Recording(historian)
        self._tracker = RunTracker(clock)
        self._alerting = Alerting(rules, clock, self._tracker, self._recent, keeper)
        self._sample: Sample | None = None
        self._states: dict[str, RunState] = {}
        self._silences: tuple[Silence, ...] = ()

    def start(self, sources: Sequence[Worker], notifiers: Sequence[Worker] = ()) -> None:
        """Start watching; the notifiers first, so that nothing is missed."""
        self._sources, self._notifiers = list(sources), list(notifiers)
        self._thread.start()
        for worker in (*self._notifiers, *self._sources):
            worker.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Stop sources first, then finish what is queued, then let the notifiers say it; idempotent."""
        while self._sources:
            self._sources.pop().stop(timeout)
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join(timeout)
        while self._notifiers:
            self._notifiers.pop().stop(timeout)

    def subscribe(self, subscriber: Callable[[Published], None]) -> None:
        """Tell ``subscriber`` everything from now on."""
        self._ask(lambda: self._subscribers.append(subscriber))

    def unsubscribe(self, subscriber: Callable[[Published], None]) -> None:
        """Tell it nothing more once what is queued has been handled."""
        self._ask(lambda: self._subscribers.remove(subscriber))

    def snapshot(self, answer: Callable[[Snapshot], None]) -> None:
        """Call ``answer`` with all there is to show. What is published after it begins where it ends."""
        self._ask(lambda: answer(self._snapshot()))

    def curves(self, run: str, answer: Callable[[Curves], None]) -> None:
        """Call ``answer`` with the curves of a run; those of a parked one are read from its files, in another thread.

        It is not called for a run that nobody knows.
        """
        self._ask(lambda: self._answer_curves(run, answer))

    def snooze(self, silence: Silence) -> None:
        """Announce nothing of a subject until the silence ends."""
        self._ask(lambda: self._tell_alerts(self._alerting.snooze(silence)))

    def end_snooze(self, scope: Scope, subject: str = "") -> None:
        """End a silence; what still fires is announced then."""
        self._ask(lambda: self._end_snooze(scope, subject))

    def acknowledge(self, key: str, note: str = "") -> None:
        """Mark a firing alert as seen, with what a person has to say about it."""
        self._ask(lambda: self._tell_alerts(self._alerting.acknowledge(key, note)))

    def pin(self, run: str, process: tuple[int, float] | None) -> None:
        """Link a run to a process (its PID, and its start in Unix seconds) as a person says, or no longer."""
        self._ask(lambda: self._pin(run, process))

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Judge by these rules from now on; the alerts of unchanged ones keep their state."""
        known = tuple(rules)
        self._ask(lambda: self._tell_alerts(self._alerting.set_rules(known)))

    def _pin(self, run: str, process: tuple[int, float] | None) -> None:
        self._tell_runs(self._tracker.pin(run, process))
        self._alerting.keep()

    def _end_snooze(self, scope: Scope, subject: str) -> None:
        self._alerting.end_snooze(scope, subject)
        self._tell_silences()

    def _answer_curves(self, run: str, answer: Callable[[Curves], None]) -> None:
        curves = self._tracker.curves_of(run)
        if curves is not None:
            answer(curves)
        else:
            self.read_curves(run, answer)

    def _ask(self, question: Callable[[], None]) -> None:
        self._queue.put_at_once(question)

    def _drain(self) -> None:
        self._guarded(self._alerting.recall, "the alerts of the last session")
        for event in self._queue:
            self._guarded(partial(self._handle, event), type(event).__name__)
        self._guarded(self._alerting.keep, "the alerts of this session")

    def _guarded(self, step: Callable[[], None], name: str) -> None:
        """Take a step; what cannot be handled must not end the watch, and the log names it."""
        try:
            step()
        except Exception:
            log.exception("an event could not be handled: %r", name)

    def _handle(self, event: object) -> None:
        match event:
            case Sample():
                self._on_sample(event)
            case RunFacts():
                self._tell_runs([self._tracker.on_facts(event)])
            case CurvePoints():
                self._tell(event)
                self._tell_runs(self._tracker.on_points(event))
            case RunParked():
                self._on_parked(event)
            case RunResumed():
                self._tracker.on_resumed(event)
                self._tell(event)
            case RunRemoved():
                self._tracker.on_removed(event)
                self._states.pop(event.run, None)
                self._tell(event)
            case FoldersRead():
                self._alerting.on_folders(event)
            case HostAnswer():
                self._alerting.on_host(event)
            case _ if callable(event):
                event()

    def _on_parked(self, parked: RunParked) -> None:
        run, complete = self._tracker.on_parked(parked)
        if parked.summary is None:
            self._remember(complete)
        self._tell_runs([run])

    def _on_sample(self, sample: Sample) -> None:
        self._sample = sample
        self._recent.add(sample)
        self._tell(sample)
        for run in self._tracker.on_sample(sample):
            self._note_liveness(run)
            self._tell(run)
        self._tell_alerts(self._alerting.judge_round(sample))
        self._recording.on_sample(sample, self._alerting.trainings, self._tracker.runs())

    def _tell_runs(self, runs: Iterable[Run]) -> None:
        """Tell a run and judge it at once: a NaN does not wait for the next sample."""
        for run in runs:
            self._note_liveness(run)
            self._tell(run)
            self._tell_alerts(self._alerting.judge_runs([run]))

    def _note_liveness(self, run: Run) -> None:
        """Have its process looked for where a run is there that has none, and was not, or fell silent."""
        before, self._states[run.id] = self._states.get(run.id), run.state
        if run.active and run.state != before and (run.link is None or run.state == RunState.STALLED):
            self.look_soon()

    def _tell_alerts(self, events: Iterable[AlertEvent]) -> None:
        for event in events:
            self._announce(event)
            self._recording.on_alert(event)
            self._tell(event)
        self._tell_silences()

    def _tell_silences(self) -> None:
        if self._alerting.silences != self._silences:
            self._silences = self._alerting.silences
            self._tell(SilencesChanged(self._silences))

    def _tell(self, event: Published) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                # A face that fails must keep neither the alerts nor the other faces from what happened.
                log.exception("a subscriber could not take a %s", type(event).__name__)

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            sample=self._sample,
            window=self._recent.window(),
            runs=self._tracker.runs(),
            curves=self._tracker.curves(),
            alerts=self._alerting.alerts(),
            snoozed_until=self._alerting.snoozed_until,
            silences=self._alerting.silences,
            rules=self._alerting.rules,
            dropped_samples=self._queue.dropped_samples,
            history=self._recording.health,
        )
