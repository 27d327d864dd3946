"""The lower row of the system page: all disks with what becomes of them, and the busiest processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from crackseg_desktop import units
from crackseg_desktop.insight.processes import Column as By
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.process_cells import cell
from crackseg_desktop.ui.pages.process_entries import Beside, busiest
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.table import Cell, Column, Table
from crackseg_desktop.ui.widgets.text import Line, Span, plain

if TYPE_CHECKING:
    from crackseg_desktop.insight.forecast import DiskForecast
    from crackseg_desktop.readings import HostReading, ProcessRow, Reading, Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context

_DISKS = (
    Column("Mount"),
    Column("Used", 80),
    Column("Free", 124, right=True),
    Column("Growth", 84, right=True, needs=540),
    Column("Forecast", 188, right=True),
)
_BUSIEST = (
    Column("PID", 64, right=True),
    Column("Process"),
    Column("CPU", 62, right=True),
    Column("RAM", 76, right=True),
    Column("Disk read", 84, right=True, needs=400),
)
_SORTS = (By.PID, By.NAME, By.CPU, By.MEMORY, By.READ)
_ROW = 32
_CALM = ("it does not shrink", "at this pace")
"""How reasons begin that say that nothing is to be feared."""


class DisksCard(Card):
    """All disks: how full they are, how fast they fill, and when they will likely be full."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=8, spacing=0)
        self.table = Table(context.theme, _DISKS, "Disks", _ROW)
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        self._note = Line(context.theme, align="right", height=28)
        head.addWidget(Line(context.theme, Span("Disks", "body", 600), height=28), 1)
        head.addWidget(self._note)
        self.body.addLayout(head)
        self.body.addWidget(self.table, 1)

    def refresh(self, host: HostReading, model: Model, limit: float | None) -> None:
        """Show the disks, the fullest first."""
        self._note.put(
            Span("" if limit is None else f"limit {units.figure('bytes', limit)} free", "caption", None, "text3")
        )
        disks = sorted(host.disks, key=lambda disk: disk.get("host_disk_free_bytes") or 0.0)
        self.table.put([disk_row(disk, model, limit) for disk in disks])


class BusiestCard(Card):
    """The five processes that take most of the CPU. ``all_wanted``: a person wants to see all of them."""

    all_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=8, spacing=0)
        self.table = Table(context.theme, _BUSIEST, "Busiest processes", _ROW)
        self._rows: tuple[ProcessRow, ...] | None = None
        self._runs: tuple[Run, ...] = ()
        self.table.row_chosen.connect(self.all_wanted)
        self.all = Button(context.theme, "All processes", kind="quiet", height=28)
        self.all.clicked.connect(self.all_wanted)
        self._note = Line(context.theme, align="right", height=28, elide=True)
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(Line(context.theme, Span("Busiest processes", "body", 600), height=28))
        head.addWidget(self._note, 1)
        head.addWidget(self.all)
        self.body.addLayout(head)
        self.body.addWidget(self.table, 1)

    def refresh(self, model: Model) -> None:
        """Show the processes."""
        rows = model.sample.table if model.sample is not None else None
        if rows is not None and rows is self._rows and model.runs is self._runs:
            return
        self._rows, self._runs = rows, model.runs
        self._note.put(Span("Reading the processes…" if rows is None else "every 5 s", "caption", None, "text3"))
        beside = Beside.of(model)
        shown = busiest(rows) if rows is not None else []
        self.table.put([[cell(entry, column, beside) for column in _SORTS] for entry in shown])


def disk_row(disk: Reading, model: Model, limit: float | None) -> tuple[Cell, ...]:
    """Return the cells of a disk."""
    mount, free = disk.labels.get("mount", units.MISSING), disk.get("host_disk_free_bytes")
    told = model.disk_forecast(mount, limit)
    low = free is not None and limit is not None and free < 1.2 * limit
    soon = low or (told is not None and told.time is not None)
    if free is None:
        reason = words.why_missing(disk, "host_disk_free_bytes")
        return (
            Cell(plain(mount, weight=600)),
            Cell(),
            Cell(plain(units.MISSING, "text3")),
            Cell(),
            Cell(plain(reason, "text3")),
        )
    return (
        Cell(plain(mount, weight=600)),
        Cell(bar=(words.disk_share(disk), "warning_shape" if soon else "s6")),
        Cell(plain(words.disk_words(disk).removesuffix(" free"))),
        Cell(plain(growth_words(told), "text" if soon else "text2")),
        Cell(_forecast(told, free, limit, model)),
    )


def growth_words(told: DiskForecast | None) -> str:
    """Say how fast a disk fills, or empties."""
    if told is None or told.bytes_per_hour is None:
        return units.MISSING
    pace = told.bytes_per_hour / units.GIB
    if abs(pace) < 0.05:
        return "0.0 GiB/h"
    return f"{'+' if pace > 0 else '−'}{abs(pace):.1f} GiB/h"


def _forecast(told: DiskForecast | None, free: float, limit: float | None, model: Model) -> tuple[Span, ...]:
    if limit is not None and free < limit:
        return _warned("under the limit")
    if told is not None and told.time is not None:
        what = "full" if limit is None else units.figure("bytes", limit)
        return _warned(f"likely {what} at {words.when(told.time, model.now)}")
    if limit is not None and free < 1.2 * limit:
        return _warned(f"near: {units.figure('bytes', free - limit)} to go")
    if told is None:
        return plain("no history to tell" if model.timeline.off else "reading the history…", "text3")
    return plain("no limit near" if told.reason.startswith(_CALM) else told.reason, "text2")


def _warned(text: str) -> tuple[Span, ...]:
    return (Span(text, "label", None, "warning", glyph="warning", glyph_colour="warning_shape"),)
