"""The folders in which runs leave files, told by their names and contents.

CrackSeg scatters one run over up to four folders, beside files that all runs share; the folders of one run are found
here, one by one, and put together in ``plans``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.training.folders import HYDRA
from crackseg_desktop.training.formats.base import json_object
from crackseg_desktop.training.formats.hydra_log import HydraLog
from crackseg_desktop.training.formats.log_record import parse_record
from crackseg_desktop.training.tails import read_head

if TYPE_CHECKING:
    from crackseg_desktop.training.folders import Folder, Scan

RUN_ID = re.compile(r"^(?P<time>\d{8}-\d{6})-(?P<name>.+)$")
_DATE, _TIME = re.compile(r"^\d{4}-\d\d-\d\d$"), re.compile(r"^\d\d-\d\d-\d\d$")
_LOGS = ("main.log", "run.log")
_ROW_FILES = ("validation_metrics.jsonl", "training_metrics.jsonl", "test_metrics.jsonl")
_OUTPUT_FOLDERS = ("artifacts", "outputs")
_OUR_LOGGERS = ("crackseg", "src.main", "training_pipeline", "experiment.", "trainer", "Trainer")
_PEEK_BYTES = 16_384


class Kind(Enum):
    """What a file is; the value is its rank among files that tell the same figure, the most exact first."""

    METRICS = 0
    ROWS = 2
    EVENTS = 3
    SUMMARY = 4
    COMPLETE_SUMMARY = 5
    LIGHTNING = 6
    ULTRALYTICS = 7
    TRAINER_STATE = 8
    MMENGINE_JSON = 9
    MMCV_JSON = 10
    DETECTRON2 = 11
    CSV = 12
    JSON_LINES = 13
    LOG = 14
    MMENGINE_LOG = 15
    TEXT_LOG = 16
    CONFIG_JSON = 20
    CONFIG_YAML = 21
    HYDRA_CONFIG = 22
    INFO = 23
    ERRORS = 24
    PLANNED = 25  # another framework's configuration: read for the planned epochs


class RunFile(NamedTuple):
    """A file of a run; ``prefix`` is put before its tags."""

    path: Path
    kind: Kind
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with files of one run.

    Attributes:
        tree: the checkout that it belongs to; runs of different trees are different runs.
        name: the experiment's name; time: when it began by the folder's name or the log, Unix seconds.
        ids: names of other folders that its log says are of the same run.
        is_ours: whether CrackSeg wrote it.
    """

    path: Path
    root: Path
    tree: Path
    name: str | None
    time: float | None
    files: tuple[RunFile, ...]
    ids: frozenset[str] = frozenset()
    is_ours: bool = True

    @property
    def is_id(self) -> bool:
        """Say whether the folder is named after the run."""
        return RUN_ID.match(self.path.name) is not None

    @property
    def is_configuration(self) -> bool:
        """Say whether the folder holds configurations only."""
        return self.path.parent.name == "configurations"

    def has(self, *kinds: Kind) -> bool:
        """Say whether it has a file of one of these kinds."""
        return any(file.kind in kinds for file in self.files)


class SharedFile(NamedTuple):
    """A file that several runs of a tree append to or overwrite.

    ``is_copy``: it tells no more than the runs' own files; of use only for runs that lack them.
    """

    path: Path
    tree: Path
    kind: Kind
    is_copy: bool = False


def tree_of(path: Path) -> Path:
    """Return the checkout that a folder belongs to, by the names of the folders above it."""
    parts = path.parts
    for index in range(len(parts) - 1, 0, -1):
        if parts[index] in _OUTPUT_FOLDERS:
            above = Path(*parts[:index])
            if above.name == "crackseg" and above.parent.name == "src":
                return above.parent.parent
            return above.parent if above.name == "src" else above
    parent = path.parent
    while parent.name in ("configurations", "experiments") or RUN_ID.match(parent.name):
        parent = parent.parent
    return parent


