"""How fast a run goes and when it will be done. Pure."""

from __future__ import annotations

import itertools
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_RECENT = 10


def epoch_seconds(epoch_ends: Sequence[float]) -> float | None:
    """Return the median length of the recent epochs in seconds; None before two have ended.

    The median: one epoch that was suspended or checkpointed for long does not change the answer.
    """
    recent = epoch_ends[-_RECENT - 1 :]
    lengths = [later - earlier for earlier, later in itertools.pairwise(recent) if later > earlier]
    return median(lengths) if lengths else None


def longest_epoch(epoch_ends: Sequence[float]) -> float | None:
    """Return the longest of the recent epochs in seconds; None before two have ended."""
    recent = epoch_ends[-_RECENT - 1 :]
    return max((later - earlier for earlier, later in itertools.pairwise(recent)), default=None)


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
