"""When to read what: the tiers' periods, ticks that are skipped rather than queued, and gaps in time."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from crackseg_desktop.readings import Tier

LONGEST_TICK = 5.0  # seconds between two samples beyond which something else than a slow driver happened
ALL_TIERS = frozenset(Tier)


@dataclass(frozen=True, slots=True)
class Periods:
    """Seconds between two readings of each tier."""

    fast: float = 1.0
    medium: float = 5.0
    slow: float = 30.0

    def of(self, tier: Tier) -> float:
        """Return the period of a tier in seconds."""
        return {Tier.FAST: self.fast, Tier.MEDIUM: self.medium, Tier.SLOW: self.slow}[tier]


@dataclass(frozen=True, slots=True)
class Tick:
    """One moment to read at: the tiers whose turn it is, and whether time jumped since the tick before."""

    due: frozenset[Tier]
    gap: bool


class Schedule:
    """Decides at each tick what is due. Belongs to the sampler thread."""

    def __init__(self, periods: Periods) -> None:
        self._periods = periods
        self._next: dict[Tier, float] = {}
        self._last: tuple[float, float] | None = None

    def tick(self, wall: float, monotonic: float) -> Tick:
        """Return what is due at this moment and plan the next; after a gap everything is due."""
        gap = self._jumped(wall, monotonic)
        self._last = (wall, monotonic)
        if gap:
            self._next.clear()
        due = frozenset(tier for tier in Tier if monotonic >= self._next.get(tier, monotonic))
        for tier in due:
            self._plan(tier, monotonic)
        return Tick(due, gap)

    def wait(self, monotonic: float) -> float:
        """Return the seconds until the next fast tick."""
        return max(0.0, self._next.get(Tier.FAST, monotonic) - monotonic)

    def _plan(self, tier: Tier, monotonic: float) -> None:
        period, planned = self._periods.of(tier), self._next.get(tier, monotonic)
        self._next[tier] = planned + period * (floor((monotonic - planned) / period) + 1)

    def _jumped(self, wall: float, monotonic: float) -> bool:
        if self._last is None:
            return False
        passed_wall, passed = wall - self._last[0], monotonic - self._last[1]
        # The monotonic clock stands still during a suspend on Linux and runs on elsewhere: either sign counts.
        return abs(passed_wall - passed) > 2 * self._periods.fast or passed > max(LONGEST_TICK, 3 * self._periods.fast)
