"""The file of the history, for the one that writes: each step is one transaction, so that a kill leaves a whole.

Belongs to one thread. Methods raise sqlite3.Error, and TakenError where another instance writes.
"""

from __future__ import annotations

import logging
import math
from array import array
from bisect import bisect_left
from contextlib import contextmanager
from functools import cached_property
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.history.clockwatch import Doubt
from crackseg_desktop.history.codec import (
    CodecError,
    pack_buckets,
    pack_plain,
    pack_samples,
    pack_times,
    steps_of,
    unpack,
)
from crackseg_desktop.history.journal import rows_of, to_bytes
from crackseg_desktop.history.retention import Pin, kept_parts, merged
from crackseg_desktop.history.schema import text_of
from crackseg_desktop.history.tiers import Columns, Grouping, fold, grouping_of, joined

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from crackseg_desktop.history.journal import Batch
    from crackseg_desktop.history.tiers import Keeping
    from crackseg_desktop.series import SeriesKey

log = logging.getLogger(__name__)

SEAL_ROWS = 60
"""The journal becomes blocks when it has so many rows: five minutes, with a row every five seconds."""
BEAT_SECONDS = 8.0
HEARTBEAT_SECONDS = 20.0
"""A writer of which nothing was heard for so long is gone."""
_NUMBERS_KNOWN = 5000
WAL_BYTES = 4 << 20
"""About so much is written beside the file before it goes into it."""
_CACHE_KIBIBYTES = 1024
_UNSEEN_SECONDS = 2 * 86_400.0
_DELETED_AT_ONCE = 200
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


