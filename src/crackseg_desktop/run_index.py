"""The index of runs on disk: what the points of each amount to, so that a second start reads only what changed.

It holds nothing that is not in the files of the runs, and can be deleted at any time. A file that cannot be opened or
written to is done without.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import zlib
from dataclasses import asdict, is_dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from crackseg_desktop import __version__
from crackseg_desktop.insight.summary import VERSION
from crackseg_desktop.readings import RunFacts, RunParked
from crackseg_desktop.storage import NewerDatabaseError, open_database, set_aside

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

_READING = 1
"""Counts changes of how files are read, within a version of the program."""
_MAKER = f"{__version__}/{_READING}/{VERSION}"
"""What wrote an entry; the runs of another are read from their files again."""
_MOST_RUNS = 50_000
_MIGRATIONS = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, maker TEXT NOT NULL, signature TEXT NOT NULL,
        content TEXT NOT NULL, checksum INTEGER NOT NULL
    )
    """,
)


class RunIndex:
    """The index in a data directory. Any thread may use it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "runs.sqlite"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_open = self._is_useless = False

    def recall(self, run: str, signature: str) -> RunParked | None:
        """Return what is known of a run whose files have this signature; None where they have to be read."""
        rows = self._execute(
            "SELECT content, checksum FROM runs WHERE id = ? AND signature = ? AND maker = ?", run, signature, _MAKER
        )
        return _from_text(rows[0][0], rows[0][1], signature) if rows else None

    def remember(self, parked: RunParked) -> None:
        """Keep what the points of a run amount to; it must have a summary."""
        text = _as_text(parked)
        self._execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)",
            parked.facts.id,
            _MAKER,
            parked.signature,
            text,
            _checksum(text),
        )

    def close(self) -> None:
        """Close the file and do without it from now on."""
        with self._lock:
            self._is_useless = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _execute(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._tried(statement, values)
            except (OSError, sqlite3.Error, NewerDatabaseError) as error:
                log.warning("the index of runs is done without: %s", error)
                self._is_useless = True
                return []

    def _tried(self, statement: str, values: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        """Execute a statement; a file whose damage shows only now is set aside, and a new one begun."""
        try:
            return self._fetched(statement, values)
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):  # text that is no UTF-8 is damage too
                raise
        except sqlite3.DatabaseError as error:
            log.warning("the index of runs is damaged and begun anew: %s", error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        set_aside(self._path)
        return self._fetched(statement, values)

    def _fetched(self, statement: str, values: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        connection = self._opened()
        return connection.execute(statement, values).fetchall() if connection is not None else []

    def _opened(self) -> sqlite3.Connection | None:
        if self._connection is None and not self._is_useless:
            self._connection = open_database(self._path, _MIGRATIONS)
            self._connection.execute("DELETE FROM runs WHERE rowid <= (SELECT max(rowid) FROM runs) - ?", (_MOST_RUNS,))
        return None if self._is_useless else self._connection


def _as_text(parked: RunParked) -> str:
    return json.dumps({"facts": asdict(parked.facts), "losses": parked.losses, "summary": parked.summary})


def _from_text(text: str, checksum: int, signature: str) -> RunParked | None:
    """Return an entry; None for one that is not as it was written."""
    if checksum != _checksum(text):
        return None
    try:
        content = json.loads(text)
        facts = _restored(RunFacts, content["facts"])
        losses = tuple((int(epoch), float(time), float(loss)) for epoch, time, loss in content["losses"])
        return RunParked(facts, signature, losses, content["summary"])
    except (ValueError, TypeError, KeyError) as error:
        log.warning("an entry in the index of runs cannot be read: %s", error)
        return None


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogateescape"))


def _restored(kind: Any, value: Any) -> Any:
    """Make dataclasses and tuples again of what JSON made of them."""
    if value is None:
        return None
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _restored(hints[name], item) for name, item in value.items()})
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_restored(*pair) for pair in zip(kinds, value, strict=True))
    if get_origin(kind) in (Union, UnionType):
        return _restored(next(argument for argument in arguments if argument is not type(None)), value)
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
