"""How well a run trains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.performance import NOT_LINKED, convergence_epoch, loss_reduction, performance
from crackseg_desktop.insight.statistics import Statistics
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.readings import RunConfig, RunFacts

if TYPE_CHECKING:
    from tests.insight.conftest import Adder

FALLING = [1.0 * 0.9**index for index in range(30)]


def counted(values: list[float], name: str = "val/loss") -> Statistics:
    figures = Statistics(name, name, "epoch")
    figures.count(range(1, len(values) + 1), [0.0] * len(values), values)
    return figures


def facts(**known: Any) -> RunFacts:
    return RunFacts("0123456789", "run", "/r", ("/r",), "crackseg", **known)


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ([1.0, 0.8, 0.6], 0.2),
        ([0.5, 0.75], -0.5),
        ([math.nan, 2.0, 1.0, math.nan], 0.5),
        ([0.5], None),
        ([0.0, 1.0], None),
        ([-1.0, -2.0], None),
        ([math.nan], None),
    ],
)
def test_that_the_loss_reduction_is_a_share_of_the_first_loss_an_epoch(
    values: list[float], share: float | None
) -> None:
    assert loss_reduction(counted(values)) == (pytest.approx(share) if share is not None else None)


def test_that_a_run_has_converged_ten_epochs_after_its_last_milestone() -> None:
    flat = [0.047] * 9
    assert convergence_epoch(counted(FALLING + flat)) is None
    assert convergence_epoch(counted([*FALLING, *flat, 0.047])) == 30
    assert convergence_epoch(counted([*FALLING, *flat, 0.047, 0.02])) is None


def test_that_what_never_improved_has_not_converged() -> None:
    assert convergence_epoch(counted([0.0] * 40, "val/iou")) is None
    assert convergence_epoch(counted([0.5, *[0.7] * 40])) is None
    assert convergence_epoch(counted([])) is None


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=60))
def test_that_nothing_after_the_convergence_epoch_is_better_by_one_percent(losses: list[float]) -> None:
    figures = counted(losses)
    epoch = convergence_epoch(figures)
    if epoch is not None:
        assert min(losses[epoch:]) >= losses[epoch - 1] * 0.99
        assert losses[epoch - 1] < losses[0]
        assert len(losses) - epoch >= 10


def test_that_the_configured_metric_decides_what_is_best(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [0.9, 0.3, 0.5])
    add(summary, "val/iou", [0.1, 0.2, 0.4])
    add(summary, "train/loss", [1.0, 0.9, 0.8])
    told = performance(facts(), summary, None)
    assert (told.monitor, told.best_epoch) == ("val/loss", 2)
    configured = performance(facts(config=RunConfig(monitor="val/iou")), summary, None)
    assert (configured.monitor, configured.best_epoch) == ("val/iou", 3)
    absent = performance(facts(config=RunConfig(monitor="val/f1")), summary, None)
    assert absent.monitor == "val/loss"
    assert told.loss == "train/loss"
    assert told.loss_reduction_per_epoch == pytest.approx(0.1)
    assert (told.peak_memory_bytes, told.unavailable) == (None, {"peak_memory_bytes": NOT_LINKED})


def test_that_a_run_without_figures_an_epoch_has_no_performance(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "train_batch/loss", [0.9, 0.3], axis="step")
    told = performance(facts(), summary, None)
    assert (told.loss, told.monitor, told.best_epoch, told.eta_interval_seconds) == (None, None, None, None)


def test_that_the_time_left_comes_with_an_interval(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", FALLING)
    told = performance(facts(epoch=30, total_epochs=50), summary, 1190.0)
    assert told.eta_interval_seconds == (1190.0, 1190.0)
