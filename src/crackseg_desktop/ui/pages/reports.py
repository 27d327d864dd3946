"""The reports page: the reports that were written, the one chosen as it reads, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop.ui.pages.base import Context, Page
from crackseg_desktop.ui.pages.report_list import ReportList
from crackseg_desktop.ui.pages.report_view import ReportView
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.empty import EmptyState, alone
from crackseg_desktop.ui.widgets.surfaces import Card, Rule
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span
from crackseg_desktop.units import local_time

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.settings import Reports
    from crackseg_desktop.ui.desk import Desk
    from crackseg_desktop.ui.model import Model

_LIST_WIDTH, _NARROW_LIST, _NARROW_BELOW = 312, 264, 1050
_FORMS = ((".pdf", "PDF…"), (".html", "HTML…"), (".md", "Markdown…"))


class ReportsPage(Page):
    """Past reports to the left, the one chosen to the right."""

    title = "Reports"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        theme, self._decide = context.theme, context.actions.reports
        self.weekly = Button(theme, "Weekly report now")
        self.daily = Button(theme, "Daily report now", kind="primary")
        self.first = Button(theme, "Write today's report", kind="primary")
        self.weekly.clicked.connect(self._on_weekly)
        for button in (self.daily, self.first):
            button.clicked.connect(self._on_daily)
        self.head.row.addWidget(self.weekly)
        self.head.row.addWidget(self.daily)
        self.problem = Trouble(context)
        self.list, self.pane = ReportList(theme), ReportPane(context)
        self.list.chosen.connect(self._on_chosen)
        self.empty = EmptyState(theme, self.first)
        self._empty_page = alone(self.empty)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.list)
        row.addWidget(self.pane, 1)
        row.addWidget(self._empty_page, 1)
        self.column.addWidget(self.problem)
        self.column.addLayout(row, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the room to the report in a narrow window."""
        super().resizeEvent(event)
        self.list.setFixedWidth(_LIST_WIDTH if self.width() >= _NARROW_BELOW else _NARROW_LIST)

    def take(self, context: Context) -> bool:
        """Take over changed settings: when reports are written."""
        self.context = context
        return True

    def refresh(self, model: Model) -> None:
        """Show what there is to show about reports."""
        super().refresh(model)
        desk = model.reports
        if desk.past is None and not desk.doing and not desk.problem:
            self._decide.refresh()
        self.head.put_note(desk.doing or desk.said or schedule_words(self.context.settings.reports))
        self.problem.put(desk.problem)
        for button in (self.daily, self.weekly, self.first):
            button.setEnabled(not desk.busy)
            button.setToolTip(desk.doing if desk.busy else "")
        has_any = bool(desk.past)
        self.daily.setVisible(has_any)
        self.list.setVisible(has_any)
        self.pane.setVisible(has_any)
        self._empty_page.setVisible(not has_any)
        self.list.put(desk.past or (), desk.chosen, model.now)
        self.pane.put(desk)
        if not has_any:
            why = first_words(self.context.settings.reports, model.now)
            self.empty.put("reports", desk.doing or "No report yet", "This takes some seconds." if desk.busy else why)

    def _on_daily(self) -> None:
        self._decide.write("daily")

    def _on_weekly(self) -> None:
        self._decide.write("weekly")

    def _on_chosen(self, slug: str) -> None:
        self._decide.choose(slug)


class ReportPane(Card):
    """The report chosen, under what can be done with it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=1, spacing=0)
        theme, self._decide = context.theme, context.actions.reports
        self.title = Line(theme, elide=True, height=32)
        self.open = Button(theme, "Open", icon="file")
        self.save = Button(theme, "Save as").with_menu_mark()
        self.folder = Button(theme, icon="folder")
        self.folder.name("Show in folder")
        self.send = Button(theme, "Send")
        self.view = ReportView(theme)
        self.waiting = Line(theme, height=20)
        self._pressed = (
            (self.open, self._decide.view),
            (self.folder, self._decide.show_folder),
            (self.send, self._decide.send),
            (self.save, self._on_save),
        )
        for button, act in self._pressed:
            button.clicked.connect(act)
        self.open.setToolTip("Open in the browser")
        bar = QHBoxLayout()
        bar.setContentsMargins(24, 11, 16, 12)
        bar.setSpacing(8)
        bar.addWidget(self.title, 1)
        for button in (self.open, self.save, self.folder, self.send):
            bar.addWidget(button)
        self.still = QWidget()
        still = QVBoxLayout(self.still)
        still.setContentsMargins(24, 24, 24, 24)
        still.addWidget(self.waiting)
        still.addStretch(1)
        self.body.addLayout(bar)
        self.body.addWidget(Rule(theme, "border"))
        self.body.addWidget(self.still, 1)
        self.body.addWidget(self.view, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def put(self, desk: Desk) -> None:
        """Show the report chosen, or that it is being read."""
        past, known = desk.current, desk.report is not None
        self.title.put(Span(past.name if past is not None else "", "body", 600))
        self.view.put(desk.report)
        self.view.setVisible(known)
        self.still.setVisible(not known)
        words = "It cannot be shown" if desk.problem else desk.doing
        self.waiting.put(Span(words, "body", None, "text2"))
        self.open.setEnabled(past is not None)
        self.folder.setEnabled(past is not None)
        self.save.setEnabled(known and not desk.busy)
        self.send.setEnabled(known and not desk.busy)
        again = past is not None and bool(past.sent)
        self.send.setText("Send again" if again else "Send")
        self.send.updateGeometry()
        self.send.setToolTip(desk.doing if desk.busy else "Send it through the channels of the settings")

    def _on_save(self) -> QMenu:
        menu = QMenu(self.save)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for suffix, words in _FORMS:
            action = menu.addAction(words)
            action.triggered.connect(lambda _=False, taken=suffix: self._decide.ask_and_save(taken))
        menu.popup(self.save.mapToGlobal(QPoint(0, self.save.height() + 4)))
        return menu


class Trouble(Card):
    """A strip that says what could not be done."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=12)
        self.set_tone("warning")
        row = QHBoxLayout()
        row.setSpacing(12)
        sign = Line(context.theme, Span("", glyph="warning", glyph_colour="warning_shape", glyph_size=16), height=20)
        self.words = Paragraph(context.theme, "", "body", "text")
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        self.body.addLayout(row)
        self.hide()

    def put(self, words: str) -> None:
        """Say what could not be done; nothing hides the strip."""
        self.words.put(words)
        self.setVisible(bool(words))


def schedule_words(settings: Reports) -> str:
    """Say when reports are written by themselves, and whether they are sent."""
    times = [f"daily at {settings.daily_at}"] if settings.daily_at else []
    times += [f"weekly on {settings.weekly_on.capitalize()} at {settings.weekly_at}"] if settings.weekly_at else []
    if not times:
        return "Written when asked for; a schedule is in the settings"
    told = f"Written {' and '.join(times)}"
    return f"{told}, sent through the channels" if settings.send else told


def first_words(settings: Reports, now: float) -> str:
    """Say when the first report comes by itself; ``now`` in Unix seconds."""
    local = local_time(now)
    if not settings.daily_at:
        return "Nothing is scheduled: the settings have the time of day at which one is written."
    if local is None:
        return f"The first one is written at {settings.daily_at}."
    day = "today" if f"{local:%H:%M}" < settings.daily_at else "tomorrow"
    return f"The first one is written {day} at {settings.daily_at}."
