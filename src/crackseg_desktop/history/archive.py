"""The archive: what the history holds, read in any thread or process, also while the recorder writes.

A read is one transaction: it sees a whole, whatever is written meanwhile. What a tier does not hold yet is folded from
the finer ones. A file that is missing, empty, locked or damaged reads as one that holds nothing, and ``problem`` says
why.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crackseg_desktop.history.codec import unpack
from crackseg_desktop.history.journal import Row
from crackseg_desktop.history.schema import FILE_NAME, MIGRATIONS, key_of, text_of
from crackseg_desktop.history.tiers import DEFAULT_KEEPING, Columns, Keeping, joined, of_samples
from crackseg_desktop.series import Buckets, Gap
from crackseg_desktop.storage import NewerDatabaseError, open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crackseg_desktop.series import SeriesKey

log = logging.getLogger(__name__)

_ERRORS = (OSError, sqlite3.Error, NewerDatabaseError)
_SEEN_MARGIN_SECONDS = 3600.0
"""When a series was seen is noted only as its figures leave the journal."""


class Archive:
    """Reads the history in a data directory. For any thread.

    Attributes:
        problem: why nothing, or not everything, could be read the last time; None: it could.
    """

    def __init__(self, folder: Path, keeping: Keeping = DEFAULT_KEEPING) -> None:
        self.problem: str | None = None
        self._path = folder / FILE_NAME
        self._keeping = keeping
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file; reading opens it again."""
        with self._lock:
            self._shut()

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        """Return the series whose metric matches a GLOB, sorted; with ``since`` those with figures since then."""
        seen = -math.inf if since is None else since - _SEEN_MARGIN_SECONDS
        found: list[SeriesKey] = []
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT metric, labels FROM series WHERE metric GLOB ? AND seen >= ?", (pattern, seen)
            )
            found += [key_of(*row) for row in rows]
        return tuple(sorted(found))

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        """Return a series over ``since <= time < until``: whole buckets, those that begin before included.

        ``most`` None: every sample or bucket of the finest tier that covers the span. Else at most so many buckets,
        folded from the coarsest tier that is fine enough, so that no peak is lost.
        """
        period = wanted = self._keeping.finest
        columns = Columns((), (), (), (), (), ())
        with self._reading() as connection:
            pieces = self._pieces(connection, key, since, until, period)
            columns = joined(pieces)
        rows = [row for row, time in enumerate(columns.times) if since <= time < until]
        if rows:
            columns = columns.part(rows[0], rows[-1] + 1)
        return Buckets(key, wanted, *(array("d", column) for column in columns[:5]), array("q", columns.counts))

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        """Return the spans, of those that touch this one, of which nothing is known, the oldest first."""
        found: list[Gap] = []
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT since, until, reason FROM gaps WHERE until >= ? AND since < ? ORDER BY since", (since, until)
            )
            found += [Gap(*row) for row in rows]
        return tuple(found)

    def covered(self) -> tuple[float, float] | None:
        """Return the times of the first and the last figure; None where there are none."""
        first = last = None
        with self._reading() as connection:
            first, last = connection.execute(
                "SELECT min(since), max(until) FROM (SELECT since, until FROM journal UNION ALL"
                " SELECT since, until FROM blocks)"
            ).fetchone()
        return None if first is None or last is None else (first, last)

    def _pieces(
        self, connection: sqlite3.Connection, key: SeriesKey, since: float, until: float, period: float
    ) -> Iterator[Columns]:
        number = connection.execute("SELECT id FROM series WHERE metric = ? AND labels = ?", text_of(key)).fetchone()
        if number is None:
            return
        rows = connection.execute(
            "SELECT content FROM blocks WHERE series = ? AND since < ? AND until >= ?"
            " AND (period = ? OR period < ? AND NOT folded) ORDER BY period DESC, since, id",
            (*number, until, since, period, period),
        )
        for (content,) in rows:
            yield from unpack(content, since, until)
        rows = connection.execute(
            "SELECT content FROM journal WHERE since < ? AND until >= ? ORDER BY id", (until, since)
        )
        for (content,) in rows:
            row = Row(content)
            if number[0] in row.numbers:
                yield of_samples(*row.column(row.numbers.index(number[0])))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = open_for_reading(self._path, len(MIGRATIONS))
                self._connection.execute("BEGIN")
                yield self._connection
                self._connection.execute("COMMIT")
                self.problem = None
            except FileNotFoundError:
                self.problem = "There is no history yet."
            except _ERRORS as error:
                self.problem = str(error)
                self._shut()

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
