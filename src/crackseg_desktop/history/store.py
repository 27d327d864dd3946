"""The file of the history, for the one that writes: each step is one transaction, so that a kill leaves a whole.

Belongs to one thread. Methods raise sqlite3.Error, and TakenError where another instance writes.
"""

from __future__ import annotations

import logging
import math
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.history.clockwatch import Doubt
from crackseg_desktop.history.codec import (
    CodecError,
    pack_buckets,
    pack_plain,
    pack_samples,
    steps_of,
    unpack,
)
from crackseg_desktop.history.journal import rows_of, to_bytes
from crackseg_desktop.history.retention import Pin, merged
from crackseg_desktop.history.schema import text_of
from crackseg_desktop.history.shared_times import SharedTimes
from crackseg_desktop.history.tiers import Columns, fold, joined
from crackseg_desktop.history.writer import has_ended

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from crackseg_desktop.history.journal import Batch
    from crackseg_desktop.history.tiers import Keeping
    from crackseg_desktop.series import SeriesKey

log = logging.getLogger(__name__)

SEAL_ROWS = 60
"""The journal becomes blocks when it has so many rows: eight minutes, with a row every eight seconds."""
BEAT_SECONDS = 7.0
"""So often the writer says that it is there."""
HEARTBEAT_SECONDS = 20.0
"""A writer of which nothing was heard for so long is gone; one that was killed on this machine is gone at once."""
_NUMBERS_KNOWN = 5000
WAL_BYTES = 4 << 20
"""About so much is written beside the file before it goes into it."""
_CACHE_KIBIBYTES = 1024
_FREE_PAGES = 1000


class TakenError(Exception):
    """Another instance writes."""


class Due(NamedTuple):
    """Blocks of one series, tier and span that can be folded into the next coarser tier."""

    period: float
    begins: float
    series: int


class Journal(NamedTuple):
    """How many rows the journal has, and its first and last time."""

    rows: int = 0
    since: float = math.inf
    until: float = -math.inf