def places_in(found: Scan) -> list[Place]:
    """Return the run folders of a walk."""
    return [place for folder in found.folders.values() if (place := _place(found, folder)) is not None]


def shared_files_in(found: Scan, places: list[Place]) -> list[SharedFile]:
    """Return the files of a walk that belong to no one run."""
    owned = {file.path for place in places for file in place.files}
    shared: list[SharedFile] = []
    for folder in found.folders.values():
        tree = tree_of_shared(folder)
        files = (file for file in (*_metric_files(folder), *_log_files(folder)) if file.path not in owned)
        shared += [SharedFile(file.path, tree, file.kind) for file in files]
        shared += [SharedFile(file.path, tree, file.kind, is_copy=True) for file in _experiment_logs(found, folder)]
    return shared


def kind_of(path: Path) -> Kind | None:
    """Return what a single file is, by its name and its first line; None for what is not known here."""
    name = path.name
    if name.endswith(".jsonl"):
        return _kind_of_jsonl(path)
    if name.endswith(".json") and "summary" in name:
        return Kind.COMPLETE_SUMMARY if "complete" in name else Kind.SUMMARY
    return Kind.LOG if name.endswith((".log", ".txt")) else None


def _place(found: Scan, folder: Folder) -> Place | None:
    match = RUN_ID.match(folder.path.name)
    if folder.path.parent.name == "configurations":
        return _configuration(folder, match) if match is not None else None
    metrics = found.child(folder, "metrics")
    files = [*_run_files(found, folder), *(_metric_files(metrics) if metrics is not None else ())]
    if folder.path.name != "metrics":
        files += _metric_files(folder)
    if match is not None:
        name, time = match["name"], _time_of_id(match["time"])
        files += [*_log_files(folder), *_expected(folder, files)]
        return Place(folder.path, folder.root, tree_of(folder.path), name, time, tuple(files)) if files else None
    has_metrics = folder.path.name != "metrics" and any(file.kind is Kind.METRICS for file in files)
    if not (HYDRA in folder.folders or has_metrics or "experiment_info.json" in folder.files):
        return None
    return _unnamed(folder, [*files, *_log_files(folder)], has_metrics=has_metrics)


def _unnamed(folder: Folder, files: list[RunFile], *, has_metrics: bool) -> Place:
    """Make a place of a run folder that is not named after its run; its log tells more."""
    logs = [file.path for file in files if file.kind is Kind.LOG]
    peek = _peek(logs[0]) if logs else _Peek()
    ours = peek.is_ours or has_metrics or "experiment_info.json" in folder.files
    time = _time_of_path(folder.path) or peek.time
    return Place(folder.path, folder.root, tree_of(folder.path), peek.name, time, tuple(files), peek.ids, ours)


def _configuration(folder: Folder, match: re.Match[str]) -> Place | None:
    if "training_config.yaml" not in folder.files:
        return None
    files = (RunFile(folder.path / "training_config.yaml", Kind.CONFIG_YAML),)
    return Place(folder.path, folder.root, tree_of(folder.path), match["name"], _time_of_id(match["time"]), files)


def tree_of_shared(folder: Folder) -> Path:
    """Return the checkout to whose runs a file belongs that lies in a folder beside theirs."""
    if not folder.folders.isdisjoint(_OUTPUT_FOLDERS):
        return folder.path
    holder = folder.path.parent if folder.path.name == "metrics" else folder.path
    return tree_of(holder / "-")


_BY_NAME = {
    "config.json": Kind.CONFIG_JSON,
    "training_config.yaml": Kind.CONFIG_YAML,
    "experiment_info.json": Kind.INFO,
    "error_log.txt": Kind.ERRORS,
}
_SUMMARIES = {"summary.json": Kind.SUMMARY, "complete_summary.json": Kind.COMPLETE_SUMMARY}
KNOWN_NAMES = frozenset({*_BY_NAME, *_SUMMARIES})
"""Files that are known by their names alone."""


