"""Damping of what comes and goes: each return within half an hour doubles how long it must stay away to be over. Pure.

So an alert that flaps stays one alert, of which nobody is told twice, and nothing of it is lost: it fires on. From the
third time within half an hour it is told as flapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW_SECONDS = 1800.0
FIRST_WAIT, LONGEST_WAIT = 120.0, 3600.0
FLAPS = 3


@dataclass(slots=True)
class Flaps:
    """How often one rule and subject fired lately; times are monotonic.

    ``wait`` is how many seconds its value must stay on the good side, beside what the rule asks for.
    """

    times: list[float] = field(default_factory=list)
    wait: float = 0.0

    @property
    def occurrence(self) -> int:
        """Return which firing within the window the last one was; at least 1."""
        return max(1, len(self.times))

    def fire(self, now: float) -> None:
        """Count one more firing."""
        returned = not self.is_over(now)
        self.wait = min(max(FIRST_WAIT, 2 * self.wait), LONGEST_WAIT) if returned else 0.0
        self.times = [*(time for time in self.times if now - time < WINDOW_SECONDS), now]

    def is_over(self, now: float) -> bool:
        """Say whether the last firing is so long ago that the next counts as the first."""
        return not self.times or now - self.times[-1] >= max(WINDOW_SECONDS, 2 * self.wait)

    def document(self, now: float) -> dict[str, Any]:
        """Describe it as JSON can hold it, with ages in seconds for times."""
        return {"ages": [now - time for time in self.times], "wait": self.wait}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], now: float) -> Flaps:
        """Return what was described so many seconds ago that ``now`` (monotonic) counts from there."""
        return cls([now - float(age) for age in document["ages"]], float(document["wait"]))
