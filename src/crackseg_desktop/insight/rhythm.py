"""The rhythm of a run: how long a silence its own figures explain. Pure, in O(1) memory a curve.

A run that logs by step is silent while it validates and saves; those pauses are in its own curves. So once it has
passed ``_EPOCHS_FOR_PAUSES`` epochs or validations, it may be silent for three times the longest pause between two
points of its finest curve, over at least the newer half of the run. Before that, or without such a curve, it may take
three of its longest recent epochs; and before two epochs have ended (a data set scan, compilation, the first
validation) as long as ``SILENCE_WITHOUT_RHYTHM``, three times the longest pause, or half the time it has trained (at
most half an hour), whichever is most. A pause over five times the second longest was an interruption (a suspended
machine) and is no rhythm. Event files are flushed every 120 s by default, so that no silence under ``SHORTEST_STALL``
says anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice, pairwise
from operator import sub
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crackseg_desktop.insight.summary import RunSummary
    from crackseg_desktop.readings import RunFacts

PATIENCE = 3
"""So many times its longest usual pause may a run be silent."""
SILENCE_WITHOUT_RHYTHM = 600.0
SHORTEST_STALL = 300.0

_RECENT_EPOCHS = 10
_EPOCHS_FOR_PAUSES = 4
_FINER = 4
"""So many times the points of the epochs must a curve have to be finer than they are."""
_SHARE_BEFORE_RHYTHM = 0.5
_LONGEST_BEFORE_RHYTHM = 1800.0
_INTERRUPTION = 5.0
_FIRST_WINDOW = 64


@dataclass(slots=True)
class Pauses:
    """The longest pauses between the points of one curve, of two windows: the newer one ends at its newest point.

    A window ends when the count of points has doubled, so that both hold at least the newer half of the points.
    """

    newer: tuple[float, float] = (0.0, 0.0)
    older: tuple[float, float] = (0.0, 0.0)
    _count: int = field(default=0, repr=False)
    _last: float = field(default=0.0, repr=False)
    _window_end: int = field(default=_FIRST_WINDOW, repr=False)

    def add(self, times: Sequence[float]) -> None:
        """Take over when points were logged (Unix seconds), after all taken over before."""
        start = 0
        while start < len(times):
            if self._count == self._window_end:
                self.older, self.newer = self.newer, (0.0, 0.0)
                self._window_end *= 2
            part = times[start : start + self._window_end - self._count]
            gaps = list(map(sub, islice(part, 1, None), part))
            if self._count:
                gaps.append(part[0] - self._last)
            if gaps and max(gaps) > self.newer[1]:
                *_, second, first = sorted((*gaps, *self.newer))
                self.newer = (first, second)
            self._count += len(part)
            self._last = part[-1]
            start += len(part)

    def longest(self) -> float:
        """Return the longest pause in seconds, interruptions apart; 0 before there were two points."""
        return usual_longest((*self.newer, *self.older))

    def document(self) -> list[float]:
        """Describe the pauses as strict JSON can hold them."""
        return [*self.newer, *self.older]

    @classmethod
    def from_document(cls, document: Sequence[Any]) -> Pauses:
        """Return what ``document`` described. Raises TypeError or ValueError for anything else."""
        first, second, third, fourth = map(float, document)
        return cls((first, second), (third, fourth))


def usual_longest(pauses: Iterable[float]) -> float:
    """Return the longest of some pauses, or the second longest where the longest was an interruption."""
    falling = sorted(pauses, reverse=True)
    if len(falling) > 1 and falling[0] > _INTERRUPTION * falling[1] > 0:
        return falling[1]
    return falling[0] if falling else 0.0


def silent_ratio(facts: RunFacts, summary: RunSummary, now: float) -> float | None:
    """Return the time since the last sign of life as a share of what the rhythm explains; over 1: the run is stalled.

    None where no sign of life has a time.
    """
    silence = silent_seconds(facts, now)
    return silence / allowed_seconds(facts, summary) if silence is not None else None


def silent_seconds(facts: RunFacts, now: float) -> float | None:
    """Return the seconds since the newest point or checkpoint."""
    signs = [item.time for item in facts.checkpoints]
    if facts.updated is not None:
        signs.append(facts.updated)
    return max(now - max(signs), 0.0) if signs else None


def allowed_seconds(facts: RunFacts, summary: RunSummary) -> float:
    """Return how many seconds of silence the run's own rhythm explains."""
    ends = summary.epoch_ends()
    epoch = usual_longest(later - earlier for earlier, later in pairwise(ends[-_RECENT_EPOCHS - 1 :]))
    finest, points = _finest(summary)
    rounds = summary.rounds()
    if rounds >= _EPOCHS_FOR_PAUSES and points >= _FINER * rounds and finest > 0:
        return max(PATIENCE * finest, SHORTEST_STALL)
    if epoch > 0:
        return max(PATIENCE * epoch, SHORTEST_STALL)
    trained = (facts.updated or 0.0) - (facts.started or facts.updated or 0.0)
    patience = min(_SHARE_BEFORE_RHYTHM * trained, _LONGEST_BEFORE_RHYTHM)
    return max(SILENCE_WITHOUT_RHYTHM, PATIENCE * finest, patience)


def _finest(summary: RunSummary) -> tuple[float, int]:
    """Return the longest pause of the curve with the most points, and how many these are."""
    items = [(item.length, item.figures.pauses) for item in summary.curves.values()]
    lengths = [(length, pauses.longest()) for length, pauses in items if pauses is not None]
    length, longest = max(lengths, default=(0, 0.0))
    return longest, length
