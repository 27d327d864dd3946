"""The statistics of one curve: a handful of figures that new points are counted into, and that outlive the points.

A folder of thousands of runs is summed up at start, so a portion of healthy values is counted by ``sum``, ``min`` and
``max`` alone, without a step of Python a point; what is not finite is looked at one by one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from operator import neg
from typing import TYPE_CHECKING, Any, Literal

from crackseg_desktop.insight.divergence import LossWatch
from crackseg_desktop.insight.rhythm import Pauses
from crackseg_desktop.readings import Best

if TYPE_CHECKING:
    from collections.abc import Sequence

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
TRAINING_LOSSES = ("train/loss", "train_batch/loss")
"""What a training minimises, as an epoch's loss and as a batch's; its parts have other names."""
RECALL = "val/recall"
NOTHING, ALL = 1e-6, 0.98
"""A recall below or from here on is that of a model that predicts nothing, or everything, as positive."""
_OTHER_PARTS = ("val", "test", "eval")
_TAIL = 3
MILESTONE_RATIO = 0.01
"""By so much of itself the best must improve for the point to count as a milestone."""


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


def is_training_loss(name: str) -> bool:
    """Say whether a normalised name is a loss of the training itself, not of a validation or a test."""
    return is_loss(name) and not name.lower().startswith(_OTHER_PARTS)


def told(value: float) -> float | str:
    """Return a number as strict JSON can hold it, in a form that ``float`` reads back."""
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@dataclass(frozen=True, slots=True)
class Nonfinite:
    """A value that is NaN or infinite where it should not be."""

    tag: str
    name: str
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Logged:
    """One point of a curve."""

    step: int
    time: float
    value: float


@dataclass(slots=True)
class Statistics:
    """The figures of one curve.

    Attributes:
        best: the best finite value, where the metric has a direction.
        first, last: the first and the last finite point.
        latest: the newest point, NaN included.
        milestone: of a metric with a direction, in a curve with one point an epoch or a validation, the newest point
            that improved on the milestone before it by more than ``MILESTONE_RATIO`` of that one's value; the first
            finite point is the first milestone.
        waited: how many finite points came after the milestone.
        tail: the last finite values, at most three.
        extreme: of ``RECALL``, the first point of its present stay below ``NOTHING`` or from ``ALL`` on.
        nonfinite: how many values should have been finite and are not. In a loss these are all; in another metric
            those after a finite one, since tags of reinforcement learning are NaN all their life in healthy runs.
    """

    tag: str
    name: str
    axis: Literal["epoch", "step"]
    best: Best | None = None
    first: Logged | None = None
    last: Logged | None = None
    latest: Logged | None = None
    milestone: Logged | None = None
    nonfinite: int = 0
    first_nonfinite: Nonfinite | None = None
    waited: int = 0
    tail: tuple[float, ...] = ()
    extreme: Logged | None = None
    watch: LossWatch | None = None
    pauses: Pauses | None = None

    def __post_init__(self) -> None:
        if self.watch is None and self.name in TRAINING_LOSSES:
            self.watch = LossWatch(self.axis == "epoch")
        if self.pauses is None and self.axis == "step" and is_training_loss(self.name):
            self.pauses = Pauses()

    def count(self, steps: Sequence[int], times: Sequence[float], values: Sequence[float]) -> None:
        """Count points that come after all counted before: columns of equal length."""
        if not values:
            return
        self.latest = Logged(steps[-1], times[-1], values[-1])
        if self.pauses is not None:
            self.pauses.add(times)
        if not math.isfinite(sum(values)):
            kept = self._sift(steps, values)
            steps = [steps[index] for index in kept]
            times, values = [times[index] for index in kept], [values[index] for index in kept]
            if not values:
                return
        self.last = Logged(steps[-1], times[-1], values[-1])
        if self.first is None:
            self.first = Logged(steps[0], times[0], values[0])
        self.tail = (*self.tail, *values[-_TAIL:])[-_TAIL:]
        if self.watch is not None:
            self.watch.add(steps, values)
        if self.name == RECALL:
            self._stay(steps, times, values)
        better = direction(self.name)
        if better is not None:
            self._compare(steps, values, better)
            if self.axis == "epoch" or self.name.startswith("val/"):
                self._pass_milestones(steps, times, values, better)

    def _sift(self, steps: Sequence[int], values: Sequence[float]) -> list[int]:
        """Return where the finite values stand; count those that should have been finite."""
        must_be_finite = is_loss(self.name) or self.first is not None
        finite: list[int] = []
        for index, value in enumerate(values):
            if math.isfinite(value):
                finite.append(index)
            elif must_be_finite or finite:
                self.nonfinite += 1
                if self.first_nonfinite is None:
                    self.first_nonfinite = Nonfinite(self.tag, self.name, steps[index], value)
        return finite

    def _stay(self, steps: Sequence[int], times: Sequence[float], values: Sequence[float]) -> None:
        for step, time, value in zip(steps, times, values, strict=True):
            if NOTHING <= value < ALL:
                self.extreme = None
            elif self.extreme is None or (self.extreme.value < NOTHING) != (value < NOTHING):
                self.extreme = Logged(step, time, value)

    def _compare(self, steps: Sequence[int], values: Sequence[float], better: Literal["min", "max"]) -> None:
        value = min(values) if better == "min" else max(values)
        if self.best is None or (value < self.best.value if better == "min" else value > self.best.value):
            step = steps[values.index(value)]
            self.best = Best(value, step, step if self.axis == "epoch" else None)

    def _pass_milestones(
        self, steps: Sequence[int], times: Sequence[float], values: Sequence[float], better: Literal["min", "max"]
    ) -> None:
        """Go from one milestone to the next: they lie where the best so far, which only rises, passes a threshold."""
        rising = list(accumulate(map(neg, values) if better == "min" else values, max))
        index = 0
        if self.milestone is None:
            self.milestone = Logged(steps[0], times[0], values[0])
            self.waited = -1
        self.waited += len(values)
        while True:
            reached = -self.milestone.value if better == "min" else self.milestone.value
            index = bisect_right(rising, reached + MILESTONE_RATIO * abs(reached), lo=index)
            if index == len(rising):
                return
            self.milestone = Logged(steps[index], times[index], values[index])
            self.waited = len(values) - 1 - index

    def document(self) -> dict[str, Any]:
        """Describe them as strict JSON can hold them: points as lists, non-finite numbers as strings."""
        wrong = self.first_nonfinite
        return {
            "tag": self.tag,
            "name": self.name,
            "axis": self.axis,
            "best": [self.best.step, told(self.best.value)] if self.best is not None else None,
            "first": _point(self.first),
            "last": _point(self.last),
            "latest": _point(self.latest),
            "milestone": _point(self.milestone),
            "nonfinite": self.nonfinite,
            "first_nonfinite": [wrong.step, told(wrong.value)] if wrong is not None else None,
            "waited": self.waited,
            "tail": list(self.tail),
            "extreme": _point(self.extreme),
            "watch": self.watch.document() if self.watch is not None else None,
            "pauses": self.pauses.document() if self.pauses is not None else None,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Statistics:
        """Return what ``document`` described. Raises LookupError, TypeError or ValueError for anything else."""
        tag, name = str(document["tag"]), str(document["name"])
        axis: Literal["epoch", "step"] = "epoch" if document["axis"] == "epoch" else "step"
        best, wrong = document["best"], document["first_nonfinite"]
        watch, pauses = document["watch"], document["pauses"]
        return cls(
            tag,
            name,
            axis,
            Best(float(best[1]), int(best[0]), int(best[0]) if axis == "epoch" else None) if best else None,
            _logged(document["first"]),
            _logged(document["last"]),
            _logged(document["latest"]),
            _logged(document["milestone"]),
            int(document["nonfinite"]),
            Nonfinite(tag, name, int(wrong[0]), float(wrong[1])) if wrong else None,
            int(document["waited"]),
            tuple(map(float, document["tail"])),
            _logged(document["extreme"]),
            LossWatch.from_document(watch) if watch else None,
            Pauses.from_document(pauses) if pauses else None,
        )


def _point(point: Logged | None) -> list[int | float | str] | None:
    return [point.step, told(point.time), told(point.value)] if point is not None else None


def _logged(point: list[Any] | None) -> Logged | None:
    return Logged(int(point[0]), float(point[1]), float(point[2])) if point else None
