"""What a report says, as data: the documents (Markdown, HTML, PDF) only write it down and draw it.

Figures are in base units; what is not known is None with the reason. Texts that come from elsewhere (names, notes,
paths) stand here as they are: who writes a document escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crackseg_desktop.readings import Severity
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.series import Gap


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in a base unit, or None and why; ``likely`` where it is inferred."""

    value: float | None = None
    reason: str = ""
    likely: bool = False


class Outcome(StrEnum):
    """What became of a run by the end of the period; the lists of the guide."""

    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Score:
    """The best value of one metric (``name`` as in val/iou, ``title`` as "IoU") and the target that it is held to."""

    name: str
    title: str
    best: Figure = field(default_factory=Figure)
    epoch: int | None = None
    target: float | None = None
    run: str = ""  # its name, where several could have it


@dataclass(frozen=True, slots=True)
class EnergyUse:
    """Energy in joules and its cost in the currency of the settings.

    ``source`` says whether the card counted it or it was integrated from its power. ``covered`` is the share of the
    span of which the power is known.
    """

    joules: Figure = field(default_factory=Figure)
    cost: Figure = field(default_factory=Figure)
    source: Literal["counter", "integrated", ""] = ""
    covered: float | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """A line of a chart: times in Unix seconds (or epochs) and values, the oldest first; NaN and infinities left out.

    ``lows`` and ``highs`` are the least and most of each bucket; empty where a point is a single value. ``longest`` is
    the distance of two points over which no line is drawn.
    """

    label: str
    times: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    longest: float = 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One plot over the time of the period: ``kind`` tells its colour, ``limit`` and ``total`` are in ``unit``."""

    kind: Literal["temperature", "memory"]
    title: str
    unit: str
    lines: tuple[Points, ...] = ()
    limit: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class CheckpointUse:
    """What the checkpoints of a run take.

    Attributes:
        written_bytes: of those last written in the period.
        per_hour: bytes added in an hour; 0 where new ones take the place of old ones.
        more_bytes: what the rest of the run likely adds.
        needed_bytes: what the best and the last one alone would take.
    """

    count: int = 0
    size_bytes: int = 0
    written_bytes: int = 0
    per_hour: Figure = field(default_factory=Figure)
    more_bytes: Figure = field(default_factory=Figure)
    needed_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """One training as the report tells it.

    Attributes:
        short: a name short enough for a chart, unique in the report.
        reason: why it failed, or how it ended, in a sentence.
        seconds: from its start to its end, or until now.
        period_seconds: how much of that lies in the period.
        eta_seconds: time left; of an active run.
        findings: what is wrong with its curves, in sentences.
        loss, iou: its validation curves, by epoch.
        settings: what its configuration sets, as (what, value).
    """

    id: str
    name: str
    short: str
    outcome: Outcome
    stalled: bool = False
    reason: str = ""
    epoch: int | None = None
    total_epochs: int | None = None
    started: float | None = None
    ended: float | None = None
    seconds: Figure = field(default_factory=Figure)
    period_seconds: float = 0.0
    epochs_per_hour: Figure = field(default_factory=Figure)
    eta_seconds: Figure = field(default_factory=Figure)
    scores: tuple[Score, ...] = ()
    peak_memory_bytes: Figure = field(default_factory=Figure)
    energy: EnergyUse = field(default_factory=EnergyUse)
    idle_seconds: Figure = field(default_factory=Figure)
    throttled_seconds: Figure = field(default_factory=Figure)
    checkpoints: CheckpointUse = field(default_factory=CheckpointUse)
    convergence_epoch: int | None = None
    alerts: int = 0
    findings: tuple[str, ...] = ()
    loss: Points | None = None
    iou: Points | None = None
    settings: tuple[tuple[str, str], ...] = ()
    simulated: bool = False

    def score(self, name: str) -> Score | None:
        """Return a score by its normalised name."""
        return next((score for score in self.scores if score.name == name), None)


@dataclass(frozen=True, slots=True)
class Health:
    """One thing of the machine: its worst and present figure beside its limit.

    Attributes:
        kind: a row of the guide's "System Health".
        subject: which GPU or mount, where there are several; "" otherwise.
        peak, peak_at: the worst in the period (of a disk: the least free space) and when.
        now: at the end of the period, or at ``period.now``.
        total: of memory and disks.
        forecast: a sentence beginning with "likely", where it will cross its limit soon; "".
    """

    kind: Literal["gpu_memory", "host_memory", "disk", "temperature"]
    title: str
    unit: str
    subject: str = ""
    peak: Figure = field(default_factory=Figure)
    peak_at: float | None = None
    now: Figure = field(default_factory=Figure)
    total: Figure = field(default_factory=Figure)
    limit: float | None = None
    forecast: str = ""

    @property
    def is_beyond(self) -> bool:
        """Say whether it went beyond its limit in the period."""
        if self.peak.value is None or self.limit is None:
            return False
        return self.peak.value < self.limit if self.kind == "disk" else self.peak.value > self.limit


class Resolution(StrEnum):
    """How an issue stands at the end of the period."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Issue:
    """One alert over its life, joined from the changes in the log.

    ``how`` says how it ended or stands ("resolved by itself", "acknowledged"), ``note`` what a person wrote.
    ``times`` is how often it came in the period, ``begins`` when each time. ``unit`` is of ``peak`` and ``limit``.
    """

    key: str
    rule: str
    title: str
    subject: str
    severity: Severity
    resolution: Resolution
    since: float
    ended: float | None = None
    seconds: float | None = None
    times: int = 1
    begins: tuple[float, ...] = ()
    how: str = ""
    note: str = ""
    summary: str = ""
    cause: str = ""
    advice: str = ""
    unit: str = ""
    peak: float | None = None
    limit: float | None = None
    lowest: bool = False  # the peak is a least
    labels: tuple[tuple[str, str], ...] = ()
    simulated: bool = False

    def label(self, name: str) -> str:
        """Return a label of its subject, such as the id of its ``run``; "" where it has none."""
        return dict(self.labels).get(name, "")


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do next, and the evidence that it rests on."""

    text: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of how much of the period there is data, and what is missing, the longest first."""

    share: Figure = field(default_factory=Figure)
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of a week; ``name`` is such as "Mon 16"."""

    name: str
    completed: int = 0
    failed: int = 0
    run_seconds: float = 0.0
    joules: Figure = field(default_factory=Figure)
    utilization: Figure = field(default_factory=Figure)


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much one metric is better than the best before: its title, its value and that of before."""

    metric: str
    value: float
    before: float


