"""Reads the history for the pages in one worker thread, so that no plot ever waits in the GUI thread.

Only the newest request counts: whoever drags through a month asks often and wants one answer.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from crackseg_desktop.ui.disk_forecasts import DiskAnswer, DiskQuestion, forecast
from crackseg_desktop.ui.replaying import Answer, Question, answered
from crackseg_desktop.ui.timeline import Found, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.series import Buckets, Gap, SeriesKey

log = logging.getLogger(__name__)

Asked = Wanted | Question | DiskQuestion
_KINDS: tuple[type[Asked], ...] = (Wanted, Question, DiskQuestion)
LATE_MS = 300
"""So long nothing is said: most answers are there before."""


class Past(Protocol):
    """What is read of the history (``history.archive.Archive``)."""

    @property
    def problem(self) -> str | None:
        """Return why the last read brought nothing, or not everything."""
        ...

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        """Return the series that it has."""
        ...

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        """Return a series over a span."""
        ...

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        """Return the gaps in a span."""
        ...

    def covered(self) -> tuple[float, float] | None:
        """Return from when to when there is anything."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class PastReader(QObject):
    """Answers requests. Lives in the GUI thread; its thread runs from the first request until ``rest``.

    Attributes:
        found: an answer (``Found``), always to the newest request.
        delayed: the answer takes its time.
        replayed: an ``Answer`` of what a rule would have done; not always the last question's.
        forecasted: a ``DiskAnswer`` of when disks will likely be full.
    """

    found = Signal(object)
    delayed = Signal()
    replayed = Signal(object)
    forecasted = Signal(object)
    _answered = Signal(object)

    def __init__(self, open_past: Callable[[], Past], parent: QObject | None = None, *, threaded: bool = True) -> None:
        super().__init__(parent)
        self._open_past, self._threaded = open_past, threaded
        self._worker: _Worker | None = None
        self._newest: Wanted | None = None
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(LATE_MS)
        self._late.timeout.connect(self.delayed)
        self._answered.connect(self._on_answered)

    def request(self, wanted: Wanted) -> None:
        """Ask for figures; what was asked before and is not answered yet is passed over."""
        self._newest = wanted
        if not self._threaded:
            self._answer_here(wanted)
            return
        self._late.start()
        self._working().ask(wanted)

    def replay(self, question: Question) -> None:
        """Ask what a rule would have done; figures for the plots go first."""
        if self._threaded:
            self._working().ask(question)

    def forecast(self, question: DiskQuestion) -> None:
        """Ask when disks will likely be full; figures for the plots, and rules, go first."""
        if self._threaded:
            self._working().ask(question)
            return
        past = self._open_past()
        try:
            self.forecasted.emit(forecast(question, past.read))
        finally:
            past.close()

    def _working(self) -> _Worker:
        if self._worker is None:
            self._worker = _Worker(self._open_past, self._answered.emit, self.replayed.emit, self.forecasted.emit)
        return self._worker

    def rest(self, timeout: float = 2.0) -> None:
        """Ask nothing more, end the thread and let go of the file; the next request begins anew."""
        self._newest = None
        self._late.stop()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop(timeout)

    def _answer_here(self, wanted: Wanted) -> None:
        past = self._open_past()
        try:
            found = answer(past, wanted)
        finally:
            past.close()
        if found is not None:
            self._on_answered(found)

    @Slot(object)
    def _on_answered(self, found: Found) -> None:
        if found.wanted is self._newest:
            self._late.stop()
            self.found.emit(found)


class _Worker:
    """One thread with a place for one request of each kind: figures, a question about a rule, one about disks."""

    def __init__(
        self,
        open_past: Callable[[], Past],
        tell: Callable[[Found], None],
        tell_replay: Callable[[Answer], None],
        tell_forecast: Callable[[DiskAnswer], None],
    ) -> None:
        self._open_past, self._tell = open_past, tell
        self._tell_replay, self._tell_forecast = tell_replay, tell_forecast
        self._changed = threading.Condition()
        self._waiting: dict[type[Asked], Asked] = {}
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="past", daemon=True)
        self._thread.start()

    def ask(self, asked: Asked) -> None:
        """Put a request in the place of the last of its kind."""
        with self._changed:
            self._waiting[type(asked)] = asked
            self._changed.notify()

    def stop(self, timeout: float) -> None:
        """End the thread, after the read that is under way."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        past = self._open_past()
        try:
            while (asked := self._next()) is not None:
                self._answer(past, asked)
        finally:
            past.close()

    def _answer(self, past: Past, asked: Asked) -> None:
        if isinstance(asked, Wanted):
            found = answer(past, asked, self._is_outdated)
            if found is not None and not self._stopped:
                self._tell(found)
            return
        try:
            self._answer_question(past, asked)
        except (OSError, sqlite3.Error, ValueError) as error:
            log.warning("A question to the history cannot be answered: %s", error)

    def _answer_question(self, past: Past, asked: Question | DiskQuestion) -> None:
        if isinstance(asked, Question):
            told = answered(asked, past.read)
            if not self._stopped:
                self._tell_replay(told)
        else:
            likely = forecast(asked, past.read, lambda: self._stopped)
            if not self._stopped:
                self._tell_forecast(likely)

    def _next(self) -> Asked | None:
        """Wait for a request; figures first, for a person waits for them."""
        with self._changed:
            while not self._waiting and not self._stopped:
                self._changed.wait()
            if self._stopped:
                return None
            return self._waiting.pop(next(kind for kind in _KINDS if kind in self._waiting))

    def _is_outdated(self) -> bool:
        return self._stopped or Wanted in self._waiting


def answer(past: Past, wanted: Wanted, is_outdated: Callable[[], bool] = bool) -> Found | None:
    """Read what is wanted; None where a newer request came meanwhile."""
    from crackseg_desktop.ui.tracks import track_of

    tracks, periods = {}, [0.0]
    problem: str | None = None
    try:
        for key in sorted(wanted.keys):
            if is_outdated():
                return None
            buckets = past.read(key, wanted.since, wanted.until, wanted.most)
            problem = problem or past.problem
            tracks[key] = track_of(buckets)
            periods.append(buckets.period)
        gaps, covered = past.gaps(wanted.since, wanted.until), past.covered()
        series = past.series(wanted.pattern) if wanted.pattern else ()
        problem = problem or past.problem
    except (OSError, sqlite3.Error, ValueError) as error:
        log.warning("The history cannot be read: %s", error)
        return Found(wanted, problem=f"The history cannot be read: {error}")
    return Found(wanted, tracks, gaps, covered, series, max(periods), problem or "")