def _run_files(found: Scan, folder: Folder) -> list[RunFile]:
    files = [RunFile(folder.path / name, kind) for name, kind in _BY_NAME.items() if name in folder.files]
    if HYDRA in folder.folders:
        files.append(RunFile(folder.path / HYDRA / "config.yaml", Kind.HYDRA_CONFIG))
    logs = found.child(folder, "logs")
    if logs is not None and "training.log" in logs.files and not any(name in folder.files for name in _LOGS):
        files.append(RunFile(logs.path / "training.log", Kind.LOG))
    return files


def _expected(folder: Folder, files: list[RunFile]) -> list[RunFile]:
    """Return the exact file that CrackSeg will make beside a ``config.json``: the others wait for it."""
    kinds = {file.kind for file in files}
    if Kind.CONFIG_JSON not in kinds or Kind.METRICS in kinds:
        return []
    return [RunFile(folder.path / "metrics" / "metrics.jsonl", Kind.METRICS)]


def _log_files(folder: Folder) -> list[RunFile]:
    return [RunFile(folder.path / name, Kind.LOG) for name in _LOGS if name in folder.files]


def _experiment_logs(found: Scan, folder: Folder) -> list[RunFile]:
    """Return the logs that CrackSeg names after an experiment: beside its ``experiments`` folder."""
    if folder.path.name not in _OUTPUT_FOLDERS or found.child(folder, "experiments") is None:
        return []
    names = (name for name in sorted(folder.files) if name.endswith(".log") and name not in _LOGS)
    return [RunFile(folder.path / name, Kind.LOG) for name in names]


def _metric_files(folder: Folder) -> list[RunFile]:
    files = [RunFile(folder.path / name, kind) for name, kind in _SUMMARIES.items() if name in folder.files]
    for name in sorted(folder.files):
        if name.endswith(".jsonl") and "metrics" in name and not name.startswith("."):
            kind = _kind_of_jsonl(folder.path / name)
            if kind is not None and (kind is Kind.ROWS or name == "metrics.jsonl"):
                files.append(RunFile(folder.path / name, kind))
    return files


def _kind_of_jsonl(path: Path) -> Kind | None:
    if path.name == "metrics.jsonl":
        return Kind.METRICS
    if path.name in _ROW_FILES:
        return Kind.ROWS
    row = json_object(read_head(path, _PEEK_BYTES).partition(b"\n")[0])
    if row is None:
        return None
    return Kind.ROWS if isinstance(row.get("metrics"), dict) else Kind.METRICS


class _Peek(NamedTuple):
    time: float | None = None
    name: str | None = None
    ids: frozenset[str] = frozenset()
    is_ours: bool = False


def _peek(log: Path) -> _Peek:
    """Read the first lines of a log for what tells the run."""
    parser = HydraLog()
    data = read_head(log, _PEEK_BYTES)
    parser.feed(data, 0.0)
    return _Peek(parser.clues.first_time, parser.clues.name, frozenset(parser.clues.ids), is_of_crackseg(data))


def is_of_crackseg(head: bytes) -> bool:
    """Say whether a log begins as one of CrackSeg's, by the loggers that it names."""
    lines = head[:_PEEK_BYTES].decode("utf-8", "replace").splitlines()
    loggers = (record.logger for line in lines if (record := parse_record(line)))
    return any(logger.startswith(_OUR_LOGGERS) for logger in loggers)


def _time_of_id(text: str) -> float | None:
    return _local(text, "%Y%m%d-%H%M%S")


def _time_of_path(path: Path) -> float | None:
    """Return the time in Hydra's default folder, ``<YYYY-MM-DD>/<HH-MM-SS>``."""
    if not (_DATE.match(path.parent.name) and _TIME.match(path.name)):
        return None
    return _local(f"{path.parent.name} {path.name}", "%Y-%m-%d %H-%M-%S")


def _local(text: str, form: str) -> float | None:
    try:
        return datetime.strptime(text, form).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None
