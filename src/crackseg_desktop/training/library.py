"""All runs under the watched folders: found, read, and given their part of the files that they share."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crackseg_desktop.training import sources
from crackseg_desktop.training.discovery import SAME_RUN_SECONDS, Discovery, RunPlan, discover
from crackseg_desktop.training.folders import always_answers, modified_ns
from crackseg_desktop.training.followed import FollowedRun
from crackseg_desktop.training.formats.tfevents import BulkTables
from crackseg_desktop.training.formats.validation_jsonl import Row
from crackseg_desktop.training.places import Kind, SharedFile
from crackseg_desktop.training.shared import Part, SharedSource
from crackseg_desktop.training.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crackseg_desktop.readings import CurvePoints
    from crackseg_desktop.training.folders import Folder
    from crackseg_desktop.training.followed import Recall

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""So long a new part of a shared file waits for its owner: its folders, and its own files, are found soon."""
_ROW_LOSS = "val_loss"
_COLLECTING_FOLDERS = ("experiments", "outputs", "artifacts", "metrics")


class SharedDocument:
    """A summary that each run overwrites; what it says is relayed to the run that it is of."""

    def __init__(self, shared: SharedFile) -> None:
        parse = (
            sources.parse_complete_summary if shared.kind is Kind.COMPLETE_SUMMARY else sources.parse_summary_document
        )
        self.shared = shared
        self._document = sources.Document(shared.path, shared.kind.value, parse)
        self._relays: dict[str, sources.Relay] = {}

    def read(self, now: float, readers: list[FollowedRun]) -> FollowedRun | None:
        """Read it, if it changed, for the one of ``readers`` whose last epoch it tells."""
        points = [point for portion in self._document.read(now) for point in portion]
        losses = [point for point in points if point.tag == _ROW_LOSS]
        if not losses:
            return None
        last = Row(losses[-1].step, losses[-1].time, {_ROW_LOSS: losses[-1].value})
        reader = next((reader for reader in readers if reader.tells(last)), None)
        if reader is None:
            return None
        relay = self._relays.get(reader.id)
        if relay is None:
            relay = self._relays[reader.id] = sources.Relay(self.shared.path, self.shared.kind.value)
            reader.attach(relay)
        relay.put(points, self._document.clues, self._document.modified)
        return reader


def knows_nothing(run: str, signature: str) -> None:
    """Recall no run, so that each is read."""


