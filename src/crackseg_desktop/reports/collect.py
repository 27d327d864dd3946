"""Collects a report: from the history, the runs, their curves and the alert log to what the documents say. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.reports.actions import actions_of
from crackseg_desktop.reports.issues import issues_of, listed
from crackseg_desktop.reports.machine import Machine, coverage_of, health_of, lanes_of
from crackseg_desktop.reports.report import Report, Week
from crackseg_desktop.reports.training import best_of, mean_seconds, run_report, runs_in, short_names
from crackseg_desktop.reports.usage import Usage
from crackseg_desktop.reports.weekly import day_lines, improvements_of
from crackseg_desktop.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crackseg_desktop.curves import Curves
    from crackseg_desktop.readings import AlertEvent, Run, Sample
    from crackseg_desktop.reports.past import Past
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.reports.report import Issue, RunReport


@dataclass(frozen=True, slots=True)
class Sources:
    """What a report is collected from.

    Attributes:
        runs: all that are known, also of the weeks before.
        curves: gives the curves of a run by its id; asked for a few of them only.
        alerts: the changes of the alert log, the oldest first.
        sample: the machine as it is now; None: it was not read.
        notes: what could not be read, in sentences.
    """

    past: Past
    runs: Sequence[Run]
    curves: Callable[[str], Curves]
    alerts: Sequence[AlertEvent] = ()
    settings: Settings = field(default_factory=Settings)
    hostname: str = ""
    sample: Sample | None = None
    notes: tuple[str, ...] = ()


def collect(period: Period, sources: Sources) -> Report:
    """Return the report of a period."""
    settings = sources.settings
    simulated = _is_simulated(sources)
    sources = _without_others(sources, simulated=simulated)
    rules, _ = rules_from(settings.rules)
    machine = Machine(sources.past, sources.sample, {rule.name: rule for rule in rules})
    usage = Usage(period, sources.past, settings.energy)
    issues = issues_of(period, sources.alerts, rules, simulated=simulated)
    runs = _runs(period, sources, usage, issues)
    shown = listed(issues)
    report = Report(
        period=period,
        hostname=sources.hostname,
        environment=settings.reports.environment,
        runs=runs,
        mean_seconds=mean_seconds(runs, period),
        best=best_of(runs, period, settings.targets),
        energy=usage.energy(),
        tariff=settings.energy.tariff,
        currency=settings.energy.currency,
        idle_seconds=usage.idle(runs),
        throttled_seconds=usage.throttled(),
        checkpoint_bytes=sum(run.checkpoints.written_bytes for run in runs),
        health=usage.forecast(health_of(period, machine)),
        lanes=lanes_of(period, machine),
        issues=shown,
        unlisted=len(issues) - len(shown),
        coverage=coverage_of(period, sources.past),
        simulated=simulated,
        notes=sources.notes,
    )
    if period.kind == "weekly":
        report = replace(report, week=_week(period, sources, usage, runs))
    return replace(report, actions=actions_of(report, sources.runs))


def _is_simulated(sources: Sources) -> bool:
    if sources.sample is not None:
        return sources.sample.simulated
    return bool(sources.runs) and all(run.facts.simulated for run in sources.runs)


def _without_others(sources: Sources, *, simulated: bool) -> Sources:
    """Leave simulated runs out of a report about the real machine, and real ones out of a simulated one; say so."""
    own = tuple(run for run in sources.runs if run.facts.simulated == simulated)
    others = len(sources.runs) - len(own)
    if not others:
        return sources
    kind = "real" if simulated else "simulated"
    note = f"{others} {kind} run{'s are' if others > 1 else ' is'} left out"
    return replace(sources, runs=own, notes=(*sources.notes, note))


def _runs(period: Period, sources: Sources, usage: Usage, issues: Sequence[Issue]) -> tuple[RunReport, ...]:
    there = runs_in(period, sources.runs, sources.curves)
    shorts = short_names([told.run.facts.name for told in there])
    reports = []
    for told, short in zip(there, shorts, strict=True):
        run = run_report(period, told, short, sources.settings.targets)
        alerts = sum(issue.times for issue in issues if issue.label("run") == run.id)
        reports.append(usage.of_run(replace(run, alerts=alerts)))
    return tuple(reports)


def _week(period: Period, sources: Sources, usage: Usage, runs: Sequence[RunReport]) -> Week:
    improvements, why_not = improvements_of(period, runs, sources.runs)
    heat, why_no_heat = usage.heat()
    return Week(
        heat=heat,
        heat_reason=why_no_heat,
        days=day_lines(period, runs, usage.joules, usage.utilization),
        improvements=improvements,
        improvements_reason=why_not,
    )
