"""Opening SQLite files: the schema brought up to date, and a damaged file set aside instead of an error."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

BUSY_SECONDS = 2.0
"""So long one process waits for another that writes."""


class NewerDatabaseError(Exception):
    """A file was written by a later version of this program and is left alone."""


def open_database(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open a file, or begin it, and bring its schema up to date; from any thread, one at a time.

    ``migrations`` are scripts: the first makes the tables, each later one leads from the version before it. A file
    that is damaged is renamed to ``….damaged`` and a new one begun. Raises OSError or sqlite3.Error where the folder
    cannot be written to, NewerDatabaseError for the file of a later version.
    """
    try:
        return open_sound(path, migrations)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise  # locked, read-only or full: nothing is wrong with the file itself
        log.warning("%s is damaged and was set aside: %s", path, error)
        set_aside(path)
        return open_sound(path, migrations)


def open_sound(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open a file as ``open_database`` does, but leave a damaged one alone: that raises sqlite3.DatabaseError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return _migrated(path, migrations)


def open_for_reading(path: Path, version: int) -> sqlite3.Connection:
    """Open a file that may be in use, to read it only; ``version`` is the newest schema that the caller knows.

    From any thread, one at a time. Raises FileNotFoundError where there is none, or none with tables yet,
    another OSError where it is no file, sqlite3.Error where it is no database, NewerDatabaseError for the file of a
    later version.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    if not path.is_file():  # opening a pipe would wait for somebody to write into it
        raise OSError(f"{path} is no file")
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        found = _version(connection)
    except sqlite3.OperationalError:
        # A folder that cannot be written to has no place for what readers share; nobody can be writing there either.
        connection.close()
        connection = sqlite3.connect(f"{address}&immutable=1", uri=True, check_same_thread=False)
        found = _version(connection)
    if not 0 < found <= version:
        connection.close()
        if found:
            raise NewerDatabaseError(f"{path} was written by a later version of this program")
        raise FileNotFoundError(path)
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def set_aside(path: Path) -> None:
    """Rename a damaged file, and take its journals with it."""
    os.replace(path, path.with_name(f"{path.name}.damaged"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Have writes go to a log first; SQLite does not wait where several begin a file at the same moment."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _migrated(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if not path.stat().st_size:  # to be said before anything else, and only of a file that is begun here
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        if _version(connection) > len(migrations):
            raise NewerDatabaseError(f"{path} was written by a later version of this program")
        if _version(connection) < len(migrations):
            _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Bring the schema up to date in one transaction: of several processes that begin a file, one makes its tables."""
    connection.execute("BEGIN IMMEDIATE")
    for script in migrations[_version(connection) :]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={len(migrations)}")
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script: ``executescript`` would end the transaction first."""
    statement = ""
    for piece in script.split(";"):
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
