"""What became of the reports: when each was written, and through which channels it went, in ``reports.sqlite``.

The application, cron and a person may come with the same report at once. Who claims a channel sends through it; a claim
whose process died can be taken over after a while. A report may then arrive twice, but is never lost.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from crackseg_desktop.storage import open_database, open_for_reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from crackseg_desktop.clock import Clock

    Key = tuple[str, str]
    """The kind and the slug of a period: ``("daily", "2026-11-23")``."""

log = logging.getLogger(__name__)

FILE_NAME = "reports.sqlite"
STALE_SECONDS = 600.0
"""After so long a claim belongs to a process that died: one attempt takes a minute at most."""

_MIGRATIONS = (
    """
    CREATE TABLE IF NOT EXISTS begun (id INTEGER PRIMARY KEY CHECK (id = 0), time REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS written (
        kind TEXT NOT NULL, period TEXT NOT NULL, time REAL NOT NULL, summary TEXT NOT NULL, PRIMARY KEY (kind, period)
    );
    CREATE TABLE IF NOT EXISTS sendings (
        kind TEXT NOT NULL, period TEXT NOT NULL, channel TEXT NOT NULL,
        state TEXT NOT NULL, time REAL NOT NULL, error TEXT NOT NULL, PRIMARY KEY (kind, period, channel)
    )
    """,
)


class SendState(StrEnum):
    """How far a report is with one channel."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sending:
    """One report at one channel: its state since ``time`` (Unix seconds), and why it failed."""

    channel: str
    state: SendState
    time: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one report: when it was written (Unix seconds; None: it was not), in a line, and its sendings."""

    written: float | None = None
    summary: str = ""
    sendings: tuple[Sending, ...] = ()

    @property
    def sent(self) -> tuple[str, ...]:
        """Name the channels that it went through."""
        return tuple(item.channel for item in self.sendings if item.state == SendState.SENT)

    def waits_for(self, channels: Sequence[str]) -> bool:
        """Say whether it is still to be sent through one of these channels; see ``Ledger.begin``."""
        if not self.sendings:
            return bool(channels)
        return any(item.channel in channels and item.state != SendState.SENT for item in self.sendings)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds: since when reports are kept in it (Unix seconds), and each of them."""

    begun: float | None = None
    entries: Mapping[Key, Entry] = field(default_factory=dict)

    def entry(self, key: Key) -> Entry:
        """Return what became of a report; an empty entry where nothing did."""
        return self.entries.get(key, Entry())


class Ledger:
    """The ledger of a data directory, open for writing. Belongs to one thread; other processes may have it open too.

    Raises OSError, sqlite3.Error or NewerDatabaseError, here and in every method: what cannot be noted is not sent.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._connection = open_database(folder / FILE_NAME, _MIGRATIONS)
        now = clock.time()
        # A clock that was wrong then would keep every report from being due.
        self._connection.execute(
            "INSERT INTO begun VALUES (0, ?) ON CONFLICT (id) DO UPDATE SET time = min(time, excluded.time)", (now,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def known(self) -> Known:
        """Return what it holds."""
        return _known(self._connection)

    def note_written(self, key: Key, summary: str) -> None:
        """Note that a report was written, and what it says in a line."""
        self._connection.execute("INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?)", (*key, self._now(), summary))

    def begin(self, key: Key, channels: Sequence[str], *, again: bool = False) -> tuple[str, ...]:
        """Begin to send a report, or go on with it, and return the channels that it still waits for.

        The channels are those of the first time, so that one that is set up later gets no old reports; with ``again``
        it waits for all of them once more, but for those through which it is being sent right now.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            known = _known(self._connection).entry(key).sendings
            added = channels if again or not known else ()
            under_way = {item.channel for item in known if self._is_under_way(item)}
            rows = [(*key, name, SendState.WAITING.value, self._now(), "") for name in added if name not in under_way]
            self._connection.executemany("INSERT OR REPLACE INTO sendings VALUES (?, ?, ?, ?, ?, ?)", rows)
            after = _known(self._connection).entry(key).sendings
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk may have ended it already
                self._connection.execute("ROLLBACK")
            raise
        open_now = {item.channel for item in after if item.state != SendState.SENT and not self._is_under_way(item)}
        return tuple(name for name in channels if name in open_now)

    def claim(self, key: Key, channel: str) -> bool:
        """Claim a channel for this process; False: the report was sent through it, or somebody else is at it."""
        now = self._now()
        claimed = self._connection.execute(
            "UPDATE sendings SET state = 'claimed', time = :now"
            " WHERE kind = :kind AND period = :period AND channel = :channel"
            " AND (state IN ('waiting', 'failed') OR state = 'claimed' AND abs(:now - time) > :stale)",
            {"now": now, "kind": key[0], "period": key[1], "channel": channel, "stale": STALE_SECONDS},
        )
        return claimed.rowcount == 1

    def settle(self, key: Key, channel: str, error: str | None) -> None:
        """Note what became of a claimed channel; who failed late does not undo what another has sent since."""
        self._connection.execute(
            "UPDATE sendings SET state = :state, time = :now, error = :error"
            " WHERE kind = :kind AND period = :period AND channel = :channel AND (state != 'sent' OR :state = 'sent')",
            {
                "state": (SendState.FAILED if error is not None else SendState.SENT).value,
                "now": self._now(),
                "error": error or "",
                "kind": key[0],
                "period": key[1],
                "channel": channel,
            },
        )

    def _is_under_way(self, item: Sending) -> bool:
        return item.state == SendState.CLAIMED and abs(self._now() - item.time) <= STALE_SECONDS

    def _now(self) -> float:
        return self._clock.time()


def read_ledger(folder: Path) -> Known:
    """Return what the ledger of a data directory holds, without writing anything; nothing where there is none.

    A damaged one holds nothing: it is set aside when it is written to next. Raises OSError, sqlite3.Error or
    NewerDatabaseError where it cannot be read.
    """
    path = folder / FILE_NAME
    try:
        with closing(open_for_reading(path, len(_MIGRATIONS))) as connection:
            return _known(connection)
    except FileNotFoundError:
        return Known()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        log.warning("%s is damaged: %s", path, error)
        return Known()


def _known(connection: sqlite3.Connection) -> Known:
    begun = connection.execute("SELECT time FROM begun").fetchone()
    sendings: dict[Key, list[Sending]] = {}
    for kind, period, channel, state, time, error in connection.execute(
        "SELECT kind, period, channel, state, time, error FROM sendings ORDER BY rowid"
    ):
        sendings.setdefault((kind, period), []).append(Sending(channel, SendState(state), time, error))
    entries = {key: Entry(sendings=tuple(items)) for key, items in sendings.items()}
    for kind, period, time, summary in connection.execute("SELECT kind, period, time, summary FROM written"):
        key = (kind, period)
        entries[key] = Entry(time, summary, tuple(sendings.get(key, ())))
    return Known(begun[0] if begun else None, entries)
