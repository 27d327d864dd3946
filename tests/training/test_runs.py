from __future__ import annotations

import json
import math
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.training.runs import FoundRun, find_runs, read_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.training.conftest import Checkout, Layout, TrainingRun

NOON = 1_795_435_200.0


def read(*folders: Path, now: float = NOON + 86_400) -> dict[str, FoundRun]:
    return {found.facts.name: found for found in read_runs(folders, now=now)}


def curve(found: FoundRun, tag: str) -> list[tuple[int, float]]:
    return list(zip(found.curves[tag].steps, found.curves[tag].values, strict=True))


@pytest.mark.parametrize("layout", ["L1", "L2"])
def test_that_a_finished_run_is_read_from_all_its_places(checkout: Checkout, layout: Layout) -> None:
    run = checkout.complete(began=NOON, epochs=3, layout=layout, trainer_later=1.0)
    (found,) = read(checkout.root).values()
    facts = found.facts
    assert (facts.epoch, facts.total_epochs, facts.step) == (3, 3, 3)
    assert facts.ending is not None
    assert facts.ending.kind == "completed"
    assert facts.started == pytest.approx(NOON + 0.3, abs=0.002)
    assert facts.updated == pytest.approx(run.now, abs=0.002)
    assert curve(found, "train/epoch_loss") == [(1, 1.0), (2, 1.0 / 2), (3, 1.0 / 3)]
    assert curve(found, "val_iou") == [(1, 0.1), (2, 0.2), (3, 0.1 * 3)]
    assert found.curves["val_iou"].name == "val/iou"
    assert str(run.log) in facts.files
    assert str(run.metrics) in facts.files


def test_that_a_figure_told_by_several_files_comes_once(checkout: Checkout) -> None:
    checkout.complete(epochs=5)
    (found,) = read(checkout.root).values()
    assert {len(curve) for curve in found.curves.values()} == {5}
    assert len({curve.name for curve in found.curves.values()}) == len(found.curves) == 7


@pytest.mark.parametrize(
    ("missing", "rows_are_exact"), [("metrics", True), ("metrics and log", True), ("metrics, log and rows", True)]
)
def test_that_the_next_exact_file_takes_over(checkout: Checkout, missing: str, rows_are_exact: bool) -> None:
    run = checkout.complete(layout="L2")
    run.metrics.unlink()
    if "log" in missing:
        run.log.unlink()
    if "rows" in missing:
        (run.shared / "validation_metrics.jsonl").unlink()
    (found,) = read(checkout.root).values()
    assert curve(found, "val_iou") == [(1, 0.1), (2, 0.2), (3, 0.1 * 3)]
    assert curve(found, "train/epoch_loss") == [(1, 1.0), (2, 0.5), (3, 1.0 / 3)]


def test_that_early_stopping_is_an_ending(checkout: Checkout) -> None:
    run = checkout.begin(epochs=12)
    run.epoch(1, 1.0, 1.0)
    run.finish(early=True)
    (found,) = read(checkout.root).values()
    assert found.facts.ending is not None
    assert found.facts.ending.kind == "early_stopping"
    assert (found.facts.epoch, found.facts.total_epochs) == (1, 12)


def test_that_a_killed_run_has_no_ending(checkout: Checkout) -> None:
    run = checkout.begin(epochs=50)
    run.epoch(1, 1.0, 1.0)
    run.now += 5
    run.figure("train/epoch_loss", 2, 0.5)
    (found,) = read(checkout.root).values()
    assert found.facts.ending is None
    assert found.facts.epoch == 1  # the second was trained, not validated
    assert curve(found, "train/epoch_loss") == [(1, 1.0), (2, 0.5)]


def test_that_ctrl_c_closes_the_log_and_no_more(checkout: Checkout) -> None:
    run = checkout.begin(epochs=50)
    run.epoch(1, 1.0, 1.0)
    run.close()
    (found,) = read(checkout.root).values()
    assert found.facts.ending is not None
    assert found.facts.ending.kind == "closed"


