"""The built-in rules against the monitoring guide, and what settings may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.alerts.engine import judge_once
from crackseg_desktop.alerts.observation import Observation
from crackseg_desktop.alerts.observe import observations
from crackseg_desktop.alerts.rules import BUILTIN, Level, rules_from
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import GpuReading, Sample, Severity, SourceState

if TYPE_CHECKING:
    from collections.abc import Callable


def fired(sample: Sample) -> set[str]:
    return {event.rule for event in judge_once(BUILTIN, observations(sample), sample.time)}


@pytest.mark.parametrize(
    ("figures", "rule"),
    [
        ({"temperature": 81.0}, "gpu_temperature"),
        ({"memory": 7.6 / 8}, "gpu_memory"),
        ({"ram": 0.91}, "host_memory"),
        ({"free": 9.9e9}, "disk_space"),
    ],
)
def test_that_each_threshold_of_the_guide_fires(
    make_sample: Callable[..., Sample], figures: dict[str, float], rule: str
) -> None:
    assert fired(make_sample(**figures)) == {rule}


@pytest.mark.parametrize(
    "figures", [{"temperature": 80.0}, {"memory": 0.9}, {"ram": 0.90}, {"free": 10e9}, {"temperature": None}]
)
def test_that_a_figure_at_the_limit_or_missing_is_no_breach(
    make_sample: Callable[..., Sample], figures: dict[str, float]
) -> None:
    assert fired(make_sample(**figures)) == set()


def test_that_old_figures_of_a_gpu_that_does_not_answer_are_not_judged(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(temperature=95.0)
    hung = GpuReading(
        sample.gpus[0].labels, sample.gpus[0].figures, uuid="GPU-1", state=SourceState.NOT_RESPONDING, reason="hangs"
    )
    assert fired(Sample(sample.time, 0.0, sample.host, (hung,))) == set()


def test_that_every_rule_compares_a_metric_of_the_catalogue_with_room_to_clear() -> None:
    for rule in BUILTIN:
        assert rule.metric in CATALOGUE
        assert rule.cleared_by(rule.clear)
        assert not rule.breached_by(rule.clear)


def test_that_settings_move_a_limit_and_the_clear_level_goes_with_it() -> None:
    rules, problems = rules_from({"gpu_temperature": {"limit": 70}})
    rule = next(rule for rule in rules if rule.name == "gpu_temperature")
    assert (rule.limit, rule.clear, problems) == (70, 67, ())


def test_that_settings_turn_a_rule_off_and_change_its_severity() -> None:
    rules, problems = rules_from({"nan": {"enabled": False}, "disk_space": {"severity": "critical"}})
    assert "nan" not in {rule.name for rule in rules}
    assert next(rule.severity for rule in rules if rule.name == "disk_space") == Severity.CRITICAL
    assert problems == ()


def test_that_what_cannot_be_set_is_named_and_the_rule_stays() -> None:
    rules, problems = rules_from({"gpu_temperature": {"limit": "hot", "metric": "x"}, "gpu_temprature": {"limit": 1}})
    assert next(rule.limit for rule in rules if rule.name == "gpu_temperature") == 80
    assert len(problems) == 3
    assert {key for key, _ in problems} == {
        "rules.gpu_temprature",
        "rules.gpu_temperature.limit",
        "rules.gpu_temperature.metric",
    }


@pytest.mark.parametrize(
    "table", [{"limit": float("nan")}, {"for_seconds": -1}, {"enabled": 1}, {"severity": "loud"}, {"limit": True}]
)
def test_that_a_value_without_sense_leaves_the_rule_as_it_is(table: dict[str, object]) -> None:
    rules, problems = rules_from({"gpu_temperature": table})
    assert rules == BUILTIN
    assert len(problems) == 1


FIGURES = {
    "gpu_temperature": (80, 77, 10, 10, Severity.WARNING),
    "gpu_memory": (0.90, 0.87, 0, 10, Severity.WARNING),
    "host_memory": (0.90, 0.85, 30, 10, Severity.WARNING),
    "disk_space": (10e9, 12e9, 0, 10, Severity.WARNING),
    "disk_share": (0.90, 0.85, 0, 10, Severity.INFO),
    "nan": (0, 0, 0, 0, Severity.CRITICAL),
    "divergence": (1.5, 1.25, 0, 0, Severity.WARNING),
    "overfit": (1.5, 1.3, 0, 0, Severity.INFO),
    "plateau": (9, 0, 0, 0, Severity.WARNING),
    "stalled": (1, 1, 0, 0, Severity.WARNING),
    "gpu_idle": (0.05, 0.10, 900, 10, Severity.WARNING),
    "run_failed": (0, 0, 0, 0, Severity.CRITICAL),
    "run_finished": (0, 0, 0, 0, Severity.INFO),
    "gpu_lost": (0, 0, 0, 0, Severity.CRITICAL),
    "gpu_xid": (0, 0, 0, 0, Severity.WARNING),
}
NAMES = {
    *FIGURES, "collapse", "dataset_error", "dead_mount", "host_unreachable", "gpu_throttling", "driver_mismatch",
    "source_silent", "while_away",
}  # fmt: skip


def test_that_the_rules_have_the_figures_of_the_guide() -> None:
    rules = {rule.name: rule for rule in BUILTIN}
    assert set(rules) == NAMES
    for name, expected in FIGURES.items():
        rule = rules[name]
        assert (rule.limit, rule.clear, rule.for_seconds, rule.clear_seconds, rule.severity) == expected, name


def test_that_three_rules_have_a_second_severity() -> None:
    levels = {rule.name: rule.levels for rule in BUILTIN if rule.levels}
    assert levels == {
        "gpu_temperature": (Level(Severity.CRITICAL, 5, 8, "gpu_temperature_slowdown_celsius"),),
        "gpu_memory": (Level(Severity.CRITICAL, 0.9375, 0.92),),
        "gpu_xid": (Level(Severity.CRITICAL, 1, 1),),
    }


def test_that_every_alert_that_needs_somebody_says_why_and_what_to_try() -> None:
    for rule in BUILTIN:
        if rule.severity != Severity.INFO:
            assert rule.cause or rule.causes, rule.name
            assert rule.advice or rule.name == "while_away", rule.name


@pytest.mark.parametrize(
    ("value", "severity"), [(80, None), (81, "warning"), (81.9, "warning"), (82, "critical"), (95, "critical")]
)
def test_that_five_degrees_from_the_slowdown_point_is_critical(value: float, severity: str | None) -> None:
    labels = {"gpu": "GPU-1"}
    seen = [
        Observation("gpu_temperature_celsius", labels, value, "GPU 0"),
        Observation("gpu_temperature_slowdown_celsius", labels, 87, "GPU 0"),
    ]
    assert next((event.severity.value for event in judge_once(BUILTIN, seen, 0.0)), None) == severity


def test_that_a_table_makes_a_rule_of_its_own() -> None:
    table = {
        "metric": "host_swap_used_bytes",
        "limit": 4e9,
        "severity": "info",
        "for_seconds": 60,
        "repeat_seconds": 0,
        "channels": ["mail"],
        "title": "Swap at {value}",
        "advice": "Close something.",
    }
    rules, problems = rules_from({"swap": table})
    rule = rules[-1]
    assert problems == ()
    assert (rule.name, rule.metric, rule.comparison, rule.limit, rule.clear) == (
        "swap", "host_swap_used_bytes", "above", 4e9, 4e9,
    )  # fmt: skip
    assert (rule.severity, rule.channels, rule.repeat_after(Severity.INFO)) == (Severity.INFO, ("mail",), 0)
    (event,) = judge_once([rule], [Observation("host_swap_used_bytes", {}, 5e9, "this machine")], 0.0)
    assert (event.title, event.channels) == ("Swap at 4.7 GiB", ("mail",))


def test_that_a_rule_judges_only_subjects_with_its_labels() -> None:
    rules, _ = rules_from(
        {"root": {"metric": "host_disk_free_bytes", "comparison": "below", "limit": 1e9, "labels": {"mount": "/"}}}
    )
    seen = [Observation("host_disk_free_bytes", {"mount": mount}, 1e8, mount) for mount in ("/", "/data")]
    assert [event.subject for event in judge_once(rules[-1:], seen, 0.0)] == ["/"]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"metric": "no_such", "limit": 1}, "metric"),
        ({"metric": "host_load1"}, "limit"),
        ({"metric": "host_load1", "limit": 4, "title": "{subject.__class__}"}, "title"),
        ({"metric": "host_load1", "limit": 4, "title": "{"}, "title"),
        ({"metric": "host_load1", "limit": 4, "comparison": "near"}, "comparison"),
        ({"metric": "host_load1", "limit": 4, "labels": {"a": 1}}, "labels"),
        ({"metric": "host_load1", "limit": 4, "colour": "red"}, "colour"),
        ({"metric": "host_load1", "limit": 4, "clear": 5}, "clear"),
        ({"metric": "host_load1", "limit": 4, "critical_limit": 3}, "critical_limit"),
    ],
)
def test_that_a_mistake_in_a_rule_of_its_own_is_named_by_its_key(table: dict[str, Any], key: str) -> None:
    rules, problems = rules_from({"mine": table})
    assert [name for name, _ in problems] == [f"rules.mine.{key}"]
    assert all(rule.clear <= rule.limit for rule in rules if rule.name == "mine")


def test_that_settings_move_the_critical_level() -> None:
    rules, problems = rules_from({"gpu_memory": {"limit": 0.8, "critical_limit": 0.85}})
    rule = next(rule for rule in rules if rule.name == "gpu_memory")
    assert problems == ()
    assert (rule.limit, rule.levels[0].limit) == (0.8, 0.85)
    assert rule.levels[0].clear == pytest.approx(0.8325)


def test_that_a_clear_level_beyond_the_limit_is_refused() -> None:
    rules, problems = rules_from({"gpu_temperature": {"clear": 90}})
    assert next(rule.clear for rule in rules if rule.name == "gpu_temperature") == 77
    assert [key for key, _ in problems] == ["rules.gpu_temperature.clear"]


def test_that_rules_that_are_off_are_told_where_asked_for() -> None:
    tables = {"nan": {"enabled": False}}
    assert "nan" in {rule.name for rule in rules_from(tables, with_disabled=True)[0]}
    assert "nan" not in {rule.name for rule in rules_from(tables)[0]}
