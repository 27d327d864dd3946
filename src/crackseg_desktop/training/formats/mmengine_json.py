"""mmengine's ``vis_data/<time>.json`` and the older mmcv's ``<time>.log.json``: JSON lines.

mmengine's validation rows have neither ``iter`` nor ``loss``; their step is an epoch where the training counts epochs.
Its metrics are percent; they are kept so, and our names for them end in ``_percent``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import CountedOn, as_step
from crackseg_desktop.training.formats.json_rows import JsonRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.training.formats.base import Axis

TIMINGS = frozenset({"time", "data_time", "memory"})
"""Figures that validation rows have too; they would go on the training's curve."""


class MmengineJson(JsonRows):
    """Reads the rows of mmengine."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch: int | None = None

    def row(self, row: Mapping[str, object]) -> None:
        """Take in one row."""
        step = as_step(row.get("step"))
        if step is None:
            return
        if "iter" in row or "loss" in row:
            self._epoch = as_step(row.get("epoch"))
            if self._epoch is not None:
                self.clues.epoch = max(self.clues.epoch or 0, self._epoch - 1) or None
            self.add(row, step, "step")
            return
        axis: Axis = "epoch" if self._epoch is not None and step <= self._epoch else "step"
        self.add({f"val/{name}" if name in TIMINGS else name: value for name, value in row.items()}, step, axis)


class MmcvJson(JsonRows):
    """Reads the rows of mmcv 1.x: iterations may begin anew in each epoch, and are then counted on."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = CountedOn()

    def row(self, row: Mapping[str, object]) -> None:
        """Take in one row; the first, which describes the machine, has no mode."""
        mode, epoch, iteration = row.get("mode"), as_step(row.get("epoch")), as_step(row.get("iter"))
        if epoch is None or iteration is None:
            return
        if mode == "train":
            self.add(row, self._steps.on(epoch, iteration), "step")
        elif mode == "val":
            self.clues.epoch = max(self.clues.epoch or 0, epoch)
            figures = {f"val/{name}" if name in TIMINGS or name == "lr" else name: value for name, value in row.items()}
            self.add(figures, self._steps.step, "step")


def is_mmcv(row: Mapping[str, object]) -> bool:
    """Say whether a row is one of mmcv's log."""
    return "mode" in row and as_step(row.get("iter")) is not None
