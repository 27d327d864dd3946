"""One look at the runs: what the commands ``runs`` and ``curves`` are made of. No thread, nothing is written."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.curves import add_points
from crackseg_desktop.training.folders import always_answers
from crackseg_desktop.training.library import Library
from crackseg_desktop.training.places import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crackseg_desktop.curves import Curves
    from crackseg_desktop.readings import RunFacts
    from crackseg_desktop.training.followed import FollowedRun


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run and every point of its curves by tag, superseded ones included, in the order of its files."""

    facts: RunFacts
    curves: Curves = field(default_factory=dict)


def read_runs(
    folders: Sequence[Path], *, now: float | None = None, answers: Callable[[Path], bool] = always_answers
) -> list[FoundRun]:
    """Return the runs under some folders, the newest first. ``now``: Unix seconds, by default the machine's clock.

    A folder may be a checkout, a folder of experiments, one run's folder, or one file; for ``answers`` see ``Library``.
    """
    library = Library([Path(folder) for folder in folders], answers=answers)
    library.refresh()
    return _read(library, now, lambda run: True)


def read_other_runs(
    folders: Sequence[Path], *, now: float | None = None, answers: Callable[[Path], bool] = always_answers
) -> tuple[list[FoundRun], list[Path]]:
    """Return the runs that consist of more than event files, and where the others lie, whose points are not read."""
    library = Library([Path(folder) for folder in folders], answers=answers)
    library.refresh()
    runs = library.readers.values()
    paths = [run.plan.path for run in runs if run.plan.is_wanted and _is_of_event_files(run)]
    return _read(library, now, lambda run: not _is_of_event_files(run)), paths


def find_runs(argument: str, folders: Sequence[Path], *, now: float | None = None) -> list[FoundRun]:
    """Return the runs that ``argument`` may mean: an id or a name among those under ``folders``, a folder or a file.

    Several are an ambiguity that the caller names; none is an argument that means nothing.
    """
    path = Path(os.path.expanduser(argument))
    is_path = os.path.exists(path)
    if not is_path or len(path.parts) == 1:
        named = named_runs(argument, read_runs(folders, now=now)) if folders else []
        if named or not is_path:
            return named
    return read_runs([path], now=now)


def named_runs(argument: str, runs: Iterable[FoundRun]) -> list[FoundRun]:
    """Return the runs with an id or a name; where none has, those whose name ends with it after a slash."""
    known = list(runs)
    return (
        [run for run in known if argument in (run.facts.id, run.facts.name)]
        or [run for run in known if run.facts.name.endswith(f"/{argument.strip('/')}")]
        or [run for run in known if any(Path(folder).name == argument for folder in run.facts.folders)]
    )


def _read(library: Library, now: float | None, is_due: Callable[[FollowedRun], bool]) -> list[FoundRun]:
    found: dict[str, FoundRun] = {}
    for run, chunks in library.read(time.time() if now is None else now, settle=True, is_due=is_due):
        curves = found[run.id].curves if run.id in found else {}
        for chunk in chunks:
            add_points(curves, chunk)
        found[run.id] = FoundRun(run.facts(), curves)
    return sorted(found.values(), key=lambda item: (item.facts.started or 0.0, item.facts.name), reverse=True)


def _is_of_event_files(run: FollowedRun) -> bool:
    return {file.kind for file in run.plan.files} == {Kind.EVENTS}
