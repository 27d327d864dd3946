"""Which rules are in force: the built-in ones as the ``[rules.NAME]`` tables of the settings change them, and new ones.

A table with the name of a built-in rule changes its figures or turns it off; any other must name the ``metric`` of the
catalogue that it compares. What cannot be used is told by its dotted key, and the rest holds.
"""

from __future__ import annotations

import math
import string
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crackseg_desktop.alerts.builtin import BUILTIN
from crackseg_desktop.alerts.rule import Level, Rule, RuleStatus
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BUILTIN", "Level", "Rule", "RuleStatus", "rules_from"]

Problems = list[tuple[str, str]]
_WORDS = frozenset({"subject", "value", "limit", "detail", "fact"})


def rules_from(
    tables: Mapping[str, Mapping[str, Any]], *, with_disabled: bool = False
) -> tuple[tuple[Rule, ...], tuple[tuple[str, str], ...]]:
    """Return the rules in force, and the dotted key and a sentence for each table entry that could not be used.

    A table that moves ``limit`` without ``clear`` keeps the distance between the two. ``with_disabled`` includes the
    rules that are turned off.
    """
    problems: Problems = []
    rules = [_changed(rule, tables.get(rule.name, {}), problems) for rule in BUILTIN]
    names = {rule.name for rule in BUILTIN}
    made = (_made(name, table, problems) for name, table in tables.items() if name not in names)
    rules += [rule for rule in made if rule is not None]
    return tuple(rule for rule in rules if rule.enabled or with_disabled), tuple(problems)


def _changed(rule: Rule, table: Mapping[str, Any], problems: Problems) -> Rule:
    """Return a built-in rule with what a table changes."""
    changes = _usable(rule.name, {key: value for key, value in table.items() if key in _SETTABLE}, problems)
    for key in table.keys() - _SETTABLE.keys():
        problems.append((f"rules.{rule.name}.{key}", f"cannot be set; there are {', '.join(sorted(_SETTABLE))}"))
    if "limit" in changes and "clear" not in changes:
        changes["clear"] = changes["limit"] + rule.clear - rule.limit
    changed = _with_critical(replace(rule, **changes), table, problems)
    return _in_order(changed, rule, table, problems)


def _made(name: str, table: Mapping[str, Any], problems: Problems) -> Rule | None:
    """Make a rule of a person's own; None where what it needs is missing or wrong."""
    if "metric" not in table:
        known = ", ".join(sorted(rule.name for rule in BUILTIN))
        problems.append((f"rules.{name}", f"is not a rule; there are {known}; a new one needs a metric"))
        return None
    allowed = _SETTABLE | _FOR_NEW
    for key in table.keys() - allowed.keys():
        problems.append((f"rules.{name}.{key}", f"cannot be set; there are {', '.join(sorted(allowed))}"))
    values = _usable(name, {key: value for key, value in table.items() if key in allowed}, problems)
    missing = [key for key in ("metric", "limit") if key not in values]
    if missing:
        problems += [(f"rules.{name}.{key}", "is needed for a new rule") for key in missing if key not in table]
        return None
    title = f"{CATALOGUE[values['metric']].title} of {{subject}} at {{value}}"
    given = {"comparison": "above", "clear": values["limit"], "severity": Severity.WARNING, "title": title}
    rule = Rule(name, **({"summary": "{value}, the limit is {limit}. {detail}"} | given | values))
    return _in_order(_with_critical(rule, table, problems), replace(rule, clear=rule.limit), table, problems)


def _with_critical(rule: Rule, table: Mapping[str, Any], problems: Problems) -> Rule:
    """Move where the critical level of a rule begins; its clear level goes with it."""
    if "critical_limit" not in table or not _is_number(table["critical_limit"]):
        return rule
    known = rule.levels[0] if rule.levels else Level(Severity.CRITICAL, rule.limit, rule.clear)
    if known.relative_to:
        known = Level(Severity.CRITICAL, rule.limit, rule.clear)
    limit = float(table["critical_limit"])
    is_worse = limit > rule.limit if rule.comparison == "above" else limit < rule.limit
    if not is_worse:
        problems.append((f"rules.{rule.name}.critical_limit", f"must be {rule.comparison} the limit, {rule.limit:g}"))
        return rule
    return replace(rule, levels=(replace(known, limit=limit, clear=limit + known.clear - known.limit),))


def _in_order(rule: Rule, fallback: Rule, table: Mapping[str, Any], problems: Problems) -> Rule:
    """Refuse a clear level on the bad side of the limit: what it ended would fire again at once."""
    if not rule.breached_by(rule.clear) or rule.relative_to:
        return rule
    key = "clear" if "clear" in table else "limit"
    problems.append((f"rules.{rule.name}.{key}", f"the clear level must not be {rule.comparison} the limit"))
    return replace(rule, limit=fallback.limit, clear=fallback.clear)


def _usable(name: str, table: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Return what of a table can be used, as a rule has it; ``critical_limit`` is only checked."""
    changes: dict[str, Any] = {}
    for key, value in table.items():
        reason = (_SETTABLE | _FOR_NEW)[key](value)
        if reason is not None:
            problems.append((f"rules.{name}.{key}", reason))
        elif key != "critical_limit":
            changes[key] = _as_rule_has_it(key, value)
    return changes


def _as_rule_has_it(key: str, value: Any) -> Any:
    match key:
        case "severity":
            return Severity(value)
        case "channels":
            return tuple(value)
        case "labels":
            return dict(value)
        case _:
            return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: object) -> str | None:
    return None if _is_number(value) else f"must be a number, not {value!r}"


def _seconds(value: object) -> str | None:
    ok = isinstance(value, (int, float)) and _is_number(value) and value >= 0
    return None if ok else f"must be a number of seconds, not {value!r}"


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else f"must be true or false, not {value!r}"


def _one_of(*choices: str) -> Callable[[object], str | None]:
    return lambda value: None if value in choices else f"must be one of {', '.join(choices)}, not {value!r}"


def _texts(value: object) -> str | None:
    ok = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return None if ok else f"must be a list of texts, not {value!r}"


def _labels(value: object) -> str | None:
    ok = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return None if ok else f"must be a table of texts, not {value!r}"


def _metric(value: object) -> str | None:
    return None if isinstance(value, str) and value in CATALOGUE else f"is not a metric of the catalogue: {value!r}"


def _template(value: object) -> str | None:
    """Refuse what could not be filled in, or would reach into what is filled in."""
    if not isinstance(value, str):
        return f"must be a text, not {value!r}"
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(value) if name is not None]
    except ValueError as error:
        return f"cannot be filled in: {error}"
    unknown = sorted(set(fields) - _WORDS)
    return None if not unknown else f"must name only {', '.join(sorted(_WORDS))}, not {', '.join(unknown)}"


_SETTABLE: dict[str, Callable[[object], str | None]] = {
    "limit": _number,
    "clear": _number,
    "critical_limit": _number,
    "for_seconds": _seconds,
    "clear_seconds": _seconds,
    "repeat_seconds": _seconds,
    "enabled": _flag,
    "severity": _one_of(*Severity),
    "channels": _texts,
}
_FOR_NEW: dict[str, Callable[[object], str | None]] = {
    "metric": _metric,
    "comparison": _one_of("above", "below"),
    "labels": _labels,
    "once_per_run": _flag,
    "title": _template,
    "summary": _template,
    "cause": lambda value: None if isinstance(value, str) else f"must be a text, not {value!r}",
    "advice": lambda value: None if isinstance(value, str) else f"must be a text, not {value!r}",
}
