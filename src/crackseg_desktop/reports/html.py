"""A report as one HTML file that stands by itself: no script, no reference to anything outside, dark and light.

The template is ``resources/reports/report.html.j2``. Pure, but for reading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from crackseg_desktop import units
from crackseg_desktop.reports import charts, words
from crackseg_desktop.reports.glyphs import alert_glyph, run_glyph
from crackseg_desktop.reports.svg import style_sheet
from crackseg_desktop.resources import resource

if TYPE_CHECKING:
    from crackseg_desktop.reports.report import Report

Theme = Literal["auto", "light", "dark"]
_TEMPLATE = "report.html.j2"


def render_html(report: Report, theme: Theme = "auto") -> str:
    """Return the report as HTML; ``auto`` follows the reader's own preference. Print is always light."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # 20 ms that only a report needs

    environment = Environment(
        loader=FileSystemLoader(resource("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_plain,
    )
    return environment.get_template(_TEMPLATE).render(_content(report, theme))


def _plain(value: Any) -> Any:
    """Make visible in foreign texts what would break a line, or turn what stands beside it around."""
    return units.printable(value) if type(value) is str else value


def _content(report: Report, theme: Theme) -> dict[str, Any]:
    return {
        "report": report,
        "words": words,
        "theme": theme,
        "is_daily": report.period.kind == "daily",
        "style": _markup(_style(theme)),
        "runs": [(run, words.run_row(report, run), words.use_cells(report, run)) for run in report.runs],
        "issues": [words.issue_row(report, issue) for issue in report.issues],
        "charts": {
            name: _markup(draw(report))
            for name, draw in (
                ("mark", lambda _: _app_mark()),
                ("timeline", charts.timeline),
                ("health", charts.health),
                ("best", charts.best_by_run),
                ("curves", charts.curves),
                ("heat_map", charts.heat_map),
            )
        },
        "has_curves": any(run.iou is not None or run.loss is not None for run in report.runs),
        "run_glyph": lambda run: _markup(run_glyph(run)),
        "alert_glyph": lambda issue: _markup(alert_glyph(issue)),
    }


def _style(theme: Theme) -> str:
    """Return the colours: those of the theme, or of the reader's preference; printed they are light."""
    if theme != "auto":
        fixed = style_sheet(theme)
        return fixed if theme == "light" else f"@media screen{{{fixed}}}@media print{{{style_sheet('light')}}}"
    return f"{style_sheet('light')}@media screen and (prefers-color-scheme:dark){{{style_sheet('dark')}}}"


def _app_mark() -> str:
    """Return the sign of the application, small."""
    drawing = resource("icons", "app.svg").read_text(encoding="utf-8")
    return drawing.replace('width="256" height="256"', 'width="30" height="30" aria-hidden="true"', 1)


def _markup(text: str) -> Any:
    """Mark what this program wrote itself as HTML; foreign texts in it are escaped already."""
    from markupsafe import Markup

    return Markup(text)
