"""A figure and its course: the metric card (label, figure, note, plot), the plot card, the mini metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop.ui.widgets.mini import MiniPlot
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span, total_width

if TYPE_CHECKING:
    from crackseg_desktop.ui.plots import Plot
    from crackseg_desktop.ui.theme import Theme

_ROUND_HEAD = 48  # px around and between the two halves of a head
_SIGNS = {"warning": ("warning", "warning", "warning_shape"), "critical": ("critical", "critical", "critical")}


class PlotCard(Card):
    """A plot under one head line: title, figure and unit on the left, legend or note on the right.

    Where the figure is unavailable the plot gives way to the reason, and the card keeps its place.
    """

    def __init__(self, theme: Theme, title: str, plot: Plot, *, head: int = 32) -> None:
        super().__init__(theme, padding=0, spacing=0)
        self.plot = plot
        self._title = title
        self._usual_head: tuple[Span, ...] = ()
        self._usual_note: tuple[Span, ...] = ()
        self._read_out: tuple[Span, ...] | None = None
        self.body.setContentsMargins(8, 4, 10, 4)
        self._head, self._note = Line(theme, height=head), Line(theme, align="right", height=head)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 6, 0)
        row.setSpacing(12)
        row.addWidget(self._head, 1)
        row.addWidget(self._note, 1)
        self._reason = _Reason(theme)
        self.body.addLayout(row)
        self.body.addWidget(plot, 1)
        self.body.addWidget(self._reason, 1)
        self._reason.hide()
        self.setMinimumHeight(150)

    @property
    def texts(self) -> tuple[str, str]:
        """Return head and note (or the reason in its place)."""
        return self._head.text, self._reason.text if not self._reason.isHidden() else self._note.text

    def put(self, figure: str, unit: str, note: tuple[Span, ...] = ()) -> None:
        """Show a figure with its unit, and a note or a legend; both texts may be empty."""
        spans = [Span(self._title, "body" if not figure else "label", 600 if not figure else None, "text")]
        if figure:
            spans = [
                Span(self._title, "label", None, "text2"),
                Span(figure, "subtitle", 600, "text", 8),
                Span(unit, "label", None, "text2", 6),
            ]
        self._usual_head, self._usual_note = tuple(spans), note
        self._put_note()
        self._show_plot(True)
        _describe(self.plot, " ".join(text for text in (self._head.text, self._note.text) if text))

    def read_out(self, note: tuple[Span, ...] | None) -> None:
        """Show what the crosshair stands on in the place of the note; None ends that."""
        self._read_out = note
        self._put_note()

    def _put_note(self) -> None:
        note = self._usual_note if self._read_out is None else self._read_out
        tells = len(note) > 1  # a legend tells the curves apart, a read-out has figures: it is the head that gives way
        room = self.width() - _ROUND_HEAD
        crowded = self._read_out is not None and total_width((*self._usual_head, *note)) > room
        self._head.set_elide(tells)
        self._head.put(*(self._usual_head[:1] if crowded else self._usual_head))
        self._note.set_elide(not tells)
        self._note.put(*note)

    def miss(self, reason: str) -> None:
        """Say why there is no figure."""
        self._head.put(Span(self._title, "label", None, "text2"), Span("–", "subtitle", 600, "text", 8))
        self._note.put()
        self._reason.put(reason)
        self._show_plot(False)

    def _show_plot(self, shown: bool) -> None:
        self.plot.setVisible(shown)
        self._reason.setVisible(not shown)

    def set_tone(self, tone: str) -> None:
        """Take the ground of the tone, plot included."""
        super().set_tone(tone)
        self.plot.set_ground(self.colours()[0])


class MetricCard(Card):
    """Head of 60 px (label, figure, note of two lines) over a plot."""

    def __init__(self, theme: Theme, title: str, plot: Plot) -> None:
        super().__init__(theme, padding=0, spacing=0)
        self.plot = plot
        self._title = title
        self.body.setContentsMargins(8, 10, 10, 4)
        self._label, self._figure = Line(theme), Line(theme, height=26, elide=True)
        self._notes = (Line(theme, align="right"), Line(theme, align="right"))
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 6, 0)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, parts in ((left, (self._label, self._figure)), (right, self._notes)):
            column.setSpacing(0)
            for part in parts:
                column.addWidget(part)
        right.addStretch(1)
        head.addLayout(left, 1)
        head.addLayout(right)
        self._reason = _Reason(theme)
        self.body.addLayout(head)
        self.body.addWidget(plot, 1)
        self.body.addWidget(self._reason, 1)
        self._reason.hide()
        self.setMinimumSize(180, 150)

    @property
    def texts(self) -> tuple[str, str]:
        """Return the figure with its unit and the notes (or the reason in their place)."""
        notes = " ".join(note.text for note in self._notes)
        return self._figure.text, self._reason.text if not self._reason.isHidden() else notes

    def put(self, figure: str, unit: str, notes: tuple[str, str] = ("", ""), tone: str = "normal") -> None:
        """Show a figure with its unit and up to two notes; a tone turns the first into a sign."""
        self._label.put(Span(self._title, "label", None, "text2"))
        self._figure.put(Span(figure, "title"), Span(unit, "label", None, "text2", 5))
        sign = _SIGNS.get(tone)
        first = Span(notes[0], "caption", None, "text3")
        if sign is not None:
            glyph, colour, shape = sign
            words = "over" if tone == "critical" else "over limit"
            first = Span(words, "label", 600, colour, glyph=glyph, glyph_colour=shape)
        self._notes[0].put(first)
        self._notes[1].put(Span(notes[0] if sign else notes[1], "caption", None, "text3"))
        self._show_plot(True)
        self.set_tone(tone)
        _describe(self.plot, f"{figure} {unit}, {' '.join(notes)}")

    def miss(self, reason: str) -> None:
        """Say why there is no figure."""
        self._label.put(Span(self._title, "label", None, "text2"))
        self._figure.put(Span("–", "title"))
        for note in self._notes:
            note.put()
        self._reason.put(reason)
        self._show_plot(False)
        self.set_tone("normal")

    def set_tone(self, tone: str) -> None:
        """Take the ground of the tone, plot included."""
        super().set_tone(tone)
        ground = self.colours()[0]
        self.plot.set_ground(ground)
        self._notes[0].set_ground(ground)

    def _show_plot(self, shown: bool) -> None:
        self.plot.setVisible(shown)
        self._reason.setVisible(not shown)


class MiniMetric(QWidget):
    """A label, a figure of 16 px and a mini plot: four of them stand in the pop-up's GPU card."""

    def __init__(self, theme: Theme, title: str, colour: str, low: float = 0.0) -> None:
        super().__init__()
        self._title = title
        self.plot = MiniPlot(theme, colour, low)
        self.plot.setAccessibleName(title)
        self._label, self._figure = Line(theme, elide=True), Line(theme, height=20)
        self._reason = Paragraph(theme, scale="caption", colour="text3")
        self._reason.setFixedHeight(44)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self._label, self._figure, self.plot, self._reason):
            column.addWidget(part)
        self._reason.hide()
        self._label.put(Span(title, "caption", None, "text2"))

    @property
    def text(self) -> str:
        """Return figure and unit."""
        return self._figure.text

    def put(self, figure: str, unit: str, sign: str | None = None) -> None:
        """Show a figure with its unit, and the sign of an alert (``warning``, ``critical``) beside it."""
        spans = [Span(figure, "subtitle"), Span(unit, "caption", None, "text2", 4)]
        if sign in _SIGNS:
            spans.append(Span("", glyph=sign, glyph_colour=_SIGNS[sign][2], gap=6))
        self._figure.put(*spans)
        self.plot.setVisible(True)
        self._reason.setVisible(False)

    def miss(self, reason: str) -> None:
        """Say why there is no figure, at the plot's place and height."""
        self._figure.put(Span("–", "subtitle"))
        self._reason.put(reason)
        self.plot.setVisible(False)
        self._reason.setVisible(True)


def _describe(plot: Plot, words: str) -> None:
    """Tell screen readers what a plot shows: they see nothing of it themselves."""
    if plot.accessibleDescription() != words:
        plot.setAccessibleDescription(words)


class _Reason(QWidget):
    """A dotted ring and why a figure is missing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(Line(theme, Span("", glyph="ring", glyph_colour="text2")), 0, Qt.AlignmentFlag.AlignVCenter)
        self._words = Paragraph(theme, scale="label")
        self._words.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        row.addWidget(self._words, 1)

    @property
    def text(self) -> str:
        return self._words.text()

    def put(self, reason: str) -> None:
        self._words.put(reason)
