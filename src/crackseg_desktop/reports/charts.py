"""The charts of a report as SVG: health beside limits, best IoU by run, curves, the week as a heat map. Pure.

Each stands by itself, is made for the width that it names, and is drawn by a browser and by Qt alike. Long names are
cut in their middle, several things become several rows, and nothing to draw is said in a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.reports import words
from crackseg_desktop.reports.period import DAYS
from crackseg_desktop.reports.scales import Scale, nice_step, value_ticks
from crackseg_desktop.reports.svg import CAPTION, Anchor, Picture, elided, width_of
from crackseg_desktop.reports.timeline import WIDTH, timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.reports.report import Health, Points, Report, RunReport
    from crackseg_desktop.reports.svg import Theme

__all__ = ["HALF", "WIDTH", "best_by_run", "curves", "health", "heat_map", "timeline"]

HALF = 337.0
_ROW = 26.0
_MOST_BARS = 10
_WIDEST_LABEL = 150.0
_SERIES = (("s1", ""), ("s2", "6 3"), ("s3", "2 3"), ("s4", "8 3 2 3"), ("s5", "1 3"))
_PANEL_GAP = 24.0
_PLOT_HEIGHT = 150.0


def health(report: Report, theme: Theme = "light") -> str:
    """Return the rows of the machine: the worst of the period as a bar, the limit as a mark."""
    rows = report.health
    picture = Picture(HALF, max(1, len(rows)) * _ROW, "System health", "Worst figure and limit of each.", theme)
    if not rows:
        picture.text(0, 17, "no readings of the machine in this period", "text3")
    wide = max((width_of(words.health_words(row)) for row in rows), default=0.0)
    right = max(150.0, min(216.0, HALF - wide - 12))
    for index, row in enumerate(rows):
        _health_row(picture, row, index * _ROW + _ROW / 2, right)
    return picture.svg()


def best_by_run(report: Report, theme: Theme = "light") -> str:
    """Return the best IoU of each run as bars, the best first, beside the target."""
    ranked = sorted(_with_iou(report), key=lambda pair: (-pair[1], pair[0].id))
    shown = ranked[:_MOST_BARS]
    more = len(ranked) - len(shown)
    height = max(1, len(shown)) * _ROW + (16 if more else 0)
    picture = Picture(HALF, height, "Best IoU by run", "Bars to the best IoU; the dashed line is the target.", theme)
    if not shown:
        picture.text(0, 17, "no run told an IoU in this period", "text3")
        return picture.svg()
    target = _target(report)
    left = min(_WIDEST_LABEL, max(width_of(run.short) for run, _ in shown)) + 8
    scale = Scale(0.0, min(1.0, max(shown[0][1], target or 0.0) * 1.1), left, HALF - 50)
    for index, (run, value) in enumerate(shown):
        middle = index * _ROW + _ROW / 2
        picture.text(0, middle + 4, elided(run.short, _WIDEST_LABEL), "text2")
        picture.rect(scale.start, middle - 4, scale(value) - scale.start, 8, "s1", radius=1.5)
        picture.text(HALF, middle + 4, units.score(value), "text", anchor="end")
    if target is not None:
        picture.line(scale(target), 0, scale(target), len(shown) * _ROW, "text", dash="4 3")
    if more:
        picture.text(HALF, height - 3, f"and {more} more", "text3", size=CAPTION, anchor="end")
    return picture.svg()


def curves(report: Report, theme: Theme = "light") -> str:
    """Return the validation curves of up to five runs by epoch: IoU with its target, and loss."""
    runs = [run for run in report.runs if run.iou is not None or run.loss is not None][: len(_SERIES)]
    if not runs:
        picture = Picture(WIDTH, _ROW, "Curves of the runs", "", theme)
        picture.text(0, 17, "no run told a validation curve in this period", "text3")
        return picture.svg()
    legend = _legend_rows(runs)
    height = 18 + _PLOT_HEIGHT + 22 + 18 * len(legend)
    about = f"{len(runs)} runs by epoch: validation IoU on the left, validation loss on the right."
    picture = Picture(WIDTH, height, "Curves of the runs", about, theme)
    half = (WIDTH - _PANEL_GAP) / 2
    iou = [(index, run.iou) for index, run in enumerate(runs) if run.iou is not None]
    loss = [(index, run.loss) for index, run in enumerate(runs) if run.loss is not None]
    _panel(picture, "Validation IoU", iou, 0.0, half, _target(report))
    _panel(picture, "Validation loss", loss, half + _PANEL_GAP, half, None)
    for line, row in enumerate(legend):
        y = height - 18 * (len(legend) - line) + 12
        for index, x, name in row:
            colour, dash = _SERIES[index]
            picture.line(x, y - 4, x + 22, y - 4, colour, width=2, dash=dash)
            picture.text(x + 28, y, name, "text2", size=CAPTION)
    return picture.svg()


def heat_map(report: Report, theme: Theme = "light") -> str:
    """Return the mean GPU utilization of a week by weekday and hour; empty cells are without data."""
    rows = report.week.heat if report.week is not None else ()
    if not rows:
        picture = Picture(WIDTH, _ROW, "GPU utilization by hour", "", theme)
        reason = report.week.heat_reason if report.week is not None else ""
        picture.text(0, 17, reason or "no readings of a GPU in this week", "text3")
        return picture.svg()
    about = "Mean share of time in which the GPU worked, a cell an hour; darker is more."
    left, cell, high = 40.0, 25.0, 20.0
    height = 7 * high + 40
    picture = Picture(WIDTH, height, "GPU utilization by weekday and hour", about, theme)
    picture.text(WIDTH, 7 * high + 16, "mean", "text3", size=CAPTION, anchor="end")
    for index, row in enumerate(rows):
        top = index * high
        picture.text(left - 10, top + 14, DAYS[index][:3], "text2", size=CAPTION, anchor="end")
        for hour, share in enumerate(row):
            _cell(picture, left + hour * cell, top, cell - 2, high - 2, share)
        known = [share for share in row if share is not None]
        mean = units.figure("ratio", sum(known) / len(known)) if known else units.MISSING
        picture.text(WIDTH, top + 14, mean, "text", size=CAPTION, anchor="end")
    for hour in range(0, 24, 4):
        picture.text(left + hour * cell, 7 * high + 14, f"{hour:02d}:00", "text3", size=CAPTION)
    _heat_legend(picture, left, height - 4)
    return picture.svg()


def _health_row(picture: Picture, row: Health, middle: float, right: float) -> None:
    left = 108.0
    picture.text(0, middle + 4, elided(words.health_title(row), left - 8), "text2")
    picture.text(HALF, middle + 4, elided(words.health_words(row), HALF - left - 8), "text", anchor="end")
    whole = row.total.value if row.kind != "temperature" else (row.limit or 80.0) * 1.12
    if row.peak.value is None or not whole:
        return
    is_disk = row.kind == "disk"
    used = whole - row.peak.value if is_disk else row.peak.value
    limit = whole - row.limit if is_disk and row.limit is not None else row.limit
    scale = Scale(0.0, whole, left, right)
    picture.rect(left, middle - 3, right - left, 6, "raised", radius=3)
    colour = "warning_shape" if row.is_beyond else "s6"
    picture.rect(left, middle - 3, max(6.0, scale(used) - left), 6, colour, radius=3)
    if limit is not None:
        picture.rect(scale(limit) - 1, middle - 7, 2, 14, "text")


def _panel(
    picture: Picture, title: str, lines: Sequence[tuple[int, Points]], left: float, width: float, target: float | None
) -> None:
    """Draw one plot by epoch: ticks on the left, its title above."""
    picture.text(left, 11, title, "text2", size=CAPTION, weight=600)
    top, bottom, axis = 20.0, 18 + _PLOT_HEIGHT, left + 36
    if not lines:
        picture.text(axis, top + 20, "not told", "text3", size=CAPTION)
        return
    low, high = _values_range([line for _, line in lines], target)
    last = max(line.times[-1] for _, line in lines)
    first = min(line.times[0] for _, line in lines)
    across, up = Scale(min(first, last - 1), last, axis, left + width - 4), Scale(low, high, bottom, top)
    for value, text in value_ticks("", low, high):
        picture.line(axis, up(value), left + width, up(value), "grid")
        picture.text(axis - 8, up(value) + 4, text, "text3", size=CAPTION, anchor="end")
    for epoch in _epoch_ticks(first, last):
        anchor: Anchor = "end" if across(epoch) > left + width - 16 else "middle"
        picture.text(across(epoch), bottom + 15, f"{epoch:g}", "text3", size=CAPTION, anchor=anchor)
    if target is not None and low <= target <= high:
        picture.line(axis, up(target), left + width, up(target), "text2", dash="4 3")
        picture.text(left + width, up(target) - 5, f"target {target:g}", "text2", size=CAPTION, anchor="end")
    for index, line in reversed(lines):
        colour, dash = _SERIES[index]
        drawn = [(across(step), up(value)) for step, value in zip(line.times, line.values, strict=True)]
        picture.path(drawn, colour, width=2.0 if index == 0 else 1.75, dash=dash)
        picture.circle(*drawn[-1], 2.5, colour)


def _values_range(lines: Sequence[Points], target: float | None) -> tuple[float, float]:
    """Return what a plot shows: all of a score, and of a loss what is not far off; a divergence runs into the edge."""
    values = sorted(value for line in lines for value in line.values)
    low, high = values[0], values[-1]
    if target is not None:
        return max(0.0, min(low, target) - 0.05), min(1.0, max(high, target) + 0.06)
    usual = values[len(values) * 9 // 10]
    if low >= 0 and high > 3 * max(usual, 1e-12):
        high = 3 * max(usual, 1e-12)
    room = (high - low or abs(high) or 1.0) * 0.06
    return (max(0.0, low - room) if low >= 0 else low - room), high + room


def _epoch_ticks(first: float, last: float) -> list[float]:
    step = max(1.0, float(round(nice_step(last - first, 5))))
    ticks = [index * step for index in range(int(first / step), int(last / step) + 1)]
    return [tick for tick in ticks if first <= tick <= last] or [last]


def _legend_rows(runs: Sequence[RunReport]) -> list[list[tuple[int, float, str]]]:
    """Return where the names of the runs stand below their curves, in rows that fit."""
    rows: list[list[tuple[int, float, str]]] = [[]]
    x = 0.0
    for index, run in enumerate(runs):
        name = elided(run.short, 200, CAPTION)
        width = 28 + width_of(name, CAPTION) + 20
        if rows[-1] and x + width > WIDTH:
            rows.append([])
            x = 0.0
        rows[-1].append((index, x, name))
        x += width
    return rows


def _cell(picture: Picture, x: float, y: float, width: float, height: float, share: float | None) -> None:
    if share is None:
        picture.rect(x + width / 2 - 1, y + height / 2 - 1, 2, 2, "border")
        return
    picture.rect(x, y, width, height, "raised", radius=2)
    if share >= 0.01:
        picture.rect(x, y, width, height, "s3", radius=2, alpha=min(1.0, share))


def _heat_legend(picture: Picture, x: float, y: float) -> None:
    for index, share in enumerate((0.0, 0.25, 0.5, 0.75, 1.0)):
        _cell(picture, x + index * 62, y - 10, 14, 11, share)
        picture.text(x + index * 62 + 20, y, units.figure("ratio", share), "text3", size=CAPTION)
    _cell(picture, x + 5 * 62, y - 10, 14, 11, None)
    picture.text(x + 5 * 62 + 20, y, "no data", "text3", size=CAPTION)


def _with_iou(report: Report) -> list[tuple[RunReport, float]]:
    pairs = []
    for run in report.runs:
        score = run.score("val/iou")
        if score is not None and score.best.value is not None:
            pairs.append((run, score.best.value))
    return pairs


def _target(report: Report) -> float | None:
    return next((score.target for score in report.best if score.name == "val/iou"), None)
