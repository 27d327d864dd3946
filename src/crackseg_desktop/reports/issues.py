"""The issues of a period: the changes that the alert log tells, joined into what happened and how it ended. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.alerts.alert import RANK
from crackseg_desktop.alerts.inhibition import INHIBITIONS
from crackseg_desktop.alerts.words import AGAIN, is_recovery
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import AlertState
from crackseg_desktop.reports.report import Issue, Resolution

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from crackseg_desktop.alerts.inhibition import Inhibition
    from crackseg_desktop.alerts.rule import Rule
    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.reports.period import Period

MOST_LISTED = 12
_NO_ISSUE = frozenset({"run_finished"})
"""Rules that tell of something good."""
_NAN, _FAILED = "nan", "run_failed"
_RESOLUTIONS = {
    AlertState.RESOLVED: Resolution.RESOLVED,
    AlertState.ACKNOWLEDGED: Resolution.ACKNOWLEDGED,
    AlertState.NO_DATA: Resolution.NO_DATA,
}


def issues_of(
    period: Period, changes: Sequence[AlertEvent], rules: Iterable[Rule], *, simulated: bool = False
) -> tuple[Issue, ...]:
    """Return every issue that was there in the period, the gravest first, then the newest.

    What came back is one issue, counted. Alerts of demo data are left out of a report about the real machine.
    """
    below = {rule.name for rule in rules if rule.comparison == "below"}
    lives = [_life(events, below) for events in _lives(changes, simulated=simulated)]
    there = [life for life in lives if _overlaps(life, period)]
    there.sort(key=lambda issue: (issue.key, issue.since))
    found = [_joined(list(group)) for _, group in groupby(there, key=lambda issue: issue.key)]
    return tuple(sorted(found, key=lambda issue: (-RANK[issue.severity], -issue.since, issue.key)))


def listed(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Return those worth a line: not what only followed from another one, and not more than a page holds."""
    own = [issue for issue in issues if not any(_follows(issue, other) for other in issues)]
    return tuple(own[:MOST_LISTED])


def _lives(changes: Iterable[AlertEvent], *, simulated: bool) -> list[list[AlertEvent]]:
    """Return the changes of each alert from its beginning to its end: between, ``since`` stays as it is."""
    lives: dict[tuple[str, float], list[AlertEvent]] = {}
    for event in changes:
        if event.simulated == simulated and event.rule not in _NO_ISSUE and event.state != AlertState.PENDING:
            lives.setdefault((event.key, event.since), []).append(event)
    return list(lives.values())


def _life(events: Sequence[AlertEvent], below: Container[str]) -> Issue:
    last = events[-1]
    telling = next((event for event in reversed(events) if not event.title.startswith(AGAIN)), last)
    fired = next((event for event in events if event.state != AlertState.RESOLVED), last)
    evidence = next((event.evidence for event in events if event.evidence is not None), None)
    note = next((event.note for event in reversed(events) if event.note), "")
    peaks = [event.peak for event in events if event.peak is not None]
    resolution = _RESOLUTIONS.get(last.state, Resolution.OPEN)
    ended = last.time if resolution == Resolution.RESOLVED else None
    metric = CATALOGUE.get(last.metric)
    return Issue(
        key=last.key,
        rule=last.rule,
        title=telling.title,
        subject=last.subject,
        severity=max((event.severity for event in events), key=RANK.__getitem__),
        resolution=resolution,
        since=last.since,
        ended=ended,
        seconds=last.lasted if last.lasted is not None or ended is None else ended - last.since,
        how=_how(last),
        note=note,
        summary=fired.summary,
        cause=evidence.cause if evidence is not None else "",
        advice=evidence.advice if evidence is not None else "",
        unit=metric.unit if metric is not None else "",
        peak=peaks[-1] if peaks else None,
        limit=last.limit,
        begins=(last.since,),
        lowest=last.rule in below,
        labels=tuple(sorted(last.labels.items())),
        simulated=last.simulated,
    )


def _how(last: AlertEvent) -> str:
    match last.state:
        case AlertState.RESOLVED:
            return (
                "resolved by itself"
                if is_recovery(last.summary) or not last.summary
                else f"closed: {last.summary.rstrip('.')}"
            )
        case AlertState.ACKNOWLEDGED:
            return "acknowledged"
        case AlertState.SNOOZED:
            return "snoozed"
        case AlertState.NO_DATA:
            return "no more data of it"
        case _:
            return "not acknowledged" if "run" in last.labels else "still there"


def _overlaps(issue: Issue, period: Period) -> bool:
    begins_in_time = issue.since < max(period.until, period.since + 1)
    return begins_in_time and (issue.ended is None or issue.ended >= period.since)


def _joined(lives: list[Issue]) -> Issue:
    """Return the lives of one alert as one issue: it stands as its last one does, with the worst of all."""
    last = lives[-1]
    if len(lives) == 1:
        return last
    peaks = [life.peak for life in lives if life.peak is not None]
    lasted = [life.seconds for life in lives]
    worst = min if last.lowest else max
    return replace(
        last,
        since=lives[0].since,
        severity=max((life.severity for life in lives), key=RANK.__getitem__),
        seconds=sum(seconds for seconds in lasted if seconds is not None) if None not in lasted else None,
        times=len(lives),
        begins=tuple(life.since for life in lives),
        note=next((life.note for life in reversed(lives) if life.note), ""),
        peak=worst(peaks) if peaks else None,
    )


def _follows(issue: Issue, other: Issue) -> bool:
    """Say whether an issue only followed from another one, as the alerts themselves were not told."""
    if issue is other:
        return False
    if (other.rule, issue.rule) == (_NAN, _FAILED) and issue.label("run") == other.label("run"):
        return True
    return any(_mutes(item, other, issue) for item in INHIBITIONS)


def _mutes(item: Inhibition, source: Issue, target: Issue) -> bool:
    if item.source != source.rule or target.rule not in item.targets:
        return False
    same = not item.of or source.label(item.of) == target.label(item.of)
    return same and (bool(target.label("run")) or _meet(source, target))


def _meet(one: Issue, other: Issue) -> bool:
    """Say whether two issues were there at the same time, or one right after the other."""
    slack = 60.0
    first, second = sorted((one, other), key=lambda issue: issue.since)
    return first.ended is None or second.since <= first.ended + slack


def figure_of(issue: Issue) -> str:
    """Return the worst figure of an issue in words: ``peak 82 °C``, ``lowest 9.8 GiB``; "" where it says nothing."""
    if issue.peak is None or issue.unit in ("", "state", "seconds"):
        return ""
    return f"{'lowest' if issue.lowest else 'peak'} {units.figure(issue.unit, issue.peak)}"
