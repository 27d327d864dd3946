"""The columns of the tables of processes, and what stands in their cells. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop import units
from crackseg_desktop.insight.processes import Column, is_python
from crackseg_desktop.ui.widgets import table
from crackseg_desktop.ui.widgets.states import RUN_LOOKS
from crackseg_desktop.ui.widgets.table import Cell
from crackseg_desktop.ui.widgets.text import Span, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.readings import ProcessRow
    from crackseg_desktop.ui.pages.process_entries import Beside, Entry

INDENT = 14.0
_LEAST_RATE = 1.0
_MISSING = Cell(plain(units.MISSING, "text3"))
_NOTHING = Cell(plain("0", "text3"))


class Place(NamedTuple):
    """A column of the table: what it is sorted by, its title and measures (see ``table.Column``)."""

    sort: Column
    title: str
    width: int = 0
    needs: int = 0

    @property
    def look(self) -> table.Column:
        """Return the column as the widget wants it."""
        return table.Column(self.title, self.width, self.sort not in (Column.NAME, Column.USER), self.needs)


PLACES = (
    Place(Column.PID, "PID", 70),
    Place(Column.NAME, "Process"),
    Place(Column.USER, "User", 84, needs=1060),
    Place(Column.CPU, "CPU", 66),
    Place(Column.MEMORY, "RAM", 78),
    Place(Column.GPU_MEMORY, "GPU memory", 88),
    Place(Column.SM, "SM", 58),
    Place(Column.READ, "Disk read", 88),
    Place(Column.WRITTEN, "Disk write", 88),
    Place(Column.NETWORK, "Network", 88),
    Place(Column.THREADS, "Threads", 66, needs=1000),
    Place(Column.STARTED, "Runs for", 90),
)


def cell(entry: Entry, column: Column, beside: Beside) -> Cell:
    """Return what stands in a cell."""
    row = entry.row
    match column:
        case Column.PID:
            return Cell(plain("" if entry.workers else str(row.pid), "text2"))
        case Column.NAME:
            return Cell(_name(entry, beside))
        case Column.USER:
            return Cell(plain(row.user or units.MISSING, "text2" if row.own else "text3"))
        case Column.GPU_MEMORY:
            return _figure("bytes", _of_gpu(entry, beside.memory))
        case Column.SM:
            return _figure("ratio", _of_gpu(entry, beside.shares))
        case Column.STARTED:
            return Cell(plain(units.duration(beside.now - row.started), "text2"))
        case Column.THREADS:
            count = entry.total(column)
            return _MISSING if count is None else Cell(plain(f"{count:.0f}", "text2"))
        case Column.CPU | Column.MEMORY:
            return _figure("ratio" if column == Column.CPU else "bytes", entry.total(column))
        case _:
            return _figure("bytes_per_second", entry.total(column))


def command(row: ProcessRow) -> str:
    """Write a command as a person would: the program and, of an interpreter, its script, without folders."""
    if not row.command:
        return row.name or units.MISSING
    parts = [part.replace("\\", "/").rpartition("/")[2] or part for part in row.command]
    if not is_python(row):
        return row.name or parts[0]
    script = next((part for part in parts[1:] if not part.startswith("-")), "")
    return f"{parts[0]} {script}".strip()


def workers_name(entry: Entry) -> str:
    """Name folded workers."""
    return f"{len(entry.workers)} data loader{'s'[: len(entry.workers) != 1]}"


def _name(entry: Entry, beside: Beside) -> tuple[Span, ...]:
    row, indent = entry.row, INDENT * entry.depth
    lead = (Span("", "label", gap=0.0), Span("↳", "label", None, "text3", indent - INDENT)) if entry.depth else ()
    if entry.workers:
        return (*lead, Span(workers_name(entry), "label", None, "text2", 5, gives=True))
    gap, run = 5.0 if lead else 0.0, beside.runs.get(row.pid)
    if run is not None:
        look = RUN_LOOKS[run.state]
        name = Span(command(row), "label", 500, "accent", gap, glyph=look.glyph, glyph_colour=look.colour)
        return (*lead, name, Span(run.facts.name, "caption", None, "text2", 8, gives=True))
    name = Span(command(row), "label", 500, "text", gap, gives=True)
    if row.container:
        return (*lead, name, Span(row.container.split(" ")[0], "caption", None, "text3", 8))
    return (*lead, name)


def _of_gpu(entry: Entry, figures: Mapping[int, float]) -> float | None:
    known = [figures[row.pid] for row in entry.rows if row.pid in figures]
    return sum(known) if known else None


def _figure(unit: str, value: float | None) -> Cell:
    if value is None:
        return _MISSING
    if unit == "bytes_per_second" and value < _LEAST_RATE:
        return _NOTHING
    return Cell(plain(units.figure(unit, value)))
