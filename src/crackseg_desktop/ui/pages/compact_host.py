"""The host strip of the pop-up, 56 px: CPU, RAM, the fullest disk, the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.ui.model import counted
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.widgets.bars import Bar
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from crackseg_desktop.readings import HostReading
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme

HEIGHT = 56
_SHARES = (5, 5, 7, 8)  # of the width: two figures need more room than one
_MIB, _GIB = 1024.0**2, 1024.0**3


class CompactHost(Card):
    """Four figures of the machine side by side."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, spacing=0)
        self._limits = context.limits
        self.setFixedHeight(HEIGHT)
        self.body.setContentsMargins(16, 6, 16, 6)
        row = QHBoxLayout()
        row.setSpacing(12)
        self.cells = {title: _Cell(context.theme, title) for title in ("CPU", "RAM", "Disk", "Network")}
        for cell, share in zip(self.cells.values(), _SHARES, strict=True):
            row.addWidget(cell, share)
        self.body.addLayout(row)

    def refresh(self, model: Model) -> None:
        """Show the host's figures."""
        host = model.sample.host if model.sample is not None else None
        for title, metric in (("CPU", "host_cpu_used_ratio"), ("RAM", "host_memory_used_ratio")):
            self._show_share(title, metric, host)
        self._show_disk(host)
        self._show_network(host)

    def _show_share(self, title: str, metric: str, host: HostReading | None) -> None:
        value = host.get(metric) if host is not None else None
        limit = self._limits.host_memory_ratio if title == "RAM" else None
        warns = value is not None and limit is not None and value > limit
        figure, unit = units.split_figure("ratio", value)
        self.cells[title].put(
            figure, unit, None if value is None else (value, "warning_shape" if warns else "s6"), warns
        )
        self.cells[title].setToolTip("" if value is not None else words.why_missing(host, metric))

    def _show_disk(self, host: HostReading | None) -> None:
        disk = words.fullest_disk(host)
        if disk is None:
            self.cells["Disk"].put(units.MISSING, "", None, False)
            return
        low = words.is_low(disk, self._limits)
        figure, unit = units.split_figure("bytes", disk.get("host_disk_free_bytes"))
        share = words.disk_share(disk)
        self.cells["Disk"].put(figure, f"{unit} free", (share, "warning_shape" if low else "s6"), low)
        self.cells["Disk"].setToolTip(f"{disk.labels.get('mount', '')}: {words.disk_words(disk)}")

    def _show_network(self, host: HostReading | None) -> None:
        interfaces = counted(host.interfaces) if host is not None else []
        down, up = (
            [item.get(metric) for item in interfaces if item.get(metric) is not None]
            for metric in ("host_network_receive_bytes_per_second", "host_network_transmit_bytes_per_second")
        )
        self.cells["Network"].put_network(sum(down) if down else None, sum(up) if up else None)


class _Cell(QWidget):
    """A label, a figure and a thin bar."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._title = title
        self._label, self._figure = Line(theme), Line(theme, height=16, elide=True)
        self.bar = Bar(theme, thickness=4, mark=8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self._label, self._figure, self.bar):
            column.addWidget(part)
        column.addStretch(1)

    @property
    def text(self) -> str:
        """Return its label and its figures."""
        return f"{self._label.text} {self._figure.text}"

    def put(self, figure: str, unit: str, share: tuple[float, str] | None, warns: bool) -> None:
        """Show a figure, and its share of the whole as a bar."""
        warning = Span("", glyph="warning", glyph_colour="warning_shape", gap=5, glyph_size=11)
        self._label.put(Span(self._title, "caption", None, "text2"), *([warning] if warns else []))
        self._figure.put(Span(figure, "body", 600), Span(unit, "caption", None, "text2", 4, gives=True))
        self.bar.put(*(() if share is None else (share,)))

    def put_network(self, down: float | None, up: float | None) -> None:
        """Show two rates, in one unit that stands beside the label."""
        scale, unit = (_GIB, "GiB/s") if max(down or 0.0, up or 0.0) >= 999.5 * _MIB else (_MIB, "MiB/s")
        figures = [units.MISSING if rate is None else _rate(rate / scale) for rate in (down, up)]
        self._label.put(Span(self._title, "caption", None, "text2"), Span(unit, "caption", None, "text3", 5))
        self._figure.put(
            Span(figures[0], "body", 600, glyph="down", glyph_size=10, glyph_colour="text2"),
            Span(figures[1], "body", 600, gap=8, glyph="up", glyph_size=10, glyph_colour="text2"),
        )
        self.bar.hide()


def _rate(figure: float) -> str:
    return f"{figure:.1f}" if figure < 99.95 else f"{figure:.0f}"
