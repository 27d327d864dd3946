"""``simulate``: a fault is acted out before the real rules and channels, and what happens is said line by line.

Everything behind the sources is real: the Monitor, the rules and channels of the settings, the notifications, which are
labelled as simulated. What is written goes to a folder of its own, so that a running instance, its history and its
alert log know nothing of it. No rule is changed: where the fault lasts shorter than a rule waits (its ``for``, the
rhythm of a training), the clock of the simulation, which Monitor and sources share, runs so much faster. The channels
have the real one.
"""

from __future__ import annotations

import queue
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.alerts.log import AlertLog
from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.core import announcer, build_router
from crackseg_desktop.monitor import Monitor
from crackseg_desktop.notify.words import Action
from crackseg_desktop.readings import OPEN, AlertEvent, AlertState, Scope, Silence
from crackseg_desktop.simulation.faults import Span, events
from crackseg_desktop.simulation.timeline import PacedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crackseg_desktop.alerts.rule import Rule, RuleStatus
    from crackseg_desktop.clock import Clock
    from crackseg_desktop.monitor import Published, Snapshot
    from crackseg_desktop.notify.notifier import Delivery, Notifier
    from crackseg_desktop.notify.remote import Remote
    from crackseg_desktop.notify.router import Router
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.simulation.faults import Fault

TICK_SECONDS = 0.25
CALM_SECONDS = 1.0
"""So long all is well before the fault."""
_SNOOZE_SECONDS = 3600.0
_ANSWER_SECONDS = 10.0
_GATHER_SECONDS = 11.0
"""What is announced of a subject so soon after something else may be gathered, and must be waited for."""
_SEND_SECONDS = 2.0
_REMOTE_SECONDS = 30.0
"""So long a remote channel that has not said anything is waited for at the end."""
_MARGIN = 1.2


@dataclass(slots=True)
class Outcome:
    """What came of a simulation: which alerts it set off, and what became of their notifications."""

    fired: set[str] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def delivered_by(self) -> list[str]:
        """Name the channels that delivered, each once."""
        return list(dict.fromkeys(delivery.notifier for delivery in self.deliveries if delivery.error is None))


def simulate(
    fault: Fault,
    seconds: float,
    settings: Settings,
    folder: Path,
    clock: Clock,
    notifiers: Sequence[Notifier],
    pause: Callable[[float], object],
    say: Callable[[str], None],
    remote: Remote | None = None,
) -> str | None:
    """Let a fault last so many seconds, wait for its end to be told, and return why nobody was reached, if so.

    ``folder`` takes what is written; ``pause`` waits so many seconds; ``say`` takes each line. ``remote`` sends to the
    remote channels; its queue should be in memory.
    """
    rules, _ = rules_from(settings.rules, with_disabled=True)
    rate = pace(fault, rules, seconds)
    begins = clock.time() - rate * (CALM_SECONDS + seconds)  # so that the end of the fault is now
    told = PacedClock(clock, begins, rate)
    span = Span(begins + rate * CALM_SECONDS, begins + rate * (CALM_SECONDS + seconds))
    router = build_router(settings, clock, notifiers)
    kept = AlertLog(folder, told)
    monitor = Monitor(rules, told, announcer(router, remote), keeper=kept)
    stage = _Stage(fault, span, clock, told, monitor, router, remote, say)
    say(f"{fault.says}, simulated for {units.duration(seconds)}; nothing of it is kept.")
    if rate > 1:
        say(f"Its clock runs {rate:.3g} times as fast, so that what the rules wait for comes to pass.")
    monitor.start([], [kept, router, *([] if remote is None else [remote])])
    try:
        stage.play(pause, until=span.ends + rate * seconds)
    finally:
        monitor.stop()
    outcome = stage.close()
    if outcome.delivered_by:
        say(f"Delivered by {', '.join(outcome.delivered_by)}.")
        return None
    return _why_nobody(fault, rules, settings, outcome)


def pace(fault: Fault, rules: Sequence[Rule], seconds: float) -> float:
    """Return how many times faster than the real clock the simulation runs, at least 1.

    Both the fault and what comes after it last so many ``seconds`` of the real clock, within which the rules that the
    fault is aimed at must have waited for long enough.
    """
    aimed = [rule for rule in rules if rule.name in fault.rules]
    waited = [rule.limit for rule in aimed if rule.unit == "seconds"]
    before = fault.onset + max((*waited, 0.0)) + max((rule.for_seconds for rule in aimed), default=0.0)
    after = max((rule.clear_seconds for rule in aimed), default=0.0)
    return max(1.0, _MARGIN * max(before, after) / max(seconds - 2 * TICK_SECONDS, TICK_SECONDS))


