"""The alert log: every change of an alert, and what the engine must remember, in ``alerts.sqlite``.

Writing has a thread of its own, so that a disk that is slow, full or locked holds up nobody: what could not be written
is named once, kept as far as there is room, and tried again. Reading takes no lock and changes nothing.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crackseg_desktop.alerts.records import event_document, event_from
from crackseg_desktop.readings import AlertEvent, AlertState
from crackseg_desktop.storage import NewerDatabaseError, open_database, open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from crackseg_desktop.clock import Clock

log = logging.getLogger(__name__)

FILE_NAME = "alerts.sqlite"
MOST_ROWS = 100_000
LONGEST_SECONDS = 2 * 365 * 86_400.0
RETRY_SECONDS = 30.0
RESOLVED_SHOWN = 100

_WAITING = 10_000
_PRUNE_EVERY = 1000
_MIGRATIONS = (
    """
    CREATE TABLE changes (id INTEGER PRIMARY KEY, time REAL NOT NULL, state TEXT NOT NULL, content TEXT NOT NULL);
    CREATE INDEX changes_by_time ON changes (time);
    CREATE INDEX changes_by_state ON changes (state, id);
    CREATE TABLE kept (id INTEGER PRIMARY KEY CHECK (id = 0), content TEXT NOT NULL)
    """,
)
_ERRORS = (OSError, sqlite3.Error, NewerDatabaseError)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What an earlier session left: the engine's document, and what was resolved last, newest first."""

    document: Mapping[str, Any] | None = None
    resolved: tuple[AlertEvent, ...] = ()


class AlertLog:
    """The log in a data directory. ``add`` and ``keep`` may be called in any thread and never wait.

    Attributes:
        problem: why the log cannot be written at present; None: it can.
    """

    def __init__(self, folder: Path, clock: Clock, most_rows: int = MOST_ROWS) -> None:
        self.problem: str | None = None
        self._path = folder / FILE_NAME
        self._clock = clock
        self._most_rows = most_rows
        self._waiting: deque[AlertEvent] = deque(maxlen=_WAITING)
        self._document: Mapping[str, Any] | None = None
        self._connection: sqlite3.Connection | None = None
        self._written = 0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread = threading.Thread(target=self._run, name="alert-log", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Write what waits and close the file, within ``timeout`` seconds."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)
        else:
            self._close()

    def add(self, event: AlertEvent) -> None:
        """Write a change of an alert that is more than pending."""
        if event.state != AlertState.PENDING:
            self._waiting.append(event)
            self._wake.set()

    def keep(self, document: Mapping[str, Any]) -> None:
        """Keep what the engine must remember; the document must not be changed afterwards."""
        self._document = document
        self._wake.set()

    def recall(self) -> Recalled:
        """Return what an earlier session left; what cannot be read is as if it were not there."""
        try:
            with closing(open_for_reading(self._path, len(_MIGRATIONS))) as connection:
                kept = connection.execute("SELECT content FROM kept").fetchone()
                resolved = connection.execute(
                    "SELECT content FROM changes WHERE state = ? ORDER BY id DESC LIMIT ?",
                    (AlertState.RESOLVED.value, RESOLVED_SHOWN),
                ).fetchall()
                return Recalled(json.loads(kept[0]) if kept else None, _events(resolved))
        except FileNotFoundError:
            return Recalled()
        except (*_ERRORS, ValueError) as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return Recalled()

    def write(self) -> None:
        """Write what waits. What the thread does; tests call it instead."""
        document, self._document = self._document, None
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not batch and document is None:
            return
        try:
            self._write(batch, document)
            self.problem = None
        except _ERRORS as error:
            self._put_back(batch, document)
            if str(error) != self.problem:
                log.warning("%s cannot be written: %s", self._path, error)
            self.problem = str(error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(RETRY_SECONDS if self.problem else None)
            self._wake.clear()
            self.write()
        self.write()
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, batch: Iterable[AlertEvent], document: Mapping[str, Any] | None) -> None:
        if self._connection is None:
            self._connection = open_database(self._path, _MIGRATIONS)
            self._prune(self._connection)
        rows = [(event.time, event.state.value, json.dumps(event_document(event))) for event in batch]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("INSERT INTO changes (time, state, content) VALUES (?, ?, ?)", rows)
            if document is not None:
                self._connection.execute("INSERT OR REPLACE INTO kept VALUES (0, ?)", (json.dumps(document),))
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk may have ended it already
                self._connection.execute("ROLLBACK")
            raise
        self._written += len(rows)
        if self._written >= _PRUNE_EVERY:
            self._prune(self._connection)

    def _put_back(self, batch: list[AlertEvent], document: Mapping[str, Any] | None) -> None:
        room = _WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(batch[-room:] if room else []))
        self._document = self._document or document

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Forget what is beyond the cap, or two years old."""
        self._written = 0
        oldest = self._clock.time() - LONGEST_SECONDS
        connection.execute(
            "DELETE FROM changes WHERE time < ? OR id <= (SELECT max(id) FROM changes) - ?", (oldest, self._most_rows)
        )


def read_log(folder: Path, since: float = 0.0) -> tuple[AlertEvent, ...]:
    """Return the changes since a moment (Unix seconds), oldest first; empty where there is no log.

    Raises OSError, sqlite3.Error or NewerDatabaseError where it cannot be read.
    """
    try:
        with closing(open_for_reading(folder / FILE_NAME, len(_MIGRATIONS))) as connection:
            return _events(connection.execute("SELECT content FROM changes WHERE time >= ? ORDER BY id", (since,)))
    except FileNotFoundError:
        return ()


def count_log(folder: Path) -> int:
    """Return how many changes the log holds. Raises what ``read_log`` raises."""
    try:
        with closing(open_for_reading(folder / FILE_NAME, len(_MIGRATIONS))) as connection:
            return int(connection.execute("SELECT count(*) FROM changes").fetchone()[0])
    except FileNotFoundError:
        return 0


def _events(rows: Iterable[tuple[str]]) -> tuple[AlertEvent, ...]:
    events = []
    for (content,) in rows:
        try:
            events.append(event_from(json.loads(content)))
        except (KeyError, TypeError, ValueError) as error:
            log.warning("an entry of the alert log cannot be read: %s", error)
    return tuple(events)
