"""JSON lines with a step or an epoch in each: one object a line, bare NaN and Infinity allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import LineParser, Point, as_number, as_step, as_time, json_object
from crackseg_desktop.training.formats.csv_table import EPOCH_COLUMNS, PART_COLUMNS, STEP_COLUMNS, TIME_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crackseg_desktop.training.formats.base import Axis

_EARLIEST_TIME = 9.0e8


class JsonRows(LineParser):
    """Reads rows by their global step where they have one, else by their epoch. Objects within are one level deep."""

    def line(self, text: str) -> None:
        """Take in one row; what is not a JSON object is passed over with a note."""
        if not text.strip():
            return
        row = json_object(text)
        if row is None:
            self.clues.note("lines that are not JSON were passed over")
            return
        self.row(dict(_flat(row)))

    def is_whole(self, text: str) -> bool:
        """Say whether the last line is complete without a line end: an object that closes is."""
        return json_object(text) is not None

    def row(self, row: Mapping[str, object]) -> None:
        """Take in the figures of one row."""
        step, axis = step_of(row)
        if step is not None:
            part = next((f"{row[name]}/" for name in row if name in PART_COLUMNS and isinstance(row[name], str)), "")
            self.add(row, step, axis, part)

    def add(self, row: Mapping[str, object], step: int, axis: Axis, prefix: str = "") -> None:
        """Add a row's figures at a step."""
        time = self.fallback_time
        for name, value in row.items():
            if name in TIME_COLUMNS and (told := _wall_time(value)) is not None:
                time = told
                self.clues.saw_time(told)
        for name, value in row.items():
            number = as_number(value)
            if number is not None and not isinstance(value, str) and not is_no_figure(name, value):
                self._points.append(Point(prefix + name, step, time, number, axis))


def step_of(row: Mapping[str, object]) -> tuple[int | None, Axis]:
    """Return the step of a row and what it counts; None where it has none."""
    for name in STEP_COLUMNS:
        step = as_step(row.get(name))
        if step is not None and not (name in ("iter", "iters") and "epoch" in row):
            return step, "step"
    for name in EPOCH_COLUMNS:
        epoch = as_step(row.get(name))
        if epoch is not None:
            return epoch, "epoch"
    return None, "step"


def is_no_figure(name: str, value: object) -> bool:
    """Say whether a member only tells where a row belongs; ``time`` is a figure where it is no time of day."""
    lower = name.lower()
    if lower in TIME_COLUMNS:
        return _wall_time(value) is not None
    return lower in EPOCH_COLUMNS or lower in STEP_COLUMNS


def _wall_time(value: object) -> float | None:
    time = as_time(value)
    return time if time is not None and time > _EARLIEST_TIME else None


def _flat(row: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from ((f"{name}/{inner}", found) for inner, found in value.items())
        else:
            yield name, value