class Store:
    """The open file. ``token`` tells writers apart.

    Attributes:
        connection: the open file.
        keeping: what is kept.
        journal: what waits in the journal.
    """

    def __init__(self, connection: sqlite3.Connection, keeping: Keeping, token: str) -> None:
        self.connection = connection
        self.keeping = keeping
        self._token = token
        self._numbers: dict[SeriesKey, int] = {}
        self._batch: tuple[tuple[SeriesKey, ...], list[int]] = (), []
        self._times = SharedTimes(array("d"), 1.0, 1.0)
        connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}").fetchall()
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
        self.journal = self._journal()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def take(self, now: float) -> None:
        """Become the writer, or tell that it is still there."""
        with self.transaction(now):
            pass

    def leave(self) -> None:
        """Let the next instance write at once."""
        self.connection.execute("DELETE FROM writer WHERE token = ?", (self._token,))

    def newest(self, now: float) -> float | None:
        """Return the time of the newest sample that is not in the future of ``now``; None where there is none."""
        (newest,) = self.connection.execute(
            "SELECT max(until) FROM (SELECT max(until) AS until FROM journal WHERE until <= ?1"
            " UNION ALL SELECT max(until) FROM blocks WHERE period = ?2 AND until <= ?1)",
            (now, self.keeping.finest),
        ).fetchone()
        return None if newest is None else float(newest)

    def append(self, batches: Iterable[Batch], now: float) -> None:
        """Add batches to the journal."""
        journal, known = self.journal, self._numbers.copy() if len(self._numbers) < _NUMBERS_KNOWN else {}
        with self.transaction(now) as connection:
            for batch in batches:
                if batch.keys:
                    since, until = min(batch.times), max(batch.times)
                    row = since, until, to_bytes(batch, self._numbers_of(batch, known))
                    connection.execute("INSERT INTO journal (since, until, content) VALUES (?, ?, ?)", row)
                    journal = Journal(journal.rows + 1, min(journal.since, since), max(journal.until, until))
                gaps = [(gap.since, gap.until, gap.reason) for gap in batch.gaps]
                connection.executemany("INSERT INTO gaps VALUES (?, ?, ?)", gaps)
        self.journal, self._numbers = journal, known

    def seal(self, now: float) -> None:
        """Make plain blocks of the journal's oldest rows, one for each series and hour."""
        with self.transaction(now) as connection:
            rows = connection.execute(
                "SELECT id, content FROM journal ORDER BY id LIMIT ?", (2 * SEAL_ROWS,)
            ).fetchall()
            seen: dict[int, float] = {}
            for row in rows_of(content for _, content in rows):
                for place, number in enumerate(row.numbers):
                    times, values = row.column(place)
                    if times:
                        seen[number] = max(self._add_plain(number, times, values), seen.get(number, -math.inf))
            connection.executemany(
                "UPDATE series SET seen = max(seen, ?) WHERE id = ?", [(time, number) for number, time in seen.items()]
            )
            connection.executemany("DELETE FROM journal WHERE id = ?", [(row,) for row, _ in rows])
        self.journal = self._journal()

    def due(self, time: float, most: int) -> list[Due]:
        """Return what can be folded, the finest first: spans that are not those which ``time`` falls into."""
        found: list[Due] = []
        for period in self.keeping.periods[:-1]:
            rows = self.connection.execute(
                "SELECT DISTINCT period, begins, series FROM blocks WHERE NOT folded AND period = ? AND begins <> ?"
                " ORDER BY begins, series LIMIT ?",
                (period, self._begins(period, time), most - len(found)),
            )
            found += [Due(*row) for row in rows]
        return found

    def fold(self, all_due: Iterable[Due], now: float) -> None:
        """Fold blocks into the next coarser tier, and make one of them."""
        with self.transaction(now):
            for due in all_due:
                self._fold(due)

    def _fold(self, due: Due) -> None:
        coarser = self.keeping.coarser(due.period) or due.period
        connection = self.connection
        rows = connection.execute(
            "SELECT id, content FROM blocks WHERE NOT folded AND period = ? AND begins = ? AND series = ?"
            " ORDER BY since, id",
            due,
        ).fetchall()
        columns = joined(self.readable(content for _, content in rows))
        connection.executemany("DELETE FROM blocks WHERE id = ?", [(row,) for row, _ in rows])
        if not columns.times:
            return
        shared = None
        if due.period == self.keeping.finest:
            shared = self._shared(array("d", columns.times))
            self.add(due.series, due.period, columns, folded=True, packed_times=shared.packed)
        else:  # packed already
            until = columns.times[-1] + due.period
            content = b"".join(content for _, content in rows)
            self._insert(due.series, due.period, columns.times[0], until, True, content)
        buckets = fold(columns, coarser, shared.grouping if shared else None)
        self.add(due.series, coarser, buckets, folded=self.keeping.coarser(coarser) is None)

    def pins(self) -> tuple[Pin, ...]:
        """Return what is pinned."""
        return tuple(Pin(*row) for row in self.connection.execute("SELECT period, since, until FROM pins"))

    def pin(self, pins: Iterable[Pin], now: float) -> None:
        """Pin spans, as far as their figures are still there."""
        with self.transaction(now) as connection:
            gone = dict(connection.execute("SELECT period, until FROM pruned"))
            held = [pin._replace(since=max(pin.since, gone.get(pin.period, pin.since))) for pin in pins]
            before = set(self.pins())
            after = set(merged((*before, *(pin for pin in held if pin.since < pin.until))))
            connection.executemany("DELETE FROM pins WHERE (period, since, until) = (?, ?, ?)", before - after)
            connection.executemany("INSERT INTO pins VALUES (?, ?, ?)", after - before)

    def doubt(self) -> Doubt | None:
        """Return why an earlier session did not trust the clock."""
        row = self.connection.execute("SELECT since, jump FROM doubt").fetchone()
        return Doubt(*row) if row else None

    def keep_doubt(self, doubt: Doubt | None, now: float) -> None:
        """Keep for later sessions why the clock is not trusted."""
        with self.transaction(now) as connection:
            connection.execute("DELETE FROM doubt")
            connection.executemany("INSERT INTO doubt VALUES (0, ?, ?)", [doubt] if doubt else [])

    def used(self) -> int:
        """Return how many bytes of the file are in use."""
        pages, free, size = (self._pragma(name) for name in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def give_back(self) -> None:
        """Put what was written into the file itself, and give some of its free pages back to the disk."""
        if self._pragma("freelist_count") > _FREE_PAGES:
            self.connection.execute(f"PRAGMA incremental_vacuum({_FREE_PAGES})").fetchall()
        self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def forget_numbers(self) -> None:
        """Look up the numbers of series again: some were deleted."""
        self._numbers, self._batch = {}, ((), [])

    def _pragma(self, name: str) -> int:
        return int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def transaction(self, now: float) -> Iterator[sqlite3.Connection]:
        """Give the connection, in a transaction of the one that writes. Raises TakenError where that is another."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self._beat(now)
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # a full disk may have ended it already
                self.connection.execute("ROLLBACK")
            raise

    def _beat(self, now: float) -> None:
        row = self.connection.execute("SELECT token, time FROM writer").fetchone()
        if row and row[0] != self._token and abs(now - row[1]) < HEARTBEAT_SECONDS and not has_ended(row[0]):
            raise TakenError
        if not row or row[0] != self._token or not 0 <= now - row[1] < BEAT_SECONDS:
            self.connection.execute("INSERT OR REPLACE INTO writer VALUES (0, ?, ?)", (self._token, now))

    def _numbers_of(self, batch: Batch, known: dict[SeriesKey, int]) -> list[int]:
        """Return the numbers of a batch's series; ``known`` is told those that are new."""
        if batch.keys != self._batch[0]:
            numbers = [
                known.get(key) or known.setdefault(key, self._number(key, batch.times[-1])) for key in batch.keys
            ]
            if known != self._numbers:  # may yet be rolled back
                return numbers
            self._batch = batch.keys, numbers
        return self._batch[1]

    def _number(self, key: SeriesKey, time: float) -> int:
        name = text_of(key)
        self.connection.execute("INSERT OR IGNORE INTO series (metric, labels, seen) VALUES (?, ?, ?)", (*name, time))
        row = self.connection.execute("SELECT id FROM series WHERE metric = ? AND labels = ?", name).fetchone()
        return int(row[0])

    def _journal(self) -> Journal:
        row = self.connection.execute("SELECT count(*), min(since), max(until) FROM journal").fetchone()
        return Journal(*row) if row[0] else Journal()

    def _shared(self, times: array[float]) -> SharedTimes:
        if times != self._times.times:
            finest = self.keeping.finest
            self._times = SharedTimes(times, self.keeping.span(finest), self.keeping.coarser(finest) or finest)
        return self._times

    def _metric(self, number: int) -> str:
        return str(self.connection.execute("SELECT metric FROM series WHERE id = ?", (number,)).fetchone()[0])

    def _begins(self, period: float, time: float) -> float:
        span = self.keeping.span(period)
        return time // span * span

    def _add_plain(self, number: int, times: array[float], values: array[float]) -> float:
        """Insert samples, a block for each hour, and return the newest time."""
        hours = self._shared(times).hours
        for start, end, since, until in hours:
            content = pack_plain(times[start:end], values[start:end], self.keeping.finest, (since, until))
            self._insert(number, self.keeping.finest, since, until, False, content)
        return hours[-1][3]

    def add(self, number: int, period: float, columns: Columns, *, folded: bool, packed_times: bytes = b"") -> None:
        """Insert samples or buckets, packed."""
        steps, until = steps_of(self._metric(number)), columns.times[-1]
        if period == self.keeping.finest:
            content = pack_samples(columns.times, columns.lasts, period, steps, packed_times)
        else:
            content, until = pack_buckets(columns, period, steps), until + period
        self._insert(number, period, columns.times[0], until, folded, content)

    def _insert(self, number: int, period: float, since: float, until: float, folded: bool, content: bytes) -> None:
        row = number, period, since, until, self._begins(period, since), folded, content
        self.connection.execute(
            "INSERT INTO blocks (series, period, since, until, begins, folded, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )

    def readable(self, contents: Iterable[bytes]) -> Iterator[Columns]:
        """Yield what is in blocks; those that are damaged are left out, and told."""
        for content in contents:
            try:
                yield from unpack(content)
            except CodecError as error:
                log.warning("a block of the history is left out: %s", error)
