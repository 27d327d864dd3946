"""The recorder: what is measured becomes history. One thread writes; whoever measures never waits for a disk.

Samples wait in memory for at most eight seconds, then they are in the file's journal: that is all a kill can lose.
Where the file cannot be written, the newest are kept in memory up to a cap, writing is tried again every eight seconds,
and the state says why in a sentence. Two instances on one folder: the second notices the heartbeat of the first and
only writes when that has ended.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from crackseg_desktop.history.clockwatch import ClockWatch, Doubt
from crackseg_desktop.history.forgetting import forget, shrink
from crackseg_desktop.history.health import Health, RecorderState, sentence, state_of
from crackseg_desktop.history.journal import Batch, batch_of
from crackseg_desktop.history.retention import Pin
from crackseg_desktop.history.schema import FILE_NAME, MIGRATIONS
from crackseg_desktop.history.store import BEAT_SECONDS, SEAL_ROWS, WAL_BYTES, Store, TakenError
from crackseg_desktop.history.tiers import DEFAULT_KEEPING, Keeping, keeping_of
from crackseg_desktop.history.writer import new_token
from crackseg_desktop.series import Gap
from crackseg_desktop.storage import NewerDatabaseError, open_sound, set_aside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.series import SeriesKey

__all__ = ["FILE_NAME", "Health", "Keeping", "Recorder", "RecorderState", "keeping_of"]

log = logging.getLogger(__name__)

FLUSH_SECONDS = 8.0
MOST_SERIES = 4000
"""Of one sample; figures beyond are left out."""

_WAITING_SAMPLES = 3600
_WAITING_FIGURES = 1_000_000
_WAITING_PINS = 10_000
_RESTART_SECONDS = 30.0
_FOLDS_AT_ONCE = 60
_ERRORS = (OSError, sqlite3.Error, NewerDatabaseError)


class Recorder:
    """Writes the history in a data directory. ``add``, ``pin`` and ``health`` are for any thread and never wait."""

    def __init__(self, folder: Path, clock: Clock, keeping: Keeping = DEFAULT_KEEPING) -> None:
        self._path = folder / FILE_NAME
        self._clock = clock
        self._keeping = keeping
        self._token = new_token()
        self._health = Health(RecorderState.OFF, "The history is not being written: the recorder was not started.")
        self._samples: deque[tuple[float, Mapping[SeriesKey, float], str]] = deque(maxlen=_WAITING_SAMPLES)
        self._pins: deque[Pin] = deque(maxlen=_WAITING_PINS)
        self._waiting: deque[Batch] = deque()
        self._watch = ClockWatch()
        self._doubt_kept: Doubt | None = None
        self._continued = False
        self._resumed: float | None = None  # the newest sample of the session before
        self._damaged = False
        self._untidy: float | None = (
            None  # at which sample's time the journal became blocks, while some wait for folding
        )
        self._beaten = 0.0
        self._said = (RecorderState.OFF, "", 0)
        self._overflowed = 0
        self._lost = 0
        self._hole: Gap | None = None
        self._store: Store | None = None
        self._identity: tuple[int, ...] = ()
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
            self._overflowed += 1
        self._samples.append((time, figures, gap))

    def pin(self, since: float, until: float, period: float = 1.0) -> None:
        """Keep the tier of a period (seconds) over a span for longer than its age."""
        tier = max((known for known in self._keeping.periods if known <= period), default=self._keeping.finest)
        if tier > self._keeping.finest:  # whole buckets
            since, until = since // tier * tier, -(-until // tier) * tier
        self._pins.append(Pin(tier, since, until))

    def write(self) -> None:
        """Write what waits, and tidy. What the thread does every eight seconds; tests call it instead."""
        now = self._clock.time()
        try:
            self._gather()
            store = self._opened(now)
            self._flush(store, now)
            self._tidy(store, now)
            self._say_written()
        except TakenError:
            self._close()
            self._say(RecorderState.TAKEN)
        except _ERRORS as error:
            self._fail(error)

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self._write_whatever_comes()
        self._end()

    def _write_whatever_comes(self) -> None:
        """Write; a figure that is no number must not end the history."""
        try:
            self.write()
        except Exception as error:
            if self._health.state != RecorderState.FAILED:
                log.exception("the history cannot be written")
            self._waiting.clear()
            self._say(RecorderState.FAILED, str(error))

    def _end(self) -> None:
        self._write_whatever_comes()
        if self._store is not None:
            with suppress(sqlite3.Error):  # the next instance then waits for the last heartbeat to age
                self._store.leave()
            self._close()
        self._health = Health(RecorderState.OFF, "The history is not being written: the recorder was stopped.")

    def _gather(self) -> None:
        """Make a batch of the samples that came; forget the oldest where too much waits."""
        samples = [self._samples.popleft() for _ in range(len(self._samples))]
        if not samples:
            return
        gaps = []
        if self._overflowed and self._watch.last is not None:
            self._lose(self._watch.last, samples[0][0], self._overflowed)
            self._overflowed = 0
        for time, _, reason in samples:
            before = self._watch.last
            self._watch.see(time)
            if reason and before is not None and before < time:
                gaps.append(Gap(before, time, reason))
        self._waiting.append(batch_of([sample[:2] for sample in samples], gaps, MOST_SERIES))
        while len(self._waiting) > 1 and sum(batch.figures for batch in self._waiting) > _WAITING_FIGURES:
            lost = self._waiting.popleft()
            self._lose(lost.times[0], lost.times[-1], len(lost.times))

    def _lose(self, since: float, until: float, samples: int) -> None:
        """Remember that samples could not be kept, to say so once something can be written again."""
        self._lost += samples
        self._hole = Gap(min(since, self._hole.since) if self._hole else since, until, "not recorded")

    def _opened(self, now: float) -> Store:
        if self._store is not None and self._identity != _identity(self._path):
            log.warning("%s was taken away while it was written to, and is begun anew", self._path)
            self._close()
        if self._store is None:
            store = Store(open_sound(self._path, MIGRATIONS), self._keeping, self._token)
            try:
                store.take(now)
                self._continue(store, now)
            except BaseException:
                store.close()
                raise
            self._store, self._identity = store, _identity(self._path)
        return self._store

    def _continue(self, store: Store, now: float) -> None:
        """Go on where an earlier session, or another instance that has ended, left off."""
        newest = store.newest(now)
        if self._health.state == RecorderState.TAKEN and newest is not None:
            self._waiting = deque(batch for batch in self._waiting if batch.times[-1] > newest)
        if not self._continued:
            self._continued, self._resumed, self._doubt_kept = True, newest, store.doubt()
            self._watch = ClockWatch(newest, self._doubt_kept)
            for batch in self._waiting:
                for time in batch.times:
                    self._watch.see(time)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _flush(self, store: Store, now: float) -> None:
        if self._waiting:
            self._tell_gaps()
            store.append(self._waiting, now)
            self._waiting.clear()
        elif not 0 <= now - self._beaten < BEAT_SECONDS:
            store.take(now)
        else:
            return
        self._beaten = now

    def _tell_gaps(self) -> None:
        """Add to what is written next why there is nothing before it."""
        first, before = self._waiting[0].times[0], self._resumed
        if before is not None and first - before > _RESTART_SECONDS:
            self._waiting[0] = self._waiting[0].with_gap(Gap(before, first, "not running"))
        if self._hole:
            self._waiting[0] = self._waiting[0].with_gap(self._hole)
        self._resumed = self._hole = None

    def _tidy(self, store: Store, now: float) -> None:
        self._pin(store, now)
        if self._watch.doubt != self._doubt_kept:
            store.keep_doubt(self._watch.doubt, now)
            self._doubt_kept = self._watch.doubt
        rows, since, until = store.journal
        span = self._keeping.span(self._keeping.finest)
        if rows >= SEAL_ROWS or (rows and since // span != until // span):
            store.seal(now)
            self._untidy = until
        if self._untidy is not None and not self._fold(store, self._untidy, now):
            self._forget(store, now)
            self._untidy = None

    def _pin(self, store: Store, now: float) -> None:
        if pins := tuple(self._pins):
            store.pin(pins, now)
            for _ in pins:
                self._pins.popleft()

    def _fold(self, store: Store, time: float, now: float) -> bool:
        """Fold what is complete at ``time``, some at once; return whether there may be more."""
        due = store.due(time, _FOLDS_AT_ONCE)
        if due:
            store.fold(due, now)
        return bool(due)

    def _forget(self, store: Store, now: float) -> None:
        if self._watch.doubt is None:
            forget(store, now)
        if (over := store.used() + WAL_BYTES - self._keeping.most_bytes) > 0:
            shrink(store, over, now)
        store.give_back()

    def _fail(self, error: Exception) -> None:
        state = state_of(error, self._path.parent)
        if state != self._health.state:
            log.warning("%s cannot be written: %s", self._path, error)
        self._close()
        if state == RecorderState.DAMAGED:
            try:
                set_aside(self._path)
                self._damaged = True
            except OSError as refusal:  # Windows, while somebody reads it
                state, error = RecorderState.FAILED, refusal
        self._say(state, str(error))

    def _say_written(self) -> None:
        if self._watch.sentence:
            self._say(RecorderState.CLOCK, self._watch.sentence)
        else:
            self._say(RecorderState.DAMAGED if self._damaged else RecorderState.OK)

    def _say(self, state: RecorderState, detail: str = "") -> None:
        said = state, detail, self._lost
        if said == self._said:
            return
        reason = sentence(state, self._path, detail)
        if self._lost and state not in (RecorderState.OK, RecorderState.TAKEN):
            reason += f" {self._lost} samples were lost."
        since = self._health.since if self._health.state == state else self._clock.time()
        self._said, self._health = said, Health(state, reason, since)


def _identity(path: Path) -> tuple[int, ...]:
    """Tell a file from another of its name: one that was deleted or emptied goes on taking what is written."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return status.st_dev, status.st_ino, bool(status.st_size)
