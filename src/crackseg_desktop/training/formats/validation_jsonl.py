"""``validation_metrics.jsonl``: one epoch a line; every run of a checkout may append to the same file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import LineParser, Point, as_number, as_step, as_time, json_object

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one epoch, by the tags that the file has."""

    epoch: int
    time: float
    figures: Mapping[str, float]

    def points(self) -> list[Point]:
        """Return the row's points."""
        return [Point(tag, self.epoch, self.time, value) for tag, value in self.figures.items()]


class ValidationJsonl(LineParser):
    """Reads the rows. ``rows`` are all since the start, for files that several runs share."""

    def __init__(self, *, keep_rows: bool = False) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._keep_rows = keep_rows

    def line(self, text: str) -> None:
        """Take in one row; what is no epoch row is passed over."""
        if not text.strip():
            return
        row = json_object(text)
        if row is None:
            self.clues.note("lines that are not JSON were passed over")
            return
        parsed = parse_row(row, self.fallback_time)
        if parsed is None:
            return
        self.clues.saw_time(parsed.time)
        if self._keep_rows:
            self.rows.append(parsed)
        else:
            self._points += parsed.points()

    def is_whole(self, text: str) -> bool:
        """Say whether the last line is complete without a line end: an object that closes is."""
        return json_object(text) is not None


def parse_row(row: Mapping[str, object], fallback_time: float) -> Row | None:
    """Return the epoch row in a JSON object; None where it is none."""
    epoch, metrics = as_step(row.get("epoch")), row.get("metrics")
    if epoch is None or not isinstance(metrics, dict):
        return None
    time, phase = as_time(row.get("timestamp")), row.get("phase")
    figures = {_tag(str(key), phase): as_number(value) for key, value in metrics.items()}
    return Row(
        epoch,
        fallback_time if time is None else time,
        {tag: value for tag, value in figures.items() if value is not None},
    )


def _tag(key: str, phase: object) -> str:
    return key if not isinstance(phase, str) or key.startswith(phase) else f"{phase}_{key}"
