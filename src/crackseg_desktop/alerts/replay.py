"""What a rule would have said of the past: its history is judged by the same engine as the present. Pure.

Each subject has an engine of its own, so that nothing inhibits or silences; nobody acknowledges. Most values are far
from any limit and are passed over, which changes nothing: an engine without an alert of a subject has no memory of it
but for its flapping, in which such values play no part.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from crackseg_desktop.alerts.alert import RANK
from crackseg_desktop.alerts.engine import FORGET_SECONDS, MISSED_ROUNDS, Engine
from crackseg_desktop.alerts.observation import Moment, Observation
from crackseg_desktop.readings import AlertState, Severity
from crackseg_desktop.series import Buckets, series_key

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from crackseg_desktop.alerts.rule import Rule
    from crackseg_desktop.readings import AlertEvent

    Row = tuple[float, float]

_WITHIN = 0.999
"""The last moment of a bucket, as a share of its period."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a rule judges, and what its metric was.

    ``values`` are in the base unit of the rule's metric: a share that is not stored is the stored series ``scaled``.
    ``references`` are what limits are a distance to, by metric: a series, or one figure for all of the past.
    """

    name: str
    labels: Mapping[str, str]
    values: Buckets
    references: Mapping[str, Buckets | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breach:
    """One time that a rule would have fired; times are Unix seconds.

    Attributes:
        severity: the worst that it had.
        since: when the value went beyond the limit; ``fired`` is when that had lasted long enough.
        until: when it was over; None: it still fires at the end.
        peak: the worst value.
        announcements: how often a person would have been told, the recovery included.
        has_recovered: false where the readings ended and nobody knows how it went on.
        is_exact: false where buckets are longer than the rule waits: of each, the worst value then stands for all of
            it, so that it may have fired less, and not exactly then.
    """

    rule: str
    subject: str
    labels: Mapping[str, str]
    severity: Severity
    since: float
    fired: float
    until: float | None
    peak: float | None
    announcements: int
    has_recovered: bool
    is_exact: bool


def replay(rule: Rule, subjects: Iterable[Subject]) -> tuple[Breach, ...]:
    """Return when a rule would have fired for each subject, the oldest first; also for one that is turned off."""
    in_force = replace(rule, enabled=True)
    judged = (subject for subject in subjects if rule.applies_to(subject.labels))
    found = [breach for subject in judged for breach in _breaches(in_force, subject)]
    return tuple(sorted(found, key=lambda breach: (breach.fired, breach.subject)))


def scaled(buckets: Buckets, by: float, metric: str) -> Buckets:
    """Return a series times a factor above zero as that of another metric: bytes in use as a share of all bytes."""
    columns = (buckets.minima, buckets.maxima, buckets.means, buckets.lasts)
    minima, maxima, means, lasts = (_times(column, by) for column in columns)
    key = series_key(metric, dict(buckets.key[1]))
    return Buckets(key, buckets.period, buckets.times, minima, maxima, means, lasts, buckets.counts)


def _times(column: array[float], by: float) -> array[float]:
    return type(column)("d", (value * by for value in column))


def _breaches(rule: Rule, subject: Subject) -> Iterator[Breach]:
    is_exact = not _is_coarse(rule, subject.values)
    life: list[AlertEvent] = []
    for event in _events(rule, subject, _rows(rule, subject.values)):
        life.append(event)
        if event.state == AlertState.RESOLVED:
            yield from _told(life, is_exact=is_exact)
            life.clear()
    yield from _told(life, is_exact=is_exact)


def _told(life: list[AlertEvent], *, is_exact: bool) -> Iterator[Breach]:
    """Yield what became of one alert, from its changes; one that was closed while pending is none."""
    fired = next((event for event in life if event.state == AlertState.FIRING), None)
    if fired is None:
        return
    last = life[-1]
    is_over = last.state == AlertState.RESOLVED
    yield Breach(
        rule=fired.rule,
        subject=fired.subject,
        labels=fired.labels,
        severity=max((event.severity for event in life), key=RANK.__getitem__),
        since=fired.since,
        fired=fired.time,
        until=last.time if is_over else None,
        peak=last.peak,
        announcements=sum(event.notify for event in life),
        has_recovered=is_over and last.value is not None,
        is_exact=is_exact,
    )


def _events(rule: Rule, subject: Subject, rows: Iterable[Row]) -> Iterator[AlertEvent]:
    """Yield the changes of an alert, and at the end once more how one stands that is still there."""
    engine = Engine([rule], inhibitions=())
    references = _references(subject)
    longest_step = _longest_step(subject.values)
    before, is_open, was_beyond = math.inf, False, False
    for time, value in rows:
        changes: list[AlertEvent] = []
        if (is_open or was_beyond) and time - before > longest_step:
            changes += _missed(engine, before, time)
        there = references(time)
        is_beyond = is_open or any(rule.breached_by(value, level, there) for level in rule.all_levels)
        if was_beyond or is_beyond:
            seen = [Observation(metric, subject.labels, figure, subject.name) for metric, figure in there.items()]
            seen.append(Observation(rule.metric, subject.labels, value, subject.name))
            changes += engine.observe(seen, Moment(time, time))
        if changes:
            is_open = changes[-1].state != AlertState.RESOLVED
            yield from changes
        before, was_beyond = time, is_beyond
    yield from (replace(event, notify=False) for event in engine.open_alerts())


def _missed(engine: Engine, before: float, time: float) -> Iterator[AlertEvent]:
    """Let rounds go by without a value, as between two rows that are far apart.

    What is closed then has no last value, and was over when it was last seen, for all that is known.
    """
    at = Moment(time, min(time, before + FORGET_SECONDS + 1.0))
    for _ in range(MISSED_ROUNDS):
        for event in engine.end_round(at):
            is_closed = event.state == AlertState.RESOLVED
            yield replace(event, time=before, value=None) if is_closed else event


def _rows(rule: Rule, values: Buckets) -> Iterator[Row]:
    """Yield times and values to judge: of buckets that are long for the rule the worst, as if it lasted all along."""
    if not _is_coarse(rule, values):
        rows: Iterable[Row] = zip(values.times, values.lasts, strict=True)
    else:
        worst = values.maxima if rule.comparison == "above" else values.minima
        ends = (0.0, _WITHIN * values.period) if rule.for_seconds else (0.0,)
        rows = ((time + end, value) for time, value in zip(values.times, worst, strict=True) for end in ends)
    return (row for row in rows if not math.isnan(row[1]))


def _is_coarse(rule: Rule, values: Buckets) -> bool:
    return values.period > max(1.0, rule.for_seconds) and any(count > 1 for count in values.counts)


def _longest_step(values: Buckets) -> float:
    """Return how far apart rows may be without a round missed between them."""
    steps = [after - before for before, after in pairwise(values.times)]
    usual = max(values.period, median(steps)) if steps else 1.0
    return max(1.5 * usual, min(MISSED_ROUNDS * usual, FORGET_SECONDS))


def _references(subject: Subject) -> Callable[[float], Mapping[str, float]]:
    """Return what tells the figures that limits are a distance to, at a time: the newest that are not too old."""
    fixed = {metric: item for metric, item in subject.references.items() if not isinstance(item, Buckets)}
    series = {metric: item for metric, item in subject.references.items() if isinstance(item, Buckets)}
    if not series:
        return lambda time: fixed

    def at(time: float) -> Mapping[str, float]:
        return fixed | {name: value for name, item in series.items() if (value := _newest(item, time)) is not None}

    return at


def _newest(values: Buckets, time: float) -> float | None:
    row = bisect_right(values.times, time) - 1
    if row < 0 or time - values.times[row] > max(FORGET_SECONDS, values.period) or math.isnan(values.lasts[row]):
        return None
    return values.lasts[row]
