"""All processes: a table to sort and search, as a list or a tree, and what is known of the one that is chosen."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop.insight.processes import Column
from crackseg_desktop.ui.pages.end_dialog import EndDialog
from crackseg_desktop.ui.pages.process_cells import PLACES
from crackseg_desktop.ui.pages.process_detail import ProcessDetail
from crackseg_desktop.ui.pages.process_entries import Beside, Order, entries
from crackseg_desktop.ui.pages.process_table import ProcessTable
from crackseg_desktop.ui.widgets.buttons import Segments
from crackseg_desktop.ui.widgets.fields import Field
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.readings import ProcessRow
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context

_SHAPES = (("list", "List"), ("tree", "Tree"))
_RISING_FIRST = (Column.NAME, Column.USER, Column.PID)


class ProcessesView(QWidget):
    """The view. ``changed`` asks to draw again."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = context.theme
        self._theme, self._actions = theme, context.actions
        self.order = Order()
        self._shown: tuple[object, Order] | None = None
        self._model: Model | None = None
        self.search = Field(theme, "Search processes")
        self.search.setPlaceholderText("Search by name, command, user, container or PID")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(380)
        self.search.textChanged.connect(self._on_search)
        self.shape = Segments(theme, _SHAPES, "list", "Processes as")
        self.shape.chosen.connect(self._on_shape)
        self.count = Line(theme, align="right", elide=True, ground="window", height=32)
        self.table, self.detail = ProcessTable(theme), ProcessDetail(theme)
        self.table.sorted_by.connect(self._on_sorted_by)
        self.table.chosen.connect(self._show_detail)
        self.table.toggled.connect(self._on_toggled)
        self.detail.end_wanted.connect(self._on_end)
        self.detail.hide()
        card = Card(theme, padding=8, spacing=0)
        card.body.addWidget(self.table)
        top, column = QHBoxLayout(), QVBoxLayout(self)
        top.setSpacing(12)
        for part, stretch in ((self.search, 2), (self.shape, 0), (self.count, 3)):
            top.addWidget(part, stretch)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(card, 1)
        column.addWidget(self.detail)

    def refresh(self, model: Model) -> None:
        """Show the processes; nothing is done where they are shown already."""
        self._model = model
        rows = model.sample.table if model.sample is not None else None
        if rows is None:
            self.count.put(Span("Reading the processes…", "label", None, "text2"))
            return
        if self._shown is not None and self._shown[0] is rows and self._shown[1] == self.order:
            return
        self._shown = rows, self.order
        beside = Beside.of(model)
        found = entries(rows, self.order, beside)
        self.table.rows.put(found, beside)
        place = next(number for number, place in enumerate(PLACES) if place.sort == self.order.column)
        self.table.head.put(place, descending=self.order.descending)
        shown = sum(len(entry.rows) for entry in found)
        told = f"{len(rows)} processes" if shown == len(rows) else f"{shown} of {len(rows)} processes"
        self.count.put(Span(f"{told} · every 2 s", "label", None, "text2"))
        self._show_detail()

    @Slot()
    def _show_detail(self) -> None:
        entry, model = self.table.entry, self._model
        self.detail.setVisible(entry is not None)
        if entry is not None and model is not None:
            run = Beside.of(model).runs.get(entry.row.pid)
            self.detail.put(entry, run, self._refusal(entry.row), model)

    def _refusal(self, row: ProcessRow) -> str:
        """Return why a process may not be ended, or nothing."""
        if self._actions.processes.refusal:
            return self._actions.processes.refusal
        if not row.own:
            return f"It belongs to {row.user or 'somebody else'}: only own processes can be ended."
        return "It is this program." if row.pid == os.getpid() else ""

    @Slot(str)
    def _on_search(self, text: str) -> None:
        self.order = replace(self.order, search=text)
        self.changed.emit()

    @Slot(str)
    def _on_shape(self, shape: str) -> None:
        self.order = replace(self.order, as_tree=shape == "tree")
        self.changed.emit()

    @Slot(int)
    def _on_sorted_by(self, section: int) -> None:
        column = PLACES[section].sort
        turned = not self.order.descending if column == self.order.column else column not in _RISING_FIRST
        self.order = replace(self.order, column=column, descending=turned)
        self.changed.emit()

    @Slot()
    def _on_toggled(self) -> None:
        """Show folded workers one by one, or fold those of a process again."""
        entry = self.table.entry
        if entry is None or not self.order.as_tree:
            return
        pid = entry.row.parent if entry.workers else entry.row.pid
        if entry.workers or pid in self.order.unfolded:
            self.order = replace(self.order, unfolded=self.order.unfolded ^ {pid})
            self.changed.emit()

    @Slot()
    def _on_end(self) -> None:
        entry, model = self.table.entry, self._model
        if entry is None or model is None or entry.workers or self._refusal(entry.row):
            return
        dialog = EndDialog(self._theme, self.window(), entry.row, Beside.of(model).runs.get(entry.row.pid))
        dialog.confirmed.connect(self._actions.processes.end)
        dialog.open()