def test_that_a_run_without_data_failed_whatever_its_status_says(checkout: Checkout) -> None:
    run = checkout.begin()
    run.crash("DataError: Error loading data: Images directory not found: /x/data/none/images")
    info = json.loads((run.inner / "experiment_info.json").read_text())
    assert info["status"] == "completed"
    (found,) = read(checkout.root).values()
    assert found.facts.ending is not None
    assert found.facts.ending.kind == "dataset_error"
    assert found.facts.ending.message is not None
    assert found.facts.ending.message.startswith("DataError: Error loading data")
    assert found.curves == {}
    assert found.facts.epoch is None


def test_that_nan_is_data_and_a_normal_end(checkout: Checkout) -> None:
    run = checkout.begin(epochs=2)
    run.epoch(1, 0.7, 0.7)
    run.epoch(2, math.nan, math.nan)
    run.finish()
    (found,) = read(checkout.root).values()
    assert [math.isnan(value) for _, value in curve(found, "val_loss")] == [False, True]
    assert found.facts.ending is not None
    assert found.facts.ending.kind == "completed"


def test_that_batches_are_steps_and_not_epochs(checkout: Checkout) -> None:
    run = checkout.begin(epochs=2)
    for number in (1, 2):
        for batch in (1, 2, 3):
            run.batch(3 * (number - 1) + batch, 1.0 / batch)
        run.epoch(number, 0.5, 0.5)
    (found,) = read(checkout.root).values()
    batches = found.curves["train_batch/batch_loss"]
    assert (list(batches.steps), batches.axis, batches.name) == ([1, 2, 3, 4, 5, 6], "step", "train_batch/loss")
    assert (found.facts.epoch, found.facts.step) == (2, 6)


def test_that_runs_which_share_files_keep_their_own_figures(checkout: Checkout) -> None:
    first = checkout.complete(began=NOON, epochs=4)
    second = checkout.begin(began=NOON + 600, epochs=9)
    for number in (1, 2):
        second.epoch(number, 3.0, 5.0 + number)
    found = read(checkout.root)
    assert len(found) == 2
    assert curve(found[second.id], "val_loss") == [(1, 6.0), (2, 7.0)]
    assert len(curve(found[first.id], "val_loss")) == 4
    assert found[second.id].facts.ending is None  # the complete summary that lies there is the first run's


def test_that_two_trainings_at_once_do_not_mix(checkout: Checkout) -> None:
    runs = [checkout.begin(name, NOON + 30 * index, epochs=5) for index, name in enumerate(("one", "two"))]
    for number in range(1, 6):
        for index, run in enumerate(runs):
            run.epoch(number, 1.0, 10.0 * (index + 1) + number)
    found = read(checkout.root)
    assert [curve(found[run.id], "val_loss")[-1] for run in runs] == [(5, 15.0), (5, 25.0)]
    assert len(found) == 2


def test_that_rows_of_runs_whose_folders_are_gone_are_runs(checkout: Checkout) -> None:
    old = [checkout.complete(began=NOON + 600 * index, epochs=index + 1) for index in range(3)]
    for run in old[:2]:
        shutil.rmtree(run.folder)
        shutil.rmtree(run.inner)
    found = read(checkout.root)
    assert set(found) == {"validation_metrics#1", "validation_metrics#2", old[2].id}
    assert [len(found[f"validation_metrics#{number}"].curves["val_loss"]) for number in (1, 2)] == [1, 2]


def test_that_a_run_without_figures_of_its_own_gets_its_rows(checkout: Checkout) -> None:
    run = checkout.complete(began=NOON)
    other = checkout.complete(began=NOON + 600)
    run.metrics.unlink()
    run.log.unlink()
    run.experiment_log.unlink()
    found = read(checkout.root)
    assert set(found) == {run.id, other.id}
    assert curve(found[run.id], "val_loss") == [(1, 2.0), (2, 1.0), (3, 2.0 / 3)]


