"""One look at everything, for the commands that look once: no thread outlives it, only the index of runs is written.

A driver that hangs is left to the end of the process; ``Look.stuck`` names it.
"""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crackseg_desktop.alerts.engine import judge_once
from crackseg_desktop.alerts.observe import observations
from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.curves import add_points
from crackseg_desktop.export import documents
from crackseg_desktop.export.gpu_lines import process_names
from crackseg_desktop.export.verdict import Verdict, verdict
from crackseg_desktop.insight.linking import link, with_gpus
from crackseg_desktop.insight.runs import derive
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.judging import aftermath, run_observations
from crackseg_desktop.readings import CurvePoints, RunFacts, Sample
from crackseg_desktop.run_index import RunIndex
from crackseg_desktop.settings import Baselines
from crackseg_desktop.tracking import newest_first
from crackseg_desktop.training.followed import is_resting
from crackseg_desktop.training.library import Library
from crackseg_desktop.training.mounts import Mounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from crackseg_desktop.alerts.engine import Observation
    from crackseg_desktop.alerts.rules import Rule
    from crackseg_desktop.clock import Clock
    from crackseg_desktop.curves import Curves
    from crackseg_desktop.export.documents import Document
    from crackseg_desktop.readings import AlertEvent, GpuReading, Link, ProcessReading, Run
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.training.followed import FollowedRun

Known = tuple[RunFacts, RunSummary]
"""A run: what its files say, and what its points amount to."""
_BATCH_SECONDS = 0.5
JUDGED_SECONDS = 24 * 3600.0
"""How recently a run must have shown a sign of life for ``check`` to judge it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One run as read from its files: facts, and curves with superseded points."""

    facts: RunFacts
    curves: Curves


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw.

    Attributes:
        instance_alerts: the firing alerts of a running instance with the same data directory; None: there is none.
        stuck: sources whose driver did not come back.
        names: what the processes on the GPUs are called, by PID.
    """

    now: float
    rules: tuple[Rule, ...]
    sample: Sample | None = None
    runs: tuple[Run, ...] = ()
    summaries: dict[str, RunSummary] = field(default_factory=dict)
    instance_alerts: list[Document] | None = None
    stuck: tuple[str, ...] = ()
    baselines: Baselines = field(default_factory=Baselines)
    names: dict[int, str] = field(default_factory=dict)

    def run_documents(self) -> list[Document]:
        """Return the document of ``runs --json``."""
        return [documents.run_document(run, self.instance_alerts or (), self.baselines) for run in self.runs]

    def status(self) -> Document:
        """Return the document of ``status --json``."""
        alerts = self.instance_alerts
        if alerts is None:
            alerts = [documents.alert_document(event) for event in self._alerts()]
        active = [documents.run_document(run, alerts, self.baselines) for run in self.runs if run.active]
        sample = self._sample()
        names = self.names | process_names(self.runs, sample.processes, sample.table)
        return documents.status_document(sample, active, alerts, names)

    def check(self) -> Verdict:
        """Judge what was seen as a monitoring plugin does."""
        return verdict(self._sample(), self._alerts(), sum(run.active for run in self.runs))

    def _alerts(self) -> list[AlertEvent]:
        """Apply every rule at once; a rule's ``for`` counts as elapsed."""
        return judge_once(self.rules, (*observations(self._sample()), *self._run_observations()), self.now)

    def _run_observations(self) -> Iterator[Observation]:
        for run in self.runs:
            last = run.facts.updated or run.facts.started or 0.0
            if run.active:
                yield from run_observations(run, self.summaries[run.id], self.now)
            elif self.now - last < JUDGED_SECONDS:
                yield from aftermath(run, self.summaries[run.id])

    def _sample(self) -> Sample:
        return self.sample or Sample(self.now, 0.0, None)


def look(
    settings: Settings, data_dir: Path, folders: Sequence[Path], clock: Clock, sample: Sample | None = None
) -> Look:
    """Read this machine, unless somebody has done so just now (``sample``), and the runs under the folders."""
    stuck: tuple[str, ...] = ()
    if sample is None:
        from crackseg_desktop.core import build_machine

        sampler = build_machine(settings, data_dir, folders, clock, lambda event: None).sampler
        sample, stuck = sampler.sample_once(), sampler.stuck
    known = [item for batch in _read(data_dir, folders, clock) for item in batch]
    alerts = alerts_of_instance(data_dir)
    from crackseg_desktop.hardware.process_names import read_names

    seen = _looked(settings, clock, sample, known, sample.processes, alerts, stuck)
    return replace(seen, names=read_names(item.pid for gpu in sample.gpus for item in gpu.processes))


def look_at_runs(settings: Settings, data_dir: Path, folders: Sequence[Path], clock: Clock) -> Iterator[Look]:
    """Read the runs under the folders alone, the newest first; as many at a time as half a second brings."""
    from crackseg_desktop.hardware.processes import training_processes

    processes = training_processes()
    alerts = alerts_of_instance(data_dir)
    for batch in _read(data_dir, folders, clock):
        yield _looked(settings, clock, None, batch, processes, alerts, ())


def look_at_demo(settings: Settings, clock: Clock) -> Look:
    """Take one look at the simulated machine and its simulated runs."""
    sample, found = _demo(clock)
    known = [(item.facts, RunSummary.of_curves(item.curves)) for item in found]
    return _looked(settings, clock, sample, known, sample.processes, None, ())


def find_runs(name: str, folders: Sequence[Path], clock: Clock, *, demo: bool = False) -> list[Found]:
    """Return the runs that a RUN argument can mean: an id, a name, a folder or a file."""
    from crackseg_desktop.training.runs import find_runs as find_in_files

    if demo:
        return [item for item in _demo(clock)[1] if name in (item.facts.id, item.facts.name)]
    return [Found(item.facts, item.curves) for item in find_in_files(name, folders)]