class SharedTimes:
    """What is made of the times of samples once for all series that have the same ones."""

    def __init__(self, times: array[float], hour: float, period: float) -> None:
        self.times = times
        self._hour, self._period = hour, period

    @cached_property
    def hours(self) -> list[tuple[int, int, float, float]]:
        """Return which rows, from and to, are of one hour each, and their first and last time."""
        if min(self.times) // self._hour == max(self.times) // self._hour:
            borders: list[int] = []
        else:
            hours = [time // self._hour for time in self.times]
            borders = [row for row, (before, here) in enumerate(pairwise(hours), 1) if before != here]
        limits = pairwise((0, *borders, len(self.times)))
        return [(start, end, min(self.times[start:end]), max(self.times[start:end])) for start, end in limits]

    @cached_property
    def packed(self) -> bytes:
        """Return them packed."""
        return pack_times(self.times)

    @cached_property
    def grouping(self) -> Grouping:
        """Return the buckets of the next tier that they fall into."""
        return grouping_of(self.times, self._period)


class Store:
    """The open file. ``token`` tells writers apart.

    Attributes:
        journal: what waits in the journal.
    """

    def __init__(self, connection: sqlite3.Connection, keeping: Keeping, token: str) -> None:
        self._connection = connection
        self._keeping = keeping
        self._token = token
        self._numbers: dict[SeriesKey, int] = {}
        self._batch: tuple[tuple[SeriesKey, ...], list[int]] = (), []
        self._times = SharedTimes(array("d"), 1.0, 1.0)
        connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}").fetchall()
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
        self.journal = self._journal()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def take(self, now: float) -> None:
        """Become the writer, or tell that it is still there."""
        with self._transaction(now):
            pass

    def leave(self) -> None:
        """Let the next instance write at once."""
        self._connection.execute("DELETE FROM writer WHERE token = ?", (self._token,))

    def newest(self, now: float) -> float | None:
        """Return the time of the newest sample that is not in the future of ``now``; None where there is none."""
        (newest,) = self._connection.execute(
            "SELECT max(until) FROM (SELECT max(until) AS until FROM journal WHERE until <= ?1"
            " UNION ALL SELECT max(until) FROM blocks WHERE period = ?2 AND until <= ?1)",
            (now, self._keeping.finest),
        ).fetchone()
        return None if newest is None else float(newest)

    def append(self, batches: Iterable[Batch], now: float) -> None:
        """Add batches to the journal."""
        journal, known = self.journal, self._numbers.copy() if len(self._numbers) < _NUMBERS_KNOWN else {}
        with self._transaction(now) as connection:
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
        with self._transaction(now) as connection:
            rows = connection.execute(
                "SELECT id, content FROM journal ORDER BY id LIMIT ?", (2 * SEAL_ROWS,)
            ).fetchall()
            for row in rows_of(content for _, content in rows):
                for place, number in enumerate(row.numbers):
                    self._add_plain(number, *row.column(place))
            connection.executemany("DELETE FROM journal WHERE id = ?", [(row,) for row, _ in rows])
        self.journal = self._journal()

    def due(self, time: float, most: int) -> list[Due]:
        """Return what can be folded, the finest first: spans that are not those which ``time`` falls into."""
        found: list[Due] = []
        for period in self._keeping.periods[:-1]:
            rows = self._connection.execute(
                "SELECT DISTINCT period, begins, series FROM blocks WHERE NOT folded AND period = ? AND begins <> ?"
                " ORDER BY begins, series LIMIT ?",
                (period, self._begins(period, time), most - len(found)),
            )
            found += [Due(*row) for row in rows]
        return found

    def fold(self, all_due: Iterable[Due], now: float) -> None:
        """Fold blocks into the next coarser tier, and make one of them."""
        with self._transaction(now):
            for due in all_due:
                self._fold(due)

    def _fold(self, due: Due) -> None:
        coarser = self._keeping.coarser(due.period) or due.period
        connection = self._connection
        rows = connection.execute(
            "SELECT id, content FROM blocks WHERE NOT folded AND period = ? AND begins = ? AND series = ?"
            " ORDER BY since, id",
            due,
        ).fetchall()
        columns = joined(self._readable(content for _, content in rows))
        connection.executemany("DELETE FROM blocks WHERE id = ?", [(row,) for row, _ in rows])
        if not columns.times:
            return
        shared = None
        if due.period == self._keeping.finest:
            shared = self._shared(array("d", columns.times))
            self._add(due.series, due.period, columns, folded=True, packed_times=shared.packed)
        else:  # packed already
            until = columns.times[-1] + due.period
            content = b"".join(content for _, content in rows)
            self._insert(due.series, due.period, columns.times[0], until, True, content)
        buckets = fold(columns, coarser, shared.grouping if shared else None)
        self._add(due.series, coarser, buckets, folded=self._keeping.coarser(coarser) is None)

    def pins(self) -> tuple[Pin, ...]:
        """Return what is pinned."""
        return tuple(Pin(*row) for row in self._connection.execute("SELECT period, since, until FROM pins"))

    def pin(self, pins: Iterable[Pin], now: float) -> None:
        """Pin spans, as far as their figures are still there."""
        with self._transaction(now) as connection:
            gone = dict(connection.execute("SELECT period, until FROM pruned"))
            held = [pin._replace(since=max(pin.since, gone.get(pin.period, pin.since))) for pin in pins]
            before = set(self.pins())
            after = set(merged((*before, *(pin for pin in held if pin.since < pin.until))))
            connection.executemany("DELETE FROM pins WHERE (period, since, until) = (?, ?, ?)", before - after)
            connection.executemany("INSERT INTO pins VALUES (?, ?, ?)", after - before)

    def doubt(self) -> Doubt | None:
        """Return why an earlier session did not trust the clock."""
        row = self._connection.execute("SELECT since, jump FROM doubt").fetchone()
        return Doubt(*row) if row else None

    def keep_doubt(self, doubt: Doubt | None, now: float) -> None:
        """Keep for later sessions why the clock is not trusted."""
        with self._transaction(now) as connection:
            connection.execute("DELETE FROM doubt")
            connection.executemany("INSERT INTO doubt VALUES (0, ?, ?)", [doubt] if doubt else [])

    def forget(self, now: float) -> None:
        """Delete what is older than it is to be kept, but for what is pinned."""
        with self._transaction(now) as connection:
            connection.execute("DELETE FROM pins WHERE until < ?", (now - self._keeping.pinned_seconds,))
            oldest = now - max(tier.seconds for tier in self._keeping.tiers)
            connection.execute("DELETE FROM gaps WHERE until < ?", (oldest,))
            unseen = "DELETE FROM series WHERE seen < ? AND id NOT IN (SELECT series FROM blocks)"
            if connection.execute(unseen, (now - _UNSEEN_SECONDS,)).rowcount:
                self._numbers, self._batch = {}, ((), [])
        pins = merged(self.pins())
        for tier in self._keeping.tiers:
            held = [pin for pin in pins if pin.period == tier.period]
            while self._forget(tier.period, now - tier.seconds, held, now):
                pass

    def _forget(self, period: float, before: float, pins: list[Pin], now: float) -> bool:
        """Delete some blocks of a tier, or what of them is not pinned; return whether there may be more."""
        with self._transaction(now) as connection:
            query = "SELECT id, since, until FROM blocks WHERE period = ? AND since < ? AND until < ? AND folded"
            rows = connection.execute(f"{query} ORDER BY since", (period, before, before))
            parts = ((row, until, (since, until), kept_parts(since, until, pins)) for row, since, until in rows)
            gone = list(islice((part for part in parts if part[3] != [part[2]]), _DELETED_AT_ONCE))
            for row, _, _, kept in gone:
                self._cut(row, period, kept)
            if gone:
                self._mark_gone(period, max(until for _, until, _, _ in gone))
        return len(gone) == _DELETED_AT_ONCE

    def _cut(self, row: int, period: float, kept: list[tuple[float, float]]) -> None:
        """Put blocks of the parts that are kept in place of a block."""
        if kept:
            query = "SELECT series, until, content FROM blocks WHERE id = ?"
            number, end, content = self._connection.execute(query, (row,)).fetchone()
            columns = joined(self._readable([content]))
            for since, until in kept:
                stop = len(columns.times) if until == end else bisect_left(columns.times, until)
                part = columns.part(bisect_left(columns.times, since), stop)
                if part.times:
                    self._add(number, period, part, folded=True)
        self._connection.execute("DELETE FROM blocks WHERE id = ?", (row,))

    def _mark_gone(self, period: float, until: float) -> None:
        self._connection.execute(
            "INSERT INTO pruned VALUES (?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
            (period, until),
        )

    def used(self) -> int:
        """Return how many bytes of the file are in use."""
        pages, free, size = (self._pragma(name) for name in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def shrink(self, least: int, now: float) -> None:
        """Delete at least so many bytes: the oldest, the finest tier first, what is pinned last."""
        pins = merged(self.pins())
        for pinned in (False, True):
            for period in self._keeping.periods:
                held = [pin for pin in pins if pin.period == period]
                if least > 0:
                    least -= self._shrink(period, [] if pinned else held, least, now)

    def _shrink(self, period: float, spared: list[Pin], least: int, now: float) -> int:
        with self._transaction(now) as connection:
            rows = connection.execute(
                "SELECT id, since, until, length(content) FROM blocks WHERE period = ? AND folded ORDER BY since",
                (period,),
            )
            deleted, last, chosen = 0, -math.inf, []
            for row, since, until, size in rows:
                if deleted >= least:
                    break
                if not kept_parts(since, until, spared):
                    deleted, last = deleted + size, max(last, until)
                    chosen.append((row,))
            connection.executemany("DELETE FROM blocks WHERE id = ?", chosen)
            if chosen:
                self._mark_gone(period, last)
            if chosen and not spared:
                connection.execute("DELETE FROM pins WHERE period = ? AND until <= ?", (period, last))
                connection.execute("UPDATE pins SET since = max(since, ?) WHERE period = ?", (last, period))
        return deleted

    def give_back(self) -> None:
        """Put what was written into the file itself, and give some of its free pages back to the disk."""
        if self._pragma("freelist_count") > _FREE_PAGES:
            self._connection.execute(f"PRAGMA incremental_vacuum({_FREE_PAGES})").fetchall()
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _transaction(self, now: float) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._beat(now)
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk may have ended it already
                self._connection.execute("ROLLBACK")
            raise

    def _beat(self, now: float) -> None:
        row = self._connection.execute("SELECT token, time FROM writer").fetchone()
        if row and row[0] != self._token and abs(now - row[1]) < HEARTBEAT_SECONDS:
            raise TakenError
        if not row or row[0] != self._token or not 0 <= now - row[1] < BEAT_SECONDS:
            self._connection.execute("INSERT OR REPLACE INTO writer VALUES (0, ?, ?)", (self._token, now))

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
        self._connection.execute("INSERT OR IGNORE INTO series (metric, labels, seen) VALUES (?, ?, ?)", (*name, time))
        row = self._connection.execute("SELECT id FROM series WHERE metric = ? AND labels = ?", name).fetchone()
        return int(row[0])

    def _journal(self) -> Journal:
        row = self._connection.execute("SELECT count(*), min(since), max(until) FROM journal").fetchone()
        return Journal(*row) if row[0] else Journal()

    def _shared(self, times: array[float]) -> SharedTimes:
        if times != self._times.times:
            finest = self._keeping.finest
            self._times = SharedTimes(times, self._keeping.span(finest), self._keeping.coarser(finest) or finest)
        return self._times

    def _metric(self, number: int) -> str:
        return str(self._connection.execute("SELECT metric FROM series WHERE id = ?", (number,)).fetchone()[0])

    def _begins(self, period: float, time: float) -> float:
        span = self._keeping.span(period)
        return time // span * span

    def _add_plain(self, number: int, times: array[float], values: array[float]) -> None:
        """Insert samples, a block for each hour."""
        if not times:
            return
        hours = self._shared(times).hours
        for start, end, since, until in hours:
            content = pack_plain(times[start:end], values[start:end], self._keeping.finest, (since, until))
            self._insert(number, self._keeping.finest, since, until, False, content)
        self._connection.execute("UPDATE series SET seen = max(seen, ?) WHERE id = ?", (hours[-1][3], number))

    def _add(self, number: int, period: float, columns: Columns, *, folded: bool, packed_times: bytes = b"") -> None:
        """Insert samples or buckets, packed."""
        steps, until = steps_of(self._metric(number)), columns.times[-1]
        if period == self._keeping.finest:
            content = pack_samples(columns.times, columns.lasts, period, steps, packed_times)
        else:
            content, until = pack_buckets(columns, period, steps), until + period
        self._insert(number, period, columns.times[0], until, folded, content)

    def _insert(self, number: int, period: float, since: float, until: float, folded: bool, content: bytes) -> None:
        row = number, period, since, until, self._begins(period, since), folded, content
        self._connection.execute(
            "INSERT INTO blocks (series, period, since, until, begins, folded, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )

    def _readable(self, contents: Iterable[bytes]) -> Iterator[Columns]:
        for content in contents:
            try:
                yield from unpack(content)
            except CodecError as error:
                log.warning("a block of the history is left out: %s", error)
