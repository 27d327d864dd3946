"""The queue of what is still to be sent to remote channels: on disk, so that a restart or a night offline lose nothing.

A message is marked as taken before it is sent, and its outcome is written after. Where the program ended in between it
may have arrived or not: it is sent once more (at least once, and at most twice), with the same identifier, which
services that take headers can tell the two apart by.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.digest import short_digest
from crackseg_desktop.notify.channels import Rest
from crackseg_desktop.notify.flood import GROUP_SECONDS, Held, Waiting, merged
from crackseg_desktop.notify.words import Notification, Urgency
from crackseg_desktop.storage import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

FILE_NAME = "outbox.sqlite"
EXPIRY_SECONDS = 86_400.0
MOST_WAITING = 500
"""More than that only counts in a channel's next digest, except what is critical."""

_MOST_DOUBTS = 1
_COUNTED_SECONDS = 3600.0
_MIGRATIONS = (
    """
    CREATE TABLE messages (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL,
        channel TEXT NOT NULL,
        key TEXT NOT NULL,
        subject TEXT NOT NULL,
        group_key TEXT NOT NULL,
        about TEXT NOT NULL,
        title TEXT NOT NULL,
        body TEXT NOT NULL,
        urgency INTEGER NOT NULL,
        resolved INTEGER NOT NULL,
        picture BLOB,
        created REAL NOT NULL,
        due REAL NOT NULL,
        held TEXT NOT NULL DEFAULT '',
        taken REAL,
        doubts INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0,
        told REAL
    );
    CREATE INDEX messages_by_channel ON messages (channel, told, number);
    CREATE INDEX messages_by_group ON messages (channel, group_key, created);
    CREATE TABLE channels (
        name TEXT PRIMARY KEY,
        rests_until REAL NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        unnamed INTEGER NOT NULL DEFAULT 0
    )
    """,
)
_OVER_PERIOD = "channel = ? AND told IS NULL"


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for a channel: how many, since when (Unix seconds), and how the channel fares."""

    waiting: int
    since: float | None
    rest: Rest


class Outbox:
    """The queue. Belongs to one thread; times are Unix seconds."""

    def __init__(self, connection: sqlite3.Connection, make_uid: Callable[[], str]) -> None:
        self._database = connection
        self._make_uid = make_uid

    def put(self, channel: str, notification: Notification, picture: bytes | None, now: float) -> None:
        """Add a message: due at once where it is the first of its group, else with the others of the group."""
        replaced, held, is_kept = merged(self.waiting(channel, notification.key), notification, now)
        self._delete(replaced)
        if not is_kept:
            return
        if notification.urgency != Urgency.CRITICAL and self._count(channel) >= MOST_WAITING:
            self.miss(channel, 1)
            return
        due = self._due(channel, notification.group_key, now)
        self._database.execute(
            "INSERT INTO messages (uid, channel, key, subject, group_key, about, title, body, urgency, resolved,"
            " picture, created, due, held) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._make_uid(), channel, notification.key, notification.group, notification.group_key),
                *(notification.about, notification.title, notification.body, int(notification.urgency)),
                *(notification.resolved, picture, now, due, held.value),
            ),
        )

    def miss(self, channel: str, count: int) -> None:
        """Count messages that there was no room for into the channel's next digest."""
        self._ensure(channel)
        self._database.execute("UPDATE channels SET unnamed = unnamed + ? WHERE name = ?", (count, channel))

    def unnamed(self, channel: str) -> int:
        """Return how many were only counted."""
        row = self._database.execute("SELECT unnamed FROM channels WHERE name = ?", (channel,)).fetchone()
        return int(row[0]) if row else 0

    def waiting(self, channel: str, key: str | None = None) -> list[Waiting]:
        """Return what is still to be sent and not on its way, oldest first; about one alert only, or all."""
        rows = self._database.execute(
            "SELECT number, key, title, body, urgency, resolved, subject, about, due, held FROM messages"
            f" WHERE {_OVER_PERIOD} AND taken IS NULL AND ? IN (key, '') ORDER BY number",
            (channel, key or ""),
        )
        return [
            Waiting(
                number,
                Notification(key, title, body, Urgency(urgency), (), bool(resolved), subject, about),
                due,
                Held(held),
            )
            for number, key, title, body, urgency, resolved, subject, about, due, held in rows
        ]

    def told(self, channel: str, now: float) -> list[float]:
        """Return when messages were sent within the last hour, oldest first."""
        rows = self._database.execute(
            "SELECT told FROM messages WHERE channel = ? AND told > ? ORDER BY told", (channel, now - _COUNTED_SECONDS)
        )
        return [moment for (moment,) in rows]

    def hold(self, numbers: Sequence[int], reason: Held) -> None:
        """Leave messages for the digest."""
        self._database.executemany(
            "UPDATE messages SET held = ? WHERE number = ?", [(reason.value, number) for number in numbers]
        )

    def take(self, numbers: Sequence[int], now: float) -> tuple[str, bytes | None]:
        """Mark messages as on their way as one, and return the identifier of that one and its picture."""
        marks = ",".join("?" * len(numbers))
        self._database.execute(f"UPDATE messages SET taken = ? WHERE number IN ({marks})", (now, *numbers))
        rows = self._database.execute(
            f"SELECT uid, picture FROM messages WHERE number IN ({marks}) ORDER BY number", tuple(numbers)
        ).fetchall()
        uid = rows[0][0] if len(rows) == 1 else short_digest(",".join(row[0] for row in rows), 32)
        return uid, next((picture for _, picture in rows if picture is not None), None)

    def done(self, channel: str, numbers: Sequence[int], unnamed: int, now: float) -> None:
        """Record that messages arrived as one; their words are forgotten."""
        self.miss(channel, -unnamed)
        self._delete(numbers[1:])
        if numbers:
            words = "title = '', body = '', picture = NULL"
            self._database.execute(f"UPDATE messages SET told = ?, {words} WHERE number = ?", (now, numbers[0]))

    def put_back(self, numbers: Sequence[int], *, refused: bool) -> int:
        """Record that messages did not arrive; return how often the first of them was refused by now."""
        self._database.executemany(
            "UPDATE messages SET taken = NULL, refusals = refusals + ? WHERE number = ?",
            [(int(refused), number) for number in numbers],
        )
        if not numbers:
            return 0
        row = self._database.execute("SELECT refusals FROM messages WHERE number = ?", (numbers[0],)).fetchone()
        return int(row[0])

    def drop(self, numbers: Sequence[int]) -> None:
        """Give messages up."""
        self._delete(numbers)

    def forget(self, key: str) -> None:
        """Drop what waits about an alert: the person knows."""
        self._database.execute("DELETE FROM messages WHERE key = ? AND told IS NULL AND taken IS NULL", (key,))

    def recover(self) -> int:
        """Put back what was on its way when the program ended, once; return how many are given up instead."""
        self._database.execute("UPDATE messages SET doubts = doubts + 1 WHERE taken IS NOT NULL AND told IS NULL")
        given_up = self._database.execute("DELETE FROM messages WHERE doubts > ? AND told IS NULL", (_MOST_DOUBTS,))
        self._database.execute("UPDATE messages SET taken = NULL WHERE told IS NULL")
        return given_up.rowcount

    def expire(self, now: float) -> list[str]:
        """Drop what nobody could be told within a day, and return the names of the channels concerned, one each."""
        old = (now - EXPIRY_SECONDS,)
        lost = "created < ? AND told IS NULL AND taken IS NULL"
        names = [name for (name,) in self._database.execute(f"SELECT channel FROM messages WHERE {lost}", old)]
        self._database.execute(f"DELETE FROM messages WHERE {lost}", old)
        self._database.execute("DELETE FROM messages WHERE told < ?", (now - _COUNTED_SECONDS,))
        return names

    def rest(self, channel: str) -> Rest:
        """Return how a channel fares."""
        row = self._database.execute(
            "SELECT rests_until, failures, error FROM channels WHERE name = ?", (channel,)
        ).fetchone()
        return Rest(*row) if row else Rest()

    def set_rest(self, channel: str, rest: Rest) -> None:
        """Keep how a channel fares over a restart."""
        self._ensure(channel)
        self._database.execute(
            "UPDATE channels SET rests_until = ?, failures = ?, error = ? WHERE name = ?",
            (rest.until, rest.failures, rest.error, channel),
        )

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Write what is done in this context in one transaction."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._database.in_transaction:  # a full disk may have ended it already
                self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _due(self, channel: str, group_key: str, now: float) -> float:
        (opened,) = self._database.execute(
            "SELECT MAX(created) FROM messages WHERE channel = ? AND group_key = ? AND due = created"
            " AND created > ? AND created <= ?",
            (channel, group_key, now - GROUP_SECONDS, now),
        ).fetchone()
        return now if opened is None else float(opened) + GROUP_SECONDS

    def _count(self, channel: str) -> int:
        row = self._database.execute(f"SELECT COUNT(*) FROM messages WHERE {_OVER_PERIOD}", (channel,)).fetchone()
        return int(row[0])

    def _ensure(self, channel: str) -> None:
        self._database.execute("INSERT OR IGNORE INTO channels (name) VALUES (?)", (channel,))

    def _delete(self, numbers: Sequence[int]) -> None:
        self._database.executemany("DELETE FROM messages WHERE number = ?", [(number,) for number in numbers])


