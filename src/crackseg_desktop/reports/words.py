"""The words and rows of a report, the same in every document: Markdown, HTML and PDF only lay them out. Pure.

Texts that come from elsewhere are not escaped here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop import units
from crackseg_desktop.reports.issues import figure_of
from crackseg_desktop.reports.report import Outcome, Resolution

if TYPE_CHECKING:
    from crackseg_desktop.reports.report import (
        DayLine,
        EnergyUse,
        Figure,
        Health,
        Improvement,
        Issue,
        Report,
        RunReport,
        Score,
    )

MISSING = units.MISSING
OUTCOMES = {
    Outcome.ACTIVE: "Active",
    Outcome.COMPLETED: "Completed",
    Outcome.FAILED: "Failed",
    Outcome.INTERRUPTED: "Interrupted",
    Outcome.UNKNOWN: "Unknown",
}
_MOST_GAPS = 3
_SOURCES = {"counter": ", by the counter of the card", "integrated": ", integrated from its power"}


class Card(NamedTuple):
    """One of the figures at the head of a report."""

    label: str
    figure: str
    unit: str
    note: str


class RunRow(NamedTuple):
    """One line of the table of trainings; ``state`` is a word, ``outcome`` picks its glyph."""

    outcome: Outcome
    state: str
    name: str
    epoch: str
    iou: str
    dice: str
    started: str
    duration: str
    note: str


@dataclass(frozen=True, slots=True)
class IssueRow:
    """One issue: what, the evidence, and how it stands."""

    issue: Issue
    title: str
    evidence: str
    status: str


def title(report: Report) -> str:
    """Return the heading of a report."""
    return "Daily monitoring report" if report.period.kind == "daily" else "Weekly performance report"


def subtitle(report: Report) -> str:
    """Return the line under the heading."""
    parts = (report.period.name, f"workstation {report.hostname}" if report.hostname else "", report.environment)
    return " · ".join(part for part in parts if part)


def span(report: Report) -> str:
    """Say what the report covers so far: ``00:00 to 20:00``."""
    period = report.period
    if period.kind == "daily":
        return f"{period.clock(period.since)} to {period.clock(period.until)}"
    return f"Monday to {'Sunday' if period.is_over else period.moment(period.until)}"


def written(report: Report) -> str:
    """Say when it was written."""
    return f"written {report.period.moment(report.period.now)}"


def quiet(report: Report) -> str:
    """Return the line of a report in whose period nothing happened."""
    word = "today" if report.period.kind == "daily" else "this week"
    if report.coverage.share.value is None:
        return f"Nothing is known {word}: {report.coverage.share.reason}, and no training or alert was found."
    return f"Nothing happened {word}: no training ran and no alert fired."


def cards(report: Report) -> tuple[Card, ...]:
    """Return the figures at the head of a report."""
    word = "today" if report.period.kind == "daily" else "this week"
    scores = tuple(
        Card(f"Best {score.title} {word}", units.score(score.best.value), "", target_note(score))
        for score in report.best
    )
    return (*scores, _time_card(report), _energy_card(report))


def target_note(score: Score) -> str:
    """Say how a score stands to its target: ``0.001 under target 0.82``."""
    if score.best.value is None:
        return score.best.reason
    if score.target is None:
        return ""
    distance = score.best.value - score.target
    if abs(distance) < 0.0005:
        return f"on target {score.target:g}"
    return f"{abs(distance):.3f} {'over' if distance > 0 else 'under'} target {score.target:g}"


def counts(report: Report) -> str:
    """Count the runs by outcome: ``1 active, 2 completed, 1 failed``."""
    told = [(len(report.runs_of(outcome)), outcome.value) for outcome in Outcome]
    return ", ".join(f"{count} {word}" for count, word in told if count) or "none"


def run_row(report: Report, run: RunReport) -> RunRow:
    """Return the line of a run."""
    state = "Stalled" if run.stalled and run.outcome == Outcome.ACTIVE else OUTCOMES[run.outcome]
    started = report.period.moment(run.started) if run.started is not None else MISSING
    return RunRow(
        run.outcome, state, run.name, epochs(run), score(run, "val/iou"), score(run, "val/dice"), started,
        end_words(report, run), run.reason,
    )  # fmt: skip


def epochs(run: RunReport) -> str:
    """Write how far a run got: ``11 / 50``."""
    done = str(run.epoch) if run.epoch is not None else MISSING
    return f"{done} / {run.total_epochs}" if run.total_epochs else done


def end_words(report: Report, run: RunReport) -> str:
    """Say how long a run took, or when it likely ends."""
    if run.eta_seconds.value is not None and run.outcome == Outcome.ACTIVE:
        return f"ends ≈ {report.period.moment(report.period.now + run.eta_seconds.value)}"
    return units.duration(run.seconds.value)


def score(run: RunReport, name: str) -> str:
    """Write a score of a run with three decimals; a dash where it is not known."""
    found = run.score(name)
    return units.score(found.best.value if found is not None else None)


def figure(unit: str, value: Figure) -> str:
    """Write a figure with its unit, "likely" before what is inferred, a dash where it is not known."""
    text = units.figure(unit, value.value)
    return f"likely {text}" if value.likely and value.value is not None else text


def figure_or_reason(unit: str, value: Figure) -> str:
    """Write a figure with its unit, or why there is none: ``– (not read now)``."""
    return figure(unit, value) if value.value is not None else dash(value.reason)


def dash(reason: str) -> str:
    """Write that something is not known, and why."""
    return f"{MISSING} ({reason})" if reason else MISSING


def hours(seconds: float | None) -> str:
    """Write a span as the guide's template has it: hours."""
    return MISSING if seconds is None else f"{seconds / 3600:.1f} h"


