"""A report as blocks to draw, in the order of its HTML: for the pages of a PDF and for the preview in the window."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF, QSizeF, Qt
from PySide6.QtSvg import QSvgRenderer

from crackseg_desktop.reports import charts, words
from crackseg_desktop.reports.svg import FONT
from crackseg_desktop.ui import report_tables as tables
from crackseg_desktop.ui.report_flow import Block, Cell, paragraph, row, space, span, wrapped
from crackseg_desktop.ui.theme import CONTROL_RADIUS, FAMILIES
from crackseg_desktop.ui.widgets.icons import draw_icon

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from crackseg_desktop.reports.report import Report
    from crackseg_desktop.reports.svg import Theme
    from crackseg_desktop.ui.theme import Tokens

SECTION_GAP = 18
_TILES = 4
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[:x](?=\d)")


def blocks_of(report: Report, width: float, theme: Theme) -> list[Block]:
    """Return the blocks of a report for a width in px; ``theme`` is that of its charts."""
    blocks = [_head(report), space(14)]
    if report.simulated:
        blocks += [_banner("Simulated data: nothing in this report was measured.", width, "warning"), space(14)]
    blocks.append(_tiles(report, width))
    for part in _sections(report, width, theme):
        blocks += [space(SECTION_GAP), *part]
    return blocks


def closing(report: Report, width: float) -> list[Block]:
    """Return what stands at the foot of every page, for where there are no pages."""
    return [space(SECTION_GAP), tables.sentence(words.coverage(report), width, "text3")]


def _sections(report: Report, width: float, theme: Theme) -> list[list[Block]]:
    """Return the sections, each a list of blocks."""
    week = report.week is not None
    parts = [[_banner(words.quiet(report), width, "text2")]] if report.is_quiet else []
    parts += [tables.runs(report, width)] if report.runs else []
    axis = "The week on one axis" if week else "The day on one axis"
    parts.append([tables.section(axis, words.axis_note(report)), _chart(charts.timeline(report, theme), width, axis)])
    parts.append(_machine(report, width, theme))
    if week:
        use = tables.section("System utilization", "mean share of time in which the GPU worked, by hour")
        parts.append([use, _chart(charts.heat_map(report, theme), width, "GPU use by weekday and hour")])
        parts += [tables.days(report), tables.improvements(report, width)]
    parts += [tables.issues(report, width), tables.actions(report, width)]
    if any(run.iou is not None or run.loss is not None for run in report.runs):
        head = tables.section("Curves of the runs", "validation, by epoch")
        parts.append([head, _chart(charts.curves(report, theme), width, "Validation IoU and loss by epoch")])
    parts += [tables.used(report, width)] if report.runs else []
    parts += [[tables.sentence(note, width, "text3")] for note in report.notes]
    return parts


def _machine(report: Report, width: float, theme: Theme) -> list[Block]:
    """Return the machine beside the best score of each run, and what is likely to come."""
    peaks = "peak today, mark = limit" if report.week is None else "peak of the week, mark = limit"
    target = report.best[0].target if report.best else None
    goal = f"target {target:g}" if target is not None else ""
    told = [f"{words.health_title(row)}: {words.health_words(row)}" for row in report.health]
    pair = _pair(charts.health(report, theme), charts.best_by_run(report, theme), width, ", ".join(told))
    forecasts = [f"{words.health_title(row)}: {row.forecast}" for row in report.health if row.forecast]
    heads = tables.sections(("System health", peaks), ("Best IoU by run", goal))
    below = [tables.sentence(forecast, width, "text3") for forecast in forecasts]
    return [heads, replace(pair, keeps=bool(below)), *below]


def _banner(text: str, width: float, colour: str) -> Block:
    """Return what is to be read first, on a ground of its own."""
    lines = wrapped(text, width - 24)

    def ground(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens["warning_soft" if colour == "warning" else "raised"])
        painter.drawRoundedRect(rect, CONTROL_RADIUS, CONTROL_RADIUS)

    return row(16 + 16 * len(lines), paragraph(lines, "label", colour, 8, 12), ground)


def _head(report: Report) -> Block:
    cells = (
        Cell((span(words.title(report), "title"),), 0.0, 0.8, height=24, inset=42),
        Cell((span(words.subtitle(report), "label", "text2"),), 0.0, 0.8, top=24, height=18, inset=42),
        Cell((span(words.span(report), "caption", "text3"),), 0.7, 1.0, "right", top=4, height=16),
        Cell((span(words.written(report), "caption", "text3"),), 0.7, 1.0, "right", top=22, height=16),
    )

    def sign(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        draw_icon(painter, "app", QRectF(rect.left(), rect.top() + 6, 30, 30), tokens)

    return row(42, cells, sign)


def _tiles(report: Report, width: float) -> Block:
    shown = words.cards(report)[:_TILES]
    cells: list[Cell] = []
    lines = 1
    for place, card in enumerate(shown):
        begin, end = place / _TILES, (place + 1) / _TILES - 0.01
        note = wrapped(card.note, width * (end - begin) - 14, "caption")
        lines = max(lines, len(note))
        figure = (span(card.figure, "title"), span(card.unit, "label", "text2", gap=5))
        cells.append(Cell((span(card.label, "label", "text2"),), begin, end, height=18, inset=14))
        cells.append(Cell(figure, begin, end, top=18, height=22, inset=14))
        cells += [
            Cell((span(line, "caption", "text3"),), begin, end, top=40 + 16 * number, height=16, inset=14)
            for number, line in enumerate(note)
        ]

    def edges(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        for place in range(len(shown)):
            x = rect.left() + rect.width() * place / _TILES
            painter.fillRect(QRectF(x, rect.top(), 2, rect.height()), tokens["border"])

    return row(40 + 16 * lines, cells, edges)


def _chart(svg: str, width: float, text: str) -> Block:
    """Return a chart across the page."""
    renderer, size = _rendered(svg)
    height = size.height() * width / size.width()

    def draw(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        renderer.render(painter, QRectF(rect.left(), rect.top() + 8, width, height))

    return row(height + 8, (), draw, text=text)


def _pair(left: str, right: str, width: float, text: str) -> Block:
    """Return two charts side by side, of half a page each."""
    scale = width / charts.WIDTH
    shown = [(*_rendered(svg), place) for svg, place in ((left, 0.0), (right, charts.WIDTH - charts.HALF))]

    def draw(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        for renderer, size, place in shown:
            box = QRectF(rect.left() + place * scale, rect.top() + 4, size.width() * scale, size.height() * scale)
            renderer.render(painter, box)

    return row(4 + scale * max(size.height() for _, size, _ in shown), (), draw, text=text)


def _rendered(svg: str) -> tuple[QSvgRenderer, QSizeF]:
    """Return what draws a chart, and its size in px.

    Qt takes a list of font families for the name of one. And a sign between digits is set apart, for Inter has other
    glyphs for those, which nobody could read back from a PDF (see ``theme.font``).
    """
    told = _BETWEEN_DIGITS.sub(r"<tspan>\g<0></tspan>", svg.replace(FONT, FAMILIES[0]))
    renderer = QSvgRenderer(QByteArray(told.encode()))
    return renderer, QSizeF(renderer.defaultSize())
