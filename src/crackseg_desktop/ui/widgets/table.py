"""Tables: head 28, rows 36 or 28; text left, figures right, no stripes, a line between rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from crackseg_desktop.ui.widgets.text import Span, draw_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QAbstractItemModel, QObject
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.ui.theme import Theme

AnyIndex = QModelIndex | QPersistentModelIndex
CELL = Qt.ItemDataRole.UserRole
"""The role under which a model hands over the ``Cell`` of an item."""
_SIDE = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, width in px (0 takes what is left), and whether it holds figures.

    It is left out where the table is narrower than ``needs`` px.
    """

    title: str
    width: int = 0
    right: bool = False
    needs: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: spans, or a bar of (share, colour)."""

    spans: tuple[Span, ...] = ()
    bar: tuple[float, str] | None = None

    @property
    def text(self) -> str:
        """Return what it says."""
        return " ".join(span.text for span in self.spans) if self.bar is None else f"{self.bar[0] * 100:.0f} %"


class TableView(QTableView):
    """The look of a table over a model whose items answer ``CELL`` with a ``Cell``; read-only, rows are chosen whole.

    With ``keeps_choice`` the chosen row stays marked. ``head`` is its head where a plain one does not do.
    """

    def __init__(
        self,
        theme: Theme,
        columns: Sequence[Column],
        name: str,
        row_height: int = 36,
        *,
        head: Head | None = None,
        keeps_choice: bool = False,
    ) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.setItemDelegate(_Delegate(theme, columns, self, keeps_choice))
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setTabKeyNavigation(False)
        self.setProperty("focusRing", True)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(row_height)
        self.verticalHeader().setMinimumSectionSize(row_height)
        self.setHorizontalHeader(Head(theme, columns, self) if head is None else head)

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Take over a model, and give its columns their widths."""
        super().setModel(model)
        for index, column in enumerate(self.columns):
            mode = QHeaderView.ResizeMode
            self.horizontalHeader().setSectionResizeMode(index, mode.Fixed if column.width else mode.Stretch)
            if column.width:
                self.setColumnWidth(index, column.width)

    def minimumSizeHint(self) -> QSize:
        """Return room for the head and a row."""
        return QSize(200, 28 + self.verticalHeader().defaultSectionSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what there is no room for."""
        super().resizeEvent(event)
        for index, column in enumerate(self.columns):
            self.setColumnHidden(index, self.width() < column.needs)


class Table(TableView):
    """A table of rows made beforehand. Emits ``row_chosen`` with the row that was clicked or activated."""

    row_chosen = Signal(int)

    def __init__(self, theme: Theme, columns: Sequence[Column], name: str, row_height: int = 36) -> None:
        super().__init__(theme, columns, name, row_height)
        self._rows = _Rows(columns, self)
        self.setModel(self._rows)
        self.clicked.connect(self._on_chosen)
        self.activated.connect(self._on_chosen)

    def put(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Show these rows; nothing happens where they are shown already."""
        self._rows.put([tuple(row) for row in rows])

    def texts(self) -> list[list[str]]:
        """Return what it says, row by row."""
        return [[cell.text for cell in row] for row in self._rows.rows]

    def _on_chosen(self, index: QModelIndex) -> None:
        self.row_chosen.emit(index.row())


class _Rows(QAbstractTableModel):
    def __init__(self, columns: Sequence[Column], parent: QObject) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self.rows: list[tuple[Cell, ...]] = []

    def put(self, rows: list[tuple[Cell, ...]]) -> None:
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        for number, (old, new) in enumerate(zip(self.rows, rows, strict=True)):
            if old != new:
                self.rows[number] = new
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(self._columns) - 1))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature; it is immutable
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        cell = self.rows[index.row()][index.column()]
        if role == CELL:
            return cell
        return cell.text if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole) else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._columns[section].title
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, columns: Sequence[Column], parent: QObject, keeps_choice: bool) -> None:
        super().__init__(parent)
        self._theme, self._columns, self._keeps_choice = theme, tuple(columns), keeps_choice

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        tokens, cell = self._theme.tokens, index.data(CELL)
        rect = QRectF(option.rect)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if self._keeps_choice and option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, tokens["accent_soft"])
        elif hovered or focused:
            painter.fillRect(rect, tokens["raised"])
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), tokens["grid"])
        inner = rect.adjusted(_SIDE, 0, -_SIDE, 0)
        if cell.bar is None:
            align = "right" if self._columns[index.column()].right else "left"
            draw_spans(painter, inner, cell.spans, tokens, align=align)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        share, colour = cell.bar
        for part, name in ((1.0, "raised"), (min(1.0, max(0.0, share)), colour)):
            painter.setBrush(tokens[name])
            painter.drawRoundedRect(QRectF(inner.left(), inner.center().y() - 3, inner.width() * part, 6), 3, 3)


class Head(QHeaderView):
    """The head of a table, 28 px."""

    def __init__(self, theme: Theme, columns: Sequence[Column], parent: QTableView | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme, self._columns = theme, tuple(columns)
        self.setSectionsClickable(False)
        self.setMinimumSectionSize(24)
        self.setFixedHeight(28)

    def paintSection(self, painter: QPainter, rect: Any, section: int) -> None:
        """Draw the title of a column."""
        tokens, box = self._theme.tokens, QRectF(rect)
        painter.fillRect(box, tokens["card"])
        painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), tokens["border"])
        column = self._columns[section]
        span = self.title(section)
        draw_spans(
            painter, box.adjusted(_SIDE, 0, -_SIDE, 0), (span,), tokens, align="right" if column.right else "left"
        )

    def title(self, section: int) -> Span:
        """Return what stands over a column."""
        return Span(self._columns[section].title, "caption", 500, "text2")
