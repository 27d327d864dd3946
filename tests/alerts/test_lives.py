"""The promises of the engine, tried on random lives: whatever comes in whatever order, they hold."""

from __future__ import annotations

import json

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crackseg_desktop.alerts.alert import RANK
from crackseg_desktop.alerts.engine import RESUME_SECONDS, Engine, Moment, Observation
from crackseg_desktop.alerts.flapping import FLAPS
from crackseg_desktop.alerts.inhibition import Inhibition
from crackseg_desktop.alerts.rule import Level, Rule
from crackseg_desktop.readings import OPEN, AlertEvent, AlertState, Scope, Severity, Silence

RULES = (
    Rule(
        "hot",
        "gpu_temperature_celsius",
        "above",
        80,
        77,
        Severity.WARNING,
        "{subject} at {value}",
        "",
        for_seconds=10,
        clear_seconds=10,
        levels=(Level(Severity.CRITICAL, 90, 87),),
        repeat_seconds=600,
    ),
    Rule("lost", "gpu_lost", "above", 0, 0, Severity.CRITICAL, "{subject} lost", "", repeat_seconds=0),
    Rule("nan", "training_nonfinite_points_total", "above", 0, 0, Severity.CRITICAL, "NaN", "", once_per_run=True),
)
INHIBITIONS = (Inhibition("lost", frozenset({"hot"}), "gpu"),)
GPUS = ("GPU-1", "GPU-2")
RUN = "0123456789"
SUBJECTS = [("hot", "gpu", gpu) for gpu in GPUS] + [("lost", "gpu", gpu) for gpu in GPUS] + [("nan", "run", RUN)]
STEP = 5.0

Subject = tuple[str, str, str]


