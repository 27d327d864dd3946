"""The alerts page: what fires, what is acknowledged or snoozed, what is over, each with its evidence; and the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from crackseg_desktop.ui.pages.alert_detail import AlertDetail
from crackseg_desktop.ui.pages.alert_row import AlertRow
from crackseg_desktop.ui.pages.alert_words import FILTERS, matches, stage_of
from crackseg_desktop.ui.pages.base import Context, Page
from crackseg_desktop.ui.pages.rules import RulesView
from crackseg_desktop.ui.rule_words import all_rules
from crackseg_desktop.ui.snoozes import in_force
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.empty import EmptyState, alone
from crackseg_desktop.ui.widgets.fields import Field
from crackseg_desktop.ui.widgets.silence_strip import SilenceStrip
from crackseg_desktop.ui.widgets.snooze_menu import open_snooze_menu
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.ticks import clock

if TYPE_CHECKING:
    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.ui.model import Model

_VIEWS = (("alerts", "Alerts"), ("rules", "Rules"))
_ROWS = 100


class AlertsPage(Page):
    """Every alert, those that need somebody first, and every rule."""

    title = "Alerts"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.view = Segments(context.theme, _VIEWS, "alerts", "Shown")
        self.view.chosen.connect(self._on_view)
        self.snooze = Button(context.theme, "Snooze all", icon="snooze").with_menu_mark()
        self.snooze.clicked.connect(self._on_snooze)
        self.quiet = Button(context.theme, "Quiet hours")
        self.quiet.clicked.connect(self._on_quiet)
        self.head.row.addWidget(self.view)
        self.head.row.addWidget(self.quiet)
        self.head.row.addWidget(self.snooze)
        self.silences = SilenceStrip(context.theme, context.actions)
        self.alerts, self.rules = AlertsView(context), RulesView(context)
        self.alerts.changed.connect(self.changed)
        self.alerts.detail.rule_wanted.connect(self.show_rule)
        self._views = QStackedLayout()
        self._views.addWidget(self.alerts)
        self._views.addWidget(self.rules)
        self.column.addWidget(self.silences)
        self.column.addLayout(self._views, 1)
        self._show_quiet()

    def take(self, context: Context) -> bool:
        """Take over changed settings: the rules are all of them that the page shows."""
        self.context = context
        self.rules.take(context)
        self._show_quiet()
        return True

    def show_rule(self, name: str) -> None:
        """Show the rules, and this one among them."""
        self.view.take("rules")
        self._on_view("rules")
        self.rules.show_rule(name)

    def refresh(self, model: Model) -> None:
        """Show the alerts or the rules."""
        super().refresh(model)
        rules = all_rules(self.context.settings.rules)
        on = sum(rule.enabled for rule in rules)
        self.head.put_note(f"{clock(model.now)} · {on} of {len(rules)} rules on" if model.now else f"{on} rules on")
        self.snooze.setText("End snooze" if model.snoozed_until else "Snooze all")
        self.snooze.updateGeometry()
        self.silences.put(in_force(model.silences, model.now), model.runs, model.alerts)
        if self.view.taken == "alerts":
            self.alerts.refresh(model)
        else:
            self.rules.refresh(model)

    def _on_view(self, key: str) -> None:
        self._views.setCurrentWidget(self.alerts if key == "alerts" else self.rules)
        if key == "rules":
            self.context.actions.request_snapshot()  # what trainings are judged by comes with it alone
        self.changed.emit()

    def _show_quiet(self) -> None:
        hours = self.context.settings.notifications
        shown = bool(hours.quiet_from and hours.quiet_to and hours.quiet_from != hours.quiet_to)
        self.quiet.setText(f"Quiet hours {hours.quiet_from} – {hours.quiet_to}" if shown else "Quiet hours")
        self.quiet.updateGeometry()

    def _on_quiet(self) -> None:
        self.context.actions.open_dashboard("settings")

    def _on_snooze(self) -> None:
        if self.model is not None and self.model.snoozed_until:
            self.context.actions.end_snooze()
        else:
            open_snooze_menu(self.snooze, self.context.actions)


class AlertsView(QWidget):
    """The filter, the list and the details of the alert chosen in it."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.filter = Segments(context.theme, FILTERS, "all", "Alerts shown")
        self.filter.chosen.connect(self.changed)
        self.search = Field(context.theme, "Filter by words")
        self.search.setPlaceholderText("Filter by words")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(280)
        self.search.textChanged.connect(self.changed)
        self.list, self.detail = AlertList(context), AlertDetail(context)
        self.list.chosen.connect(self._on_chosen)
        self.empty = EmptyState(context.theme)
        self._empty_page = alone(self.empty)
        self._chosen: str | None = None
        top, row, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        top.setSpacing(16)
        top.addWidget(self.filter)
        top.addStretch(1)
        top.addWidget(self.search, 1)
        row.setSpacing(16)
        for part, stretch in ((self.list, 1), (self.detail, 0), (self._empty_page, 1)):
            row.addWidget(part, stretch)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addLayout(top)
        column.addLayout(row, 1)

    def refresh(self, model: Model) -> None:
        """Show the alerts under the filter."""
        stages = {id(alert): stage_of(alert, model) for alert in model.alerts}
        for key, words in FILTERS:
            count = len(model.alerts) if key == "all" else list(stages.values()).count(key)
            self.filter.rename(key, f"{words} {count}" if count else words)
        taken, typed = self.filter.taken, self.search.text()
        shown = [a for a in model.alerts if taken in ("all", stages[id(a)]) and matches(a, typed)][:_ROWS]
        chosen = next((a for a in shown if _identity(a) == self._chosen), next(iter(shown), None))
        self.list.setVisible(bool(shown))
        self._empty_page.setVisible(not shown)
        self.list.put(shown, chosen, model)
        self.detail.put(chosen, model)
        if not shown:
            self.empty.put("alerts", *_nothing(taken, typed, len(model.alerts)))

    def _on_chosen(self, identity: str) -> None:
        if identity != self._chosen:
            self._chosen = identity
            self.changed.emit()


