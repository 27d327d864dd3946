"""What only a week shows: its days side by side, and which runs beat the best of the weeks before. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop.reports.period import DAYS
from crackseg_desktop.reports.report import DayLine, Figure, Improvement, Outcome
from crackseg_desktop.reports.training import SCORES, end_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crackseg_desktop.readings import Run
    from crackseg_desktop.reports.period import Day, Period
    from crackseg_desktop.reports.report import RunReport

_MOST_IMPROVEMENTS = 6


def day_lines(
    period: Period,
    runs: Sequence[RunReport],
    joules: Callable[[float, float], Figure],
    utilization: Callable[[float, float], Figure],
) -> tuple[DayLine, ...]:
    """Return the days of a week up to now; energy and utilization are asked for by span."""
    return tuple(_day_line(period, day, runs, joules, utilization) for day in period.days if day.since < period.until)


def improvements_of(
    period: Period, runs: Sequence[RunReport], all_runs: Iterable[Run]
) -> tuple[tuple[Improvement, ...], str]:
    """Return the runs that beat the best of all weeks before, the best first; or else why there are none."""
    before = [run for run in all_runs if (ended := end_of(run)) is not None and ended < period.since]
    found: list[Improvement] = []
    compared = False
    for name, title in SCORES[:2]:
        champion = max(
            ((value, run) for run in before if (value := _best(run, name)) is not None), default=None, key=_by_value
        )
        if champion is None:
            continue
        compared = True
        found += _beaten(name, title, champion, runs, {run.id: run for run in all_runs})
    if found:
        return tuple(found[:_MOST_IMPROVEMENTS]), ""
    if not runs:
        return (), "no run this week"
    return (), "no run beat the best of the weeks before" if compared else "there are no earlier runs to compare with"


def _beaten(
    name: str, title: str, champion: tuple[float, Run], runs: Sequence[RunReport], known: dict[str, Run]
) -> list[Improvement]:
    value, earlier = champion
    better = [
        (score.best.value, run)
        for run in runs
        if (score := run.score(name)) is not None and score.best.value is not None and score.best.value > value
    ]
    better.sort(key=lambda pair: (-pair[0], pair[1].id))
    return [
        Improvement(
            run=run.name,
            metric=title,
            value=best,
            before=value,
            before_run=earlier.facts.name,
            differences=_differences(earlier, known[run.id]),
            known=earlier.facts.config is not None and known[run.id].facts.config is not None,
        )
        for best, run in better
    ]


def _differences(before: Run, now: Run) -> tuple[tuple[str, str, str], ...]:
    """Return what the configurations set differently, as (what, before, now); a dash where one does not tell."""
    first, second = dict(settings_of(before.facts.config)), dict(settings_of(now.facts.config))
    if not first or not second:
        return ()
    names = [*second, *(name for name in first if name not in second)]
    return tuple(
        (name, first.get(name, "–"), second.get(name, "–")) for name in names if first.get(name) != second.get(name)
    )


def _day_line(
    period: Period,
    day: Day,
    runs: Sequence[RunReport],
    joules: Callable[[float, float], Figure],
    utilization: Callable[[float, float], Figure],
) -> DayLine:
    until = min(day.until, period.until)
    ended = [run for run in runs if run.ended is not None and day.since <= run.ended < day.until]
    lived = sum(_seconds_in(run, day.since, until) for run in runs)
    return DayLine(
        name=f"{DAYS[day.date.weekday()][:3]} {day.date.day}",
        completed=sum(run.outcome == Outcome.COMPLETED for run in ended),
        failed=sum(run.outcome == Outcome.FAILED for run in ended),
        run_seconds=lived,
        joules=joules(day.since, until),
        utilization=utilization(day.since, until),
    )


def _seconds_in(run: RunReport, since: float, until: float) -> float:
    if run.started is None:
        return 0.0
    ended = run.ended if run.ended is not None else until
    return max(0.0, min(ended, until) - max(run.started, since))


def _best(run: Run, name: str) -> float | None:
    best = run.best.get(name)
    return best.value if best is not None and math.isfinite(best.value) else None


def _by_value(pair: tuple[float, Run]) -> tuple[float, str]:
    return pair[0], pair[1].id