def cost(report: Report, energy: EnergyUse) -> str:
    """Write what energy costs: ``0.26 €``; a dash where it is not known."""
    return f"{energy.cost.value:.2f} {report.currency}" if energy.cost.value is not None else MISSING


def axis_note(report: Report) -> str:
    """Say what the time axis shows."""
    lanes = [lane.title for lane in report.lanes]
    shown = ", ".join(["runs" if report.runs else "", *lanes]).strip(", ")
    return f"{shown}; dashed lines are the limits" if any(lane.limit for lane in report.lanes) else shown


def health_words(row: Health) -> str:
    """Write the worst of a row and what it is now, as the reader of a page needs it."""
    if row.peak.value is None:
        return dash(row.peak.reason)
    now = units.figure(row.unit, row.now.value)
    if row.kind == "temperature":
        figure_now = units.split_figure(row.unit, row.now.value)[0]
        return f"{units.figure(row.unit, row.peak.value)}, now {figure_now}"
    if row.kind == "disk":
        low = units.split_figure(row.unit, row.peak.value)
        return f"{now} free" if now == " ".join(low) else f"{now} free, low {_without(low, now)}"
    return of_total(row.peak.value, row.total.value)


def _without(figure: tuple[str, str], beside: str) -> str:
    """Write a figure without its unit where that stands beside it."""
    value, unit = figure
    return value if beside.endswith(f" {unit}") else f"{value} {unit}"


def of_total(value: float | None, total: float | None) -> str:
    """Write bytes of a whole, the unit once where it is the same: ``6.7 of 8.0 GiB``."""
    if total is None:
        return units.figure("bytes", value)
    part, unit = units.split_figure("bytes", value)
    whole, of = units.split_figure("bytes", total)
    return f"{part} of {whole} {of}" if unit == of else f"{part} {unit} of {whole} {of}"


def health_title(row: Health) -> str:
    """Name a row: ``GPU memory``, ``GPU 1 memory``, ``Disk /data``."""
    if not row.subject:
        return row.title
    if row.kind in ("gpu_memory", "temperature"):
        return f"{row.subject} {'memory' if row.kind == 'gpu_memory' else 'temp.'}"
    return f"{row.title} {row.subject}"


def issue_row(report: Report, issue: Issue) -> IssueRow:
    """Return an issue as a line: since when, for how long, how bad, likely why; and how it stands."""
    parts = [report.period.moment(issue.since)]
    if issue.times > 1:
        parts.append(f"{issue.times} times")
    if issue.seconds is not None:
        parts.append(units.duration(issue.seconds) + (" in all" if issue.times > 1 else ""))
    if worst := figure_of(issue):
        parts.append(worst)
    facts = ", ".join(parts) + "."
    evidence = " ".join(part for part in (facts, issue.cause or issue.summary) if part)
    return IssueRow(issue, issue.title, evidence, status(report, issue))


def status(report: Report, issue: Issue) -> str:
    """Say how an issue ended or stands: ``resolved 15:41: old checkpoints removed``."""
    if issue.resolution == Resolution.RESOLVED and issue.ended is not None:
        when = report.period.moment(issue.ended)
        if issue.note:
            return f"resolved {when}: {issue.note}"
        return f"{issue.how}, {when}" if issue.how else f"resolved {when}"
    return f"{issue.how}: {issue.note}" if issue.note else issue.how


def issue_counts(report: Report) -> str:
    """Say how many issues are listed, of how many."""
    total = len(report.issues) + report.unlisted
    if not total:
        return "none"
    if not report.unlisted:
        still = sum(issue.resolution != Resolution.RESOLVED for issue in report.issues)
        return f"{total} in all, {total - still} resolved" if still else f"{total}, all resolved"
    return f"{len(report.issues)} of {total} alerts; the others followed from these or are in the alert list"


