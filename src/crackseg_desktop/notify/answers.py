"""Listening in on the HTTP answers that apprise throws away: their status, and when to come back (``Retry-After``).

Most of apprise's services call ``requests``, which asks ``default_hooks`` for what to call with each answer. Services
that speak something else (SMTP, MQTT, XMPP, IRC) give no answers here: of them it is only known whether they failed.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an HTTP answer and what its ``Retry-After`` says, if anything."""

    status: int
    retry_after: str | None


_heard: ContextVar[list[Answer] | None] = ContextVar("heard", default=None)


@contextmanager
def overheard() -> Iterator[list[Answer]]:
    """Collect the answers to what this thread asks by ``requests`` in this context."""
    _listen()
    answers: list[Answer] = []
    token = _heard.set(answers)
    try:
        yield answers
    finally:
        _heard.reset(token)


def retry_after(answers: list[Answer], now: float) -> float | None:
    """Return the seconds that the last answer asks to wait: a number, or a date (RFC 9110); None without a word."""
    text = answers[-1].retry_after if answers else None
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime  # half a megabyte that few answers need

    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now)


def _listen() -> None:
    from requests import sessions

    if sessions.default_hooks is not _hooks:
        sessions.default_hooks = _hooks


def _hooks() -> dict[str, list[Any]]:
    return {"response": [_hear]}


def _hear(response: Any, *args: object, **options: object) -> None:
    answers = _heard.get()
    if answers is not None:
        answers.append(Answer(response.status_code, response.headers.get("Retry-After")))
