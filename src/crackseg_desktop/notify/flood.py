"""The flood cap: at most six notifications in a minute, then one digest of the rest. Pure; time is passed in."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from crackseg_desktop.notify.words import digest_of

if TYPE_CHECKING:
    from crackseg_desktop.notify.words import Notification

LIMIT = 6
WINDOW_SECONDS = 60.0


class FloodGate:
    """Decides what is shown at once and what waits for the digest. Belongs to one thread; times are monotonic."""

    def __init__(self, limit: int = LIMIT, window: float = WINDOW_SECONDS) -> None:
        self._limit = limit
        self._window = window
        self._shown: deque[float] = deque()
        self._held: dict[str, Notification] = {}
        self._unnamed = 0

    def admit(self, notification: Notification, now: float) -> bool:
        """Say whether to show it now; what is not admitted is held for the digest.

        An alert that comes and goes while it is held is left out of the digest: nobody had heard of it.
        """
        self._forget_before(now - self._window)
        if not self._waiting and len(self._shown) < self._limit:
            self._shown.append(now)
            return True
        earlier = self._held.pop(notification.key, None)
        if earlier is None or earlier.resolved or not notification.resolved:
            self._held[notification.key] = notification
        return False

    def miss(self, count: int) -> None:
        """Count notifications that were lost before they came here into the next digest."""
        self._unnamed += count

    def wait(self, now: float) -> float | None:
        """Return the seconds until the digest is due, or None while nothing waits for it."""
        if not self._waiting:
            return None
        if len(self._shown) < self._limit:
            return 0.0
        return max(0.0, self._shown[0] + self._window - now)

    def digest(self, now: float) -> Notification | None:
        """Return the digest once it is due, and begin anew; it counts as one notification."""
        if self.wait(now) != 0.0:
            return None
        self._forget_before(now - self._window)
        digest = digest_of(tuple(self._held.values()), self._unnamed)
        self._held.clear()
        self._unnamed = 0
        self._shown.append(now)
        return digest

    @property
    def _waiting(self) -> bool:
        return bool(self._held or self._unnamed)

    def _forget_before(self, moment: float) -> None:
        while self._shown and self._shown[0] <= moment:
            self._shown.popleft()
