"""Draws small SVG pictures that a browser and Qt both understand, with the colours of the design. Pure.

Colours stand in attributes, which is all that Qt's SVG Tiny reads; classes beside them (``f-text``, ``l-grid``) let the
style sheet of a document change them for a dark page. Numbers are written one way only, so that equal reports have
equal bytes.
"""

from __future__ import annotations

import json
import math
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Literal

from crackseg_desktop import units
from crackseg_desktop.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Theme = Literal["light", "dark"]
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
FONT = "Inter"
"""Qt looks for one family only; style sheets put the others beside it."""
CAPTION, LABEL = 11, 12
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[] "), frozenset("mwMW@%—…")


@cache
def palette(theme: Theme) -> Mapping[str, str]:
    """Return the colours of the design by role."""
    tokens = json.loads(resource("tokens.json").read_text(encoding="utf-8"))
    return {role: colour["value"] for role, colour in tokens["themes"][theme]["colour"].items()}


def number(value: float) -> str:
    """Write a coordinate: one decimal at most, no negative zero."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def width_of(text: str, size: float = LABEL) -> float:
    """Estimate how wide a text is in px, rather too wide than too narrow: nobody here can measure a font."""
    return sum(_em(sign) for sign in text) * size


def elided(text: str, width: float, size: float = LABEL) -> str:
    """Cut a text in its middle until it fits into so many px."""
    text = units.printable(text)
    if width_of(text, size) <= width:
        return text
    keep = len(text) - 1
    while keep > 1:
        tail = keep // 2
        cut = f"{text[: keep - tail]}…{text[-tail:] if tail else ''}"
        if width_of(cut, size) <= width:
            return cut
        keep -= 1
    return "…"


def _em(sign: str) -> float:
    if sign in _NARROW:
        return 0.32
    if sign in _WIDE:
        return 0.92
    if ord(sign) > 0x2E7F:
        return 1.05
    return 0.7 if sign.isupper() else 0.63 if sign.isdigit() else 0.57


class Picture:
    """One SVG picture being drawn: shapes in the order in which they are added. Belongs to one thread.

    ``fill`` and ``stroke`` are roles of the palette, such as "text" or "s1".
    """

    def __init__(self, width: float, height: float, title: str, description: str, theme: Theme = "light") -> None:
        self.width, self.height = width, height
        self._title, self._description = title, description
        self._colours = palette(theme)
        self._parts: list[str] = []

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, *, radius: float = 0.0, alpha: float = 1.0
    ) -> None:
        """Add a filled rectangle."""
        rounded = f' rx="{number(radius)}"' if radius else ""
        size = f'width="{number(max(width, 0.0))}" height="{number(max(height, 0.0))}"'
        self._parts.append(f'<rect x="{number(x)}" y="{number(y)}" {size}{rounded}{self._fill(fill, alpha)}/>')

    def line(
        self, x1: float, y1: float, x2: float, y2: float, stroke: str, *, width: float = 1.0, dash: str = ""
    ) -> None:
        """Add a straight line; ``dash`` is such as "4 3"."""
        ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
        self._parts.append(f"<line {ends}{self._stroke(stroke, width, dash)}/>")

    def path(self, points: Sequence[Point], stroke: str, *, width: float = 1.5, dash: str = "") -> None:
        """Add an open line through points."""
        self._parts.append(f'<path d="{_track(points)}" fill="none"{self._stroke(stroke, width, dash)}/>')

    def area(self, points: Sequence[Point], fill: str, *, alpha: float = 1.0) -> None:
        """Add a filled shape with these corners."""
        self._parts.append(f'<path d="{_track(points)}Z"{self._fill(fill, alpha)}/>')

    def outline(self, points: Sequence[Point], stroke: str, *, width: float = 1.5) -> None:
        """Add the edge of a shape with these corners."""
        self._parts.append(f'<path d="{_track(points)}Z" fill="none"{self._stroke(stroke, width, "")}/>')

    def circle(self, x: float, y: float, radius: float, fill: str) -> None:
        """Add a filled circle."""
        self._parts.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"{self._fill(fill, 1.0)}/>')

    def ring(self, x: float, y: float, radius: float, stroke: str, *, dash: str = "") -> None:
        """Add the edge of a circle."""
        where = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
        self._parts.append(f'<circle {where} fill="none"{self._stroke(stroke, 1.5, dash)}/>')

    def text(
        self,
        x: float,
        y: float,
        text: str,
        fill: str = "text2",
        *,
        size: int = LABEL,
        anchor: Anchor = "start",
        weight: int = 400,
    ) -> None:
        """Add a text on its base line, escaped."""
        where = f'x="{number(x)}" y="{number(y)}"'
        anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
        bold = f' font-weight="{weight}"' if weight != 400 else ""
        content = escape(units.printable(text), quote=False)
        self._parts.append(f'<text {where} font-size="{size}"{anchored}{bold}{self._fill(fill, 1.0)}>{content}</text>')

    def svg(self) -> str:
        """Return the picture as an SVG element that stands by itself."""
        size = f'width="{number(self.width)}" height="{number(self.height)}"'
        box = f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        role = 'role="img"' if self._title else 'aria-hidden="true"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} {role} font-family="{FONT}">'
        words = "".join(
            f"<{name}>{escape(units.printable(text), quote=False)}</{name}>"
            for name, text in (("title", self._title), ("desc", self._description))
            if text
        )
        return "\n".join((head + words, *self._parts, "</svg>"))

    def _fill(self, role: str, alpha: float) -> str:
        opacity = f' fill-opacity="{alpha:.2f}"' if alpha < 1 else ""
        return f' class="f-{role}" fill="{self._colours[role]}"{opacity}'

    def _stroke(self, role: str, width: float, dash: str) -> str:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return f' class="l-{role}" stroke="{self._colours[role]}" stroke-width="{number(width)}"{dashed}'


def style_sheet(theme: Theme) -> str:
    """Return the rules that give the shapes of all pictures, and the ``--role`` variables, the colours of a theme."""
    colours = palette(theme).items()
    variables = ";".join(f"--{role.replace('_', '-')}:{value}" for role, value in colours)
    shapes = "".join(f".f-{role}{{fill:{value}}}.l-{role}{{stroke:{value}}}" for role, value in colours)
    return f":root{{{variables}}}{shapes}"


def runs_of(points: Iterable[tuple[float, float]], longest: float) -> list[list[tuple[float, float]]]:
    """Split (time, value) rows wherever two are further apart than ``longest``: no line is drawn over a gap."""
    pieces: list[list[tuple[float, float]]] = []
    for time, value in points:
        if not math.isfinite(value):
            continue
        if pieces and time - pieces[-1][-1][0] <= longest:
            pieces[-1].append((time, value))
        else:
            pieces.append([(time, value)])
    return pieces


def _track(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
