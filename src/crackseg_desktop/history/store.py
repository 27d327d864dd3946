"""The file of the history, for the one that writes: each step is one transaction, so that a kill leaves a whole.

Belongs to one thread. Methods raise sqlite3.Error, and TakenError where another instance writes.
"""

from __future__ import annotations

import logging
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.history.codec import CodecError, pack_buckets, pack_plain, pack_samples, steps_of, unpack
from crackseg_desktop.history.journal import Row, to_bytes
from crackseg_desktop.history.retention import Pin, merged
from crackseg_desktop.history.schema import text_of
from crackseg_desktop.history.tiers import Columns, fold, joined, of_samples

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from crackseg_desktop.history.journal import Batch
    from crackseg_desktop.history.tiers import Keeping
    from crackseg_desktop.series import SeriesKey

log = logging.getLogger(__name__)

SEAL_ROWS = 60
"""The journal becomes blocks when it has so many rows: five minutes, with a row every five seconds."""
HEARTBEAT_SECONDS = 20.0
"""A writer of which nothing was heard for so long is gone."""
_NUMBERS_KNOWN = 5000


class TakenError(Exception):
    """Another instance writes."""


class Due(NamedTuple):
    """Blocks of one series, tier and span that can be folded into the next coarser tier."""

    period: float
    begins: float
    series: int


class Store:
    """The open file. ``token`` tells writers apart."""

    def __init__(self, connection: sqlite3.Connection, keeping: Keeping, token: str) -> None:
        self._connection = connection
        self._keeping = keeping
        self._token = token
        self._numbers: dict[SeriesKey, int] = {}

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
        known = self._numbers if len(self._numbers) < _NUMBERS_KNOWN else {}
        added: dict[SeriesKey, int] = {}
        with self._transaction(now) as connection:
            for batch in batches:
                if batch.times:
                    numbers = [known.get(key) or self._number(added, key, batch.times[-1]) for key in batch.keys]
                    row = min(batch.times), max(batch.times), to_bytes(batch, numbers)
                    connection.execute("INSERT INTO journal (since, until, content) VALUES (?, ?, ?)", row)
                gaps = [(gap.since, gap.until, gap.reason) for gap in batch.gaps]
                connection.executemany("INSERT INTO gaps VALUES (?, ?, ?)", gaps)
        self._numbers = known | added if added else known

    def journal(self) -> tuple[int, float | None, float | None]:
        """Return how many rows the journal has, and its first and last time."""
        rows, since, until = self._connection.execute("SELECT count(*), min(since), max(until) FROM journal").fetchone()
        return rows, since, until

    def seal(self, now: float) -> None:
        """Make plain blocks of the journal's oldest rows, one for each series and hour."""
        with self._transaction(now) as connection:
            rows = connection.execute(
                "SELECT id, content FROM journal ORDER BY id LIMIT ?", (2 * SEAL_ROWS,)
            ).fetchall()
            for number, pieces in _by_series(content for _, content in rows).items():
                columns = joined(pieces)
                if columns.times:
                    self._add_plain(number, columns)
            connection.executemany("DELETE FROM journal WHERE id = ?", [(row,) for row, _ in rows])

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

    def fold(self, due: Due, now: float) -> None:
        """Fold blocks into the next coarser tier, and make one of them."""
        coarser = self._keeping.coarser(due.period)
        if coarser is None:
            return
        with self._transaction(now) as connection:
            rows = connection.execute(
                "SELECT id, content FROM blocks WHERE NOT folded AND period = ? AND begins = ? AND series = ?"
                " ORDER BY since, id",
                due,
            ).fetchall()
            columns = joined(self._readable(content for _, content in rows))
            connection.executemany("DELETE FROM blocks WHERE id = ?", [(row,) for row, _ in rows])
            if not columns.times:
                return
            if due.period == self._keeping.finest:
                self._add(due.series, due.period, columns, folded=True)
            else:  # packed already
                until = columns.times[-1] + due.period
                content = b"".join(content for _, content in rows)
                self._insert(due.series, due.period, columns.times[0], until, True, content)
            self._add(due.series, coarser, fold(columns, coarser), folded=self._keeping.coarser(coarser) is None)

    def pins(self) -> tuple[Pin, ...]:
        """Return what is pinned."""
        return tuple(Pin(*row) for row in self._connection.execute("SELECT period, since, until FROM pins"))

    def pin(self, pins: Iterable[Pin], now: float) -> None:
        """Pin spans, as far as their figures are still there."""
        with self._transaction(now) as connection:
            gone = dict(connection.execute("SELECT period, until FROM pruned"))
            held = [pin._replace(since=max(pin.since, gone.get(pin.period, pin.since))) for pin in pins]
            kept = merged((*self.pins(), *(pin for pin in held if pin.since < pin.until)))
            connection.execute("DELETE FROM pins")
            connection.executemany("INSERT INTO pins VALUES (?, ?, ?)", kept)

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
        if not row or row != (self._token, now):
            self._connection.execute("INSERT OR REPLACE INTO writer VALUES (0, ?, ?)", (self._token, now))

    def _number(self, added: dict[SeriesKey, int], key: SeriesKey, time: float) -> int:
        if key not in added:
            self._connection.execute(
                "INSERT OR IGNORE INTO series (metric, labels, seen) VALUES (?, ?, ?)", (*text_of(key), time)
            )
            found = self._connection.execute("SELECT id FROM series WHERE metric = ? AND labels = ?", text_of(key))
            added[key] = int(found.fetchone()[0])
        return added[key]

    def _metric(self, number: int) -> str:
        return str(self._connection.execute("SELECT metric FROM series WHERE id = ?", (number,)).fetchone()[0])

    def _begins(self, period: float, time: float) -> float:
        span = self._keeping.span(period)
        return time // span * span

    def _add_plain(self, number: int, columns: Columns) -> None:
        """Insert samples, a block for each hour."""
        period, start = self._keeping.finest, 0
        hours = [self._begins(period, time) for time in (columns.times[0], columns.times[-1])]
        limits = [len(columns.times)]
        if hours[0] != hours[1]:
            begins = [self._begins(period, time) for time in columns.times]
            limits = [row for row in range(1, len(begins)) if begins[row] != begins[row - 1]] + limits
        for limit in limits:
            times, values = (array("d", column[start:limit]) for column in columns[:2])
            self._insert(number, period, times[0], times[-1], False, pack_plain(times, values, period))
            start = limit
        self._connection.execute("UPDATE series SET seen = max(seen, ?) WHERE id = ?", (columns.times[-1], number))

    def _add(self, number: int, period: float, columns: Columns, *, folded: bool) -> None:
        """Insert samples or buckets, packed."""
        steps, until = steps_of(self._metric(number)), columns.times[-1]
        if period == self._keeping.finest:
            content = pack_samples(columns.times, columns.lasts, period, steps)
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


def _by_series(contents: Iterable[bytes]) -> dict[int, list[Columns]]:
    found: dict[int, list[Columns]] = {}
    for content in contents:
        try:
            row = Row(content)
        except CodecError as error:
            log.warning("a row of the journal is left out: %s", error)
            continue
        for place, number in enumerate(row.numbers):
            found.setdefault(number, []).append(of_samples(*row.column(place)))
    return found
