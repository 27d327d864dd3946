"""Whether a file tells of a training, judged by its name and its first 64 KiB; each file is judged once while it stays.

A watched folder holds tables and logs of all kinds. One whose name is no framework's counts only where it has a step or
an epoch in each row, and a figure by a name that trainings use, which changes from step to step.
"""

from __future__ import annotations

import codecs
import os
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.training.formats.base import json_object
from crackseg_desktop.training.formats.csv_table import PART_COLUMNS, TIME_COLUMNS, CsvTable, step_column
from crackseg_desktop.training.formats.detectron2_json import is_detectron2
from crackseg_desktop.training.formats.hydra_log import HydraLog
from crackseg_desktop.training.formats.json_rows import JsonRows, step_of
from crackseg_desktop.training.formats.lightning_csv import is_lightning
from crackseg_desktop.training.formats.mmengine_json import is_mmcv
from crackseg_desktop.training.formats.mmengine_log import LINE, MmengineLog
from crackseg_desktop.training.formats.text_log import TextLog
from crackseg_desktop.training.formats.ultralytics_csv import is_ultralytics
from crackseg_desktop.training.names import is_metric
from crackseg_desktop.training.places import Kind, RunFile, is_of_crackseg
from crackseg_desktop.training.tails import read_end, read_head, read_shown, rotated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from crackseg_desktop.training.folders import Scan
    from crackseg_desktop.training.formats.base import Clues, LineParser, Point
    from crackseg_desktop.training.formats.csv_table import Row

HEAD_BYTES = 1 << 16
_LOG_NAME = re.compile(r"\.(?:log|out)$|(?:log|train|output|console|stdout|stderr|history).*\.txt$", re.IGNORECASE)
_COUNTING = re.compile(rb"epoch|step|iter", re.IGNORECASE)
_VIS_NAME = re.compile(r"^(?:\d{8}_\d{6}|scalars)\.json$")
_CANDIDATE = re.compile(
    rf"\.(?:csv|tsv|jsonl|ndjson)$|\.log\.json$|^metrics\.json$|{_VIS_NAME.pattern}|{_LOG_NAME.pattern}", re.IGNORECASE
)
_REDRAWN = re.compile(rb"\r(?![\r\n\0])|\x08")
_MOST_WORDS = 3


class _Judged(NamedTuple):
    look: tuple[int, int, int]
    verdict: Kind | None


class Verdicts:
    """Remembers what each file was found to be, by its path, size and modification time. Belongs to one thread."""

    def __init__(self) -> None:
        self._judged: dict[Path, dict[str, _Judged]] = {}

    def of(self, path: Path) -> Kind | None:
        """Return the kind of a file that tells of a training; None for all others, and for what cannot be read.

        A file that told of one is not asked again while it is there: a log that was just rotated away is empty.
        """
        return self._of(path.parent, str(path.parent), path.name)

    def in_folder(self, folder: Path, names: Iterable[str]) -> list[RunFile]:
        """Return the files in a folder that tell of a training, by name; see ``of``."""
        place = str(folder)
        judged = ((name, self._of(folder, place, name)) for name in sorted(names) if is_candidate(name))
        return [RunFile(folder / name, kind) for name, kind in judged if kind is not None]

    def keep_only(self, found: Scan) -> None:
        """Forget the files that are gone."""
        for folder in list(self._judged):
            names = {path.name for path in found.files if path.parent == folder}
            if folder in found.folders:
                names |= found.folders[folder].files
            for name in self._judged[folder].keys() - names:
                del self._judged[folder][name]
            if not self._judged[folder]:
                del self._judged[folder]

    def _of(self, folder: Path, place: str, name: str) -> Kind | None:
        judged = self._judged.setdefault(folder, {})
        known = judged.get(name)
        if known is not None and known.verdict is not None:
            return known.verdict
        try:
            stat = os.stat(os.path.join(place, name))
        except OSError:
            return None
        look = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if known is None or known.look != look:
            known = judged[name] = _Judged(look, _judge_file(folder / name, stat.st_size))
        return known.verdict


def is_candidate(name: str) -> bool:
    """Say whether a file's name is one that figures of a training may have."""
    return _CANDIDATE.search(name) is not None and not name.startswith(".")


def _judge_file(path: Path, size: int) -> Kind | None:
    """Judge a file by its beginning; a log with a long preface by its end, a new one by what was rotated away.

    Where progress bars fill the beginning, what they are drawn over with is left out.
    """
    head = read_head(path, HEAD_BYTES)
    verdict = judge(path, head)
    if verdict is not None or _LOG_NAME.search(path.name) is None:
        return verdict
    if size > HEAD_BYTES:
        verdict = _judge_log(read_shown(path, HEAD_BYTES)) if _REDRAWN.search(head) else None
        return verdict or _judge_log(read_end(path, HEAD_BYTES).partition(b"\n")[2])
    older = rotated(path)
    return judge(path, read_head(older[0], HEAD_BYTES)) if older else None


