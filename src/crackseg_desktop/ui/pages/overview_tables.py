"""The lower row of the overview: the newest runs, and the workstation in four lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.ui.model import counted
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.widgets.bars import Bar
from crackseg_desktop.ui.widgets.states import RUN_LOOKS
from crackseg_desktop.ui.widgets.surfaces import Card, Rule
from crackseg_desktop.ui.widgets.table import Cell, Column, Table
from crackseg_desktop.ui.widgets.text import Line, Span, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from crackseg_desktop.readings import HostReading, Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme

_COLUMNS = (
    Column("Runs"),
    Column("State", 136),
    Column("Epoch", 66, right=True),
    Column("Best IoU", 72, right=True),
    Column("Best Dice", 76, right=True, needs=600),
    Column("Started", 66, right=True, needs=600),
    Column("Duration", 86, right=True),
)


class RunsCard(Card):
    """All runs, newest first. Emits ``chosen`` with the id of a run."""

    chosen = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=8, spacing=0)
        self.table = Table(context.theme, _COLUMNS, "Runs")
        self._ids: list[str] = []
        self._rows: dict[tuple[str, bool, int], tuple[Run, tuple[Cell, ...]]] = {}
        self.body.setContentsMargins(8, 4, 8, 4)
        self.body.addWidget(self.table)
        self.table.row_chosen.connect(self._on_chosen)
        self.setMinimumHeight(120)

    def refresh(self, model: Model) -> None:
        """Show the runs."""
        self._ids = [run.id for run in model.runs]
        chosen = model.selected_run
        known, self._rows = self._rows, {}
        for run in model.runs:
            # A thousand runs that have ended look the same for an hour.
            key = (run.id, chosen is not None and run.id == chosen.id, int(model.now // 3600))
            row = known.get(key)
            if row is None or row[0] is not run or run.active:
                row = run, run_row(run, is_selected=key[1], now=model.now)
            self._rows[key] = row
        self.table.put([cells for _, cells in self._rows.values()])

    def _on_chosen(self, row: int) -> None:
        if row < len(self._ids):
            self.chosen.emit(self._ids[row])


def run_row(run: Run, *, is_selected: bool, now: float) -> tuple[Cell, ...]:
    """Return the cells of a run."""
    look = RUN_LOOKS[run.state]
    state = Span(words.state_words(run), "label", None, look.colour, glyph=look.glyph)
    weight = 600 if is_selected else 500
    return (
        Cell(plain(run.facts.name, weight=weight)),
        Cell((state,)),
        *(
            Cell(plain(text))
            for text in (
                words.epoch_short(run),
                *(units.score(run.best[name].value if name in run.best else None) for name in ("val/iou", "val/dice")),
                words.when(run.facts.started, now),
                units.duration(words.ran_for(run, now)),
            )
        ),
    )


class WorkstationCard(Card):
    """CPU, RAM, the fullest disk and the network."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, spacing=0)
        theme = context.theme
        self._limits = context.limits
        self.body.setContentsMargins(16, 8, 16, 8)
        self._head = QHBoxLayout()
        self._source = Line(theme, align="right", height=22)
        self._head.addWidget(Line(theme, Span("Workstation", "caption", 500, "text2"), height=22))
        self._head.addWidget(self._source, 1)
        self.body.addLayout(self._head)
        self.body.addWidget(Rule(theme, "border"))
        self.rows = {title: _Row(theme, title) for title in ("CPU", "RAM", "Disk", "Network")}
        for row in self.rows.values():
            self.body.addWidget(row, 1)

    def refresh(self, model: Model) -> None:
        """Show the host."""
        host = model.sample.host if model.sample is not None else None
        if host is None:
            for row in self.rows.values():
                row.put(plain("no reading yet", "text3"), None)
            return
        self.rows["CPU"].put(*self._cpu(host))
        self.rows["RAM"].put(*self._ram(host))
        self._show_disk(host)
        self._show_network(host)

    def _cpu(self, host: HostReading) -> tuple[tuple[Span, ...], tuple[float, str] | None]:
        value, threads = host.get("host_cpu_used_ratio"), host.get("host_cpu_threads")
        if value is None:
            return plain(words.why_missing(host, "host_cpu_used_ratio"), "text3"), None
        of = f" of {threads:.0f} threads" if threads else ""
        return plain(f"{units.figure('ratio', value)}{of}", weight=500), (value, "s6")

    def _ram(self, host: HostReading) -> tuple[tuple[Span, ...], tuple[float, str] | None]:
        used, total = host.get("host_memory_used_bytes"), host.get("host_memory_total_bytes")
        if used is None or not total:
            return plain(words.why_missing(host, "host_memory_used_bytes"), "text3"), None
        limit = self._limits.host_memory_ratio
        over = limit is not None and used / total > limit
        text = f"{words.gib(used)} of {words.gib(total)} GiB"
        return _warned(text, over), (used / total, "warning_shape" if over else "s6")

    def _show_disk(self, host: HostReading) -> None:
        disk = words.fullest_disk(host)
        if disk is None:
            self.rows["Disk"].put(plain("not reported", "text3"), None)
            return
        low = words.is_low(disk, self._limits)
        bar = (words.disk_share(disk), "warning_shape" if low else "s6")
        self.rows["Disk"].put(_warned(words.disk_words(disk), low), bar)
        self.rows["Disk"].setToolTip(disk.labels.get("mount", ""))

    def _show_network(self, host: HostReading) -> None:
        spans = []
        for glyph, metric in (
            ("down", "host_network_receive_bytes_per_second"),
            ("up", "host_network_transmit_bytes_per_second"),
        ):
            known = [value for item in counted(host.interfaces) if (value := item.get(metric)) is not None]
            text = words.rate(sum(known) if known else None)
            spans.append(Span(text, "label", 500, gap=10, glyph=glyph, glyph_colour="text2", glyph_size=9))
        self.rows["Network"].put(tuple(spans), None)


class _Row(QWidget):
    """A name, a bar and a figure."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        name = Line(theme, Span(title, "label", None, "text2"))
        name.setFixedWidth(60)
        self.bar, self.value = Bar(theme, thickness=4, mark=8), Line(theme, align="right")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(name)
        row.addWidget(self.bar)
        row.addStretch(1)
        row.addWidget(self.value)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the bar a share that is the same in every row."""
        super().resizeEvent(event)
        self.bar.setFixedWidth(min(136, max(60, self.width() // 3)))

    def put(self, value: tuple[Span, ...], bar: tuple[float, str] | None) -> None:
        """Show a figure, and its share of the whole."""
        self.value.put(*value)
        self.bar.setVisible(bar is not None)
        self.bar.put(*(() if bar is None else (bar,)))


def _warned(text: str, warns: bool) -> tuple[Span, ...]:
    glyph = "warning" if warns else None
    return (Span(text, "label", 500, glyph=glyph, glyph_colour="warning_shape"),)
