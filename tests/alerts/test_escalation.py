"""Severities, reminders, inhibition, flapping, gaps in the data and edited rules, turned by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.alerts.engine import FORGET_SECONDS, RESUME_SECONDS, Engine, Moment, Observation
from crackseg_desktop.alerts.inhibition import INHIBITIONS
from crackseg_desktop.alerts.rules import BUILTIN
from crackseg_desktop.readings import AlertEvent, AlertState, Scope, Severity, Silence

if TYPE_CHECKING:
    from collections.abc import Iterable

START = 1_000_000.0
FIRING, RESOLVED, SILENT = AlertState.FIRING, AlertState.RESOLVED, AlertState.NO_DATA
GPU = {"gpu": "GPU-1"}


def moment(at: float) -> Moment:
    return Moment(START + at, 50 + at)


class Life:
    """An engine with the built-in rules, told values second by second."""

    def __init__(self, **figures: Any) -> None:
        self.engine = Engine(BUILTIN, **figures)
        self.events: list[AlertEvent] = []
        self.at = 0.0

    def see(self, metric: str, value: float, labels: dict[str, str] | None = None, **words: Any) -> list[AlertEvent]:
        seen = [Observation(metric, labels or GPU, value, "GPU 0", **words)]
        if metric == "gpu_temperature_celsius":
            seen.append(Observation("gpu_temperature_slowdown_celsius", GPU, 87.0, "GPU 0"))
        return self.note(self.engine.observe(seen, moment(self.at)))

    def last(self, seconds: float, metric: str, value: float, **words: Any) -> list[AlertEvent]:
        """Keep a value for so long, observed every second."""
        first = len(self.events)
        until = self.at + seconds
        while self.at <= until:
            self.see(metric, value, **words)
            self.note(self.engine.end_round(moment(self.at)))
            self.at += 1.0
        return self.events[first:]

    def pass_rounds(self, seconds: float) -> list[AlertEvent]:
        """Let time pass without any observation."""
        first = len(self.events)
        until = self.at + seconds
        while self.at <= until:
            self.note(self.engine.end_round(moment(self.at)))
            self.at += 1.0
        return self.events[first:]

    def note(self, events: list[AlertEvent]) -> list[AlertEvent]:
        self.events += events
        return events


def told(events: Iterable[AlertEvent]) -> list[tuple[AlertState, Severity, bool]]:
    return [(event.state, event.severity, event.notify) for event in events]


TEMPERATURE = "gpu_temperature_celsius"
MEMORY = "gpu_memory_used_ratio"


def test_that_one_alert_gets_worse_and_milder_and_says_only_the_worse() -> None:
    life = Life()
    life.last(20, TEMPERATURE, 81)
    life.last(20, TEMPERATURE, 82)
    life.last(20, TEMPERATURE, 78)
    life.last(20, TEMPERATURE, 70)
    assert told(life.events) == [
        (FIRING, Severity.WARNING, True),
        (FIRING, Severity.CRITICAL, True),
        (FIRING, Severity.WARNING, False),
        (RESOLVED, Severity.CRITICAL, True),
    ]
    assert {event.key for event in life.events} == {"gpu_temperature:gpu=GPU-1"}
    assert life.events[1].title == "GPU 0 at 82 °C, limit 82 °C"
    assert life.events[-1].peak == 82
    assert life.events[-1].lasted == pytest.approx(73)


def test_that_a_card_whose_slowdown_point_is_unknown_has_no_critical_level() -> None:
    life = Life()
    for second in range(30):
        life.note(life.engine.observe([Observation(TEMPERATURE, GPU, 99, "GPU 0")], moment(second)))
    assert told(life.events) == [(FIRING, Severity.WARNING, True)]


def test_that_a_jump_past_both_levels_is_one_notification() -> None:
    life = Life()
    assert told(life.see(MEMORY, 0.95)) == [(FIRING, Severity.CRITICAL, True)]


def test_that_what_lasts_is_said_again_and_says_so() -> None:
    life = Life()
    events = life.last(2 * 3600 + 5, MEMORY, 0.95)
    assert [event.time - START for event in events] == [0, 3600, 7200]
    assert events[1].title.startswith("Still: GPU 0 memory nearly full")
    assert events[1].summary.startswith("For 1 h by now.")
    assert life.engine.open_alerts()[0].title == events[0].title


def test_that_an_acknowledged_alert_is_not_said_again_until_it_gets_worse() -> None:
    life = Life()
    life.last(10, MEMORY, 0.91)
    life.engine.acknowledge("gpu_memory:gpu=GPU-1", moment(life.at), "it is the big model")
    assert life.last(5 * 3600, MEMORY, 0.91) == []
    worse = life.last(3, MEMORY, 0.96)
    assert told(worse) == [(FIRING, Severity.CRITICAL, True)]
    assert worse[0].note == "it is the big model"


def test_that_a_lost_gpu_mutes_its_other_alerts_and_only_its_own() -> None:
    life = Life()
    other = {"gpu": "GPU-2"}
    together = [
        Observation(MEMORY, GPU, 0.95, "GPU 0"),
        Observation(MEMORY, other, 0.95, "GPU 1"),
        Observation("gpu_lost", GPU, 1, "GPU 0"),
    ]
    events = life.note(life.engine.observe(together, moment(0)))
    assert {(event.rule, event.subject) for event in events if event.notify} == {
        ("gpu_memory", "GPU 1"),
        ("gpu_lost", "GPU 0"),
    }
    back = [together[0], Observation("gpu_lost", GPU, 0, "GPU 0")]
    again = life.engine.observe(back, moment(5)) + life.engine.observe(back, moment(6))
    assert [(event.rule, event.state) for event in again if event.notify] == [
        ("gpu_memory", FIRING),
        ("gpu_lost", RESOLVED),
    ]


def test_that_inhibitions_name_rules_that_there_are() -> None:
    names = {rule.name for rule in BUILTIN}
    assert {item.source for item in INHIBITIONS} <= names
    assert {target for item in INHIBITIONS for target in item.targets} <= names


def test_that_a_suspend_holds_the_word_for_a_minute_and_loses_nothing() -> None:
    life = Life()
    life.engine.resume(moment(0))
    held = life.last(RESUME_SECONDS - 2, MEMORY, 0.95)
    assert told(held) == [(FIRING, Severity.CRITICAL, False)]
    assert told(life.last(3, MEMORY, 0.95)) == [(FIRING, Severity.CRITICAL, True)]


def test_that_three_missed_rounds_are_no_data_and_its_return_is_no_news() -> None:
    life = Life()
    life.see(MEMORY, 0.95)
    life.at = 1.0
    assert told(life.pass_rounds(4)) == [(SILENT, Severity.CRITICAL, False)]
    assert [event.state for event in life.engine.open_alerts()] == [SILENT], "it is not over, and a window shows it"
    assert told(life.see(MEMORY, 0.95)) == [(FIRING, Severity.CRITICAL, False)]
    assert told(life.pass_rounds(FORGET_SECONDS + 2)) == [
        (SILENT, Severity.CRITICAL, False),
        (RESOLVED, Severity.CRITICAL, False),
    ]


def test_that_a_snooze_brings_back_nothing_without_data() -> None:
    life = Life()
    life.see(MEMORY, 0.95)
    life.at = 1.0
    life.pass_rounds(4)
    assert life.engine.snooze(Silence(Scope.RULE, "disk_space", START + 900, START), moment(life.at)) == []


def test_that_absence_alone_raises_nothing() -> None:
    life = Life()
    life.see(TEMPERATURE, 85)
    life.at = 1.0
    assert life.pass_rounds(200) == []
    assert told(life.last(8, TEMPERATURE, 85)) == []


def test_that_what_returns_waits_longer_to_be_over_and_is_told_as_flapping_once() -> None:
    life = Life()
    for _ in range(40):
        life.last(5, MEMORY, 0.95)
        life.last(25, MEMORY, 0.5)
    said = [event for event in life.events if event.notify]
    assert [(event.state, event.occurrence) for event in said] == [(FIRING, 1), (RESOLVED, 1), (FIRING, 2), (FIRING, 3)]
    assert said[-1].summary.startswith("Flapping: 3 times in 30 min.")
    assert life.engine.open_alerts()[0].occurrence > 3
    over = [event for event in life.last(3700, MEMORY, 0.5) if event.notify]
    assert [event.state for event in over] == [RESOLVED]


def test_that_a_lasting_calm_forgets_the_flapping() -> None:
    life = Life()
    for _ in range(2):
        life.last(5, MEMORY, 0.95)
        life.last(130, MEMORY, 0.5)
    life.pass_rounds(1900)
    life.last(5, MEMORY, 0.95)
    assert [event.state for event in life.last(12, MEMORY, 0.5)] == [RESOLVED]
    assert life.events[-1].occurrence == 1


def test_that_a_run_is_told_of_once_however_often_it_comes_back() -> None:
    life, run = Life(), {"run": "0123456789"}
    metric = "training_epochs_without_progress"
    first = life.see(metric, 10, run, fact="no progress for 10 epochs")
    assert told(first) == [(FIRING, Severity.WARNING, True)]
    assert first[0].title == "GPU 0: no progress for 10 epochs"
    life.at = 5
    assert told(life.see(metric, 0, run)) == [(RESOLVED, Severity.WARNING, True)]
    life.at = 10
    assert life.see(metric, 12, run) == []


def test_that_a_plateau_near_the_end_is_a_notice_only() -> None:
    events = Life().see("training_epochs_without_progress", 10, {"run": "1"}, severity=Severity.INFO)
    assert told(events) == [(FIRING, Severity.INFO, True)]


def test_that_a_plateau_begins_with_the_tenth_epoch() -> None:
    assert Life().see("training_epochs_without_progress", 9, {"run": "1"}) == []


def test_that_a_nan_mutes_the_divergence_of_its_own_run() -> None:
    life = Life()
    seen = [
        Observation("training_divergence_ratio", {"run": "1"}, 9.0, "a"),
        Observation("training_divergence_ratio", {"run": "2"}, 9.0, "b"),
        Observation("training_nonfinite_points_total", {"run": "1"}, 1, "a", fact="Loss is NaN"),
    ]
    events = life.engine.observe(seen, moment(0))
    assert {(event.rule, event.subject) for event in events if event.notify} == {("divergence", "b"), ("nan", "a")}


def test_that_the_end_of_a_run_closes_what_only_a_living_one_has() -> None:
    life = Life()
    seen = [
        Observation("training_silent_ratio", {"run": "1"}, 2.0, "a"),
        Observation("training_nonfinite_points_total", {"run": "1"}, 1, "a", fact="Loss is NaN"),
        Observation("training_silent_ratio", {"run": "2"}, 2.0, "b"),
    ]
    life.engine.observe(seen, moment(0))
    closed = life.engine.end_run("1", moment(5), frozenset({"training_nonfinite_points_total"}))
    assert [(event.rule, event.state, event.notify, event.summary) for event in closed] == [
        ("stalled", RESOLVED, False, "The run has ended.")
    ]
    assert {(event.rule, event.subject) for event in life.engine.open_alerts()} == {("nan", "a"), ("stalled", "b")}


def test_that_a_snooze_until_the_run_ends_ends_with_it() -> None:
    life, run = Life(), {"run": "1"}
    life.engine.snooze(Silence(Scope.RUN, "1", made=START), moment(0))
    held = life.see("training_nonfinite_points_total", 1, run, fact="Loss is NaN")
    assert told(held) == [(AlertState.SNOOZED, Severity.CRITICAL, False)]
    life.engine.end_run("1", moment(5), frozenset({"training_nonfinite_points_total"}))
    assert life.engine.silences == ()
    life.at = 6
    assert told(life.see("training_nonfinite_points_total", 1, run, fact="Loss is NaN")) == [
        (FIRING, Severity.CRITICAL, True)
    ]


def test_that_a_snoozed_alert_that_was_said_is_taken_back_and_said_again_after_it() -> None:
    life = Life()
    life.see(MEMORY, 0.95)
    silence = Silence(Scope.ALERT, "gpu_memory:gpu=GPU-1", START + 60, START)
    assert told(life.engine.snooze(silence, moment(1))) == [(AlertState.SNOOZED, Severity.CRITICAL, False)]
    life.at = 2
    assert life.last(50, MEMORY, 0.95) == []
    life.at = 60
    assert told(life.see(MEMORY, 0.95)) == [(FIRING, Severity.CRITICAL, True)]


def test_that_edited_rules_take_effect_and_others_keep_their_state() -> None:
    life = Life()
    life.see(MEMORY, 0.91)
    life.see("host_disk_free_bytes", 1e9, {"mount": "/"})
    rules = [replace(rule, enabled=rule.name != "disk_space") for rule in BUILTIN]
    closed = life.engine.set_rules(rules, moment(1))
    assert [(event.rule, event.state, event.notify) for event in closed] == [("disk_space", RESOLVED, False)]
    life.at = 2
    assert life.see(MEMORY, 0.91) == []
    raised = [replace(rule, limit=0.95, clear=0.93, levels=()) if rule.name == "gpu_memory" else rule for rule in rules]
    life.engine.set_rules(raised, moment(3))
    assert [event.state for event in life.last(12, MEMORY, 0.91)] == [RESOLVED]


def test_that_the_status_of_a_rule_has_the_newest_value_of_each_subject() -> None:
    life = Life()
    life.see(MEMORY, 0.5)
    life.see(MEMORY, 0.6)
    statuses = {status.rule.name: dict(status.values) for status in life.engine.statuses()}
    assert statuses["gpu_memory"] == {"GPU 0": 0.6}
    assert set(statuses) == {rule.name for rule in BUILTIN}


def test_that_an_alert_carries_its_evidence() -> None:
    points = ((START - 1, 0.7), (START, 0.95))
    life = Life(past=lambda seen: points)
    (event,) = life.see(MEMORY, 0.95)
    assert event.evidence is not None
    assert event.evidence.points == points
    assert event.evidence.cause.startswith("Likely")
    assert "smaller batch size" in event.evidence.advice


def test_that_an_alert_without_a_past_has_at_least_the_value_that_fired() -> None:
    (event,) = Life().see(MEMORY, 0.95)
    assert event.evidence is not None
    assert event.evidence.points == ((START, 0.95),)


def test_that_out_of_memory_has_advice_of_its_own() -> None:
    (event,) = Life().see("training_failed", 1, {"run": "1"}, kind="out_of_memory", detail="Out of memory.")
    assert event.evidence is not None
    assert "batch" in event.evidence.cause
    assert "smaller batch size" in event.evidence.advice


def test_that_another_session_goes_on_without_a_word() -> None:
    life = Life()
    life.see(MEMORY, 0.95)
    life.engine.acknowledge("gpu_memory:gpu=GPU-1", moment(1), "known")
    document = life.engine.document(moment(100))
    later = Life()
    later.engine.restore(document, Moment(START + 4000, 3.0))
    assert later.engine.open_alerts()[0].note == "known"
    seen = [Observation(MEMORY, GPU, 0.95, "GPU 0")]
    events = later.engine.observe(seen, Moment(START + 4001, 4.0))
    assert [(event.state, event.notify) for event in events] == [(AlertState.ACKNOWLEDGED, False)]
    assert later.engine.open_alerts()[0].since == START


def test_that_another_session_knows_what_flapped() -> None:
    life = Life()
    for _ in range(40):
        life.last(5, MEMORY, 0.95)
        life.last(25, MEMORY, 0.5)
    document = json.loads(json.dumps(life.engine.document(moment(life.at))))
    later = Life()
    later.engine.restore(document, Moment(START + life.at + 60, 3.0))
    assert later.engine.open_alerts()[0].occurrence > 3
    later.last(200, MEMORY, 0.5)
    assert [event for event in later.events if event.notify] == [], "it would be over, were it not for the flapping"


@pytest.mark.parametrize("document", [{}, {"time": 1.0}, {"time": "x", "alerts": [], "silences": [], "spent": []}])
def test_that_a_document_that_is_none_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Life().engine.restore(document, moment(0))
