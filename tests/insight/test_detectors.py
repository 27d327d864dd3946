"""What goes wrong with how a run trains, on made-up trainings whose truth is known, and in what words it is told."""

from __future__ import annotations

import json
import math
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from tests.insight import curves

from crackseg_desktop.insight.detectors import findings, likely_converged, training_series
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import RunConfig, RunFacts

if TYPE_CHECKING:
    from tests.insight.conftest import Adder
    from tests.insight.curves import Training

LIMITS = {
    "training_nonfinite_points_total": 0,
    "training_divergence_ratio": 1.5,
    "training_overfit_ratio": 1.5,
    "training_collapse_ratio": 0.5,
    "training_silent_ratio": 1,
}
NO_NEWS = {"training_overfit_ratio", "training_epochs_without_progress"}
KINDS = {"nan": "nonfinite_points_total", "diverged": "divergence_ratio", "collapse": "collapse_ratio"}


def fired(training: Training) -> dict[str, int]:
    """Return in which epoch each series first went over its limit, watched epoch by epoch."""
    summary, first = RunSummary(), dict[str, int]()
    for facts, portions in training.epochs():
        for points in portions:
            summary.add(points)
        assert facts.updated is not None
        assert facts.epoch is not None
        for name, value in training_series(facts, summary, facts.updated + 1).items():
            if name in LIMITS and value > LIMITS[name]:
                first.setdefault(name, facts.epoch)
    return first


def watched(training: Training) -> tuple[RunFacts, RunSummary]:
    """Return what is known of a training at its end."""
    summary, told = RunSummary(), list(training.epochs())
    for _, portions in told:
        for points in portions:
            summary.add(points)
    return told[-1][0], summary


def test_that_at_most_one_healthy_training_in_200_is_warned_of() -> None:
    trainings = list(curves.trainings(curves.HEALTHY, 510))
    false = [(run.name, run.seed) for run in trainings if fired(run).keys() - NO_NEWS]
    assert len(false) <= len(trainings) // 200, false


def test_that_all_but_few_diverging_trainings_are_caught_within_two_epochs() -> None:
    trainings = list(curves.trainings(curves.DIVERGING, 240))
    late = [
        (run.name, run.seed)
        for run in trainings
        if not run.onset - 2 <= fired(run).get("training_divergence_ratio", 0) <= run.onset + 2
    ]
    assert len(late) <= 0.05 * len(trainings), late


@pytest.mark.parametrize("kind", ["nan", "collapse"])
def test_that_nan_and_collapse_are_seen_at_once(kind: str) -> None:
    makers = curves.NAN if kind == "nan" else curves.COLLAPSING
    for run in curves.trainings(makers, 60):
        assert fired(run)[f"training_{KINDS[kind]}"] == run.onset, (run.name, run.seed)


def test_that_overfitting_is_told_once_the_validation_loss_is_far_off() -> None:
    for run in curves.trainings(curves.OVERFITTING, 40):
        assert run.onset < fired(run)["training_overfit_ratio"] <= run.onset + 15, run.seed


def test_that_each_series_is_in_the_catalogue() -> None:
    run = next(curves.trainings(curves.COLLAPSING, 1))
    run_facts, summary = watched(run)
    names = training_series(run_facts, summary, curves.START).keys()
    assert LIMITS.keys() - {"training_overfit_ratio"} <= names <= CATALOGUE.keys()


@pytest.mark.parametrize(
    "maker", [*curves.HEALTHY, *curves.DIVERGING, *curves.NAN, *curves.COLLAPSING, *curves.OVERFITTING]
)
def test_that_a_parked_run_and_one_read_at_once_tell_the_same(maker: Any) -> None:
    known, live = watched(maker(Random(3)))
    now = (known.updated or 0.0) + 1000
    told = (training_series(known, live, now), findings(known, live))
    whole = RunSummary.of_curves({tag: item.curve for tag, item in live.curves.items() if item.curve is not None})
    assert (training_series(known, whole, now), findings(known, whole)) == told
    document = json.loads(json.dumps(live.document(), allow_nan=False))
    live.forget_points()
    for other in (live, RunSummary.from_document(document)):
        assert (training_series(known, other, now), findings(known, other)) == told


def facts(**known: Any) -> RunFacts:
    return RunFacts("0123456789", "run", "/r", ("/r",), "crackseg", **known)


def kinds(summary: RunSummary, **known: Any) -> list[str]:
    return [finding.kind for finding in findings(facts(**known), summary)]


def words(summary: RunSummary, **known: Any) -> list[str]:
    return [finding.summary for finding in findings(facts(**known), summary)]


