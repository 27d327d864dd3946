"""A run under the watched folders: read on and on while it lives, parked while its files do not change.

A parked run costs a look at its files now and then. Its points stay in them; what they amount to is kept elsewhere.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from crackseg_desktop.digest import short_digest
from crackseg_desktop.readings import RunParked
from crackseg_desktop.training.formats.tfevents import event_file_began
from crackseg_desktop.training.places import Kind
from crackseg_desktop.training.reader import RunReader, is_told, run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crackseg_desktop.readings import CurvePoints, RunFacts
    from crackseg_desktop.training.discovery import RunPlan
    from crackseg_desktop.training.formats.tfevents import BulkTables
    from crackseg_desktop.training.formats.validation_jsonl import Row
    from crackseg_desktop.training.sources import Source

    Recall = Callable[[str, str], RunParked | None]
    """Returns what is known of a run by its id and the signature of its files."""

ACTIVE_SECONDS = 600.0
"""So long after its last sign of life more is expected of any run."""
RESTING_SECONDS = 24 * 3600.0
"""So long after it more is expected of a run that told no end."""
_SIGNATURE_DIGITS = 20


class FollowedRun:
    """One run. Belongs to one thread.

    Attributes:
        plan: what makes up the run; may grow.
        parked: what is known of it without reading; None while it is read.
        begun: when it began as far as can be said without reading, Unix seconds.
        notes: why it cannot be read any further, in sentences.
    """

    def __init__(self, plan: RunPlan, recall: Recall, bulk: BulkTables) -> None:
        self.plan = plan
        self._bulk = bulk
        self.id = run_id(plan.key)
        self.notes: list[str] = []
        self.begun = _begun(plan)
        self._signature = signature(plan)
        self.parked = recall(self.id, self._signature)
        self._reader = None if self.parked is not None else RunReader(plan, bulk)

    def update(self, plan: RunPlan) -> None:
        """Take over a plan with more files."""
        self.plan = plan
        if self._reader is not None:
            self._reader.update(plan)

    def attach(self, source: Source) -> None:
        """Read a part of a shared file too."""
        self._woken().attach(source)

    @property
    def has_own_log(self) -> bool:
        """Say whether a text log lies in its folders."""
        return any(file.kind is Kind.LOG for file in self.plan.files)

    @property
    def has_points(self) -> bool:
        """Say whether any point was read."""
        return self.facts().step is not None

    @property
    def is_over(self) -> bool:
        """Say whether its files tell an end."""
        return self.facts().ending is not None

    def is_at_rest(self) -> bool:
        """Say whether there is nothing to read: it is parked, and its files are as they were. Else it is woken."""
        if self.parked is None:
            return False
        if signature(self.plan) == self.parked.signature:
            return True
        self._woken()
        return False

    def read(self, now: float, *, settle: bool) -> Iterator[CurvePoints]:
        """Yield the points that are new, all of them where it was parked before; see ``RunReader.read``."""
        reader = self._woken()
        self._signature = signature(self.plan)  # before it is read: what comes meanwhile makes another one
        yield from reader.read(now, settle=settle)

    def reread(self, now: float) -> Iterator[CurvePoints]:
        """Yield all its points once more, and leave it parked."""
        return RunReader(self.plan, self._bulk).read(now, settle=True)

    def park(self) -> RunParked | None:
        """Forget what was read, and return what is to be kept; None where that cannot be told from its files alone."""
        if self._reader is None or self.notes or not self._reader.is_settled:
            return None
        losses = tuple((epoch, *told) for epoch, told in self._reader.losses.items())
        self.parked = RunParked(self._reader.facts(), self._signature, losses)
        self._reader = None
        return self.parked

    def tells(self, row: Row) -> bool:
        """Say whether the run's own files tell a row of a shared file: the same loss at the same moment."""
        if self.parked is None:
            return is_told(row, self._woken().losses, self.plan.source)
        return is_told(row, {epoch: (time, loss) for epoch, time, loss in self.parked.losses}, self.plan.source)

    def facts(self) -> RunFacts:
        """Return what the files said when they were last read."""
        facts = self.parked.facts if self.parked is not None else self._woken().facts()
        return replace(facts, notes=(*facts.notes, *self.notes)) if self.notes else facts

    def _woken(self) -> RunReader:
        if self._reader is None:
            self._reader, self.parked = RunReader(self.plan, self._bulk), None
        return self._reader


def is_resting(facts: RunFacts, now: float) -> bool:
    """Say whether nothing more is expected of a run, so that it can be parked."""
    silent = now - (facts.updated or 0.0)
    return silent > (ACTIVE_SECONDS if facts.ending is not None else RESTING_SECONDS)


def signature(plan: RunPlan) -> str:
    """Return a text that changes with what makes up a run, its checkpoints, and the size and time of its files."""
    looks = [(str(file.path), file.kind.value, file.prefix, *_look(file.path)) for file in plan.files]
    # The newest state lies in one of the checkpoint folders beside the file that is named.
    looks += [("", 0, "", *_look(file.path.parent)) for file in plan.files if file.kind is Kind.TRAINER_STATE]
    # A checkpoint that comes or goes changes the folder that it lies in.
    folders = [(str(folder), _look(folder)[1], _look(folder / "checkpoints")[1]) for folder in plan.folders]
    return short_digest(repr((plan.name, plan.source, plan.notes, folders, looks)), _SIGNATURE_DIGITS)


def _begun(plan: RunPlan) -> float:
    """Return the time in the name of its folder or of its first event file, else when its files last changed."""
    if plan.time is not None:
        return plan.time
    named = [began for file in plan.files if (began := event_file_began(file.path.name)) is not None]
    return min(named, default=max((_look(file.path)[1] / 1e9 for file in plan.files), default=0.0))


def _look(path: os.PathLike[str]) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return -1, -1
    return stat.st_size, stat.st_mtime_ns