class Library:
    """Knows the runs under its folders. Belongs to one thread.

    ``recall`` returns what is known of a run that did not change, ``answers`` says of a folder whether it can be
    touched: on a dead network mount a call would never return. What lies there is left as it was.

    Attributes:
        readers: by the key of the run.
    """

    def __init__(
        self, roots: list[Path], recall: Recall = knows_nothing, answers: Callable[[Path], bool] = always_answers
    ) -> None:
        self.roots = list(roots)
        self._recall = recall
        self._answers = answers
        self._bulk = BulkTables()
        self.readers: dict[str, FollowedRun] = {}
        self._found = Discovery()
        self._verdicts = Verdicts()
        self._crowds: dict[Path, Folder] = {}
        self._shared: dict[Path, SharedSource] = {}
        self._documents: dict[Path, SharedDocument] = {}
        self._noted: set[str] = set()
        self._trees: dict[Path, list[FollowedRun]] = {}
        self._sharing: set[Path] = set()
        self._outer_folders: frozenset[Path] = frozenset()

    def refresh(self) -> list[FollowedRun]:
        """Look through the folders anew; return the readers of the runs that are gone."""
        self._found = discover(self.roots, self._verdicts, self._answers, self._crowds)
        for note in self._found.notes:
            if note not in self._noted:
                self._noted.add(note)
                log.warning("%s", note)
        for plan in self._found.plans:
            reader = self.readers.get(plan.key)
            if reader is None:
                self.readers[plan.key] = FollowedRun(plan, self._recall, self._bulk)
            else:
                reader.update(plan)
        self._take_shared()
        gone = self._drop_gone()
        self._outer_folders = frozenset(self._folders_of_runs())
        return gone

    def is_outdated(self, is_active: Callable[[FollowedRun], bool]) -> bool:
        """Say whether a folder in which runs would show up has changed since the last look, or one of an active run."""
        known = self._found.changed_ns
        looked_at = set(self._outer_folders)
        for reader in self.readers.values():
            if is_active(reader):
                looked_at.update(folder for folder in _own_folders(reader.plan) if folder in known)
        return any(self._answers(folder) and modified_ns(folder) != known[folder] for folder in looked_at)

    def read(
        self, now: float, *, settle: bool, is_due: Callable[[FollowedRun], bool] = lambda run: True
    ) -> Iterator[tuple[FollowedRun, Iterator[CurvePoints]]]:
        """Yield each run that is due with its new points, to be exhausted; the newest runs first.

        See ``RunReader.read``. A parked run has none, unless its files changed: then it is read from their start.
        """
        due = [run for run in self.readers.values() if is_due(run) and self._answers(run.plan.path)]
        for run in sorted(due, key=lambda run: run.begun, reverse=True):
            yield from self._read_one(run, now, settle=settle)
        for run in self._read_shared(now, settle=settle):
            yield from self._read_one(run, now, settle=settle)

    def shares(self, run: FollowedRun) -> bool:
        """Say whether more of a run may lie in files that several runs share."""
        return run.plan.tree in self._sharing

    def _read_one(
        self, run: FollowedRun, now: float, *, settle: bool
    ) -> Iterator[tuple[FollowedRun, Iterator[CurvePoints]]]:
        if run.notes:
            return
        points: Iterator[CurvePoints] = iter(()) if run.is_at_rest() else _guarded(run, now, settle=settle)
        if run.plan.is_wanted:
            yield run, points
        else:
            for _ in points:
                pass  # it is read all the same, to know its rows in the files that runs share

    def _folders_of_runs(self) -> Iterator[Path]:
        """Yield the folders in which new runs would show up."""
        known = self._found.changed_ns
        for run in self.readers.values():
            yield from _parents(run.plan, known)
        shared = (path.parent for path in (*self._shared, *self._documents))
        yield from (folder for folder in (*self._found.roots, *shared) if folder in known)

    def _take_shared(self) -> None:
        for shared in self._found.shared:
            if shared.kind in (Kind.ROWS, Kind.LOG):
                self._shared.setdefault(shared.path, SharedSource(shared))
            else:
                self._documents.setdefault(shared.path, SharedDocument(shared))
        here = {shared.path for shared in self._found.shared}
        here |= {path for path in (*self._shared, *self._documents) if not self._answers(path)}
        self._shared = {path: source for path, source in self._shared.items() if path in here}
        self._documents = {path: source for path, source in self._documents.items() if path in here}
        self._sharing = {shared.tree for shared in self._found.shared}

    def _drop_gone(self) -> list[FollowedRun]:
        alive = {plan.key for plan in self._found.plans}
        alive |= {part.key for source in self._shared.values() for part in source.parts}
        alive |= {key for key, run in self.readers.items() if not self._answers(run.plan.path)}
        gone = [self.readers.pop(key) for key in list(self.readers) if key not in alive]
        self._trees = {}
        for plan in self._found.plans:
            self._trees.setdefault(plan.tree, []).append(self.readers[plan.key])
        return gone

    def _read_shared(self, now: float, *, settle: bool) -> Iterator[FollowedRun]:
        """Read the shared files; yield the runs that have something new of them."""
        changed: dict[str, FollowedRun] = {}
        for source in self._shared.values():
            if source.shared.kind is Kind.LOG and not self._needs_log(source.shared):
                continue
            if not self._answers(source.shared.path):
                continue
            source.read(now)
            for part in source.parts:
                reader = self._owner(part, source, now, settle=settle)
                if reader is not None:
                    changed[reader.id] = reader
        for document in self._documents.values():
            if not self._answers(document.shared.path):
                continue
            readers = [*self._trees.get(document.shared.tree, ()), *self._orphans(document.shared)]
            reader = document.read(now, readers)
            if reader is not None:
                changed[reader.id] = reader
        yield from changed.values()

    def _needs_log(self, shared: SharedFile) -> bool:
        """Say whether a log that runs share is of use: not where each has one of its own."""
        in_tree = self._trees.get(shared.tree, [])
        return not shared.is_copy or any(not reader.has_own_log for reader in in_tree)

    def _orphans(self, shared: SharedFile) -> list[FollowedRun]:
        folder = shared.path.parent
        return [
            reader
            for path, source in self._shared.items()
            if path.parent == folder
            for part in source.parts
            if (reader := self.readers.get(part.key)) is not None
        ]

    def _owner(self, part: Part, source: SharedSource, now: float, *, settle: bool) -> FollowedRun | None:
        """Return the run that a part belongs to where it has to be read; decide it where that is open."""
        if part.is_told_elsewhere:
            return None
        if part.owner is not None:
            reader = self.readers.get(part.owner)
            if reader is not None:
                return reader
            part.owner = None
        in_tree = self._trees.get(part.shared.tree, [])
        reader = _owner_of_rows(part, in_tree) if part.log is None else _owner_of_log(part, in_tree)
        part.seen = now if part.seen is None else part.seen
        is_open = not settle and bool(in_tree) and abs(now - part.seen) < FRESH_SECONDS
        if part.is_told_elsewhere or is_open:
            return None
        if reader is None:
            reader = self._orphan(part, source)
        if reader is not None:
            reader.attach(part)
            part.owner = reader.plan.key
        return reader

    def _orphan(self, part: Part, source: SharedSource) -> FollowedRun | None:
        """Make a run of a part that is nobody's; None where it is no training, or not under the watched folders."""
        is_training = part.log.is_training and not part.shared.is_copy if part.log is not None else bool(part.rows)
        if not is_training or not any(part.path.is_relative_to(root) for root in self._found.roots):
            return None
        plan = RunPlan(
            part.key, _part_name(part, source), part.path, (part.path.parent,), part.shared.tree, "metrics", ()
        )
        if part.log is not None:
            plan = RunPlan(plan.key, plan.name, plan.path, plan.folders, plan.tree, "crackseg", ())
        reader = self.readers[plan.key] = FollowedRun(plan, self._recall, self._bulk)
        return reader


