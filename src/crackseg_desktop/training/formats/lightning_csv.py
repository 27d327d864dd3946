"""Lightning's ``metrics.csv``: a row for each time that something was logged, blank where it was not.

A metric that comes up later makes Lightning write the whole file anew with a wider header; the file is then read
again, and what was told before is not told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import as_step
from crackseg_desktop.training.formats.csv_table import CsvTable

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.csv_table import Row

_EPOCH_ENDS = ("val", "valid", "validation", "test")


class LightningCsv(CsvTable):
    """Reads the rows by their global step. Epochs count from 0 and are blank in the rows of learning rates."""

    def row(self, row: Row) -> None:
        """Take in one row; one with a figure of a whole epoch says that its epoch is done."""
        super().row(row)
        epoch = as_step(row.cells.get("epoch"))
        if epoch is not None:
            done = epoch + 1 if any(map(_is_of_epoch, row.figures)) else epoch
            self.clues.epoch = max(self.clues.epoch or 0, done) or None


def is_lightning(header: list[str]) -> bool:
    """Say whether a header is one that Lightning writes."""
    return "epoch" in header and "step" in header and len(header) > 2


def _is_of_epoch(tag: str) -> bool:
    return tag.endswith("_epoch") or tag.replace("/", "_").split("_")[0] in _EPOCH_ENDS
