"""How often the rule of an alert would have fired for its subject lately: what is asked, and how it is answered.

Plain Python without widgets. The question is put in the GUI thread, answered where the history is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.alerts.replay import Subject, replay, scaled
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.series import SeriesKey, series_key

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from crackseg_desktop.alerts.replay import Breach
    from crackseg_desktop.alerts.rule import Rule
    from crackseg_desktop.readings import AlertEvent, Reading
    from crackseg_desktop.series import Buckets
    from crackseg_desktop.ui.model import Model

DAYS = 7
_MOST_BUCKETS = 15_000  # a week by the minute
_HOUR = 3600.0
_SHARES = {
    "gpu_memory_used_ratio": ("gpu_memory_used_bytes", "gpu_memory_total_bytes"),
    "host_memory_used_ratio": ("host_memory_used_bytes", "host_memory_total_bytes"),
}
"""Shares that are not stored: the stored series, and the figure of now that it is a share of."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which rule, for which subject, on which stored series times a factor, over which time (Unix seconds).

    ``references`` are what limits are a distance to, as they are now: (metric, value).
    """

    rule: Rule
    subject: str
    key: SeriesKey
    factor: float
    references: tuple[tuple[str, float], ...]
    since: float
    until: float

    @property
    def identity(self) -> Hashable:
        """Return what makes it another question: also the limits, which a person may change."""
        return self.rule.name, self.rule.all_levels, self.rule.for_seconds, self.key, self.until


@dataclass(frozen=True, slots=True)
class Answer:
    """When the rule would have fired; ``known_since`` is from when there are figures, None: there are none."""

    question: Question
    breaches: tuple[Breach, ...] = ()
    known_since: float | None = None

    @property
    def words(self) -> str:
        """Write it in a few words."""
        if self.known_since is None:
            return "no history"
        often = {0: "never", 1: "once"}.get(len(self.breaches), f"{len(self.breaches)} times")
        is_whole = self.known_since < self.question.since + _HOUR
        days = max(1, round((self.question.until - self.known_since) / 86_400.0))
        lately = f"{DAYS} days" if is_whole else "a day" if days == 1 else f"{days} days"
        about = "" if all(breach.is_exact for breach in self.breaches) else "about "
        return f"{about}{often} in {lately}"


def question_of(event: AlertEvent, model: Model) -> Question | None:
    """Return what to ask of the history about an alert; None where that does not keep what the rule judges.

    The time ends with a full hour, so that the same question is not asked with every sample.
    """
    rule = next((status.rule for status in model.rules if status.rule.name == event.rule), None)
    if rule is None:
        return None
    told = [reading for reading in _readings(model) if dict(reading.labels) == dict(event.labels)]
    wanted = {level.relative_to for level in rule.all_levels if level.relative_to}
    references = {
        metric: value for metric in sorted(wanted) for each in told if (value := each.get(metric)) is not None
    }
    metric, factor = rule.metric, 1.0
    if metric in _SHARES:
        metric, whole = _SHARES[metric]
        factor = 1.0 / next((total for each in told if (total := each.get(whole))), float("inf"))
    if metric not in CATALOGUE or not CATALOGUE[metric].stored or factor <= 0.0:
        return None
    until = model.now // _HOUR * _HOUR
    key, since = series_key(metric, event.labels), until - DAYS * 86_400.0
    return Question(rule, event.subject, key, factor, tuple(references.items()), since, until)


def _readings(model: Model) -> Iterable[Reading]:
    return model.sample.readings() if model.sample is not None else ()


def answered(question: Question, read: Callable[[SeriesKey, float, float, int], Buckets]) -> Answer:
    """Answer from the history; takes a while."""
    values = read(question.key, question.since, question.until, _MOST_BUCKETS)
    if not len(values):
        return Answer(question)
    if question.factor != 1.0:
        values = scaled(values, question.factor, question.rule.metric)
    subject = Subject(question.subject, dict(question.key[1]), values, dict(question.references))
    return Answer(question, replay(question.rule, (subject,)), values.times[0])
