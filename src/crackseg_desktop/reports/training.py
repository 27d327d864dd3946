"""The trainings of a period: which there were, what became of them, and how good they got. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.curves import by_name
from crackseg_desktop.insight.forecast import checkpoint_growth
from crackseg_desktop.readings import RunState
from crackseg_desktop.reports.report import CheckpointUse, Figure, Outcome, Points, RunReport, Score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crackseg_desktop.curves import Curve, Curves
    from crackseg_desktop.readings import Run, RunConfig
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.settings import Targets

SCORES = (("val/iou", "IoU"), ("val/dice", "Dice"), ("val/precision", "Precision"), ("val/recall", "Recall"))
_STANDS_FOR = {"val/iou": "val/miou", "val/dice": "val/mdice"}
"""What is told instead by trainings that tell the mean over classes."""
_OUTCOMES = {
    RunState.FINISHED: Outcome.COMPLETED,
    RunState.FAILED: Outcome.FAILED,
    RunState.INTERRUPTED: Outcome.INTERRUPTED,
    RunState.UNKNOWN: Outcome.UNKNOWN,
}
_ORDER = tuple(Outcome)
MOST_CURVES = 5
_CURVE_POINTS = 400
_SHORT = 22
_NOT_YET = "not known before two epochs have ended"


@dataclass(frozen=True, slots=True)
class Told:
    """A run, when it ended (None: it still lives), and what it was by the end of the period."""

    run: Run
    begun: float
    ended: float | None
    outcome: Outcome
    curves: Mapping[str, Curve] = field(default_factory=dict)


def runs_in(period: Period, runs: Iterable[Run], curves: Callable[[str], Curves]) -> tuple[Told, ...]:
    """Return the runs that lived in the period: the active ones first, then by outcome, the newest first.

    The curves of a run are asked for only where its own best values do not tell those of the period, or to draw it.
    """
    there = [told for run in runs if (told := _told(period, run)) is not None]
    there.sort(key=lambda told: (_ORDER.index(told.outcome), -told.begun, told.run.id))
    drawn = {told.run.id for told in drawable(there)}
    return tuple(_with_curves(period, told, drawn, curves) for told in there)


def drawable(there: Sequence[Told]) -> list[Told]:
    """Return the runs whose curves are drawn: the active ones, then those that got best."""
    return sorted(there, key=lambda told: (told.outcome != Outcome.ACTIVE, -_best_iou(told.run), told.run.id))[
        :MOST_CURVES
    ]


def run_report(period: Period, told: Told, short: str, targets: Targets) -> RunReport:
    """Return what the files of a run tell; what its hardware did is filled in by ``collect``."""
    run, facts = told.run, told.run.facts
    scores = tuple(_score(period, told, name, title, targets) for name, title in SCORES)
    ended = told.ended if told.ended is not None else period.until
    lived = ended - told.begun
    ahead = told.ended is not None and told.ended > period.until  # it ended after the period
    eta = Figure(run.eta_seconds) if run.eta_seconds is not None else Figure(reason="no estimate")
    return RunReport(
        id=run.id,
        name=facts.name,
        short=short,
        outcome=told.outcome,
        stalled=run.state == RunState.STALLED,
        reason=(run.reason or "") if not ahead else "",
        epoch=_epoch(period, told),
        total_epochs=facts.total_epochs,
        started=facts.started,
        ended=None if told.outcome == Outcome.ACTIVE else told.ended,
        seconds=Figure(lived) if facts.started is not None else Figure(reason="its start is not known"),
        period_seconds=max(0.0, min(ended, period.until) - max(told.begun, period.since)),
        epochs_per_hour=Figure(run.epochs_per_hour) if run.epochs_per_hour is not None else Figure(reason=_NOT_YET),
        eta_seconds=eta if told.outcome == Outcome.ACTIVE and not period.is_over else Figure(reason="it has ended"),
        scores=scores,
        peak_memory_bytes=_peak(run),
        checkpoints=_checkpoints(period, told),
        convergence_epoch=run.performance.convergence_epoch,
        findings=tuple(finding.summary for finding in run.findings),
        loss=_points(told, "val/loss"),
        iou=_points(told, "val/iou") or _points(told, "val/miou"),
        settings=settings_of(facts.config),
        simulated=facts.simulated,
    )


def best_of(runs: Sequence[RunReport], period: Period, targets: Targets) -> tuple[Score, ...]:
    """Return the best IoU and Dice that were reached in the period."""
    word = "today" if period.kind == "daily" else "this week"
    goals = {"val/iou": targets.iou, "val/dice": targets.dice}
    best = []
    for name, title in SCORES[:2]:
        known = [
            (score, run) for run in runs if (score := run.score(name)) is not None and score.best.value is not None
        ]
        if not known:
            best.append(Score(name, title, Figure(reason=f"no run told one {word}"), target=goals[name]))
            continue
        score, run = max(known, key=lambda pair: pair[0].best.value or 0.0)
        best.append(Score(name, title, score.best, score.epoch, goals[name], run.name))
    return tuple(best)


def mean_seconds(runs: Sequence[RunReport], period: Period) -> Figure:
    """Return how long the runs that were completed in the period took on average."""
    lasted = [run.seconds.value for run in runs if run.outcome == Outcome.COMPLETED and run.seconds.value is not None]
    if lasted:
        return Figure(math.fsum(lasted) / len(lasted))
    return Figure(reason=f"no run was completed {'today' if period.kind == 'daily' else 'this week'}")


def short_names(names: Sequence[str]) -> list[str]:
    """Shorten names for charts: without the words that most of them begin with, cut in the middle, still unique."""
    words = [name.split("-") for name in names]
    prefix = _usual_prefix(words)
    plain = ["-".join(item[len(prefix) :] if item[: len(prefix)] == prefix else item) for item in words]
    chosen = plain if len(set(plain)) == len(set(names)) else names
    shortened = [cut_middle(name, _SHORT) for name in chosen]
    count: dict[str, int] = {}
    for index, name in enumerate(shortened):
        count[name] = count.get(name, 0) + 1
        if count[name] > 1:
            shortened[index] = f"{name} ({count[name]})"
    return shortened


def _usual_prefix(words: Sequence[Sequence[str]]) -> list[str]:
    """Return the longest run of first words that more than half of the names share, one word left to each."""
    prefix: list[str] = []
    while True:
        place = len(prefix)
        nexts = Counter(item[place] for item in words if list(item[:place]) == prefix and len(item) > place + 1)
        word, count = nexts.most_common(1)[0] if nexts else ("", 0)
        if count < 2 or count * 2 <= len(words) or _is_bare(words, [*prefix, word]):
            return prefix
        prefix.append(word)


def _is_bare(words: Sequence[Sequence[str]], prefix: list[str]) -> bool:
    """Say whether a name would be left with a number alone, which tells a reader nothing."""
    return any(list(item[: len(prefix)]) == prefix and "".join(item[len(prefix) :]).isdigit() for item in words)


def cut_middle(text: str, length: int) -> str:
    """Cut a text to so many characters in its middle: names of runs differ at their ends."""
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[-tail:]}"


def settings_of(config: RunConfig | None) -> tuple[tuple[str, str], ...]:
    """Return what a configuration sets, in words."""
    if config is None:
        return ()
    rows = (
        ("model", config.model),
        ("learning rate", rate_words(config.learning_rate) if config.learning_rate is not None else None),
        ("batch size", str(config.batch_size) if config.batch_size is not None else None),
        ("epochs", str(config.total_epochs) if config.total_epochs is not None else None),
        ("monitored metric", config.monitor),
    )
    return tuple((what, value) for what, value in rows if value)


def rate_words(rate: float) -> str:
    """Write a learning rate as people type it: ``0.01``, ``2e-4``."""
    if rate == 0 or rate >= 0.01:
        return f"{rate:g}"
    figures, _, power = f"{rate:.3e}".partition("e")
    return f"{figures.rstrip('0').rstrip('.')}e{int(power)}"


def end_of(run: Run) -> float | None:
    """Return when a run ended (Unix seconds): what its files tell, else its last sign of life. None: it lives."""
    facts = run.facts
    if run.active:
        return None
    told = facts.ending.time if facts.ending is not None else None
    return told or facts.updated or facts.started


def _told(period: Period, run: Run) -> Told | None:
    begun = run.facts.started if run.facts.started is not None else run.facts.updated
    ended = end_of(run)
    if begun is None or begun >= max(period.until, period.since + 1):
        return None
    if not run.active and (ended is None or ended < period.since):
        return None
    later = ended is None or ended > period.until
    return Told(run, begun, ended, Outcome.ACTIVE if later else _OUTCOMES[run.state])


def _with_curves(period: Period, told: Told, drawn: set[str], curves: Callable[[str], Curves]) -> Told:
    is_within = told.begun >= period.since and (told.ended is None or told.ended <= period.until)
    if is_within and told.run.id not in drawn:
        return told
    named = {name: curve.current() for name, curve in by_name(curves(told.run.id)).items() if name.startswith("val/")}
    return Told(told.run, told.begun, told.ended, told.outcome, named)


def _score(period: Period, told: Told, name: str, title: str, targets: Targets) -> Score:
    """Return the best value of a metric: in the period where its curve tells when, else of the whole run."""
    target = {"val/iou": targets.iou, "val/dice": targets.dice}.get(name)
    curve = told.curves.get(name) or told.curves.get(_STANDS_FOR.get(name, ""))
    if curve is not None and len(curve) and min(curve.wall_times) > 0:
        inside = [
            (value, -step) for step, time, value in curve.points() if math.isfinite(value) and period.contains(time)
        ]
        if not inside:
            return Score(name, title, Figure(reason="no epoch ended in the period"), target=target)
        value, step = max(inside)
        return Score(name, title, Figure(value), -step if curve.axis == "epoch" else None, target)
    best = told.run.best.get(name) or told.run.best.get(_STANDS_FOR.get(name, ""))
    if best is None or not math.isfinite(best.value):
        return Score(name, title, Figure(reason="it tells none"), target=target)
    return Score(name, title, Figure(best.value), best.epoch, target)


def _epoch(period: Period, told: Told) -> int | None:
    """Return the last epoch that ended in the period or before it."""
    if (told.ended is not None and told.ended > period.until) or period.is_over:
        for curve in told.curves.values():
            if curve.axis == "epoch" and len(curve) and min(curve.wall_times) > 0:
                return max((step for step, time, _ in curve.points() if time < period.until), default=0)
    return told.run.facts.epoch


def _points(told: Told, name: str) -> Points | None:
    """Return a curve by epoch, thinned evenly where it is long; None where it has not two points to draw."""
    curve = told.curves.get(name)
    if curve is None:
        return None
    rows = [(float(step), value) for step, _, value in curve.points() if math.isfinite(value)]
    if len(rows) < 2:
        return None
    stride = math.ceil(len(rows) / _CURVE_POINTS)
    kept = rows[::stride] if (len(rows) - 1) % stride == 0 else [*rows[::stride], rows[-1]]
    return Points(name, tuple(step for step, _ in kept), tuple(value for _, value in kept))


def _checkpoints(period: Period, told: Told) -> CheckpointUse:
    facts = told.run.facts
    files = facts.checkpoints
    growth = checkpoint_growth(files, facts.started, facts.epoch, facts.total_epochs)
    is_growing = told.run.active and growth.bytes_to_come is not None
    return CheckpointUse(
        count=growth.files,
        size_bytes=growth.bytes_now,
        written_bytes=sum(item.size_bytes for item in files if period.contains(item.time)),
        per_hour=_known(growth.bytes_per_hour, growth.reason),
        more_bytes=_known(growth.bytes_to_come, growth.reason) if is_growing else Figure(reason="it has ended"),
        needed_bytes=growth.best_and_last_bytes,
    )


def _known(value: float | None, reason: str) -> Figure:
    return Figure(value, likely=True) if value is not None else Figure(reason=reason)


def _peak(run: Run) -> Figure:
    peak = run.performance.peak_memory_bytes
    if peak is not None:
        return Figure(float(peak))
    return Figure(reason=run.performance.unavailable.get("peak_memory_bytes", "not measured"))


def _best_iou(run: Run) -> float:
    best = run.best.get("val/iou") or run.best.get("val/miou")
    return best.value if best is not None and math.isfinite(best.value) else -1.0