def _guarded(run: FollowedRun, now: float, *, settle: bool) -> Iterator[CurvePoints]:
    """Read one run; what no format foresaw stops this run only."""
    try:
        yield from run.read(now, settle=settle)
    except Exception as error:
        log.exception("%s cannot be read", run.plan.path)
        run.notes.append(f"its files cannot be read any further: {error}")


def _own_folders(plan: RunPlan) -> set[Path]:
    return {
        *plan.folders,
        *(folder / "metrics" for folder in plan.folders),
        *(file.path.parent for file in plan.files),
    }


def _parents(plan: RunPlan, known: dict[Path, int]) -> Iterator[Path]:
    for folder in plan.folders:
        for parent in folder.parents:
            if parent not in known:
                break
            yield parent


def _owner_of_rows(part: Part, in_tree: list[FollowedRun]) -> FollowedRun | None:
    """Return the run without figures that began last before the rows; note where a run's own files tell them."""
    if any(reader.tells(row) for row in part.rows for reader in in_tree):
        part.is_told_elsewhere = True
        return None
    first = part.rows[0].time if part.rows else 0.0
    begun = [reader for reader in in_tree if (reader.plan.time or float("inf")) - SAME_RUN_SECONDS <= first]
    reader = max(begun, key=lambda item: item.plan.time or 0.0, default=None)
    if reader is None or reader.has_points:
        return None
    updated = reader.facts().updated
    is_past = reader.is_over and updated is not None and first > updated + FRESH_SECONDS
    return None if is_past else reader


def _owner_of_log(part: Part, in_tree: list[FollowedRun]) -> FollowedRun | None:
    """Return the run without a log of its own that began within the part's time."""
    first, last = part.clues.first_time, part.clues.last_time
    for reader in in_tree:
        is_named = any(folder.name in part.clues.ids for folder in reader.plan.folders)
        time = reader.plan.time
        in_time = None not in (time, first, last) and (first or 0) - SAME_RUN_SECONDS <= (time or 0) <= (last or 0)
        if is_named or in_time:
            part.is_told_elsewhere = reader.has_own_log
            return None if reader.has_own_log else reader
    return None


def _part_name(part: Part, source: SharedSource) -> str:
    folder = part.path.parent
    holder = folder.parent if folder.name == "metrics" else folder
    is_named_by_folder = folder.name == "metrics" and holder.name not in _COLLECTING_FOLDERS
    base = holder.name if is_named_by_folder else part.path.stem
    return base if len(source.parts) == 1 else f"{base}#{part.ordinal + 1}"
