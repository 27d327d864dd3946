"""The runs as the Monitor knows them: facts, sums and curves by id, and the processes behind them."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from crackseg_desktop.insight.gpu_use import gpu_use, raised_peaks
from crackseg_desktop.insight.linking import link, with_gpus
from crackseg_desktop.insight.runs import derive
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.judging import aftermath, away_observation, gpu_observations, past_of, run_observations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crackseg_desktop.alerts.observation import Observation
    from crackseg_desktop.clock import Clock
    from crackseg_desktop.curves import Curves
    from crackseg_desktop.readings import (
        CurvePoints,
        GpuReading,
        Link,
        ProcessReading,
        Run,
        RunFacts,
        RunParked,
        RunRemoved,
        RunResumed,
        Sample,
    )

_REFRESH_SECONDS = 5.0
"""How often a run is looked at when nothing new came: it can stall, and its time left runs down."""
AFTERMATH_SECONDS = 24 * 3600.0
"""So long how a run ended stays an alert of its own, unless it is acknowledged."""


class RunTracker:
    """Keeps the runs up to date. Belongs to the Monitor thread. ``hostname`` is of this machine, for linking."""

    def __init__(self, clock: Clock, hostname: str | None = None) -> None:
        self._clock = clock
        self._hostname = socket.gethostname() if hostname is None else hostname
        self._pins: dict[str, tuple[int, float]] = {}
        self._facts: dict[str, RunFacts] = {}
        self._summaries: dict[str, RunSummary] = {}
        self._runs: dict[str, Run] = {}
        self._links: dict[str, Link] = {}
        self._stale_links = False
        self._peaks: dict[str, Mapping[str, int]] = {}  # run id to GPU to bytes
        self._gone: set[str] = set()
        self._live: set[str] = set()
        self._ended: dict[str, float] = {}  # when, monotonic
        self._away: tuple[Run, ...] = ()
        self._away_told = self._away_since = 0.0
        self._gpus: tuple[GpuReading, ...] = ()
        self._processes: tuple[ProcessReading, ...] = ()
        self._refreshed = 0.0

    def runs(self) -> tuple[Run, ...]:
        """Return all runs, newest first."""
        return newest_first(self._runs.values())

    def curves(self) -> dict[str, Curves]:
        """Return copies of all curves by run id and tag, those of parked runs apart."""
        copies = {run: self.curves_of(run) for run in self._summaries}
        return {run: curves for run, curves in copies.items() if curves is not None}

    def curves_of(self, run: str) -> Curves | None:
        """Return a copy of a run's curves by tag; None for a run that is parked or unknown."""
        summary = self._summaries.get(run)
        if summary is None or summary.has_forgotten:
            return None
        return {tag: item.curve.copy() for tag, item in summary.curves.items() if item.curve is not None}

    def on_facts(self, facts: RunFacts) -> Run:
        """Take over what the files of a run say."""
        known = self._facts.get(facts.id)
        self._facts[facts.id] = facts
        if known is None or _bearing(known) != _bearing(facts):
            self._stale_links = True  # all runs are compared with all processes at the next sample
        if facts.id not in self._links:
            taken = {pid for found in self._links.values() for pid in found.pids}
            free = [process for process in self._processes if process.pid not in taken]
            self._links |= link([facts], free, self._hostname, self._pins)
        return self._derive(facts.id)

    def pin(self, run: str, process: tuple[int, float] | None) -> list[Run]:
        """Link a run to a process (its PID and start time) as a person says, or no longer; return what changed."""
        if process is None:
            self._pins.pop(run, None)
        else:
            self._pins[run] = process
        return self._relinked()

    def set_pins(self, pins: Mapping[str, tuple[int, float]]) -> None:
        """Take over all pins of an earlier session; they hold from the next sample on."""
        self._pins, self._stale_links = dict(pins), True

    @property
    def pins(self) -> dict[str, tuple[int, float]]:
        """Return the processes that a person linked runs to, by run id."""
        return dict(self._pins)

    def on_points(self, points: CurvePoints) -> list[Run]:
        """Take over new points; points may come before the facts of their run."""
        self._summaries.setdefault(points.run, RunSummary()).add(points)
        if not points.baseline:
            self._live.add(points.run)
        return [self._derive(points.run)] if points.run in self._facts else []

    def on_parked(self, parked: RunParked) -> tuple[Run, RunParked]:
        """Forget the points of a run, or take over what they were known to amount to.

        Return the run, and what is to be remembered of it.
        """
        run = parked.facts.id
        if parked.summary is not None:
            self._summaries[run] = RunSummary.from_document(dict(parked.summary))
        summary = self._summaries.setdefault(run, RunSummary())
        summary.forget_points()
        self._facts[run] = parked.facts
        return self._derive(run), replace(parked, summary=summary.document())

    def on_resumed(self, resumed: RunResumed) -> None:
        """Begin a run anew: all its points come once more."""
        self._summaries[resumed.run] = RunSummary()

    def on_removed(self, removed: RunRemoved) -> None:
        """Forget a run whose files are gone."""
        for table in (self._facts, self._summaries, self._runs, self._links, self._peaks):
            table.pop(removed.run, None)
        self._gone.discard(removed.run)
        self._live.discard(removed.run)
        self._ended.pop(removed.run, None)

    def on_sample(self, sample: Sample) -> list[Run]:
        """Look at the processes of a sample, and now and then at active runs whose state time alone can change."""
        self._gpus = sample.gpus
        self._raise_peaks()
        if sample.processes != self._processes or self._stale_links:
            self._processes = sample.processes
            self._refreshed = sample.monotonic
            return self._relinked()
        if sample.monotonic - self._refreshed < _REFRESH_SECONDS:
            return []
        self._refreshed = sample.monotonic
        return self._looked_at()

    def active(self) -> tuple[str, ...]:
        """Return the ids of the runs that somebody should still look after."""
        return tuple(run.id for run in self._runs.values() if run.active)

    def take_ended(self, runs: Iterable[Run]) -> list[str]:
        """Return which of these runs have ended since they were seen alive, each once.

        A run that had ended before it was seen is history, not news.
        """
        ended = []
        for run in runs:
            if run.active:
                self._live.add(run.id)
                self._ended.pop(run.id, None)
            elif run.id in self._live:
                self._live.discard(run.id)
                self._ended[run.id] = self._clock.monotonic()
                ended.append(run.id)
        return ended

    def note_away(self, since: float, active: Iterable[str]) -> None:
        """Take what ended ``since`` (Unix seconds), when nobody watched and ``active`` were running, as one event."""
        watched, now = set(active), self._clock.time()
        self._away_told, self._away_since = self._clock.monotonic(), since
        self._away = tuple(
            run
            for run in self.runs()
            if not run.active
            and run.id not in self._ended
            and (run.id in watched or since < (run.facts.updated or 0.0) <= now)
        )

    def observations(self, runs: Iterable[Run]) -> Iterator[Observation]:
        """Yield what rules can judge of these runs: all of the active ones, and how those seen alive have ended."""
        for run in runs:
            if run.active:
                yield from run_observations(run, self._summaries[run.id], self._clock.time())
                yield from gpu_observations(run, self._gpus)
            elif self._is_recent(self._ended.get(run.id)):
                yield from aftermath(run, self._summaries[run.id])

    def away_observations(self) -> Iterator[Observation]:
        """Yield what ended while nobody watched."""
        if self._away and self._is_recent(self._away_told):
            yield away_observation(self._away, self._away_since)

    def past(self, seen: Observation) -> tuple[tuple[float, float], ...]:
        """Return the newest points of the curve that an observation of a run rests on."""
        summary = self._summaries.get(seen.labels["run"])
        return past_of(summary, self._runs[seen.labels["run"]], seen) if summary is not None else ()

    def _is_recent(self, moment: float | None) -> bool:
        return moment is not None and self._clock.monotonic() - moment < AFTERMATH_SECONDS

    def _relinked(self) -> list[Run]:
        """Compare all runs with all processes; return the runs that changed."""
        before = self._links.keys()
        self._links = link(self._facts.values(), self._processes, self._hostname, self._pins)
        self._gone = (self._gone | (before - self._links.keys())) - self._links.keys()
        self._stale_links = False
        return self._looked_at(before - self._links.keys())

    def _looked_at(self, unlinked: Iterable[str] = ()) -> list[Run]:
        """Look at the runs that time, or their processes, can change; return those that did."""
        before, wanted = dict(self._runs), {*self._links, *unlinked}
        looked_at = [self._derive(run_id) for run_id, run in before.items() if run.active or run_id in wanted]
        return [run for run in looked_at if run != before[run.id]]

    def _raise_peaks(self) -> None:
        for run, found in self._links.items():
            known = self._peaks.get(run, {})
            raised = raised_peaks(known, gpu_use(found.pids, self._gpus))
            if raised is not known:
                self._peaks[run] = raised

    def _derive(self, run_id: str) -> Run:
        summary = self._summaries.setdefault(run_id, RunSummary())
        found = self._links.get(run_id)
        alive = True if found is not None else False if run_id in self._gone else None
        run = derive(
            self._facts[run_id],
            summary,
            pid=found.pid if found is not None else None,
            alive=alive,
            now=self._clock.time(),
            link=with_gpus(found, self._gpus) if found is not None else None,
        )
        self._runs[run_id] = run = _with_peaks(run, self._peaks.get(run_id))
        return run


def _bearing(facts: RunFacts) -> tuple[object, ...]:
    """Return what of a run's facts bears on the process behind it."""
    return facts.started, facts.files, facts.writer, facts.ending is None


def _with_peaks(run: Run, peaks: Mapping[str, int] | None) -> Run:
    """Put in the GPU memory that its processes were seen to hold at most."""
    if not peaks:
        return run
    reasons = {name: why for name, why in run.performance.unavailable.items() if name != "peak_memory_bytes"}
    figures = replace(run.performance, peak_memory_bytes=max(peaks.values()), unavailable=reasons)
    return replace(run, gpu_memory_peaks=peaks, performance=figures)


def newest_first(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Sort runs by their start, the newest first; those without one last."""
    return tuple(sorted(runs, key=lambda run: (run.facts.started or 0.0, run.facts.name), reverse=True))
