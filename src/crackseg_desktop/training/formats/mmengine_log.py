"""The text logs of mmengine and mmcv: ``Iter(train) [50/40000]  lr: 0.01  loss: 0.5``, rounded to four digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import Point, as_number, as_step
from crackseg_desktop.training.formats.mmengine_json import TIMINGS
from crackseg_desktop.training.formats.text_log import TextLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crackseg_desktop.training.formats.base import Axis

LINE = re.compile(
    r"\b(?P<unit>Iter|Epoch)\((?P<mode>train|val)\) *(?:\[ *(?P<epoch>\d{1,18})\])?"
    r"\[ *(?P<step>\d{1,18})/ *(?P<total>\d{1,18})\] *(?P<pairs>.*)"
)
_PAIR = re.compile(r"(?P<tag>[A-Za-z][\w./-]*): (?P<value>\S+)(?=  |$)")
_STEP: Axis = "step"
_EPOCH: Axis = "epoch"


class MmengineLog(TextLog):
    """Reads one log; its tags are those of the JSON file beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._iteration = 0

    def figures(self, text: str) -> Iterator[Point]:
        """Yield the figures of a line; one without any, such as the progress of a validation, yields none."""
        match = LINE.search(text) if "(train)" in text or "(val)" in text else None
        if match is None:
            return
        step, total, epoch = int(match["step"]), int(match["total"]), as_step(match["epoch"] or "")
        is_training = match["mode"] == "train"
        if is_training:
            self._iteration = step if epoch is None else (epoch - 1) * total + step
            if epoch is not None:
                self.clues.epoch = max(self.clues.epoch or 0, epoch - 1) or None
        number, axis = self._iteration, _STEP
        if not is_training and epoch is not None:
            number, axis = epoch, _EPOCH
        if as_step(number) is None:
            return
        for pair in _PAIR.finditer(match["pairs"]):
            value, tag = as_number(pair["value"].rstrip(",")), pair["tag"]
            if value is not None:
                yield Point(tag if is_training or tag not in TIMINGS else f"val/{tag}", number, self.now, value, axis)
