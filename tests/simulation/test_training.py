from __future__ import annotations

import itertools
import math
import re

import pytest

from crackseg_desktop import units
from crackseg_desktop.insight.runs import derive
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.readings import CurvePoints, Run, RunFacts, RunState
from crackseg_desktop.simulation.hardware import sample_at
from crackseg_desktop.simulation.timeline import moment
from crackseg_desktop.simulation.training import EPOCH_TAGS, points_until, runs_at

ANCHOR = 1_800_000_000.0


def facts_of(name: str, story_time: float = 0.0) -> RunFacts:
    return next(facts for facts in runs_at(ANCHOR + story_time, ANCHOR) if facts.name == name)


def points_of(name: str, story_time: float = 0.0) -> dict[str, CurvePoints]:
    facts = facts_of(name, story_time)
    return {points.name: points for points in points_until(facts, ANCHOR + story_time, ANCHOR)}


def run_of(name: str, story_time: float = 0.0, *, alive: bool | None = None) -> Run:
    facts, now = facts_of(name, story_time), ANCHOR + story_time
    summary = RunSummary()
    for points in points_until(facts, now, ANCHOR):
        summary.add(points)
    return derive(facts, summary, pid=1 if alive else None, alive=alive, now=now)


MAIN = "swinv2-crack500-360"


def test_that_the_main_run_is_where_the_story_says() -> None:
    run = run_of(MAIN)
    assert run.state == RunState.RUNNING
    assert (run.facts.epoch, run.facts.total_epochs) == (23, 50)
    assert run.facts.started == ANCHOR + moment("12:38")
    assert units.figure("per_hour", run.epochs_per_hour) == "15.9 epochs/h"
    assert units.duration(run.eta_seconds) == "1 h 42 min"
    assert moment("15:47") <= (run.eta_seconds or 0.0) < moment("15:47") + 30


@pytest.mark.parametrize(
    ("name", "value", "epoch"), [("val/iou", "0.612", 23), ("val/dice", "0.759", 23), ("val/loss", "0.402", 23)]
)
def test_that_the_main_run_is_as_good_as_the_story_says(name: str, value: str, epoch: int) -> None:
    best = run_of(MAIN).best[name]
    assert (units.score(best.value), best.epoch) == (value, epoch)


def test_that_epoch_14_reads_as_in_the_picture_of_the_training_page() -> None:
    names = ("val/loss", "train/loss", "val/iou", "val/dice", "val/precision", "val/recall")
    points = points_of(MAIN)
    at_14 = [units.score(points[name].values[13]) for name in names]
    assert at_14 == ["0.476", "0.384", "0.521", "0.685", "0.707", "0.664"]
    assert units.score(points["train/loss"].values[-1]) == "0.318"


def test_that_the_loss_has_its_spike_about_epoch_9() -> None:
    points = points_of(MAIN)
    batch, val = points["train_batch/loss"], points["val/loss"]
    late = [(value, step) for step, value in zip(batch.steps, batch.values, strict=True) if step > 7 * 960]
    peak, step = max(late)
    assert 0.62 < peak < 0.70
    assert 8 * 960 < step <= 9 * 960
    assert val.values[8] > val.values[7] > val.values[9]


def test_that_the_batches_are_noise_about_the_epoch_means() -> None:
    points = points_of(MAIN)
    batch, train = points["train_batch/loss"], points["train/loss"]
    assert 2000 < len(batch.values) < 3000
    for epoch in (3, 14, 23):
        values = batch.values[(epoch - 1) * 96 : epoch * 96]
        assert sum(values) / 96 == pytest.approx(train.values[epoch - 1], abs=0.02)
        assert max(values) - min(values) > 0.03


