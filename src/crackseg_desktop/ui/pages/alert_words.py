"""What the alerts page says and draws of an alert: its figures, its evidence as columns, which filter it is under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crackseg_desktop import units
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.model import KEEP
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.rule_words import distance_words, figure_of, limit_figure
from crackseg_desktop.ui.snoozes import end_words

if TYPE_CHECKING:
    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.ui.model import Column, Model

FILTERS = (
    ("all", "All"),
    ("firing", "Needs you"),
    ("snoozed", "Snoozed"),
    ("known", "Acknowledged"),
    ("over", "Resolved"),
)
_STAGES = {
    AlertState.FIRING: "firing",
    AlertState.ACKNOWLEDGED: "known",
    AlertState.SNOOZED: "snoozed",
    AlertState.RESOLVED: "over",
}
_COLOURS = {"gpu_temperature": "s2", "gpu_memory": "s1", "gpu_idle": "s3", "nan": "s1", "divergence": "s1"}
_SHARES = {
    "gpu_memory_used_ratio": ("gpu_memory_used_bytes", "gpu_memory_total_bytes"),
    "host_memory_used_ratio": ("host_memory_used_bytes", "host_memory_total_bytes"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The curve behind an alert: Unix seconds, values, the limit, all in one unit of the catalogue."""

    x: Column
    y: Column
    limit: float
    unit: str
    colour: str

    @property
    def drawable(self) -> bool:
        """Say whether there is a curve at all."""
        return len(self.x) > 1 and self.span > 0

    @property
    def span(self) -> float:
        """Return how long it is, in seconds."""
        return float(self.x[-1] - self.x[0])

    @property
    def limit_words(self) -> str:
        """Return the limit with its unit; nothing where the unit has none."""
        return "" if self.unit == "state" else limit_figure(self.unit, self.limit)

    @property
    def y_range(self) -> tuple[float, float]:
        """Return the ends of an axis that shows curve and limit with some air."""
        low, high = min(self.limit, float(self.y.min())), max(self.limit, float(self.y.max()))
        air = 0.2 * (high - low) or 0.1 * abs(high) or 1.0
        return (max(0.0, low - air) if low >= 0 else low - air), high + air


def stage_of(event: AlertEvent, model: Model) -> str:
    """Return under which filter an alert is shown; "" under all alone."""
    if event.state == AlertState.FIRING and model.silence_of(event) is not None:
        return "snoozed"
    return _STAGES.get(event.state, "")


def matches(event: AlertEvent, typed: str) -> bool:
    """Say whether an alert is about what a person typed: every word is somewhere in it."""
    said = f"{event.title} {event.subject} {event.rule} {event.severity} {event.summary} {event.note}".lower()
    return all(word in said for word in typed.lower().split())


def snoozed_words(event: AlertEvent, model: Model) -> str:
    """Say until when an alert is snoozed; nothing where it is not."""
    silence = model.silence_of(event)
    if event.state not in (AlertState.FIRING, AlertState.SNOOZED) or silence is None:
        return ""
    return end_words(silence)


def figures_words(event: AlertEvent, model: Model) -> str:
    """Write the value of an alert against its limit, or how long it lasted and its peak."""
    unit = unit_of(event)
    if event.state == AlertState.ACKNOWLEDGED and event.note:
        return f"Note: {event.note}"
    if is_told_in_words(unit):
        return event.summary
    limit = f"limit {limit_figure(unit, event.limit)}"
    if event.state == AlertState.RESOLVED:
        lasted = f"lasted {units.duration(event.lasted)}" if event.lasted is not None else ""
        peak = f"peak {figure_of(unit, event.peak)}" if event.peak is not None else ""
        return ", ".join(filter(None, (lasted, peak, limit))) if lasted or peak else event.summary
    value = model.value_of(event)
    distance = distance_words(unit, value, event.limit, above=is_above(event, model))
    return ", ".join(filter(None, (figure_of(unit, value), limit, distance)))


def since_words(event: AlertEvent, model: Model) -> str:
    """Write since when an alert is there and for how long."""
    began = words.when(event.since, model.now)
    return began if event.state == AlertState.RESOLVED else f"{began}, {units.duration(model.now - event.since)}"


def unit_of(event: AlertEvent) -> str:
    """Return the catalogue unit of what an alert is about."""
    return CATALOGUE[event.metric].unit if event.metric in CATALOGUE else ""


def is_told_in_words(unit: str) -> bool:
    """Say whether a bare number of this unit would say less than the sentence about it."""
    return unit in ("", "state")


def is_above(event: AlertEvent, model: Model) -> bool:
    """Say whether an alert is about too much rather than too little."""
    rule = next((told.rule for told in model.rules if told.rule.name == event.rule), None)
    if rule is not None:
        return rule.comparison == "above"
    return event.peak is None or event.peak >= event.limit


def evidence_of(event: AlertEvent, model: Model) -> Evidence:
    """Return the curve that an alert carries, else that of its series in the last hour; empty where neither holds it.

    Shares of memory are not stored: their bytes are, and the limit goes along.
    """
    carried = event.evidence.points if event.evidence is not None else ()
    firing = event.state == AlertState.FIRING
    colour = "critical" if firing and event.severity == "critical" else _COLOURS.get(event.rule, "s6")
    if len(carried) > 1:
        x, y = np.array(carried, dtype=np.float64).T
        known = np.isfinite(y)
        return Evidence(x[known], y[known], event.limit, unit_of(event), colour)
    metric, limit = event.metric, event.limit
    if metric in _SHARES:
        metric, whole = _SHARES[metric]
        limit *= _newest(model, whole, event)
    ages, values = model.recent(metric, event.labels)
    known = np.isfinite(values)
    unit = CATALOGUE[metric].unit if metric in CATALOGUE else ""
    if not limit or known.sum() < 2 or model.now - event.since > KEEP:
        return Evidence(ages[:0], values[:0], limit, unit, colour)
    return Evidence(ages[known] + model.now, values[known], limit, unit, colour)


def _newest(model: Model, metric: str, event: AlertEvent) -> float:
    if model.sample is None:
        return 0.0
    found = (r.get(metric) for r in model.sample.readings() if dict(r.labels) == dict(event.labels) and r.get(metric))
    return next(found, 0.0) or 0.0
