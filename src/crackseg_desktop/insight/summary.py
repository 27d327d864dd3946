"""What the curves of one run amount to, kept up point by point: best, latest, epoch times, values that are not finite.

The accumulators belong to one thread. A step that goes back (a run restarted from a checkpoint) supersedes points
already counted, so the curve is then counted anew from what is left of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from operator import le
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.curves import Curve
from crackseg_desktop.readings import Best

if TYPE_CHECKING:
    from crackseg_desktop.curves import Curves
    from crackseg_desktop.readings import CurvePoints

_LOWER_IS_BETTER = ("loss", "error", "mae", "mse", "rmse")
_HIGHER_IS_BETTER = (
    "iou",
    "miou",
    "dice",
    "f1",
    "precision",
    "recall",
    "accuracy",
    "acc",
    "auc",
    "map",
    "psnr",
    "ssim",
)
_SIGNIFICANT = 32  # of the recent epoch ends


def direction(name: str) -> Literal["min", "max"] | None:
    """Say whether a lower or a higher value of a normalised name is better; None: neither (a learning rate)."""
    words = name.lower().replace("-", "_").replace("/", "_").split("_")
    if any(word in _LOWER_IS_BETTER for word in words):
        return "min"
    if any(word in _HIGHER_IS_BETTER for word in words) or words[-1].startswith("map"):
        return "max"
    return None


def is_loss(name: str) -> bool:
    """Say whether a normalised name is a loss."""
    return "loss" in name.lower()


@dataclass(frozen=True, slots=True)
class Nonfinite:
    """A value that is NaN or infinite where it should not be."""

    tag: str
    name: str
    step: int
    value: float


@dataclass(slots=True)
class CurveSummary:
    """One curve, summed up. ``nonfinite`` counts what should have been finite; see ``add``."""

    curve: Curve
    best: Best | None = None
    was_finite: bool = False
    nonfinite: int = 0
    first_nonfinite: Nonfinite | None = None

    def add(self, points: CurvePoints) -> None:
        """Take over new points.

        NaN and infinities count in a loss, and in a metric that was finite before: tags of reinforcement learning are
        NaN all their life in healthy runs.
        """
        first_new = len(self.curve)
        steps = self.curve.steps[-1:] + points.steps
        goes_back = any(map(le, steps[1:], steps))
        self.curve.extend(points)
        if goes_back:
            self._restart()
        else:
            self._count(first_new)

    @classmethod
    def of(cls, curve: Curve) -> CurveSummary:
        """Sum up a whole curve at once."""
        summary = cls(curve)
        summary._restart()
        return summary

    def _restart(self) -> None:
        self.best, self.was_finite, self.nonfinite, self.first_nonfinite = None, False, 0, None
        whole, self.curve = self.curve, self.curve.current()
        self._count(0)
        self.curve = whole

    def _count(self, start: int) -> None:
        loss, better = is_loss(self.curve.name), direction(self.curve.name)
        for index in range(start, len(self.curve)):
            value = self.curve.values[index]
            if math.isfinite(value):
                self.was_finite = True
                self._compare(value, self.curve.steps[index], better)
            elif loss or self.was_finite:
                self.nonfinite += 1
                if self.first_nonfinite is None:
                    step = self.curve.steps[index]
                    self.first_nonfinite = Nonfinite(self.curve.tag, self.curve.name, step, value)

    def _compare(self, value: float, step: int, better: Literal["min", "max"] | None) -> None:
        if better is None:
            return
        if self.best is None or (value < self.best.value if better == "min" else value > self.best.value):
            self.best = Best(value, step, step if self.curve.axis == "epoch" else None)


@dataclass(slots=True)
class RunSummary:
    """All curves of one run, summed up."""

    curves: dict[str, CurveSummary] = field(default_factory=dict)

    def add(self, points: CurvePoints) -> None:
        """Take over new points of one curve."""
        if not points.steps:
            return
        summary = self.curves.get(points.tag)
        if summary is None:
            summary = self.curves[points.tag] = CurveSummary(Curve(points.tag, points.name, points.axis))
        summary.add(points)

    @classmethod
    def of_curves(cls, curves: Curves) -> RunSummary:
        """Sum up a whole run at once; the curves are taken over, not copied."""
        return cls({tag: CurveSummary.of(curve) for tag, curve in curves.items()})

    def best(self) -> dict[str, Best]:
        """Return the best finite value of each metric that has a direction, by normalised name."""
        return {name: item.best for name, item in self._by_name().items() if item.best is not None}

    def latest(self) -> dict[str, float]:
        """Return the newest value of each curve, by normalised name."""
        return {name: item.curve.values[-1] for name, item in self._by_name().items()}

    def _by_name(self) -> dict[str, CurveSummary]:
        """Return one curve for each normalised name: of several that share one, the longest."""
        shortest_first = sorted(self.curves.values(), key=lambda item: len(item.curve))
        return {item.curve.name: item for item in shortest_first}

    def nonfinite_points(self) -> int:
        """Return the count of points that are NaN or infinite where they should not be."""
        return sum(item.nonfinite for item in self.curves.values())

    def first_nonfinite(self) -> Nonfinite | None:
        """Return the earliest of them, losses first."""
        found = [item.first_nonfinite for item in self.curves.values() if item.first_nonfinite is not None]
        return min(found, key=lambda item: (not is_loss(item.name), item.step), default=None)

    def loss_is_lost(self) -> bool:
        """Say whether a loss has become NaN or infinite and stayed so to its end."""
        losses = [item for item in self.curves.values() if is_loss(item.curve.name) and item.curve.axis == "epoch"]
        losses = losses or [item for item in self.curves.values() if is_loss(item.curve.name)]
        return any(item.nonfinite and not math.isfinite(item.curve.values[-1]) for item in losses)

    def epoch_ends(self) -> list[float]:
        """Return when the recent epochs ended (Unix seconds, rising), by the validation loss or what is like it."""
        per_epoch = [item.curve for item in self.curves.values() if item.curve.axis == "epoch" and len(item.curve) > 0]
        if not per_epoch:
            return []
        chosen = min(
            per_epoch, key=lambda curve: (curve.name != "val/loss", not curve.name.startswith("val/"), curve.name)
        )
        ends = [time for time in chosen.wall_times[-_SIGNIFICANT:] if time > 0]
        return [time for index, time in enumerate(ends) if index == 0 or time > ends[index - 1]]
