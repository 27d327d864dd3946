"""The recorder: what is measured becomes history. One thread writes; whoever measures never waits for a disk.

Samples wait in memory for at most five seconds, then they are in the file's journal: that is all a kill can lose. Where
the file cannot be written, the newest are kept in memory up to a cap, writing is tried again every five seconds, and
the state says why in a sentence. Two instances on one folder: the second notices the heartbeat of the first and only
writes when that has ended.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from typing import TYPE_CHECKING
from uuid import uuid4

from crackseg_desktop.history.health import Health, RecorderState, sentence, state_of
from crackseg_desktop.history.journal import Batch, batch_of
from crackseg_desktop.history.retention import Pin
from crackseg_desktop.history.schema import FILE_NAME, MIGRATIONS
from crackseg_desktop.history.store import HEARTBEAT_SECONDS, SEAL_ROWS, Store, TakenError
from crackseg_desktop.history.tiers import DEFAULT_KEEPING
from crackseg_desktop.storage import NewerDatabaseError, open_sound, set_aside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.history.tiers import Keeping
    from crackseg_desktop.series import SeriesKey

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
MOST_SERIES = 4000
"""Of one sample; figures beyond are left out."""

_WAITING_SAMPLES = 3600
_WAITING_FIGURES = 1_000_000
_WAITING_PINS = 1000
_FOLDS_AT_ONCE = 60
_ERRORS = (OSError, sqlite3.Error, NewerDatabaseError)


class Recorder:
    """Writes the history in a data directory. ``add``, ``pin`` and ``health`` are for any thread and never wait."""

    def __init__(self, folder: Path, clock: Clock, keeping: Keeping = DEFAULT_KEEPING) -> None:
        self._path = folder / FILE_NAME
        self._clock = clock
        self._keeping = keeping
        self._token = uuid4().hex
        self._health = Health(RecorderState.OFF, "The history is not being written: the recorder was not started.")
        self._samples: deque[tuple[float, Mapping[SeriesKey, float], str]] = deque(maxlen=_WAITING_SAMPLES)
        self._pins: deque[Pin] = deque(maxlen=_WAITING_PINS)
        self._waiting: deque[Batch] = deque()
        self._newest: float | None = None
        self._beaten = 0.0
        self._lost = 0
        self._store: Store | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def health(self) -> Health:
        """Return how writing goes."""
        return self._health

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Write what waits and close the file, within ``timeout`` seconds."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
        else:
            self._end()

    def add(self, time: float, figures: Mapping[SeriesKey, float], gap: str = "") -> None:
        """Record figures at a time (Unix seconds); ``gap`` is why nothing is known since those before.

        The mapping must not be changed afterwards.
        """
        if len(self._samples) == _WAITING_SAMPLES:
            self._lost += 1
        self._samples.append((time, figures, gap))

    def pin(self, since: float, until: float, period: float = 1.0) -> None:
        """Keep the tier of a period (seconds) over a span for longer than its age."""
        tier = max((known for known in self._keeping.periods if known <= period), default=self._keeping.finest)
        self._pins.append(Pin(tier, since, until))

    def write(self) -> None:
        """Write what waits, and tidy. What the thread does every five seconds; tests call it instead."""
        now = self._clock.time()
        self._gather()
        try:
            store = self._opened(now)
            self._flush(store, now)
            self._tidy(store, now)
            self._say(RecorderState.OK)
        except TakenError:
            self._say(RecorderState.TAKEN)
        except _ERRORS as error:
            self._fail(error)

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self.write()
        self._end()

    def _end(self) -> None:
        self.write()
        if self._store is not None:
            try:
                self._store.leave()
            except sqlite3.Error as error:
                log.warning("%s: %s", self._path, error)
            self._close()
        self._health = Health(RecorderState.OFF, "The history is not being written: the recorder was stopped.")

    def _opened(self, now: float) -> Store:
        if self._store is None:
            store = Store(open_sound(self._path, MIGRATIONS), self._keeping, self._token)
            try:
                store.take(now)
                if self._newest is None:
                    self._newest = store.newest(now)
            except BaseException:
                store.close()
                raise
            self._store = store
        return self._store

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _gather(self) -> None:
        """Make a batch of the samples that came; forget the oldest where too much waits."""
        samples = [self._samples.popleft() for _ in range(len(self._samples))]
        if samples:
            self._waiting.append(batch_of([sample[:2] for sample in samples], (), MOST_SERIES))
        while len(self._waiting) > 1 and sum(batch.figures for batch in self._waiting) > _WAITING_FIGURES:
            self._lost += len(self._waiting.popleft().times)

    def _flush(self, store: Store, now: float) -> None:
        if self._waiting:
            store.append(self._waiting, now)
            self._newest = self._waiting[-1].times[-1]
            self._waiting.clear()
        elif not 0 <= now - self._beaten < HEARTBEAT_SECONDS / 2:
            store.take(now)
        else:
            return
        self._beaten = now

    def _tidy(self, store: Store, now: float) -> None:
        while self._pins:
            store.pin([self._pins.popleft() for _ in range(len(self._pins))], now)
        rows, since, until = store.journal()
        if since is None or until is None:
            return
        span = self._keeping.span(self._keeping.finest)
        if rows >= SEAL_ROWS or since // span != until // span:
            store.seal(now)
            for due in store.due(until, _FOLDS_AT_ONCE):
                store.fold(due, now)

    def _fail(self, error: Exception) -> None:
        state = state_of(error, self._path.parent)
        log.warning("%s cannot be written: %s", self._path, error)
        self._close()
        if state == RecorderState.DAMAGED:
            set_aside(self._path)
        self._say(state, str(error))

    def _say(self, state: RecorderState, detail: str = "") -> None:
        if self._health.state != state:
            self._health = Health(state, sentence(state, self._path, detail), self._clock.time())
