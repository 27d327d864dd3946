"""Text: one line of spans on a common baseline, and paragraphs. Sizes and colours are names of the design."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from crackseg_desktop.ui.theme import font, line_height
from crackseg_desktop.ui.widgets.glyphs import draw_glyph

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crackseg_desktop.ui.theme import Scale, Theme, Tokens

GLYPH_GAP = 5.0


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. ``gap`` is the space before it in px; a ``glyph`` stands before the text.

    ``gives`` marks the piece that is elided where room is short; without one it is the first. ``plain`` is for PDF.
    """

    text: str
    scale: Scale = "label"
    weight: int | None = None
    colour: str = "text"
    gap: float = 0.0
    glyph: str | None = None
    glyph_colour: str | None = None
    glyph_size: float = 12.0
    gives: bool = False
    plain: bool = False

    def glyph_width(self) -> float:
        """Return the width that the glyph takes, with its gap to the text."""
        return 0.0 if self.glyph is None else self.glyph_size + (GLYPH_GAP if self.text else 0.0)

    def width(self) -> float:
        """Return the whole width, without the gap before it."""
        return self.glyph_width() + metrics(self.scale, self.weight, plain=self.plain).horizontalAdvance(self.text)


@cache
def metrics(scale: Scale, weight: int | None = None, *, plain: bool = False) -> QFontMetricsF:
    """Return the metrics of a font of the design."""
    return QFontMetricsF(font(scale, weight, plain=plain))


def total_width(spans: tuple[Span, ...]) -> float:
    """Return the width of spans side by side."""
    return sum(span.width() + (span.gap if index else 0.0) for index, span in enumerate(spans))


def draw_spans(
    painter: QPainter, rect: QRectF, spans: tuple[Span, ...], tokens: Tokens, ground: str = "card", align: str = "left"
) -> None:
    """Draw spans on one baseline, centred vertically; what does not fit is elided (``fit``)."""
    if not spans:
        return
    fitted = fit(spans, rect.width())
    x = rect.right() - total_width(fitted) if align == "right" else rect.left()
    tallest = max((metrics(span.scale, span.weight) for span in fitted), key=lambda m: m.height())
    # Capitals are centred, not the whole line: descenders are rare in figures.
    baseline = round(rect.center().y() + tallest.capHeight() / 2)
    for index, span in enumerate(fitted):
        x += span.gap if index else 0.0
        if span.glyph is not None:
            cap = metrics(span.scale, span.weight).capHeight()
            box = QRectF(x, baseline - cap / 2 - span.glyph_size / 2, span.glyph_size, span.glyph_size)
            draw_glyph(painter, span.glyph, box, tokens[span.glyph_colour or span.colour], tokens[ground])
        painter.setFont(font(span.scale, span.weight, plain=span.plain))
        painter.setPen(tokens[span.colour])
        painter.drawText(QPointF(x + span.glyph_width(), baseline), span.text)
        x += span.width()


def fit(spans: tuple[Span, ...], width: float) -> tuple[Span, ...]:
    """Elide the text of the one span that gives way so that all fit; the others are never cut."""
    surplus = total_width(spans) - width
    if surplus <= 0.5:
        return spans
    place = next((index for index, span in enumerate(spans) if span.gives), 0)
    giving = spans[place]
    measure = metrics(giving.scale, giving.weight, plain=giving.plain)
    room = max(0.0, measure.horizontalAdvance(giving.text) - surplus)
    shorter = replace(giving, text=measure.elidedText(giving.text, Qt.TextElideMode.ElideRight, room))
    return (*spans[:place], shorter, *spans[place + 1 :])


class Line(QWidget):
    """One line of spans. With ``elide`` a span gives way, and the whole text stands in the tooltip."""

    def __init__(
        self,
        theme: Theme,
        *spans: Span,
        align: Literal["left", "right"] = "left",
        elide: bool = False,
        ground: str = "card",
        height: int | None = None,
    ) -> None:
        super().__init__()
        self._theme, self._align, self._elide, self._ground = theme, align, elide, ground
        self._height = height
        self._spans: tuple[Span, ...] = ()
        self._hint = QSize(0, 0)
        self._set_policy()
        self.put(*spans)

    @property
    def text(self) -> str:
        """Return what it says, for tests and screen readers."""
        return " ".join(span.text for span in self._spans if span.text)

    def put(self, *spans: Span) -> None:
        """Show these spans; nothing happens where they are shown already."""
        if spans == self._spans and self._hint.height():
            return
        self._spans = spans
        heights = [line_height(span.scale) for span in spans]
        heights += [math.ceil(span.glyph_size) for span in spans if span.glyph is not None]
        tallest = max(heights, default=line_height("label"))
        hint = QSize(math.ceil(total_width(spans)), self._height or tallest)
        if hint != self._hint:
            self._hint = hint
            self.updateGeometry()
        self.setAccessibleName(self.text)
        self._tell_in_full()
        self.update()

    def set_elide(self, elide: bool) -> None:
        """Say whether it may be cut short."""
        if elide != self._elide:
            self._elide = elide
            self._set_policy()
            self._tell_in_full()
            self.updateGeometry()

    def set_ground(self, ground: str) -> None:
        """Say which colour lies behind, for the marks inside glyphs."""
        if ground != self._ground:
            self._ground = ground
            self.update()

    def is_cut(self) -> bool:
        """Say whether a text that must not be elided lacks room."""
        return not self._elide and self.width() < self._hint.width() and bool(self._spans)

    def sizeHint(self) -> QSize:
        """Return the room that the whole text takes."""
        return self._hint

    def minimumSizeHint(self) -> QSize:
        """Return the least room: all of it, unless it may be elided."""
        return QSize(24, self._hint.height()) if self._elide else self._hint

    def resizeEvent(self, event: object) -> None:
        """Keep the tooltip in step with what is cut."""
        self._tell_in_full()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the spans."""
        painter = QPainter(self)
        draw_spans(painter, QRectF(self.rect()), self._spans, self._theme.tokens, self._ground, self._align)

    def _set_policy(self) -> None:
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding if self._elide else policy.Minimum, policy.Fixed)

    def _tell_in_full(self) -> None:
        if self._elide:
            self.setToolTip(self.text if self._hint.width() > self.width() else "")


class Paragraph(QLabel):
    """Text that wraps, in a size and colour of the design."""

    def __init__(self, theme: Theme, text: str = "", scale: Scale = "body", colour: str = "text2") -> None:
        super().__init__(text)
        self._theme, self._colour, self._scale = theme, colour, scale
        self.setFont(font(scale))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self.recolour)
        self.recolour()

    def put(self, text: str) -> None:
        """Show this text."""
        if text != self.text():
            self.setText(text)

    @Slot()
    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, self._theme.tokens[self._colour])
        self.setPalette(palette)


def plain(text: str, colour: str = "text", weight: int | None = None) -> tuple[Span, ...]:
    """Return one span of label size: what table cells and notes are made of."""
    return (Span(text, "label", weight, colour),)
