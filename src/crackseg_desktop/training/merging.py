"""One figure, once: where several files of a run tell the same, the most exact one is heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.training.names import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.training.formats.base import Point

GRACE_SECONDS = 10.0
"""How long a less exact file waits for a more exact one to tell the same: they are written one after the other."""
_ROUNDED = 50
_ROUNDING = 5.1e-5
"""Logs give four decimals."""
_REMEMBERED = 4096


@dataclass(slots=True)
class _Told:
    """What was told of one figure. ``values`` are (rank, value) of less exact files only, by step: some thousands."""

    rank: int
    tag: str
    source_tag: str
    last_step: int
    last: Point | None = None
    values: dict[int, tuple[int, float]] = field(default_factory=dict)


class Merger:
    """Decides which points of a run's files become its curves, in the order in which they are to be published.

    A less exact file only adds steps after the last one told: a point in between would replace those after it. Where
    it counts something else, or the same from another number on, it adds nothing.
    ``source`` is the run's, by which tags get their names.
    """

    def __init__(self, source: str = "") -> None:
        self._source = source
        self._told: dict[str, _Told] = {}
        self._waiting: list[tuple[float, int, Point]] = []

    @property
    def is_waiting(self) -> bool:
        """Say whether points are held back."""
        return bool(self._waiting)

    def offer(self, points: Sequence[Point], rank: int, now: float, *, is_best: bool) -> list[Point]:
        """Return the points to publish now. ``is_best``: no file of a lower rank is there, so none is waited for."""
        published: list[Point] = []
        for point in points:
            effective = rank if point.exact else rank + _ROUNDED
            if is_best and point.exact:
                published += self._decide(point, effective)
            elif self._is_open(point, effective):
                self._waiting.append((now + GRACE_SECONDS, effective, point))
        return published

    def knows(self, tag: str, last_step: int, rank: int) -> None:
        """Remember that a tag was published up to a step by files of a rank, before there was anything to merge."""
        self._told[normalise(tag, self._source)] = _Told(rank, tag, tag, last_step)

    def settle(self, now: float | None) -> list[Point]:
        """Return the points that have waited long enough, all of them where ``now`` is None."""
        due = [item for item in self._waiting if now is None or item[0] <= now]
        if not due:
            return []
        self._waiting = [item for item in self._waiting if not (now is None or item[0] <= now)]
        due.sort(key=lambda item: item[1])
        return [kept for _, rank, point in due for kept in self._decide(point, rank)]

    def _key(self, point: Point, rank: int) -> str:
        """Return the name of the figure; tags of one file that share a name stay apart."""
        name = normalise(point.tag, self._source)
        told = self._told.get(name)
        if told is not None and told.rank % _ROUNDED == rank % _ROUNDED and told.source_tag != point.tag:
            return point.tag
        return name

    def _is_open(self, point: Point, rank: int) -> bool:
        told = self._told.get(self._key(point, rank))
        return told is None or rank <= told.rank or point.step > told.last_step

    def _decide(self, point: Point, rank: int) -> list[Point]:
        key = self._key(point, rank)
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = _Told(rank, point.tag, point.tag, point.step)
        elif _is_known(told, rank, point):
            return []
        elif rank < told.rank:
            told.rank, told.source_tag = rank, point.tag
        if rank > 0 and len(told.values) < _REMEMBERED:
            told.values[point.step] = rank, point.value
        told.last_step = max(told.last_step, point.step)
        told.last = point
        return [point if point.tag == told.tag else point._replace(tag=told.tag)]


def _is_known(told: _Told, rank: int, point: Point) -> bool:
    """Say whether a more exact file has told a point, or a less exact one was faster to tell the same."""
    if rank > told.rank and (point.step <= told.last_step or _is_echo(point, told.last)):
        return True
    worse, value = told.values.get(point.step, (rank, point.value))
    return worse > rank and _same(value, point.value)


def _is_echo(point: Point, last: Point | None) -> bool:
    """Say whether a less exact file tells the last point in other words: epochs from 1 on instead of 0, or rounded."""
    if last is None:
        return False
    return point.axis != last.axis or _same(point.value, last.value) or abs(point.value - last.value) <= _ROUNDING


def _same(first: float, second: float) -> bool:
    return first == second or (first != first and second != second)
