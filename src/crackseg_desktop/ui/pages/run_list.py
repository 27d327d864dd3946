"""The list of runs, 248 px wide: rows of 60 with glyph, name, epoch, best IoU and end, under a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from crackseg_desktop import units
from crackseg_desktop.readings import RunState
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.theme import font
from crackseg_desktop.ui.widgets.states import RUN_LOOKS
from crackseg_desktop.ui.widgets.surfaces import Card, Rule
from crackseg_desktop.ui.widgets.text import Line, Span, draw_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QPainter

    from crackseg_desktop.readings import Run
    from crackseg_desktop.ui.theme import Theme

AnyIndex = QModelIndex | QPersistentModelIndex
WIDTH, ROW = 248, 60
_RUN = Qt.ItemDataRole.UserRole
_NAME_LEFT, _SIDE = 32.0, 12.0


class RunList(Card):
    """All runs under a filter. Emits ``chosen`` with the id of a run."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, padding=0, spacing=0)
        self.setFixedWidth(WIDTH)
        self.body.setContentsMargins(1, 8, 1, 8)
        self.filter = QLineEdit()
        self.filter.setFont(font("label"))
        self.filter.setPlaceholderText("Filter runs")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._apply)
        self._runs: tuple[Run, ...] = ()
        self._selected, self._now = "", 0.0
        self._rows = _Rows(self)
        self.view = QListView()
        self.view.setModel(self._rows)
        self.view.setItemDelegate(_Delegate(theme, self))
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setAccessibleName("Runs")
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.view.setProperty("focusRing", True)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        field, head = QHBoxLayout(), QHBoxLayout()
        field.setContentsMargins(7, 0, 7, 8)
        field.addWidget(self.filter)
        head.setContentsMargins(32, 0, 12, 0)
        head.addWidget(Line(theme, Span("Run", "caption", 500, "text2"), height=26), 1)
        head.setSpacing(0)
        head.addWidget(Line(theme, Span("best IoU", "caption", 500, "text2"), align="right", height=26))
        ended = Line(theme, Span("ended", "caption", 500, "text2"), align="right", height=26)
        ended.setFixedWidth(46)
        head.addWidget(ended)
        self.body.addLayout(field)
        self.body.addWidget(Rule(theme))
        self.body.addLayout(head)
        self.body.addWidget(Rule(theme))
        self.body.addWidget(self.view, 1)

    @property
    def names(self) -> list[str]:
        """Return the names of the runs listed."""
        return [run.facts.name for run in self._rows.runs]

    def put(self, runs: Sequence[Run], selected: str, now: float) -> None:
        """List these runs, one of them selected."""
        self._runs, self._selected, self._now = tuple(runs), selected, now
        self._apply()

    def _apply(self) -> None:
        wanted = self.filter.text().casefold().split()
        self._rows.put(
            [run for run in self._runs if all(word in run.facts.name.casefold() for word in wanted)], self._now
        )
        place = next((index for index, run in enumerate(self._rows.runs) if run.id == self._selected), None)
        selection = self.view.selectionModel()
        blocked = selection.blockSignals(True)
        self.view.setCurrentIndex(QModelIndex() if place is None else self._rows.index(place))
        selection.blockSignals(blocked)
        self.view.viewport().update()

    def _on_current(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid() and self._rows.runs[current.row()].id != self._selected:
            self.chosen.emit(self._rows.runs[current.row()].id)


class _Rows(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.runs: list[Run] = []
        self.now = 0.0

    def put(self, runs: list[Run], now: float) -> None:
        self.now = now
        if [run.id for run in runs] != [run.id for run in self.runs]:
            self.beginResetModel()
            self.runs = runs
            self.endResetModel()
        elif runs != self.runs:
            self.runs = runs
            self.dataChanged.emit(self.index(0), self.index(len(runs) - 1))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature; it is immutable
        return 0 if parent.isValid() else len(self.runs)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        run = self.runs[index.row()]
        if role == _RUN:
            return run
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return f"{run.facts.name}, {words.state_words(run)}"
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(WIDTH - 2, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        tokens, run = self._theme.tokens, index.data(_RUN)
        now = getattr(index.model(), "now", 0.0)
        rect = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(rect, tokens["accent_soft"])
            painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), tokens["accent"])
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, tokens["raised"])
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), tokens["grid"])
        look = RUN_LOOKS[run.state]
        upper, lower = rect.adjusted(0, 8, 0, -30), rect.adjusted(0, 30, 0, -10)
        glyph = Span("", glyph=look.glyph, glyph_colour=look.colour)
        draw_spans(painter, upper.adjusted(_SIDE, 0, 0, 0), (glyph,), tokens)
        name = Span(run.facts.name, "label", 600, "text")
        draw_spans(painter, upper.adjusted(_NAME_LEFT, 0, -_SIDE, 0), (name,), tokens)
        loud = run.state in (RunState.FAILED, RunState.STALLED)
        state = Span(_state(run), "caption", None, look.colour if loud else "text2")
        draw_spans(painter, lower.adjusted(_NAME_LEFT, 0, -98, 0), (state,), tokens)
        best = run.best.get("val/iou")
        score = Span(units.score(None if best is None else best.value), "caption", 600, "text")
        draw_spans(painter, lower.adjusted(0, 0, -58, 0), (score,), tokens, align="right")
        end = Span(
            "now" if run.state == RunState.RUNNING else words.when(run.facts.updated, now), "caption", None, "text3"
        )
        draw_spans(painter, lower.adjusted(0, 0, -_SIDE, 0), (end,), tokens, align="right")


def _state(run: Run) -> str:
    epoch = words.epoch_short(run)
    if run.state == RunState.RUNNING:
        return f"epoch {epoch}"
    if run.state == RunState.FINISHED:
        return epoch
    said = words.short_reason(run.reason) if run.state == RunState.FAILED and run.reason else run.state.value
    return f"{epoch} · {said}" if run.facts.epoch is not None else said
