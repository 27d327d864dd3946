"""The sampler thread: reads every source on its own tier and publishes one sample a tick, whatever a driver does."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from crackseg_desktop.hardware.driver import Driver, Outcome, Source
from crackseg_desktop.hardware.merging import carried, gpus_of, merge_hosts
from crackseg_desktop.hardware.schedule import ALL_TIERS, Periods, Schedule, Tick
from crackseg_desktop.readings import Part, Sample, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crackseg_desktop.clock import Clock

__all__ = ["Part", "Periods", "Sampler", "Source", "Tier"]

log = logging.getLogger(__name__)
_DEFAULT_PERIODS = Periods()
_FAST_ONLY = frozenset({Tier.FAST})


class Sampler:
    """Reads sources in tiers and publishes samples from a thread of its own.

    Each source has a daemon thread that does nothing but read it. A read over ``deadline`` seconds leaves that thread
    where it is, never doubles it, and takes the source up again when it comes back.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        publish: Callable[[Sample], None],
        clock: Clock,
        periods: Periods = _DEFAULT_PERIODS,
        deadline: float = 2.0,
        *,
        simulated: bool = False,
    ) -> None:
        self._publish, self._clock, self._deadline, self._simulated = publish, clock, deadline, simulated
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._drivers = tuple(Driver(source, self._outcomes) for source in sources)
        self._schedule = Schedule(periods)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False

    @property
    def stuck(self) -> tuple[str, ...]:
        """Return the sources whose thread did not end by ``stop``: the process must then end with ``os._exit``."""
        return tuple(driver.name for driver in self._drivers if self._stopping.is_set() and driver.alive)

    def start(self) -> None:
        """Start to sample; the first sample is published as soon as it is read."""
        if self._thread is not None:
            msg = "A sampler starts only once"
            raise RuntimeError(msg)
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Stop sampling and close the sources, within ``timeout`` seconds; idempotent, from any thread."""
        ends = self._clock.monotonic() + timeout
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        for driver in self._drivers:
            driver.dismiss()
        for driver in self._drivers:
            driver.join(max(0.0, min(timeout, ends - self._clock.monotonic())))

    def sample_once(self, settle: float = 0.3) -> Sample:
        """Read every tier, wait ``settle`` seconds so that rates exist, read the fast tier again, and close.

        For one-shot commands, instead of ``start``: in the caller's thread, and only once. No thread stays behind but
        those in ``stuck``.
        """
        if self._thread is not None or self._stopping.is_set():
            msg = "This sampler was used before"
            raise RuntimeError(msg)
        self._round(Tick(ALL_TIERS, gap=False))
        self._stopping.wait(settle)
        sample = self._round(Tick(_FAST_ONLY, gap=False))
        self.stop(timeout=0.5)
        return sample

    def _run(self) -> None:
        while not self._stopping.is_set():
            tick = self._schedule.tick(self._clock.time(), self._clock.monotonic())
            if tick.due:
                self._sample(tick)
            self._stopping.wait(self._schedule.wait(self._clock.monotonic()))

    def _sample(self, tick: Tick) -> None:
        """Sample and publish; whatever goes wrong once must not end the sampling."""
        try:
            self._publish(self._round(tick))
        except Exception:
            if not self._failing:
                log.exception("A sample could not be taken or published")
            self._failing = True
        else:
            self._failing = False

    def _round(self, tick: Tick) -> Sample:
        wall, monotonic = self._clock.time(), self._clock.monotonic()
        self._take_late_ones()
        asked = {driver for driver in self._drivers if driver.ask(tick.due, monotonic, resumed=tick.gap)}
        self._collect(asked, monotonic + self._deadline)
        for driver in asked:
            driver.give_up_waiting(self._deadline, wall)
        return self._merged(wall, monotonic, gap=tick.gap)

    def _take_late_ones(self) -> None:
        with suppress(Empty):
            while True:
                self._take(self._outcomes.get_nowait())

    def _collect(self, waiting: set[Driver], until: float) -> None:
        with suppress(Empty):
            while waiting:
                remaining = min(self._deadline, until - self._clock.monotonic())
                outcome = self._outcomes.get(timeout=max(0.0, remaining))
                self._take(outcome)
                waiting.discard(outcome.driver)

    def _take(self, outcome: Outcome) -> None:
        outcome.driver.take(outcome, self._clock.time(), self._clock.monotonic())

    def _merged(self, wall: float, monotonic: float, *, gap: bool) -> Sample:
        parts = [carried(driver.part, driver.health) for driver in self._drivers if driver.part is not None]
        return Sample(
            time=wall,
            monotonic=monotonic,
            host=merge_hosts(part.host for part in parts if part.host is not None),
            gpus=gpus_of(parts),
            own=next((part.own for part in parts if part.own is not None), None),
            sources=tuple(driver.health for driver in self._drivers),
            processes=tuple(process for part in parts for process in part.processes),
            gap=gap,
            simulated=self._simulated,
            table=next((part.table for part in parts if part.table is not None), None),
        )
