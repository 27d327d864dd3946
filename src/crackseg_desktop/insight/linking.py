"""Which process writes which run: by the files it holds open, else by the folder it works in. Pure."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crackseg_desktop.readings import ProcessReading, RunFacts

START_SLACK = 60.0
"""Seconds by which a run's first log line may come before its process by the two clocks involved."""


def link(runs: Iterable[RunFacts], processes: Sequence[ProcessReading]) -> dict[str, int]:
    """Return the PID of the process behind each run that has one on this host.

    A file of the run held open is proof; where several runs share the file (a log that all append to), it is one for
    the run that began after the process. Else a training whose working folder holds the run is taken for
    the newest run that began after it; each process is given one run, each run the process begun last before it.
    """
    runs = tuple(runs)
    owners = Counter(file for run in runs for file in run.files)
    newest_first = sorted(runs, key=lambda run: run.started or 0.0, reverse=True)
    linked: dict[str, int] = {}

    def holds_its_own(process: ProcessReading, run: RunFacts) -> bool:
        return any(owners[file] == 1 for file in set(process.open_files).intersection(run.files))

    for matches in (_holds_open, holds_its_own, _works_above):
        for run in newest_first:
            if run.id in linked:
                continue
            taken = set(linked.values())
            fitting = [process for process in processes if process.pid not in taken and matches(process, run)]
            if fitting:
                linked[run.id] = max(fitting, key=lambda process: process.started).pid
    return linked


def _holds_open(process: ProcessReading, run: RunFacts) -> bool:
    """Compare files; a log that several runs append to belongs to the one that began after the process."""
    return _began_with(process, run) and not set(process.open_files).isdisjoint(run.files)


def _works_above(process: ProcessReading, run: RunFacts) -> bool:
    """Guess by folder; a run whose own files say that it ended is not guessed to be alive."""
    if process.folder is None or run.ending is not None or not _began_with(process, run):
        return False
    folder = os.path.join(process.folder, "")
    return os.path.join(run.path, "").startswith(folder)


def _began_with(process: ProcessReading, run: RunFacts) -> bool:
    return run.started is not None and process.started - START_SLACK <= run.started
