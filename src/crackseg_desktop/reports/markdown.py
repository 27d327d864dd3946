"""A report as Markdown, under the headings of the guide's own templates, with tables beneath. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.reports import words
from crackseg_desktop.reports.period import DAYS
from crackseg_desktop.reports.report import Outcome, Resolution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crackseg_desktop.reports.report import Health, Report, RunReport

_SPECIAL = re.compile(r"([\\`*\[\]|<>~&$@]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.)")
"""What means something within a line; an underscore within a word does not, and names are full of them."""
_GUIDE_ROWS = {
    "gpu_memory": "GPU Memory",
    "host_memory": "System Memory",
    "disk": "Disk Space",
    "temperature": "Temperature",
}
_LISTS = (
    (Outcome.ACTIVE, "Active Experiments"),
    (Outcome.COMPLETED, "Completed"),
    (Outcome.FAILED, "Failed"),
    (Outcome.INTERRUPTED, "Interrupted"),
    (Outcome.UNKNOWN, "Ended, nobody knows how"),
)


def render_markdown(report: Report) -> str:
    """Return the report as Markdown, ending in a line break."""
    lines = _daily(report) if report.period.kind == "daily" else _weekly(report)
    return "\n".join(lines).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """Write a foreign text so that it stays one text: no markup, no HTML, no line break, nothing that turns its way."""
    return _SPECIAL.sub(r"\\\1", units.printable(text)).strip()


def _daily(report: Report) -> Iterator[str]:
    yield from _head(report, "CrackSeg Daily Monitoring Report")
    if report.is_quiet:
        yield from (words.quiet(report), "")
    yield from ("## Training Status", "")
    yield from _training_status(report)
    yield from ("## System Health", "")
    yield from _health(report)
    yield from ("## Performance Metrics", "")
    yield from _performance(report)
    yield from ("## Issues", "")
    yield from _issues(report)
    yield from ("## Next Actions", "")
    yield from _actions(report)
    yield from _foot(report)


def _weekly(report: Report) -> Iterator[str]:
    yield from _head(report, "CrackSeg Weekly Performance Report")
    if report.is_quiet:
        yield from (words.quiet(report), "")
    yield from ("## Training Efficiency", "")
    yield from _training_status(report)
    yield from ("## Model Performance", "")
    yield from _performance(report)
    yield from ("## System Utilization", "")
    yield from _utilization(report)
    yield from _health(report)
    yield from ("## Issues Resolved", "")
    yield from _issues(report)
    yield from ("## Improvements", "")
    yield from _improvements(report)
    yield from ("## Next Actions", "")
    yield from _actions(report)
    yield from _foot(report)


def _head(report: Report, title: str) -> Iterator[str]:
    period = report.period
    yield from (f"# {title}", "")
    if report.simulated:
        yield from ("**Simulated data**", "")
    yield f"- Date: {period.name}, {words.span(report)} ({words.written(report)})"
    yield f"- Environment: {escaped(report.environment) or units.MISSING}"
    if report.hostname:
        yield f"- Workstation: {escaped(report.hostname)}"
    yield ""


def _training_status(report: Report) -> Iterator[str]:
    word = "Today" if report.period.kind == "daily" else "This Week"
    for outcome, label in _LISTS:
        runs = report.runs_of(outcome)
        if not runs and outcome in (Outcome.INTERRUPTED, Outcome.UNKNOWN):
            continue
        when = f" {word}" if outcome == Outcome.COMPLETED else ""
        yield f"- {label}{when}: {', '.join(_name(run) for run in runs) or 'none'}"
    yield ""
    if report.runs:
        yield from _run_table(report)
        yield from _use_table(report)


def _run_table(report: Report) -> Iterator[str]:
    head = ("State", "Experiment", "Epoch", "Best IoU", "Best Dice", "Started", "Duration", "Note")
    rows = [words.run_row(report, run) for run in report.runs]
    yield from _table(
        head,
        "llrrrrrl",
        [
            (row.state, _name(run), row.epoch, row.iou, row.dice, row.started, row.duration, escaped(row.note))
            for run, row in zip(report.runs, rows, strict=True)
        ],
    )


def _use_table(report: Report) -> Iterator[str]:
    rows = [(_name(run), *(escaped(cell) for cell in words.use_cells(report, run))) for run in report.runs]
    yield from _table(("Experiment", *words.USE_HEAD), "l" + "r" * len(words.USE_HEAD), rows)
    for reason in words.use_reasons(report):
        yield f"- {escaped(reason)}"
    if words.use_reasons(report):
        yield ""


def _health(report: Report) -> Iterator[str]:
    for row in report.health:
        yield f"- {_health_label(row)}: {_health_line(report, row)}"
    if not report.health:
        yield "- no readings of the machine in this period"
    yield ""


def _health_label(row: Health) -> str:
    label = _GUIDE_ROWS[row.kind]
    return f"{label} ({escaped(row.subject)})" if row.subject else label


def _health_line(report: Report, row: Health) -> str:
    if row.peak.value is None:
        return words.dash(row.peak.reason)
    when = f" at {report.period.moment(row.peak_at)}" if row.peak_at is not None else ""
    worst, now = units.figure(row.unit, row.peak.value), units.figure(row.unit, row.now.value)
    limit = f", limit {units.figure(row.unit, row.limit)}" if row.limit is not None else ""
    if row.kind == "temperature":
        return f"{now} now, peak {worst}{when}{limit}"
    if row.kind == "disk":
        used = row.total.value - row.now.value if row.total.value is not None and row.now.value is not None else None
        begin = f"{words.of_total(used, row.total.value)} used, " if used is not None else ""
        forecast = f"; {escaped(row.forecast)}" if row.forecast else ""
        return f"{begin}{now} free, lowest {worst}{when}{limit}{forecast}"
    return f"{words.of_total(row.now.value, row.total.value)} now, peak {worst}{when}{limit}"


def _performance(report: Report) -> Iterator[str]:
    word = "Today" if report.period.kind == "daily" else "This Week"
    seconds = report.mean_seconds
    mean = words.hours(seconds.value) if seconds.value is not None else words.dash(seconds.reason)
    yield f"- Average Training Time: {mean}"
    for score in report.best:
        value = units.score(score.best.value)
        run = f" by {escaped(score.run)}" if score.run else ""
        yield f"- Best {score.title} {word}: {value}{run} ({escaped(words.target_note(score))})"
    yield f"- Energy: {escaped(words.energy_line(report))}"
    yield f"- GPU idle while a run held it: {escaped(words.figure_or_reason('seconds', report.idle_seconds))}"
    yield f"- GPU held back by heat or power: {escaped(words.figure_or_reason('seconds', report.throttled_seconds))}"
    yield f"- Checkpoints written: {units.figure('bytes', report.checkpoint_bytes)}"
    yield ""


def _utilization(report: Report) -> Iterator[str]:
    week = report.week
    if week is None:
        return
    head = ("Day", "Completed", "Failed", "Training", "GPU use", "Energy")
    yield from _table(head, "lrrrrr", [words.day_cells(report, line) for line in week.days])
    if not week.heat:
        yield from (f"- GPU utilization by hour: {words.dash(escaped(week.heat_reason))}", "")
        return
    yield from ("Mean GPU utilization in %, by hour:", "")
    rows = [(name[:3], *(_percent(share) for share in row)) for name, row in zip(DAYS, week.heat, strict=True)]
    yield from _table(("", *(f"{hour:02d}" for hour in range(24))), "l" + "r" * 24, rows)


def _percent(share: float | None) -> str:
    return units.MISSING if share is None else f"{share * 100:.0f}"


def _issues(report: Report) -> Iterator[str]:
    if not report.issues:
        yield from ("- none", "")
        return
    for issue in report.issues:
        row = words.issue_row(report, issue)
        mark = "x" if issue.resolution == Resolution.RESOLVED else " "
        yield f"- [{mark}] **{escaped(row.title)}** ({issue.severity.value}). {escaped(row.evidence)}"
        yield f"  Resolution: {escaped(row.status)}."
    if report.unlisted:
        yield from ("", escaped(words.issue_counts(report)))
    yield ""


def _improvements(report: Report) -> Iterator[str]:
    week = report.week
    if week is None or not week.improvements:
        yield from (f"- none: {escaped(week.improvements_reason) if week is not None else ''}", "")
        return
    for item in week.improvements:
        yield f"- {escaped(words.improvement(item))} {escaped(words.differences(item))}"
    yield ""


def _actions(report: Report) -> Iterator[str]:
    for number, action in enumerate(report.actions, 1):
        yield f"{number}. {escaped(action.text)} ({escaped(action.evidence)})"
    if not report.actions:
        yield words.no_actions(report)
    yield ""


def _foot(report: Report) -> Iterator[str]:
    yield from ("---", "")
    yield f"CrackSeg Desktop · {escaped(words.coverage(report))}"
    for note in report.notes:
        yield f"- {escaped(note)}"


def _name(run: RunReport) -> str:
    return escaped(run.name) + (" (simulated)" if run.simulated else "")


def _table(head: Sequence[str], sides: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table; ``sides`` has an l or r a column, cells are escaped already."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---:' if side == 'r' else '---' for side in sides)} |"
    for row in rows:
        yield f"| {' | '.join(cell or units.MISSING for cell in row)} |"
    yield ""