class Lives(RuleBasedStateMachine):
    """Turns values, the clock, silences, acknowledgements, suspends and restarts at random."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine(RULES, inhibitions=INHIBITIONS)
        self.at = Moment(1_000_000.0, 50.0)
        self.values: dict[Subject, float] = dict.fromkeys(SUBJECTS, 0.0)
        self.silences: list[Silence] = []
        self.told: dict[Subject, list[AlertEvent]] = {subject: [] for subject in SUBJECTS}
        self.acknowledged: set[Subject] = set()
        self.quiet_until = 0.0
        self.beyond: dict[Subject, float] = {}

    def see(self) -> None:
        """Observe everything once, and check each change on its way out."""
        metrics = {rule.name: rule.metric for rule in RULES}
        seen = [
            Observation(metrics[name], {label: value}, self.values[name, label, value], value)
            for name, label, value in SUBJECTS
        ]
        self.check(self.engine.observe(seen, self.at))
        self.check(self.engine.end_round(self.at))
        for subject in SUBJECTS:
            self.check_lasting(subject)

    def check(self, events: list[AlertEvent]) -> None:
        for event in events:
            ((label, value),) = event.labels.items()
            self.check_one((event.rule, label, value), event)

    def check_one(self, subject: Subject, event: AlertEvent) -> None:
        before = self.told[subject]
        if event.notify:
            assert not self.covered(event)
            if event.state == AlertState.FIRING:
                assert self.at.monotonic >= self.quiet_until
                self.check_announcement(subject, event)
        if event.state == AlertState.RESOLVED:
            assert before, "it resolves and never fired"
            assert before[-1].state != AlertState.RESOLVED, "it resolves twice"
            assert event.lasted is not None
            assert event.lasted >= 0
            self.acknowledged.discard(subject)
        before.append(event)

    def check_announcement(self, subject: Subject, event: AlertEvent) -> None:
        """One breach, one notification: another only where it is worse, told again, flapping, or was silenced."""
        life = self.life(subject)
        said = [item for item in life if item.notify]
        if not said:
            return
        is_worse = RANK[event.severity] > RANK[life[-1].severity] or life[-1].state == AlertState.SNOOZED
        is_reminder = event.title.startswith("Still: ") and event.time - said[-1].time >= 600
        is_flapping = event.summary.startswith("Flapping") and event.occurrence == FLAPS
        was_silenced = any(item.state == AlertState.SNOOZED for item in life[life.index(said[-1]) :])
        was_milder = RANK[event.severity] > min(RANK[item.severity] for item in life)
        assert is_worse or is_reminder or is_flapping or was_silenced or was_milder
        if subject in self.acknowledged:
            assert is_worse or was_milder
            self.acknowledged.discard(subject)

    def life(self, subject: Subject) -> list[AlertEvent]:
        """Return what was told of an alert since it last began."""
        events = self.told[subject]
        ends = [index for index, event in enumerate(events) if event.state == AlertState.RESOLVED]
        return events[ends[-1] + 1 :] if ends else events

    def check_lasting(self, subject: Subject) -> None:
        """What is critical and has lasted is announced, or something that a person or another alert said keeps it."""
        limit = 90.0 if subject[0] == "hot" else 0.0
        if self.values[subject] <= limit:
            self.beyond.pop(subject, None)
            return
        since = self.beyond.setdefault(subject, self.at.monotonic)
        lasting = self.at.monotonic - since >= 10
        life = self.life(subject)
        event = next((item for item in self.engine.open_alerts() if self.is_of(item, subject)), None)
        if subject[0] == "nan" and event is None:
            assert self.told[subject], "a NaN was lost"
            return
        if not lasting:
            return
        assert event is not None, "a critical one does not fire"
        is_muted = self.covered(event) or self.at.monotonic < self.quiet_until
        is_moot = subject[0] == "hot" and self.values["lost", "gpu", subject[2]] > 0
        is_moot = is_moot or any(
            item.rule == "lost" and item.labels == event.labels for item in self.engine.open_alerts()
        )
        if is_muted or (is_moot and subject[0] == "hot") or event.state == AlertState.ACKNOWLEDGED:
            return
        assert event.severity == Severity.CRITICAL
        assert any(item.notify and item.severity == Severity.CRITICAL for item in life), "a critical one was lost"

    @staticmethod
    def is_of(event: AlertEvent, subject: Subject) -> bool:
        return (event.rule, dict(event.labels)) == (subject[0], {subject[1]: subject[2]})

    def covered(self, event: AlertEvent) -> bool:
        """Say by the plain meaning of the silences made whether one holds."""
        for silence in self.silences:
            is_over = silence.until is not None and self.at.wall >= silence.until
            subject = {"all": "", "rule": event.rule, "alert": event.key}.get(
                silence.scope.value, event.labels.get(silence.scope.value)
            )
            if not is_over and subject == silence.subject:
                return True
        return False

    @rule(subject=st.sampled_from(SUBJECTS[:2]), value=st.sampled_from([60.0, 78.0, 85.0, 88.5, 95.0]))
    def set_temperature(self, subject: Subject, value: float) -> None:
        self.values[subject] = value

    @rule(subject=st.sampled_from(SUBJECTS[2:]), value=st.sampled_from([0.0, 1.0]))
    def set_state(self, subject: Subject, value: float) -> None:
        self.values[subject] = value

    @rule(rounds=st.integers(1, 12))
    def pass_time(self, rounds: int) -> None:
        for _ in range(rounds):
            self.at = Moment(self.at.wall + STEP, self.at.monotonic + STEP)
            self.see()

    @rule(
        scope=st.sampled_from([Scope.ALL, Scope.RULE, Scope.GPU, Scope.ALERT, Scope.RUN]),
        seconds=st.sampled_from([10.0, 100.0]),
        gpu=st.sampled_from(GPUS),
    )
    def snooze(self, scope: Scope, seconds: float, gpu: str) -> None:
        subjects = {Scope.ALL: "", Scope.RULE: "hot", Scope.GPU: gpu, Scope.ALERT: f"hot:gpu={gpu}", Scope.RUN: RUN}
        silence = Silence(scope, subjects[scope], self.at.wall + seconds, self.at.wall)
        self.silences = [item for item in self.silences if (item.scope, item.subject) != (scope, silence.subject)]
        self.silences.append(silence)
        self.check(self.engine.snooze(silence, self.at))

    @precondition(lambda self: self.silences)
    @rule(index=st.integers(0, 9))
    def end_snooze(self, index: int) -> None:
        silence = self.silences.pop(index % len(self.silences))
        self.engine.end_snooze(silence.scope, silence.subject)

    @precondition(lambda self: self.engine.open_alerts())
    @rule(index=st.integers(0, 9))
    def acknowledge(self, index: int) -> None:
        alerts = self.engine.open_alerts()
        event = alerts[index % len(alerts)]
        ((label, value),) = event.labels.items()
        events = self.engine.acknowledge(event.key, self.at, "seen")
        assert all(not item.notify for item in events)
        self.check(events)
        self.acknowledged.add((event.rule, label, value))

    @rule(seconds=st.sampled_from([120.0, 3600.0]))
    def suspend(self, seconds: float) -> None:
        self.at = Moment(self.at.wall + seconds, self.at.monotonic + seconds)
        self.engine.resume(self.at)
        self.quiet_until = self.at.monotonic + RESUME_SECONDS
        self.beyond = dict.fromkeys(self.beyond, self.at.monotonic)

    @rule(seconds=st.sampled_from([1.0, 500.0]))
    def restart(self, seconds: float) -> None:
        """Go on in another session: by another monotonic clock, from what JSON can hold."""
        document = json.loads(json.dumps(self.engine.document(self.at)))
        self.at = Moment(self.at.wall + seconds, 7.0)
        self.engine = Engine(RULES, inhibitions=INHIBITIONS)
        self.engine.restore(document, self.at)
        self.quiet_until = 0.0
        self.beyond = {}

    @invariant()
    def open_alerts_are_those_that_were_told(self) -> None:
        for event in self.engine.open_alerts():
            ((label, value),) = event.labels.items()
            assert self.life((event.rule, label, value)), "it is open and nobody was told"
            assert event.state in OPEN

    @invariant()
    def silences_end(self) -> None:
        self.engine.observe([], self.at)
        assert all(silence.until is None or silence.until > self.at.wall for silence in self.engine.silences)


Lives.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLives = Lives.TestCase
