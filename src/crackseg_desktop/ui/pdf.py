"""A report as PDF: A4 pages with real text, drawn as the preview in the window is, in the light theme."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF
from PySide6.QtGui import QGuiApplication, QPageSize, QPainter, QPdfWriter

from crackseg_desktop import settings as files
from crackseg_desktop.reports import words
from crackseg_desktop.ui.report_drawing import blocks_of
from crackseg_desktop.ui.report_flow import Block, Cell, pages_of, paragraph, row, span, wrapped
from crackseg_desktop.ui.theme import load_fonts, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from crackseg_desktop.reports.report import Report

PAGE_WIDTH, PAGE_HEIGHT = 793.7, 1122.5
"""A4 in px of 96 an inch."""
_SIDE, _TOP, _EDGE, _FOOT_LINES = 48.0, 36.0, 24.0, 2
_FOOT = _EDGE + 16 * _FOOT_LINES
_DOTS = 1200


def write_pdf(report: Report, path: Path) -> None:
    """Write a report as PDF, in one step, in the GUI thread; makes a QGuiApplication where there is none.

    Raises:
        OSError: the file cannot be written.
    """
    files.write_atomically(path, pdf_of(report), 0o666)


def pdf_of(report: Report) -> bytes:
    """Return a report as the bytes of a PDF; the same report gives the same text on the same pages."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QGuiApplication.instance() or QGuiApplication(["crackseg-desktop"])
    load_fonts()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    _draw(report, _writer(report, buffer))
    buffer.close()
    del app  # held until the pages were drawn
    return bytes(data.data())


def _writer(report: Report, buffer: QBuffer) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setResolution(_DOTS)
    writer.setTitle(f"{words.title(report)}, {report.period.name}")
    writer.setCreator("CrackSeg Desktop")
    return writer


def _draw(report: Report, writer: QPdfWriter) -> None:
    width = PAGE_WIDTH - 2 * _SIDE
    pages = pages_of(blocks_of(report, width, "light"), PAGE_HEIGHT - _TOP - _FOOT)
    painter = QPainter(writer)
    painter.scale(_DOTS / 96, _DOTS / 96)
    for number, page in enumerate(pages, 1):
        if number > 1:
            writer.newPage()
        top = _TOP
        for block in page:
            _place(painter, block, top, width)
            top += block.height
        foot = _foot(report, number, len(pages), width)
        _place(painter, foot, PAGE_HEIGHT - _EDGE - foot.height, width)
    painter.end()


def _place(painter: QPainter, block: Block, top: float, width: float) -> None:
    painter.save()
    block.draw(painter, QRectF(_SIDE, top, width, block.height), tokens("light"))
    painter.restore()


def _foot(report: Report, number: int, count: int, width: float) -> Block:
    told = " · ".join(filter(None, ("CrackSeg Desktop", words.coverage(report))))
    lines = wrapped(told, width * 0.88, "caption")[:_FOOT_LINES]
    paging = Cell((span(f"{number} of {count}", "caption", "text3"),), 0.88, 1.0, "right", height=16)
    return row(16 * len(lines), (*paragraph(lines, "caption", "text3", 0), paging))
