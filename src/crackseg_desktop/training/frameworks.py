"""Runs of other trainings than CrackSeg's, put together from the files in each folder; ``verdicts`` says what is one.

Where a framework or TensorBoard keeps a run in a folder of its own, a text log in it belongs to that run. Tables and
logs of somebody's own script are a run each, but for one table and one log in one folder, which are one run.
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
from crackseg_desktop.training.verdicts import is_candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
}
_MMENGINE_TIME = re.compile(r"^\d{8}_\d{6}")


@dataclass(slots=True)
class FrameworkRun:
    """What makes up one run.

    Attributes:
        key: the folder, or the one file, that the run is.
        folders: those whose event files are the run's.
        time: when it began, Unix seconds, by a name or by the age of a file that is written at the start.
    """

    key: Path
    source: str
    root: Path
    folders: list[Path] = field(default_factory=list)
    files: list[RunFile] = field(default_factory=list)
    time: float | None = None

    @property
    def name(self) -> str:
        """Return what a person calls it: its path below the watched folder."""
        relative = self.key.relative_to(self.root).as_posix() if self.key.is_relative_to(self.root) else "."
        return self.key.name if relative == "." else relative


def framework_runs(found: Scan, verdicts: Verdicts, is_taken: Callable[[Path], bool]) -> list[FrameworkRun]:
    """Return the runs in the folders of a walk. ``is_taken`` says which files belong to runs already."""
    runs: dict[Path, FrameworkRun] = {}
    free: list[tuple[Folder, list[RunFile]]] = []
    seen: list[Path] = []
    for folder in found.folders.values():
        paths = [
            path for name in sorted(folder.files) if is_candidate(name) and not is_taken(path := folder.path / name)
        ]
        seen += paths
        kinds = [RunFile(path, kind) for path in paths if (kind := verdicts.of(path)) is not None]
        free.append((folder, _of_frameworks(folder, kinds, runs, found)))
    for folder, files in free:
        _add_free_files(folder, files, runs)
    verdicts.forget_all_but([*seen, *found.files])
    return list(runs.values())


def run_of_file(path: Path, verdicts: Verdicts) -> FrameworkRun | None:
    """Return the run in a single file that was asked for."""
    kind = Kind.TRAINER_STATE if path.name == STATE_NAME else verdicts.of(path)
    if kind is None:
        return None
    return FrameworkRun(path, _SOURCES[kind], path.parent, [], [RunFile(path, kind)])


def _of_frameworks(folder: Folder, files: list[RunFile], runs: dict[Path, FrameworkRun], found: Scan) -> list[RunFile]:
    """Make the runs whose place a framework decides; return the files that are left."""
    if STATE_NAME in folder.files:
        _add_trainer_state(folder, runs, found)
    visual = [file for file in files if file.kind is Kind.MMENGINE_JSON]
    if visual:
        _add_mmengine(folder, visual, runs)
    for file in (file for file in files if file.kind is Kind.MMCV_JSON):
        _add_mmcv(folder, file, files, runs)
    main = next((file for kind in _OF_A_FOLDER for file in files if file.kind is kind), None)
    if main is not None:
        run = FrameworkRun(folder.path, _SOURCES[main.kind], folder.root, [folder.path], [main])
        _add_configuration(run, folder, _CONFIGURATIONS.get(main.kind, ()))
        runs[folder.path] = run
    taken = {file.path for run in runs.values() if run.key.parent == folder.path for file in run.files}
    return [file for file in files if file.kind in (*_TABLES, *_LOGS) and file.path not in taken]


def _add_trainer_state(folder: Folder, runs: dict[Path, FrameworkRun], found: Scan) -> None:
    """Make a run of an output folder of Hugging Face's Trainer, by its own state or one of a checkpoint."""
    output = folder.path.parent if CHECKPOINT.match(folder.path.name) else folder.path
    if output in runs:
        return
    logs = found.folders.get(output / "runs")
    folders = [output, *(logs.path / name for name in logs.folders)] if logs is not None else [output]
    is_single = len(folders) <= 2
    run = FrameworkRun(output, "huggingface", folder.root, folders if is_single else [output])
    run.files.append(RunFile(output / STATE_NAME, Kind.TRAINER_STATE))
    runs[output] = run


def _add_mmengine(folder: Folder, files: list[RunFile], runs: dict[Path, FrameworkRun]) -> None:
    """Make a run of the folder above ``vis_data``; ``scalars.json`` says the same as the file named by the time."""
    holder = folder.path.parent
    run = FrameworkRun(holder, "mmengine", folder.root, [holder, folder.path], [files[0]], _time_of_name(holder.name))
    _add_configuration(run, folder, ("config.py",))
    runs[holder] = run


def _add_mmcv(folder: Folder, file: RunFile, files: Iterable[RunFile], runs: dict[Path, FrameworkRun]) -> None:
    """Make a run of one of mmcv's JSON logs and the text log beside it: a folder may hold those of several runs."""
    run = FrameworkRun(file.path, "mmcv", folder.root, [], [file], _time_of_name(file.path.name))
    text = file.path.name.removesuffix(".json")
    run.files += [other for other in files if other.path.name == text]
    runs[file.path] = run


def _add_free_files(folder: Folder, files: list[RunFile], runs: dict[Path, FrameworkRun]) -> None:
    """Give a folder's tables and logs to the run that the folder is, or make runs of them."""
    tables = [file for file in files if file.kind in _TABLES]
    logs = [file for file in files if file.kind in _LOGS]
    run = runs.get(folder.path)
    if run is None and any(map(is_event_file, folder.files)) and len(tables) < 2 and len(logs) < 2 and files:
        run = runs[folder.path] = FrameworkRun(folder.path, "tensorboard", folder.root, [folder.path])
        run.files += tables
        tables = []
    if run is not None and len(logs) == 1:
        run.files += logs
        logs = []
    if run is None and len(tables) == 1 and len(logs) == 1:
        runs[tables[0].path] = FrameworkRun(tables[0].path, _SOURCES[tables[0].kind], folder.root, [], tables + logs)
        return
    for file in (*tables, *logs):
        time = _time_of_name(file.path.name)
        runs[file.path] = FrameworkRun(file.path, _SOURCES[file.kind], folder.root, [], [file], time)


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