class _Stage:
    """Acts a fault out and says what comes of it. Belongs to the calling thread, apart from what it is told."""

    def __init__(
        self,
        fault: Fault,
        span: Span,
        clock: Clock,
        told: PacedClock,
        monitor: Monitor,
        router: Router,
        remote: Remote | None,
        say: Callable[[str], None],
    ) -> None:
        self._fault, self._span, self._clock, self._told = fault, span, clock, told
        self._monitor, self._say = monitor, say
        self._channels = remote.channels if remote is not None else ()
        self._speakers = (router,) if remote is None else (router, remote)
        self._unheard: set[str] = set()
        self._news: deque[AlertEvent | str] = deque()
        self._pending: set[tuple[str, str]] = set()
        self._outcome = Outcome()
        self._announced: dict[str, float] = {}
        self._settled = 0.0
        monitor.subscribe(self._on_event)
        router.on_action = self._on_action

    def play(self, pause: Callable[[float], object], until: float) -> None:
        """Tell the sources' story, in steps; it ends early once what recovers has recovered."""
        since = None
        while since is None or not self._is_over(since, until):
            now = self._told.time()
            for event in events(self._fault, self._span, since, now, self._told.monotonic()):
                self._monitor.publish(event)
            since = now
            self._report(self._snapshot())
            pause(TICK_SECONDS)
        patience = self._clock.monotonic() + _REMOTE_SECONDS
        while (now := self._clock.monotonic()) < self._settled or (self._unheard and now < patience):
            self._report(self._snapshot())
            pause(TICK_SECONDS)

    def close(self) -> Outcome:
        """Say what came last, once everything has stopped, and return all that came of it."""
        self._report(None)
        return self._outcome

    def _is_over(self, now: float, until: float) -> bool:
        is_recovering = self._fault.recovers and bool(self._outcome.fired - self._outcome.over)
        return now >= (until if is_recovering else self._span.ends)

    def _snapshot(self) -> Snapshot:
        answers: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
        self._monitor.snapshot(answers.put)
        return answers.get(timeout=_ANSWER_SECONDS)

    def _on_event(self, event: Published) -> None:
        if isinstance(event, AlertEvent):
            self._news.append(event)

    def _on_action(self, key: str, action: str) -> None:
        """Do what a person chose on a notification, in the notifier's thread."""
        self._news.append(f"answered: {action}")
        match action:
            case Action.ACKNOWLEDGE:
                self._monitor.acknowledge(key)
            case Action.SNOOZE:
                made = self._told.time()
                self._monitor.snooze(Silence(Scope.ALERT, key, made + _SNOOZE_SECONDS, made))

    def _report(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            self._report_pending(snapshot)
        while self._news:
            news = self._news.popleft()
            self._line(news if isinstance(news, str) else self._of(news))
        for delivery in (item for speaker in self._speakers for item in speaker.deliveries):
            if delivery not in self._outcome.deliveries:
                self._outcome.deliveries.append(delivery)
                self._unheard.discard(delivery.notifier)
                self._line(f"{delivery.notifier}: {delivery.error or 'delivered'}")

    def _report_pending(self, snapshot: Snapshot) -> None:
        firing = {(event.rule, event.subject) for event in snapshot.alerts if event.state in OPEN}
        pending = {
            (status.rule.name, subject): status
            for status in snapshot.rules
            for subject, value in status.values.items()
            if status.rule.enabled and status.rule.for_seconds and status.rule.breached_by(value)
        }
        for place, status in pending.items():
            if place not in self._pending | firing:
                self._line(f"pending: {_waiting(status, place[1])}")
        self._pending = {place for place in pending if place not in firing}

    def _of(self, event: AlertEvent) -> str:
        if event.state in OPEN:
            self._outcome.fired.add(event.key)
            self._outcome.over.discard(event.key)
        elif event.state == AlertState.RESOLVED:
            self._outcome.over.add(event.key)
        if event.notify:
            self._note_announced(event)
        quietly = "" if event.notify or event.state != AlertState.FIRING else ", not announced"
        return f"{event.state} ({event.rule}, {event.severity}{quietly}): {event.title}. {event.summary}"

    def _note_announced(self, event: AlertEvent) -> None:
        """Note until when what is said of an event may take, and by whom it is to be."""
        now = self._clock.monotonic()
        takers = {channel.name for channel in self._channels if channel.takes(event)}
        self._unheard |= takers - {delivery.notifier for delivery in self._outcome.deliveries}
        is_gathered = now - self._announced.get(event.subject, float("-inf")) < _GATHER_SECONDS
        wait = _GATHER_SECONDS if is_gathered else _SEND_SECONDS if takers else 0.0
        self._settled = max(self._settled, now + wait)
        self._announced[event.subject] = now

    def _line(self, text: str) -> None:
        since = self._told.time() - self._span.begins
        self._say(units.printable(f"{max(since, 0.0):7.1f} s  {text}"))


def _waiting(status: RuleStatus, subject: str) -> str:
    rule = status.rule
    value, limit = (units.figure(rule.unit, figure) for figure in (status.values[subject], rule.limit))
    return f"{rule.name} of {subject} at {value}, limit {limit}, for {units.duration(rule.for_seconds)}"


def _why_nobody(fault: Fault, rules: Sequence[Rule], settings: Settings, outcome: Outcome) -> str:
    aimed = [rule for rule in rules if rule.name in fault.rules]
    off = [rule.name for rule in aimed if not rule.enabled]
    if not outcome.fired:
        limits = ", ".join(f"{rule.name} {rule.comparison} {units.figure(rule.unit, rule.limit)}" for rule in aimed)
        return f"no rule fired: {', '.join(off)} is turned off" if off else f"no rule fired; its limits are {limits}"
    if not settings.notifications.enabled:
        return "nobody was told: the settings turn notifications off"
    failed = {delivery.notifier: delivery.error for delivery in outcome.deliveries}
    return f"no channel delivered it ({'; '.join(f'{name}: {error}' for name, error in failed.items()) or 'none'})"
