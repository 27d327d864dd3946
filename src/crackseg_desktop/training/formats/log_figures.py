"""The figures in the messages of a text log: CrackSeg's own lines and the forms its guides and scripts use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import Point, as_number, as_step
from crackseg_desktop.training.formats.metrics_jsonl import axis_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"[-+]?(?:nan|inf(?:inity)?|\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)"
_EXACT = re.compile(rf"\[(?P<step>\d+)\] (?P<tag>[A-Za-z_][\w./-]*): (?P<value>{_NUMBER})$", re.IGNORECASE)
_VALIDATION = re.compile(r"\[VAL\] Epoch (?P<epoch>\d+) Step \d+ \| (?P<pairs>.*)")
_SUMMARY = re.compile(r"=== Epoch (?P<epoch>\d+) Summary ===")
_SUMMARY_LINE = re.compile(r"(?P<part>Train|Val|LR): +(?P<pairs>.*)")
_BATCH = re.compile(r"Epoch \[?(?P<epoch>\d+)(?:/\d+)?\]?, Batch \[?(?P<batch>\d+)/(?P<batches>\d+)\]?, (?P<pairs>.*)")
_STEP = re.compile(r"Epoch \d+ Step (?P<step>\d+) \| Training \| (?P<pairs>.*)")
_EPOCH = re.compile(
    r"(?P<part>Validation - )?Epoch:? \[?(?P<epoch>\d+)(?:/(?P<total>\d+))?\]?(?: *[:|,] *| +- +)(?P<pairs>.*)"
)
_STARTING = re.compile(r"(?:--- Epoch|Starting epoch|Epoch) (?P<epoch>\d+)/(?P<total>\d+)(?: ---)?$")
_SCHEDULER = re.compile(rf"LR Scheduler step\. Current LR: (?P<value>{_NUMBER})", re.IGNORECASE)
_AFTER_EPOCH = re.compile(r"Validation - (?P<pairs>.*)|(?P<part>Train|Validation) (?P<loss>Loss: .*)")
_BATCH_AFTER_EPOCH = re.compile(r"Train Batch: (?P<batch>\d+)/(?P<batches>\d+), (?P<pairs>.*)")
_PAIR = re.compile(rf"(?P<label>[A-Za-z][A-Za-z_0-9 ]*?) *: *(?P<value>{_NUMBER})(?![\w.])", re.IGNORECASE)

_TRAINING_LOSS = "train/epoch_loss"
_LABELS = {"average_training_loss": _TRAINING_LOSS, "train_loss": _TRAINING_LOSS, "lr": "lr"}


class LogFigures:
    """Turns messages into points; remembers the epoch that lines without a number belong to.

    Attributes:
        total_epochs: what lines such as ``--- Epoch 1/3 ---`` tell.
    """

    def __init__(self) -> None:
        self.total_epochs: int | None = None
        self._epoch: int | None = None
        self._last: dict[str, tuple[int, bool, str]] = {}

    def read(self, message: str, time: float) -> list[Point]:
        """Return the points of one message. A captured console has each line twice: its echo gives none."""
        return [point for point in self._points(message, time) if self._is_news(point)]

    def _is_news(self, point: Point) -> bool:
        told = (point.step, point.exact, repr(point.value))
        is_news = self._last.get(point.tag) != told
        self._last[point.tag] = told
        return is_news

    def _points(self, message: str, time: float) -> Iterator[Point]:
        if message.startswith("["):
            return self._bracketed(message, time)
        if "poch" in message[:18]:
            return self._of_epoch(message, time)
        return self._of_last_epoch(message, time)

    def _bracketed(self, message: str, time: float) -> Iterator[Point]:
        match = _EXACT.match(message)
        if match is not None:
            value, step = as_number(match["value"]), as_step(match["step"])
            if value is not None and step is not None:
                yield Point(match["tag"], step, time, value, axis_of(match["tag"]))
            return
        match = _VALIDATION.match(message)
        if match is not None:
            self._epoch = as_step(match["epoch"])
            yield from _rounded(match["pairs"], self._epoch, time, "val_")

    def _of_epoch(self, message: str, time: float) -> Iterator[Point]:
        match = _SUMMARY.match(message) or _STARTING.match(message)
        if match is not None:
            self._begin(match)
            return
        match = _BATCH.match(message)
        if match is not None:
            yield from _of_batch(match, int(match["epoch"]), time)
            return
        match = _STEP.match(message)
        step = as_step(match["step"]) if match is not None else None
        if match is not None and step is not None:
            yield from _batch_points(match["pairs"], step, time)
            return
        match = _EPOCH.match(message)
        if match is not None:
            self._begin(match)
            is_validation = match["part"] is not None or "val" in match["pairs"].lower()
            yield from _rounded(match["pairs"], self._epoch, time, "val_" if is_validation else "train/")

    def _of_last_epoch(self, message: str, time: float) -> Iterator[Point]:
        if self._epoch is None:
            return
        match = _SUMMARY_LINE.match(message)
        if match is not None:
            pairs = f"lr: {match['pairs']}" if match["part"] == "LR" else match["pairs"]
            yield from _rounded(pairs, self._epoch, time, "train/" if match["part"] == "Train" else "val_")
            return
        match = _AFTER_EPOCH.match(message)
        if match is not None:
            pairs = (match["pairs"] or match["loss"]).replace("'", "")
            yield from _rounded(pairs, self._epoch, time, "train/" if match["part"] == "Train" else "val_")
            return
        match = _BATCH_AFTER_EPOCH.match(message)
        if match is not None:
            yield from _of_batch(match, self._epoch, time)
            return
        match = _SCHEDULER.match(message)
        value = as_number(match["value"]) if match is not None else None
        if value is not None:
            yield Point("lr", self._epoch, time, value, exact=False)

    def _begin(self, match: re.Match[str]) -> None:
        self._epoch = as_step(match["epoch"])
        total = match.groupdict().get("total")
        if total is not None:
            self.total_epochs = as_step(total)


def _of_batch(match: re.Match[str], epoch: int, time: float) -> Iterator[Point]:
    """Yield the figures of a batch, counted over all epochs."""
    step = as_step(epoch * int(match["batches"]) + int(match["batch"]))
    if step is not None:
        yield from _batch_points(match["pairs"], step, time)


def _batch_points(pairs: str, step: int, time: float) -> Iterator[Point]:
    for label, value in _pairs(pairs):
        yield Point(f"train_batch/{label.removeprefix('train_')}", step, time, value, "step", exact=False)


def _rounded(pairs: str, epoch: int | None, time: float, prefix: str) -> Iterator[Point]:
    """Yield the figures of an epoch; one that is told twice in a line, the first time."""
    if epoch is None:
        return
    figures: dict[str, float] = {}
    for label, value in _pairs(pairs):
        figures.setdefault(_tag(label, prefix), value)
    for tag, value in figures.items():
        yield Point(tag, epoch, time, value, exact=False)


def _pairs(text: str) -> Iterator[tuple[str, float]]:
    for match in _PAIR.finditer(text):
        value = as_number(match["value"])
        if value is not None:
            yield match["label"].strip().lower().replace(" ", "_"), value


def _tag(label: str, prefix: str) -> str:
    """Return the tag that CrackSeg's exact files have for a label."""
    if label in _LABELS:
        return _LABELS[label]
    if label.startswith("val_"):
        return label
    return _TRAINING_LOSS if prefix + label == "train/loss" else prefix + label
