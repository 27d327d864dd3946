"""From runs to what rules judge: the words, the kinds of failure, the GPUs used, the curve behind it."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from typing import Any

import pytest

from crackseg_desktop.alerts.observation import Observation
from crackseg_desktop.insight.runs import derive
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.judging import AFTERMATH, aftermath, away_observation, gpu_observations, past_of, run_observations
from crackseg_desktop.readings import CurvePoints, Ending, GpuProcess, GpuReading, Run, RunFacts, RunState, Severity

NOW = 1_000_000.0


def summed(*values: float, name: str = "val/loss") -> RunSummary:
    summary = RunSummary()
    steps = array("q", range(1, len(values) + 1))
    times = array("d", (NOW - 60.0 * (len(values) - step) for step in range(len(values))))
    summary.add(CurvePoints("1", name.replace("/", "_"), name, steps, times, array("d", values), "epoch"))
    return summary


def seen_of(metric: str, **labels: str) -> Observation:
    return Observation(metric, {"run": "1"} | labels, 1.0, "run")


def run_of(summary: RunSummary, **known: Any) -> Run:
    values: dict[str, Any] = {"started": NOW - 3600, "updated": NOW - 30}
    facts = RunFacts("1", "run", "/c/run", ("/c",), "crackseg", **(values | known))
    return derive(facts, summary, pid=None, alive=None, now=NOW)


def by_metric(run: Run, summary: RunSummary) -> dict[str, Observation]:
    told = run_observations(run, summary, NOW) if run.active else aftermath(run, summary)
    return {item.metric: item for item in told}


def test_that_a_nan_is_told_with_its_evidence() -> None:
    summary = summed(0.7, math.nan)
    seen = by_metric(run_of(summary), summary)["training_nonfinite_points_total"]
    assert (seen.value, seen.fact) == (1, "Loss is NaN")
    assert seen.detail == "NaN loss since epoch 2 (val/loss), one such point. The training goes on by itself."


def test_that_a_healthy_run_has_neither_failed_nor_finished() -> None:
    summary = summed(0.7, 0.6)
    seen = by_metric(run_of(summary), summary)
    assert {seen[metric].value for metric in AFTERMATH} == {0}
    assert seen["training_nonfinite_points_total"].detail == ""


@pytest.mark.parametrize(
    ("planned", "fact", "severity"), [(100, "no progress for 12 epochs", None), (20, "likely converged", Severity.INFO)]
)
def test_that_a_plateau_late_in_the_plan_is_likely_convergence(
    planned: int, fact: str, severity: Severity | None
) -> None:
    summary = summed(0.9, *(0.5 for _ in range(13)))
    run = run_of(summary, epoch=14, total_epochs=planned)
    seen = by_metric(run, summary)["training_epochs_without_progress"]
    assert (seen.value, seen.fact, seen.severity) == (12, fact, severity)
    assert seen.detail.startswith("No progress in val/loss for 12 epochs")


@pytest.mark.parametrize(
    ("ending", "kind", "dataset_errors"),
    [
        (Ending("out_of_memory", "CUDA out of memory"), "out_of_memory", 0),
        (Ending("disk_full", "No space left"), "disk_full", 0),
        (Ending("dataset_error", "no images"), "dataset_error", 1),
        (Ending("error", "ValueError"), "", 0),
    ],
)
def test_that_a_failure_is_told_with_its_kind(ending: Ending, kind: str, dataset_errors: float) -> None:
    summary = summed(0.7, 0.6)
    seen = by_metric(run_of(summary, ending=ending), summary)
    assert (seen["training_failed"].value, seen["training_failed"].kind) == (1, kind)
    assert (ending.message or "?") in seen["training_failed"].detail
    assert seen["training_dataset_errors_total"].value == dataset_errors
    assert seen["training_finished"].value == 0
    assert set(seen) == AFTERMATH


def test_that_a_run_that_finished_tells_its_best() -> None:
    summary = summed(0.3, 0.7, name="val/iou")
    seen = by_metric(run_of(summary, ending=Ending("completed"), epoch=2), summary)
    assert (seen["training_finished"].value, seen["training_failed"].value) == (1, 0)
    assert seen["training_finished"].detail == "2 epochs are done. Best iou 0.700."


def test_that_the_gpu_of_a_run_is_the_one_its_process_uses() -> None:
    run = replace(run_of(summed(0.7, 0.6)), pid=42)
    gpus = [
        GpuReading(
            {"gpu": str(index)}, {"gpu_utilization_ratio": share}, uuid=str(index), index=index, processes=(held,)
        )
        for index, share, held in ((0, 0.9, GpuProcess(7, 1, "compute")), (1, 0.01, GpuProcess(42, 1, "compute")))
    ]
    memory, seen = gpu_observations(run, gpus)
    assert (seen.value, seen.labels, seen.detail) == (0.01, {"run": "1"}, "Its process 42 uses GPU 1.")
    assert (memory.value, memory.labels) == (1, {"run": "1", "gpu": "1"})
    assert list(gpu_observations(replace(run, pid=None), gpus)) == []
    assert list(gpu_observations(run, gpus[:1])) == []
    stalled = gpu_observations(replace(run, state=RunState.STALLED), gpus)
    assert [item.metric for item in stalled] == ["training_gpu_memory_used_bytes"], "a stalled run may well be idle"


def test_that_memory_the_driver_does_not_tell_is_not_told() -> None:
    gpu = GpuReading({"gpu": "0"}, {}, uuid="0", processes=(GpuProcess(42, None, "compute"),))
    assert list(gpu_observations(replace(run_of(summed(0.7, 0.6)), pid=42), [gpu])) == []


def test_that_the_evidence_of_a_nan_ends_where_it_began() -> None:
    summary = summed(0.7, 0.6, math.nan, 0.5)
    points = past_of(summary, run_of(summary), seen_of("training_nonfinite_points_total"))
    assert [time for time, _ in points] == [NOW - 240, NOW - 180, NOW - 120]
    assert [value for _, value in points[:2]] == [0.7, 0.6]
    assert math.isnan(points[-1][1])


def test_that_the_evidence_is_the_newest_sixty_points() -> None:
    summary = summed(*(1.0 / step for step in range(1, 101)))
    points = past_of(summary, run_of(summary), seen_of("training_silent_ratio"))
    assert len(points) == 60
    assert points[-1] == (NOW - 60, 0.01)


def test_that_a_parked_run_has_no_points_to_show() -> None:
    summary = summed(0.7, 0.6)
    summary.forget_points()
    assert past_of(summary, run_of(summary), seen_of("training_failed")) == ()


def test_that_what_ended_while_away_is_one_sentence_with_the_bad_first() -> None:
    def ended(name: str, ending: Ending) -> Run:
        run = run_of(summed(0.5, 0.4), ending=ending)
        return replace(run, facts=replace(run.facts, name=name))

    fine = [ended(f"fine{number}", Ending("completed")) for number in range(2)]
    seen = away_observation([*fine, ended("bad", Ending("out_of_memory"))], NOW)
    assert (seen.value, seen.fact, seen.severity) == (3, "1 run failed, 2 runs finished", Severity.WARNING)
    assert seen.detail == "bad failed (out of memory); 2 more."
    assert away_observation(fine, NOW).severity == Severity.INFO


def test_that_a_persons_own_rules_find_the_progress_and_the_newest_values() -> None:
    summary = summed(0.3, 0.7, name="val/iou")
    run = run_of(summary, epoch=2, total_epochs=50, step=600)
    seen = {(item.metric, item.labels.get("tag")): item for item in run_observations(run, summary, NOW)}
    assert seen["training_epoch", None].value == 2
    assert seen["training_step", None].value == 600
    assert seen["training_epochs_per_hour", None].value == pytest.approx(60)
    value = seen["training_value", "val/iou"]
    assert (value.value, value.subject) == (0.7, "val/iou of run")
    assert [point for _, point in past_of(summary, run, value)] == [0.3, 0.7]
    assert past_of(summary, run, seen["training_epoch", None]) == ()
