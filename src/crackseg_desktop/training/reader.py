"""Reads one run: its files as sources, their points as curves, their clues as facts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop.digest import short_digest
from crackseg_desktop.readings import CurvePoints, RunFacts
from crackseg_desktop.training import sources
from crackseg_desktop.training.checkpoints import checkpoints_in
from crackseg_desktop.training.evidence import Evidence
from crackseg_desktop.training.formats.csv_table import CsvTable
from crackseg_desktop.training.formats.detectron2_json import Detectron2Json
from crackseg_desktop.training.formats.hydra_log import HydraLog
from crackseg_desktop.training.formats.json_rows import JsonRows
from crackseg_desktop.training.formats.lightning_csv import LightningCsv
from crackseg_desktop.training.formats.metrics_jsonl import MetricsJsonl
from crackseg_desktop.training.formats.mmengine_json import MmcvJson, MmengineJson
from crackseg_desktop.training.formats.mmengine_log import MmengineLog
from crackseg_desktop.training.formats.text_log import TextLog
from crackseg_desktop.training.formats.tfevents_decode import Column
from crackseg_desktop.training.formats.ultralytics_csv import UltralyticsCsv
from crackseg_desktop.training.formats.validation_jsonl import ValidationJsonl
from crackseg_desktop.training.merging import Merger
from crackseg_desktop.training.names import counts_epochs, normalise
from crackseg_desktop.training.places import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crackseg_desktop.training.checkpoints import Listing
    from crackseg_desktop.training.discovery import RunPlan
    from crackseg_desktop.training.formats.base import Axis, Clues, Parser, Point
    from crackseg_desktop.training.formats.tfevents import BulkTables
    from crackseg_desktop.training.formats.tfevents_decode import Columns
    from crackseg_desktop.training.formats.validation_jsonl import Row
    from crackseg_desktop.training.places import RunFile
    from crackseg_desktop.training.sources import Source

CHUNK_POINTS = 1 << 16
_SAME_MOMENT_SECONDS = 60.0
_ROUNDING = 5.1e-5
_FINGERPRINT = "val/loss"

Losses = dict[int, tuple[float, float]]
"""Validation losses as (Unix seconds, loss) by epoch."""


def run_id(key: str) -> str:
    """Return the id of the run with a key: 10 hex digits."""
    return short_digest(key)


class RunReader:
    """Reads a run's files on and on. Belongs to one thread.

    Attributes:
        plan: what makes up the run; may grow.
    """

    def __init__(self, plan: RunPlan, bulk: BulkTables | None = None) -> None:
        self.plan = plan
        self._bulk = bulk
        self.id = run_id(plan.key)
        self._sources: dict[Path, Source] = {}
        self._merger: Merger | None = None
        self._axes: dict[str, Axis] = {}
        self._last_steps: dict[str, int] = {}
        self._is_zero_based = False
        self._listings: dict[Path, Listing] = {}
        self._looked = 0.0
        self._losses: Losses = {}
        self._first_time = math.inf
        self.update(plan)

    def update(self, plan: RunPlan) -> None:
        """Take over a plan with more files."""
        self.plan = plan
        if not _is_of_events_only(plan):
            self._begin_merging()
        for file in plan.files:
            if file.path not in self._sources:
                self._sources[file.path] = _make_source(file, self._bulk)

    def attach(self, source: Source) -> None:
        """Read a part of a shared file too."""
        self._sources.setdefault(source.path, source)
        self._begin_merging()

    @property
    def is_settled(self) -> bool:
        """Say whether it reads files of its own alone, and holds no point back."""
        is_own = self._sources.keys() <= {file.path for file in self.plan.files}
        return is_own and (self._merger is None or not self._merger.is_waiting)

    @property
    def losses(self) -> Losses:
        """Return the validation losses that were read, as (Unix seconds, loss) by epoch."""
        return self._losses

    def read(self, now: float, *, settle: bool) -> Iterator[CurvePoints]:
        """Yield the points that are new; with ``settle`` none is held back for a more exact file."""
        self._looked = now
        if self._merger is None:
            yield from self._read_events(now)
        else:
            yield from self._read_merged(self._merger, now, settle=settle)

    def _read_events(self, now: float) -> Iterator[CurvePoints]:
        for source in self._sources.values():
            if isinstance(source, sources.EventFileSource):
                for columns in source.columns(now):
                    yield from self._chunks(columns)

    def _read_merged(self, merger: Merger, now: float, *, settle: bool) -> Iterator[CurvePoints]:
        ordered = sorted(self._sources.values(), key=lambda item: item.rank)
        for source in ordered:
            is_best = source.rank == ordered[0].rank
            for portion in source.read(now):
                yield from self._told(merger.offer(portion, source.rank, now, is_best=is_best))
        yield from self._told(merger.settle(None if settle else now))

    def facts(self) -> RunFacts:
        """Return what the files say by now."""
        evidence = Evidence(self._sources.values())
        epoch = self._epoch(evidence)
        return RunFacts(
            id=self.id,
            name=self.plan.name,
            path=str(self.plan.path),
            folders=tuple(str(folder) for folder in self.plan.folders),
            source=self.plan.source,
            started=self._started(evidence),
            updated=evidence.updated(self._looked),
            epoch=epoch,
            total_epochs=evidence.total_epochs(),
            step=self._step(),
            ending=evidence.ending(epoch),
            config=evidence.config(),
            checkpoints=checkpoints_in(self.plan.folders, self._listings, self._looked),
            files=evidence.files(),
            writer=evidence.writer(),
            notes=tuple(dict.fromkeys((*self.plan.notes, *evidence.notes()))),
        )

    def _begin_merging(self) -> None:
        if self._merger is None:
            self._merger = Merger(self.plan.source)
            for tag, step in self._last_steps.items():
                self._merger.knows(tag, step, Kind.EVENTS.value)

    def _told(self, points: list[Point]) -> Iterator[CurvePoints]:
        """Yield points as columns by tag."""
        columns: Columns = {}
        for point in points:
            column = columns.get(point.tag)
            if column is None:
                column = columns[point.tag] = Column()
                if self.plan.source not in _COUNT_EPOCHS and self.plan.source != "tensorboard":
                    self._axes.setdefault(point.tag, point.axis)
            column.steps.append(point.step)
            column.wall_times.append(point.time)
            column.values.append(point.value)
        yield from self._chunks(columns)

    def _chunks(self, columns: Columns) -> Iterator[CurvePoints]:
        tags = [*self._axes, *columns]
        for tag in columns:
            if tag not in self._axes:
                is_epoch = self.plan.source in _COUNT_EPOCHS or counts_epochs(tag, tags)
                self._axes[tag] = "epoch" if is_epoch else "step"
        for tag, column in columns.items():
            yield from self._parts(tag, column)

    def _parts(self, tag: str, column: Column) -> Iterator[CurvePoints]:
        axis, name = self._axes[tag], self._name(tag)
        self._last_steps[tag] = column.steps[-1]
        self._remember(column, axis, is_fingerprint=name == _FINGERPRINT and self._merger is not None)
        for start in range(0, len(column), CHUNK_POINTS):
            part = slice(start, start + CHUNK_POINTS)
            yield CurvePoints(
                self.id, tag, name, column.steps[part], column.wall_times[part], column.values[part], axis
            )

    def _remember(self, column: Column, axis: Axis, *, is_fingerprint: bool) -> None:
        if axis == "epoch" and not self._is_zero_based:
            self._is_zero_based = 0 in column.steps
        first = min(column.wall_times)
        if not 0 < first < math.inf:
            first = min((time for time in column.wall_times if 0 < time < math.inf), default=math.inf)
        self._first_time = min(first, self._first_time)
        if is_fingerprint:
            told = zip(column.steps, column.wall_times, column.values, strict=True)
            self._losses.update((epoch, (time, loss)) for epoch, time, loss in told)

    def _started(self, evidence: Evidence) -> float | None:
        """Return the first time in a log; else what the folder's name says; else the first figure."""
        begun = evidence.first_logged() or self.plan.time or evidence.first_time()
        return begun or (self._first_time if self._first_time < math.inf else evidence.modified())

    def _epoch(self, evidence: Evidence) -> int | None:
        """Return the last epoch finished, counted from 1: one whose validation is logged, where the run has any."""
        told = {self._name(tag): step for tag, step in self._last_steps.items() if self._axes[tag] == "epoch"}
        validated = [step for name, step in told.items() if name.startswith("val/")]
        trained = [step for name, step in told.items() if name not in _TOLD_EARLY]
        last = max(validated or trained or told.values(), default=None)
        if last is None:
            return evidence.last_epoch()
        return last + 1 if self._is_zero_based else last

    def _name(self, tag: str) -> str:
        return normalise(tag, self.plan.source)

    def _step(self) -> int | None:
        by_step = [step for tag, step in self._last_steps.items() if self._axes[tag] == "step"]
        return max(by_step or self._last_steps.values(), default=None)


