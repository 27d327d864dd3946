"""Line icons of ``resources/icons``: 20 px grid, drawn in a colour of the theme."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from crackseg_desktop.resources import resource

if TYPE_CHECKING:
    from crackseg_desktop.ui.theme import Tokens


def draw_icon(painter: QPainter, name: str, rect: QRectF, tokens: Tokens, colour: str = "text2") -> None:
    """Draw an icon into a square, its second tones in the theme's text and accent colours."""
    _renderer(name, tokens[colour].name(), tokens["text2"].name(), tokens["accent"].name()).render(painter, rect)


def app_icon() -> QIcon:
    """Return the application's icon, for windows and their task bar."""
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        _renderer("app", "", "", "").render(painter, QRectF(0, 0, size, size))
        painter.end()
        icon.addPixmap(pixmap)
    return icon


@cache
def _renderer(name: str, colour: str, text: str, accent: str) -> QSvgRenderer:
    source = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    coloured = source.replace("currentColor", colour).replace("textColor", text).replace("accentColor", accent)
    return QSvgRenderer(QByteArray(coloured.encode()))
