"""Follows the runs live: a thread that looks at their files again and again and publishes what is new, in order."""

from __future__ import annotations

import logging
import math
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.curves import add_points
from crackseg_desktop.readings import FoldersRead, RunRemoved, RunResumed
from crackseg_desktop.training.followed import ACTIVE_SECONDS, is_resting
from crackseg_desktop.training.library import Library, knows_nothing
from crackseg_desktop.training.mounts import Mounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.curves import Curves
    from crackseg_desktop.readings import CurvePoints, Event, RunFacts, RunParked
    from crackseg_desktop.training.followed import FollowedRun, Recall
    from crackseg_desktop.training.mounts import Silence

log = logging.getLogger(__name__)

_REDISCOVERY_SECONDS = 30.0


class Follower:
    """Watches folders for runs and follows them. ``publish`` is called in the follower's thread and may block.

    A folder on a network mount that does not answer is left out until it does; see ``Library`` for ``answers``, and
    ``Mounts.silent`` for ``silent``.

    Points that were there when the program first looked are marked ``baseline``, those that came later are not. A run
    that began while it watched is news from its first point on.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        publish: Callable[[Event], None],
        clock: Clock,
        active_interval: float = 2.0,
        idle_interval: float = 15.0,
        recall: Recall = knows_nothing,
        answers: Callable[[Path], bool] | None = None,
        silent: Callable[[], Sequence[Silence]] = tuple,
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._active_interval = active_interval
        self._idle_interval = idle_interval
        mounts = Mounts(clock)
        self._answers, self._silent = (mounts.answers, mounts.silent) if answers is None else (answers, silent)
        self._library = Library(list(folders), recall, self._answers)
        self._added: list[Path] = []
        self._asked: list[tuple[str, Callable[[Curves], None]]] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._facts: dict[str, RunFacts] = {}
        self._began: float | None = None
        self._discovered = self._looked_at_all = float("-inf")
        self._settling = True
        self._active_until: dict[str, float] = {}
        self._parked: set[str] = set()
        self._read: FoldersRead | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="training-follower", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End within ``timeout`` seconds; a thread that is held up in ``publish`` is left, and ends after it."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def add_folder(self, path: Path) -> None:
        """Watch one more folder; what lies there already is baseline. From any thread."""
        with self._lock:
            self._added.append(Path(os.path.abspath(path.expanduser())))
        self._wake.set()

    def read_curves(self, run: str, answer: Callable[[Curves], None]) -> None:
        """Have the curves of a parked run read from its files, ``answer`` called in the follower's thread.

        It is not called for a run that is not parked (any more): its points are published. From any thread.
        """
        with self._lock:
            self._asked.append((run, answer))
        self._wake.set()

    def poll(self) -> None:
        """Look at everything once. What the thread does; tests call it instead."""
        self._pass(everything=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            everything = self._clock.monotonic() - self._looked_at_all >= self._idle_interval
            try:
                self._pass(everything=everything)
            except Exception:
                # What no reader foresaw must not end the watch; the next pass begins anew.
                log.exception("a pass over the watched folders failed")
            self._wake.wait(self._active_interval)

    def _pass(self, *, everything: bool) -> None:
        now = self._clock.time()
        is_first = self._began is None
        if self._began is None:
            self._began = now
        self._answer()
        new_roots = self._take_added()
        self._rediscover(force=bool(new_roots) or is_first)
        if everything:
            self._looked_at_all = self._clock.monotonic()
        is_due = (lambda reader: True) if everything else self._is_active
        for run, chunks in self._library.read(now, settle=is_first or bool(new_roots), is_due=is_due):
            if self._stopping.is_set():
                return
            self._answer()
            is_old = is_first or _lies_in(run, new_roots)
            self._tell(run, self._marked(run, chunks, since=math.inf if is_old else self._began))
            if not self._library.shares(run):
                self._park(run)
        for run in self._library.readers.values():
            self._park(run)
        self._tell_read()

    def _tell_read(self) -> None:
        read = FoldersRead(tuple((str(item.point), item.since) for item in self._silent()))
        if read != self._read:
            self._read = read
            self._publish(read)

    def _answer(self) -> None:
        with self._lock:
            asked, self._asked = self._asked, []
        for run_id, answer in asked:
            run = next((run for run in self._library.readers.values() if run.id == run_id), None)
            if run is not None and run.parked is not None:
                curves: Curves = {}
                for chunk in run.reread(self._clock.time()):
                    add_points(curves, chunk)
                answer(curves)

    def _take_added(self) -> list[Path]:
        with self._lock:
            added, self._added = self._added, []
        real = [Path(os.path.realpath(path)) if self._answers(path) else path for path in added]
        new = [folder for folder in real if folder not in self._library.roots]
        self._library.roots += new
        return new

    def _rediscover(self, *, force: bool) -> None:
        """Look for new and vanished runs: where a folder changed, once more after that, and now and then anyway."""
        since = self._clock.monotonic() - self._discovered
        is_outdated = force or since >= _REDISCOVERY_SECONDS or self._library.is_outdated(self._is_active)
        if not (is_outdated or self._settling):
            return
        self._settling = is_outdated
        self._discovered = self._clock.monotonic()
        for reader in self._library.refresh():
            self._parked.discard(reader.id)
            if self._facts.pop(reader.id, None) is not None:
                self._publish(RunRemoved(reader.id))

    def _is_active(self, reader: FollowedRun) -> bool:
        """Say whether a run showed a sign of life lately, or is new."""
        return self._active_until.get(reader.id, float("inf")) > self._clock.monotonic()

    def _marked(self, run: FollowedRun, chunks: Iterable[CurvePoints], since: float) -> Iterator[CurvePoints]:
        """Mark what was there before: of a new run what is older than ``since``, of a resumed one what was known."""
        known = self._facts.get(run.id)
        if known is not None and run.id not in self._parked:
            yield from chunks
            return
        before = since if known is None else known.updated or since
        for chunk in chunks:
            is_old = before == math.inf or 0 < chunk.wall_times[-1] <= before
            yield replace(chunk, baseline=True) if is_old else chunk

    def _tell(self, run: FollowedRun, chunks: Iterable[CurvePoints]) -> None:
        """Publish a run's new points, then its facts where they changed.

        In this order the last points of a run, a NaN that ended it, are judged while it still counts as active.
        """
        if run.parked is not None:
            self._tell_parked(run, run.parked)
            return
        if run.id in self._parked:
            self._publish(RunResumed(run.id))
        has_points = False
        for chunk in chunks:
            if self._stopping.is_set():
                return
            has_points = True
            self._publish(chunk)
        is_known = run.id in self._facts
        self._parked.discard(run.id)
        facts = run.facts()
        self._note_activity(facts, has_news=has_points and is_known)
        if self._facts.get(run.id) != facts:
            self._facts[run.id] = facts
            self._publish(facts)

    def _park(self, run: FollowedRun) -> None:
        """Park a run of which nothing more is to be expected."""
        facts = self._facts.get(run.id)
        if facts is None or run.parked is not None or self._is_active(run):
            return
        if is_resting(facts, self._clock.time()) and (parked := run.park()) is not None:
            self._tell_parked(run, parked)

    def _tell_parked(self, run: FollowedRun, parked: RunParked) -> None:
        """Publish once that a run is parked."""
        if run.id not in self._parked:
            self._parked.add(run.id)
            self._facts[run.id] = parked.facts
            self._active_until.setdefault(run.id, self._clock.monotonic())
            self._publish(parked)

    def _note_activity(self, facts: RunFacts, *, has_news: bool) -> None:
        is_fresh = facts.updated is not None and self._clock.time() - facts.updated < ACTIVE_SECONDS
        if has_news or is_fresh:
            self._active_until[facts.id] = self._clock.monotonic() + ACTIVE_SECONDS
        self._active_until.setdefault(facts.id, self._clock.monotonic())


def _lies_in(run: FollowedRun, folders: list[Path]) -> bool:
    return any(run.plan.path.is_relative_to(folder) for folder in folders)