def is_told(row: Row, losses: Losses, source: str) -> bool:
    """Say whether a row of a shared file is among the losses of a run: the same loss at the same moment."""
    told = losses.get(row.epoch)
    if told is None or abs(told[0] - row.time) > _SAME_MOMENT_SECONDS:
        return False
    return any(
        abs(value - told[1]) <= _ROUNDING or (value != value and told[1] != told[1]) or value == told[1]
        for tag, value in row.figures.items()
        if normalise(tag, source) == _FINGERPRINT
    )


_TOLD_EARLY = frozenset({"lr"})
"""Figures that many trainings log when an epoch begins."""
_COUNT_EPOCHS = frozenset({"ultralytics"})
"""Sources whose steps are epochs in every file, event files too."""
_PARSERS: dict[Kind, Callable[[], Parser]] = {
    Kind.METRICS: MetricsJsonl,
    Kind.ROWS: ValidationJsonl,
    Kind.LOG: HydraLog,
    Kind.LIGHTNING: LightningCsv,
    Kind.ULTRALYTICS: UltralyticsCsv,
    Kind.MMENGINE_JSON: MmengineJson,
    Kind.MMCV_JSON: MmcvJson,
    Kind.DETECTRON2: Detectron2Json,
    Kind.CSV: CsvTable,
    Kind.JSON_LINES: JsonRows,
    Kind.MMENGINE_LOG: MmengineLog,
    Kind.TEXT_LOG: TextLog,
}
_DOCUMENTS: dict[Kind, Callable[[bytes, Clues], list[Point] | None]] = {
    Kind.SUMMARY: sources.parse_summary_document,
    Kind.COMPLETE_SUMMARY: sources.parse_complete_summary,
    Kind.CONFIG_JSON: sources.parse_config_json,
    Kind.CONFIG_YAML: sources.parse_config_yaml,
    Kind.HYDRA_CONFIG: sources.parse_config_yaml,
    Kind.INFO: sources.parse_info,
    Kind.ERRORS: sources.parse_errors,
    Kind.PLANNED: sources.parse_planned,
}


def _is_of_events_only(plan: RunPlan) -> bool:
    """Say whether there is nothing to merge: event files are read as TensorBoard reads them."""
    return plan.source == "tensorboard" and all(file.kind is Kind.EVENTS for file in plan.files)


def _make_source(file: RunFile, bulk: BulkTables | None) -> Source:
    if file.kind is Kind.EVENTS:
        return sources.EventFileSource(file.path, file.kind.value, file.prefix, bulk)
    if file.kind is Kind.TRAINER_STATE:
        return sources.TrainerState(file.path, file.kind.value)
    make_parser = _PARSERS.get(file.kind)
    if make_parser is not None:
        return sources.AppendedFile(file.path, file.kind.value, make_parser)
    return sources.Document(file.path, file.kind.value, _DOCUMENTS[file.kind])
