"""Runs of other trainings than CrackSeg's, put together from the files in each folder; ``verdicts`` says what is one.

Where a framework or TensorBoard keeps a run in a folder of its own, the one table and the one text log in it belong to
that run. Tables and logs of somebody's own script are a run each, but for one table and one log in one folder.

The key of a run is what is there first of it, so that it stays the same run when more of its files appear.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.tfevents import is_event_file
from crackseg_desktop.training.formats.trainer_state import CHECKPOINT, STATE_NAME
from crackseg_desktop.training.places import Kind, RunFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from crackseg_desktop.training.folders import Folder, Scan
    from crackseg_desktop.training.verdicts import Verdicts

_SOURCES = {
    Kind.LIGHTNING: "lightning",
    Kind.ULTRALYTICS: "ultralytics",
    Kind.TRAINER_STATE: "huggingface",
    Kind.MMENGINE_JSON: "mmengine",
    Kind.MMCV_JSON: "mmcv",
    Kind.MMENGINE_LOG: "mmengine",
    Kind.DETECTRON2: "detectron2",
    Kind.CSV: "csv",
    Kind.JSON_LINES: "jsonl",
    Kind.TEXT_LOG: "log",
}
_OF_A_FOLDER = (Kind.ULTRALYTICS, Kind.LIGHTNING, Kind.DETECTRON2)
_TABLES = (Kind.CSV, Kind.JSON_LINES)
_LOGS = (Kind.TEXT_LOG, Kind.MMENGINE_LOG)
_CONFIGURATIONS = {
    Kind.ULTRALYTICS: ("args.yaml", "opt.yaml"),
    Kind.LIGHTNING: ("hparams.yaml",),
    Kind.MMENGINE_JSON: ("config.py",),
}
KNOWN_NAMES = frozenset({STATE_NAME, *(name for names in _CONFIGURATIONS.values() for name in names)})
"""Files that are known by their names alone."""
_VISUALS = "vis_data"
_EVENT_HOMES = ("events", "logs", "runs", "summaries", "tb", "tb_logs", "tensorboard", "tf_logs")
"""Folders in which trainings keep the event files of the run whose folder holds them."""
_MMENGINE_TIME = re.compile(r"^\d{8}_\d{6}")


@dataclass(slots=True)
class FrameworkRun:
    """What makes up one run.

    Attributes:
        path: the folder, or the one file, that the run is.
        folders: those whose event files are the run's.
        time: when it began, Unix seconds, by a name or by the age of a file that is written at the start.
        key: what identifies the run where that is not its path.
    """

    path: Path
    source: str
    root: Path
    folders: list[Path] = field(default_factory=list)
    files: list[RunFile] = field(default_factory=list)
    time: float | None = None
    key: Path | None = None

    @property
    def name(self) -> str:
        """Return what a person calls it: its path below the watched folder."""
        relative = self.path.relative_to(self.root).as_posix() if self.path.is_relative_to(self.root) else "."
        return self.path.name if relative == "." else relative


def framework_runs(found: Scan, judged: Mapping[Path, list[RunFile]]) -> list[FrameworkRun]:
    """Return the runs in the folders of a walk. ``judged`` has what tells of one, by folder."""
    runs: dict[Path, FrameworkRun] = {}
    free: list[tuple[Folder, list[RunFile]]] = []
    for folder in found.folders.values():
        files = [file for file in judged.get(folder.path, ()) if file.kind in _SOURCES]
        if files or STATE_NAME in folder.files or folder.path.name == _VISUALS:
            free.append((folder, _of_frameworks(folder, files, runs, found)))
    for folder, files in free:
        _add_free_files(folder, files, runs, found)
    return list(runs.values())


def run_of_file(path: Path, verdicts: Verdicts) -> FrameworkRun | None:
    """Return the run in a single file that was asked for."""
    kind = Kind.TRAINER_STATE if path.name == STATE_NAME else verdicts.of(path)
    if kind not in _SOURCES:
        return None
    return FrameworkRun(path, _SOURCES[kind], path.parent, [], [RunFile(path, kind)])


def _of_frameworks(folder: Folder, files: list[RunFile], runs: dict[Path, FrameworkRun], found: Scan) -> list[RunFile]:
    """Make the runs whose place a framework decides; return the files that are left."""
    if STATE_NAME in folder.files:
        _add_trainer_state(folder, runs, found)
    used = _add_mmengine(folder, files, runs, found)
    for file in (file for file in files if file.kind is Kind.MMCV_JSON):
        used |= _add_mmcv(folder, file, files, runs)
    main = next((file for kind in _OF_A_FOLDER for file in files if file.kind is kind), None)
    if main is not None:
        run = FrameworkRun(folder.path, _SOURCES[main.kind], folder.root, [folder.path], [main])
        _add_configuration(run, folder, _CONFIGURATIONS.get(main.kind, ()))
        runs[folder.path] = run
    return [file for file in files if file.kind in (*_TABLES, *_LOGS) and file.path not in used]


def _add_trainer_state(folder: Folder, runs: dict[Path, FrameworkRun], found: Scan) -> None:
    """Make a run of an output folder of Hugging Face's Trainer, by its own state or one of a checkpoint.

    A training that was resumed has one folder of event files more; the oldest is there before any state.
    """
    output = folder.path.parent if CHECKPOINT.match(folder.path.name) else folder.path
    if output in runs:
        return
    events = sorted(
        (name, home.path)
        for near in _near(output, found)
        for home in (near, *(_children(near, found) if near.path != output else ()))
        for name in home.files
        if is_event_file(name)
    )
    whole = output if output in found.folders else folder.path
    folders = list(dict.fromkeys([whole, *(path for _, path in events)]))
    state = RunFile(output / STATE_NAME, Kind.TRAINER_STATE)
    key = events[0][1] if events else None
    runs[output] = FrameworkRun(output, "huggingface", folder.root, folders, [state], key=key)


def _add_mmengine(folder: Folder, files: list[RunFile], runs: dict[Path, FrameworkRun], found: Scan) -> set[Path]:
    """Make a run of a folder named by the time, of its log and its ``vis_data``; return the files that were used.

    ``scalars.json`` says the same as the file named by the time. The log has a long preface, so it is not asked.
    """
    visual = [file for file in files if file.kind is Kind.MMENGINE_JSON][:1]
    is_below = bool(visual) or (folder.path.name == _VISUALS and any(map(is_event_file, folder.files)))
    holder = folder.path.parent if is_below else folder.path
    log = RunFile(holder / f"{holder.name}.log", Kind.MMENGINE_LOG)
    if not is_below and log not in files:
        return set()
    run = runs.get(holder)
    if run is None:
        time = _time_of_name(holder.name)
        run = runs[holder] = FrameworkRun(holder, "mmengine", folder.root, [holder, holder / _VISUALS], [], time)
        has_log = holder in found.folders and log.path.name in found.folders[holder].files
        run.files += [log] if has_log else []
    run.files += visual
    if visual:
        _add_configuration(run, folder, _CONFIGURATIONS[Kind.MMENGINE_JSON])
    return {log.path}


def _add_mmcv(folder: Folder, file: RunFile, files: Iterable[RunFile], runs: dict[Path, FrameworkRun]) -> set[Path]:
    """Make a run of one of mmcv's JSON logs and the text log beside it: a folder may hold those of several runs."""
    text = file.path.with_name(file.path.name.removesuffix(".json"))
    logs = [other for other in files if other.path == text]
    time = _time_of_name(file.path.name)
    runs[file.path] = FrameworkRun(file.path, "mmcv", folder.root, [], [file, *logs], time, key=text)
    return {other.path for other in logs}


