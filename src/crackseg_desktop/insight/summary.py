"""What the curves of one run amount to, kept up portion by portion: best, latest, epoch times, what is not finite.

Every figure comes from a few statistics a curve, so that a run that has ended can forget its points and still tell
them, and can be stored as a small document. The accumulators belong to one thread. A step that goes back (a run
restarted from a checkpoint) supersedes points already counted, so the curve is then counted anew from what is left.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.curves import Curve
from crackseg_desktop.insight.statistics import Nonfinite, Statistics, is_loss, told

if TYPE_CHECKING:
    from typing import Any

    from crackseg_desktop.curves import Curves
    from crackseg_desktop.readings import Best, CurvePoints

_RECENT = 32
"""So many of the recent epoch ends are kept."""
VERSION = 2
"""Of the document; one of another version is not read."""


@dataclass(slots=True)
class CurveSummary:
    """One curve, summed up.

    Attributes:
        curve: its points; None once they were forgotten.
        length: how many points it has or had, superseded ones included.
        figures: of the points that are not superseded.
    """

    curve: Curve | None
    figures: Statistics
    length: int = 0
    _times: array[float] = field(default_factory=lambda: array("d"))

    @property
    def tag(self) -> str:
        """Return its tag as the file has it."""
        return self.figures.tag

    @property
    def name(self) -> str:
        """Return its name, such as ``val/iou``."""
        return self.figures.name

    def add(self, curve: Curve, points: CurvePoints) -> None:
        """Take over new points of a curve whose points are kept in ``curve``."""
        first_new = len(curve)
        curve.extend(points)
        self.length = len(curve)
        if curve.rises(first_new):
            self.figures.count(points.steps, points.wall_times, points.values)
        else:
            self.figures = _figures(curve)

    def recent_times(self) -> array[float]:
        """Return when its last points were logged, in file order."""
        return self._times if self.curve is None else self.curve.wall_times[-_RECENT:]

    def forget_points(self, *, keep_times: bool) -> None:
        """Let go of the points; the figures stay."""
        self._times = self.recent_times() if keep_times else array("d")
        self.curve = None

    def document(self) -> dict[str, Any]:
        """Describe it, without its points, as strict JSON can hold it."""
        return self.figures.document() | {"length": self.length}

    @classmethod
    def of(cls, curve: Curve) -> CurveSummary:
        """Sum up a whole curve at once."""
        return cls(curve, _figures(curve), len(curve))

    @classmethod
    def from_document(cls, document: dict[str, Any], times: array[float]) -> CurveSummary:
        """Return what ``document`` described, with the times of its last points."""
        return cls(None, Statistics.from_document(document), int(document["length"]), times)


@dataclass(slots=True)
class RunSummary:
    """All curves of one run, summed up. ``has_forgotten``: only the figures are left, no points."""

    curves: dict[str, CurveSummary] = field(default_factory=dict)
    has_forgotten: bool = False

    def add(self, points: CurvePoints) -> None:
        """Take over new points of one curve.

        A run whose points were forgotten is begun anew: it is to be read again from its start.
        """
        if not points.steps:
            return
        if self.has_forgotten:
            self.curves, self.has_forgotten = {}, False
        item = self.curves.get(points.tag)
        if item is None or item.curve is None:
            curve = Curve(points.tag, points.name, points.axis)
            item = self.curves[points.tag] = CurveSummary(curve, _figures(curve))
            item.add(curve, points)
        else:
            item.add(item.curve, points)

    def forget_points(self) -> None:
        """Let go of all points; every figure stays as it is."""
        chosen = self._epoch_curve()
        for item in self.curves.values():
            item.forget_points(keep_times=item is chosen)
        self.has_forgotten = True

    def document(self) -> dict[str, Any]:
        """Describe the run, without its points, as strict JSON can hold it."""
        chosen = self._epoch_curve()
        times = chosen.recent_times().tolist() if chosen is not None else []
        return {
            "version": VERSION,
            "curves": [item.document() for item in self.curves.values()],
            "recent_times": [told(time) for time in times],
        }

    @classmethod
    def of_curves(cls, curves: Curves) -> RunSummary:
        """Sum up a whole run at once; the curves are taken over, not copied."""
        return cls({tag: CurveSummary.of(curve) for tag, curve in curves.items()})

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> RunSummary:
        """Return a run as ``document`` described it: all its figures, none of its points.

        Raises:
            ValueError: it is no such document, or one of another version of this program.
        """
        try:
            if document["version"] != VERSION:
                raise ValueError(f"version {document['version']}")
            times = array("d", map(float, document["recent_times"]))
            items = [CurveSummary.from_document(item, array("d")) for item in document["curves"]]
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"no summary of a run: {error!r}") from error
        summary = cls({item.tag: item for item in items}, has_forgotten=True)
        chosen = summary._epoch_curve()
        if chosen is not None:
            chosen._times = times
        return summary

    def best(self) -> dict[str, Best]:
        """Return the best finite value of each metric that has a direction, by normalised name."""
        return {name: item.figures.best for name, item in self._by_name().items() if item.figures.best is not None}

    def latest(self) -> dict[str, float]:
        """Return the newest value of each curve, by normalised name."""
        named = self._by_name().items()
        return {name: item.figures.latest.value for name, item in named if item.figures.latest is not None}

    def per_epoch(self) -> dict[str, Statistics]:
        """Return the figures of the curves with one point an epoch, by normalised name."""
        return {name: item.figures for name, item in self._by_name().items() if item.figures.axis == "epoch"}

    def _by_name(self) -> dict[str, CurveSummary]:
        """Return one curve for each normalised name: of several that share one, the longest."""
        shortest_first = sorted(self.curves.values(), key=lambda item: item.length)
        return {item.name: item for item in shortest_first}

    def nonfinite_points(self) -> int:
        """Return the count of points that are NaN or infinite where they should not be."""
        return sum(item.figures.nonfinite for item in self.curves.values())

    def first_nonfinite(self) -> Nonfinite | None:
        """Return the earliest of them, losses first."""
        firsts = (item.figures.first_nonfinite for item in self.curves.values())
        found = [first for first in firsts if first is not None]
        return min(found, key=lambda item: (not is_loss(item.name), item.step), default=None)

    def loss_is_lost(self) -> bool:
        """Say whether a loss has become NaN or infinite and stayed so to its end."""
        losses = [item.figures for item in self.curves.values() if is_loss(item.name)]
        losses = [loss for loss in losses if loss.axis == "epoch"] or losses
        return any(loss.nonfinite and loss.latest and not math.isfinite(loss.latest.value) for loss in losses)

    def epoch_ends(self) -> list[float]:
        """Return when the recent epochs ended (Unix seconds, rising), by the validation loss or what is like it."""
        chosen = self._epoch_curve()
        ends = [time for time in chosen.recent_times() if time > 0] if chosen is not None else []
        return [time for index, time in enumerate(ends) if index == 0 or time > ends[index - 1]]

    def rounds(self) -> int:
        """Return how many epochs or validations the run has told of."""
        items = self.curves.values()
        return max(
            (item.length for item in items if item.figures.axis == "epoch" or item.name.startswith("val/")), default=0
        )

    def figures(self) -> dict[str, Statistics]:
        """Return the figures of each curve, by normalised name."""
        return {name: item.figures for name, item in self._by_name().items()}

    def _epoch_curve(self) -> CurveSummary | None:
        """Return the curve whose points tell best when an epoch ended."""
        per_epoch = [item for item in self.curves.values() if item.figures.axis == "epoch" and item.length > 0]
        return min(
            per_epoch,
            key=lambda item: (item.name != "val/loss", not item.name.startswith("val/"), item.name),
            default=None,
        )


def _figures(curve: Curve) -> Statistics:
    """Return the statistics of a curve without superseded points."""
    figures = Statistics(curve.tag, curve.name, curve.axis)
    current = curve.current()
    figures.count(current.steps, current.wall_times, current.values)
    return figures
