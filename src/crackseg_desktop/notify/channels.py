"""The remote channels: which alerts each takes, and how long one rests that failed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.notify.flood import REMOTE_CAP, Cap
from crackseg_desktop.notify.quiet import quiet_hours
from crackseg_desktop.readings import Severity

if TYPE_CHECKING:
    from datetime import tzinfo

    from crackseg_desktop.notify.quiet import QuietHours
    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.settings import Settings

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 900.0
BREAKER_FAILURES = 5
"""After so many in a row the channel rests for the longest pause between single attempts."""

LONGEST_REQUESTED_PAUSE = 86_400.0
LONGEST_REST = 1.1 * LONGEST_REQUESTED_PAUSE

_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Channel:
    """A service that carries messages to a person. ``url`` is "keyring:NAME" or an address without a secret."""

    name: str
    url: str
    severity: Severity = Severity.WARNING
    quiet: QuietHours | None = None
    cap: Cap = REMOTE_CAP

    def takes(self, event: AlertEvent) -> bool:
        """Say whether an alert is for this channel: its rule names it, or names none and it is severe enough."""
        if event.channels:
            return self.name in event.channels
        return _RANKS[event.severity] >= _RANKS[self.severity]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. ``error`` is None where the service took the message; it holds no secret.

    Attributes:
        retry_after: seconds that the service asked to wait, or None.
        refused: the service will not take this very message, however often it is sent.
    """

    error: str | None = None
    retry_after: float | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """A channel's failures in a row, the last error, and until when (Unix seconds) it rests."""

    until: float = 0.0
    failures: int = 0
    error: str = ""


def channels_from(settings: Settings, zone: tzinfo | None = None) -> tuple[Channel, ...]:
    """Return the channels that are switched on. ``zone`` is None for the machine's own time zone."""
    return tuple(channel_of(name, settings, zone) for name, chosen in settings.channels.items() if chosen.enabled)


def channel_of(name: str, settings: Settings, zone: tzinfo | None = None) -> Channel:
    """Return one channel of the settings, with quiet hours of its own or the common ones."""
    shared, chosen = settings.notifications, settings.channels[name]
    quiet = None
    if chosen.quiet_hours:
        own = quiet_hours(chosen.quiet_from, chosen.quiet_to, zone)
        quiet = own or quiet_hours(shared.quiet_from, shared.quiet_to, zone)
    return Channel(name, chosen.url, Severity(chosen.severity), quiet, Cap(shared.remote_per_hour, REMOTE_CAP.seconds))


def rest_after(before: Rest, outcome: Outcome, now: float, chance: float) -> Rest:
    """Return how long a channel rests after an attempt; ``chance`` from 0 to 1 spreads the attempts of many.

    The pause doubles from 5 s with each failure in a row, from the fifth on it is 15 min; what the service asked for
    (``Retry-After``) is never undercut.
    """
    if outcome.error is None:
        return Rest()
    failures = before.failures + 1
    pause = LONGEST_PAUSE if failures >= BREAKER_FAILURES else FIRST_PAUSE * 2 ** (failures - 1)
    requested = min(outcome.retry_after or 0.0, LONGEST_REQUESTED_PAUSE)
    return Rest(now + max(pause * (0.5 + chance / 2), requested * (1 + chance / 10)), failures, outcome.error)
