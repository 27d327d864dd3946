"""The window: a compact pop-up or the full dashboard with its pages, drawn only while it can be seen.

It is told what happens by its slots (in the GUI thread), keeps it in a ``Model``, and draws the visible page at most
four times a second. It places nothing and decides nothing: that is the shell's, and ``Actions``'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import QStackedLayout, QWidget

from crackseg_desktop.ui.model import Model
from crackseg_desktop.ui.theme import font
from crackseg_desktop.ui.widgets.surfaces import FocusRing

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QHideEvent, QPaintEvent, QResizeEvent, QShowEvent

    from crackseg_desktop.curves import Curves
    from crackseg_desktop.monitor import Snapshot
    from crackseg_desktop.readings import AlertEvent, CurvePoints, Run, RunRemoved, RunResumed, Sample, SilencesChanged
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.actions import Actions
    from crackseg_desktop.ui.desk import Desk
    from crackseg_desktop.ui.disk_forecasts import DiskAnswer
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.pages.compact import CompactPage
    from crackseg_desktop.ui.pages.full import FullView
    from crackseg_desktop.ui.past import PastReader
    from crackseg_desktop.ui.replaying import Answer
    from crackseg_desktop.ui.theme import Theme
    from crackseg_desktop.ui.timeline import Found

PAGES = ("overview", "training", "gpus", "system", "alerts", "reports", "settings")
COMPACT_SIZE = QSize(420, 640)
FULL_SIZE = QSize(1366, 768)
FULL_MINIMUM = QSize(1024, 640)
_REFRESH_MS = 250
OFF = "History is off in the settings."


class Dashboard(QWidget):
    """The window of the application. Pages are made when they are first shown; ``pinned`` asks to stay open."""

    pinned = Signal(bool)

    def __init__(
        self,
        theme: Theme,
        actions: Actions,
        settings: Settings,
        settings_path: Path | None = None,
        past: PastReader | None = None,
        data_dir: Path | None = None,
    ) -> None:
        super().__init__()
        self._theme, self._actions = theme, actions
        self._settings, self._settings_path, self._data_dir = settings, settings_path, data_dir
        self.model = Model()
        self._past = past
        self.compact: CompactPage | None = None
        self.full_view: FullView | None = None
        self._full = False
        self._looks_at = ""
        self._views = QStackedLayout(self)
        self._ring = FocusRing(theme, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._prepare()
        if past is not None:
            past.setParent(self)
            self._connect_past(past)

    @property
    def full(self) -> bool:
        """Say whether it is the full window, not the pop-up."""
        return self._full

    @property
    def page_names(self) -> tuple[str, ...]:
        """Return the names of the pages of the full window."""
        return PAGES

    @property
    def page(self) -> str:
        """Return the name of the page shown: one of ``page_names``, or ``compact``."""
        return self.full_view.page if self._full and self.full_view is not None else "compact"

    def show_compact(self) -> None:
        """Become the pop-up and show it."""
        self._full = False
        if self.compact is None:
            self.compact = self._make_compact()
        self._views.setCurrentWidget(self.compact)
        self.setMinimumSize(COMPACT_SIZE)
        self.resize(COMPACT_SIZE)
        self._appear()

    def show_full(self, page: str | None = None) -> None:
        """Become the full window and show it, on a page if one is named.

        Raises:
            ValueError: there is no such page.
        """
        if page is not None and page not in PAGES:
            raise ValueError(f"there is no page {page!r}; there are {', '.join(PAGES)}")
        if self.full_view is None:
            self.full_view = self._make_full()
        was_full, self._full = self._full, True
        self.full_view.show_page(page or self.full_view.page)
        self._views.setCurrentWidget(self.full_view)
        self.setMinimumSize(FULL_MINIMUM)
        if not was_full:
            self.resize(FULL_SIZE)
        self._appear()

    def set_settings(self, settings: Settings) -> None:
        """Take over changed settings: the page shown goes on with them, the others are made anew."""
        self._settings = settings
        if self._past is not None:
            self.model.timeline.off = "" if settings.history.enabled else OFF
        if self.compact is not None:
            self._views.removeWidget(self.compact)
            self.compact.deleteLater()
            self.compact = None
        if self.full_view is not None:
            self.full_view.set_context(self._context())
        if self.isVisible() and not self._full:
            self.show_compact()
        self.refresh()

    @Slot(object)
    def load(self, snapshot: Snapshot) -> None:
        """Take over everything there is to show, and draw it at once."""
        if self.isVisible():
            self.model.load(snapshot)
            self.refresh()

    @Slot(object)
    def on_sample(self, sample: Sample) -> None:
        """Take over a sample."""
        self.model.on_sample(sample)
        self._schedule()

    @Slot(object)
    def on_points(self, points: CurvePoints) -> None:
        """Take over points of a curve."""
        self.model.on_points(points)
        self._schedule()

    @Slot(object)
    def on_run(self, run: Run) -> None:
        """Take over what became of a run."""
        self.model.on_run(run)
        self._schedule()

    @Slot(object)
    def on_removed(self, removed: RunRemoved) -> None:
        """Forget a run."""
        self.model.on_removed(removed)
        self._schedule()

    @Slot(str, object)
    def on_curves(self, run_id: str, curves: Curves) -> None:
        """Take over the curves of a run that was asked for."""
        self.model.on_curves(run_id, curves)
        self._schedule()

    @Slot(object)
    def on_resumed(self, resumed: RunResumed) -> None:
        """Begin the curves of a run anew."""
        self.model.on_resumed(resumed.run)
        self._schedule()

    @Slot(object)
    def on_alert(self, event: AlertEvent) -> None:
        """Take over a change of an alert."""
        self.model.on_alert(event)
        self._schedule()

    @Slot(object)
    def on_silences(self, changed: SilencesChanged) -> None:
        """Take over what is snoozed."""
        self.model.on_silences(changed.silences)
        self._schedule()

    @Slot(str, str)
    def on_channel_tested(self, channel: str, error: str) -> None:
        """Take over what became of a test message; an empty error: it was sent."""
        self.model.channel_tests[channel] = error
        self._schedule()

    @Slot(object)
    def on_reports(self, desk: Desk) -> None:
        """Take over what there is to show about reports."""
        self.model.reports = desk
        self._schedule()

    @Slot(object)
    def on_past(self, found: Found) -> None:
        """Take over what was asked of the history."""
        self.model.timeline.on_found(found)
        self._schedule()

    @Slot(object)
    def on_replayed(self, answer: Answer) -> None:
        """Take over what a rule would have done."""
        self.model.replays[answer.question.identity] = answer
        self._schedule()

    @Slot(object)
    def on_forecast(self, answer: DiskAnswer) -> None:
        """Take over when disks will likely be full."""
        self.model.disk_answer = answer
        self._schedule()

    @Slot()
    def on_past_delayed(self) -> None:
        """Say that the history takes its time."""
        self.model.timeline.late = True
        self._schedule()

    @Slot()
    def refresh(self) -> None:
        """Draw the visible page now."""
        self._timer.stop()
        view = self.full_view if self._full else self.compact
        if view is not None and self.isVisible() and self.model.loaded:
            view.refresh(self.model)
            self._tell_what_is_seen()
            for run_id in self.model.take_missing():
                self._actions.request_curves(run_id)
            wanted = self.model.timeline.take_wanted(self.model.now)
            if wanted is not None and self._past is not None:
                self._past.request(wanted)
            question = self.model.take_question()
            if question is not None and self._past is not None:
                self._past.replay(question)
            disks = self.model.take_disk_question()
            if disks is not None and self._past is not None:
                self._past.forecast(disks)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for everything there is to show."""
        super().showEvent(event)
        # Without this Qt would hand the keyboard to the first button, which would then wear the ring unasked.
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        handle = self.windowHandle()
        if handle is not None:
            handle.focusObjectChanged.connect(self._ring.follow, Qt.ConnectionType.UniqueConnection)
        self._actions.request_snapshot()

    def hideEvent(self, event: QHideEvent) -> None:
        """Draw nothing more and forget what was drawn."""
        super().hideEvent(event)
        self._timer.stop()
        self._tell_what_is_seen()
        if self._past is not None:
            self._past.rest()
        self.model.clear()

    def changeEvent(self, event: QEvent) -> None:
        """Have nothing read for a window that is minimised."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._tell_what_is_seen()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again: plots and thinned curves depend on their width."""
        super().resizeEvent(event)
        self._schedule()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground."""
        QPainter(self).fillRect(self.rect(), self._theme.tokens["window"])

    @Slot()
    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        self.setPalette(self._theme.palette())
        self.setStyleSheet(self._theme.style_sheet())
        self.refresh()
        self.update()

    def _tell_what_is_seen(self) -> None:
        """Have all processes read while a page shows them, and no longer."""
        is_seen = self.isVisible() and not self.isMinimized() and self._full and self.full_view is not None
        looks_at = self.full_view.current.looks_at if is_seen and self.full_view is not None else ""
        if looks_at != self._looks_at:
            self._looks_at = looks_at
            self._actions.processes.watch(bool(looks_at), network=looks_at == "traffic")

    def _connect_past(self, past: PastReader) -> None:
        past.found.connect(self.on_past)
        past.delayed.connect(self.on_past_delayed)
        past.replayed.connect(self.on_replayed)
        past.forecasted.connect(self.on_forecast)
        self.model.timeline.off = "" if self._settings.history.enabled else OFF

    def _prepare(self) -> None:
        self.setWindowTitle("CrackSeg Desktop")
        self.setFont(font("body"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.resize(COMPACT_SIZE)
        self._theme.changed.connect(self.restyle)
        self.restyle()
        for keys, act in (("Esc", self._actions.hide), ("Ctrl+Q", self._actions.quit), ("F5", self._on_f5)):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        for number, name in enumerate(PAGES, 1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda page=name: self._actions.open_dashboard(page))

    def _make_compact(self) -> CompactPage:
        from crackseg_desktop.ui.pages.compact import CompactPage  # pyqtgraph and numpy come with it

        view = CompactPage(self._context())
        view.widen.connect(self._on_widen)
        view.pinned.connect(self.pinned)
        view.changed.connect(self.refresh)
        self._views.addWidget(view)
        return view

    def _make_full(self) -> FullView:
        from crackseg_desktop.ui.pages.full import FullView  # as above

        view = FullView(self._context())
        view.changed.connect(self.refresh)
        self._views.addWidget(view)
        return view

    def _context(self) -> Context:
        from crackseg_desktop.ui.pages.base import Context

        return Context(self._theme, self._actions, self._settings, self._settings_path, self._data_dir)

    def _appear(self) -> None:
        self.show()
        self.refresh()

    def _schedule(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _on_widen(self) -> None:
        self._actions.open_dashboard()

    def _on_f5(self) -> None:
        self._actions.request_snapshot()
