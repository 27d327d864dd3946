"""detectron2's ``metrics.json``: JSON lines by iteration, NaN written bare. It tells neither times nor epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import as_step
from crackseg_desktop.training.formats.json_rows import JsonRows

if TYPE_CHECKING:
    from collections.abc import Mapping


class Detectron2Json(JsonRows):
    """Reads the rows."""

    def row(self, row: Mapping[str, object]) -> None:
        """Take in one row."""
        step = as_step(row.get("iteration"))
        if step is not None:
            self.add(row, step, "step")


def is_detectron2(row: Mapping[str, object]) -> bool:
    """Say whether a first row is one that detectron2 writes."""
    return as_step(row.get("iteration")) is not None and len(row) > 1
