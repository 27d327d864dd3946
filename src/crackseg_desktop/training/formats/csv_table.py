"""Tables of figures as text: a header, a row an epoch or a step. The dialects of frameworks are told in subclasses."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.training.formats.base import LineParser, Point, as_number, as_step, as_time

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.base import Axis

STEP_COLUMNS = ("global_step", "_step", "step", "iteration", "iter", "iters", "num_steps")
"""Names of the column that counts steps, the surest first; all but the first two may begin anew in each epoch."""
EPOCH_COLUMNS = ("epoch",)
TIME_COLUMNS = frozenset({"timestamp", "_timestamp", "wall_time", "wall time", "datetime", "date", "time"})
PART_COLUMNS = frozenset({"phase", "split", "mode", "subset"})
_IN_EPOCH = frozenset(STEP_COLUMNS[3:])
_DELIMITERS = ",;\t"
_MOST_LINES = 20
"""Of one record; a quotation mark that is not closed for longer is a stray."""
_UNIX_TIMES = (9.0e8, 4.2e9)


class Row(NamedTuple):
    """One row: its cells by column, blank ones left out, and the figures in them, which keep the file's order."""

    cells: dict[str, str]
    figures: dict[str, float]


class CsvTable(LineParser):
    """Reads a table with a step or an epoch column. A header that comes again, also another one, begins a new table.

    Where both columns are there, steps count; a column that counts within the epoch does not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.header: list[str] = []
        self._held: list[str] = []
        self._titles: list[str] = []
        self._delimiter = ","
        self._step_column: str | None = None
        self._axis: Axis = "step"

    def line(self, text: str) -> None:
        """Take in a line: the header, a row, or a part of one, where a quoted cell goes over several lines."""
        if not self._held and (not text.strip() or text.lstrip().startswith("#")):
            return
        if not self.header and not self._held:
            self._delimiter = max(_DELIMITERS, key=text.count)
        held, self._held = [*self._held, text], []
        if self._ends_within(held):
            self._held = held
        elif len(held) > _MOST_LINES or (len(held) > 1 and '"' not in text):
            for line in held:
                self._record(line)
        else:
            self._record("\n".join(held))

    def _ends_within(self, held: list[str]) -> bool:
        """Say whether a record goes on in the next line, and not only begins with a quotation mark that is a stray."""
        if '"' not in held[0] or len(held) > _MOST_LINES:
            return False
        if len(held) > 1 and '"' not in held[-1] and len(self._cells(held[-1])) == len(self._titles):
            return False
        rows = csv.reader(["\n".join(held), ""], delimiter=self._delimiter)
        try:
            next(rows)
        except (csv.Error, StopIteration):
            return False
        return rows.line_num > 1

    def _record(self, text: str) -> None:
        cells = self._cells(text)
        if not self.header or self._is_header(cells):
            self._titles, self.header = cells, _distinct(cells)
            self._step_column, self._axis = step_column(self.header)
        elif len(cells) > len(self.header):
            self.clues.note("rows that are longer than the header were passed over")
        else:
            self.row(self._row(cells))

    def row(self, row: Row) -> None:
        """Take in one row."""
        step = self.step(row)
        if step is None:
            return
        time = self.time(row)
        prefix = next((f"{text}/" for name, text in row.cells.items() if name.lower() in PART_COLUMNS), "")
        for tag, value in row.figures.items():
            if not self.is_no_figure(tag):
                self._points.append(Point(prefix + tag, step, time, value, self._axis))

    def step(self, row: Row) -> int | None:
        """Return the step of a row; None for a row without one."""
        return as_step(row.cells.get(self._step_column)) if self._step_column is not None else None

    def time(self, row: Row) -> float:
        """Return the Unix seconds of a row, told by the row or else those of the file."""
        for name, text in row.cells.items():
            if name.lower() in TIME_COLUMNS and (time := _wall_time(text)) is not None:
                self.clues.saw_time(time)
                return time
        return self.fallback_time

    def is_no_figure(self, tag: str) -> bool:
        """Say whether a column only tells where a row belongs."""
        lower = tag.lower()
        return not tag or lower in EPOCH_COLUMNS or lower in STEP_COLUMNS or lower in TIME_COLUMNS

    def _is_header(self, cells: list[str]) -> bool:
        """Say whether a line in the table is a header: as the one before, or words that name a column that counts."""
        if cells == self._titles:
            return True
        return all(self._number(cell) is None for cell in cells) and step_column(cells)[0] is not None

    def _cells(self, text: str) -> list[str]:
        try:
            return [" ".join(cell.split("\n")).strip() for cell in next(csv.reader([text], delimiter=self._delimiter))]
        except (csv.Error, StopIteration):
            return []

    def _row(self, cells: list[str]) -> Row:
        named = {name: cell for name, cell in zip(self.header, cells, strict=False) if cell}
        figures = {name: self._number(cell) for name, cell in named.items()}
        return Row(named, {name: value for name, value in figures.items() if value is not None})

    def _number(self, cell: str) -> float | None:
        return as_number(cell.replace(",", ".") if self._delimiter == ";" else cell)


def step_column(header: list[str]) -> tuple[str | None, Axis]:
    """Return the column that counts, and what it counts; None where there is none."""
    by_name = {name.lower(): name for name in reversed(header)}
    epoch = next((by_name[name] for name in EPOCH_COLUMNS if name in by_name), None)
    step = next((by_name[name] for name in STEP_COLUMNS if name in by_name), None)
    if step is not None and not (epoch is not None and step.lower() in _IN_EPOCH):
        return step, "step"
    return epoch, "epoch"


def _distinct(names: list[str]) -> list[str]:
    """Return the names of columns, those that come again numbered: ``loss``, ``loss.1``, …"""
    found: set[str] = set()
    distinct: list[str] = []
    numbers: Counter[str] = Counter()
    for name in names:
        new = name
        while new and new in found:
            numbers[name] += 1
            new = f"{name}.{numbers[name]}"
        found.add(new)
        distinct.append(new)
    return distinct


def _wall_time(text: str) -> float | None:
    """Return a time of day; a number that cannot be one counts seconds since some start and is none."""
    number = as_number(text)
    if number is None:
        return as_time(text)
    return number if _UNIX_TIMES[0] < number < _UNIX_TIMES[1] else None