def coverage(report: Report) -> str:
    """Say of how much of the period there is data, and what is missing."""
    share, word = report.coverage.share, "day" if report.period.kind == "daily" else "week"
    if share.value is None:
        return share.reason
    gaps = report.coverage.gaps
    told = [
        f"{report.period.moment(gap.since)} to {report.period.moment(gap.until)} ({gap.reason})"
        for gap in gaps[:_MOST_GAPS]
    ]
    if not told:
        return f"data from all of the {word}"
    percent = min(99.9, share.value * 100)
    more = f" and {len(gaps) - _MOST_GAPS} more" if len(gaps) > _MOST_GAPS else ""
    return f"data from {percent:.1f} % of the {word}, gap{'s' if len(gaps) > 1 else ''} {', '.join(told)}{more}"


def no_actions(report: Report) -> str:
    """Say that nothing needs doing."""
    return "Nothing needs doing."


def day_cells(report: Report, line: DayLine) -> tuple[str, ...]:
    """Return the cells of one day of a week: runs completed and failed, hours, utilization, energy."""
    return (
        line.name,
        str(line.completed),
        str(line.failed),
        hours(line.run_seconds),
        figure("ratio", line.utilization),
        figure("joules", line.joules),
    )


def use_cells(report: Report, run: RunReport) -> tuple[str, ...]:
    """Return what a run used: hours, speed, GPU memory, energy, cost, idle and throttled time, checkpoints, alerts."""
    checkpoints = run.checkpoints
    kept = f"{checkpoints.count}, {units.figure('bytes', checkpoints.size_bytes)}" if checkpoints.count else MISSING
    speed = run.epochs_per_hour.value
    return (
        hours(run.seconds.value),
        f"{speed:.1f}" if speed is not None else MISSING,
        figure("bytes", run.peak_memory_bytes),
        figure("joules", run.energy.joules),
        cost(report, run.energy),
        figure("seconds", run.idle_seconds),
        figure("seconds", run.throttled_seconds),
        kept,
        str(run.alerts),
    )


USE_HEAD = ("Hours", "Epochs/h", "GPU memory", "Energy", "Cost", "GPU idle", "Held back", "Checkpoints", "Alerts")


def use_reasons(report: Report) -> tuple[str, ...]:
    """Say once each why figures of runs are missing: ``energy, cost: no GPU was read in this period``."""
    missing: dict[str, dict[str, None]] = {}
    for run in report.runs:
        fields = [("GPU memory", run.peak_memory_bytes), ("energy", run.energy.joules), ("cost", run.energy.cost)]
        fields += [("GPU idle", run.idle_seconds), ("held back", run.throttled_seconds)]
        for name, value in fields:
            if value.value is None and value.reason and (name != "cost" or run.energy.joules.value is not None):
                missing.setdefault(value.reason, {})[name] = None
    return tuple(f"{', '.join(names)}: {reason}" for reason, names in missing.items())


def energy_line(report: Report) -> str:
    """Say what the period used, what it cost, and how that is known."""
    energy = report.energy
    if energy.joules.value is None:
        return dash(energy.joules.reason)
    price = f", {cost(report, energy)}" if energy.cost.value is not None else f" (cost: {energy.cost.reason})"
    how = _SOURCES.get(energy.source, "")
    return f"{figure('joules', energy.joules)}{price}{how}"


def improvement(item: Improvement) -> str:
    """Say by how much a run beat the best of the weeks before."""
    told = ", ".join(
        f"{gain.metric} {units.score(gain.value)} (+{gain.value - gain.before:.3f})" for gain in item.gains
    )
    return f"{item.run}: {told}, over {item.before_run}."


def differences(item: Improvement) -> str:
    """Say what differs in the configuration of an improvement."""
    if not item.known:
        return "What differs is not known: one of the configurations was not found."
    if not item.differences:
        return "Nothing differs in what is known of the configurations."
    told = ", ".join(f"{what} {now} instead of {before}" for what, before, now in item.differences)
    return f"What differs: {told}."


def _time_card(report: Report) -> Card:
    seconds, label = report.mean_seconds.value, "Mean training time"
    if seconds is None:
        return Card(label, MISSING, "", report.mean_seconds.reason)
    count = len(report.runs_of(Outcome.COMPLETED))
    text, unit = split_duration(seconds)
    return Card(label, text, unit, f"{count} completed run{'s' if count != 1 else ''}")


def split_duration(seconds: float) -> tuple[str, str]:
    """Split a span so that its last unit can be set smaller: ("3 h 01", "min")."""
    text = units.duration(seconds)
    value, _, unit = text.rpartition(" ")
    if " h " in value:
        head, _, minutes = value.rpartition(" ")
        return f"{head} {int(minutes):02d}", unit
    return value, unit


def _energy_card(report: Report) -> Card:
    energy = report.energy
    if energy.joules.value is None:
        return Card("Energy", MISSING, "", energy.joules.reason)
    value, unit = units.split_figure("joules", energy.joules.value)
    if energy.cost.value is None:
        return Card("Energy", value, unit, energy.cost.reason)
    return Card("Energy", value, unit, f"{cost(report, energy)} at {report.tariff:g} {report.currency}/kWh")