def test_that_tags_names_and_axes_are_those_of_crackseg() -> None:
    curves = list(points_until(facts_of(MAIN), ANCHOR, ANCHOR))
    assert {(points.tag, points.name, points.axis) for points in curves} == {
        ("train_batch/batch_loss", "train_batch/loss", "step"),
        *((tag, name, "epoch") for tag, name in EPOCH_TAGS),
    }
    for points in curves:
        assert len(points.steps) == len(points.wall_times) == len(points.values)
        assert all(before < after for before, after in itertools.pairwise(points.steps))
        assert all(before < after for before, after in itertools.pairwise(points.wall_times))
        assert points.wall_times[-1] <= ANCHOR


@pytest.mark.parametrize(
    ("name", "state", "epochs", "iou", "dice"),
    [
        ("swinv2-pycrackdb-320", RunState.FINISHED, (50, 50), "0.694", "0.819"),
        ("unet-pycrackdb-320", RunState.FAILED, (7, 50), "0.402", "0.573"),
        ("swinv2-crack500-320", RunState.FINISHED, (50, 50), "0.681", "0.810"),
        ("convnext-crack500-320", RunState.FINISHED, (50, 50), "0.655", "0.792"),
        ("segformer-crack500-b2", RunState.INTERRUPTED, (31, 50), "0.598", "0.748"),
        ("unet-crack500-320", RunState.FINISHED, (50, 50), "0.587", "0.740"),
        ("swinv2-smoke-test", RunState.FINISHED, (2, 2), "0.208", "0.344"),
    ],
)
def test_that_earlier_runs_ended_as_the_story_says(
    name: str, state: RunState, epochs: tuple[int, int], iou: str, dice: str
) -> None:
    run = run_of(name)
    assert run.state == state
    assert (run.facts.epoch, run.facts.total_epochs) == epochs
    assert units.score(run.best["val/iou"].value) == iou
    assert units.score(run.best["val/dice"].value) == dice


@pytest.mark.parametrize(
    ("name", "started", "lasted"),
    [("swinv2-pycrackdb-320", "08:10", "2 h 51 min"), ("unet-pycrackdb-320", "11:31", "24 min")],
)
def test_that_the_runs_of_the_morning_began_and_ended_when_the_story_says(name: str, started: str, lasted: str) -> None:
    facts = facts_of(name)
    assert facts.ending is not None
    assert facts.started == ANCHOR + moment(started)
    assert units.duration((facts.ending.time or 0.0) - facts.started) == lasted


def test_that_the_failed_run_lost_its_loss_in_epoch_7() -> None:
    run = run_of("unet-pycrackdb-320")
    assert [(finding.kind, finding.step) for finding in run.findings] == [("nan", 7)]
    assert math.isnan(run.latest["train/loss"])
    assert run.reason == "NaN loss since epoch 7"


def test_that_a_training_whose_process_no_longer_moves_is_stalled() -> None:
    run = run_of("deeplab-crack500-r50", alive=True)
    assert run.state == RunState.STALLED
    assert (run.facts.epoch, units.score(run.best["val/iou"].value)) == (12, "0.431")


def test_that_a_run_without_points_is_unknown() -> None:
    run = run_of("baseline-import")
    assert run.state == RunState.UNKNOWN
    assert (run.facts.epoch, run.best) == (None, {})


def test_that_runs_are_simulated_have_stable_ids_and_come_newest_first() -> None:
    runs = runs_at(ANCHOR, ANCHOR)
    assert len(runs) == 10
    assert all(facts.simulated and re.fullmatch(r"[0-9a-f]{10}", facts.id) for facts in runs)
    assert len({facts.id for facts in runs}) == len(runs)
    assert [facts.id for facts in runs] == [facts.id for facts in runs_at(5.0, 5.0)]
    assert [facts.started for facts in runs] == sorted((facts.started or 0.0 for facts in runs), reverse=True)
    assert len(runs_at(ANCHOR + moment("08:00"), ANCHOR)) == len(runs) - 3


