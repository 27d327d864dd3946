"""The full window: the rail, and the page it chooses. The one place that maps a page's name to its class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from crackseg_desktop.readings import Severity
from crackseg_desktop.ui.pages.alerts import AlertsPage
from crackseg_desktop.ui.pages.gpus import GpusPage
from crackseg_desktop.ui.pages.overview import OverviewPage
from crackseg_desktop.ui.pages.reports import ReportsPage
from crackseg_desktop.ui.pages.settings import SettingsPage
from crackseg_desktop.ui.pages.system import SystemPage
from crackseg_desktop.ui.pages.training import TrainingPage
from crackseg_desktop.ui.pages.words import second
from crackseg_desktop.ui.widgets.alert_rows import AlertBanner
from crackseg_desktop.ui.widgets.rail import Rail

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context, Page

PAGE_CLASSES: dict[str, type[Page]] = {
    "overview": OverviewPage,
    "training": TrainingPage,
    "gpus": GpusPage,
    "system": SystemPage,
    "alerts": AlertsPage,
    "reports": ReportsPage,
    "settings": SettingsPage,
}
_FOLDS_BELOW = 1180
_WITH_BANNER = ("overview", "alerts")
"""The pages that show what fires by themselves; over the others stands what is critical."""


class FullView(QWidget):
    """Rail and pages; a page is made when it is first chosen. ``changed`` asks to draw again."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._pages: dict[str, Page] = {}
        self._areas: dict[str, QScrollArea] = {}
        self._page = "overview"
        self.rail = Rail(context.theme, [(name, kind.title) for name, kind in PAGE_CLASSES.items()])
        self.rail.chosen.connect(self._on_chosen)
        self._stack = QStackedWidget()
        self.banner = AlertBanner(context.theme, context.actions)
        self._over = QWidget()
        row, column, over = QHBoxLayout(self), QVBoxLayout(), QHBoxLayout(self._over)
        for layout in (row, column):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        over.setContentsMargins(24, 12, 22, 0)
        over.addWidget(self.banner)
        column.addWidget(self._over)
        column.addWidget(self._stack, 1)
        row.addWidget(self.rail)
        row.addLayout(column, 1)
        self._over.hide()

    @property
    def page(self) -> str:
        """Return the name of the page chosen."""
        return self._page

    @property
    def current(self) -> Page:
        """Return the page chosen."""
        return self._pages[self._page]

    def show_page(self, name: str) -> None:
        """Choose a page, making it at the first time."""
        if name not in self._pages:
            self._make(name)
        self._page = name
        self._stack.setCurrentWidget(self._areas[name])
        self.rail.select(name)

    def set_context(self, context: Context) -> None:
        """Take over changed settings: pages are made anew with them, the one shown unless it follows by itself."""
        self._context = context
        shown, kept = self._page, self.current.take(context) if self._page in self._pages else False
        for name in [name for name in self._pages if name != shown or not kept]:
            self._stack.removeWidget(self._areas[name])
            self._areas.pop(name).deleteLater()
            del self._pages[name]
        self.show_page(shown)

    def refresh(self, model: Model) -> None:
        """Show the state of the model on the visible page and the rail."""
        self.current.refresh(model)
        firing = model.firing
        urgent = [alert for alert in firing if alert.severity == Severity.CRITICAL and self._page not in _WITH_BANNER]
        self._over.setVisible(bool(urgent))
        self.banner.put(next(iter(urgent), None), max(0, len(firing) - 1))
        self.rail.set_badge("alerts", len(firing), any(alert.severity == Severity.CRITICAL for alert in firing))
        own = model.sample.own if model.sample is not None else None
        cpu, rss = (own.get("self_cpu_ratio"), own.get("self_memory_rss_bytes")) if own is not None else (None, None)
        cost = [
            "" if cpu is None else f"{cpu * 100:.1f} % CPU",
            "" if rss is None else f"{rss / 1024**2:.0f} MiB",
        ]
        known = ", ".join(part for part in cost if part)
        self.rail.set_foot(f"Updated {second(model.now)}" if model.now else "", f"App {known}" if known else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold the rail in a narrow window."""
        super().resizeEvent(event)
        self.rail.set_folded(self.width() < _FOLDS_BELOW)

    def _make(self, name: str) -> None:
        page = PAGE_CLASSES[name](self._context)
        page.changed.connect(self.changed)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)
        area.setWidget(page)
        page.setAutoFillBackground(False)
        self._pages[name], self._areas[name] = page, area
        self._stack.addWidget(area)

    def _on_chosen(self, name: str) -> None:
        self.show_page(name)
        self.changed.emit()