@dataclass(frozen=True, slots=True)
class Improvement:
    """A run of the week that beat the best of the weeks before, and what differs from the run that had it.

    ``differences`` are (what, before, now); empty: nothing that is known differs. ``known`` is false where the
    configuration of one of the two was not found.
    """

    run: str
    before_run: str
    gains: tuple[Gain, ...]
    differences: tuple[tuple[str, str, str], ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Week:
    """What only a weekly report has. ``heat``: per weekday 24 hours of mean GPU utilization (ratio), None: no data."""

    heat: tuple[tuple[float | None, ...], ...] = ()
    heat_reason: str = ""
    days: tuple[DayLine, ...] = ()
    improvements: tuple[Improvement, ...] = ()
    improvements_reason: str = ""  # why there are none


@dataclass(frozen=True, slots=True)
class Report:
    """A daily or weekly report.

    Attributes:
        runs: the active ones first, then completed, failed and the others, each the newest first.
        mean_seconds: mean duration of the runs that were completed in the period.
        best: the best scores that were reached in the period.
        checkpoint_bytes: of checkpoints written in the period.
        issues: the gravest and newest first; ``unlisted`` more followed from one of these, or are too many to list.
        simulated: its data is made up; it says so.
        notes: what could not be read, in sentences.
    """

    period: Period
    hostname: str
    environment: str
    runs: tuple[RunReport, ...] = ()
    mean_seconds: Figure = field(default_factory=Figure)
    best: tuple[Score, ...] = ()
    energy: EnergyUse = field(default_factory=EnergyUse)
    tariff: float = 0.0
    currency: str = ""
    idle_seconds: Figure = field(default_factory=Figure)
    throttled_seconds: Figure = field(default_factory=Figure)
    checkpoint_bytes: int = 0
    health: tuple[Health, ...] = ()
    lanes: tuple[Lane, ...] = ()
    issues: tuple[Issue, ...] = ()
    unlisted: int = 0
    actions: tuple[Action, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    week: Week | None = None
    simulated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Say whether nothing happened: no training and no issue."""
        return not self.runs and not self.issues and not self.unlisted

    def runs_of(self, outcome: Outcome) -> tuple[RunReport, ...]:
        """Return the runs with one outcome."""
        return tuple(run for run in self.runs if run.outcome == outcome)
