"""The last hour of every stored series, in memory: what a plot shows the moment its window opens.

All series share one column of times, so that a cursor reads every plot at one instant; a figure that was missing
is NaN, and a gap (suspend, clock jump) is a row of NaN. 8 bytes a value.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.readings import Reading, Sample
    from crackseg_desktop.series import SeriesKey


@dataclass(frozen=True, slots=True)
class Window:
    """An immutable view for other threads: one column of times (Unix seconds) and one of values for each series."""

    times: array[float]
    values: Mapping[SeriesKey, array[float]]


class Recent:
    """A sliding window of samples. Belongs to one thread; ``window`` is what crosses."""

    def __init__(self, keep: int = 3600) -> None:
        self._keep = keep
        self._times: array[float] = array("d")
        self._values: dict[SeriesKey, array[float]] = {}

    def __len__(self) -> int:
        return len(self._times)

    def add(self, sample: Sample) -> None:
        """Append one sample; series that are not in it get NaN."""
        if sample.gap and self._times:
            self._append(self._times[-1], {})
        self._append(sample.time, stored_figures(sample))
        if len(self._times) >= 2 * self._keep:
            self._forget()

    def window(self) -> Window:
        """Return a copy of the last ``keep`` samples."""
        return Window(self._times[-self._keep :], {key: column[-self._keep :] for key, column in self._values.items()})

    def tail(self, key: SeriesKey, rows: int = 600, most: int = 60) -> tuple[tuple[float, float], ...]:
        """Return up to ``most`` values of one series, evenly taken from its last ``rows``, the newest last."""
        times, column = self._times[-rows:], self._values.get(key, array("d"))[-rows:]
        chosen = range(len(column) - 1, -1, -max(1, len(column) // most))
        pairs = ((times[row], column[row]) for row in reversed(chosen[:most]))
        return tuple((time, value) for time, value in pairs if not math.isnan(value))

    def _append(self, time: float, figures: dict[SeriesKey, float]) -> None:
        rows = len(self._times)
        self._times.append(time)
        for key, value in figures.items():
            column = self._values.get(key)
            if column is None:
                column = self._values[key] = array("d", (math.nan,)) * rows
            column.append(value)
        for column in self._values.values():
            if len(column) <= rows:
                column.append(math.nan)

    def _forget(self) -> None:
        """Cut to ``keep`` rows (in large steps: cutting moves everything) and drop series that are gone."""
        self._times = self._times[-self._keep :]
        kept = ((key, column[-self._keep :]) for key, column in self._values.items())
        self._values = {key: column for key, column in kept if not all(map(math.isnan, column))}


def stored_figures(sample: Sample) -> dict[SeriesKey, float]:
    """Return what of a sample becomes history: figures of stored metrics that were read just now, and the GPUs' names."""
    figures = {
        series_key(metric, reading.labels): value
        for reading in sample.readings()
        for metric, value in reading.figures.items()
        if _is_stored(metric) and _is_current(reading, sample)
    }
    for gpu in sample.gpus:
        if _is_current(gpu, sample):
            figures[series_key("gpu_info", gpu.identity)] = 1.0
    return figures


def _is_stored(metric: str) -> bool:
    row = CATALOGUE.get(metric)
    return row is not None and row.stored


def _is_current(reading: Reading, sample: Sample) -> bool:
    """Leave out a GPU that does not answer: its last figures are carried along and are no longer measurements."""
    taken = getattr(reading, "taken", None)
    return not taken or sample.time - taken < 5
