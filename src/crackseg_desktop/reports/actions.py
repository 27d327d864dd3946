"""What to do next, each with the evidence that it rests on: the "Next Actions" of the guide, derived. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.readings import Severity
from crackseg_desktop.reports.report import Action, Outcome, Resolution
from crackseg_desktop.reports.training import rate_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crackseg_desktop.readings import Run
    from crackseg_desktop.reports.report import Report, RunReport

MOST = 6
_THROTTLED_SECONDS = 60.0
_IDLE_SECONDS = 900.0
_MANY_CHECKPOINTS = 5
_MUCH_BYTES = 1024**3
_MOST_NAMED = 3
_MACHINE = frozenset({"disk_space", "gpu_lost", "driver_mismatch", "dead_mount", "host_unreachable", "source_silent"})
"""Rules of which an issue that is still there needs a person at the machine."""
Weighed = tuple[int, Action]


def actions_of(report: Report, runs: Iterable[Run]) -> tuple[Action, ...]:
    """Return what to do next, the most important first."""
    known = {run.id: run for run in runs}
    found = [
        *_of_machine(report),
        *_of_disks(report),
        *(item for run in report.runs for item in _of_run(run, known[run.id], report)),
        *_of_unexplained(report, known),
        *_of_heat(report),
        *_of_idle(report),
        *_of_checkpoints(report),
    ]
    seen: dict[str, Weighed] = {}
    for weight, action in found:
        seen.setdefault(action.text, (weight, action))
    return tuple(action for _, action in sorted(seen.values(), key=lambda pair: pair[0])[:MOST])


def _of_machine(report: Report) -> Iterator[Weighed]:
    """Something is wrong with the machine and still there."""
    for issue in report.issues:
        if issue.rule in _MACHINE and issue.resolution != Resolution.RESOLVED and issue.advice:
            weight = 0 if issue.severity == Severity.CRITICAL else 1
            yield weight, Action(issue.advice, f"{issue.title}, since {report.period.moment(issue.since)}")


def _of_disks(report: Report) -> Iterator[Weighed]:
    for row in report.health:
        if row.kind == "disk" and row.forecast:
            free = units.figure("bytes", row.now.value)
            yield 1, Action(f"Free space on {row.subject}.", f"{free} free now, {row.forecast}")


def _of_run(run: RunReport, facts: Run, report: Report) -> Iterator[Weighed]:
    if run.outcome == Outcome.ACTIVE:
        yield from _of_active(run, report)
    elif _is_superseded(run, report):
        return
    elif run.outcome == Outcome.FAILED and (action := _restart(run, facts)) is not None:
        yield 2, action
    elif run.outcome == Outcome.INTERRUPTED and run.checkpoints.count:
        epochs = f"epoch {run.epoch} of {run.total_epochs}" if run.epoch and run.total_epochs else "it did not finish"
        yield (
            5,
            Action(f"Resume {run.name} from its last checkpoint, or delete it.", f"{epochs}; {run.reason}".strip("; ")),
        )


def _of_active(run: RunReport, report: Report) -> Iterator[Weighed]:
    if run.stalled:
        yield 1, Action(f"See whether {run.name} still works.", run.reason or "no new point for longer than usual")
        return
    kinds = {issue.rule for issue in report.issues if issue.label("run") == run.id}
    if "nan" in kinds:
        evidence = next(issue.title for issue in report.issues if issue.rule == "nan" and issue.label("run") == run.id)
        yield 1, Action(f"Stop {run.name}: it trains on without a loss.", evidence)
        return
    if run.convergence_epoch is not None:
        evidence = f"no progress worth 1 % since epoch {run.convergence_epoch}, it is at {run.epoch}"
        yield 3, Action(f"Stop {run.name} early or lower its learning rate: it has likely converged.", evidence)
        return
    yield 3, Action(f"Let {run.name} finish{_more(run)}.", _progress(run, report))


def _more(run: RunReport) -> str:
    more = run.checkpoints.more_bytes.value
    return f"; its checkpoints likely need {units.figure('bytes', more)} more" if more else ""


def _progress(run: RunReport, report: Report) -> str:
    parts = []
    if run.epoch is not None:
        parts.append(f"epoch {run.epoch}" + (f" of {run.total_epochs}" if run.total_epochs else ""))
    if run.eta_seconds.value is not None:
        parts.append(f"likely ends {report.period.moment(report.period.now + run.eta_seconds.value)}")
    if run.epochs_per_hour.value is not None:
        parts.append(units.figure("per_hour", run.epochs_per_hour.value))
    return ", ".join(parts) or "it runs"


def _restart(run: RunReport, facts: Run) -> Action | None:
    """Say how to begin a failed run again: by what likely ended it; None where nobody can tell."""
    config, ending = facts.facts.config, facts.facts.ending
    kind = ending.kind if ending is not None else ""
    evidence = run.reason or "it failed"
    if any(finding.kind == "nan" for finding in facts.findings) and kind not in ("out_of_memory", "dataset_error"):
        rate = config.learning_rate if config is not None else None
        if rate:
            lower = _lower(rate)
            return Action(
                f"Restart {run.name} with a learning rate of {rate_words(lower)}.",
                f"{evidence}; likely cause: {rate_words(rate)} is too high",
            )
        return Action(f"Restart {run.name} with a lower learning rate.", f"{evidence}; likely it is too high")
    if kind == "out_of_memory":
        size = config.batch_size if config is not None else None
        smaller = f"a batch size of {size // 2} instead of {size}" if size and size > 1 else "a smaller image size"
        return Action(f"Restart {run.name} with {smaller}.", f"{evidence}; likely the batch does not fit")
    if kind == "dataset_error":
        return Action(f"Check the paths of the data set, then restart {run.name}.", evidence)
    if kind == "disk_full":
        return Action(f"Free disk space, then resume {run.name} from its last checkpoint.", evidence)
    return None


def _of_unexplained(report: Report, known: Mapping[str, Run]) -> Iterator[Weighed]:
    """Name the failed runs of which only their logs tell more, all in one."""
    failed = [
        run
        for run in report.runs_of(Outcome.FAILED)
        if not _is_superseded(run, report) and _restart(run, known[run.id]) is None
    ]
    if not failed:
        return
    names = ", ".join(run.name for run in failed[:_MOST_NAMED])
    names += f" and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
    reasons = dict.fromkeys(run.reason for run in failed if run.reason)
    evidence = "; ".join(list(reasons)[:_MOST_NAMED]) or "the end of the log names the error"
    yield 2, Action(f"Find out why {names} failed.", evidence)


def _lower(rate: float) -> float:
    """Return a fifth of a learning rate, to one figure: 1e-3 becomes 2e-4."""
    fifth = rate / 5
    return round(fifth, -math.floor(math.log10(fifth))) if fifth > 0 else rate


def _is_superseded(run: RunReport, report: Report) -> bool:
    """Say whether a run was begun again since: then nothing is left to do."""
    return any(
        other.name == run.name and other.id != run.id and (other.started or 0.0) > (run.started or 0.0)
        for other in report.runs
    )


def _of_heat(report: Report) -> Iterator[Weighed]:
    seconds = report.throttled_seconds.value
    if seconds is not None and seconds >= _THROTTLED_SECONDS:
        hottest = max(
            (row.peak.value for row in report.health if row.kind == "temperature" and row.peak.value), default=None
        )
        peak = f", peak {units.figure('celsius', hottest)}" if hottest is not None else ""
        evidence = f"the GPU was held back for {units.duration(seconds)}{peak}"
        yield 4, Action("Improve the cooling or lower the power limit.", evidence)


def _of_idle(report: Report) -> Iterator[Weighed]:
    seconds = report.idle_seconds.value
    if seconds is not None and seconds >= _IDLE_SECONDS:
        names = [run.name for run in report.runs if (run.idle_seconds.value or 0.0) >= _IDLE_SECONDS]
        of = f", most of it in {names[0]}" if names else ""
        evidence = f"the GPU was idle for {units.duration(seconds)} while a run held it{of}"
        yield 4, Action("See what keeps the GPU waiting, likely the data loader.", evidence)


def _of_checkpoints(report: Report) -> Iterator[Weighed]:
    heavy = [run for run in report.runs if run.checkpoints.count >= _MANY_CHECKPOINTS]
    total = sum(run.checkpoints.size_bytes for run in heavy)
    if not heavy or total < _MUCH_BYTES:
        return
    most = max(heavy, key=lambda run: (run.checkpoints.size_bytes, run.id))
    held = most.checkpoints
    each, size = units.figure("bytes", held.size_bytes / held.count), units.figure("bytes", held.size_bytes)
    needed = f", the two need {units.figure('bytes', held.needed_bytes)}" if held.needed_bytes else ""
    others = f"; {len(heavy)} runs hold {units.figure('bytes', total)}" if len(heavy) > 1 else ""
    evidence = f"{most.name} holds {held.count} × {each}, {size}{needed}{others}"
    yield 6, Action("Keep the best and the last checkpoint only.", evidence)
