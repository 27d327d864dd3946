"""What rules would have said of the past: as the engine would, had it been there."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.alerts.engine import Engine, Moment, Observation
from crackseg_desktop.alerts.replay import Breach, Subject, replay, scaled
from crackseg_desktop.alerts.rules import BUILTIN, Level, Rule
from crackseg_desktop.readings import AlertState, Severity
from crackseg_desktop.series import Buckets, series_key

GPU = {"gpu": "GPU-1"}
START = 1_800_000_000.0
HOT = Rule("hot", "gpu_temperature_celsius", "above", 80, 77, Severity.WARNING, "{subject}", "{value}", 10, 10)
SLOWDOWN = "gpu_temperature_slowdown_celsius"


def samples(values: list[float], times: list[float] | None = None) -> Buckets:
    column = array("d", values)
    when = array("d", (START + time for time in (times if times is not None else range(len(values)))))
    return Buckets(
        series_key(HOT.metric, GPU), 1.0, when, column, column, column, column, array("q", [1] * len(values))
    )


def buckets(period: float, rows: list[tuple[float, float]]) -> Buckets:
    """Return full buckets of lowest and highest values; the last one of each is the lowest."""
    low, high = (array("d", column) for column in zip(*rows, strict=True))
    times = array("d", (START + period * row for row in range(len(rows))))
    return Buckets(
        series_key(HOT.metric, GPU), period, times, low, high, low, low, array("q", [int(period)] * len(rows))
    )


def told(rule: Rule, values: Buckets, **references: Buckets | float) -> tuple[Breach, ...]:
    return replay(rule, [Subject("GPU 0", GPU, values, references)])


def spans(breaches: tuple[Breach, ...]) -> list[tuple[float, float, float | None]]:
    return [
        (item.since - START, item.fired - START, None if item.until is None else item.until - START)
        for item in breaches
    ]


def test_that_a_breach_is_told_as_it_would_have_been() -> None:
    values = [70.0] * 100 + [85.0] * 20 + [88.0] + [85.0] * 9 + [70.0] * 100
    (breach,) = told(HOT, samples(values))
    assert spans((breach,)) == [(100.0, 110.0, 140.0)]
    assert (breach.rule, breach.subject, breach.labels) == ("hot", "GPU 0", GPU)
    assert (breach.severity, breach.peak, breach.announcements) == (Severity.WARNING, 88.0, 2)
    assert breach.has_recovered
    assert breach.is_exact


def test_that_too_short_a_breach_is_none() -> None:
    assert told(HOT, samples([70.0] * 50 + [90.0] * 10 + [70.0] * 50)) == ()
    assert told(HOT, samples([])) == ()
    assert told(HOT, samples([math.nan] * 30)) == ()


def test_that_what_fires_at_the_end_has_no_end() -> None:
    (breach,) = told(HOT, samples([70.0] * 50 + [90.0] * 50))
    assert spans((breach,)) == [(50.0, 60.0, None)]
    assert (breach.announcements, breach.has_recovered) == (1, False)


def test_that_a_worse_level_relative_to_another_series_is_judged() -> None:
    rule = replace(HOT, levels=(Level(Severity.CRITICAL, 5, 8, relative_to=SLOWDOWN),))
    values = samples([70.0] * 20 + [83.0] * 40 + [70.0] * 40)
    assert [item.severity for item in told(rule, values)] == [Severity.WARNING]
    for reference in (87.0, replace(values, lasts=array("d", [87.0] * 100))):
        assert [item.severity for item in told(rule, values, **{SLOWDOWN: reference})] == [Severity.CRITICAL]
    for reference in (90.0, replace(values, times=array("d", [START - 500.0]), lasts=array("d", [87.0]))):
        assert [item.severity for item in told(rule, values, **{SLOWDOWN: reference})] == [Severity.WARNING]


def test_that_the_readings_may_end_with_nobody_knowing_how_it_went_on() -> None:
    times = [float(second) for second in [*range(60), *range(1000, 1060)]]
    values = [90.0] * 60 + [70.0] * 60
    (breach,) = told(HOT, samples(values, times))
    assert spans((breach,)) == [(0.0, 10.0, 59.0)]
    assert (breach.has_recovered, breach.announcements) == (False, 1)


def test_that_a_gap_is_no_part_of_a_duration() -> None:
    times = [float(second) for second in [*range(8), *range(30, 38)]]
    assert told(HOT, samples([90.0] * 16, times)) == ()


def test_that_a_peak_in_a_long_bucket_may_have_been_a_breach() -> None:
    (breach,) = told(HOT, buckets(60.0, [(60.0, 70.0), (60.0, 86.0), (60.0, 70.0), (60.0, 70.0)]))
    assert not breach.is_exact
    assert breach.peak == 86.0
    assert 60.0 <= breach.fired - START <= 120.0
    assert breach.until is not None
    assert 120.0 <= breach.until - START <= 180.0


def test_that_short_buckets_are_judged_by_what_was_seen_at_their_end() -> None:
    assert told(HOT, buckets(10.0, [(60.0, 90.0)] * 30)) == ()
    (breach,) = told(HOT, buckets(10.0, [(60.0, 70.0)] * 3 + [(81.0, 90.0)] * 3 + [(60.0, 70.0)] * 3))
    assert spans((breach,)) == [(30.0, 40.0, 70.0)]
    assert breach.is_exact


def test_that_what_runs_low_is_found_in_the_minima_of_buckets() -> None:
    low = Rule("low", "host_disk_free_bytes", "below", 10, 12, Severity.WARNING, "{subject}", "{value}", 0, 0)
    subject = Subject("/data", {"mount": "/data"}, buckets(900.0, [(50.0, 60.0), (9.0, 60.0), (50.0, 60.0)]))
    (breach,) = replay(low, [subject])
    assert (breach.fired - START, breach.peak) == (900.0, 9.0)


def test_that_a_share_is_judged_by_the_bytes_that_are_stored() -> None:
    used = samples([4.0] * 20 + [7.8] * 60 + [4.0] * 60)
    share = scaled(used, 1 / 8.0, "gpu_memory_used_ratio")
    assert share.key == ("gpu_memory_used_ratio", (("gpu", "GPU-1"),))
    rule = next(rule for rule in BUILTIN if rule.name == "gpu_memory")
    (breach,) = replay(rule, [Subject("GPU 0", GPU, share)])
    assert breach.severity == Severity.CRITICAL
    assert breach.peak == pytest.approx(0.975)


def test_that_each_subject_is_judged_and_others_left_out() -> None:
    rule = replace(HOT, enabled=False)
    values = samples([70.0] * 20 + [90.0] * 30)
    later = replace(values, times=array("d", (time - 100 for time in values.times)))
    subjects = [Subject("GPU 0", GPU, values), Subject("GPU 1", {"gpu": "GPU-2"}, later)]
    assert [breach.subject for breach in replay(rule, subjects)] == ["GPU 1", "GPU 0"]
    assert [breach.subject for breach in replay(replace(rule, labels=GPU), subjects)] == ["GPU 0"]


STRETCHES = st.lists(
    st.tuples(
        st.integers(1, 40), st.sampled_from([60.0, 76.0, 78.0, 81.0, 86.0, 91.0]), st.sampled_from([1, 1, 1, 5, 90])
    ),
    min_size=1,
    max_size=25,
)


@given(STRETCHES)
def test_that_a_replay_says_what_the_engine_says(stretches: list[tuple[int, float, int]]) -> None:
    """The engine itself sees every second, also those without a value, and every value, also the harmless ones."""
    rule = replace(HOT, levels=(Level(Severity.CRITICAL, 5, 8, relative_to=SLOWDOWN),))
    rows, now = [], 0.0
    for length, value, wait in stretches:
        rows += [(now + second, value) for second in range(length)]
        now += length - 1 + wait
    engine, seen, said = Engine([rule]), dict(rows), []
    for second in range(int(rows[-1][0]) + 1):
        at = Moment(START + second, second)
        if second in seen:
            figures = {rule.metric: seen[second], SLOWDOWN: 92.0}
            said += engine.observe([Observation(name, GPU, value, "GPU 0") for name, value in figures.items()], at)
        said += engine.end_round(at)
    replayed = told(rule, samples([value for _, value in rows], [time for time, _ in rows]), **{SLOWDOWN: 92.0})
    fired = [event for event in said if event.state == AlertState.FIRING]
    resolved = [event for event in said if event.state == AlertState.RESOLVED]
    assert {breach.fired for breach in replayed} <= {event.time for event in fired}
    assert [breach.severity for breach in replayed if breach.until] == [event.severity for event in resolved]
    assert [breach.until for breach in replayed if breach.has_recovered] == [
        event.time for event in resolved if "no longer" not in event.summary
    ]
    assert sum(breach.announcements for breach in replayed) == sum(event.notify for event in said)