def test_that_the_log_in_the_working_folder_is_cut_by_run(checkout: Checkout) -> None:
    runs = [checkout.complete(began=NOON + 600 * index) for index in range(2)]
    interrupted = checkout.begin(began=NOON + 1200)
    interrupted.epoch(1, 1.0, 1.0)
    interrupted.close()
    text = ""
    for run in (*runs, interrupted):
        text += run.log.read_text()
        run.log.unlink()
    (checkout.root / "run.log").write_text(text)
    found = read(checkout.root)
    endings = [found[run.id].facts.ending for run in (*runs, interrupted)]
    assert [ending.kind for ending in endings if ending is not None] == ["completed", "completed", "closed"]
    assert len(found) == 3


def test_that_a_restarted_run_keeps_its_older_branch(checkout: Checkout) -> None:
    run = checkout.begin(epochs=4)
    for number, loss in ((1, 1.0), (2, 0.9), (3, 0.8), (2, 0.85), (3, 0.7)):
        run.epoch(number, 0.5, loss)
    (found,) = read(checkout.root).values()
    assert curve(found, "val_loss") == [(1, 1.0), (2, 0.9), (3, 0.8), (2, 0.85), (3, 0.7)]
    assert list(found.curves["val_loss"].current().values) == [1.0, 0.85, 0.7]
    assert found.facts.epoch == 3


def test_that_ids_are_ten_hex_digits_and_stay(checkout: Checkout) -> None:
    run = checkout.begin()
    (before,) = read(checkout.root).values()
    run.epoch(1, 1.0, 1.0)
    run.finish()
    (after,) = read(checkout.root).values()
    assert before.facts.id == after.facts.id
    assert len(after.facts.id) == 10
    int(after.facts.id, 16)


def test_that_event_files_are_read_in_the_order_of_their_names(tmp_path: Path, event_log: Any) -> None:
    later, earlier = event_log(tmp_path, ".b"), event_log(tmp_path, ".a")
    later.scalar("loss", 5, 2.0, NOON + 2)
    earlier.scalar("loss", 9, 1.0, NOON + 1)
    later.path.rename(tmp_path / "events.out.tfevents.1700000100.host.12.0")
    earlier.path.rename(tmp_path / "events.out.tfevents.1700000000.host.11.0")
    (found,) = read(tmp_path).values()
    assert curve(found, "loss") == [(9, 1.0), (5, 2.0)]
    assert found.facts.writer == ("host", 12)
    assert found.facts.step == 5


def test_that_keras_folders_make_one_run_with_prefixed_tags(tmp_path: Path, event_log: Any) -> None:
    for part, loss in (("train", 0.5), ("validation", 0.25)):
        log = event_log(tmp_path / "fit" / part)
        for step in range(3):
            log.tensor("epoch_loss", step, dtype=1, float_val=[loss])
    (found,) = read(tmp_path).values()
    assert {tag: curve.name for tag, curve in found.curves.items()} == {
        "train/epoch_loss": "train/loss",
        "validation/epoch_loss": "val/loss",
    }
    assert found.curves["train/epoch_loss"].axis == "epoch"
    assert found.facts.epoch == 3


def test_that_epochs_of_the_older_crackseg_count_from_zero(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "model1")
    for step in range(2):
        for tag in ("Loss/train", "Loss/val", "Metrics/iou"):
            log.scalar(tag, step, 0.5)
    (found,) = read(tmp_path).values()
    assert found.facts.epoch == 2
    assert found.curves["Metrics/iou"].name == "val/iou"


def test_that_an_empty_event_file_is_noted(tmp_path: Path, event_log: Any, touch_old: Callable[[Path], None]) -> None:
    log = event_log(tmp_path)
    log.scalar("loss", 1, 0.5)
    (tmp_path / "events.out.tfevents.1700000000.host.1.0").write_bytes(b"")
    touch_old(tmp_path)
    (found,) = read(tmp_path).values()
    assert curve(found, "loss") == [(1, 0.5)]
    assert found.facts.notes == ("events.out.tfevents.1700000000.host.1.0 is empty",)


