"""Time, passed in: logic takes a clock, and only the composition root makes the real one."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where wall time (Unix seconds) and monotonic time (seconds since some moment) come from."""

    def time(self) -> float:
        """Return Unix seconds; may jump."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever rise; stands still or not during a suspend, by platform."""
        ...


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        """Return ``time.time()``."""
        return time.time()

    def monotonic(self) -> float:
        """Return ``time.monotonic()``."""
        return time.monotonic()
