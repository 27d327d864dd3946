"""The quiet hours: from when to when a person wants to hear only of what is critical. Pure; time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` to ``end`` of every day, over midnight where the end is the earlier one.

    They follow the clock on the wall: when it is set forward or back an hour, so are they, and an hour that comes
    twice is quiet twice. ``zone`` is None for the machine's own time zone.
    """

    start: time
    end: time
    zone: tzinfo | None = None

    def cover(self, now: float) -> bool:
        """Say whether a moment (Unix seconds) is within them."""
        shown = datetime.fromtimestamp(now, self.zone).time()
        if self.start <= self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def quiet_hours(start: str, end: str, zone: tzinfo | None = None) -> QuietHours | None:
    """Return the quiet hours between two times such as "23:00"; None where one is missing or both are the same."""
    if not start or not end or start == end:
        return None
    return QuietHours(time.fromisoformat(start), time.fromisoformat(end), zone)
