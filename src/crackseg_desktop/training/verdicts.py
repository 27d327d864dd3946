"""Whether a file tells of a training, judged by its name and its first 64 KiB; each file is judged once while it stays.

A watched folder holds tables and logs of all kinds. One whose name is no framework's counts only where it has a step or
an epoch in each row, and a figure by a name that trainings use, which changes from step to step.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.training.formats.base import json_object
from crackseg_desktop.training.formats.csv_table import PART_COLUMNS, TIME_COLUMNS, CsvTable, step_column
from crackseg_desktop.training.formats.detectron2_json import is_detectron2
from crackseg_desktop.training.formats.json_rows import JsonRows, step_of
from crackseg_desktop.training.formats.lightning_csv import is_lightning
from crackseg_desktop.training.formats.mmengine_json import is_mmcv
from crackseg_desktop.training.formats.mmengine_log import LINE, MmengineLog
from crackseg_desktop.training.formats.text_log import TextLog
from crackseg_desktop.training.formats.ultralytics_csv import is_ultralytics
from crackseg_desktop.training.names import is_metric
from crackseg_desktop.training.places import Kind, is_of_crackseg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crackseg_desktop.training.formats.base import LineParser, Point
    from crackseg_desktop.training.formats.csv_table import Row

HEAD_BYTES = 1 << 16
_LOG_NAME = re.compile(r"\.(?:log|out)$|(?:log|train|output|console|stdout|stderr|history).*\.txt$", re.IGNORECASE)
_COUNTING = re.compile(rb"epoch|step|iter|e\x00p\x00o\x00c\x00h|s\x00t\x00e\x00p|i\x00t\x00e\x00r", re.IGNORECASE)
_VIS_NAME = re.compile(r"^(?:\d{8}_\d{6}|scalars)\.json$")
_MOST_WORDS = 3


class _Judged(NamedTuple):
    size: int
    modified_ns: int
    verdict: Kind | None


class Verdicts:
    """Remembers what each file was found to be, by its path, size and modification time. Belongs to one thread."""

    def __init__(self) -> None:
        self._judged: dict[Path, _Judged] = {}

    def of(self, path: Path) -> Kind | None:
        """Return the kind of a file that tells of a training; None for all others, and for what cannot be read."""
        if not is_candidate(path.name):
            return None
        try:
            stat = path.stat()
            known = self._judged.get(path)
            if known is not None and (known.size, known.modified_ns) == (stat.st_size, stat.st_mtime_ns):
                return known.verdict
            if known is not None and known.verdict is not None and known.size <= stat.st_size:
                return known.verdict  # it only grew
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError:
            return None
        verdict = judge(path, head)
        self._judged[path] = _Judged(stat.st_size, stat.st_mtime_ns, verdict)
        return verdict

    def forget_all_but(self, paths: Sequence[Path]) -> None:
        """Forget the files that are gone."""
        here = set(paths)
        self._judged = {path: judged for path, judged in self._judged.items() if path in here}


def is_candidate(name: str) -> bool:
    """Say whether a file's name is one that figures of a training may have."""
    if name.startswith("."):
        return False
    lower = name.lower()
    return (
        lower.endswith((".csv", ".tsv", ".jsonl", ".ndjson", ".log.json"))
        or lower == "metrics.json"
        or _VIS_NAME.match(name) is not None
        or _LOG_NAME.search(name) is not None
    )


def judge(path: Path, head: bytes) -> Kind | None:
    """Return the kind of a file from its name and its first bytes. Pure."""
    name = path.name.lower()
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
    return Kind.CSV if not has_text and _is_of_training(points) else None


def _judge_json(name: str, head: bytes) -> Kind | None:
    first = next((row for line in head.split(b"\n", 2)[:2] if (row := json_object(line)) is not None), None)
    if first is None:
        return None
    if name.endswith(".log.json"):
        rows = (json_object(line) for line in head.split(b"\n", 4)[:3])
        return Kind.MMCV_JSON if any(row is not None and is_mmcv(row) for row in rows) else None
    if name == "metrics.json":
        return Kind.DETECTRON2 if is_detectron2(first) else None
    if step_of(first)[0] is None:
        return None
    return Kind.JSON_LINES if _is_of_training(_parsed(JsonRows(), head)) else None


def _judge_log(head: bytes) -> Kind | None:
    if _COUNTING.search(head) is None or is_of_crackseg(head):
        return None
    is_mmengine = LINE.search(head.decode("utf-8", "replace")) is not None
    points = _parsed(MmengineLog() if is_mmengine else TextLog(), head)
    if not _is_of_training(points):
        return None
    return Kind.MMENGINE_LOG if is_mmengine else Kind.TEXT_LOG


def _parsed(parser: LineParser, head: bytes) -> list[Point]:
    used = parser.feed(head, 0.0)
    if len(head) < HEAD_BYTES:
        parser.finish(head[used:], 0.0)
    return parser.take()


def _is_of_training(points: Sequence[Point]) -> bool:
    """Say whether a figure changes from step to step, in steps that mostly go on."""
    by_tag: dict[str, list[Point]] = {}
    for point in points:
        if is_metric(point.tag):
            by_tag.setdefault(point.tag, []).append(point)
    return any(_goes_on(found) for found in by_tag.values())


def _goes_on(points: list[Point]) -> bool:
    steps = [point.step for point in points]
    back = sum(later < earlier for earlier, later in pairwise(steps))
    is_odd = min(steps) < 0 or back * 4 > len(steps)
    return not is_odd and len(set(steps)) > 1 and len({repr(point.value) for point in points}) > 1
