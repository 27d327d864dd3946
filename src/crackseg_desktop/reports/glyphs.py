"""The 12 px glyphs before the lines of a report: a state is never told by colour alone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.readings import Severity
from crackseg_desktop.reports.report import Outcome, Resolution
from crackseg_desktop.reports.svg import Picture

if TYPE_CHECKING:
    from crackseg_desktop.reports.report import Issue, RunReport
    from crackseg_desktop.reports.svg import Theme

_SIZE = 14.0


def run_glyph(run: RunReport, theme: Theme = "light") -> str:
    """Return the sign of a run's state: triangle, two bars, tick, cross, square or dotted ring."""
    picture = Picture(_SIZE, _SIZE, "", "", theme)
    match run.outcome:
        case Outcome.ACTIVE if run.stalled:
            for x in (3.5, 8.5):
                picture.rect(x, 3, 2.5, 8, "warning_shape")
        case Outcome.ACTIVE:
            picture.area([(3.5, 2.5), (11, 7), (3.5, 11.5)], "accent")
        case Outcome.COMPLETED:
            picture.path([(2.5, 7.5), (5.5, 10.5), (11.5, 3.5)], "text2", width=1.8)
        case Outcome.FAILED:
            picture.path([(3, 3), (11, 11)], "critical", width=2)
            picture.path([(11, 3), (3, 11)], "critical", width=2)
        case Outcome.INTERRUPTED:
            picture.rect(3.5, 3.5, 7, 7, "text3")
        case _:
            picture.ring(7, 7, 4.5, "text3", dash="1.5 2")
    return picture.svg()


def alert_glyph(issue: Issue, theme: Theme = "light") -> str:
    """Return the sign of an issue: octagon critical, triangle else; filled while it is there, an outline after."""
    picture = Picture(_SIZE, _SIZE, "", "", theme)
    is_over = issue.resolution == Resolution.RESOLVED
    if issue.severity == Severity.CRITICAL:
        low, high, near, far = 1.0, 13.0, 4.5, 9.5
        corners = [
            (near, low),
            (far, low),
            (high, near),
            (high, far),
            (far, high),
            (near, high),
            (low, far),
            (low, near),
        ]
        colour = "critical"
    else:
        corners, colour = [(7.0, 1.2), (13.4, 12.5), (0.6, 12.5)], "warning_shape"
    if is_over:
        picture.outline(corners, "text2", width=1.4)
    else:
        picture.area(corners, colour)
    ink = "text2" if is_over else "card"
    top = 4.0 if issue.severity == Severity.CRITICAL else 5.2
    picture.line(7, top, 7, 8.2, ink, width=1.5)
    picture.rect(6.2, 9.4, 1.6, 1.6, ink)
    return picture.svg()
