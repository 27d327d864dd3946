"""What TensorBoard is pointed at: the folders with event files, and event files of our own for runs that wrote none.

CrackSeg writes no event files, and its runs would leave the viewer empty. Theirs lie in the data directory, a folder
for each choice of runs, so that two viewers do not take them from one another.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.digest import short_digest
from crackseg_desktop.export.tables import choose
from crackseg_desktop.survey import find_others, find_runs
from crackseg_desktop.training.formats.tfevents_writer import keep_event_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.survey import Found
    from crackseg_desktop.system.tensorboard import Places

OWN = "curves"
"""What the group of our own event files is called beside others."""
_FOLDER = "tensorboard"
_UNSAFE = re.compile(r"[^\w .#()+=@-]")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no names of files on Windows
_NAME_LENGTH = 80


def places_of_folders(folders: Sequence[Path], data_dir: Path, clock: Clock, *, demo: bool = False) -> Places:
    """Write what is missing for the runs under some folders; return the folders to show by the names of their groups.

    Empty: no folder was given. Takes as long as reading the runs that consist of more than event files.

    Raises:
        OSError: the event files cannot be written.
    """
    found, paths = find_others(folders, clock, demo=demo)
    paths += [Path(run.facts.path) for run in found if _has_events(run)]
    roots = [folder.expanduser().resolve() for folder in folders]
    places = _written(found, _own_folder(data_dir, "\n".join(sorted(map(str, roots)))))
    shown = [root for root in roots if any(path.is_relative_to(root) for path in paths)]
    return {**places, **_named(shown or ([] if places else roots))}


def places_of_run(run: Found, data_dir: Path) -> Places:
    """Do the same for one run.

    Raises:
        OSError: the event files cannot be written.
    """
    places = _written([run], _own_folder(data_dir, run.facts.id))
    path = Path(run.facts.path)
    return places or _named([path if path.is_dir() else path.parent])


def places_of(run_id: str | None, folders: Sequence[Path], data_dir: Path, clock: Clock, *, demo: bool) -> Places:
    """Do the same for the run with an id where one is given and there, else for all runs under the folders."""
    found = find_runs(run_id, folders, clock, demo=demo) if run_id else []
    return places_of_run(found[0], data_dir) if found else places_of_folders(folders, data_dir, clock, demo=demo)


def _written(found: Iterable[Found], own: Path) -> Places:
    """Keep an event file for each run that has curves and none of its own, and none for any other run."""
    runs = [run for run in found if run.curves and not _has_events(run)]
    counts = Counter(_safe(run.facts.name).casefold() for run in runs)  # some file systems take A for a
    kept = set()
    for run in runs:
        name = _safe(run.facts.name)
        name = name if counts[name.casefold()] == 1 else f"{name}-{run.facts.id}"
        keep_event_file(own / name, choose(run.curves, (), normalised=True, superseded=False))
        kept.add(name)
    for folder in own.iterdir() if own.is_dir() else ():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    return {OWN: own} if kept else {}


def _has_events(run: Found) -> bool:
    return any("tfevents" in os.path.basename(path) for path in run.facts.files)


def _own_folder(data_dir: Path, choice: str) -> Path:
    return data_dir.resolve() / _FOLDER / short_digest(choice)


def _safe(name: str) -> str:
    """Return a name that every file system takes."""
    safe = _UNSAFE.sub("_", name).strip(" .")[:_NAME_LENGTH].rstrip(" .") or "_"
    return f"{safe}_" if _DEVICES.fullmatch(safe) else safe


def _named(folders: Iterable[Path]) -> Places:
    named: dict[str, Path] = {}
    for folder in folders:
        name = _safe(folder.name).ljust(2, "_")  # a single letter would be taken for a drive
        named[name if name not in named and name != OWN else f"{name}-{len(named) + 1}"] = folder
    return named
