"""The life of an alert, turned by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.alerts.engine import FORGET_SECONDS, Engine, Moment, Observation, judge_once
from crackseg_desktop.alerts.flapping import FLAPS
from crackseg_desktop.alerts.rules import Rule
from crackseg_desktop.readings import AlertEvent, AlertState, Scope, Severity, Silence

if TYPE_CHECKING:
    from collections.abc import Sequence

RULE = Rule(
    "hot", "gpu_temperature_celsius", "above", 80, 77, Severity.WARNING, "{subject} at {value}", "limit {limit}", 10, 10
)
START = 1_000_000.0


def moment(at: float) -> Moment:
    return Moment(START + at, 50 + at)


def observe(engine: Engine, value: float, at: float, gpu: str = "GPU-1") -> list[AlertEvent]:
    seen = Observation("gpu_temperature_celsius", {"gpu": gpu}, value, f"GPU {gpu[-1]}")
    return engine.observe([seen], moment(at))


def snooze(engine: Engine, seconds: float, at: float = 0.0) -> list[AlertEvent]:
    return engine.snooze(Silence(Scope.ALL, until=START + at + seconds, made=START + at), moment(at))


def run(engine: Engine, values: Sequence[tuple[float, float]]) -> list[AlertEvent]:
    return [event for at, value in values for event in observe(engine, value, at)]


def test_that_a_breach_shorter_than_its_duration_says_nothing() -> None:
    assert run(Engine([RULE]), [(0, 85), (9, 85), (10, 79), (11, 85), (20, 85)]) == []


def test_that_a_lasting_breach_is_said_once() -> None:
    events = run(Engine([RULE]), [(second, 86) for second in range(3600)])
    assert [(event.state, event.time - START) for event in events] == [(AlertState.FIRING, 10)]
    assert (events[0].title, events[0].summary) == ("GPU 1 at 86 °C", "limit 80 °C")
    assert events[0].since == START


def test_that_a_value_exactly_at_the_limit_is_no_breach() -> None:
    assert run(Engine([RULE]), [(second, 80) for second in range(60)]) == []


def test_that_flapping_between_limit_and_clear_level_is_one_alert() -> None:
    values = [(second, 81 if second % 2 else 78) for second in range(120)]
    engine = Engine([RULE])
    run(engine, [(-20, 85), (-10, 85)])
    assert run(engine, values) == []


def test_that_recovery_waits_for_the_clear_level_and_is_said_once() -> None:
    engine = Engine([RULE])
    run(engine, [(0, 86), (10, 86)])
    events = run(engine, [(12, 88), (20, 79), (40, 76), (45, 78), (50, 76), (60, 76), (61, 76)])
    assert [(event.state, event.notify, event.time - START) for event in events] == [(AlertState.RESOLVED, True, 60)]
    assert events[0].title == "GPU 1 at 88 °C"
    assert events[0].summary == "Back to normal after 1 min: 76 °C now, peak 88 °C, limit 80 °C."


def test_that_each_subject_has_an_alert_of_its_own() -> None:
    engine = Engine([RULE])
    for second in (0, 10):
        observe(engine, 90, second, "GPU-1")
        observe(engine, 90, second, "GPU-2")
    assert {event.subject for event in engine.open_alerts()} == {"GPU 1", "GPU 2"}


def test_that_absence_of_data_is_no_recovery() -> None:
    engine = Engine([RULE])
    run(engine, [(0, 86), (10, 86)])
    assert engine.end_round(moment(10 + FORGET_SECONDS)) == []
    closed = engine.end_round(moment(11 + FORGET_SECONDS))
    assert [(event.state, event.notify) for event in closed] == [(AlertState.RESOLVED, False)]


def test_that_a_snooze_holds_the_word_and_its_end_gives_it() -> None:
    engine = Engine([RULE])
    snooze(engine, 100)
    held = run(engine, [(0, 86), (10, 86), (99, 86)])
    assert [(event.state, event.notify) for event in held] == [(AlertState.SNOOZED, False)]
    told = run(engine, [(100, 86), (101, 86)])
    assert [(event.state, event.notify) for event in told] == [(AlertState.FIRING, True)]


def test_that_what_was_never_announced_is_not_said_to_be_resolved() -> None:
    engine = Engine([RULE])
    snooze(engine, 1000)
    run(engine, [(0, 86), (10, 86)])
    resolved = run(engine, [(20, 70), (30, 70)])
    assert [(event.state, event.notify) for event in resolved] == [(AlertState.RESOLVED, False)]


def test_that_ending_a_snooze_announces_at_once_what_still_fires() -> None:
    engine = Engine([RULE])
    snooze(engine, 1000)
    run(engine, [(0, 86), (10, 86)])
    engine.end_snooze(Scope.ALL)
    assert engine.silences == ()
    assert [event.state for event in observe(engine, 86, 11)] == [AlertState.FIRING]


def test_that_an_acknowledged_alert_stays_quiet_and_still_resolves() -> None:
    engine = Engine([RULE])
    fired = run(engine, [(0, 86), (10, 86)])
    acknowledged = engine.acknowledge(fired[0].key, moment(20))
    assert [(event.state, event.notify) for event in acknowledged] == [(AlertState.ACKNOWLEDGED, False)]
    assert engine.acknowledge(fired[0].key, moment(21)) == []
    assert [event.state for event in engine.open_alerts()] == [AlertState.ACKNOWLEDGED]
    assert [event.state for event in run(engine, [(30, 70), (40, 70)])] == [AlertState.RESOLVED]


def test_that_a_rule_for_low_values_fires_below_its_limit() -> None:
    disk = Rule("disk", "host_disk_free_bytes", "below", 10e9, 12e9, Severity.WARNING, "{value} free", "")
    engine = Engine([disk])

    def free(value: float, at: float) -> list[AlertEvent]:
        return engine.observe([Observation("host_disk_free_bytes", {"mount": "/"}, value, "/")], moment(at))

    assert [event.state for event in free(9e9, 0)] == [AlertState.FIRING]
    assert free(11e9, 1) == []
    assert [event.state for event in free(13e9, 2)] == [AlertState.RESOLVED]


def test_that_one_look_treats_the_duration_as_elapsed() -> None:
    seen = [
        Observation("gpu_temperature_celsius", {"gpu": name}, value, name) for name, value in (("a", 81), ("b", 80))
    ]
    assert [event.subject for event in judge_once([RULE], seen, START)] == ["a"]


def test_that_words_are_cut_to_what_a_notification_holds() -> None:
    engine = Engine([RULE])
    seen = Observation("gpu_temperature_celsius", {"gpu": "x"}, 99, "y" * 200)
    engine.observe([seen], moment(0))
    event = engine.observe([seen], moment(10))[0]
    assert len(event.title) == 63
    assert event.title.endswith("…")


@given(st.lists(st.floats(min_value=60, max_value=100), max_size=200))
def test_that_every_resolution_follows_a_firing_and_nothing_is_told_twice(values: list[float]) -> None:
    events = run(Engine([RULE]), [(5.0 * index, value) for index, value in enumerate(values)])
    is_open = False
    for event in events:
        assert event.state in (AlertState.FIRING, AlertState.RESOLVED)
        is_flapping = event.occurrence == FLAPS and event.summary.startswith("Flapping")
        assert is_open == (event.state == AlertState.RESOLVED) or is_flapping
        is_open = event.state == AlertState.FIRING


@pytest.mark.parametrize("value", [float("nan")])
def test_that_a_figure_that_is_no_number_neither_fires_nor_resolves(value: float) -> None:
    engine = Engine([RULE])
    assert run(engine, [(0, value), (60, value)]) == []
    run(engine, [(70, 86), (80, 86)])
    assert run(engine, [(90, value), (200, value)]) == []


def test_that_what_was_no_news_is_said_once_it_still_holds_live() -> None:
    engine = Engine([RULE])
    seen = Observation("gpu_temperature_celsius", {"gpu": "GPU-1"}, 86, "GPU 1")
    past = [*engine.observe([seen], moment(0), is_news=False), *engine.observe([seen], moment(10), is_news=False)]
    assert [(event.state, event.notify) for event in past] == [(AlertState.FIRING, False)]
    assert [(event.state, event.notify) for event in observe(engine, 86, 11)] == [(AlertState.FIRING, True)]
    assert observe(engine, 86, 12) == []


def test_that_a_clock_set_back_or_forward_changes_no_duration() -> None:
    engine = Engine([RULE])
    seen = Observation("gpu_temperature_celsius", {"gpu": "GPU-1"}, 86, "GPU 1")
    assert engine.observe([seen], Moment(START, 0)) == []
    assert engine.observe([seen], Moment(START + 7200, 1)) == []
    fired = engine.observe([seen], Moment(START - 7200, 10))
    assert [event.state for event in fired] == [AlertState.FIRING]


def test_that_a_suspend_neither_closes_what_fires_nor_fires_what_was_pending() -> None:
    engine = Engine([RULE])
    run(engine, [(0, 86), (10, 86)])
    observe(engine, 86, 10, "GPU-2")
    engine.resume(moment(3600))
    assert engine.end_round(moment(3601)) == []
    assert observe(engine, 86, 3602) == []
    assert observe(engine, 86, 3602, "GPU-2") == []
    assert [event.state for event in observe(engine, 86, 3610, "GPU-2")] == [AlertState.FIRING]
