"""Which runs there were in the time shown: a bar each, on the time axis of the plots below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from crackseg_desktop import units
from crackseg_desktop.ui.pages.time_words import window_words
from crackseg_desktop.ui.time_range import Window
from crackseg_desktop.ui.widgets.states import RUN_LOOKS
from crackseg_desktop.ui.widgets.text import Span, draw_spans, metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from crackseg_desktop.readings import Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.theme import Theme

_LANE, _MOST_LANES = 22, 3
_RADIUS = 3
_LABEL = 64.0
_SHORTEST = 4.0
_ROOM_FOR_GLYPH, _ROOM_FOR_NAME = 20.0, 40.0


class Bar(NamedTuple):
    """A run, from when to when (Unix seconds), and in which lane it stands."""

    run: Run
    since: float
    until: float
    lane: int


def run_bars(runs: Sequence[Run], window: Window, now: float) -> list[Bar]:
    """Return the runs of a time, the earliest first; those at the same time stand below one another.

    Where there are more at a time than lanes the last lane holds several.
    """
    spans = []
    for run in runs:
        since = run.facts.started
        until = now if run.active else run.facts.updated
        if since is not None and until is not None and since < window.until and until > window.since:
            spans.append((since, max(since, until), run))
    ends: list[float] = []
    bars = []
    for since, until, run in sorted(spans, key=lambda item: (item[0], item[2].id)):
        lane = next((lane for lane, end in enumerate(ends) if end <= since), len(ends))
        lane = min(lane, _MOST_LANES - 1)
        if lane == len(ends):
            ends.append(until)
        ends[lane] = max(ends[lane], until)
        bars.append(Bar(run, since, until, lane))
    return bars


class RunBars(QWidget):
    """The bars of the runs in the time shown. Emits ``chosen`` with the id of a run."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.bars: list[Bar] = []
        self._window, self._now, self._cursor = Window(0.0, 1.0), 0.0, 0.0
        self._has_cursor = False
        self._selected = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Runs in the time shown")
        theme.changed.connect(self.update)

    def put(self, model: Model) -> None:
        """Show the runs of the time shown."""
        bars = run_bars(model.runs, model.window, model.now)
        if max((bar.lane for bar in bars), default=0) != max((bar.lane for bar in self.bars), default=0):
            self.updateGeometry()
        self.bars, self._window, self._now = bars, model.window, model.now
        self._selected = model.selected_run.id if model.selected_run is not None else ""
        words = ", ".join(f"{bar.run.facts.name} {bar.run.state.value}" for bar in bars)
        if self.accessibleDescription() != words:
            self.setAccessibleDescription(words)
        self.update()

    def set_cursor(self, moment: float | None) -> None:
        """Draw the cursor at an instant (Unix seconds), or none."""
        self._has_cursor, self._cursor = moment is not None, moment or 0.0
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of its lanes."""
        lanes = 1 + max((bar.lane for bar in self.bars), default=0)
        return QSize(200, lanes * _LANE)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a lane is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars and the cursor."""
        painter, tokens = QPainter(self), self._theme.tokens
        draw_spans(painter, QRectF(0, 0, _LABEL, _LANE), (Span("Runs", "label", None, "text2"),), tokens)
        area = self._area()
        if not self.bars:
            none = Span("none in this time", "caption", None, "text3")
            draw_spans(painter, QRectF(area.left(), 0, area.width(), _LANE), (none,), tokens)
        for bar in self.bars:
            self._draw(painter, bar)
        if self._has_cursor:
            painter.fillRect(QRectF(round(self._x(self._cursor)), 0, 1, self.height()), tokens["text2"])

    def box(self, bar: Bar) -> QRectF:
        """Return where a bar stands."""
        area = self._area()
        left, right = max(area.left(), self._x(bar.since)), min(area.right(), self._x(bar.until))
        left = min(left, area.right() - _SHORTEST)
        return QRectF(left, bar.lane * _LANE + 2, max(_SHORTEST, right - left - 1), _LANE - 4)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the run under the pointer."""
        bar = self._at(event.position().x(), event.position().y())
        if bar is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(bar.run.id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show that a bar can be chosen."""
        over = self._at(event.position().x(), event.position().y()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def event(self, event: QEvent) -> bool:
        """Tell in a tooltip what a bar is about."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            bar = self._at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), "" if bar is None else self._words(bar), self)
            return True
        return super().event(event)

    def _draw(self, painter: QPainter, bar: Bar) -> None:
        tokens, look, box = self._theme.tokens, RUN_LOOKS[bar.run.state], self.box(bar)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(tokens[look.ground])
        is_chosen = bar.run.id == self._selected
        painter.setPen(QPen(tokens["accent"], 1) if is_chosen else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        if box.width() < _ROOM_FOR_GLYPH:
            painter.fillRect(QRectF(box.left(), box.bottom() - 2, box.width(), 2), tokens[look.colour])
            return
        name = bar.run.facts.name
        room = box.width() - 6 - 18
        text = (
            metrics("caption").elidedText(name, Qt.TextElideMode.ElideRight, int(room)) if room > _ROOM_FOR_NAME else ""
        )
        span = Span(
            text, "caption", 600 if is_chosen else None, look.colour, glyph=look.glyph, glyph_colour=look.colour
        )
        painter.save()
        painter.setClipRect(box)
        draw_spans(painter, box.adjusted(5, 0, 0, 0), (span,), tokens)
        painter.restore()

    def _words(self, bar: Bar) -> str:
        name, look = bar.run.facts.name, RUN_LOOKS[bar.run.state]
        when = window_words(Window(bar.since, bar.until), self._now)
        return f"{name}\n{look.word} · {when} · {units.duration(bar.until - bar.since)}"

    def _at(self, x: float, y: float) -> Bar | None:
        return next((bar for bar in reversed(self.bars) if self.box(bar).adjusted(-2, -2, 2, 2).contains(x, y)), None)

    def _area(self) -> QRectF:
        return QRectF(_LABEL, 0, max(1.0, self.width() - _LABEL - 6), self.height())

    def _x(self, moment: float) -> float:
        area = self._area()
        return area.left() + (moment - self._window.since) / self._window.span * area.width()
