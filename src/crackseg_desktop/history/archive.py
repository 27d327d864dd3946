"""The archive: what the history holds, read in any thread or process, also while the recorder writes.

A read is one transaction: it sees a whole, whatever is written meanwhile. What a tier does not hold yet is folded from
the finer ones. A file that is missing, empty, locked or damaged reads as one that holds nothing, and ``problem`` says
why.
"""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import threading
from functools import partial
from operator import sub
from typing import TYPE_CHECKING, Any, TypeVar

from crackseg_desktop.history import vectors
from crackseg_desktop.history.codec import CodecError
from crackseg_desktop.history.journal import rows_of
from crackseg_desktop.history.planning import Plan, plan_of
from crackseg_desktop.history.retention import Pin, merged
from crackseg_desktop.history.schema import FILE_NAME, MIGRATIONS, key_of, text_of
from crackseg_desktop.history.tiers import DEFAULT_KEEPING
from crackseg_desktop.series import Buckets, Gap
from crackseg_desktop.storage import NewerDatabaseError, open_for_reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from crackseg_desktop.history.tiers import Columns, Keeping
    from crackseg_desktop.series import SeriesKey

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
_LOOKED_AT = 100
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
        self._identity: tuple[int, ...] | None = None
        self._damage: str | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file; reading opens it again."""
        with self._lock:
            self._shut()

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        """Return the series whose metric matches a GLOB, sorted; with ``since`` those with figures since then."""
        seen = -math.inf if since is None else since - _SEEN_MARGIN_SECONDS
        query = "SELECT metric, labels FROM series WHERE metric GLOB ? AND seen >= ?"
        rows: list[tuple[Any, ...]] = self._ask(
            lambda connection: connection.execute(query, (pattern, seen)).fetchall(), []
        )
        return tuple(sorted(key_of(*row) for row in rows))

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        """Return a series over ``since <= time < until``; of buckets, all that touch the span, and whole.

        ``most`` None: every sample or bucket of the finest tier that covers the span. Else at most so many buckets, of
        the coarsest tier that is fine enough, folded so that no peak is lost. Where nothing covers the span, as much
        of it as there is.
        """
        question = partial(self._columns, key=key, since=since, until=until, most=most)
        answer = self._ask(question, None)
        if answer is None:
            return Buckets(key, self._keeping.finest)
        columns, period = answer
        times, minima, maxima, means, lasts = map(vectors.to_array, columns[:5])
        return Buckets(key, period, times, minima, maxima, means, lasts, vectors.to_array(columns.counts, "q"))

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        """Return the spans, of those that touch this one, of which nothing is known, the oldest first."""
        query = "SELECT since, until, reason FROM gaps WHERE until >= ? AND since < ? ORDER BY since"
        rows: list[tuple[Any, ...]] = self._ask(
            lambda connection: connection.execute(query, (since, until)).fetchall(), []
        )
        return tuple(Gap(*row) for row in rows)

    def covered(self) -> tuple[float, float] | None:
        """Return the times of the first and the last figure; None where there are none."""
        return self._ask(partial(_covered, keeping=self._keeping), None)

    def _columns(
        self, connection: sqlite3.Connection, key: SeriesKey, since: float, until: float, most: int | None
    ) -> tuple[Columns, float] | None:
        plan = self._plan(connection, since, until, most)
        found = connection.execute("SELECT id FROM series WHERE metric = ? AND labels = ?", text_of(key)).fetchone()
        if plan is None or found is None:
            return None
        pieces = vectors.joined(self._pieces(connection, found[0], plan))
        columns = vectors.within(pieces, plan.since, plan.until)
        if plan.samples and (most is None or len(columns.times) <= most):
            return columns, _distance(columns.times, plan.tier)
        return vectors.fold(columns, plan.period), plan.period

    def _plan(self, connection: sqlite3.Connection, since: float, until: float, most: int | None) -> Plan | None:
        covered = _covered(connection, self._keeping)
        if covered is None:
            return None
        since, until = max(since, covered[0]), min(until, covered[1] + self._keeping.periods[-1])
        if not since < until:
            return None
        gone = dict(connection.execute("SELECT period, until FROM pruned"))
        pins = merged(Pin(*row) for row in connection.execute("SELECT period, since, until FROM pins"))
        return plan_of(self._keeping, since, until, most, gone, pins)

    def _pieces(self, connection: sqlite3.Connection, number: int, plan: Plan) -> Iterator[Columns]:
        """Yield what a tier holds of a span, and what finer tiers hold that was not folded into it yet."""
        rows = connection.execute(
            "SELECT content FROM blocks WHERE series = ? AND since < ? AND until >= ?"
            " AND (period = ? OR period < ? AND NOT folded) ORDER BY since, id",
            (number, plan.until, plan.since, plan.tier, plan.tier),
        )
        for (content,) in rows:
            try:
                yield from vectors.unpack(content, plan.since, plan.until)
            except CodecError as error:
                self._damage = f"A part of the history is damaged: {error}"
        rows = connection.execute(
            "SELECT content FROM journal WHERE since < ? AND until >= ? ORDER BY id", (plan.until, plan.since)
        )
        for row in rows_of(content for (content,) in rows):
            if number in row.numbers:
                yield vectors.of_samples(*row.column(row.numbers.index(number)))

    def _ask(self, question: Callable[[sqlite3.Connection], Answer], otherwise: Answer) -> Answer:
        """Answer in a read transaction; where that cannot be, ``problem`` says why."""
        with self._lock:
            self._damage = None
            try:
                connection = self._opened()
                connection.execute("BEGIN")
                answer = question(connection)
                connection.execute("COMMIT")
            except FileNotFoundError:
                self.problem = "There is no history yet."
            except _ERRORS as error:
                self.problem = f"The history cannot be read: {error}"
            else:
                self.problem = self._damage
                return answer
            self._shut()
            return otherwise

    def _opened(self) -> sqlite3.Connection:
        status = self._path.stat()
        identity: tuple[int, ...] = status.st_dev, status.st_ino
        if not os.access(self._path.parent, os.W_OK):  # read as a file that never changes
            identity += status.st_mtime_ns, status.st_size
        if identity != self._identity:  # or set aside, and begun anew
            self._shut()
        if self._connection is None:
            self._connection = open_for_reading(self._path, len(MIGRATIONS))
            self._identity = identity
        return self._connection

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _rows(connection: sqlite3.Connection, query: str, values: tuple[str | float, ...]) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()


def _covered(connection: sqlite3.Connection, keeping: Keeping) -> tuple[float, float] | None:
    """Return the first and the last time there is; no block is longer than the span that is folded together."""
    ends = connection.execute("SELECT min(since), max(until) FROM journal HAVING count(*)").fetchall()
    for period in keeping.periods:
        query = "SELECT (SELECT min(since) {0}), (SELECT max(since) {0})".format("FROM blocks WHERE period = ?1")
        first, newest = connection.execute(query, (period,)).fetchone()
        if first is not None:
            query = "SELECT ?, max(until) FROM blocks WHERE period = ? AND since >= ?"
            ends += connection.execute(query, (first, period, newest - keeping.span(period))).fetchall()
    return (min(since for since, _ in ends), max(until for _, until in ends)) if ends else None


def _distance(times: Sequence[float], usual: float) -> float:
    """Return how far apart samples mostly are, in seconds."""
    distances = sorted(map(sub, times[1:_LOOKED_AT], times[:_LOOKED_AT]))
    return round(float(distances[len(distances) // 2]), 1) or usual if distances else usual