def find_others(folders: Sequence[Path], clock: Clock, *, demo: bool = False) -> tuple[list[Found], list[Path]]:
    """Return the runs under some folders that consist of more than event files, and where the others lie."""
    from crackseg_desktop.training.runs import read_other_runs

    if demo:
        return _demo(clock)[1], []
    found, paths = read_other_runs(folders, answers=Mounts(clock).answers)
    return [Found(item.facts, item.curves) for item in found], paths


class CurveReader:
    """Reads the curves of one run after the other from their files, for who needs a few of many. For one thread."""

    def __init__(self, data_dir: Path, folders: Sequence[Path], clock: Clock) -> None:
        self._data_dir, self._folders, self._clock = data_dir, folders, clock
        self._library: Library | None = None
        self._curves: dict[str, Curves] = {}

    def __call__(self, run: str) -> Curves:
        """Return the curves of the run with an id, superseded points included; none where there is no such run."""
        if run not in self._curves:
            for reader, chunks in self._parts(run):
                if reader.id == run or reader.parked is None:
                    curves = self._curves.setdefault(reader.id, {})
                    for chunk in chunks:
                        add_points(curves, chunk)
        return self._curves.get(run, {})

    def _parts(self, run: str) -> Iterable[tuple[FollowedRun, Iterator[CurvePoints]]]:
        library, now = self._opened(), self._clock.time()
        parked = next((item for item in library.readers.values() if item.id == run and item.is_at_rest()), None)
        if parked is not None:
            return [(parked, parked.reread(now))]
        # Whose the parts of a shared file are shows only when all the runs that share it are read.
        return library.read(now, settle=True, is_due=lambda item: item.id == run or library.shares(item))

    def _opened(self) -> Library:
        if self._library is None:
            with closing(RunIndex(self._data_dir)) as index:
                self._library = Library(list(self._folders), index.recall, Mounts(self._clock).answers)
                self._library.refresh()
        return self._library


def alerts_of_instance(data_dir: Path) -> list[Document] | None:
    """Ask a running instance with this data directory for its firing alerts; None: there is none."""
    from crackseg_desktop.system.instance import ask

    answer = ask(data_dir, {"command": "alerts"})
    return list(answer.get("alerts", [])) if answer is not None else None


def _read(data_dir: Path, folders: Sequence[Path], clock: Clock) -> Iterator[list[Known]]:
    """Yield the runs and what their points amount to, in batches; the index spares those that did not change."""
    index = RunIndex(data_dir)
    batch: list[Known] = []
    begun = clock.monotonic()
    with closing(index):
        for known in _summed(Library(list(folders), index.recall, Mounts(clock).answers), index, clock):
            batch.append(known)
            if clock.monotonic() - begun > _BATCH_SECONDS:
                yield batch
                batch, begun = [], clock.monotonic()
        yield batch


def _summed(library: Library, index: RunIndex, clock: Clock) -> Iterator[Known]:
    """Yield each run once all its points are summed up: the files that runs share are read last."""
    open_runs: dict[str, tuple[FollowedRun, RunSummary]] = {}
    library.refresh()
    for run, chunks in library.read(clock.time(), settle=True):
        if run.parked is not None and run.parked.summary is not None:
            yield run.facts(), RunSummary.from_document(dict(run.parked.summary))
            continue
        _, summary = open_runs.setdefault(run.id, (run, RunSummary()))
        for chunk in chunks:
            summary.add(chunk)
        if not library.shares(run):
            yield _finished(*open_runs.pop(run.id), index, clock)
    for run, summary in open_runs.values():
        yield _finished(run, summary, index, clock)


def _finished(run: FollowedRun, summary: RunSummary, index: RunIndex, clock: Clock) -> Known:
    """Let go of a run's points, and remember what they amount to where nothing more is expected of it."""
    facts = run.facts()
    summary.forget_points()
    if is_resting(facts, clock.time()) and (parked := run.park()) is not None:
        index.remember(replace(parked, summary=summary.document()))
    return facts, summary


def _looked(
    settings: Settings,
    clock: Clock,
    sample: Sample | None,
    known: Sequence[Known],
    processes: Sequence[ProcessReading],
    instance_alerts: list[Document] | None,
    stuck: tuple[str, ...],
) -> Look:
    now = clock.time()
    links = link([facts for facts, _ in known], processes, socket.gethostname())
    gpus = sample.gpus if sample is not None else ()
    runs = [_run(facts, summary, links.get(facts.id), gpus, now) for facts, summary in known]
    rules, _ = rules_from(settings.rules)
    summaries = {facts.id: summary for facts, summary in known}
    return Look(now, rules, sample, newest_first(runs), summaries, instance_alerts, stuck, settings.baselines)


def _run(facts: RunFacts, summary: RunSummary, found: Link | None, gpus: Sequence[GpuReading], now: float) -> Run:
    if found is None:
        return derive(facts, summary, pid=None, alive=None, now=now)
    return derive(facts, summary, pid=found.pid, alive=True, now=now, link=with_gpus(found, gpus))


def _demo(clock: Clock) -> tuple[Sample, list[Found]]:
    from crackseg_desktop.simulation.hardware import sample_at
    from crackseg_desktop.simulation.sources import told_runs

    now = clock.time()
    facts: dict[str, RunFacts] = {}
    curves: dict[str, Curves] = {}
    for event in told_runs(now, now):
        if isinstance(event, CurvePoints):
            add_points(curves.setdefault(event.run, {}), event)
        else:
            facts[event.id] = event
    return sample_at(now, clock.monotonic(), now), [Found(item, curves.get(item.id, {})) for item in facts.values()]
