"""How fast a run goes and when it will be done. Pure."""

from __future__ import annotations

import itertools
import math
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_RECENT = 10
_FEWEST = 3
"""Of fewer epochs the spread is not told."""
_TAIL = 0.1
"""The share of epochs on either side of an interval."""


def epoch_seconds(epoch_ends: Sequence[float]) -> float | None:
    """Return the median length of the recent epochs in seconds; None before two have ended.

    The median: one epoch that was suspended or checkpointed for long does not change the answer.
    """
    lengths = _recent_lengths(epoch_ends)
    return median(lengths) if lengths else None


def seconds_left(
    epoch: int | None, total: int | None, seconds_per_epoch: float | None, since_last: float = 0.0
) -> float | None:
    """Return the seconds until the planned epochs are done; None where one of the figures is unknown.

    ``since_last`` is the time since the last epoch ended: it is taken off, down to the end of the epoch in progress.
    """
    if epoch is None or total is None or seconds_per_epoch is None or epoch > total:
        return None
    left = (total - epoch) * seconds_per_epoch
    return max(left - min(max(0.0, since_last), seconds_per_epoch), 0.0)


def interval_left(epoch_ends: Sequence[float], epochs: int, seconds: float) -> tuple[float, float] | None:
    """Return between what the time left lies in about 8 of 10 cases; None before three epochs have ended.

    ``seconds`` is the time left by the median of the recent epochs, for so many ``epochs``. One epoch lies between the
    10 % and the 90 % quantile of the recent ones, that is so much below and above their median. Over n more epochs the
    differences partly even out and add up to sqrt(n) times that of one; and the median itself, being of k epochs only,
    may be off by 1 / sqrt(k) of it, n times. Both together: sqrt(n + n² / k) times the difference of one epoch.
    """
    lengths = sorted(_recent_lengths(epoch_ends))
    if len(lengths) < _FEWEST:
        return None
    middle = median(lengths)
    scale = math.sqrt(epochs + epochs * epochs / len(lengths))
    low = seconds - scale * (middle - _quantile(lengths, _TAIL))
    return max(low, 0.0), seconds + scale * (_quantile(lengths, 1 - _TAIL) - middle)


def _recent_lengths(epoch_ends: Sequence[float]) -> list[float]:
    recent = epoch_ends[-_RECENT - 1 :]
    return [later - earlier for earlier, later in itertools.pairwise(recent) if later > earlier]


def _quantile(rising: Sequence[float], share: float) -> float:
    """Return a quantile of rising values, straight between neighbours; between the lowest and the highest."""
    position = share * (len(rising) - 1)
    index = min(int(position), len(rising) - 2)
    return rising[index] + (rising[index + 1] - rising[index]) * (position - index)
