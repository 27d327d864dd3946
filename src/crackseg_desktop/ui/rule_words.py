"""Rules in words and fields: their names, limits, durations and values as a person reads and types them. Pure."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from crackseg_desktop import units
from crackseg_desktop.alerts.rules import rules_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.alerts.rule import Level, Rule

_TITLES = {
    "nan": "NaN or infinite values",
    "divergence": "Loss diverging",
    "overfit": "Overfitting",
    "collapse": "Collapsed predictions",
    "plateau": "No progress",
    "stalled": "Run stalled",
    "disk_space": "Disk space",
    "disk_share": "Disk filling",
    "host_memory": "RAM",
    "host_unreachable": "Host unreachable",
    "driver_mismatch": "Driver and library differ",
    "source_silent": "Source not responding",
    "dead_mount": "Mount not answering",
    "dataset_error": "Dataset errors",
    "gpu_idle": "GPU idle under a run",
    "gpu_throttling": "GPU throttled by heat",
    "gpu_xid": "GPU error (Xid)",
    "while_away": "Ended while away",
}
_REFERENCES = {"gpu_temperature_slowdown_celsius": "slowdown"}
_SCALES = {
    "ratio": (0.01, "%"),
    "bytes": (float(units.GIB), "GiB"),
    "bytes_per_second": (1024.0**2, "MiB/s"),
    "celsius": (1.0, "°C"),
    "watts": (1.0, "W"),
    "seconds": (1.0, "s"),
    "hertz": (1e6, "MHz"),
}
_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|min|m|h|d)?", re.IGNORECASE)
_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST = 30 * 86400.0


def rule_title(name: str) -> str:
    """Return the words for a rule's name."""
    words = name.replace("_", " ")
    return _TITLES.get(name) or (f"GPU{words[3:]}" if words.startswith("gpu") else words[:1].upper() + words[1:])


def all_rules(tables: Mapping[str, Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Return all rules as these tables of the settings change them, also those that are turned off."""
    return rules_from(tables, with_disabled=True)[0]


def has_limit(rule: Rule) -> bool:
    """Say whether a rule has a limit that means something to a person: what happens or not has none."""
    return rule.unit != "state"


def unit_name(rule: Rule) -> str:
    """Return the unit in which the limit of a rule is typed."""
    return _SCALES.get(rule.unit, (1.0, ""))[1]


def limit_text(rule: Rule) -> str:
    """Write the limit of a rule for its field, in ``unit_name``."""
    return f"{rule.limit / _SCALES.get(rule.unit, (1.0, ''))[0]:.4g}"


def parse_limit(text: str, rule: Rule) -> float:
    """Read the limit of a rule from its field, in the base unit of its metric.

    Raises:
        ValueError: with what is wrong, for a person.
    """
    scale, name = _SCALES.get(rule.unit, (1.0, ""))
    figure = text.strip().removesuffix(name).strip().replace(",", ".")
    try:
        value = float(figure)
    except ValueError as error:
        raise ValueError(f"must be a number{f' of {name}' if name else ''}") from error
    if not math.isfinite(value) or value < 0:
        raise ValueError("must be a number from 0 up")
    if rule.unit == "ratio" and value > 100:
        raise ValueError("must be from 0 to 100 %")
    return value * scale


def seconds_text(seconds: float) -> str:
    """Write a duration exactly, in its largest whole unit: ``10 s``, ``15 min``, ``4 h``."""
    for name in ("h", "min"):
        if seconds and seconds % _SECONDS[name] == 0:
            return f"{seconds / _SECONDS[name]:g} {name}"
    return f"{seconds:g} s"


def parse_seconds(text: str) -> float:
    """Read a duration such as ``10``, ``10 s``, ``2 min`` or ``1 h 30 min``, in seconds.

    Raises:
        ValueError: with what is wrong, for a person.
    """
    bare = text.strip()
    if not bare or _PARTS.sub("", bare).strip():
        raise ValueError("must be a time such as 10 s, 2 min or 1 h")
    seconds = sum(float(figure) * _SECONDS[unit.lower()] for figure, unit in _PARTS.findall(bare))
    if seconds > _LONGEST:
        raise ValueError("must be 30 days at most")
    return seconds


def figure_of(unit: str, value: float | None) -> str:
    """Write a value that a rule compares, with its unit."""
    if value is None:
        return units.MISSING
    if unit == "state":
        return "yes" if value else "no"
    return units.figure(unit, value) if unit in _SCALES else f"{value:.4g}"


def limit_figure(unit: str, limit: float) -> str:
    """Write a limit with its unit, as exactly as it was set where that is short: ``93.75 %``."""
    if unit == "ratio":
        return f"{limit * 100:.4g} %"
    return figure_of(unit, limit)


def limit_words(rule: Rule, level: Level | None = None) -> str:
    """Write what a level of a rule compares with: ``above 80 °C``, ``within 5 °C of slowdown``."""
    level = rule.all_levels[0] if level is None else level
    if level.relative_to:
        distance = figure_of(rule.unit, level.limit)
        return f"within {distance} of {_REFERENCES.get(level.relative_to, level.relative_to)}"
    if not has_limit(rule):
        return "when it happens"
    return f"{rule.comparison} {limit_figure(rule.unit, level.limit)}"


def distance_words(unit: str, value: float | None, limit: float, *, above: bool) -> str:
    """Say how far a value is from its limit: ``2 °C over``, ``0.3 GiB under``, ``within it by 4 °C``."""
    if value is None or unit == "state" or not math.isfinite(value):
        return ""
    beyond = value - limit if above else limit - value
    words = figure_of(unit, abs(value - limit))
    if words.startswith(("0 ", "0.0 ")) or words == "0":
        return "at the limit"
    return f"{words} {'over' if above else 'under'}" if beyond > 0 else f"within it by {words}"
