"""Which process writes which run, how sure that is, and why. Pure.

What counts, the strongest first: what a person pinned; a file of the run that the process holds open; the host and
PID in the name of the run's event file; the command line; the folder that the process works in. A process whose PID
another one had before (it began later) is never linked by it, nor is one of another host.
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.readings import Confidence, Link, began_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from crackseg_desktop.readings import GpuReading, ProcessReading, RunFacts

START_SLACK = 60.0
"""Seconds by which a run's first log line may come before its process by the two clocks involved."""
_CLOCK_SLACK = 2.0
_SOON = 600.0  # a run that begins so soon after its process, in seconds, is likely its first
_SHORTEST_NAME = 3
_OUTPUT = re.compile(r"out|log|save|work|run|exp|project|result|artifact|checkpoint", re.IGNORECASE)


def link(
    runs: Iterable[RunFacts],
    processes: Sequence[ProcessReading],
    hostname: str = "",
    pins: Mapping[str, tuple[int, float]] | None = None,
) -> dict[str, Link]:
    """Return the process behind each run that has one on this host.

    Each process is given one run, but all ranks that one launcher started share theirs; each run is given the fitting
    process begun last, the newest run first.

    Args:
        hostname: of this machine; empty where it is not known.
        pins: by run id, the PID and the start time of the process that a person linked it to.
    """
    return _Linking(tuple(runs), processes, hostname, pins or {}).linked()


