"""What only a week shows: its days side by side, and which runs beat the best of the weeks before. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop.reports.period import DAYS
from crackseg_desktop.reports.report import DayLine, Figure, Gain, Improvement, Outcome
from crackseg_desktop.reports.training import SCORES, end_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    period: Period, runs: Sequence[RunReport], all_runs: Sequence[Run]
) -> tuple[tuple[Improvement, ...], str]:
    """Return the runs that beat the best of all weeks before, the best first; or else why there are none."""
    earlier = [run for run in all_runs if (ended := end_of(run)) is not None and ended < period.since]
    known = {run.id: run for run in all_runs}
    gains: dict[tuple[str, str], list[Gain]] = {}
    compared = False
    for name, title in SCORES[:2]:
        told = [(value, run.id) for run in earlier if (value := _best(run, name)) is not None]
        if told:
            compared = True
            before, champion = max(told)
            for run, value in _beating(name, before, runs):
                gains.setdefault((run, champion), []).append(Gain(title, value, before))
    found = [_improvement(known[run], known[champion], tuple(told)) for (run, champion), told in gains.items()]
    if found:
        return tuple(found[:_MOST_IMPROVEMENTS]), ""
    if not runs:
        return (), "no run this week"
    return (), "no run beat the best of the weeks before" if compared else "there are no earlier runs to compare with"


def _beating(name: str, before: float, runs: Sequence[RunReport]) -> list[tuple[str, float]]:
    """Return the ids of the runs with a better value, the best first."""
    known = [(run.id, score.best.value) for run in runs if (score := run.score(name)) is not None]
    better = [(run, value) for run, value in known if value is not None and value > before]
    return sorted(better, key=lambda pair: (-pair[1], pair[0]))


def _improvement(run: Run, champion: Run, gains: tuple[Gain, ...]) -> Improvement:
    known = run.facts.config is not None and champion.facts.config is not None
    return Improvement(run.facts.name, champion.facts.name, gains, _differences(champion, run), known)


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
