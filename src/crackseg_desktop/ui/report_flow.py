"""What a drawn report is made of: blocks one under the other, which pages take whole; in px of 96 an inch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QRectF

from crackseg_desktop.ui.theme import line_height
from crackseg_desktop.ui.widgets.text import Span, draw_spans, metrics
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPainter

    from crackseg_desktop.ui.theme import Scale, Tokens

    Draw = Callable[[QPainter, QRectF, Tokens], None]

_MOST_LINES = 6
"""A text longer than this is cut: a note of a person may be a page long, and a block must fit a page."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a row: spans, and between which shares of the row's width they stand, less ``inset`` px."""

    spans: tuple[Span, ...]
    left: float = 0.0
    right: float = 1.0
    align: Literal["left", "right"] = "left"
    top: float = 0.0  # px from the top of the row
    height: float | None = None
    inset: float = 0.0

    def draw(self, painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        """Draw it into the row."""
        box = self.box(rect)
        draw_spans(painter, box, self.spans, tokens, "card", self.align)

    def box(self, rect: QRectF) -> QRectF:
        """Return where it stands in the rectangle of the row."""
        begin = rect.left() + rect.width() * self.left + (self.inset if self.align == "left" else 0)
        end = rect.left() + rect.width() * self.right - (self.inset if self.align == "right" else 0)
        return QRectF(begin, rect.top() + self.top, end - begin, self.height or rect.height() - self.top)

    @property
    def text(self) -> str:
        """Return what it says."""
        return " ".join(span.text for span in self.spans if span.text)


@dataclass(frozen=True, slots=True)
class Block:
    """Something that stands across a page and is never cut.

    Attributes:
        text: what it says, for screen readers and tests.
        keeps: it is not the last on a page: a head without what it is the head of.
        is_space: it is left out at the top of a page.
        again: what stands over it where it begins a page, such as the head of its table.
    """

    height: float
    draw: Draw
    text: str = ""
    keeps: bool = False
    is_space: bool = False
    again: Block | None = field(default=None, repr=False)


def row(
    height: float,
    cells: Sequence[Cell],
    *more: Draw,
    line: str = "",
    keeps: bool = False,
    again: Block | None = None,
    text: str = "",
) -> Block:
    """Return a row of cells; ``line`` is the colour of the line at its foot, ``more`` draws what is no text.

    ``text`` says what it shows, where its cells do not.
    """

    def draw(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        if line:
            painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), tokens[line])
        for draws in (*more, *(cell.draw for cell in cells)):
            draws(painter, rect, tokens)

    return Block(height, draw, text or "  ".join(filter(None, (cell.text for cell in cells))), keeps, again=again)


def space(height: float) -> Block:
    """Return room between two sections."""
    return Block(height, _nothing, is_space=True)


def span(
    text: str,
    scale: Scale = "label",
    colour: str = "text",
    weight: int | None = None,
    *,
    glyph: str | None = None,
    glyph_colour: str | None = None,
    gives: bool = False,
    gap: float = 0.0,
) -> Span:
    """Return a span whose text can be read back from a PDF."""
    return Span(_clean(text), scale, weight, colour, gap, glyph, glyph_colour, gives=gives, plain=True)


def wrapped(text: str, width: float, scale: Scale = "label", weight: int | None = None) -> list[str]:
    """Break a text into lines of at most ``width`` px, a word too long within itself; the last of many is cut."""
    measure = metrics(scale, weight, plain=True)
    lines: list[str] = []
    line = ""
    for word in _clean(text).split():
        for piece in _pieces(word, width, measure.horizontalAdvance):
            longer = f"{line} {piece}" if line else piece
            if line and measure.horizontalAdvance(longer) > width:
                lines.append(line)
                line = piece
            else:
                line = longer
    lines += [line] if line else []
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} …"]


def paragraph(lines: Sequence[str], scale: Scale, colour: str, top: float, inset: float = 0.0) -> list[Cell]:
    """Return the cells of lines one under the other."""
    step = line_height(scale)
    return [
        Cell((span(line, scale, colour),), top=top + step * number, height=step, inset=inset)
        for number, line in enumerate(lines)
    ]


def pages_of(blocks: Sequence[Block], height: float) -> list[list[Block]]:
    """Share blocks out to pages of this height: none is cut, none that keeps to the next is left alone at a foot."""
    pages: list[list[Block]] = [[]]
    room = height
    for group in _groups(blocks):
        needed = sum(block.height for block in group)
        if needed > room and pages[-1]:
            pages.append([])
            room = height
            first = group[0]
            if first.again is not None:
                pages[-1].append(first.again)
                room -= first.again.height
        if not pages[-1] and all(block.is_space for block in group):
            continue
        pages[-1] += group
        room -= needed
    return [page for page in (_without_space(page) for page in pages) if page] or [[]]


def _groups(blocks: Sequence[Block]) -> list[list[Block]]:
    """Return blocks with what keeps to them."""
    groups: list[list[Block]] = []
    joins = False
    for block in blocks:
        if joins and groups:
            groups[-1].append(block)
        else:
            groups.append([block])
        joins = block.keeps
    return groups


def _without_space(page: list[Block]) -> list[Block]:
    """Leave out room at the foot."""
    while page and page[-1].is_space:
        page = page[:-1]
    return page


def _clean(text: str) -> str:
    """Return a text of others as one line without what steers a reader: a note may have lines, ours have none."""
    return printable(" ".join(text.split()))


def _pieces(word: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break a word that is longer than a line, such as a path."""
    pieces: list[str] = []
    while word and measure(word) > width:
        length = next((count for count in range(len(word), 0, -1) if measure(word[:count]) <= width), 1)
        pieces.append(word[:length])
        word = word[length:]
    return [*pieces, word] if word else pieces


def _nothing(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
    """Draw nothing."""
