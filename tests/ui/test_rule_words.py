from __future__ import annotations

from dataclasses import replace

import pytest

from crackseg_desktop.alerts.rules import BUILTIN
from crackseg_desktop.ui import rule_words

RULES = {rule.name: rule for rule in BUILTIN}


@pytest.mark.parametrize("rule", BUILTIN, ids=lambda rule: rule.name)
def test_that_every_rule_has_words_and_a_limit_that_can_be_read_back(rule: object) -> None:
    named = next(each for each in BUILTIN if each is rule)
    assert rule_words.rule_title(named.name)[0].isupper()
    assert "_" not in rule_words.rule_title(named.name)
    if rule_words.has_limit(named):
        read = rule_words.parse_limit(rule_words.limit_text(named), named)
        assert read == pytest.approx(named.limit, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "typed", "limit"),
    [
        ("gpu_temperature", "82", 82.0),
        ("gpu_temperature", " 82.5 °C ", 82.5),
        ("host_memory", "85", 0.85),
        ("host_memory", "92,5 %", 0.925),
        ("disk_space", "20 GiB", 20 * 1024.0**3),
        ("divergence", "1.6", 1.6),
    ],
)
def test_that_a_limit_is_read_in_its_unit(name: str, typed: str, limit: float) -> None:
    assert rule_words.parse_limit(typed, RULES[name]) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("gpu_temperature", "hot", "must be a number of °C"),
        ("gpu_temperature", "-1", "from 0 up"),
        ("gpu_temperature", "inf", "from 0 up"),
        ("host_memory", "120", "from 0 to 100 %"),
        ("divergence", "", "must be a number"),
    ],
)
def test_that_a_wrong_limit_is_named(name: str, typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rule_words.parse_limit(typed, RULES[name])


@pytest.mark.parametrize(
    ("typed", "seconds"), [("10", 10), ("10 s", 10), ("2min", 120), ("1 h 30 min", 5400), ("0.5 h", 1800), ("0", 0)]
)
def test_that_a_duration_is_read(typed: str, seconds: float) -> None:
    assert rule_words.parse_seconds(typed) == seconds


@pytest.mark.parametrize("typed", ["", "soon", "10 x", "-5", "99 d"])
def test_that_a_wrong_duration_is_named(typed: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        rule_words.parse_seconds(typed)


@pytest.mark.parametrize("seconds", [0.0, 10.0, 90.0, 120.0, 900.0, 5400.0, 14400.0])
def test_that_a_duration_is_written_exactly(seconds: float) -> None:
    assert rule_words.parse_seconds(rule_words.seconds_text(seconds)) == seconds


def test_that_limits_are_said_in_words() -> None:
    heat, memory = RULES["gpu_temperature"], RULES["gpu_memory"]
    assert rule_words.limit_words(heat) == "above 80 °C"
    assert rule_words.limit_words(heat, heat.levels[0]) == "within 5 °C of slowdown"
    assert rule_words.limit_words(memory, memory.levels[0]) == "above 93.75 %"
    assert rule_words.limit_words(RULES["gpu_lost"]) == "when it happens"


def test_that_the_distance_to_a_limit_is_said() -> None:
    assert rule_words.distance_words("celsius", 82.0, 80.0, above=True) == "2 °C over"
    assert rule_words.distance_words("celsius", 77.0, 80.0, above=True) == "within it by 3 °C"
    assert rule_words.distance_words("bytes", 9 * 1024.0**3, 10 * 1024.0**3, above=False) == "1.0 GiB under"
    assert rule_words.distance_words("celsius", 80.0, 80.0, above=True) == "at the limit"
    assert rule_words.distance_words("state", 1.0, 0.0, above=True) == ""


def test_that_a_rule_that_is_off_is_still_listed() -> None:
    rules = {rule.name: rule for rule in rule_words.all_rules({"disk_share": {"enabled": False}})}
    assert rules["disk_share"] == replace(RULES["disk_share"], enabled=False)
    assert rules.keys() == RULES.keys()
