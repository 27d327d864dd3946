"""CPU threads as bars side by side, each the share of the thread that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Theme

_HEIGHT = 64
_WIDEST, _GAP = 20.0, 4.0


class CoreBars(QWidget):
    """The bars, 64 px high; of very many threads they are thin and touch."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shares: tuple[float, ...] = ()
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("CPU threads")

    @property
    def shares(self) -> tuple[float, ...]:
        """Return what it shows, 0..1 by thread."""
        return self._shares

    def put(self, shares: tuple[float, ...]) -> None:
        """Show these shares."""
        if shares != self._shares:
            self._shares = shares
            busiest = max(shares, default=0.0)
            self.setAccessibleDescription(f"{len(shares)} threads, the busiest at {busiest * 100:.0f} %")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars on their tracks."""
        if not self._shares:
            return
        tokens, painter = self._theme.tokens, QPainter(self)
        pitch = min(_WIDEST, (self.width() + _GAP) / len(self._shares))
        width = max(1.0, pitch - min(_GAP, pitch / 3))
        height = float(self.height())
        for number, share in enumerate(self._shares):
            left, filled = number * pitch, height * min(1.0, max(0.0, share))
            painter.fillRect(QRectF(left, 0, width, height), tokens["raised"])
            painter.fillRect(QRectF(left, height - filled, width, filled), tokens["s1"])
