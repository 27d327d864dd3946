"""What a person does not want to hear of, and until when. Pure.

A silence ends at its time of day, or once as much time has passed as lay between its beginning and that time of day,
whichever is first: a clock that is set back must not prolong it. One without an end lasts until its run ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crackseg_desktop.readings import Scope, Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crackseg_desktop.alerts.observation import Moment
    from crackseg_desktop.readings import AlertEvent

LONGEST_SECONDS = 30 * 86_400.0
"""A silence of a run that never comes back ends by itself."""


class Silences:
    """The silences there are. Belongs to one thread."""

    def __init__(self) -> None:
        self._ends: dict[Silence, float] = {}  # monotonic

    def all(self) -> tuple[Silence, ...]:
        """Return the silences, the oldest first."""
        return tuple(self._ends)

    def add(self, silence: Silence, at: Moment) -> None:
        """Begin one; it takes the place of another of the same subject."""
        self.remove(silence.scope, silence.subject)
        lasts = LONGEST_SECONDS if silence.until is None else min(silence.until - at.wall, LONGEST_SECONDS)
        if lasts > 0:
            self._ends[silence] = at.monotonic + lasts

    def remove(self, scope: Scope, subject: str) -> None:
        """End the silence of a subject."""
        self._keep(lambda silence: (silence.scope, silence.subject) != (scope, subject))

    def end_overdue(self, at: Moment) -> None:
        """End those whose time has come."""
        if self._ends:
            self._keep(lambda silence: not self._is_over(silence, at))

    def end_run(self, run: str) -> None:
        """End those that were to last until this run ends."""
        self._keep(lambda silence: silence.until is not None or not _is_of_run(silence, run))

    def cover(self, event: AlertEvent) -> bool:
        """Say whether an alert is silenced."""
        return any(covers(silence, event) for silence in self._ends)

    def document(self) -> list[dict[str, Any]]:
        """Describe them as JSON can hold them."""
        return [
            {"scope": item.scope.value, "subject": item.subject, "until": item.until, "made": item.made}
            for item in self._ends
        ]

    def restore(self, documents: Iterable[dict[str, Any]], at: Moment) -> None:
        """Take over what was described before; what has ended in the meantime is left out."""
        for item in documents:
            self.add(Silence(Scope(item["scope"]), item["subject"], item["until"], item["made"]), at)

    def _is_over(self, silence: Silence, at: Moment) -> bool:
        return at.monotonic >= self._ends[silence] or (silence.until is not None and at.wall >= silence.until)

    def _keep(self, wanted: Callable[[Silence], bool]) -> None:
        self._ends = {silence: end for silence, end in self._ends.items() if wanted(silence)}


def covers(silence: Silence, event: AlertEvent) -> bool:
    """Say whether a silence is about this alert."""
    match silence.scope:
        case Scope.ALL:
            return True
        case Scope.RULE:
            return event.rule == silence.subject
        case Scope.ALERT:
            return event.key == silence.subject
        case _:
            return event.labels.get(silence.scope.value) == silence.subject


def _is_of_run(silence: Silence, run: str) -> bool:
    if silence.scope == Scope.ALERT:
        return f"run={run}" in silence.subject.split(":")
    return (silence.scope, silence.subject) == (Scope.RUN, run)
