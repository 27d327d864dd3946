from __future__ import annotations

import math

from crackseg_desktop.training.formats.base import Point
from crackseg_desktop.training.merging import GRACE_SECONDS, Merger

EXACT, ROWS, LOG = 0, 2, 6


def point(step: int, value: float, tag: str = "val_loss", *, exact: bool = True) -> Point:
    return Point(tag, step, 100.0 + step, value, exact=exact)


def test_that_a_figure_told_twice_is_heard_once() -> None:
    merger = Merger()
    assert len(merger.offer([point(1, 0.5), point(2, math.nan)], EXACT, 0.0, is_best=True)) == 2
    assert merger.offer([point(1, 0.5), point(2, math.nan)], ROWS, 0.0, is_best=False) == []
    assert merger.settle(None) == []


def test_that_a_less_exact_file_waits_for_the_exact_one() -> None:
    merger = Merger()
    assert merger.offer([point(1, 0.5)], ROWS, 0.0, is_best=False) == []
    assert merger.settle(GRACE_SECONDS - 1) == []
    assert len(merger.offer([point(1, 0.5)], EXACT, 2.0, is_best=True)) == 1
    assert merger.settle(GRACE_SECONDS + 1) == []


def test_that_a_less_exact_file_is_heard_where_the_exact_one_falls_silent() -> None:
    merger = Merger()
    merger.offer([point(1, 0.5)], EXACT, 0.0, is_best=True)
    merger.offer([point(1, 0.5), point(2, 0.4)], ROWS, 0.0, is_best=False)
    assert merger.settle(GRACE_SECONDS) == [point(2, 0.4)]


def test_that_a_step_that_was_passed_is_not_filled_in_later() -> None:
    merger = Merger()
    merger.offer([point(1, 0.5), point(3, 0.3)], EXACT, 0.0, is_best=True)
    merger.offer([point(2, 0.4)], ROWS, 0.0, is_best=False)
    assert merger.settle(None) == []


def test_that_an_exact_value_replaces_a_rounded_one() -> None:
    merger = Merger()
    merger.offer([point(1, 0.5123, exact=False)], LOG, 0.0, is_best=True)
    assert len(merger.settle(None)) == 1
    assert merger.offer([point(1, 0.51234)], LOG, 0.0, is_best=True) == [point(1, 0.51234)]


def test_that_the_same_value_from_a_better_file_is_no_news() -> None:
    merger = Merger()
    merger.offer([point(1, math.nan)], ROWS, 0.0, is_best=True)
    assert merger.offer([point(1, math.nan)], EXACT, 0.0, is_best=True) == []


def test_that_a_restarted_run_goes_back() -> None:
    merger = Merger()
    steps = [point(1, 0.5), point(2, 0.4), point(1, 0.45)]
    assert merger.offer(steps, EXACT, 0.0, is_best=True) == steps


def test_that_a_figure_keeps_its_first_tag() -> None:
    merger = Merger()
    merger.offer([point(1, 0.5, "val_loss")], EXACT, 0.0, is_best=True)
    merger.offer([point(2, 0.4, "Val/Loss")], ROWS, 0.0, is_best=False)
    assert [kept.tag for kept in merger.settle(None)] == ["val_loss"]


def test_that_two_tags_of_one_file_stay_apart() -> None:
    merger = Merger()
    kept = merger.offer([point(1, 0.5, "loss"), point(1, 0.6, "train_loss")], EXACT, 0.0, is_best=True)
    assert [item.tag for item in kept] == ["loss", "train_loss"]


def test_that_epochs_counted_from_one_are_no_news_beside_those_from_zero() -> None:
    merger = Merger("csv")
    table = [Point("loss", epoch, 0.0, 0.5 / (epoch + 1)) for epoch in range(3)]
    log = [Point("loss", epoch, 0.0, round(0.5 / epoch, 4)) for epoch in (1, 2, 3)]
    assert merger.offer(table, ROWS, 0.0, is_best=True) == table
    assert merger.offer(log, LOG, 0.0, is_best=False) + merger.settle(None) == []


def test_that_a_log_of_epochs_adds_nothing_to_a_curve_of_steps() -> None:
    merger = Merger("tensorboard")
    events = [Point("Loss/train", step, 0.0, 1.0 / step, "step") for step in (1, 2)]
    merger.offer(events, ROWS, 0.0, is_best=True)
    merger.offer([Point("Train Loss", 3, 0.0, 0.25)], LOG, 0.0, is_best=False)
    assert merger.settle(None) == []
