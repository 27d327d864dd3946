"""Whether a training loss diverges: judged on every point in order, whatever portions they come in. Pure, O(1) memory.

Method. Points are gathered into *beats*: an epoch's loss is one beat; of a loss logged by step, a beat is the median of
a block of 1/128 to 1/64 of the run so far (at most ``_LONGEST_BEAT`` points), so that a spike of a few batches (mixed
precision, a bad batch) moves nothing. The *level* is the median of the last three beats, the *top* the highest level so
far, the *best* the lowest (of a loss by step: the lowest that three levels in a row stayed at). How high a value stands
is told in units of the *scale*, the larger of the best itself and a tenth of what lies between top and best: a ratio of
1.5 is the rule of the field study of such monitors ("smoothed loss > 1.5 x its best"), and still means something where
the best is near zero or below it. The *noise* is the standard deviation of a beat, by the mean bend of three in a row
(which a steady slope leaves out), each cut at four times that mean and in the first five beats at the scale.

A beat is *high* at a ratio over 1.5 that is also over 4 times the noise, and over what this loss came back from before
by a quarter. It takes high beats in a row that add up to 14 times the noise, 8 of each at most (the study's robust
z > 6, twice), or a high level, and one of four patterns:

- *drift*: a high level for ``max(20, 25 %)`` of the beats, at its end no lower than at its peak;
- *growth*: three beats that rose by 8 % each (of a loss by step: levels three beats apart, by 15 %), or five levels
  in a row that rose by 4 % each;
- *burst*: two high beats beyond 1.5 times the top, or three that gave back 80 % of what had been learnt;
- *far*: two high beats beyond three times the top.

Warm-up: of the first five beats two must lie beyond three times all before them, and within the first 200 points of a
loss by step (the study's shortest span) eight beats in a row must be high. A learning-rate restart raises a loss at
once, and not beyond what it was; it does not go on rising, and once it is over, so high a level is known. A rise is
over when value and level are back below a ratio of 1.25.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_RATIO = 1.5
CLEAR_RATIO = 1.25

_NOISES, _EVIDENCE, _MOST_EVIDENCE = 4.0, 14.0, 8.0
_NOISE_SPAN, _NOISE_BEATS = 16, 8
_BEND = 1 / (math.sqrt(6) * math.sqrt(2 / math.pi))
"""The standard deviation of normal noise over the mean of its absolute second differences."""
_OF_THE_DROP = 0.1
_KNOWN = 1.25
_GROWTH, _STEADY_GROWTH = 1.08, 1.15
_CLIMB, _CLIMB_BEATS = 0.04, 5
_GIVEN_BACK = 0.8
_BURST, _FAR = 1.5, 3.0
_WARM_BEATS, _WARM_POINTS, _WARM_HIGH_BEATS = 5, 200, 8
_DRIFT_BEATS, _DRIFT_SHARE, _DRIFT_PEAK = 20, 0.25, 0.95
_FEWEST_BEATS, _LONGEST_BEAT = 64, 128
_TINY, _MOST = 1e-12, 1e300
"""Losses beyond are as bad as those at it, and their differences are finite."""


class Gravity(IntEnum):
    """How plainly a loss diverges: the patterns above."""

    NONE = 0
    DRIFT = 1
    GROWTH = 2
    BURST = 3
    FAR = 4


@dataclass(slots=True)
class LossWatch:
    """One loss, watched. Only what it tells goes through ``document``: points are always counted from the first.

    Attributes:
        per_epoch: whether each point is an epoch's.
        gravity: of the rise that is going on.
        level, best, top: as defined above.
        since: the step at which the rise that is going on began.
    """

    per_epoch: bool
    gravity: Gravity = Gravity.NONE
    level: float = 0.0
    best: float = 0.0
    top: float = 0.0
    since: int | None = None
    _points: int = field(default=0, repr=False)
    _beats: int = field(default=0, repr=False)
    _begun: int = field(default=0, repr=False)
    _pending: list[float] = field(default_factory=list, repr=False)
    _second: float = field(default=0.0, repr=False)
    _third: float = field(default=0.0, repr=False)
    _levels: deque[float] = field(default_factory=lambda: deque(maxlen=7), repr=False)
    _before: float = field(default=-math.inf, repr=False)
    _noise: float = field(default=0.0, repr=False)
    _high: int = field(default=0, repr=False)
    _evidence: float = field(default=0.0, repr=False)
    _raised: int = field(default=0, repr=False)
    _climb: int = field(default=0, repr=False)
    _peak: float = field(default=-math.inf, repr=False)
    _known: float = field(default=-math.inf, repr=False)

    @property
    def ratio(self) -> float:
        """Return how high the level stands over the best."""
        return 1 + (self.level - self.best) / self._scale()

    def add(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Take over finite points that come after all taken over before: columns of equal length."""
        start, count = 0, len(values)
        if count and (max(values) > _MOST or min(values) < -_MOST):
            values = [max(min(value, _MOST), -_MOST) for value in values]
        singles = count if self.per_epoch else min(2 * _FEWEST_BEATS - self._points, count)
        for self._begun, value in zip(steps[: max(singles, 0)], values, strict=False):
            self._points += 1
            self._beat(value)
            start += 1
        while start < count:
            size = min(1 << ((self._points // _FEWEST_BEATS).bit_length() - 1), _LONGEST_BEAT)
            pending = self._pending
            if not pending:
                self._begun = steps[start]
            taken = values[start : start + size - len(pending)]
            pending.extend(taken)
            start += len(taken)
            if len(pending) == size:
                pending.sort()
                self._points += size
                self._beat(pending[size // 2])
                pending.clear()

    def document(self) -> list[int | float | None]:
        """Describe what it tells, as strict JSON can hold it."""
        return [self.per_epoch, int(self.gravity), self.level, self.best, self.top, self.since]

    @classmethod
    def from_document(cls, document: Sequence[Any]) -> LossWatch:
        """Return what ``document`` described. Raises LookupError, TypeError or ValueError for anything else."""
        per_epoch, gravity, level, best, top, since = document
        kept = int(since) if since is not None else None
        return cls(bool(per_epoch), Gravity(gravity), float(level), float(best), float(top), kept)

    def _scale(self) -> float:
        return max(abs(self.best), _OF_THE_DROP * (self.top - self.best), _TINY)

    def _beat(self, value: float) -> None:
        """Take over a beat. It runs for every point of an epoch's loss, and does little while nothing rises."""
        first, second = self._second, self._third
        self._second, self._third = second, value
        self._beats += 1
        if self._beats < 3:
            self._begin(value, second)
            return
        lower, upper = (first, second) if first < second else (second, first)
        level = lower if value < lower else upper if value > upper else value
        if level > self.level and level > self.level + _CLIMB * max(abs(self.level), self._scale()):
            self._climb += 1
        else:
            self._climb = 0
        self.level = level
        self._levels.append(level)
        if self._beats <= _WARM_BEATS:
            self._before = max(self._before, first)
        if self.since is not None or value > self.best + (CLEAR_RATIO - 1) * abs(self.best):
            self._judge((first, second, value))
        if self._high == 0 or self._beats <= _NOISE_BEATS:
            self._learn_noise(_BEND * abs(value - 2 * second + first))
        if level < self.best or not self.per_epoch:
            self._settle(level)
        if level > self.top or self._beats == 3:
            self.top = level

    def _begin(self, value: float, second: float) -> None:
        """Take over one of the first two beats."""
        if self._beats == 1:
            self.level = self.best = self.top = value
            return
        self._judge((math.inf, second, value))
        self.level = self.best = min(second, value)
        self.top = max(self.top, self.level)
        self._levels.extend((second, self.level))

    def _settle(self, level: float) -> None:
        """Lower the best: single levels of a loss by step are low by chance."""
        if self.per_epoch:
            self.best = level
            return
        steady = max(level, self._levels[-2], self._levels[-3])
        self.best = min(self.best, steady) if self._beats > _NOISE_BEATS else steady

    def _learn_noise(self, bend: float) -> None:
        most = 4 * max(self._noise, abs(self.best) / 100) if self._beats > _WARM_BEATS else self._scale()
        self._noise += (min(bend, most) - self._noise) / min(self._beats - 2, _NOISE_SPAN)

    def _judge(self, last: tuple[float, float, float]) -> None:
        value, scale, noise = last[2], self._scale(), max(self._noise, _TINY)
        rise = value - self.best
        is_rising = rise > (CLEAR_RATIO - 1) * scale
        if self.since is None:
            if not is_rising or rise <= _NOISES * noise:
                return
            self.since, self._peak = self._begun, -math.inf
        least = max(self.best + max((LIMIT_RATIO - 1) * scale, _NOISES * noise), self._known)
        self._high = self._high + 1 if value > least else 0
        self._evidence = self._evidence + min(rise / noise, _MOST_EVIDENCE) if value > least else 0.0
        self._raised = self._raised + 1 if self.level > least else 0
        if self._raised:
            self._peak = max(self._peak, self.level)
        if not is_rising and self.ratio < CLEAR_RATIO:
            self._end()
        elif self._evidence >= _EVIDENCE or self._raised:
            self.gravity = max(self.gravity, self._pattern(last, scale))

    def _end(self) -> None:
        """End a rise, and remember how high it was; single batches of the beginning are no measure."""
        if self._peak > self.best and (self.per_epoch or self._points > _WARM_POINTS):
            self._known = max(self._known, self.best + _KNOWN * (self._peak - self.best))
        self.since, self.gravity = None, Gravity.NONE

    def _pattern(self, last: tuple[float, float, float], scale: float) -> Gravity:
        """Return the plainest pattern that the beats up to now show."""
        if not self.per_epoch and self._points <= _WARM_POINTS and self._high < _WARM_HIGH_BEATS:
            return Gravity.NONE
        low = min(last[1:])
        if self._beats <= _WARM_BEATS:
            is_beyond = self._high >= 2 and low > self._before + (_FAR - 1) * max(abs(self._before), scale)
            return Gravity.BURST if is_beyond else Gravity.NONE
        beyond = 1 + (low - self.top) / max(abs(self.top), scale)
        if self._high >= 2 and beyond > _BURST:
            return Gravity.FAR if beyond > _FAR else Gravity.BURST
        if self._high >= 3 and self.level - self.best > _GIVEN_BACK * (self.top - self.best):
            return Gravity.BURST
        if self._grows(last, scale):
            return Gravity.GROWTH
        lasts = max(_DRIFT_BEATS, _DRIFT_SHARE * self._beats)
        if self._raised >= lasts and self.level - self.best >= _DRIFT_PEAK * (self._peak - self.best):
            return Gravity.DRIFT
        return Gravity.NONE

    def _grows(self, last: tuple[float, float, float], scale: float) -> bool:
        if self._raised and self._climb >= _CLIMB_BEATS:
            return True
        if self.per_epoch:
            first, second, third = (1 + (value - self.best) / scale for value in last)
            return self._high >= 2 and first >= _GROWTH and second >= _GROWTH * first and third >= _GROWTH * second
        levels = self._levels
        if self._raised < 2 or len(levels) < 7:
            return False
        first, second, third = (1 + (levels[index] - self.best) / scale for index in (0, 3, 6))
        return first >= 1 and second >= _STEADY_GROWTH * first and third >= _STEADY_GROWTH * second
