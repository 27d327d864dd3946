"""A report in the window: drawn as its PDF is, in one long page and in the theme of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from crackseg_desktop.reports.charts import WIDTH
from crackseg_desktop.ui.report_drawing import blocks_of, closing
from crackseg_desktop.ui.widgets.surfaces import ringed

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from crackseg_desktop.reports.report import Report
    from crackseg_desktop.reports.svg import Theme as Scheme
    from crackseg_desktop.ui.report_flow import Block
    from crackseg_desktop.ui.theme import Theme

_PAD, _NARROWEST = 20, 480


class ReportView(QScrollArea):
    """Shows a report; the arrow keys and the page keys scroll in it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.page = _Page(theme)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setWidget(self.page)
        self.page.setAutoFillBackground(False)
        self.setAccessibleName("The report")
        ringed(self)

    def put(self, report: Report | None) -> None:
        """Show a report from its top; the one that is shown stays where it is."""
        if self.page.put(report):
            self.verticalScrollBar().setValue(0)
            self.setAccessibleDescription(self.page.text)


class _Page(QWidget):
    """The one long page; where there is less room than a page is wide, it is drawn smaller as a whole."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._report: Report | None = None
        self._blocks: list[Block] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.restyle)

    @property
    def text(self) -> str:
        """Return what it says, a block a line."""
        return "\n".join(block.text for block in self._blocks if block.text)

    def put(self, report: Report | None) -> bool:
        """Show a report and say whether it is another one."""
        if report is self._report:
            return False
        self._report = report
        self.restyle()
        return True

    @Slot()
    def restyle(self) -> None:
        """Lay it out anew: its charts have the colours of the theme in them."""
        report = self._report
        theme: Scheme = "dark" if self._theme.tokens.dark else "light"
        self._blocks = [*blocks_of(report, WIDTH, theme), *closing(report, WIDTH)] if report is not None else []
        self._fit()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_NARROWEST, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, top = QPainter(self), 0.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = self._scale()
        painter.translate((self.width() - WIDTH * scale) / 2, _PAD)
        painter.scale(scale, scale)
        seen = painter.transform().inverted()[0].mapRect(QRectF(event.rect()))
        for block in self._blocks:
            place = QRectF(0, top, WIDTH, block.height)
            if place.intersects(seen):
                painter.save()
                block.draw(painter, place, self._theme.tokens)
                painter.restore()
            top += block.height

    def _scale(self) -> float:
        return min(1.0, (self.width() - 2 * _PAD) / WIDTH)

    def _fit(self) -> None:
        self.setFixedHeight(round(sum(block.height for block in self._blocks) * self._scale() + 2 * _PAD))
