"""From a run to what rules can judge: its series, in words that name what is wrong and rest on what its files say."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.alerts.observation import Observation
from crackseg_desktop.alerts.observe import sentence
from crackseg_desktop.insight.detectors import likely_converged, training_series
from crackseg_desktop.insight.gpu_use import gpu_use
from crackseg_desktop.insight.state import nonfinite_fact
from crackseg_desktop.readings import RunState, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crackseg_desktop.insight.summary import RunSummary
    from crackseg_desktop.readings import GpuReading, Run

_NAN, _WAITED, _SILENT = "training_nonfinite_points_total", "training_epochs_without_progress", "training_silent_ratio"
_FAILED, _FINISHED = "training_failed", "training_finished"
_DATASET = "training_dataset_errors_total"
_GPU_MEMORY = "training_gpu_memory_used_bytes"
AFTERMATH = frozenset({_NAN, _FAILED, _FINISHED, _DATASET})
"""What is still judged of a run that has ended."""

_FINDINGS = {
    _NAN: "nan",
    "training_divergence_ratio": "diverged",
    "training_overfit_ratio": "overfit",
    "training_collapse_ratio": "collapse",
    _WAITED: "plateau",
}
"""The kind of finding that a series goes with."""
_OF_LOSS = frozenset({*_FINDINGS, _SILENT, _FAILED, _FINISHED, _DATASET})
"""Series that rest on the loss where they have no finding."""
_SCORES = ("val/iou", "val/dice")
_POINTS = 60
_NAMED = 3
_WATCHED_TAGS = 16


def run_observations(run: Run, summary: RunSummary, now: float) -> Iterator[Observation]:
    """Yield all series of a run that is alive, and that it has not ended. ``now`` is in Unix seconds."""
    for metric, value in training_series(run.facts, summary, now).items():
        yield _observation(run, summary, metric, value, now)
    for metric in (_FAILED, _FINISHED, _DATASET):
        yield _observation(run, summary, metric, 0.0, now)
    yield from _figures(run)


def _figures(run: Run) -> Iterator[Observation]:
    """Yield what no built-in rule judges, and a person's own may: how far it is, and the newest values by name."""
    facts = run.facts
    figures = {
        "training_epoch": facts.epoch,
        "training_step": facts.step,
        "training_epochs_per_hour": run.epochs_per_hour,
        "training_eta_seconds": run.eta_seconds,
    }
    for metric, figure in figures.items():
        if figure is not None:
            yield Observation(metric, {"run": run.id}, figure, facts.name, simulated=facts.simulated)
    for name, value in islice(run.latest.items(), _WATCHED_TAGS):
        labels, subject = {"run": run.id, "tag": name}, f"{name} of {facts.name}"
        yield Observation("training_value", labels, value, subject, simulated=facts.simulated)


def aftermath(run: Run, summary: RunSummary) -> Iterator[Observation]:
    """Yield how a run ended."""
    ending = run.facts.ending
    is_dataset_error = run.state == RunState.FAILED and ending is not None and ending.kind == "dataset_error"
    values = {
        _NAN: float(summary.nonfinite_points()),
        _FAILED: float(run.state == RunState.FAILED),
        _FINISHED: float(run.state == RunState.FINISHED),
        _DATASET: float(is_dataset_error),
    }
    for metric, value in values.items():
        yield _observation(run, summary, metric, value, 0.0)


def gpu_observations(run: Run, gpus: Sequence[GpuReading]) -> Iterator[Observation]:
    """Yield what a run takes of the GPUs that its processes use, and how busy these are, as far as that is known."""
    uses = {use.gpu: use for use in gpu_use(run.pids, gpus)}
    for use in uses.values():
        figures = {
            _GPU_MEMORY: use.memory_bytes,
            "training_gpu_memory_peak_bytes": run.gpu_memory_peaks.get(use.gpu),
            "training_gpu_power_watts": use.power_watts,
        }
        labels, subject = {"run": run.id, "gpu": use.gpu}, f"{run.facts.name} on GPU {use.index}"
        for metric, figure in figures.items():
            if figure is not None:
                yield Observation(metric, labels, float(figure), subject, simulated=run.facts.simulated)
    if run.state != RunState.RUNNING:
        return
    used = [gpu for gpu in gpus if gpu.uuid in uses]
    shares = [share for gpu in used if (share := gpu.get("gpu_utilization_ratio")) is not None]
    if shares:
        names = ", ".join(f"GPU {gpu.index}" for gpu in used)
        detail = f"Its process {run.pid} uses {names}."
        metric, labels, name = "training_gpu_utilization_ratio", {"run": run.id}, run.facts.name
        yield Observation(metric, labels, max(shares), name, detail, simulated=run.facts.simulated)


