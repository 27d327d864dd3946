"""The trainings of the story: when each begins and ends its epochs, and what it measures in each. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from random import Random
from typing import Literal

from crackseg_desktop.simulation.timeline import SEED, moment

VALIDATION_SECONDS = 24.0
"""The end of each epoch, in which no batch is trained."""

EndingKind = Literal["completed", "error", "closed"]


@dataclass(frozen=True, slots=True)
class Script:
    """What one training does. Times are story times; epochs count from 1.

    ``epochs`` is how many it gets through in all, ``ending`` what its files then say (None: they just stop).
    ``measured`` tables hold the first epochs where the story tells them one by one.
    """

    name: str
    started: float
    first_end: float
    epoch_seconds: float
    epochs: int
    total: int | None
    best_iou: float
    best_epoch: int
    ending: EndingKind | None = "completed"
    message: str | None = None
    source: str = "crackseg"
    batches: int = 0  # logged in an epoch
    nan_epoch: int | None = None
    measured_iou: tuple[float, ...] = ()
    measured_precision: tuple[float, ...] = ()
    measured_val_loss: tuple[float, ...] = ()
    measured_train_loss: tuple[float, ...] = ()
    spike_epoch: int | None = None
    batch_size: int = 12

    @property
    def end(self) -> float:
        """Return when its last epoch ends."""
        return self.epoch_end(self.epochs)

    def epoch_end(self, epoch: int) -> float:
        """Return when an epoch ends; 0 gives the start. Every fourth one takes a little longer."""
        if epoch < 1:
            return self.started
        return self.first_end + (epoch - 1) * self.epoch_seconds + (1.5 if epoch % 4 == 2 else 0.0)

    def epochs_done(self, at: float) -> int:
        """Return how many epochs have ended by then."""
        if self.epochs < 1 or at < self.first_end:
            return 0
        epoch = min(self.epochs, 2 + int((at - self.first_end) // self.epoch_seconds))  # one more, for rounding
        while self.epoch_end(epoch) > at:
            epoch -= 1
        return epoch

    def training_seconds(self, epoch: int) -> float:
        """Return how long an epoch trains before it validates."""
        return self.epoch_end(epoch) - self.epoch_end(epoch - 1) - VALIDATION_SECONDS

    def value(self, name: str, epoch: int) -> float:
        """Return what an epoch logs under a normalised name."""
        match name:
            case "train/loss":
                return self._train_loss(epoch)
            case "val/loss":
                return self._val_loss(epoch)
            case "val/iou":
                return self._iou(epoch)
            case "val/precision":
                return self._precision(epoch)
            case "val/recall":
                return self._recall(epoch)
            case "lr":
                return 5e-4 * 0.5 * (1.0 + math.cos(math.pi * epoch / (self.total or self.epochs)))
            case _:
                return self._dice(epoch)

    def batch_loss(self, epoch: int, batch: int) -> float:
        """Return the loss of one logged batch: noise around the way from one epoch's mean to the next one's."""
        part = batch / self.batches
        if self.nan_epoch is not None and (epoch, part) >= (self.nan_epoch, 0.5):
            return math.nan
        nearby = epoch - 1 if part < 0.5 else epoch + 1
        level = self._mean(epoch) + (self._mean(nearby) - self._mean(epoch)) * abs(part - 0.5)
        if epoch == self.spike_epoch:
            level += 0.13 * math.exp(-(((part - 0.75) / 0.12) ** 2))
        return level + self._noise("batch", epoch * 10_000 + batch) * 0.035

    def _mean(self, epoch: int) -> float:
        loss = self._train_loss(max(epoch, 1))
        if math.isnan(loss):
            return self._train_loss(epoch - 1)
        return loss if epoch > 0 else loss + 0.06

    def _lost(self, epoch: int) -> bool:
        return self.nan_epoch is not None and epoch >= self.nan_epoch

    def _train_loss(self, epoch: int) -> float:
        if epoch <= len(self.measured_train_loss):
            return self.measured_train_loss[epoch - 1]
        if self.measured_train_loss:
            beyond = epoch - len(self.measured_train_loss)
            return _towards(0.262, self.measured_train_loss[-1], beyond, 18.0)
        return self._val_loss(epoch) - 0.085 * min(1.0, epoch / 5)

    def _val_loss(self, epoch: int) -> float:
        if self._lost(epoch):
            return math.nan
        if epoch <= len(self.measured_val_loss):
            return self.measured_val_loss[epoch - 1]
        wobble = self._noise("val", epoch) * 0.003
        if self.measured_val_loss:
            beyond = epoch - len(self.measured_val_loss)
            return _towards(0.348, self.measured_val_loss[-1], beyond, 15.0) + wobble
        return 1.0 - 0.975 * self._iou(epoch) + wobble

    def _iou(self, epoch: int) -> float:
        if self._lost(epoch):
            return 0.0
        if epoch <= len(self.measured_iou):
            return self.measured_iou[epoch - 1]
        wobble = abs(self._noise("iou", epoch))
        if self.measured_iou:
            beyond = epoch - len(self.measured_iou)
            return _towards(0.687, self.measured_iou[-1], beyond, 12.0) - wobble * 0.004
        if epoch == self.best_epoch:
            return self.best_iou
        rise = self.best_epoch * 0.2 + 1.5
        share = (1.0 - math.exp(-epoch / rise)) / (1.0 - math.exp(-self.best_epoch / rise))
        return min(self.best_iou * share * (1.0 - 0.03 * wobble), self.best_iou * 0.996)

    def _dice(self, epoch: int) -> float:
        iou = self._iou(epoch)
        return 2.0 * iou / (1.0 + iou)

    def _precision(self, epoch: int) -> float:
        if self._lost(epoch):
            return 0.0
        if epoch <= len(self.measured_precision):
            return self.measured_precision[epoch - 1]
        return self._dice(epoch) * (1.03 + 0.015 * self._noise("precision", epoch))

    def _recall(self, epoch: int) -> float:
        """Return the recall that Dice and precision leave no choice about: Dice is their harmonic mean."""
        dice, precision = self._dice(epoch), self._precision(epoch)
        return dice * precision / (2.0 * precision - dice) if dice else 0.0

    def _noise(self, channel: str, index: int) -> float:
        return Random(f"{SEED}/{self.name}/{channel}/{index}").uniform(-1.0, 1.0)


def _towards(limit: float, last: float, beyond: int, pace: float) -> float:
    return limit + (last - limit) * math.exp(-beyond / pace)


def _steady(name: str, begins: tuple[str, int], hours: float, epochs: int, best_iou: float) -> Script:
    started, seconds = moment(*begins), hours * 3600 / epochs
    return Script(name, started, started + seconds, seconds, epochs, epochs, best_iou, round(epochs * 0.94))


MAIN = Script(
    name="swinv2-crack500-360",
    started=moment("12:38"),
    first_end=-4.0 - 22 * 227.0,  # so that epoch 23 has just ended at 14:05 and the whole ends at 15:47
    epoch_seconds=227.0,
    epochs=50,
    total=50,
    best_iou=0.612,
    best_epoch=23,
    batches=96,
    measured_iou=(
        *(0.091, 0.225, 0.262, 0.285, 0.319, 0.321, 0.354, 0.391, 0.376, 0.453, 0.472, 0.497, 0.510, 0.521),
        *(0.537, 0.545, 0.553, 0.573, 0.583, 0.590, 0.598, 0.604, 0.612),
    ),
    measured_precision=(
        *(0.310, 0.502, 0.441, 0.482, 0.511, 0.522, 0.556, 0.576, 0.577, 0.658, 0.672, 0.676, 0.704, 0.707),
        *(0.699, 0.722, 0.712, 0.737, 0.774, 0.801, 0.796, 0.792, 0.785),
    ),
    measured_val_loss=(
        *(0.911, 0.886, 0.801, 0.733, 0.681, 0.643, 0.612, 0.588, 0.629, 0.541, 0.529, 0.504, 0.491, 0.476),
        *(0.467, 0.461, 0.454, 0.441, 0.430, 0.427, 0.419, 0.410, 0.402),
    ),
    measured_train_loss=(
        *(0.874, 0.801, 0.728, 0.671, 0.627, 0.588, 0.556, 0.527, 0.533, 0.459, 0.431, 0.411, 0.397, 0.384),
        *(0.377, 0.369, 0.361, 0.351, 0.343, 0.337, 0.330, 0.324, 0.318),
    ),
    spike_epoch=9,
)

FAILED = Script(
    name="unet-pycrackdb-320",
    started=moment("11:31"),
    first_end=moment("11:31") + 24 * 60 / 7,
    epoch_seconds=24 * 60 / 7,
    epochs=7,
    total=50,
    best_iou=0.402,
    best_epoch=6,
    ending="error",
    message="NaN loss since epoch 7",
    batches=96,
    nan_epoch=7,
)

INTERRUPTED = Script(
    name="segformer-crack500-b2",
    started=moment("19:40", -2),
    first_end=moment("19:40", -2) + 240.0,
    epoch_seconds=240.0,
    epochs=31,
    total=50,
    best_iou=0.598,
    best_epoch=29,
    ending="closed",
)

STALLED = Script(
    name="deeplab-crack500-r50",
    started=moment("09:12", -3),
    first_end=moment("09:12", -3) + 251.0,
    epoch_seconds=251.0,
    epochs=12,
    total=50,
    best_iou=0.431,
    best_epoch=12,
    ending=None,
)

UNKNOWN = Script(
    name="baseline-import",
    started=moment("17:05", -4),
    first_end=moment("17:05", -4),
    epoch_seconds=0.0,
    epochs=0,
    total=None,
    best_iou=0.0,
    best_epoch=0,
    ending=None,
    source="tensorboard",
)

SCRIPTS: tuple[Script, ...] = (
    MAIN,
    FAILED,
    _steady("swinv2-pycrackdb-320", ("08:10", 0), 2.85, 50, 0.694),
    _steady("swinv2-crack500-320", ("18:20", -1), 3.1, 50, 0.681),
    _steady("convnext-crack500-320", ("13:45", -1), 2.6, 50, 0.655),
    INTERRUPTED,
    _steady("unet-crack500-320", ("15:30", -3), 2.2, 50, 0.587),
    STALLED,
    UNKNOWN,
    _steady("swinv2-smoke-test", ("16:48", -4), 0.1, 2, 0.208),
)
"""All trainings of the story, the newest first."""

WORKING: tuple[Script, ...] = tuple(sorted((item for item in SCRIPTS if item.epochs), key=lambda item: item.started))
"""The trainings that work on the GPU, one after the other, the oldest first."""

_STARTS = tuple(item.started for item in WORKING)


def begun_by(at: float) -> tuple[Script, ...]:
    """Return the trainings that have worked on the GPU by a story time, the oldest first."""
    return WORKING[: bisect_right(_STARTS, at)]


def working_at(at: float) -> Script | None:
    """Return the training that works on the GPU at a story time."""
    begun = begun_by(at)
    return begun[-1] if begun and at < begun[-1].end else None
