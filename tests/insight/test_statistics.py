"""The figures of one curve."""

from __future__ import annotations

import math

import pytest

from crackseg_desktop.insight.statistics import Logged, Statistics, direction


def counted(values: list[float], name: str = "val/loss", first: int = 1) -> Statistics:
    figures = Statistics(name.replace("/", "_"), name, "epoch")
    figures.count(range(first, first + len(values)), [60.0 * index for index in range(len(values))], values)
    return figures


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


def test_that_the_first_and_last_finite_points_and_the_newest_are_kept() -> None:
    figures = counted([math.nan, 0.9, 0.5, math.inf])
    assert figures.first == Logged(2, 60.0, 0.9)
    assert figures.last == Logged(3, 120.0, 0.5)
    assert figures.latest == Logged(4, 180.0, math.inf)


def test_that_a_milestone_is_an_improvement_by_more_than_one_percent() -> None:
    figures = counted([1.0, 0.9, 0.895, 0.892, 0.890, 0.95, 0.885])
    assert figures.milestone is not None
    assert (figures.milestone.step, figures.milestone.value) == (5, 0.890)
    rising = counted([0.5, 0.502, 0.504, 0.506, 0.5], "val/iou")
    assert rising.milestone is not None
    assert rising.milestone.step == 4


def test_that_milestones_follow_values_below_zero_and_through_it() -> None:
    falling = counted([1.0, 0.0, -1.0, -1.005, -1.02])
    assert falling.milestone is not None
    assert falling.milestone.step == 5


def test_that_finite_values_whose_sum_is_too_large_are_healthy() -> None:
    figures = counted([1.7e308, 1.7e308, 1.0])
    assert figures.nonfinite == 0
    assert figures.best is not None
    assert figures.best.value == 1.0


def test_that_infinities_that_cancel_out_are_noticed() -> None:
    assert counted([math.inf, -math.inf, 0.5]).nonfinite == 2


def test_that_the_present_stay_of_a_recall_at_an_end_of_its_range_is_known() -> None:
    recall = counted([0.99, 1e-9, 1e-10, 0.5, 1e-9, 0.99, 0.985], "val/recall")
    assert recall.extreme is not None
    assert recall.extreme.step == 6
    recall.count([8], [0.0], [0.9])
    assert recall.extreme is None
