"""The period on one time axis: run bars, alert marks, GPU temperature and memory beside their limits, gaps. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.readings import Severity
from crackseg_desktop.reports.report import Outcome, Resolution
from crackseg_desktop.reports.scales import Scale, day_limits, time_ticks, value_ticks
from crackseg_desktop.reports.svg import CAPTION, Anchor, Picture, elided, runs_of, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.reports.report import Issue, Lane, Points, Report, RunReport
    from crackseg_desktop.reports.svg import Theme

WIDTH = 698.0
_LEFT, _RIGHT = 52.0, 690.0
_LANE, _LANE_GAP = 62.0, 10.0
_BAR = 10.0
_LABELLED_ROW, _PLAIN_ROW = 30.0, 14.0
_MOST_LABELLED_ROWS, _MOST_PLAIN_ROWS = 4, 10
_MARK_ROW, _MARKS_APART = 20.0, 13.0
_COLOURS = {"temperature": "s2", "memory": "s1"}
_BAR_COLOURS = {Outcome.ACTIVE: "accent", Outcome.FAILED: "critical"}
_DASHES = ("", "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True, slots=True)
class _Bar:
    run: RunReport
    left: float
    right: float
    label: str
    anchor: float  # where its label begins


def timeline(report: Report, theme: Theme = "light") -> str:
    """Return the day or the week on one axis as SVG."""
    since, until = day_limits(report.period)
    scale = Scale(since, until, _LEFT, _RIGHT)
    bars = [_bar(run, scale, report) for run in report.runs]
    rows, labelled, more = _packed(bars)
    row_height = _LABELLED_ROW if labelled else _PLAIN_ROW
    runs_height = row_height * len(rows) + 6 if rows else 0.0
    marks = _marks(report, scale)
    marks_height = _MARK_ROW if marks else 0.0
    lanes_top = runs_height + marks_height
    lanes_height = len(report.lanes) * (_LANE + _LANE_GAP) if report.lanes else 24.0
    legend = _legend(report.lanes)
    height = lanes_top + lanes_height + 10 + (18 if legend else 0)
    picture = Picture(WIDTH, height, _title(report), _description(report), theme)
    _draw_gaps(picture, report, scale, lanes_top, lanes_top + lanes_height - _LANE_GAP)
    _draw_runs(picture, rows, row_height, labelled=labelled, more=more)
    bottom = lanes_top + lanes_height - _LANE_GAP
    for index, lane in enumerate(report.lanes):
        _draw_lane(picture, lane, scale, lanes_top + index * (_LANE + _LANE_GAP))
    if not report.lanes:
        picture.text(_LEFT, lanes_top + 14, "no readings of the machine in this period", "text3", size=CAPTION)
    _draw_marks(picture, marks, runs_height + 10, bottom)
    _draw_ticks(picture, report, scale, bottom + 16)
    if legend:
        picture.text(_LEFT, height - 3, legend, "text3", size=CAPTION)
    return picture.svg()


def _title(report: Report) -> str:
    return "The day on one axis" if report.period.kind == "daily" else "The week on one axis"


def _description(report: Report) -> str:
    lanes = " and ".join(lane.title for lane in report.lanes) or "no readings"
    return f"{len(report.runs)} runs, {len(report.issues)} issues, {lanes} over time; dashed lines are the limits."


def _bar(run: RunReport, scale: Scale, report: Report) -> _Bar:
    begun = run.started if run.started is not None else report.period.since
    left = scale(begun)
    least = 11.0 if run.outcome == Outcome.FAILED else 3.0  # it holds its cross
    right = max(scale(run.ended if run.ended is not None else report.period.until), left + least)
    label = elided(run.short, 180, CAPTION)
    width = width_of(label, CAPTION)
    anchor = left if left + width <= _RIGHT else max(_LEFT, right - width)
    return _Bar(run, left, right, label, anchor)


def _packed(bars: Sequence[_Bar]) -> tuple[list[list[_Bar]], bool, int]:
    """Return the bars in rows in which nothing overlaps, whether labels fit, and how many bars found no row."""
    rows, left_over = _rows(bars, _MOST_LABELLED_ROWS, labelled=True)
    if not left_over:
        return rows, True, 0
    rows, left_over = _rows(bars, _MOST_PLAIN_ROWS, labelled=False)
    return rows, False, left_over


def _rows(bars: Sequence[_Bar], most: int, *, labelled: bool) -> tuple[list[list[_Bar]], int]:
    rows: list[list[_Bar]] = []
    ends: list[float] = []
    left_over = 0
    for bar in sorted(bars, key=lambda bar: (bar.left, bar.run.id)):
        begin = min(bar.left, bar.anchor) if labelled else bar.left
        end = max(bar.right, bar.anchor + width_of(bar.label, CAPTION)) if labelled else bar.right
        free = next((index for index, taken in enumerate(ends) if taken + (10 if labelled else 2) <= begin), None)
        if free is None and len(rows) >= most:
            left_over += 1
        elif free is None:
            rows.append([bar])
            ends.append(end)
        else:
            rows[free].append(bar)
            ends[free] = end
    return rows, left_over


def _draw_runs(picture: Picture, rows: Sequence[Sequence[_Bar]], height: float, *, labelled: bool, more: int) -> None:
    if not rows:
        return
    offset = 16.0 if labelled else 2.0
    picture.text(_LEFT - 8, offset + 9, "runs", "text2", size=CAPTION, anchor="end")
    for index, row in enumerate(rows):
        top = index * height + offset
        for bar in row:
            is_active = bar.run.outcome == Outcome.ACTIVE
            colour = _BAR_COLOURS.get(bar.run.outcome, "s6")
            if labelled:
                weight, ink = (600, "accent") if is_active else (400, "text")
                picture.text(bar.anchor, top - 5, bar.label, ink, size=CAPTION, weight=weight)
            picture.rect(bar.left, top, bar.right - bar.left, _BAR, colour, radius=2)
            if bar.run.outcome == Outcome.FAILED:
                _draw_cross(picture, (bar.left + bar.right) / 2, top + _BAR / 2)
    if more:
        picture.text(_RIGHT, len(rows) * height + 4, f"and {more} more", "text3", size=CAPTION, anchor="end")


def _draw_cross(picture: Picture, x: float, y: float) -> None:
    for way in (-1.0, 1.0):
        picture.line(x - 2.5, y - 2.5 * way, x + 2.5, y + 2.5 * way, "on_critical", width=1.5)


def _draw_gaps(picture: Picture, report: Report, scale: Scale, top: float, bottom: float) -> None:
    for gap in sorted(report.coverage.gaps, key=lambda gap: gap.since):
        left, right = scale(gap.since), max(scale(gap.until), scale(gap.since) + 2)
        picture.rect(left, top, right - left, bottom - top, "raised", alpha=0.7)
        if right - left >= width_of(gap.reason, CAPTION) + 4:
            picture.text((left + right) / 2, bottom - 6, gap.reason, "text3", size=CAPTION, anchor="middle")


def _draw_lane(picture: Picture, lane: Lane, scale: Scale, top: float) -> None:
    low, high = _range(lane)
    bottom = top + _LANE
    height = Scale(low, high, bottom, top)
    limit = height(lane.limit) if lane.limit is not None and lane.limit < high else None
    if limit is not None:
        picture.rect(_LEFT, top, _RIGHT - _LEFT, limit - top, "critical", alpha=0.1)
    for value, words in value_ticks(lane.unit, low, high):
        y = height(value)
        if (limit is not None and abs(y - limit) < 12) or y < top + 1:
            continue
        picture.line(_LEFT, y, _RIGHT, y, "grid")
        picture.text(_LEFT - 8, y + 4, words, "text3", size=CAPTION, anchor="end")
    for index, line in enumerate(lane.lines):
        _draw_line(picture, line, scale, height, _COLOURS[lane.kind], _DASHES[index % 4], is_first=index == 0)
    if limit is not None and lane.limit is not None:
        picture.line(_LEFT, limit, _RIGHT, limit, "text", dash="4 3")
        words = units.figure(lane.unit, lane.limit)
        picture.text(_LEFT - 8, limit + 4, words, "text", size=CAPTION, anchor="end", weight=600)


def _range(lane: Lane) -> tuple[float, float]:
    highs = [value for line in lane.lines for value in line.highs or line.values]
    lows = [value for line in lane.lines for value in line.lows or line.values]
    worst = max([*highs, lane.limit or 0.0])
    if lane.kind == "memory":
        return 0.0, max(worst * 1.03, min(lane.total, worst * 1.25) if lane.total else 0.0)
    low = max(0.0, min(lows) - 12) // 20 * 20 if lows else 0.0
    return low + 10 if min(lows, default=0.0) > low + 20 else low, worst + 6


def _draw_line(
    picture: Picture, line: Points, scale: Scale, height: Scale, colour: str, dash: str, *, is_first: bool
) -> None:
    times = line.times
    if line.lows and line.highs:
        spread = zip(times, line.lows, line.highs, strict=True)
        for piece in _pieces([(time, (low, high)) for time, low, high in spread], line.longest):
            upper = [(scale(time), height(high)) for time, (_, high) in piece]
            lower = [(scale(time), height(low)) for time, (low, _) in reversed(piece)]
            picture.area([*upper, *lower], colour, alpha=0.3)
    for points in runs_of(zip(times, line.values, strict=True), line.longest):
        drawn = [(scale(time), height(value)) for time, value in points]
        if is_first:
            floor = height(height.low)
            picture.area([(drawn[0][0], floor), *drawn, (drawn[-1][0], floor)], colour, alpha=0.12)
        picture.path(drawn if len(drawn) > 1 else [drawn[0], (drawn[0][0] + 1, drawn[0][1])], colour, dash=dash)


def _pieces(
    rows: Sequence[tuple[float, tuple[float, float]]], longest: float
) -> list[list[tuple[float, tuple[float, float]]]]:
    pieces: list[list[tuple[float, tuple[float, float]]]] = []
    for row in rows:
        if pieces and row[0] - pieces[-1][-1][0] <= longest:
            pieces[-1].append(row)
        else:
            pieces.append([row])
    return pieces


def _marks(report: Report, scale: Scale) -> list[tuple[float, Issue]]:
    """Return where issues began, the gravest of those that would touch."""
    taken: list[tuple[float, Issue]] = []
    for issue in report.issues:
        for moment in issue.begins:
            x = min(_RIGHT - 6, max(_LEFT + 6, scale(moment)))
            if report.period.contains(moment) and all(abs(x - other) >= _MARKS_APART for other, _ in taken):
                taken.append((x, issue))
    return sorted(taken, key=lambda pair: pair[0])


def _draw_marks(picture: Picture, marks: Sequence[tuple[float, Issue]], y: float, bottom: float) -> None:
    if not marks:
        return
    picture.text(_LEFT - 8, y + 4, "alerts", "text2", size=CAPTION, anchor="end")
    for x, issue in marks:
        picture.line(x, y + 6, x, bottom, "text3", dash="1 3")
        draw_alert(picture, x, y, issue)


def draw_alert(picture: Picture, x: float, y: float, issue: Issue) -> None:
    """Draw the mark of an alert, 12 px: octagon critical, triangle else; in colour while it is there."""
    is_over = issue.resolution == Resolution.RESOLVED
    if issue.severity == Severity.CRITICAL:
        colour, half = "text3" if is_over else "critical", 2.5
        corners = [(-half, -6), (half, -6), (6, -half), (6, half), (half, 6), (-half, 6), (-6, half), (-6, -half)]
        picture.area([(x + dx, y + dy) for dx, dy in corners], colour)
    else:
        colour = "text3" if is_over else "warning_shape"
        picture.area([(x, y - 6), (x + 6.5, y + 5.5), (x - 6.5, y + 5.5)], colour)
    picture.line(x, y - 2.5, x, y + 1, "card", width=1.6)
    picture.rect(x - 0.8, y + 2.2, 1.6, 1.6, "card")


def _draw_ticks(picture: Picture, report: Report, scale: Scale, y: float) -> None:
    ticks = time_ticks(report.period)
    for moment, words in ticks:
        if report.period.kind == "weekly":
            day = (report.period.end - report.period.since) / 7
            picture.text(scale(moment + day / 2), y, words, "text3", size=CAPTION, anchor="middle")
            continue
        x = scale(moment)
        is_last = x > _RIGHT - 18
        anchor: Anchor = "end" if is_last else "start" if x < _LEFT + 14 else "middle"
        place = {"end": _RIGHT, "start": _LEFT, "middle": x}[anchor]
        picture.text(place, y, words, "text3", size=CAPTION, anchor=anchor)


def _legend(lanes: Sequence[Lane]) -> str:
    """Say which line is which GPU, where there are several."""
    labels = max((tuple(line.label for line in lane.lines) for lane in lanes), key=len, default=())
    if len(labels) < 2:
        return ""
    words = ("solid", "dashed", "dotted", "dash-dotted")
    return ", ".join(f"{label} {word}" for label, word in zip(labels, words, strict=False))
