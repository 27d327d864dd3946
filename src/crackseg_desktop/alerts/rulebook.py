"""The rules in force, found by the metric they compare, and what each was last compared with. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from crackseg_desktop.alerts.observation import Labels, labels_key
from crackseg_desktop.alerts.rule import RuleStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crackseg_desktop.alerts.observation import Key, Observation
    from crackseg_desktop.alerts.rule import Rule


_NONE: Mapping[str, float] = MappingProxyType({})


class Rulebook:
    """Rules by name and by metric; those that are turned off judge nothing. Belongs to one thread."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._by_metric: dict[str, list[Rule]] = {}
        for rule in self._rules.values():
            if rule.enabled:
                self._by_metric.setdefault(rule.metric, []).append(rule)
        self._references = frozenset(name for rule in self._rules.values() for name in rule.references)
        self._values: dict[Key, tuple[str, float, float]] = {}

    def get(self, name: str) -> Rule | None:
        """Return a rule that is in force by its name."""
        rule = self._rules.get(name)
        return rule if rule is not None and rule.enabled else None

    def judging(
        self, seen: Iterable[Observation], now: float
    ) -> Iterator[tuple[Key, Rule, Observation, Mapping[str, float]]]:
        """Yield each rule with what it judges, and the values of the same subject that limits are a distance to."""
        seen = tuple(seen)
        distances: dict[Labels, dict[str, float]] = {}
        for item in seen:
            if item.metric in self._references:
                distances.setdefault(labels_key(item.labels), {})[item.metric] = item.value
        for item in seen:
            rules = self._by_metric.get(item.metric, ())
            labels = labels_key(item.labels) if rules else ()
            value, references = (item.subject, item.value, now), distances.get(labels, _NONE)
            for rule in rules:
                if rule.applies_to(item.labels):
                    key = (rule.name, labels)
                    self._values[key] = value
                    yield key, rule, item, references

    def forget(self, before: float) -> None:
        """Let go of what was last observed before this moment (monotonic)."""
        self._values = {key: value for key, value in self._values.items() if value[2] >= before}

    def statuses(self) -> tuple[RuleStatus, ...]:
        """Return every rule, also those turned off, with the newest value of each subject."""
        values: dict[str, dict[str, float]] = {name: {} for name in self._rules}
        for (name, _), (subject, value, _) in self._values.items():
            values[name][subject] = value
        return tuple(RuleStatus(rule, values[name]) for name, rule in self._rules.items())
