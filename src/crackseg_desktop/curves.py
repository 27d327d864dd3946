"""Curves in memory: the points that a training logged, in the order of its files.

A point costs 20 bytes, and up to a sixteenth more of what ``array`` allocates ahead: steps are kept in 4 bytes until
one does not fit.
"""

from __future__ import annotations

from array import array
from itertools import islice
from operator import lt
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.readings import CurvePoints

if TYPE_CHECKING:
    from collections.abc import Iterator


class Curve:
    """All points of one tag of one run. Belongs to one thread; ``copy`` is what crosses.

    Attributes:
        tag: as the file has it.
        name: ours, such as ``val/iou``.
        axis: what a step counts.
        steps, wall_times, values: columns of equal length, in file order, superseded points included. ``steps`` has
            the typecode "i", and "q" once a step needs it.
    """

    __slots__ = ("axis", "name", "steps", "tag", "values", "wall_times")

    def __init__(self, tag: str, name: str, axis: Literal["epoch", "step"] = "step") -> None:
        self.tag, self.name, self.axis = tag, name, axis
        self.steps: array[int] = array("i")
        self.wall_times: array[float] = array("d")
        self.values: array[float] = array("d")

    def __len__(self) -> int:
        return len(self.steps)

    def extend(self, points: CurvePoints) -> None:
        """Take over new points at the end."""
        try:
            self.steps.extend(_as(self.steps.typecode, points.steps))
        except OverflowError:
            self.steps = array("q", self.steps)
            self.steps.extend(points.steps)
        self.wall_times.extend(points.wall_times)
        self.values.extend(points.values)

    def points(self) -> Iterator[tuple[int, float, float]]:
        """Walk over (step, wall time, value)."""
        return zip(self.steps, self.wall_times, self.values, strict=True)

    def copy(self) -> Curve:
        """Return an independent curve with the same points."""
        other = Curve(self.tag, self.name, self.axis)
        other.steps, other.wall_times, other.values = self.steps[:], self.wall_times[:], self.values[:]
        return other

    def as_points(self, run: str) -> CurvePoints:
        """Return all points as they were when the program first saw the run."""
        steps = _as("q", self.steps)
        return CurvePoints(run, self.tag, self.name, steps, self.wall_times, self.values, self.axis, baseline=True)

    def rises(self, start: int = 0) -> bool:
        """Say whether each step from the position ``start`` on is higher than the one before it."""
        steps = self.steps[max(start - 1, 0) :]
        return all(map(lt, steps, islice(steps, 1, None)))

    def current(self) -> Curve:
        """Return the curve without superseded points.

        A point replaces the earlier points of its tag whose step is equal or higher (a run that was restarted from a
        checkpoint), so that steps rise strictly in what is left.
        """
        if self.rises():
            return self
        kept: list[int] = []
        lowest: int | None = None
        for index in range(len(self.steps) - 1, -1, -1):
            if lowest is None or self.steps[index] < lowest:
                lowest = self.steps[index]
                kept.append(index)
        kept.reverse()
        return self._taken(kept)

    def _taken(self, indices: list[int]) -> Curve:
        other = Curve(self.tag, self.name, self.axis)
        other.steps = array(self.steps.typecode, (self.steps[i] for i in indices))
        other.wall_times = array("d", (self.wall_times[i] for i in indices))
        other.values = array("d", (self.values[i] for i in indices))
        return other


def _as(typecode: str, steps: array[int]) -> array[int]:
    """Return steps as a column of a typecode. Raises OverflowError where one does not fit."""
    return steps if steps.typecode == typecode else array(typecode, steps)


Curves = dict[str, Curve]
"""The curves of one run by tag."""


def add_points(curves: Curves, points: CurvePoints) -> None:
    """Put new points where they belong, making the curve at its first point."""
    curve = curves.get(points.tag)
    if curve is None:
        curve = curves[points.tag] = Curve(points.tag, points.name, points.axis)
    curve.extend(points)


def by_name(curves: Curves) -> dict[str, Curve]:
    """Return the curves by their normalised name; of several that share one, the longest."""
    named: dict[str, Curve] = {}
    for curve in curves.values():
        if curve.name not in named or len(curve) > len(named[curve.name]):
            named[curve.name] = curve
    return named
