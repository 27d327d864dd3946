"""Rates out of counters that only rise, while nothing goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = TypeVar("Key")

NOT_YET = "a rate needs two readings"
WENT_BACK = "its counter started anew"


class Rates:
    """Remembers counters and tells how fast they rose since they were seen last. Belongs to one thread."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, float]] = {}

    def rate(self, key: str, count: float, now: float) -> float | None:
        """Return the rise per second since the last call with this key, or None at the first or after a reset.

        ``now`` is monotonic seconds.
        """
        before = self._before.get(key)
        self._before[key] = (count, now)
        if before is None or now <= before[1] or count < before[0]:
            return None
        return (count - before[0]) / (now - before[1])

    def total(self, prefix: str, counts: Mapping[str, float], now: float) -> float | None:
        """Return the sum of the rates of all counters that have one, or None where none has.

        What appears or vanishes in between (a disk that is unplugged) does not count.
        """
        rates = [self.rate(f"{prefix}/{name}", count, now) for name, count in counts.items()]
        known = [rate for rate in rates if rate is not None]
        return sum(known) if known else None

    def forget(self) -> None:
        """Begin anew, after a gap in time."""
        self._before.clear()
