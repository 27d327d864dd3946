"""Simulated sources for ``--demo``: the shape of the real sampler and follower, telling the story as if it were now.

The moment a source is made stands for 14:05 of the story, unless it is told another ``anchor``.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from crackseg_desktop.simulation.hardware import sample_at
from crackseg_desktop.simulation.training import points_until, runs_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.readings import CurvePoints, Event, RunFacts, Sample

PAST_SECONDS = 3600
PAST_PERIOD = 5


def story(clock: Clock, anchor: float | None = None) -> Iterator[Event]:
    """Yield all there is at the clock's time: the samples of the past hour and of now, then each run and its points."""
    now = clock.time()
    told = now if anchor is None else anchor
    yield from past_samples(now, clock.monotonic(), told)
    yield sample_at(now, clock.monotonic(), told)
    yield from told_runs(now, told)


def past_samples(now: float, monotonic: float, anchor: float) -> Iterator[Sample]:
    """Yield the hour before ``now``, the oldest sample first and without now itself."""
    for age in range(PAST_SECONDS, 0, -PAST_PERIOD):
        yield sample_at(now - age, monotonic - age, anchor)


def told_runs(now: float, anchor: float) -> Iterator[RunFacts | CurvePoints]:
    """Yield every run's facts and, after them, its points up to ``now`` as a baseline."""
    for facts in runs_at(now, anchor):
        yield facts
        yield from points_until(facts, now, anchor, baseline=True)


class _Worker:
    """A daemon thread that ends when it is asked to."""

    def __init__(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=work, args=(self._stopping,), name=name, daemon=True)

    def start(self) -> None:
        """Begin; once only."""
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """End within ``timeout`` seconds; idempotent, from any thread, also before ``start``."""
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)


class SimulatedSampler(_Worker):
    """Publishes the past hour at once, then a sample every ``period`` seconds, from a thread of its own."""

    def __init__(
        self, publish: Callable[[Sample], None], clock: Clock, period: float = 1.0, *, anchor: float | None = None
    ) -> None:
        super().__init__("simulated sampler", self._work)
        self._publish, self._clock, self._period = publish, clock, period
        self._anchor = clock.time() if anchor is None else anchor

    @property
    def stuck(self) -> tuple[str, ...]:
        """Return no source: a simulated driver always answers."""
        return ()

    def sample_once(self) -> Sample:
        """Return the sample of now, for one-shot commands; starts no thread."""
        return sample_at(self._clock.time(), self._clock.monotonic(), self._anchor)

    def _work(self, stopping: threading.Event) -> None:
        for sample in past_samples(self._clock.time(), self._clock.monotonic(), self._anchor):
            if stopping.is_set():
                return
            self._publish(sample)
        while not stopping.is_set():
            self._publish(self.sample_once())
            stopping.wait(self._period)


class SimulatedFollower(_Worker):
    """Publishes all runs with their points so far, then what the running one logs, from a thread of its own."""

    def __init__(
        self,
        publish: Callable[[RunFacts | CurvePoints], None],
        clock: Clock,
        period: float = 1.0,
        *,
        anchor: float | None = None,
    ) -> None:
        super().__init__("simulated follower", self._work)
        self._publish, self._clock, self._period = publish, clock, period
        self._anchor = clock.time() if anchor is None else anchor

    def _work(self, stopping: threading.Event) -> None:
        told_until = self._clock.time()
        for event in told_runs(told_until, self._anchor):
            if stopping.is_set():
                return
            self._publish(event)
        while not stopping.wait(self._period):
            told_until = self._tell_news(told_until)

    def _tell_news(self, since: float) -> float:
        """Publish what was logged in the meantime and return until when; a clock set back tells nothing twice."""
        now = self._clock.time()
        for facts in runs_at(now, self._anchor):
            news = tuple(points_until(facts, now, self._anchor, since=since))
            for points in news:
                self._publish(points)
            if news:
                self._publish(facts)
        return max(since, now)
