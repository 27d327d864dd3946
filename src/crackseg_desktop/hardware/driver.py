"""A source and the thread of its own that its driver may hang: requests in, outcomes out, nothing shared."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from crackseg_desktop.readings import Part, SourceHealth, SourceState

if TYPE_CHECKING:
    from crackseg_desktop.readings import Tier

log = logging.getLogger(__name__)
_LONGEST_BACK_OFF = 60.0


class Source(Protocol):
    """Something that can be read. All methods run in a thread that belongs to this source alone."""

    @property
    def name(self) -> str:
        """Return the name that its health is reported under."""
        ...

    @property
    def tiers(self) -> frozenset[Tier]:
        """Return the tiers that it has figures of; it is not read when none of them is due."""
        ...

    def read(self, due: frozenset[Tier]) -> Part:
        """Read the due tiers and return everything known; may block, may raise."""
        ...

    def resumed(self) -> None:
        """Forget what a gap in time makes wrong: rate baselines, open handles."""
        ...

    def close(self) -> None:
        """Give back what is open."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a driver thread is to do."""

    due: frozenset[Tier]
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: a part, or the sentence that says why there is none."""

    driver: Driver
    part: Part | None
    failure: str | None = None


class Driver:
    """The sampler's side of one source. Everything but the thread itself belongs to the sampler thread."""

    def __init__(self, source: Source, outcomes: SimpleQueue[Outcome]) -> None:
        self.name = source.name
        self.tiers = source.tiers
        self.part: Part | None = None  # the last good one
        self.health = SourceHealth(self.name, SourceState.OK)
        self.asked: float | None = None  # monotonic time of the request that is out
        self._source, self._outcomes = source, outcomes
        self._requests: SimpleQueue[Request | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._owed: frozenset[Tier] = frozenset()
        self._resume = False
        self._failures = 0
        self._retry_at = 0.0

    @property
    def busy(self) -> bool:
        """Say whether a request is out."""
        return self.asked is not None

    @property
    def alive(self) -> bool:
        """Say whether its thread is there."""
        return self._thread is not None and self._thread.is_alive()

    def ask(self, due: frozenset[Tier], monotonic: float, *, resumed: bool = False) -> bool:
        """Send a request for what is due or was missed, unless one is out or it is too early to retry."""
        self._owed |= due & self.tiers
        self._resume |= resumed
        if resumed:
            self._retry_at = monotonic
        if not self._owed or self.busy or monotonic < self._retry_at:
            return False
        self._start()
        self._requests.put(Request(self._owed, self._resume))
        self.asked, self._owed, self._resume = monotonic, frozenset(), False
        return True

    def take(self, outcome: Outcome, wall: float, monotonic: float) -> None:
        """Take over what the thread brought back."""
        self.asked = None
        if outcome.part is not None:
            self.part, self._failures = outcome.part, 0
            self._judge(outcome.part.state, outcome.part.reason, wall)
            return
        self._failures += 1
        self._owed = self.tiers
        self._retry_at = monotonic + min(2.0**self._failures, _LONGEST_BACK_OFF)
        self._judge(SourceState.FAILED, outcome.failure, wall)

    def give_up_waiting(self, deadline: float, wall: float) -> None:
        """Note that the request that is out is over its deadline (seconds); its thread is left alone."""
        self._judge(SourceState.NOT_RESPONDING, f"No answer within {deadline:g} s", wall)

    def dismiss(self) -> None:
        """Ask the thread to close the source and end, after what it is doing now."""
        if self._thread is not None:
            self._requests.put(None)

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, for at most ``timeout`` seconds; not for one that is overdue already."""
        if self._thread is not None:
            self._thread.join(0.0 if self.health.state is SourceState.NOT_RESPONDING else timeout)

    def _judge(self, state: SourceState, reason: str | None, wall: float) -> None:
        since = self.health.since if state is self.health.state and self.health.since is not None else wall
        self.health = SourceHealth(self.name, state, reason, since)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"driver-{self.name}", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        failing = False
        while (request := self._requests.get()) is not None:
            outcome = self._execute(request, failing)
            failing = outcome.part is None
            self._outcomes.put(outcome)
        try:
            self._source.close()
        except Exception:
            log.exception("Closing the source %s failed", self.name)

    def _execute(self, request: Request, failing: bool) -> Outcome:
        try:
            if request.resumed:
                self._source.resumed()
            return Outcome(self, self._source.read(request.due))
        except Exception as error:
            if not failing:
                log.exception("Reading the source %s failed", self.name)
            return Outcome(self, None, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
