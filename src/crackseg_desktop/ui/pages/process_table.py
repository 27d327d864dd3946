"""The table of processes: lines that change each second under the eyes of whoever reads it.

Cells are made when they are painted, so that hundreds of rows cost what is seen of them. A line keeps its identity:
what is chosen stays chosen, and the view stays where it was scrolled to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal

from crackseg_desktop.insight.processes import Column
from crackseg_desktop.ui.pages.process_cells import PLACES, cell
from crackseg_desktop.ui.pages.process_entries import Beside
from crackseg_desktop.ui.widgets.sort_head import SortHead
from crackseg_desktop.ui.widgets.table import CELL, TableView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from crackseg_desktop.ui.pages.process_cells import Place
    from crackseg_desktop.ui.pages.process_entries import Entry, Key
    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.widgets.table import AnyIndex


class ProcessTable(TableView):
    """The view.

    Attributes:
        sorted_by: a person wants it sorted by a column (its number).
        chosen: another line is chosen, or none.
        toggled: a line was activated: by a double click, or Enter.
    """

    sorted_by = Signal(int)
    chosen = Signal()
    toggled = Signal()

    def __init__(self, theme: Theme) -> None:
        columns = [place.look for place in PLACES]
        self.head = SortHead(theme, columns)
        super().__init__(theme, columns, "Processes", 28, head=self.head, keeps_choice=True)
        self.rows = ProcessRows(PLACES, self)
        self.setModel(self.rows)
        self.head.chosen.connect(self.sorted_by)
        self.selectionModel().currentRowChanged.connect(self.chosen)
        self.activated.connect(self.toggled)

    @property
    def entry(self) -> Entry | None:
        """Return the line that is chosen."""
        index = self.currentIndex()
        return self.rows.entries[index.row()] if index.isValid() else None

    def texts(self) -> list[list[str]]:
        """Return what it says, row by row."""
        columns = range(self.rows.columnCount())
        return [[self.rows.index(row, column).data() for column in columns] for row in range(self.rows.rowCount())]


class ProcessRows(QAbstractTableModel):
    """The lines as Qt wants them."""

    def __init__(self, places: Sequence[Place], parent: QObject) -> None:
        super().__init__(parent)
        self._places = tuple(places)
        self._beside = Beside()
        self._keys: list[Key] = []
        self.entries: list[Entry] = []

    def put(self, entries: list[Entry], beside: Beside) -> None:
        """Show these lines: those that were there move, none is made anew."""
        self._beside = beside
        wanted = {entry.key: entry for entry in entries}
        self._remove_all_but(wanted)
        known = set(self._keys)
        new = [entry for key, entry in wanted.items() if key not in known]
        if new:
            self.beginInsertRows(QModelIndex(), len(self._keys), len(self._keys) + len(new) - 1)
            self.entries += new
            self._keys += [entry.key for entry in new]
            self.endInsertRows()
        self._move([*wanted], [*wanted.values()])
        if self._keys:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._keys) - 1, len(self._places) - 1))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature; it is immutable
        """Return how many lines there are."""
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - as above
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self._places)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the cell, or what it says; the tooltip is the reason where a figure is missing."""
        if role not in (CELL, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        entry, sort = self.entries[index.row()], self._places[index.column()].sort
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(entry, sort)
        made = cell(entry, sort, self._beside)
        return made if role == CELL else made.text.strip()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the title of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._places[section].title
        return None

    def _tooltip(self, entry: Entry, sort: Column) -> str:
        if entry.workers and sort == Column.NAME:
            return "A double click, or Enter, shows them one by one in the tree."
        reasons = [reason for name, reason in entry.row.unavailable.items() if name in _FIELDS.get(sort, (sort.value,))]
        return reasons[0] if reasons else cell(entry, sort, self._beside).text.strip()

    def _remove_all_but(self, wanted: dict[Key, Entry]) -> None:
        for place in reversed(range(len(self._keys))):
            if self._keys[place] not in wanted:
                self.beginRemoveRows(QModelIndex(), place, place)
                del self._keys[place], self.entries[place]
                self.endRemoveRows()

    def _move(self, keys: list[Key], entries: list[Entry]) -> None:
        if keys == self._keys:
            self.entries = entries
            return
        self.layoutAboutToBeChanged.emit()
        places = {key: place for place, key in enumerate(keys)}
        before = self.persistentIndexList()
        after = [self.index(places[self._keys[index.row()]], index.column()) for index in before]
        self._keys, self.entries = keys, entries
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()


_FIELDS = {"network": ("received_bytes_per_second", "sent_bytes_per_second")}
