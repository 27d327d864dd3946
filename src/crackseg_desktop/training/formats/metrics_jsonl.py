"""``metrics.jsonl``: one figure a line (name, value, step, timestamp), or one epoch a line in wide form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import LineParser, Point, as_number, as_step, as_time, json_object

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.base import Axis

_NO_FIGURES = frozenset({"epoch", "step", "timestamp", "time", "phase"})


class MetricsJsonl(LineParser):
    """Reads both schemas that go by this name.

    One of CrackSeg's scripts writes a row of zeros for every planned epoch before it begins: wide rows are held back
    until a figure differs from zero, so that such a file reads as absent.
    """

    def __init__(self) -> None:
        super().__init__()
        self._without_step: dict[str, int] = {}
        self._zeros: list[Point] | None = []

    def line(self, text: str) -> None:
        """Take in one row; what is not a JSON object is passed over with a note."""
        if not text.strip():
            return
        row = json_object(text)
        if row is None:
            self.clues.note("lines that are not JSON were passed over")
        elif isinstance(row.get("name"), str):
            self._long_row(row, str(row["name"]))
        else:
            self._wide_row(row)

    def is_whole(self, text: str) -> bool:
        """Say whether the last line is complete without a line end: an object that closes is."""
        return json_object(text) is not None

    def _long_row(self, row: dict[str, object], tag: str) -> None:
        value = as_number(row.get("value"))
        if value is None:
            return
        step, axis = as_step(row.get("step")), axis_of(tag)
        if step is None:
            step, axis = self._without_step.get(tag, 0), "step"
            self._without_step[tag] = step + 1
        time = as_time(row.get("timestamp"))
        self.clues.saw_time(time)
        self._points.append(Point(tag, step, self.fallback_time if time is None else time, value, axis))

    def _wide_row(self, row: dict[str, object]) -> None:
        epoch = as_step(row.get("epoch"))
        step = epoch if epoch is not None else as_step(row.get("step"))
        if step is None:
            return
        logged = as_time(row.get("timestamp"))
        time, axis = self.fallback_time if logged is None else logged, "epoch" if epoch is not None else "step"
        figures = {tag: as_number(value) for tag, value in row.items() if tag not in _NO_FIGURES}
        points = [
            Point(tag, step, time, value, _axis(tag, axis)) for tag, value in figures.items() if value is not None
        ]
        if self._zeros is not None:
            self._zeros += points
            if not any(point.value for point in points):
                return
            points, self._zeros = self._zeros, None
        for point in points:
            self.clues.saw_time(point.time)
        self._points += points


def axis_of(tag: str) -> Axis:
    """Return what a step of CrackSeg's counts: batches in ``train_batch/…``, epochs in all others."""
    return "step" if tag.startswith("train_batch/") else "epoch"


def _axis(tag: str, row_axis: str) -> Axis:
    return "step" if row_axis == "step" else axis_of(tag)