def open_outbox(data_dir: Path) -> Outbox:
    """Open the queue in the data folder, for its owner alone. Raises OSError, sqlite3.Error, NewerDatabaseError."""
    from uuid import uuid4

    path = data_dir / FILE_NAME
    data_dir.mkdir(parents=True, exist_ok=True)
    # SQLite gives its journals the mode of the file.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    os.chmod(path, 0o600)
    return Outbox(open_database(path, _MIGRATIONS), lambda: uuid4().hex)


def outbox_in_memory() -> Outbox:
    """Make a queue that ends with the process, where there is no folder to write to."""
    from uuid import uuid4

    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(_MIGRATIONS[0])
    return Outbox(connection, lambda: uuid4().hex)


def backlogs(data_dir: Path) -> dict[str, Backlog]:
    """Read what waits for each channel, without changing anything; of any process. Raises sqlite3.Error."""
    path = data_dir / FILE_NAME
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as database:
        waiting = {
            name: (count, since)
            for name, count, since in database.execute(
                "SELECT channel, COUNT(*), MIN(created) FROM messages WHERE told IS NULL GROUP BY channel"
            )
        }
        rests = {
            name: Rest(until, failures, error)
            for name, until, failures, error in database.execute(
                "SELECT name, rests_until, failures, error FROM channels"
            )
        }
    return {name: Backlog(*waiting.get(name, (0, None)), rests.get(name, Rest())) for name in {*waiting, *rests}}
