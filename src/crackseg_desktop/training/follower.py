"""Follows the runs live: a thread that looks at their files again and again and publishes what is new, in order."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from crackseg_desktop.readings import RunRemoved
from crackseg_desktop.training.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.readings import CurvePoints, Event, RunFacts
    from crackseg_desktop.training.reader import RunReader

log = logging.getLogger(__name__)

ACTIVE_SECONDS = 600.0
"""So long after its last point a run is looked at in every pass."""
_REDISCOVERY_SECONDS = 30.0


class Follower:
    """Watches folders for runs and follows them. ``publish`` is called in the follower's thread and may block.

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
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._active_interval = active_interval
        self._idle_interval = idle_interval
        self._library = Library(list(folders))
        self._added: list[Path] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._facts: dict[str, RunFacts] = {}
        self._began: float | None = None
        self._discovered = self._looked_at_all = float("-inf")
        self._settling = True
        self._active_until: dict[str, float] = {}

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
            self._added.append(path)
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
        new_roots = self._take_added()
        self._rediscover(force=bool(new_roots) or is_first)
        if everything:
            self._looked_at_all = self._clock.monotonic()
        is_due = (lambda reader: True) if everything else self._is_active
        for reader, chunks in self._library.read(now, settle=is_first or bool(new_roots), is_due=is_due):
            if self._stopping.is_set():
                return
            if is_first or _lies_in(reader, new_roots):
                self._tell(reader, [replace(chunk, baseline=True) for chunk in chunks])
            elif reader.id not in self._facts:
                self._tell(reader, [_marked_if_old(chunk, self._began) for chunk in chunks])
            else:
                self._tell(reader, chunks)

    def _take_added(self) -> list[Path]:
        with self._lock:
            added, self._added = self._added, []
        new = [folder for path in added if (folder := path.expanduser().resolve()) not in self._library.roots]
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
            if self._facts.pop(reader.id, None) is not None:
                self._publish(RunRemoved(reader.id))

    def _is_active(self, reader: RunReader) -> bool:
        """Say whether a run showed a sign of life lately, or is new."""
        return self._active_until.get(reader.id, float("inf")) > self._clock.monotonic()

    def _tell(self, reader: RunReader, chunks: list[CurvePoints]) -> None:
        """Publish a run's new points, then its facts where they changed.

        In this order the last points of a run, a NaN that ended it, are judged while it still counts as active.
        """
        facts = reader.facts()
        is_fresh = facts.updated is not None and self._clock.time() - facts.updated < ACTIVE_SECONDS
        if (chunks and reader.id in self._facts) or is_fresh:
            self._active_until[reader.id] = self._clock.monotonic() + ACTIVE_SECONDS
        self._active_until.setdefault(reader.id, self._clock.monotonic())
        for chunk in chunks:
            if self._stopping.is_set():
                return
            self._publish(chunk)
        if self._facts.get(reader.id) != facts:
            self._facts[reader.id] = facts
            self._publish(facts)


def _lies_in(reader: RunReader, folders: list[Path]) -> bool:
    return any(reader.plan.path.is_relative_to(folder) for folder in folders)


def _marked_if_old(points: CurvePoints, began: float) -> CurvePoints:
    """Mark points of a new run that are older than the watch: a run that was copied here is no news."""
    return replace(points, baseline=True) if 0 < points.wall_times[-1] < began else points
