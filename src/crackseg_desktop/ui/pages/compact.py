"""The pop-up, 420 x 640: the run, the GPU, the host, the most urgent alert, and the way to everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crackseg_desktop.readings import Severity
from crackseg_desktop.ui.pages.base import SIMULATED
from crackseg_desktop.ui.pages.compact_gpu import CompactGpu
from crackseg_desktop.ui.pages.compact_host import CompactHost
from crackseg_desktop.ui.pages.compact_run import CompactRun
from crackseg_desktop.ui.widgets.alert_rows import CompactAlert
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.icons import draw_icon
from crackseg_desktop.ui.widgets.snooze_menu import open_snooze_menu
from crackseg_desktop.ui.widgets.states import Look
from crackseg_desktop.ui.widgets.surfaces import Chip
from crackseg_desktop.ui.widgets.text import Line, Span
from crackseg_desktop.ui.widgets.ticks import clock

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme

SIZE = (420, 640)
_RESUME = "Resume"


class CompactPage(QWidget):
    """The pop-up's content. ``widen`` asks for the full window, ``pinned`` tells whether it is to stay open."""

    changed = Signal()
    widen = Signal()
    pinned = Signal(bool)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._theme = context, context.theme
        self._is_pinned = False
        self.run, self.gpu, self.host = CompactRun(context), CompactGpu(context), CompactHost(context)
        self.alert = CompactAlert(context.theme, context.actions)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 16, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        for part in (self.run, self.gpu, self.host, self.alert):
            column.addWidget(part)
            column.addSpacing(8)
        column.addLayout(self._foot())
        column.addStretch(1)
        self.gpu.changed.connect(self.changed)

    def refresh(self, model: Model) -> None:
        """Show the state of the model."""
        self.chip.put(_chip(model))
        self._simulated.put(SIMULATED if model.simulated else None)
        self.run.refresh(model)
        self.gpu.refresh(model)
        self.host.refresh(model)
        alerts = model.firing or model.open_alerts
        self.alert.put(next(iter(alerts), None), "Limits on GPU, memory, disk and the loss are watched.")
        self.snooze.setText(_RESUME if model.snoozed_until else "Snooze")
        self.snooze.setToolTip("Announce alerts again" if model.snoozed_until else "Announce no alerts for a while")
        self.snooze.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the design's size."""
        return QSize(*SIZE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the edge of the window: it has no frame of its own."""
        painter = QPainter(self)
        painter.setPen(QPen(self._theme.tokens["border"], 1))
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.chip, self._simulated = Chip(self._theme), Chip(self._theme)
        self.pin = Button(self._theme, kind="quiet", icon="pin")
        self.pin.name("Keep open")
        self.pin.clicked.connect(self._on_pin)
        wide = Button(self._theme, kind="quiet", icon="widen")
        wide.name("Open the full window")
        wide.clicked.connect(self.widen)
        row.addWidget(_AppMark(self._theme))
        row.addWidget(Line(self._theme, Span("CrackSeg", "body", 600), ground="window", height=48))
        row.addWidget(self._simulated)
        row.addStretch(1)
        for part in (self.chip, self.pin, wide):
            row.addWidget(part)
        return row

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(8)
        full = Button(self._theme, "Open dashboard", kind="primary")
        full.clicked.connect(self.widen)
        board = Button(self._theme, "TensorBoard", icon="tensorboard")
        board.clicked.connect(self._on_tensorboard)
        self.snooze = Button(self._theme, "Snooze", icon="snooze")
        self.snooze.clicked.connect(self._on_snooze)
        settings = Button(self._theme, icon="settings")
        settings.name("Settings")
        settings.clicked.connect(self._on_settings)
        for part in (full, board, self.snooze):
            part.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            row.addWidget(part)
        row.addWidget(settings)
        return row

    def _on_pin(self) -> None:
        self._is_pinned = not self._is_pinned
        self.pin.set_icon("pinned" if self._is_pinned else "pin")
        self.pin.name("Close on a click elsewhere" if self._is_pinned else "Keep open")
        self.pinned.emit(self._is_pinned)

    def _on_tensorboard(self) -> None:
        self._context.actions.open_tensorboard(self.run.run_id)

    def _on_settings(self) -> None:
        self._context.actions.open_dashboard("settings")

    def _on_snooze(self) -> None:
        if self.snooze.text() == _RESUME:
            self._context.actions.end_snooze()
        else:
            open_snooze_menu(self.snooze, self._context.actions)


class _AppMark(QWidget):
    """The application's icon, 24 px."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(24, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), "app", QRectF(0, 0, 24, 24), self._theme.tokens)


def _chip(model: Model) -> Look | None:
    """Return what the head says about alerts."""
    if model.snoozed_until:
        return Look("snoozed", f"until {clock(model.snoozed_until)}")
    critical = sum(alert.severity == Severity.CRITICAL for alert in model.firing)
    if critical:
        return Look(
            "critical", "needs you" if critical == 1 else f"{critical} need you", "on_critical", "critical_fill"
        )
    count = len(model.firing)
    return Look("warning", f"{count} warning{'s'[: count > 1]}", "warning", "warning_soft") if count else None