def with_gpus(found: Link, gpus: Iterable[GpuReading]) -> Link:
    """Add the GPUs that hold memory of the link's processes."""
    pids = frozenset(found.pids)
    used = tuple(gpu.uuid for gpu in gpus if any(process.pid in pids for process in gpu.processes))
    return found if used == found.gpus else replace(found, gpus=used)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A process, and what is asked of it for each run."""

    process: ProcessReading
    files: frozenset[str]
    arguments: tuple[tuple[str, str, str], ...]  # option, value as given, value as a path
    leads: bool  # of several ranks it is the one begun first, or it is the only one

    @property
    def pids(self) -> frozenset[int]:
        return frozenset((self.process.pid, *self.process.children))


class _Linking:
    """One comparison of runs and processes."""

    def __init__(
        self,
        runs: tuple[RunFacts, ...],
        processes: Sequence[ProcessReading],
        hostname: str,
        pins: Mapping[str, tuple[int, float]],
    ) -> None:
        self._runs = sorted(runs, key=lambda run: run.started or 0.0, reverse=True)
        self._host, self._pins = _short(hostname), pins
        self._candidates = [_candidate(process, processes) for process in processes]
        opened = frozenset[str]().union(*(candidate.files for candidate in self._candidates))
        self._held = [run for run in self._runs if not opened.isdisjoint(run.files)]
        self._owners = Counter(file for run in self._held for file in run.files)
        self._chosen: dict[str, _Candidate] = {}
        self._taken: set[int] = set()

    def linked(self) -> dict[str, Link]:
        """Return the links; of thousands of runs only those are compared that a process can have to do with."""
        runs = self._runs
        self._choose(self._is_pinned, [run for run in runs if run.id in self._pins])
        for matches in (self._holds_open, self._holds_its_own):
            self._choose(matches, self._held)
        pids = frozenset[int]().union(*(candidate.pids for candidate in self._candidates))
        self._choose(self._is_writer, [run for run in runs if run.writer is not None and run.writer[1] in pids])
        earliest = min((candidate.process.started for candidate in self._candidates), default=math.inf) - START_SLACK
        guessed = [run for run in runs if (run.started or 0.0) >= earliest and self._may_be_guessed(run)]
        for matches in (self._names_folder, self._names_run, self._works_above):
            self._choose(matches, guessed, leading=True)
        return {run.id: self._link(run, self._chosen[run.id]) for run in runs if run.id in self._chosen}

    def _choose(
        self, matches: Callable[[_Candidate, RunFacts], bool], runs: Iterable[RunFacts], *, leading: bool = False
    ) -> None:
        free = [it for it in self._candidates if it.process.pid not in self._taken and (it.leads or not leading)]
        for run in runs:
            if not free:
                return
            if run.id in self._chosen:
                continue
            fitting = [candidate for candidate in free if matches(candidate, run)]
            if fitting:
                chosen = max(fitting, key=lambda candidate: candidate.process.started)
                self._chosen[run.id] = chosen
                self._taken |= {rank.process.pid for rank in self._ranks(chosen, run)}
                free = [candidate for candidate in free if candidate.process.pid not in self._taken]

    def _ranks(self, candidate: _Candidate, run: RunFacts) -> list[_Candidate]:
        """Return the candidate, and the others that its launcher started for the same run."""
        launcher = candidate.process.launcher
        if launcher is None:
            return [candidate]
        ranks = (it for it in self._candidates if it is not candidate and it.process.launcher == launcher)
        return [candidate, *(rank for rank in ranks if not self._writes_another(rank, run))]

    def _writes_another(self, candidate: _Candidate, run: RunFacts) -> bool:
        """Say whether a process holds open what belongs to other runs alone: one of several trials, and no rank."""
        own = [held.id for held in self._held if self._holds_its_own(candidate, held)]
        return bool(own) and run.id not in own

    def _link(self, run: RunFacts, chosen: _Candidate) -> Link:
        ranks = [rank.process for rank in self._ranks(chosen, run)]
        pids = dict.fromkeys([rank.pid for rank in ranks] + [child for rank in ranks for child in rank.children])
        confidence, evidence = self._judge(chosen, run)
        process, pinned = chosen.process, self._is_pinned(chosen, run)
        return Link(process.pid, process.started, confidence, evidence, tuple(pids), pinned=pinned)

    def _judge(self, chosen: _Candidate, run: RunFacts) -> tuple[Confidence, str]:
        """Say how sure a link is, with all that speaks for it."""
        found = list(self._evidence(chosen, run))
        best = found[0][0]
        if best == Confidence.LIKELY and self._is_writer(chosen, run) and len(found) > 1:
            best = Confidence.CERTAIN
        return best, " ".join(sentence for _, sentence in found)

    def _evidence(self, chosen: _Candidate, run: RunFacts) -> Iterator[tuple[Confidence, str]]:
        """Yield what speaks for a link, the strongest first."""
        if self._is_pinned(chosen, run):
            yield Confidence.CERTAIN, "Pinned by hand."
        held = sorted(chosen.files.intersection(run.files), key=lambda file: (self._owners[file] != 1, file))
        if held and self._owners[held[0]] == 1:
            yield Confidence.CERTAIN, f"It holds {os.path.basename(held[0])} of the run open."
        elif held:
            yield Confidence.LIKELY, f"It holds {os.path.basename(held[0])} open, to which several runs write."
        if self._is_writer(chosen, run):
            yield Confidence.LIKELY, "The name of the event file tells this machine and its PID."
        if self._names_folder(chosen, run):
            yield Confidence.LIKELY, "Its command line names the folder of the run."
        elif self._names_run(chosen, run):
            yield Confidence.LIKELY, "Its command line names the run."
        if self._works_above(chosen, run):
            waited = max(0.0, (run.started or 0.0) - chosen.process.started)
            confidence = Confidence.LIKELY if waited <= _SOON else Confidence.WEAK
            began = f"the run began {units.duration(waited)} after it"
            yield confidence, f"It works in {chosen.process.folder}, above the run, and {began}."

    def _is_pinned(self, candidate: _Candidate, run: RunFacts) -> bool:
        pid, started = self._pins.get(run.id, (-1, 0.0))
        return candidate.process.pid == pid and began_together(candidate.process.started, started)

    def _holds_open(self, candidate: _Candidate, run: RunFacts) -> bool:
        """Compare files; a log that several runs append to belongs to the one that began after the process."""
        return not candidate.files.isdisjoint(run.files) and _began_with(candidate, run)

    def _holds_its_own(self, candidate: _Candidate, run: RunFacts) -> bool:
        return any(self._owners[file] == 1 for file in candidate.files.intersection(run.files))

    def _is_writer(self, candidate: _Candidate, run: RunFacts) -> bool:
        """Compare host and PID; one that began after the last sign of life has only got the PID of the writer."""
        if run.writer is None or not self._host or _short(run.writer[0]) != self._host:
            return False
        last = max(run.updated or 0.0, run.started or 0.0)
        return run.writer[1] in candidate.pids and candidate.process.started <= last + _CLOCK_SLACK

    def _may_be_guessed(self, run: RunFacts) -> bool:
        """Leave out what another host wrote, and what its own files say has ended: an open file alone tells these."""
        if run.ending is not None:
            return False
        return run.writer is None or not self._host or _short(run.writer[0]) == self._host

    def _is_other_writer(self, candidate: _Candidate, run: RunFacts) -> bool:
        return run.writer is not None and bool(self._host) and not self._is_writer(candidate, run)

    def _names_folder(self, candidate: _Candidate, run: RunFacts) -> bool:
        if not candidate.arguments or not self._may_be_of(candidate, run):
            return False
        folders = {os.path.normcase(os.path.normpath(folder)) for folder in (run.path, *run.folders)}
        return any(
            path in folders or (_OUTPUT.search(option) and any(_is_below(folder, path) for folder in folders))
            for option, _, path in candidate.arguments
        )

    def _names_run(self, candidate: _Candidate, run: RunFacts) -> bool:
        if len(run.name) < _SHORTEST_NAME or run.name.isdigit() or not self._may_be_of(candidate, run):
            return False
        return any(run.name in (value, _stem(value)) for _, value, _ in candidate.arguments)

    def _works_above(self, candidate: _Candidate, run: RunFacts) -> bool:
        folder = candidate.process.folder
        return folder is not None and _is_below(run.path, folder) and self._may_be_of(candidate, run)

    def _may_be_of(self, candidate: _Candidate, run: RunFacts) -> bool:
        return _began_with(candidate, run) and not self._is_other_writer(candidate, run)


def _candidate(process: ProcessReading, processes: Sequence[ProcessReading]) -> _Candidate:
    ranks = (it for it in processes if it.launcher is not None and it.launcher == process.launcher)
    first = min(ranks, key=lambda rank: (rank.started, rank.pid), default=process)
    return _Candidate(process, frozenset(process.open_files), tuple(_arguments(process)), first is process)


def _arguments(process: ProcessReading) -> Iterator[tuple[str, str, str]]:
    """Yield each value of a command line with the option that it is of: --out x, --out=x, out=x, or x alone."""
    option = ""
    for word in process.command[1:]:
        name, separator, value = word.partition("=")
        if not separator and word.startswith("-"):
            option = word
            continue
        told = (name, value) if separator else (option, word)
        path = os.path.normcase(os.path.normpath(os.path.join(process.folder or "", told[1])))
        yield told[0], told[1], path
        option = ""


def _began_with(candidate: _Candidate, run: RunFacts) -> bool:
    return run.started is not None and candidate.process.started - START_SLACK <= run.started


def _is_below(path: str, folder: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def _stem(value: str) -> str:
    return os.path.splitext(os.path.basename(value))[0]


def _short(hostname: str) -> str:
    """Return the first part of a host's name: networks add a domain, or another one."""
    return hostname.partition(".")[0].casefold()
