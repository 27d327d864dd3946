"""A report in brief: what a message says of it, to which the document is attached where there is a way to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.notify.messages import tame
from crackseg_desktop.notify.words import Action, Notification, Urgency, clip, tidy
from crackseg_desktop.reports import words
from crackseg_desktop.reports.report import Outcome, Resolution
from crackseg_desktop.reports.schedule import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crackseg_desktop.reports.report import Report, RunReport

TITLE_UNITS = 100
_LINE_UNITS = 300
_MOST_NAMED = 3
_NAMED = (Outcome.ACTIVE, Outcome.COMPLETED, Outcome.FAILED)


def message_of(report: Report) -> Notification:
    """Put a report into a message of at most ten lines."""
    simulated = "Simulated: " if report.simulated else ""
    title = f"{simulated}{words.title(report)}, {report.period.name}"
    lines = (clip(tidy(line), _LINE_UNITS) for line in _lines(report))
    return Notification(
        key=f"report:{':'.join(key_of(report.period))}",
        title=clip(title, TITLE_UNITS),
        body=tame("\n".join(line for line in lines if line)),
        urgency=Urgency.LOW,
        actions=(Action.SHOW,),
        simulated=report.simulated,
    )


def summary_of(report: Report) -> str:
    """Say in one line what a report says, for a list of reports."""
    if report.is_quiet:
        return words.quiet(report)
    best = (f"best {score.title} {score.best.value:.3f}" for score in report.best if score.best.value is not None)
    issues = len(report.issues) + report.unlisted
    told = f"{issues} issue{'s' if issues > 1 else ''}" if issues else "no issues"
    return ", ".join((f"Trainings: {words.counts(report)}", *best, told))


def _lines(report: Report) -> Iterator[str]:
    yield ", ".join(part for part in (report.hostname, report.environment, words.span(report)) if part)
    if report.is_quiet:
        yield words.quiet(report)
    for outcome in _NAMED:
        yield _runs_line(words.OUTCOMES[outcome], report.runs_of(outcome))
    yield ", ".join(
        f"{card.label.removesuffix(' today').removesuffix(' this week')} {card.figure}"
        + (f" {card.unit}" if card.unit else "")
        for card in words.cards(report)
        if card.figure != words.MISSING
    )
    yield ", ".join(
        f"{words.health_title(row)} {words.health_words(row)}" for row in report.health if row.peak.value is not None
    )
    yield _issues_line(report)
    if report.actions:
        yield f"Next: {' '.join(action.text for action in report.actions[:_MOST_NAMED])}"


def _runs_line(word: str, runs: tuple[RunReport, ...]) -> str:
    named = [f"{run.name} ({run.reason})" if run.reason else run.name for run in runs[:_MOST_NAMED]]
    more = [f"{len(runs) - _MOST_NAMED} more"] if len(runs) > _MOST_NAMED else []
    return f"{word}: {', '.join(named + more)}" if runs else ""


def _issues_line(report: Report) -> str:
    total = len(report.issues) + report.unlisted
    if not total:
        return ""
    unsolved = [issue.title for issue in report.issues if issue.resolution != Resolution.RESOLVED]
    if not unsolved:
        return f"Issues: {total}, all resolved" if not report.unlisted else f"Issues: {total}"
    more = f", {len(unsolved) - _MOST_NAMED} more" if len(unsolved) > _MOST_NAMED else ""
    return f"Issues: {total}; not resolved: {', '.join(unsolved[:_MOST_NAMED])}{more}"