def _add_free_files(folder: Folder, files: list[RunFile], runs: dict[Path, FrameworkRun], found: Scan) -> None:
    """Give a folder's tables and logs to the run that the folder is, or make runs of them."""
    if not files:
        return
    tables = [file for file in files if file.kind in _TABLES]
    logs = [file for file in files if file.kind in _LOGS]
    run = runs.get(folder.path)
    if run is None and len(tables) < 2 and len(logs) < 2:
        run = _of_events(folder, runs, found)
        if run is None and tables and logs:
            run = FrameworkRun(logs[0].path, _SOURCES[tables[0].kind], folder.root)
        if run is not None:
            runs[run.path] = run
    for group in (tables, logs):
        if run is not None and len(group) == 1:
            run.files += group
            continue
        for file in group:
            time = _time_of_name(file.path.name)
            runs[file.path] = FrameworkRun(file.path, _SOURCES[file.kind], folder.root, [], [file], time)


def _of_events(folder: Folder, runs: dict[Path, FrameworkRun], found: Scan) -> FrameworkRun | None:
    """Return the run whose event files lie in a folder, or in the one below it that is made for them."""
    owned = {path for run in runs.values() for path in run.folders}
    homes = [near.path for near in _near(folder.path, found) if any(map(is_event_file, near.files))]
    if len(homes) != 1 or not owned.isdisjoint(homes):
        return None
    return FrameworkRun(folder.path, "tensorboard", folder.root, list({folder.path, *homes}), key=homes[0])


def _near(path: Path, found: Scan) -> Iterator[Folder]:
    """Yield a folder and those below it in which its event files may lie."""
    folder = found.folders.get(path)
    if folder is not None:
        yield folder
        yield from (child for child in _children(folder, found) if child.path.name in _EVENT_HOMES)


def _children(folder: Folder, found: Scan) -> Iterator[Folder]:
    children = (found.child(folder, name) for name in sorted(folder.folders))
    return (child for child in children if child is not None)


def _add_configuration(run: FrameworkRun, folder: Folder, names: Iterable[str]) -> None:
    """Add the configuration that is written when the run begins; its age says when that was."""
    for name in names:
        if name not in folder.files:
            continue
        run.files.append(RunFile(folder.path / name, Kind.PLANNED))
        try:
            written = os.stat(folder.path / name).st_mtime
            if run.time is None and written <= os.stat(run.files[0].path).st_mtime:
                run.time = written
        except OSError:
            continue


def _time_of_name(name: str) -> float | None:
    match = _MMENGINE_TIME.match(name)
    try:
        return datetime.strptime(match[0], "%Y%m%d_%H%M%S").astimezone().timestamp() if match is not None else None
    except (ValueError, OverflowError, OSError):
        return None