def test_that_a_log_in_another_encoding_is_read(checkout: Checkout) -> None:
    run = checkout.complete()
    run.metrics.unlink()
    run.log.write_bytes(run.log.read_text().replace("Starting", "Comenzó").encode("utf-16"))
    (found,) = read(checkout.root).values()
    assert curve(found, "val_iou") == [(1, 0.1), (2, 0.2), (3, 0.1 * 3)]


def test_that_a_file_that_cannot_be_read_stops_no_other(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    run = checkout.complete()
    _refuse(monkeypatch, run.metrics)
    (found,) = read(checkout.root).values()
    assert curve(found, "val_iou") == [(1, 0.1), (2, 0.2), (3, 0.1 * 3)]
    assert found.facts.notes == ("metrics.jsonl cannot be read: Permission denied",)


def _refuse(monkeypatch: pytest.MonkeyPatch, refused: Path) -> None:
    """Rights do not keep root out, so the refusal is played."""
    opening = os.open

    def play(path: Any, *args: Any, **options: Any) -> int:
        if path == refused:
            raise PermissionError(13, "Permission denied", str(path))
        return opening(path, *args, **options)

    monkeypatch.setattr(os, "open", play)


def test_that_a_last_line_without_an_end_counts_once_nobody_writes_it(
    checkout: Checkout, touch_old: Callable[[Path], None]
) -> None:
    run = checkout.begin(began=NOON - 90_000)
    run.epoch(1, 1.0, 1.0)
    run.metrics.unlink()
    run.log.write_text(run.log.read_text() + f"[2026-11-23 11:00:00,000][experiment.{run.name}][INFO] - [2] lr: 0.5")
    (found,) = read(checkout.root, now=run.log.stat().st_mtime).values()
    assert curve(found, "lr") == [(1, 0.001)]
    touch_old(run.log.parent)
    (found,) = read(checkout.root).values()
    assert curve(found, "lr") == [(1, 0.001), (2, 0.5)]


def test_that_the_newest_run_comes_first(checkout: Checkout) -> None:
    names = [checkout.complete(began=NOON + 600 * index).id for index in range(3)]
    assert [found.facts.name for found in read_runs([checkout.root])] == names[::-1]


@pytest.fixture
def three(checkout: Checkout) -> list[TrainingRun]:
    return [checkout.complete(began=NOON + 600 * index) for index in range(3)]


def test_that_a_run_is_found_by_id_name_folder_and_file(checkout: Checkout, three: list[TrainingRun]) -> None:
    wanted = read(checkout.root)[three[1].id].facts
    for argument in (wanted.id, wanted.name, str(three[1].folder), str(three[1].inner)):
        assert [found.facts for found in find_runs(argument, [checkout.root], now=NOON + 86_400)] == [wanted]
    (by_file,) = find_runs(str(three[1].metrics), [])
    assert set(by_file.curves) >= {"val_loss", "lr"}


def test_that_an_ambiguous_argument_gives_all_candidates(checkout: Checkout, three: list[TrainingRun]) -> None:
    assert len(find_runs(str(checkout.root), [])) == 3
    assert len(find_runs(str(three[0].shared / "validation_metrics.jsonl"), [])) == 3


def test_that_an_argument_that_means_nothing_gives_nothing(checkout: Checkout, three: list[TrainingRun]) -> None:
    assert find_runs("nothing", [checkout.root]) == []
    assert find_runs("/no/such/folder", [checkout.root]) == []
    assert find_runs("nothing", []) == []


def test_that_an_event_run_is_found_by_the_end_of_its_name(tmp_path: Path, event_log: Any) -> None:
    for name in ("one", "two"):
        event_log(tmp_path / "runs" / name).scalar("loss", 1, 0.5)
    assert [found.facts.name for found in find_runs("two", [tmp_path])] == ["runs/two"]


def test_that_a_learning_rate_told_at_its_begin_is_no_end_of_an_epoch(tmp_path: Path) -> None:
    rows = ['{"epoch": 1, "lr": 0.1}', '{"epoch": 1, "train_loss": 0.5}', '{"epoch": 2, "lr": 0.1}']
    (tmp_path / "metrics.jsonl").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    (run,) = read_runs([tmp_path])
    assert run.facts.epoch == 1
