"""What a rule is: a limit on one series, how long, how severe, in what words. Data: no rule has code of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

_NONE: Mapping[str, float] = MappingProxyType({})

REPEAT_SECONDS = {Severity.CRITICAL: 3600.0, Severity.WARNING: 4 * 3600.0, Severity.INFO: 4 * 3600.0}
"""How often what goes on and on is said again, by default."""


@dataclass(frozen=True, slots=True)
class Level:
    """One severity of a rule, and where it begins and ends.

    ``limit`` and ``clear`` are in the base unit of the metric; with ``relative_to`` they are distances to the value of
    that metric of the same subject (5 below the temperature at which the card slows itself).
    """

    severity: Severity
    limit: float
    clear: float
    relative_to: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on one metric of the catalogue, in its base unit.

    It fires once the value has been beyond ``limit`` for ``for_seconds`` and resolves once it has been on the good side
    of ``clear`` for ``clear_seconds``; ``levels`` are further, worse severities of the same alert. ``title`` and
    ``summary`` are templates of {subject}, {value}, {limit}, {detail} and {fact}.

    Attributes:
        labels: only subjects that have these are judged.
        relative_to: see ``Level``.
        repeat_seconds: how often it is said again while nobody acknowledges it; 0: never, None: by its severity.
        channels: the names of the channels that it is told on; empty: by its severity.
        once_per_run: a subject is told of once, however often it comes back.
        cause, advice: why it is likely so, and what to try.
        causes: cause and advice by the kind of an observation, where they are known better.
        all_levels: every severity with its limits, the mildest first.
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
    labels: Mapping[str, str] = field(default_factory=dict)
    relative_to: str = ""
    levels: tuple[Level, ...] = ()
    repeat_seconds: float | None = None
    channels: tuple[str, ...] = ()
    once_per_run: bool = False
    cause: str = ""
    advice: str = ""
    causes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    all_levels: tuple[Level, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        levels = (Level(self.severity, self.limit, self.clear, self.relative_to), *self.levels)
        object.__setattr__(self, "all_levels", levels)  # once: it is asked for with every value

    @property
    def unit(self) -> str:
        """Return the unit of the rule's metric."""
        return CATALOGUE[self.metric].unit

    @property
    def references(self) -> tuple[str, ...]:
        """Return the metrics that limits are a distance to."""
        return tuple(level.relative_to for level in self.all_levels if level.relative_to)

    def applies_to(self, labels: Mapping[str, str]) -> bool:
        """Say whether a subject is one that this rule judges."""
        return not self.labels or all(labels.get(name) == value for name, value in self.labels.items())

    def limit_of(self, level: Level, references: Mapping[str, float]) -> float | None:
        """Return the limit of a level as an absolute value; None where what it is relative to is not known."""
        return self._absolute(level.limit, level, references)

    def breached_by(self, value: float, level: Level | None = None, references: Mapping[str, float] = _NONE) -> bool:
        """Say whether a value is beyond the limit; a distance is kept only by what is farther away."""
        level = self.all_levels[0] if level is None else level
        limit = self._absolute(level.limit, level, references)
        if limit is None:
            return False
        if level.relative_to and value == limit:
            return True
        return value > limit if self.comparison == "above" else value < limit

    def cleared_by(self, value: float, level: Level | None = None, references: Mapping[str, float] = _NONE) -> bool:
        """Say whether a value is back on the good side of the clear level."""
        level = self.all_levels[0] if level is None else level
        clear = self._absolute(level.clear, level, references)
        if clear is None:
            return True
        return value <= clear if self.comparison == "above" else value >= clear

    def repeat_after(self, severity: Severity) -> float:
        """Return after how many seconds it is said again; 0: never."""
        if self.once_per_run:
            return 0.0
        return REPEAT_SECONDS[severity] if self.repeat_seconds is None else self.repeat_seconds

    def explain(self, kind: str) -> tuple[str, str]:
        """Return the likely cause and what to try, for a kind of observation."""
        return self.causes.get(kind, (self.cause, self.advice))

    def _absolute(self, figure: float, level: Level, references: Mapping[str, float]) -> float | None:
        if not level.relative_to:
            return figure
        reference = references.get(level.relative_to)
        if reference is None:
            return None
        return reference - figure if self.comparison == "above" else reference + figure


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """A rule and what it was last compared with: the newest value of each subject, by the subject's name."""

    rule: Rule
    values: Mapping[str, float] = field(default_factory=dict)
