"""Sums of curves: best, latest, and what is not a number."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.curves import Curve
from crackseg_desktop.insight.summary import RunSummary, direction

if TYPE_CHECKING:
    from tests.insight.conftest import Adder


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("val/loss", "min"),
        ("train_batch/loss", "min"),
        ("val/iou", "max"),
        ("val/dice", "max"),
        ("metrics/mAP50", "max"),
        ("lr", None),
        ("epoch", None),
        ("rollout/ep_rew_mean", None),
    ],
)
def test_that_losses_fall_scores_rise_and_the_rest_has_no_best(name: str, better: str | None) -> None:
    assert direction(name) == better


def test_that_best_is_the_best_finite_value_with_its_epoch(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/iou", [0.1, 0.5, 0.4, math.nan, math.inf])
    add(summary, "val/loss", [0.9, 0.3, 0.4])
    add(summary, "lr", [0.1, 0.2])
    best = summary.best()
    assert (best["val/iou"].value, best["val/iou"].epoch) == (0.5, 2)
    assert (best["val/loss"].value, best["val/loss"].epoch) == (0.3, 2)
    assert "lr" not in best
    assert summary.latest()["val/iou"] == math.inf


def test_that_best_forgets_what_a_restart_superseded(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/iou", [0.1, 0.2, 0.9])
    add(summary, "val/iou", [0.3], first=2)
    assert (summary.best()["val/iou"].value, summary.best()["val/iou"].step) == (0.3, 2)
    add(summary, "val/iou", [0.4], first=3)
    assert summary.best()["val/iou"].value == 0.4


def test_that_nan_counts_in_a_loss_and_in_a_metric_that_was_finite(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "rollout/ep_rew_mean", [math.nan] * 5, axis="step")
    assert summary.nonfinite_points() == 0
    add(summary, "val/loss", [math.nan, 0.5, math.inf])
    add(summary, "val/iou", [0.5, math.nan])
    assert summary.nonfinite_points() == 3
    first = summary.first_nonfinite()
    assert first is not None
    assert (first.name, first.step) == ("val/loss", 1)


def test_that_a_loss_that_recovered_is_not_lost(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [0.5, math.nan])
    assert summary.loss_is_lost()
    add(summary, "val/loss", [0.4], first=3)
    assert not summary.loss_is_lost()
    assert summary.nonfinite_points() == 1


def test_that_a_resumed_run_loses_the_nan_of_its_old_branch(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [0.5, 0.4, math.nan, math.nan])
    add(summary, "val/loss", [0.3, 0.2], first=3)
    assert summary.nonfinite_points() == 0


def test_that_points_in_parts_or_whole_come_to_the_same(add: Adder) -> None:
    values = [0.5, math.nan, 0.3, 0.6, math.inf, 0.2]
    whole, parts = RunSummary(), RunSummary()
    add(whole, "val/loss", values)
    for index, value in enumerate(values):
        add(parts, "val/loss", [value], first=index + 1)
    from_curves = RunSummary.of_curves({tag: item.curve for tag, item in whole.curves.items()})
    assert whole.best() == parts.best() == from_curves.best()
    assert whole.nonfinite_points() == parts.nonfinite_points() == from_curves.nonfinite_points() == 2


def test_that_epoch_ends_follow_the_validation_loss(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train_batch/loss", [0.1] * 50, axis="step", every=1.0)
    add(summary, "train/loss", [0.5] * 3, start=0.0)
    add(summary, "val/loss", [0.5] * 3, start=1000.0)
    assert summary.epoch_ends() == [1000.0, 1060.0, 1120.0]


def test_that_a_restart_within_one_portion_supersedes_too() -> None:
    curve = Curve("val_loss", "val/loss", "epoch")
    curve.steps, curve.wall_times = array("q", [1, 2, 3, 2, 3]), array("d", [0.0] * 5)
    curve.values = array("d", [0.5, 0.4, math.nan, 0.3, 0.2])
    summary = RunSummary()
    summary.add(curve.as_points("r"))
    assert summary.nonfinite_points() == 0
    assert summary.best()["val/loss"].value == 0.2
