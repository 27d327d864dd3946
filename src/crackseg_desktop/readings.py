"""What crosses a thread or a floor: frozen facts, without behaviour beyond looking at themselves.

Every quantity is in the base unit that its metric name ends with (bytes, celsius, watts, hertz, ratio 0..1). Times
are Unix seconds (UTC, float) unless a name says ``monotonic``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Mapping

    Figures = Mapping[str, float]
    Reasons = Mapping[str, str]


class SourceState(StrEnum):
    """How a source of readings is doing; everything but ``OK`` comes with a reason that a person can read."""

    OK = "ok"
    UNAVAILABLE = "unavailable"  # not on this machine: no driver, no GPU, not supported
    MISMATCH = "mismatch"  # the driver was updated and the machine not restarted
    NO_PERMISSION = "no permission"
    ASLEEP = "asleep"  # powered down, and left alone
    LOST = "lost"  # the GPU fell off the bus
    NOT_RESPONDING = "not responding"  # a call is over its deadline
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """The state of one source ("nvidia", "host", …) at the moment of a sample."""

    name: str
    state: SourceState
    reason: str | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of one thing at one moment: catalogue metric name to value, and why a figure is missing.

    ``labels`` is the identity that every one of its series carries, such as ``{"gpu": uuid}`` or ``{"mount": "/"}``.
    A metric is in ``figures`` or in ``unavailable``, never in both.
    """

    labels: Mapping[str, str]
    figures: Figures
    unavailable: Reasons = field(default_factory=dict)

    def get(self, metric: str) -> float | None:
        """Return the value of a catalogue metric, or None where it is unavailable."""
        return self.figures.get(metric)


