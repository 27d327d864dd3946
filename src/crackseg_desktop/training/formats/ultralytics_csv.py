"""Ultralytics' and YOLOv5's ``results.csv``: a row an epoch; older versions pad the cells and count from 0.

Newer ones have ``time``: seconds since the start. The clock time of a row is reckoned from it and from the time at
which the file was last written.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import as_number
from crackseg_desktop.training.formats.csv_table import CsvTable

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.csv_table import Row


class UltralyticsCsv(CsvTable):
    """Reads the rows. Those of the first portion are reckoned back from its last, which was written just now."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._times: list[float] = []
        self._last: tuple[float, float] | None = None

    def feed(self, data: bytes, fallback_time: float) -> int:
        """Take in whole rows."""
        used = super().feed(data, fallback_time)
        self._flush()
        return used

    def finish(self, data: bytes, fallback_time: float) -> int:
        """Take in the last row."""
        used = super().finish(data, fallback_time)
        self._flush()
        return used

    def row(self, row: Row) -> None:
        """Keep a row until the last of the portion is known."""
        self._rows.append(row)

    def time(self, row: Row) -> float:
        """Return the clock time of the next row."""
        return self._times.pop(0) if self._times else self.fallback_time

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        elapsed = [as_number(row.cells.get("time")) for row in rows]
        known = [seconds for seconds in elapsed if seconds is not None and math.isfinite(seconds)]
        if known and len(known) == len(rows):
            self._times = self._clock_times(known)
            self._last = (known[-1], self._times[-1])
            self.clues.saw_time(self._times[0])
            self.clues.saw_time(self._times[-1])
        for row in rows:
            super().row(row)

    def _clock_times(self, elapsed: list[float]) -> list[float]:
        """Reckon on from the row before; where the elapsed time begins anew, a training began: reckon back."""
        before = self._last
        if before is not None and all(later >= earlier for earlier, later in pairwise([before[0], *elapsed])):
            return [before[1] + seconds - before[0] for seconds in elapsed]
        times = [self.fallback_time]
        for earlier, later in pairwise(reversed(elapsed)):
            times.append(times[-1] - (earlier - later if earlier >= later else earlier))
        return times[::-1]


def is_ultralytics(header: list[str]) -> bool:
    """Say whether a header is one that Ultralytics or YOLOv5 writes."""
    return "epoch" in header and any(name.startswith(("metrics/", "train/", "val/")) for name in header)
