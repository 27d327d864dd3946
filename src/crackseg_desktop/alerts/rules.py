"""Rules: which series is compared with which limit, for how long, and in what words it is said.

A rule is data. The built-in ones carry the figures of the monitoring guide; the ``[rules.NAME]`` tables of the settings
change their limits or turn them off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on one metric of the catalogue, in its base unit.

    It fires once the value has been beyond ``limit`` for ``for_seconds`` and resolves once it has been on the good side
    of ``clear`` for ``clear_seconds``. ``title`` and ``summary`` are templates of {subject}, {value}, {limit}, {detail}
    and {fact}.
    """

    name: str
    metric: str
    comparison: Literal["above", "below"]
    limit: float
    clear: float
    severity: Severity
    title: str
    summary: str
    for_seconds: float = 0.0
    clear_seconds: float = 0.0
    enabled: bool = True

    @property
    def unit(self) -> str:
        """Return the unit of the rule's metric."""
        return CATALOGUE[self.metric].unit

    def breached_by(self, value: float) -> bool:
        """Say whether a value is beyond the limit."""
        return value > self.limit if self.comparison == "above" else value < self.limit

    def cleared_by(self, value: float) -> bool:
        """Say whether a value is back on the good side of the clear level."""
        return value <= self.clear if self.comparison == "above" else value >= self.clear


BUILTIN: tuple[Rule, ...] = (
    Rule(
        "gpu_temperature",
        "gpu_temperature_celsius",
        "above",
        limit=80,
        clear=77,
        severity=Severity.WARNING,
        title="{subject} at {value}, limit {limit}",
        summary="Hotter than {limit}. {detail}",
        for_seconds=10,
        clear_seconds=10,
    ),
    Rule(
        # 7.5 of 8 GiB: 93.75 % of any card.
        "gpu_memory",
        "gpu_memory_used_ratio",
        "above",
        limit=0.9375,
        clear=0.92,
        severity=Severity.CRITICAL,
        title="{subject} memory nearly full: {detail}",
        summary="{detail} in use, the limit is {limit}. The next allocation may fail as out of memory.",
        clear_seconds=10,
    ),
    Rule(
        "host_memory",
        "host_memory_used_ratio",
        "above",
        limit=0.90,
        clear=0.85,
        severity=Severity.WARNING,
        title="RAM at {value}, limit {limit}",
        summary="{detail} in use. Above it the system swaps and the data loader slows down.",
        for_seconds=30,
        clear_seconds=10,
    ),
    Rule(
        "disk_space",
        "host_disk_free_bytes",
        "below",
        limit=10e9,
        clear=12e9,
        severity=Severity.WARNING,
        title="Disk nearly full on {subject}: {value} free",
        summary="{value} free, the limit is {limit}. A checkpoint that does not fit ends the training.",
        clear_seconds=10,
    ),
    Rule(
        "nan",
        "training_nonfinite_points_total",
        "above",
        limit=0,
        clear=0,
        severity=Severity.CRITICAL,
        title="{fact} in {subject}",
        summary="{detail}",
    ),
)


def rules_from(tables: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[Rule, ...], tuple[tuple[str, str], ...]]:
    """Return the rules in force, and the dotted key and a sentence for each table entry that could not be used.

    A table that moves ``limit`` without ``clear`` keeps the distance between the two.
    """
    names = sorted(rule.name for rule in BUILTIN)
    unknown = [name for name in tables if name not in names]
    problems = [(f"rules.{name}", f"is not a rule; there are {', '.join(names)}") for name in unknown]
    rules = tuple(_changed(rule, tables.get(rule.name, {}), problems) for rule in BUILTIN)
    return tuple(rule for rule in rules if rule.enabled), tuple(problems)


def _changed(rule: Rule, table: Mapping[str, Any], problems: list[tuple[str, str]]) -> Rule:
    changes: dict[str, Any] = {}
    for key, value in table.items():
        reason = _mismatch(key, value)
        if reason is not None:
            problems.append((f"rules.{rule.name}.{key}", reason))
        else:
            changes[key] = Severity(value) if key == "severity" else value
    if "limit" in changes and "clear" not in changes:
        changes["clear"] = changes["limit"] + rule.clear - rule.limit
    return replace(rule, **changes)


def _mismatch(key: str, value: object) -> str | None:
    """Say why a value cannot stand in a rule's table."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    match key:
        case "limit" | "clear":
            return None if is_number else f"must be a number, not {value!r}"
        case "for_seconds" | "clear_seconds":
            ok = is_number and isinstance(value, (int, float)) and value >= 0
            return None if ok else f"must be a number of seconds, not {value!r}"
        case "enabled":
            return None if isinstance(value, bool) else f"must be true or false, not {value!r}"
        case "severity":
            return None if value in list(Severity) else f"must be one of {', '.join(Severity)}, not {value!r}"
        case _:
            return "cannot be set; there are clear, clear_seconds, enabled, for_seconds, limit, severity"