def test_that_the_process_of_the_main_run_holds_its_file_open() -> None:
    (process, _) = sample_at(ANCHOR, 0.0, ANCHOR).processes
    facts = facts_of(MAIN)
    assert process.pid == 48213
    assert set(process.open_files) == set(facts.files)
    assert process.started < (facts.started or 0.0)


def test_that_the_last_sign_of_life_is_the_newest_point() -> None:
    for story_time in (-5000.0, -20.0, -4.0, 0.0, 100.0, 215.0, moment("16:00")):
        facts = facts_of(MAIN, story_time)
        newest = max(points.wall_times[-1] for points in points_of(MAIN, story_time).values())
        assert facts.updated == pytest.approx(newest, abs=1e-3)
        assert facts.step == points_of(MAIN, story_time)["train_batch/loss"].steps[-1]


def test_that_points_told_in_parts_are_those_told_at_once() -> None:
    facts, parts = facts_of(MAIN), [0.0, 1.0, 2.5, 199.0, 223.0, 224.0, 460.0]
    for tag in ("train_batch/batch_loss", "train/epoch_loss", "val_iou"):
        told = [
            value
            for since, until in itertools.pairwise([-math.inf, *(ANCHOR + part for part in parts)])
            for points in points_until(facts, until, ANCHOR, since=since)
            if points.tag == tag
            for value in points.values
        ]
        (whole,) = (points for points in points_until(facts, ANCHOR + 460.0, ANCHOR) if points.tag == tag)
        assert told == list(whole.values)


def test_that_the_demo_shows_life_within_seconds_and_an_epoch_within_four_minutes() -> None:
    facts = facts_of(MAIN)
    soon = list(points_until(facts, ANCHOR + 5.0, ANCHOR, since=ANCHOR))
    assert [points.name for points in soon] == ["train_batch/loss"]
    later = {points.name for points in points_until(facts, ANCHOR + 240.0, ANCHOR, since=ANCHOR)}
    assert {"val/iou", "val/loss", "train/loss"} <= later


def test_that_the_main_run_goes_on_to_finish_at_a_likely_iou() -> None:
    running, done = run_of(MAIN, 240.0), run_of(MAIN, moment("15:48"))
    assert (running.facts.epoch, running.state) == (24, RunState.RUNNING)
    assert (done.facts.epoch, done.state) == (50, RunState.FINISHED)
    assert 0.65 < done.best["val/iou"].value < 0.71
    assert done.findings == ()


def test_that_all_scores_are_shares_and_dice_follows_from_iou() -> None:
    for facts in runs_at(ANCHOR + moment("16:00"), ANCHOR):
        curves = {points.name: points.values for points in points_until(facts, ANCHOR + moment("16:00"), ANCHOR)}
        for name in ("val/iou", "val/dice", "val/f1", "val/precision", "val/recall"):
            assert all(0.0 <= value <= 1.0 for value in curves.get(name, ()))
        for iou, dice in zip(curves.get("val/iou", ()), curves.get("val/dice", ()), strict=True):
            assert dice == pytest.approx(2 * iou / (1 + iou))


def test_that_the_story_has_configurations_and_checkpoints() -> None:
    found = {run.name: run for run in runs_at(1e9, 1e9)}
    main, failed = found["swinv2-crack500-360"], found["unet-pycrackdb-320"]
    assert main.config is not None
    assert (main.config.batch_size, main.config.total_epochs, main.config.model) == (12, 50, "SwinV2CnnAsppUNet")
    assert [item.kind for item in main.checkpoints] == [*[None] * 23, "best"]
    assert all(item.time <= 1e9 for run in found.values() for item in run.checkpoints)
    assert [item.kind for item in failed.checkpoints] == [*[None] * 6, "best", None]
    for run in found.values():
        times = [item.time for item in run.checkpoints]
        assert times == sorted(times)
    assert (found["baseline-import"].config, found["baseline-import"].checkpoints) == (None, ())