def test_that_an_explosion_before_the_nan_is_both(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train/loss", [0.707, 5.85e4, 4.79e16, math.nan])
    assert kinds(summary) == ["nan", "diverged"]
    assert words(summary)[1] == "training loss diverges: 5.8e+04 against 0.707 at its best, since epoch 2"


def test_that_a_loss_that_came_back_does_not_diverge(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train/loss", [1.0, 0.8, 0.6, 0.5, 0.45, 0.4, 4.0, 8.0, 9.0])
    assert kinds(summary) == ["diverged"]
    add(summary, "train/loss", [0.5, 0.4, 0.35], first=10)
    assert kinds(summary) == []


def test_that_a_resumed_run_loses_the_divergence_of_its_old_branch(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train/loss", [1.0, 0.8, 0.6, 0.5, 0.45, 0.4, 4.0, 8.0, 9.0])
    add(summary, "train/loss", [0.39, 0.38], first=7)
    assert kinds(summary) == []


def test_that_parts_of_a_loss_may_rise_but_not_explode(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train/box_loss", [0.07 + 0.001 * epoch for epoch in range(60)])
    assert kinds(summary) == []
    add(summary, "train/obj_loss", [0.03, 0.02, 0.5, 2.0, 9.0])
    assert words(summary) == ["training loss diverges: 0.500 against 0.020 at its best, since epoch 2"]


def test_that_a_loss_that_follows_an_opponent_is_not_judged(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train/loss", [1.0, 0.8, 0.6, 0.5, 0.45, 0.4, 4.0, 8.0, 9.0])
    add(summary, "rollout/ep_rew_mean", [1.0, 2.0])
    assert "training_divergence_ratio" not in training_series(facts(), summary, 0.0)


def test_that_overfitting_is_told_with_both_losses_and_the_best_epoch(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train/loss", [1.0, 0.8, 0.6, 0.5, 0.45, 0.45, 0.45])
    add(summary, "val/loss", [1.0, 0.8, 0.6, 0.7, 0.8, 0.85, 0.91])
    assert words(summary) == ["validation loss has left the training loss: 0.910 against 0.450 since epoch 3"]


def test_that_a_validation_loss_on_a_higher_scale_is_not_overfitting(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train/loss", [0.5, 0.4, 0.3, 0.25])
    add(summary, "val/loss", [2.0, 1.6, 1.2, 1.0])
    assert kinds(summary) == []
    assert training_series(facts(), summary, 0.0)["training_overfit_ratio"] == 1.5


def collapse(add: Adder, precisions: list[float], recalls: list[float], ious: list[float]) -> list[str]:
    summary = RunSummary()
    for name, column in (("precision", precisions), ("recall", recalls), ("iou", ious)):
        add(summary, f"val/{name}", column)
    return words(summary)


def test_that_a_model_that_predicts_nothing_or_everything_is_told(add: Adder) -> None:
    assert collapse(add, [1.0] * 3, [1e-10] * 3, [1e-10] * 3) == [
        "the model predicts nothing: precision 1.000 with recall 1.0e−10, since epoch 1"
    ]
    assert collapse(add, [0.015, 0.0146, 0.0147], [0.99, 0.983, 1.0], [0.015, 0.0146, 0.0147]) == [
        "the model predicts everything as positive: precision 0.015 with recall 1.000, since epoch 1"
    ]


@pytest.mark.parametrize(
    ("precisions", "recalls", "ious"),
    [
        ([1.0] * 2, [1e-10] * 2, [1e-10] * 2),
        ([0.99, 0.99, 0.99], [0.985, 0.99, 0.995], [0.975, 0.98, 0.985]),
        ([0.0112, 0.0134, 0.0235], [1.0, 0.9999, 0.995], [0.0112, 0.0134, 0.0235]),
        ([1.0, 1.0, 0.81], [1e-10, 1e-10, 0.034], [1e-10, 1e-10, 0.034]),
    ],
    ids=["before epoch 3", "a perfect model", "one that learns from everything", "one that has begun to learn"],
)
def test_that_healthy_models_do_not_collapse(
    add: Adder, precisions: list[float], recalls: list[float], ious: list[float]
) -> None:
    assert collapse(add, precisions, recalls, ious) == []


def test_that_a_plateau_is_told_from_ten_epochs_on(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/iou", [0.1, 0.3, 0.5, *[0.502] * 9])
    assert kinds(summary) == []
    add(summary, "val/iou", [0.504], first=13)
    assert words(summary) == ["no progress in val/iou for 10 epochs: 0.500 since epoch 3"]
    assert words(summary, epoch=13, total_epochs=20)[0].endswith("; likely converged")
    assert not likely_converged(facts(epoch=13, total_epochs=50), summary)


def test_that_a_run_that_never_learnt_has_not_converged(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [2.153] * 50)
    assert words(summary, epoch=50, total_epochs=50) == ["no progress in val/loss for 49 epochs: 2.153 since epoch 1"]


def test_that_the_configured_metric_is_judged_before_the_usual_ones(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/iou", [0.5] * 20)
    add(summary, "val/dice", [0.02 * epoch for epoch in range(1, 21)])
    assert kinds(summary) == ["plateau"]
    assert kinds(summary, config=RunConfig(monitor="val/dice")) == []


def test_that_validations_by_step_are_counted_in_epochs(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [1.0, 0.5, *[0.5] * 12], axis="step")
    waited = training_series(facts(epoch=7), summary, 0.0)["training_epochs_without_progress"]
    assert waited == 6
    assert "training_epochs_without_progress" not in training_series(facts(), summary, 0.0)
