"""What every notifier can do: the contract between the router and its channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.notify.words import Notification

    ActionCallback = Callable[[str, str], None]
    """Takes the key of a notification and the action that a person chose on it."""

APP_NAME = "CrackSeg Desktop"
APP_ID = "crackseg-desktop"
"""The base name of the desktop entry, by which a desktop finds the application's icon and settings."""


class NotifyError(Exception):
    """A notifier could not show a notification; the message says why in a sentence."""


class Notifier(Protocol):
    """One way to reach the person at this machine. All calls come from the notifier thread and may block it."""

    @property
    def name(self) -> str:
        """Return the name that the settings and ``notify-test`` know it by."""
        ...

    def probe(self) -> str | None:
        """Return why it cannot be used here and now, or None where it can."""
        ...

    def show(self, notification: Notification) -> None:
        """Show it in place of an open one with the same key; raise NotifyError where that failed."""
        ...

    def withdraw(self, key: str) -> None:
        """Take back the open notification with this key; without one, or without a way to, do nothing."""
        ...


@runtime_checkable
class Answering(Protocol):
    """A notifier that tells which action a person chose."""

    def listen(self, on_action: ActionCallback) -> None:
        """Call ``on_action(key, action)`` from now on, in any thread."""
        ...


@runtime_checkable
class Considerate(Protocol):
    """A notifier that knows whether the person at this machine asked the desktop not to be disturbed."""

    @property
    def name(self) -> str:
        """Return the notifier's name."""
        ...

    def do_not_disturb(self) -> bool | None:
        """Say whether do-not-disturb is on; None where this desktop does not tell. Never raises."""
        ...


@runtime_checkable
class Wakeable(Protocol):
    """A notifier with a socket on which the notifier thread waits for it."""

    def fileno(self) -> int | None:
        """Return the socket's descriptor, or None while there is no connection."""
        ...

    def pump(self) -> None:
        """Handle what has arrived, without waiting."""
        ...


@runtime_checkable
class Closing(Protocol):
    """A notifier that holds a connection or a thread."""

    def close(self) -> None:
        """Let go of it; what is shown stays."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What happened to one notification at one notifier; ``error`` is None where it was shown."""

    time: float
    key: str
    notifier: str
    error: str | None
