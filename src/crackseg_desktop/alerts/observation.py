"""What the engine is told: one value of one subject, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.readings import Severity


@dataclass(frozen=True, slots=True)
class Observation:
    """One value that a rule can judge.

    ``labels`` identify the subject; ``subject``, ``detail`` (the evidence) and ``fact`` (what became so, where the
    rule alone cannot know) are its words. ``kind`` names which of several known causes it has, and ``severity`` is
    how severe it is at most, where that depends on more than the value (a plateau near the planned end).
    """

    metric: str
    labels: Mapping[str, str]
    value: float
    subject: str
    detail: str = ""
    fact: str = ""
    simulated: bool = False
    kind: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When observations are judged: ``wall`` in Unix seconds, ``monotonic`` for durations."""

    wall: float
    monotonic: float


Labels = tuple[tuple[str, str], ...]
"""The labels of a subject as sorted pairs."""
Key = tuple[str, Labels]
"""A rule's name and a subject."""


def labels_key(labels: Mapping[str, str]) -> Labels:
    """Return labels as something that can be a key."""
    return tuple(sorted(labels.items()))
