"""The words of a message to a mailbox, a chat or a phone, where there is room for the evidence. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from crackseg_desktop.notify.words import notification_of, tidy

if TYPE_CHECKING:
    from datetime import tzinfo

    from crackseg_desktop.notify.words import Notification
    from crackseg_desktop.readings import AlertEvent

_LINE_UNITS = 500
_CALLS = re.compile(r"([@<])(?=[\w!@#&])")
_BREAK = "\N{ZERO WIDTH SPACE}"


def message_of(event: AlertEvent, place: str = "", zone: tzinfo | None = None) -> Notification:
    """Put an alert into a message: the fact, its likely cause, what to try, and where (``place``) and when it was.

    ``zone`` is None for the machine's own time zone.
    """
    notification = notification_of(event)
    happened = datetime.fromtimestamp(event.time, zone)
    signature = ", ".join(filter(None, (tidy(place), f"{happened:%Y-%m-%d %H:%M:%S}")))
    evidence = (event.evidence.cause, event.evidence.advice) if event.evidence is not None else ()
    lines = [tidy(line)[:_LINE_UNITS] for line in (event.summary, *evidence) if line]
    return replace(notification, title=tame(notification.title), body=tame("\n".join([*lines, signature])))


def tame(text: str) -> str:
    """Keep names that others chose from calling people: "@everyone" in Discord, "<!channel>" in Slack."""
    return _CALLS.sub(rf"\1{_BREAK}", text)
