"""The alerts page: what fires, what is acknowledged or snoozed, what is over, each with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.pages.alert_row import AlertRow
from crackseg_desktop.ui.pages.base import Context, Page
from crackseg_desktop.ui.widgets.alert_rows import open_snooze_menu
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.empty import EmptyState, alone
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.ticks import clock

if TYPE_CHECKING:
    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.ui.model import Model

_FILTERS = (("all", "All"), ("firing", "Needs you"), ("known", "Acknowledged"), ("over", "Resolved"))
_STATES = {
    "all": frozenset(AlertState),
    "firing": frozenset({AlertState.FIRING}),
    "known": frozenset({AlertState.ACKNOWLEDGED, AlertState.SNOOZED}),
    "over": frozenset({AlertState.RESOLVED}),
}
_ROWS = 50


class AlertsPage(Page):
    """Every alert, those that need somebody first."""

    title = "Alerts"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.snooze = Button(context.theme, "Snooze all", icon="snooze").with_menu_mark()
        self.snooze.clicked.connect(self._on_snooze)
        self.head.row.addWidget(self.snooze)
        self.filter = Segments(context.theme, _FILTERS, "all", "Alerts shown")
        self.filter.chosen.connect(self._on_filter)
        top = QHBoxLayout()
        top.addWidget(self.filter)
        top.addStretch(1)
        self.empty = EmptyState(context.theme)
        self.list = _AlertList(context)
        self.column.addLayout(top)
        self.column.addWidget(self.list, 1)
        self._empty_page = alone(self.empty)
        self.column.addWidget(self._empty_page, 1)

    def refresh(self, model: Model) -> None:
        """Show the alerts."""
        super().refresh(model)
        rules = sum(limit is not None for limit in _limits(self)) + 1
        snoozed = f" · all snoozed until {clock(model.snoozed_until)}" if model.snoozed_until else ""
        self.head.put_note(f"{clock(model.now)} · {rules} rules on{snoozed}" if model.now else f"{rules} rules on")
        self.snooze.setText("End snooze" if model.snoozed_until else "Snooze all")
        self.snooze.updateGeometry()
        shown = [alert for alert in model.alerts if alert.state in _STATES[self.filter.taken]]
        self.list.setVisible(bool(shown))
        self._empty_page.setVisible(not shown)
        if shown:
            self.list.put(shown[:_ROWS], model)
        else:
            self.empty.put("alerts", *_nothing(self.filter.taken))

    def _on_filter(self, key: str) -> None:
        self.changed.emit()

    def _on_snooze(self) -> None:
        if self.model is not None and self.model.snoozed_until:
            self.context.actions.snooze(None)
        else:
            open_snooze_menu(self.snooze, self.context.actions)


class _AlertList(Card):
    """Rows in a card that scrolls; rows are reused."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=1, spacing=0)
        self._context = context
        self.rows: list[AlertRow] = []
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        inner.setAutoFillBackground(False)
        self.body.addWidget(area)

    def put(self, alerts: list[AlertEvent], model: Model) -> None:
        """Show these alerts."""
        while len(self.rows) < len(alerts):
            row = AlertRow(self._context)
            self._column.insertWidget(len(self.rows), row)
            self.rows.append(row)
        for index, row in enumerate(self.rows):
            row.setVisible(index < len(alerts))
            if index < len(alerts):
                row.put(alerts[index], model)


def _limits(page: Page) -> tuple[float | None, ...]:
    limits = page.limits
    return limits.gpu_memory_ratio, limits.gpu_temperature, limits.host_memory_ratio, limits.disk_free_bytes


def _nothing(shown: str) -> tuple[str, str]:
    if shown == "all":
        return "No alerts", "Nothing crossed a limit since the program was started."
    return "None of these", "Other alerts are shown under All."
