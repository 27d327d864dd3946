"""Sums of curves: best, latest, and what is not a number."""

from __future__ import annotations

import json
import math
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.curves import Curve
from crackseg_desktop.insight.runs import derive
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.readings import CurvePoints, RunFacts

if TYPE_CHECKING:
    from tests.insight.conftest import Adder


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
    from_curves = RunSummary.of_curves(
        {tag: item.curve for tag, item in whole.curves.items() if item.curve is not None}
    )
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


_NAMES = ("val/loss", "train/loss", "val/iou", "lr", "train_batch/loss")
_NUMBERS = st.floats(width=64) | st.sampled_from([0.0, 0.5, 0.25, -1.0, math.nan, math.inf])
_PORTIONS = st.lists(
    st.tuples(
        st.sampled_from(_NAMES),
        st.lists(
            st.tuples(st.integers(0, 2**33) | st.integers(0, 30), st.floats(0, 2e9), _NUMBERS), min_size=1, max_size=40
        ),
    ),
    max_size=8,
)


def summed_up(portions: list[tuple[str, list[tuple[int, float, float]]]]) -> RunSummary:
    summary = RunSummary()
    for name, rows in portions:
        steps, times, values = zip(*rows, strict=True)
        columns = (array("q", steps), array("d", times), array("d", values))
        summary.add(CurvePoints("r", name, name, *columns, "step" if "batch" in name else "epoch"))
    return summary


def derived(summary: RunSummary) -> str:
    facts = RunFacts("r", "r", "/r", ("/r",), "crackseg", started=1e9, updated=1e9 + 600, epoch=5, total_epochs=10)
    run = derive(facts, summary, pid=1, alive=True, now=1e9 + 700)
    return f"{run}{summary.epoch_ends()}{summary.nonfinite_points()}{summary.per_epoch()}"


@given(_PORTIONS)
def test_that_a_run_without_its_points_tells_the_same(portions: Any) -> None:
    summary = summed_up(portions)
    before = derived(summary)
    document = json.loads(json.dumps(summary.document(), allow_nan=False))
    summary.forget_points()
    assert all(item.curve is None for item in summary.curves.values())
    again = RunSummary.from_document(document)
    assert before == derived(summary) == derived(again)
    assert again.document() == summary.document() == document


@given(_PORTIONS)
def test_that_sums_kept_up_are_those_of_the_whole(portions: Any) -> None:
    summary = summed_up(portions)
    whole = RunSummary.of_curves({tag: item.curve for tag, item in summary.curves.items() if item.curve is not None})
    assert derived(summary) == derived(whole)


def test_that_a_run_that_forgot_its_points_is_begun_anew_by_new_ones(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [0.5, 0.1])
    add(summary, "val/iou", [0.5, 0.6])
    summary.forget_points()
    assert summary.best()["val/loss"].value == 0.1
    add(summary, "val/loss", [0.5])
    assert (summary.best()["val/loss"].value, set(summary.curves)) == (0.5, {"val_loss"})


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"version": 0, "curves": [], "recent_times": []},
        {"version": 1, "curves": [{"tag": "a"}], "recent_times": []},
        {"version": 1, "curves": [], "recent_times": [None]},
        {"version": 1, "curves": None, "recent_times": []},
        {"version": 1, "curves": ["a"], "recent_times": []},
    ],
)
def test_that_another_document_is_no_summary(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no summary of a run"):
        RunSummary.from_document(document)
