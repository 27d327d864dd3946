"""The words of a notification: from an alert to a title, a body and what can be answered. Pure.

Lengths are in UTF-16 units, in which the narrowest service (the Windows balloon) counts.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from crackseg_desktop.readings import AlertState, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.readings import AlertEvent

TITLE_UNITS = 63
BODY_UNITS = 255
DIGEST_KEY = "digest"
TEST_KEY = "notify-test"

_ELLIPSIS = "…"
_RESOLVED = "Resolved: "
_SIMULATED = "Simulated: "
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NAMED_IN_DIGEST = 3
_SUBJECT_LABELS = ("gpu", "run", "mount")
_URGENT = "!"


class Urgency(IntEnum):
    """How much a notification presses; the values are those of the D-Bus urgency byte."""

    LOW = 0
    NORMAL = 1
    CRITICAL = 2


class Action(StrEnum):
    """What a person can answer on a notification."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    SHOW = "show"

    @property
    def label(self) -> str:
        """Return the words on its button."""
        return _LABELS[self]


_LABELS = {Action.ACKNOWLEDGE: "Acknowledge", Action.SNOOZE: "Snooze 1 h", Action.SHOW: "Open"}

_URGENCIES = {Severity.INFO: Urgency.LOW, Severity.WARNING: Urgency.NORMAL, Severity.CRITICAL: Urgency.CRITICAL}


@dataclass(frozen=True, slots=True)
class Notification:
    """What a notifier shows. A notification replaces the open one with the same ``key``.

    ``title`` has at most 63, ``body`` at most 255 UTF-16 units (of a remote message: lines, as many as it needs);
    neither has control characters or markup.

    Attributes:
        group: identifies what it is about; what follows soon about the same is gathered.
        about: names that for a person, such as "GPU 1".
    """

    key: str
    title: str
    body: str
    urgency: Urgency
    actions: tuple[Action, ...] = ()
    resolved: bool = False
    group: str = ""
    about: str = ""
    simulated: bool = False

    @property
    def group_key(self) -> str:
        """Identify what it is gathered with: what is critical does not wait for what is not."""
        return f"{self.group or self.key}{_URGENT if self.urgency == Urgency.CRITICAL else ''}"

    @property
    def is_digest(self) -> bool:
        """Say whether it stands for notifications of many subjects."""
        return self.key == DIGEST_KEY


def notification_of(event: AlertEvent) -> Notification:
    """Put an alert into words.

    The title of a recovery begins with "Resolved: ", that of a simulated alert with "Simulated: "; where both hold,
    "Resolved: " comes first. A recovery is never critical and needs no answer.
    """
    resolved = event.state == AlertState.RESOLVED
    title = tidy(event.title) or tidy(event.subject) or event.rule
    if event.simulated:
        title = _prefixed(_SIMULATED, title)
    if resolved:
        title = _prefixed(_RESOLVED, title)
    answerable = not resolved and event.severity != Severity.INFO
    return Notification(
        key=event.key,
        title=clip(title, TITLE_UNITS),
        body=clip(tidy(event.summary), BODY_UNITS),
        urgency=min(_URGENCIES[event.severity], Urgency.NORMAL) if resolved else _URGENCIES[event.severity],
        actions=tuple(Action) if answerable else (Action.SHOW,),
        resolved=resolved,
        group=_group_of(event),
        about=tidy(event.subject),
        simulated=event.simulated,
    )


def digest_of(held: Sequence[Notification], unnamed: int = 0, *, quiet: bool = False) -> Notification:
    """Put what was held back, and ``unnamed`` more, into one notification with the most urgent first.

    ``quiet`` says that the quiet hours held it back, not the flood cap.
    """
    count = len(held) + unnamed
    alerts = "1 alert" if count == 1 else f"{count} alerts"
    title = f"{alerts} while it was to be quiet" if quiet else alerts.replace(" ", " more ", 1)
    return Notification(
        key=DIGEST_KEY,
        title=_labelled(title, held),
        body=_titles_of(held),
        urgency=max((notification.urgency for notification in held), default=Urgency.NORMAL),
        actions=(Action.SHOW,),
    )


def gathered_of(group: Sequence[Notification]) -> Notification:
    """Put what came about one subject within a few seconds into one notification; a single one is left as it is."""
    if len(group) == 1:
        return group[0]
    first = group[0]
    return Notification(
        key=f"group:{first.group_key}",
        title=clip(_labelled(f"{len(group)} alerts on {first.about}", group), TITLE_UNITS),
        body=_titles_of(group),
        urgency=max(notification.urgency for notification in group),
        actions=(Action.SHOW,),
        group=first.group,
        about=first.about,
        simulated=any(notification.simulated for notification in group),
    )


def test_message() -> Notification:
    """Return what ``notify-test`` and the settings page show."""
    return Notification(
        key=TEST_KEY,
        title="Test from CrackSeg Desktop",
        body="Alerts reach you here.",
        urgency=Urgency.NORMAL,
        actions=(Action.SHOW,),
    )


def tidy(text: str) -> str:
    """Return the text on one line, without control characters and overrides of the writing direction.

    Run names come from folders that anybody may have named; lone surrogates, which Python makes of bytes that are no
    UTF-8, cannot be sent and become U+FFFD.
    """
    return " ".join("".join(_tidied(character) for character in text).split())


def clip(text: str, units: int) -> str:
    """Cut a text to a number of UTF-16 units, at a word where there is one, with an ellipsis."""
    if utf16_units(text) <= units:
        return text
    head = _head(text, units - 1)
    space = head.rfind(" ")
    if text[len(head)] != " " and space > len(head) // 2:
        head = head[:space]
    return head.rstrip(" ,;:.–-") + _ELLIPSIS


def utf16_units(text: str) -> int:
    """Return how many UTF-16 units a text takes."""
    return len(text) + sum(character > "\uffff" for character in text)


def _group_of(event: AlertEvent) -> str:
    named = next((label for label in _SUBJECT_LABELS if label in event.labels), None)
    return f"{named}={event.labels[named]}" if named is not None else event.subject


def _titles_of(notifications: Sequence[Notification]) -> str:
    ranked = sorted(notifications, key=lambda notification: -notification.urgency)
    return clip("; ".join(notification.title for notification in ranked[:_NAMED_IN_DIGEST]), BODY_UNITS)


def _labelled(title: str, told: Sequence[Notification]) -> str:
    """Label the title of several notifications as simulated where one of them is."""
    return _prefixed(_SIMULATED, title) if any(item.simulated for item in told) else title


def _prefixed(prefix: str, title: str) -> str:
    return title if title.startswith(prefix) else prefix + title


def _tidied(character: str) -> str:
    if character in _BIDI_CONTROLS:
        return ""
    match unicodedata.category(character):
        case "Cc":
            return " " if character.isspace() else ""
        case "Cs":
            return _REPLACEMENT
        case _:
            return character


def _head(text: str, units: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += 2 if character > "\uffff" else 1
        if taken > units:
            return text[:index]
    return text