@dataclass(frozen=True, slots=True)
class GpuReading(Reading):
    """One GPU. ``labels`` is ``{"gpu": uuid}``; ``index`` is NVML's (PCI order), not CUDA's.

    Attributes:
        throttle_reasons: what keeps the clocks below what they could be, as sentences; empty: the GPU runs freely, or
            it is not reported (see ``unavailable``).
        clock_reasons: everything that decides the clocks, normal reasons such as idleness included, as sentences.
        process_reasons: why the list of processes (``processes``) or a column of it (``memory_bytes``, ``sm_ratio``)
            is missing.
        xid_errors: the last errors that the driver reported since the program started, the oldest first.
        taken: when these figures were read: older than the sample where the GPU does not answer.
    """

    uuid: str = ""
    index: int = 0
    name: str = ""
    state: SourceState = SourceState.OK
    reason: str | None = None
    throttle_reasons: tuple[str, ...] = ()
    clock_reasons: tuple[str, ...] = ()
    processes: tuple[GpuProcess, ...] = ()
    process_reasons: Reasons = field(default_factory=dict)
    xid_errors: tuple[XidError, ...] = ()
    taken: float = 0.0

    @property
    def identity(self) -> dict[str, str]:
        """Return the labels of ``gpu_info``."""
        return {"gpu": self.uuid, "index": str(self.index), "name": self.name}


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that holds memory of a GPU, as the driver names it.

    ``sm_ratio`` is the share of time that its kernels had the multiprocessors lately. ``process_reasons`` of the GPU
    say why a figure is None.
    """

    pid: int
    memory_bytes: int | None
    kind: Literal["compute", "graphics", "both"]
    sm_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class XidError:
    """An error that the NVIDIA driver reported about a GPU.

    ``time`` (Unix seconds) is when this program heard of it. ``reason`` is what it means ("Xid 79: the GPU fell off
    the bus"). ``critical``: the GPU is lost, or its memory is damaged.
    """

    number: int
    time: float
    reason: str
    critical: bool = False


@dataclass(frozen=True, slots=True)
class HostReading(Reading):
    """The machine. ``labels`` is empty; what there are several of stands in ``disks`` and ``interfaces``."""

    hostname: str = ""
    disks: tuple[Reading, ...] = ()  # labels {"mount": path}
    interfaces: tuple[Reading, ...] = ()  # labels {"interface": name}
    drives: tuple[Reading, ...] = ()  # labels {"drive": device}
    sensors: tuple[Reading, ...] = ()  # labels {"sensor": name}
    fans: tuple[Reading, ...] = ()  # labels {"fan": name}
    cores: tuple[float, ...] = ()  # share of each CPU thread in use; empty at first
    notes: tuple[str, ...] = ()  # what holds for the figures, in sentences: a limit of a container


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """A process that may be a training: what is needed to link it to a run."""

    pid: int
    started: float
    command: tuple[str, ...]
    folder: str | None  # its working folder
    open_files: tuple[str, ...] = ()
    parent: int | None = None
    children: tuple[int, ...] = ()  # all below it: worker processes, folded away
    launcher: int | None = None  # its parent, where that started it as one rank of several (torchrun)


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process as the table of all processes shows it; what is None has its reason in ``unavailable`` by field name.

    ``cpu_ratio`` is a share of one core, so that it may be above 1. ``memory_bytes`` is the resident memory: pages that
    processes share count for each. ``container`` names the kind and the id or name.
    """

    pid: int
    parent: int
    started: float
    name: str
    command: tuple[str, ...]
    user: str
    own: bool  # of the user who runs this program
    state: str | None
    threads: int | None
    memory_bytes: int | None
    cpu_ratio: float | None = None
    read_bytes_per_second: float | None = None
    written_bytes_per_second: float | None = None
    received_bytes_per_second: float | None = None
    sent_bytes_per_second: float | None = None
    container: str | None = None
    unavailable: Reasons = field(default_factory=dict)


SAME_START_SECONDS = 2.0
"""So far two readings of one start time may lie apart: the time of the boot that it is counted from drifts."""


def began_together(first: float, second: float) -> bool:
    """Say whether two start times (Unix seconds) of one PID mean the same process, and not one that got its PID."""
    return abs(first - second) <= SAME_START_SECONDS


@dataclass(frozen=True, slots=True)
class Sample:
    """All readings taken at one moment by the sampler thread.

    ``gap`` is true for the first sample after a suspend or a clock jump: rates are missing and no line is drawn to it.
    """

    time: float
    monotonic: float
    host: HostReading | None
    gpus: tuple[GpuReading, ...] = ()
    own: Reading | None = None  # this program's own cost
    sources: tuple[SourceHealth, ...] = ()
    processes: tuple[ProcessReading, ...] = ()  # trainings seen on this host (medium tier; carried along in between)
    gap: bool = False
    simulated: bool = False
    table: tuple[ProcessRow, ...] | None = None  # all processes; None while nobody looks at them

    def readings(self) -> Iterator[Reading]:
        """Walk over everything that was read, a GPU or a disk at a time."""
        if self.host is not None:
            yield self.host
            yield from self.host.disks
            yield from self.host.interfaces
            yield from self.host.drives
            yield from self.host.sensors
            yield from self.host.fans
        yield from self.gpus
        if self.own is not None:
            yield self.own


class Tier(StrEnum):
    """How often a figure is worth reading; the sampler's periods say what that means in seconds."""

    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Part:
    """What one source contributes to a sample: everything it knows, slower figures carried along from earlier reads.

    ``host`` may hold some figures, disks or interfaces only; the sampler merges those of all sources. ``state`` and
    ``reason`` are the source's own judgement; deadlines and exceptions are the sampler's.
    """

    state: SourceState = SourceState.OK
    reason: str | None = None
    gpus: tuple[GpuReading, ...] = ()
    host: HostReading | None = None
    own: Reading | None = None
    processes: tuple[ProcessReading, ...] = ()
    table: tuple[ProcessRow, ...] | None = None


class RunState(StrEnum):
    """What became of a training; the rules are in ``insight.state``."""

    RUNNING = "running"
    STALLED = "stalled"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


ACTIVE = frozenset({RunState.RUNNING, RunState.STALLED})


@dataclass(frozen=True, slots=True)
class Ending:
    """Evidence in a run's files of how it ended.

    ``kind``: ``completed`` (normal end), ``early_stopping``, ``error`` (an exception was logged), ``out_of_memory``,
    ``dataset_error``, ``disk_full``, ``closed`` (the log was closed in order, but nothing says that the work was done:
    Ctrl-C).
    """

    kind: Literal["completed", "early_stopping", "error", "out_of_memory", "dataset_error", "disk_full", "closed"]
    message: str | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What the configuration files of a run set; None is not told.

    ``batch_size`` is what one step of one process takes in. ``monitor`` is the normalised name (``val/loss``) of the
    metric by which the training picks its best checkpoint.
    """

    batch_size: int | None = None
    total_epochs: int | None = None
    learning_rate: float | None = None
    model: str | None = None
    monitor: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of weights that a run saved, by its directory entry alone: it is never opened.

    ``kind`` is told by its name. ``time`` is when it was last written. It is written in place, so that its size may
    be short for a moment.
    """

    path: str
    size_bytes: int
    time: float
    kind: Literal["best", "last"] | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the files of one run say, before anything is inferred. Published by ``training.follower``.

    ``updated`` is the last sign of life (the newest logged time, else the newest modification time). ``files`` are the
    files it is known by, for linking it to the process that holds them open. ``writer`` is the host and PID that an
    event file's name tells. ``simulated`` marks demo data.
    """

    id: str  # 10 hex digits, stable over restarts
    name: str
    path: str
    folders: tuple[str, ...]
    source: str  # "crackseg", "tensorboard", …
    started: float | None = None
    updated: float | None = None
    epoch: int | None = None  # the last one finished, 1-based
    total_epochs: int | None = None
    step: int | None = None
    ending: Ending | None = None
    files: tuple[str, ...] = ()
    writer: tuple[str, int] | None = None
    notes: tuple[str, ...] = ()  # files passed over or damaged, in sentences
    simulated: bool = False
    config: RunConfig | None = None  # None: no configuration was found
    checkpoints: tuple[Checkpoint, ...] = ()  # the oldest first


@dataclass(frozen=True, slots=True)
class CurvePoints:
    """New points of one curve: three columns of equal length, in file order. Published by ``training.follower``.

    ``tag`` is exactly as the file has it, ``name`` is ours (``val/iou``). ``axis`` says what a step counts.
    ``baseline`` points were there when the program first saw the run; the others arrived while it watched.
    """

    run: str
    tag: str
    name: str
    steps: array[int]  # typecode "q"
    wall_times: array[float]  # typecode "d"
    values: array[float]  # typecode "d"; NaN and infinities are data
    axis: Literal["epoch", "step"] = "step"
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class RunRemoved:
    """The files of a run are gone. Published by ``training.follower``."""

    run: str


@dataclass(frozen=True, slots=True)
class RunParked:
    """The files of a run do not change any more: its points are left in them, only what they amount to is kept.

    Published by ``training.follower``; no point of the run comes after it before its ``RunResumed``.

    Attributes:
        signature: changes whenever one of its files does.
        losses: its validation losses as (epoch, Unix seconds, loss): so its rows in a shared file are recognised.
        summary: what its points amount to, as ``insight.summary`` wrote it down; None: they were published before.
    """

    facts: RunFacts
    signature: str
    losses: tuple[tuple[int, float, float], ...] = ()
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunResumed:
    """The files of a parked run changed: all its points come anew. Published by ``training.follower``."""

    run: str


@dataclass(frozen=True, slots=True)
class Best:
    """The best finite value of a metric so far (lowest for losses, highest for scores)."""

    value: float
    step: int
    epoch: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong that the curves of a run show: ``kind`` nan, diverged, plateau, collapse or overfit."""

    kind: str
    tag: str
    step: int
    summary: str


@dataclass(frozen=True, slots=True)
class Performance:
    """How well a run trains; what each figure means is defined in ``insight.performance``.

    Attributes:
        eta_interval_seconds: between what the time left lies, most likely.
        loss: the normalised name of the loss that ``loss_reduction_per_epoch`` (a ratio) is of.
        monitor: the normalised name of the metric that ``best_epoch`` and ``convergence_epoch`` are of.
        peak_memory_bytes: of GPU memory; ``unavailable`` says why a figure is missing.
    """

    eta_interval_seconds: tuple[float, float] | None = None
    loss: str | None = None
    loss_reduction_per_epoch: float | None = None
    monitor: str | None = None
    best_epoch: int | None = None
    convergence_epoch: int | None = None
    peak_memory_bytes: int | None = None
    unavailable: Mapping[str, str] = field(default_factory=dict)


class Confidence(StrEnum):
    """How sure it is that a process writes a run."""

    CERTAIN = "certain"
    LIKELY = "likely"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Link:
    """The process behind a run on this host, how sure that is, and why, in a sentence.

    Attributes:
        pids: the process itself first, then the other ranks and the worker processes of all of them.
        gpus: UUIDs of the GPUs that they hold memory of.
        pinned: a person said so.
    """

    pid: int
    started: float
    confidence: Confidence
    evidence: str
    pids: tuple[int, ...] = ()
    gpus: tuple[str, ...] = ()
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the faces show it: its facts and what ``insight`` derives from them and its curves."""

    facts: RunFacts
    state: RunState
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    epochs_per_hour: float | None = None
    eta_seconds: float | None = None
    best: Mapping[str, Best] = field(default_factory=dict)  # normalised name to best
    latest: Mapping[str, float] = field(default_factory=dict)  # normalised name to latest value, NaN included
    pid: int | None = None
    performance: Performance = field(default_factory=Performance)
    link: Link | None = None
    gpu_memory_peaks: Mapping[str, int] = field(default_factory=dict)  # UUID to bytes, as seen while it ran

    @property
    def id(self) -> str:
        """Return the run's id."""
        return self.facts.id

    @property
    def pids(self) -> tuple[int, ...]:
        """Return all processes that work for it on this host, the main one first."""
        if self.link is not None:
            return self.link.pids
        return (self.pid,) if self.pid is not None else ()

    @property
    def active(self) -> bool:
        """Say whether somebody should still look after it."""
        return self.state in ACTIVE


class Severity(StrEnum):
    """How much an alert needs a person."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertState(StrEnum):
    """Where an alert is in its life; ``alerts.engine`` is the state machine."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    NO_DATA = "no data"


OPEN = frozenset({AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.SNOOZED})
"""The states of an alert that a person is shown as there."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an alert fired: the newest values before it, the likely cause, and what to try.

    ``points`` are (Unix seconds, value), at most 60, the last is the one that fired. ``cause`` begins with "Likely"
    where it is inferred. ``advice`` is one or two sentences.
    """

    points: tuple[tuple[float, float], ...] = ()
    cause: str = ""
    advice: str = ""


class Scope(StrEnum):
    """What a silence is about."""

    ALL = "all"
    RULE = "rule"
    RUN = "run"
    GPU = "gpu"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Silence:
    """Announcements that a person does not want: of everything, a rule, a run, a GPU or one alert.

    ``subject`` is the rule's name, the run's id, the GPU's UUID or the alert's key; empty for all. ``until`` and
    ``made`` are Unix seconds; ``until`` is None where it lasts until the run ends (of a run, or an alert of a run).
    """

    scope: Scope
    subject: str = ""
    until: float | None = None
    made: float = 0.0


@dataclass(frozen=True, slots=True)
class SilencesChanged:
    """The silences there are now: one was made, or ended. Published by the Monitor."""

    silences: tuple[Silence, ...]


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """A change in the life of one alert: one (rule, subject) pair.

    ``subject`` names the thing for a person ("GPU 0", "/data", a run's name), ``labels`` for a machine. ``title`` is
    the fact in at most 63 characters, ``summary`` the evidence in at most 255. ``notify`` is false where the engine
    only records (pending, snoozed, a subject that went away).

    Attributes:
        peak: the worst value so far.
        lasted: seconds from the breach to the end; of a resolved alert.
        note: what a person wrote when acknowledging.
        channels: names of the channels that the rule names; empty: by severity.
        occurrence: how often this rule and subject has fired within the flap window.
    """

    rule: str
    subject: str
    labels: Mapping[str, str]
    state: AlertState
    severity: Severity
    metric: str
    value: float | None
    limit: float
    since: float
    time: float
    title: str
    summary: str
    notify: bool = True
    simulated: bool = False
    peak: float | None = None
    lasted: float | None = None
    note: str = ""
    channels: tuple[str, ...] = ()
    occurrence: int = 1
    evidence: Evidence | None = None

    @property
    def key(self) -> str:
        """Identify the alert over its life: the rule and the labels of its subject."""
        return ":".join((self.rule, *(f"{name}={value}" for name, value in sorted(self.labels.items()))))


@dataclass(frozen=True, slots=True)
class FoldersRead:
    """The watched folders were looked through. Published by ``training.follower``: once, and when ``silent`` changes.

    ``silent`` are the mount points that do not answer, and since when (Unix seconds).
    """

    silent: tuple[tuple[str, float], ...] = ()
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """Whether a host that the settings name can be reached. Published by ``system.hosts``.

    ``since`` is since when it cannot, in Unix seconds; None: it answers.
    """

    host: str
    since: float | None = None
    reason: str = ""
    simulated: bool = False


Event = Sample | RunFacts | CurvePoints | RunRemoved | RunParked | RunResumed | FoldersRead | HostAnswer