class AlertList(Card):
    """Rows in a card that scrolls; rows are reused. ``chosen`` tells the identity of an alert."""

    chosen = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=1, spacing=0)
        self._context = context
        self.rows: list[AlertRow] = []
        inner = QWidget()
        inner.setAccessibleName("Alerts")
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(inner)
        inner.setAutoFillBackground(False)
        self.body.addWidget(self._area)

    def put(self, alerts: list[AlertEvent], chosen: AlertEvent | None, model: Model) -> None:
        """Show these alerts, one of them as chosen."""
        while len(self.rows) < len(alerts):
            self._add_row()
        for index, row in enumerate(self.rows):
            row.setVisible(index < len(alerts))
            if index < len(alerts):
                row.put(alerts[index], model, selected=alerts[index] is chosen)
            else:
                row.event_shown = None

    def _add_row(self) -> None:
        row = AlertRow(self._context)
        row.chosen.connect(self._on_chosen)
        row.stepped.connect(self._on_stepped)
        self._column.insertWidget(len(self.rows), row)
        self.rows.append(row)

    def _on_chosen(self) -> None:
        row = self.sender()
        if isinstance(row, AlertRow) and row.event_shown is not None:
            self.chosen.emit(_identity(row.event_shown))

    def _on_stepped(self, step: int) -> None:
        row = self.sender()
        shown = [each for each in self.rows if each.event_shown is not None]
        if isinstance(row, AlertRow) and row in shown:
            target = shown[max(0, min(len(shown) - 1, shown.index(row) + step))]
            self._area.ensureWidgetVisible(target, 0, 0)
            target.setFocus(Qt.FocusReason.TabFocusReason)


def _identity(event: AlertEvent) -> str:
    """Tell alerts apart: one subject can have been alerted of several times."""
    return f"{event.key}@{event.since}"


def _nothing(shown: str, typed: str, count: int) -> tuple[str, str]:
    if not count:
        return "No alerts", "Nothing crossed a limit. What does will be listed here, with its evidence."
    if typed:
        return "No alert says that", "Take words out of the filter to see more."
    return "None of these", "Other alerts are shown under All."
