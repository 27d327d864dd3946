"""The files of a run as sources of points: each reads what is new and remembers what it told."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Protocol

from crackseg_desktop.training.folders import modified_ns
from crackseg_desktop.training.formats.base import LONGEST_LINE, Clues, Point
from crackseg_desktop.training.formats.error_log import parse_error_log
from crackseg_desktop.training.formats.run_config import (
    config_of_framework,
    config_of_json,
    config_of_yaml,
    parse_experiment_info,
)
from crackseg_desktop.training.formats.summary_json import parse_summary
from crackseg_desktop.training.formats.tfevents import EventFile, RewrittenError
from crackseg_desktop.training.formats.trainer_state import newest_state, parse_trainer_state
from crackseg_desktop.training.tails import Change, Novelty, Tail, Watch, open_regular, rotated

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from crackseg_desktop.readings import RunConfig
    from crackseg_desktop.training.formats.base import Parser
    from crackseg_desktop.training.formats.tfevents import BulkTables
    from crackseg_desktop.training.formats.tfevents_decode import Columns

log = logging.getLogger(__name__)

SETTLED_SECONDS = 60.0
"""A file that has not changed for so long is taken to be finished: a last line without an end is a line."""
_READ_BYTES = LONGEST_LINE
_LARGEST_DOCUMENT = 64 << 20
_TRIES = 5


class Source(Protocol):
    """A file, or a part of one, that tells about a run.

    Attributes:
        rank: how exact it is, 0 most; of sources that tell the same figure the lowest rank is taken.
    """

    path: Path
    rank: int

    @property
    def clues(self) -> Clues:
        """Return what it tells beside its points."""
        ...

    @property
    def modified(self) -> float | None:
        """Return the modification time in Unix seconds."""
        ...

    def read(self, now: float) -> Iterator[list[Point]]:
        """Yield the points that are new, in portions. Never raises; a file that is gone or closed tells nothing."""
        ...


class _FileSource:
    """What the sources of whole files share."""

    def __init__(self, path: Path, rank: int) -> None:
        self.path = path
        self.rank = rank
        self.clues = Clues()
        self._watch = Watch(path)

    @property
    def modified(self) -> float | None:
        return self._watch.modified

    def _trouble(self, error: OSError) -> None:
        """Note once what keeps a file from being read."""
        sentence = f"{self.path.name} cannot be read: {error.strerror or error}"
        if sentence not in self.clues.notes:
            log.warning("%s: %s", self.path, error)
        self.clues.note(sentence)
        self._watch.forget()


class AppendedFile(_FileSource):
    """A file that a training appends lines to. A text log may be rotated away: its parts are read as one.

    A last line without an end is told once the file is quiet, and read again where it then goes on: buffers are
    flushed in the middle of lines. With ``is_rest_final`` it is taken for good.
    """

    def __init__(
        self, path: Path, rank: int, make_parser: Callable[[], Parser], *, is_rest_final: bool = False
    ) -> None:
        super().__init__(path, rank)
        self._make_parser = make_parser
        self._is_rest_final = is_rest_final
        self._is_rest_told = False
        self._tail = Tail(path)
        self._novelty = Novelty()
        self.parser = make_parser()
        self.clues = self.parser.clues
        self._has_begun = False

    def read(self, now: float) -> Iterator[list[Point]]:
        """Yield the points of the lines that are new."""
        change = self._watch.look()
        if change is Change.GONE or (change is Change.SAME and (self._is_rest_told or not self._has_rest(now))):
            return
        self._is_rest_told, self.clues = False, self.parser.clues
        try:
            if not self._has_begun:
                yield from self._older_parts(now)
            yield from self._read_on(now)
            if self._has_rest(now):
                yield self._rest(now)
        except OSError as error:
            self._trouble(error)

    def _has_rest(self, now: float) -> bool:
        return self._tail.offset < self._watch.size and self._is_settled(now)

    def _is_settled(self, now: float) -> bool:
        return now - (self.modified or now) > SETTLED_SECONDS

    def _read_on(self, now: float) -> Iterator[list[Point]]:
        """Read to the end; where the file was rotated, the rest of its older part first."""
        while not (yield from self._read_tail(self._tail, now, is_over=self._is_rest_final and self._is_settled(now))):
            parts = self._tail.rotated_to() if self.parser.is_rotated else []
            for part in parts:
                yield from self._read_tail(part, now, is_over=True)
            if parts:
                self._tail.restart()
            else:
                self._restart()
                yield from self._older_parts(now)

    def _older_parts(self, now: float) -> Iterator[list[Point]]:
        """Read what the log was rotated to before anybody looked."""
        self._has_begun = True
        for path in reversed(rotated(self.path) if self.parser.is_rotated else []):
            yield from self._read_tail(Tail(path), now, is_over=True)

    def _read_tail(self, tail: Tail, now: float, *, is_over: bool) -> Generator[list[Point], None, bool]:
        """Read a file to its end; return whether it is what was read before. ``is_over``: it grows no more."""
        while (data := tail.read(_READ_BYTES)) is not None:
            used = self.parser.feed(data, self.modified or now)
            if used < len(data) < _READ_BYTES and is_over:
                used += self.parser.finish(data[used:], self.modified or now)
            tail.consume(data, used)
            yield self._novelty.fresh(self.parser.take())
            if not used or len(data) < _READ_BYTES:
                return True
        return False

    def _rest(self, now: float) -> list[Point]:
        """Return what is new in the last line, which has no end yet. Neither the parser nor the offset moves on."""
        self._is_rest_told = True
        data = self._tail.read(_READ_BYTES)
        if not data or len(data) == _READ_BYTES:
            return []
        parser = copy.deepcopy(self.parser)
        parser.finish(data, self.modified or now)
        self.clues = parser.clues
        return self._novelty.foresee(parser.take())

    def _restart(self) -> None:
        log.info("%s was rewritten and is read again", self.path)
        self._tail.restart()
        self._novelty.rewind()
        self.parser = self._make_parser()
        self.clues = self.parser.clues


class Document(_FileSource):
    """A file that is rewritten whole, and not at one stroke: what cannot be parsed is tried again.

    ``parse`` fills the clues and returns the points, or None where the document is not whole.
    """

    def __init__(self, path: Path, rank: int, parse: Callable[[bytes, Clues], list[Point] | None]) -> None:
        super().__init__(path, rank)
        self._parse = parse
        self._novelty = Novelty()
        self._tries = 0

    def read(self, now: float) -> Iterator[list[Point]]:
        """Yield the points that are new since the document was last whole."""
        change = self._watch.look()
        if change is Change.GONE or (change is Change.SAME and self._tries == 0):
            return
        if change is not Change.SAME:
            self._tries = _TRIES
        if self._watch.size > _LARGEST_DOCUMENT:
            self._tries = 0
            self.clues.note(f"{self.path.name} is larger than 64 MiB and was passed over")
            return
        clues = Clues()
        try:
            with open_regular(self._watch.path) as file:
                data = file.read()
        except OSError as error:
            self._trouble(error)
            return
        points = self._parse(data, clues)
        if points is None:
            self._tries -= 1
            return
        self._tries, self.clues = 0, clues
        self._novelty.rewind()
        yield self._novelty.fresh(points)


class TrainerState(Document):
    """Hugging Face's state of a training, in whichever checkpoint of an output folder is the newest.

    ``path`` is the state that the output folder itself has at the end. The folder is listed only where something in it
    changed, or while its newest checkpoint is being written.
    """

    def __init__(self, path: Path, rank: int) -> None:
        super().__init__(path, rank, lambda data, clues: parse_trainer_state(data, clues, self.modified or 0.0))
        self._seen: tuple[int | None, int | None] | None = None
        self._is_pending = False

    def read(self, now: float) -> Iterator[list[Point]]:
        """Yield the points that are new since the last state was read."""
        seen = (modified_ns(self.path.parent), modified_ns(self.path))
        if self._is_pending or seen != self._seen:
            self._seen = seen
            try:
                newest, self._is_pending = newest_state(self.path.parent)
            except OSError:
                newest, self._is_pending = None, True  # an old checkpoint is deleted while a new one is written
            if newest is not None and newest != self._watch.path:
                self._watch = Watch(newest)
        yield from super().read(now)


class EventFileSource(_FileSource):
    """A TensorBoard event file; ``prefix`` is put before its tags, ``bulk`` serves all files of the thread."""

    def __init__(self, path: Path, rank: int, prefix: str = "", bulk: BulkTables | None = None) -> None:
        super().__init__(path, rank)
        self._prefix, self._bulk = prefix, bulk
        self._file = EventFile(path, bulk)
        self.clues = self._file.clues

    def columns(self, now: float) -> Iterator[Columns]:
        """Yield the points that are new, by tag, in portions; see ``Source.read``."""
        change = self._watch.look()
        try:
            if change in (Change.REPLACED, Change.GROWN):
                yield from self._portions()
        except OSError as error:
            self._trouble(error)
        if now - (self.modified or now) > SETTLED_SECONDS:
            self._file.finish()

    def _portions(self) -> Iterator[Columns]:
        try:
            yield from map(self._prefixed, self._file.portions())
        except RewrittenError:
            self._file = EventFile(self.path, self._bulk)
            self.clues = self._file.clues
            yield from map(self._prefixed, self._file.portions())

    def _prefixed(self, columns: Columns) -> Columns:
        return {self._prefix + tag: column for tag, column in columns.items()} if self._prefix else columns

    def read(self, now: float) -> Iterator[list[Point]]:
        """Yield the points that are new."""
        for portion in self.columns(now):
            yield [
                Point(tag, step, time, value, "step")
                for tag, column in portion.items()
                for step, time, value in zip(column.steps, column.wall_times, column.values, strict=True)
            ]


class Relay:
    """A source that is told its points: those of a document which another run may overwrite."""

    def __init__(self, path: Path, rank: int) -> None:
        self.path = path
        self.rank = rank
        self.clues = Clues()
        self.modified: float | None = None
        self._points: list[Point] = []
        self._novelty = Novelty()

    def put(self, points: list[Point], clues: Clues, modified: float | None) -> None:
        """Take over what the document says now."""
        self._points, self.clues, self.modified = points, clues, modified

    def read(self, now: float) -> Iterator[list[Point]]:
        """Yield the points that are new."""
        self._novelty.rewind()
        yield self._novelty.fresh(self._points)
        self._points = []


def parse_summary_document(data: bytes, clues: Clues) -> list[Point] | None:
    """Parse ``summary.json``: figures, no end."""
    summary = parse_summary(data)
    if summary is None:
        return None
    clues.saw_time(summary.started)
    for point in summary.points:
        clues.saw_time(point.time or None)
    return summary.points


def parse_complete_summary(data: bytes, clues: Clues) -> list[Point] | None:
    """Parse ``complete_summary.json``: it is written at a normal end and after early stopping only."""
    points = parse_summary_document(data, clues)
    if points is not None:
        clues.status = "complete"
    return points


def parse_config_json(data: bytes, clues: Clues) -> list[Point] | None:
    """Parse ``config.json``."""
    return _configured(config_of_json(data), clues)


def parse_config_yaml(data: bytes, clues: Clues) -> list[Point] | None:
    """Parse a YAML configuration."""
    return _configured(config_of_yaml(data.decode("utf-8", "replace")), clues)


def parse_planned(data: bytes, clues: Clues) -> list[Point] | None:
    """Parse another framework's configuration."""
    return _configured(config_of_framework(data.decode("utf-8", "replace")), clues)


def _configured(config: RunConfig, clues: Clues) -> list[Point]:
    clues.config, clues.total_epochs = config, config.total_epochs
    return []


def parse_errors(data: bytes, clues: Clues) -> list[Point] | None:
    """Parse ``error_log.txt``."""
    clues.ending = parse_error_log(data.decode("utf-8", "replace"))
    if clues.ending is not None:
        clues.saw_time(clues.ending.time)
    return []


def parse_info(data: bytes, clues: Clues) -> list[Point] | None:
    """Parse ``experiment_info.json``."""
    info = parse_experiment_info(data)
    if info is None:
        return None
    clues.name, clues.status = info.name, info.status
    clues.saw_time(info.created)
    clues.saw_time(info.updated)
    return []
