"""The built-in rules against the monitoring guide, and what settings may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.alerts.engine import judge_once
from crackseg_desktop.alerts.observe import observations
from crackseg_desktop.alerts.rules import BUILTIN, rules_from
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