def judge(path: Path, head: bytes) -> Kind | None:
    """Return the kind of a file from its name and its first bytes. Pure."""
    name = path.name.lower()
    head = head.removeprefix(codecs.BOM_UTF8)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    if _VIS_NAME.match(name):
        return Kind.MMENGINE_JSON if path.parent.name == "vis_data" else None
    if name.endswith((".csv", ".tsv")):
        return _judge_table(name, head)
    if name.endswith((".json", ".jsonl", ".ndjson")):
        return _judge_json(name, head)
    return _judge_log(head)


class _Table(CsvTable):
    """A table whose rows are kept for a look at their words."""

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[str, set[str]] = {}

    def row(self, row: Row) -> None:
        """Take in one row and remember its words."""
        super().row(row)
        for name, cell in row.cells.items():
            if name not in row.figures and name.lower() not in TIME_COLUMNS | PART_COLUMNS:
                self.words.setdefault(name, set()).add(cell)


def _judge_table(name: str, head: bytes) -> Kind | None:
    lines = head.splitlines(keepends=True)
    table = _Table()
    table.feed(b"".join(lines[:1]) + b"\n", 0.0)
    if name == "metrics.csv" and is_lightning(table.header):
        return Kind.LIGHTNING
    if name == "results.csv" and is_ultralytics(table.header):
        return Kind.ULTRALYTICS
    if step_column(table.header)[0] is None or not any(map(is_metric, table.header)):
        return None
    table = _Table()
    points = _parsed(table, head)
    has_text = any(len(words) > _MOST_WORDS for words in table.words.values())
    return Kind.CSV if not has_text and _is_of_training(points, is_terse=not table.words) else None


def _judge_json(name: str, head: bytes) -> Kind | None:
    rows = [row for line in head.split(b"\n", 4)[:3] if (row := json_object(line)) is not None]
    if not rows:
        return None
    if name.endswith(".log.json"):
        return Kind.MMCV_JSON if any(map(is_mmcv, rows)) else None
    if name == "metrics.json" and is_detectron2(rows[0]):
        return Kind.DETECTRON2
    if step_of(rows[0])[0] is None:
        return None
    has_text = any(isinstance(value, str) and key not in TIME_COLUMNS | PART_COLUMNS for key, value in rows[0].items())
    return Kind.JSON_LINES if _is_of_training(_parsed(JsonRows(), head), is_terse=not has_text) else None


def _judge_log(head: bytes) -> Kind | None:
    if head.lstrip()[:1] == b"{":
        return _judge_json("", head)
    if is_of_crackseg(head) and _is_crackseg_training(head):
        return Kind.LOG
    if _COUNTING.search(head) is None:
        return None
    is_mmengine = LINE.search(head.decode("utf-8", "replace")) is not None
    parser = MmengineLog() if is_mmengine else TextLog()
    if not _is_of_training(_parsed(parser, head), is_terse=True) and not _is_of_dead(parser.clues):
        return None
    return Kind.MMENGINE_LOG if is_mmengine else Kind.TEXT_LOG


def _is_of_dead(clues: Clues) -> bool:
    """Say whether a training died before its first figure: it told how many epochs it would take."""
    is_death = clues.ending is not None and clues.ending.kind not in ("completed", "early_stopping", "closed")
    return is_death and clues.total_epochs is not None


def _is_crackseg_training(head: bytes) -> bool:
    """Say whether CrackSeg's parser finds no less in a log than the one for all; its loggers have common names."""
    ours = HydraLog()
    points = _parsed(ours, head)
    return ours.is_training and len(points) >= len(_parsed(TextLog(), head))


def _parsed(parser: LineParser, head: bytes) -> list[Point]:
    used = parser.feed(head, 0.0)
    if len(head) < HEAD_BYTES:
        parser.finish(head[used:], 0.0)
    return parser.take()


def _is_of_training(points: Sequence[Point], *, is_terse: bool) -> bool:
    """Say whether a figure changes from step to step, in steps that mostly go on.

    Of a training that has just begun there is one epoch: its loss will do where nothing else is told (``is_terse``).
    """
    by_tag: dict[str, list[Point]] = {}
    for point in points:
        if is_metric(point.tag):
            by_tag.setdefault(point.tag, []).append(point)
    return any(map(_goes_on, by_tag.values())) or (is_terse and _is_first_epoch(points))


def _goes_on(points: list[Point]) -> bool:
    steps = [point.step for point in points]
    back = sum(later < earlier for earlier, later in pairwise(steps))
    is_odd = min(steps) < 0 or back * 4 > len(steps)
    return not is_odd and len(set(steps)) > 1 and len({repr(point.value) for point in points}) > 1


def _is_first_epoch(points: Sequence[Point]) -> bool:
    losses = [point for point in points if "loss" in point.tag.lower() and not point.value.is_integer()]
    return bool(losses) and {(point.step, point.axis) for point in points} <= {(0, "epoch"), (1, "epoch")}
