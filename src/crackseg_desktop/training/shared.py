"""Files that several runs append to, cut into the part of each run: where the epoch goes back, or a start is logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import Clues
from crackseg_desktop.training.formats.hydra_log import HydraLog, SharedLog
from crackseg_desktop.training.formats.validation_jsonl import ValidationJsonl
from crackseg_desktop.training.places import Kind
from crackseg_desktop.training.sources import AppendedFile
from crackseg_desktop.training.tails import Novelty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crackseg_desktop.training.formats.base import Point
    from crackseg_desktop.training.formats.validation_jsonl import Row
    from crackseg_desktop.training.places import SharedFile


class Part:
    """What one run wrote into a shared file; a source of points like a file of its own.

    Attributes:
        ordinal: the place of the part in its file, from 0.
        owner: the key of the run that it was given to; None while nobody's.
        seen: when it was first looked at, by the caller's wall clock.
        is_told_elsewhere: whether the owner's own files tell the same.
    """

    def __init__(self, shared: SharedFile, ordinal: int) -> None:
        self.shared = shared
        self.path: Path = shared.path
        self.rank: int = shared.kind.value
        self.ordinal = ordinal
        self.owner: str | None = None
        self.seen: float | None = None
        self.is_told_elsewhere = False
        self.modified: float | None = None
        self.rows: list[Row] = []
        self.log: HydraLog | None = None
        self._clues = Clues()
        self._novelty = Novelty()
        self._read_rows = 0

    @property
    def key(self) -> str:
        """Identify the run that this part is, where it is nobody else's."""
        return f"{self.path}#{self.ordinal}"

    @property
    def clues(self) -> Clues:
        """Return what the part tells beside its points."""
        return self.log.clues if self.log is not None else self._clues

    def add(self, row: Row) -> None:
        """Append a row."""
        self.rows.append(row)
        self._clues.saw_time(row.time)

    def restart(self) -> None:
        """Expect the same content once more: the file was rewritten."""
        self.rows, self.log, self._read_rows = [], None, 0
        self._clues = Clues()
        self._novelty.rewind()

    def read(self, now: float) -> Iterator[list[Point]]:
        """Yield the points that are new."""
        if self.log is not None:
            yield self._novelty.fresh(self.log.take())
        rows, self._read_rows = self.rows[self._read_rows :], len(self.rows)
        yield self._novelty.fresh([point for row in rows for point in row.points()])


class SharedSource:
    """Reads a shared file and hands out its parts, in file order."""

    def __init__(self, shared: SharedFile) -> None:
        self.shared = shared
        self.parts: list[Part] = []
        is_log = shared.kind is Kind.LOG  # its runs are read where they are parsed, so that nothing can be taken back
        self._file = AppendedFile(shared.path, shared.kind.value, self._make_parser, is_rest_final=is_log)
        self._parser = self._file.parser
        self._begun = 0

    def read(self, now: float) -> None:
        """Read on and sort what is new into parts."""
        for _ in self._file.read(now):
            pass  # the parser keeps what it reads
        if self._parser is not self._file.parser:
            self._parser = self._file.parser
            self._begun = 0
            for part in self.parts:
                part.restart()
        if isinstance(self._parser, SharedLog):
            self._sort_logs(self._parser)
        elif isinstance(self._parser, ValidationJsonl):
            self._sort_rows(self._parser)
        del self.parts[self._begun :]
        for part in self.parts:
            part.modified = self._file.modified

    @property
    def notes(self) -> list[str]:
        """Return what was passed over."""
        return self._file.clues.notes

    def _make_parser(self) -> SharedLog | ValidationJsonl:
        return ValidationJsonl(keep_rows=True) if self.shared.kind is Kind.ROWS else SharedLog()

    def _sort_logs(self, parser: SharedLog) -> None:
        for run in parser.runs[self._begun :]:
            self._next_part().log = run

    def _sort_rows(self, parser: ValidationJsonl) -> None:
        for row in parser.rows:
            current = self.parts[self._begun - 1] if self._begun else None
            if current is None or row.epoch <= current.rows[-1].epoch:
                current = self._next_part()
            current.add(row)
        parser.rows.clear()

    def _next_part(self) -> Part:
        self._begun += 1
        if len(self.parts) < self._begun:
            self.parts.append(Part(self.shared, self._begun - 1))
        return self.parts[self._begun - 1]
