"""The tables of a drawn report: trainings, the machine beside the best scores, issues, what to do next, the week."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from crackseg_desktop.readings import Severity
from crackseg_desktop.reports import words
from crackseg_desktop.reports.report import Outcome, Resolution
from crackseg_desktop.ui.report_flow import Block, Cell, paragraph, row, span, wrapped
from crackseg_desktop.ui.widgets.glyphs import draw_glyph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from crackseg_desktop.reports.report import Action, Improvement, Issue, Report
    from crackseg_desktop.ui.theme import Scale, Tokens
    from crackseg_desktop.ui.widgets.text import Span

_LINE = 16
_SIDE = 6.0
_HALF = 0.483
_STATES = {
    Outcome.ACTIVE: ("play", "accent"),
    Outcome.COMPLETED: ("tick", "text2"),
    Outcome.FAILED: ("cross", "critical"),
    Outcome.INTERRUPTED: ("square", "text2"),
    Outcome.UNKNOWN: ("ring", "text2"),
}
_RUNS = (
    *(("State", 0.0), ("Experiment", 0.157), ("Epoch", 0.47), ("Best IoU", 0.565), ("Best Dice", 0.66)),
    *(("Started", 0.8), ("Duration", 1.0)),
)
_USED = (0.262, 0.35, 0.458, 0.585, 0.65, 0.735, 0.825, 0.93, 1.0)
"""Where the columns of ``words.USE_HEAD`` end."""
_DAYS = (
    ("Day", 0.0),
    ("Completed", 0.27),
    ("Failed", 0.4),
    ("Training", 0.58),
    ("GPU use", 0.8),
    ("Energy", 1.0),
)


def section(title: str, note: str = "") -> Block:
    """Return the head of a section: its name, a note, and a line under both."""
    cells = (
        Cell((span(title, "body", "text", 600),), 0.0, 0.45, height=20),
        Cell((span(note, "caption", "text3"),), 0.3, 1.0, "right", height=20),
    )
    return row(26, cells, line="text", keeps=True)


def sections(left: tuple[str, str], right: tuple[str, str]) -> Block:
    """Return the heads of two sections side by side."""
    cells: list[Cell] = []
    for (title, note), begin, end in ((left, 0.0, _HALF), (right, 1 - _HALF, 1.0)):
        cells.append(Cell((span(title, "body", "text", 600),), begin, end, height=20))
        cells.append(Cell((span(note, "caption", "text3"),), begin + 0.2, end, "right", height=20))

    def lines(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        for begin in (rect.left(), rect.left() + rect.width() * (1 - _HALF)):
            painter.fillRect(QRectF(begin, rect.bottom() - 1, rect.width() * _HALF, 1), tokens["text"])

    return row(26, cells, lines, keeps=True)


def sentence(text: str, width: float, colour: str = "text2") -> Block:
    """Return a paragraph."""
    lines = wrapped(text, width)
    return row(8 + _LINE * len(lines), paragraph(lines, "label", colour, 4))


def runs(report: Report, width: float) -> list[Block]:
    """Return the table of trainings; why one failed stands under it."""
    title = "Training status" if report.week is None else "Training efficiency"
    head = _table_head(_RUNS, 2)
    blocks = [section(title, words.counts(report)), head]
    for run in report.runs:
        told = words.run_row(report, run)
        glyph, colour = ("bars", "warning_shape") if run.stalled else _STATES[run.outcome]
        ink = "text2" if colour == "warning_shape" else colour
        values = (told.epoch, told.iou, told.dice, told.started, told.duration)
        cells = [
            Cell(
                (span(told.state, "label", ink, glyph=glyph, glyph_colour=colour),), 0.0, 0.155, height=28, inset=_SIDE
            ),
            Cell(_name(told.name, is_simulated=run.simulated and not report.simulated), 0.157, 0.4, height=28),
            *_figures(values, _RUNS[2:], 28),
        ]
        reasons = wrapped(told.note, width * 0.84 - _SIDE, "caption")
        under = _indented(reasons, 0.157, 24)
        blocks.append(row(28 + _LINE * len(reasons), [*cells, *under], line="grid", again=head))
    return _together(blocks)


def used(report: Report, width: float) -> list[Block]:
    """Return the second table of trainings: what each used of the machine, and why that is not known."""
    columns = (("Experiment", 0.0), *zip(words.USE_HEAD, _USED, strict=True))
    head = _table_head(columns, 1)
    blocks = [section("What the runs used", words.energy_line(report)), head]
    for run in report.runs:
        name = Cell((span(run.short, "caption"),), 0.0, 0.215, inset=_SIDE)
        cells = _figures(words.use_cells(report, run), columns[1:], 28, "caption")
        blocks.append(row(28, [name, *cells], line="grid", again=head))
    return blocks + [sentence(reason, width, "text3") for reason in words.use_reasons(report)]


def issues(report: Report, width: float) -> list[Block]:
    """Return what went wrong and how it ended."""
    title = "Issues" if report.week is None else "Issues resolved"
    blocks = [section(title, words.issue_counts(report))]
    again = section(title, "continued")
    blocks += _together([_issue(report, issue, width, again) for issue in report.issues])
    return blocks if report.issues else [*blocks, sentence("None.", width)]


def actions(report: Report, width: float) -> list[Block]:
    """Return what to do next, each with the evidence that it rests on."""
    blocks = [section("Next actions", "with the evidence that each rests on")]
    blocks += _together([_action(number, action, width) for number, action in enumerate(report.actions, 1)])
    return blocks if report.actions else [*blocks, sentence(words.no_actions(report), width)]


def days(report: Report) -> list[Block]:
    """Return the week day by day."""
    head = _table_head(_DAYS, 1)
    blocks = [section("Day by day", "runs ended, hours of training, GPU use, energy"), head]
    for line in report.week.days if report.week is not None else ():
        name, *values = words.day_cells(report, line)
        first = Cell((span(name, "label", "text", 600),), 0.0, 0.2, inset=_SIDE)
        blocks.append(row(28, [first, *_figures(values, _DAYS[1:], 28)], line="grid"))
    return [*(replace(block, keeps=True) for block in blocks[:-1]), blocks[-1]]


def improvements(report: Report, width: float) -> list[Block]:
    """Return the runs that beat the best of the weeks before, and what differs in them."""
    blocks = [section("Improvements", "runs that beat the best of the weeks before")]
    week = report.week
    if week is None or not week.improvements:
        return [*blocks, sentence(f"None: {week.improvements_reason if week is not None else ''}.", width)]
    return blocks + [_improvement(each, width) for each in week.improvements]


def _name(name: str, *, is_simulated: bool) -> tuple[Span, ...]:
    mark = (span("simulated", "caption", "text3", gap=6),) if is_simulated else ()
    return (span(name, "label", "text", 600, gives=True), *mark)


def _together(rows: list[Block]) -> list[Block]:
    """Keep the last two of several rows on one page: one alone at the top of a page looks lost."""
    return [*rows[:-2], replace(rows[-2], keeps=True), rows[-1]] if len(rows) > 2 else rows


def _table_head(columns: Sequence[tuple[str, float]], left: int) -> Block:
    """Return the head of a table; the first ``left`` columns hold words, the others figures that end at their share."""
    cells = []
    for place, (title, share) in enumerate(columns):
        words_of = (span(title, "caption", "text2", 500),)
        if place < left:
            cells.append(Cell(words_of, share, 1.0, inset=_SIDE if place == 0 else 0.0))
        else:
            cells.append(Cell(words_of, 0.0, share, "right", inset=_SIDE if share == 1 else 0.0))
    return row(28, cells, line="grid", keeps=True)


def _figures(
    values: Sequence[str], columns: Sequence[tuple[str, float]], height: float, scale: Scale = "label"
) -> list[Cell]:
    """Return the cells of figures, each ending where its column does."""
    return [
        Cell((span(value, scale),), 0.0, share, "right", height=height, inset=_SIDE if share == 1 else 0.0)
        for value, (_, share) in zip(values, columns, strict=True)
    ]


def _indented(lines: Sequence[str], left: float, top: float) -> list[Cell]:
    return [
        Cell((span(line, "caption", "text3"),), left, 1.0, top=top + _LINE * number, height=_LINE)
        for number, line in enumerate(lines)
    ]


def _issue(report: Report, issue: Issue, width: float, again: Block) -> Block:
    told = words.issue_row(report, issue)
    story = wrapped(told.evidence, width * 0.6, "caption")
    status = wrapped(told.status, width * 0.33, "caption")
    over = issue.resolution == Resolution.RESOLVED
    glyph = f"{issue.severity.value}{'-over' if over or issue.resolution == Resolution.ACKNOWLEDGED else ''}"
    colour = "text2" if glyph.endswith("over") else _severity_colour(issue.severity)

    def sign(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
        draw_glyph(painter, glyph, QRectF(rect.left(), rect.top() + 8, 14, 14), tokens[colour], tokens["card"])

    cells = [Cell((span(told.title, "label", "text", 600),), 0.0, 0.62, top=5, height=20, inset=26)]
    cells += [
        Cell((span(line, "caption", "text2"),), 0.0, 0.66, top=25 + _LINE * n, height=_LINE, inset=26)
        for n, line in enumerate(story)
    ]
    cells += [
        Cell((span(line, "caption", "text2"),), 0.65, 1.0, "right", top=7 + _LINE * n, height=_LINE)
        for n, line in enumerate(status)
    ]
    height = max(25 + _LINE * len(story), 7 + _LINE * len(status)) + 6
    return row(height, cells, sign, line="grid", again=again)


def _severity_colour(severity: Severity) -> str:
    return {Severity.CRITICAL: "critical", Severity.WARNING: "warning_shape"}.get(severity, "text2")


def _action(number: int, action: Action, width: float) -> Block:
    lines = wrapped(action.text, width - 22, "label", 500)
    evidence = wrapped(action.evidence, width - 22, "caption")
    cells = [Cell((span(f"{number}", "label", "text3"),), 0.0, 0.1, top=7, height=_LINE)]
    cells += [
        Cell((span(line, "label", "text", 500),), top=7 + _LINE * n, height=_LINE, inset=18)
        for n, line in enumerate(lines)
    ]
    cells += paragraph(evidence, "caption", "text2", 7 + _LINE * len(lines), 18)
    return row(9 + _LINE * (len(lines) + len(evidence)), cells)


def _improvement(better: Improvement, width: float) -> Block:
    told = wrapped(words.improvement(better), width, "label", 600)
    lines = wrapped(words.differences(better), width, "caption")
    cells = [Cell((span(line, "label", "text", 600),), top=7 + _LINE * n, height=_LINE) for n, line in enumerate(told)]
    below = 8.0 + _LINE * len(told)
    return row(below + _LINE * len(lines) + 7, [*cells, *paragraph(lines, "caption", "text2", below)], line="grid")
