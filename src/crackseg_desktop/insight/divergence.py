"""Whether a loss diverges: judged on every point in order, whatever portions they come in. Pure, in O(1) memory.

Method. Points are gathered into *beats*: an epoch's loss is one beat; of a loss logged by step, a beat is the median of
a block of 1/128 to 1/64 of the run so far (at most ``_LONGEST_BEAT`` points), so that a spike of a few batches (mixed
precision, a bad batch) moves nothing. The *level* is the median of the last three beats, the *best* the lowest level
so far, the *top* the highest. How high a value stands is told in units of the *scale*, the larger of the best itself
and a quarter of what lies between top and best: a ratio of 1.5 is the rule of the field study of such monitors
("smoothed loss > 1.5 x its best"), and still means something where the best is near zero or below it. The *noise* is
the moving mean of the differences of neighbouring beats, each cut at four times that mean.

A beat is *high* at a ratio over 1.5 (or a quarter over what this loss came back from before) that is also more than 6
times the noise (the study's robust z > 6). A loss diverges by one of four patterns:

- *drift*: a high level for ``max(10, 15 %)`` of the beats, at its end no lower than at its peak;
- *growth*: a high level after three beats that rose by 8 % each (two of them high), or after five levels that rose at all;
- *burst*: two high beats beyond 1.5 times the top, or three that gave back 80 % of what had been learnt;
- *far*: two high beats beyond three times the top.

Warm-up: of the first ``_WARM_BEATS`` two must lie beyond ten times all before them, and within the first 200 points
of a loss by step (the study's shortest span) eight beats in a row must be high. A learning-rate restart raises a loss
at once, and not beyond what it was; it falls again, and from then on so high a level is known. A rise is over when
the level is back below a ratio of 1.25.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_RATIO = 1.5
CLEAR_RATIO = 1.25

_NOISES = 6.0
_NOISE_SPAN = 8
_KNOWN = 1.25
_GROWTH = 1.08
_CLIMB_BEATS = 5
_GIVEN_BACK = 0.8
_BURST = 1.5
_FAR = 3.0
_WARM_BEATS = 5
_WARM = 10.0
_WARM_POINTS = 200
_WARM_HIGH_BEATS = 8
_DRIFT_BEATS = 10
_DRIFT_SHARE = 0.15
_DRIFT_PEAK = 0.95
_FEWEST_BEATS = 64
_LONGEST_BEAT = 128
_TINY = 1e-12


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
        level, best: as defined above.
        ratio: of the level.
        since: the step at which the rise that is going on began.
    """

    per_epoch: bool
    gravity: Gravity = Gravity.NONE
    level: float = 0.0
    best: float = 0.0
    ratio: float = 1.0
    since: int | None = None
    _points: int = field(default=0, repr=False)
    _beats: int = field(default=0, repr=False)
    _begun: int = field(default=0, repr=False)
    _pending: list[float] = field(default_factory=list, repr=False)
    _last: tuple[float, ...] = field(default=(), repr=False)
    _top: float = field(default=0.0, repr=False)
    _noise: float = field(default=0.0, repr=False)
    _high: int = field(default=0, repr=False)
    _raised: int = field(default=0, repr=False)
    _climb: int = field(default=0, repr=False)
    _peak: float = field(default=1.0, repr=False)
    _known: float = field(default=LIMIT_RATIO, repr=False)

    def add(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Take over finite points that come after all taken over before: columns of equal length."""
        start, count = 0, len(values)
        while start < count:
            size = self._size()
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
        return [self.per_epoch, int(self.gravity), self.level, self.best, self.ratio, self.since]

    @classmethod
    def from_document(cls, document: Sequence[Any]) -> LossWatch:
        """Return what ``document`` described. Raises LookupError, TypeError or ValueError for anything else."""
        per_epoch, gravity, level, best, ratio, since = document
        kept = int(since) if since is not None else None
        return cls(bool(per_epoch), Gravity(gravity), float(level), float(best), float(ratio), kept)

    def _size(self) -> int:
        """Return how many points the beat in progress takes; it depends on the beats before it alone."""
        if self.per_epoch or self._points < 2 * _FEWEST_BEATS:
            return 1
        return min(1 << ((self._points // _FEWEST_BEATS).bit_length() - 1), _LONGEST_BEAT)

    def _beat(self, value: float) -> None:
        self._beats += 1
        last = self._last = (*self._last[-2:], value)
        if self._beats == 1:
            self.level = self.best = self._top = value
            return
        level = sorted(last)[len(last) - 2]
        self._climb = self._climb + 1 if level > self.level else 0
        self.level = level
        scale = max(abs(self.best), (self._top - self.best) / 4, _TINY)
        self._judge(value, scale)
        if self._high == 0:
            self._learn_noise(abs(value - last[-2]))
        self.best = min(self.best, level)
        self._top = level if self._beats == 3 else max(self._top, level)

    def _learn_noise(self, difference: float) -> None:
        if self._beats == 2:
            self._noise = difference
        else:
            least = 4 * max(self._noise, abs(self.best) / 100)
            self._noise += (min(difference, least) - self._noise) / _NOISE_SPAN

    def _judge(self, value: float, scale: float) -> None:
        noise = _NOISES * self._noise
        rise, raised = value - self.best, self.level - self.best
        ratio, self.ratio = 1 + rise / scale, 1 + raised / scale
        self._high = self._high + 1 if ratio > self._known and rise > noise else 0
        self._raised = self._raised + 1 if self.ratio > self._known and raised > noise else 0
        if self.since is None:
            if ratio <= CLEAR_RATIO or 2 * rise <= noise:
                return
            self.since, self._peak = self._begun, 1.0
        self._peak = max(self._peak, self.ratio)
        if max(ratio, self.ratio) < CLEAR_RATIO:
            if self._peak > LIMIT_RATIO:
                self._known = max(self._known, 1 + _KNOWN * (self._peak - 1))
            self.since, self.gravity = None, Gravity.NONE
        elif self._high or self._raised:
            self.gravity = max(self.gravity, self._pattern(scale))

    def _pattern(self, scale: float) -> Gravity:
        """Return the plainest pattern that the beats up to now show."""
        if not self.per_epoch and self._points <= _WARM_POINTS and self._high < _WARM_HIGH_BEATS:
            return Gravity.NONE
        low = min(self._last[-2:])
        if self._beats <= _WARM_BEATS:
            is_beyond = self._high >= 2 and low > self.best + (_WARM - 1) * scale
            return Gravity.BURST if is_beyond else Gravity.NONE
        beyond = (low - self._top) / max(abs(self._top), scale) + 1
        if self._high >= 2 and beyond > _BURST:
            return Gravity.FAR if beyond > _FAR else Gravity.BURST
        if self._high >= 3 and min(self._last) - self.best > _GIVEN_BACK * (self._top - self.best):
            return Gravity.BURST
        if self._grows(scale):
            return Gravity.GROWTH
        lasts = max(_DRIFT_BEATS, _DRIFT_SHARE * self._beats)
        if self._raised >= lasts and self.ratio - 1 >= _DRIFT_PEAK * (self._peak - 1):
            return Gravity.DRIFT
        return Gravity.NONE

    def _grows(self, scale: float) -> bool:
        if self._raised and self._climb >= _CLIMB_BEATS:
            return True
        first, second, third = (1 + (value - self.best) / scale for value in self._last)
        return self._high >= 2 and first >= _GROWTH and second >= _GROWTH * first and third >= _GROWTH * second