def away_observation(runs: Sequence[Run], since: float) -> Observation:
    """Return what became of the runs that ended while nobody watched, ``since`` (Unix seconds), as one."""
    runs = sorted(runs, key=lambda run: run.state == RunState.FINISHED)
    bad = [run for run in runs if run.state != RunState.FINISHED]
    counts = {state: sum(run.state == state for run in runs) for state in dict.fromkeys(run.state for run in runs)}
    fact = ", ".join(f"{count} {'run' if count == 1 else 'runs'} {state}" for state, count in counts.items())
    told = [f"{run.facts.name} {run.state}{f' ({run.reason})' if run.reason else ''}" for run in (bad or runs)[:_NAMED]]
    more = len(runs) - len(told)
    detail = "; ".join([*told, f"{more} more"] if more else told)
    return Observation(
        "training_ended_while_away_total",
        {"since": f"{since:.0f}"},
        len(runs),
        "this machine",
        detail=f"{detail}.",
        fact=fact,
        severity=Severity.WARNING if bad else Severity.INFO,
        simulated=all(run.facts.simulated for run in runs),
    )


def past_of(summary: RunSummary, run: Run, seen: Observation) -> tuple[tuple[float, float], ...]:
    """Return the last points of the curve that a series rests on, up to where it went wrong; none without its times."""
    metric, named = seen.metric, {item.name: item for item in summary.curves.values()}
    finding = next((item for item in run.findings if item.kind == _FINDINGS.get(metric)), None)
    if finding is not None:
        chosen = summary.curves.get(finding.tag)
    elif "tag" in seen.labels:
        chosen = named.get(seen.labels["tag"])
    elif metric in _OF_LOSS:
        chosen = named.get("val/loss") or named.get("train/loss")
    else:
        return ()
    if chosen is None or chosen.curve is None:
        return ()
    points = list(zip(chosen.curve.wall_times, chosen.curve.values, strict=True))
    if metric == _NAN:
        first = next((index for index, (_, value) in enumerate(points) if not math.isfinite(value)), len(points) - 1)
        points = points[: first + 1]
    return tuple((time, value) for time, value in points[-_POINTS:] if time > 0)


def _observation(run: Run, summary: RunSummary, metric: str, value: float, now: float) -> Observation:
    finding = next((item.summary for item in run.findings if item.kind == _FINDINGS.get(metric)), "")
    detail, fact, kind, severity = sentence(finding), "", "", None
    match metric:
        case "training_nonfinite_points_total":
            fact = nonfinite_fact(summary)
            detail += " The training goes on by itself." if run.active and value else ""
        case "training_epochs_without_progress":
            value = float(math.floor(value))
            is_likely = likely_converged(run.facts, summary)
            fact = "likely converged" if is_likely else f"no progress for {value:.0f} epochs"
            severity = Severity.INFO if is_likely else None
        case "training_silent_ratio":
            detail = f"Silent for {units.duration(now - run.facts.updated)}." if run.facts.updated else ""
        case "training_failed" | "training_dataset_errors_total":
            detail, kind = sentence(run.reason or ""), _kind_of_failure(run, summary)
        case "training_finished":
            detail = _result(run)
    return Observation(
        metric,
        {"run": run.id},
        value,
        run.facts.name,
        detail=detail,
        fact=fact,
        simulated=run.facts.simulated,
        kind=kind,
        severity=severity,
    )


def _kind_of_failure(run: Run, summary: RunSummary) -> str:
    ending = run.facts.ending
    if ending is not None and ending.kind in ("out_of_memory", "disk_full", "dataset_error"):
        return ending.kind
    return "nan" if summary.nonfinite_points() else ""


def _result(run: Run) -> str:
    """Say how a run came to its end, and its best scores."""
    epochs = f"{run.facts.epoch} epochs are done" if run.facts.epoch is not None else "it came to its end"
    scores = (
        f"{name.removeprefix('val/')} {units.score(run.best[name].value)}" for name in _SCORES if name in run.best
    )
    best = ", ".join(scores)
    return f"{sentence(run.reason or epochs)}{f' Best {best}.' if best else ''}"
