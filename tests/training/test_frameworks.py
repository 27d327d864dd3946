from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.training.discovery import discover
from crackseg_desktop.training.places import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crackseg_desktop.training.discovery import RunPlan

LOG = "Epoch 1/3, train loss: 0.5, val loss: 0.6\nEpoch 2/3, train loss: 0.4, val loss: 0.5\n"
TABLE = "epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,0.5\n"
ITERATION = "2026/11/23 12:00:00 - mmengine - INFO - Iter(train) [{0}/99]  loss: {0}.0\n"
ROW = '{{"loss": {0}.0, "time": 0.5, "iter": {0}, "step": {0}}}\n'


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def plans(*roots: Path) -> list[RunPlan]:
    found = discover(roots)
    assert found.shared == ()
    return [plan for plan in found.plans if plan.is_wanted]


def told(plan: RunPlan) -> list[tuple[str, Kind]]:
    return [(file.path.name.split(".17")[0], file.kind) for file in plan.files]


def lightning(root: Path) -> None:
    write(root / "lightning_logs/version_0/metrics.csv", "epoch,step,train_loss\n0,49,0.5\n")
    write(root / "lightning_logs/version_0/hparams.yaml", "max_epochs: 9\n")


def ultralytics(root: Path) -> None:
    write(root / "runs/segment/train2/results.csv", "epoch,time,train/box_loss\n1,4.2,0.5\n")
    write(root / "runs/segment/train2/args.yaml", "epochs: 9\n")


def mmengine(root: Path) -> None:
    folder = root / "work_dirs/unet/20261123_120000"
    write(folder / "20261123_120000.log", ITERATION.format(10) + ITERATION.format(20))
    for name in ("20261123_120000.json", "scalars.json"):
        write(folder / "vis_data" / name, ROW.format(10))
    write(folder / "vis_data/config.py", "max_epochs = 9\n")


def mmcv(root: Path) -> None:
    row = '{{"mode": "train", "epoch": 1, "iter": {0}, "loss": {0}.0}}\n'
    write(root / "work_dirs/unet/20261123_120000.log.json", '{"env_info": "x"}\n' + row.format(10) + row.format(20))
    write(root / "work_dirs/unet/20261123_120000.log", ITERATION.format(10) + ITERATION.format(20))


def hugging_face(root: Path) -> None:
    state = {"log_history": [{"epoch": 0.5, "loss": 0.5, "step": 10}], "max_steps": 90, "num_train_epochs": 9}
    for step in (10, 20):
        write(root / f"out/checkpoint-{step}/trainer_state.json", json.dumps(state))


def detectron2(root: Path) -> None:
    write(root / "output/metrics.json", '{"iteration": 19, "total_loss": NaN, "lr": 0.1}\n')
    write(root / "output/log.txt", "d2.utils.events:  iter: 19  total_loss: 3.7\nd2:  iter: 39  total_loss: 3.6\n")


def table(root: Path) -> None:
    write(root / "unet/history.csv", TABLE)


def json_lines(root: Path) -> None:
    write(root / "unet/log.jsonl", '{"epoch": 1, "loss": 0.5}\n')


def text_log(root: Path) -> None:
    write(root / "unet/train_log.txt", LOG)


def table_and_log(root: Path) -> None:
    write(root / "unet/train.log", LOG)
    write(root / "unet/history.csv", TABLE)


@pytest.mark.parametrize(
    ("make", "name", "source", "files"),
    [
        (
            lightning,
            "lightning_logs/version_0",
            "lightning",
            [("metrics.csv", Kind.LIGHTNING), ("hparams.yaml", Kind.PLANNED)],
        ),
        (
            ultralytics,
            "runs/segment/train2",
            "ultralytics",
            [("results.csv", Kind.ULTRALYTICS), ("args.yaml", Kind.PLANNED)],
        ),
        (
            mmengine,
            "work_dirs/unet/20261123_120000",
            "mmengine",
            [
                ("20261123_120000.json", Kind.MMENGINE_JSON),
                ("20261123_120000.log", Kind.MMENGINE_LOG),
                ("config.py", Kind.PLANNED),
            ],
        ),
        (
            mmcv,
            "work_dirs/unet/20261123_120000.log.json",
            "mmcv",
            [("20261123_120000.log.json", Kind.MMCV_JSON), ("20261123_120000.log", Kind.MMENGINE_LOG)],
        ),
        (hugging_face, "out", "huggingface", [("trainer_state.json", Kind.TRAINER_STATE)]),
        (detectron2, "output", "detectron2", [("metrics.json", Kind.DETECTRON2), ("log.txt", Kind.TEXT_LOG)]),
        (table, "unet/history.csv", "csv", [("history.csv", Kind.CSV)]),
        (json_lines, "unet/log.jsonl", "jsonl", [("log.jsonl", Kind.JSON_LINES)]),
        (text_log, "unet/train_log.txt", "log", [("train_log.txt", Kind.TEXT_LOG)]),
        (table_and_log, "unet/train.log", "csv", [("history.csv", Kind.CSV), ("train.log", Kind.TEXT_LOG)]),
    ],
)
def test_that_each_training_is_one_run(
    tmp_path: Path, make: Callable[[Path], None], name: str, source: str, files: list[tuple[str, Kind]]
) -> None:
    make(tmp_path)
    (plan,) = plans(tmp_path)
    assert (plan.name, plan.source, told(plan)) == (name, source, files)
    assert plan.path == tmp_path / name


@pytest.mark.parametrize("make", [lightning, ultralytics, mmengine, hugging_face, detectron2])
def test_that_the_folder_of_a_run_gives_the_same_run(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    (whole,) = plans(tmp_path)
    (plan,) = plans(whole.path)
    assert (plan.key, plan.files, plan.name) == (whole.key, whole.files, whole.path.name)


def test_that_a_checkpoint_alone_gives_the_run_of_its_output_folder(tmp_path: Path) -> None:
    hugging_face(tmp_path)
    (plan,) = plans(tmp_path / "out" / "checkpoint-10")
    assert (plan.name, plan.path) == ("out", tmp_path / "out")


@pytest.mark.parametrize(
    ("make", "folder"),
    [
        (lightning, "lightning_logs/version_0"),
        (ultralytics, "runs/segment/train2"),
        (mmengine, "work_dirs/unet/20261123_120000/vis_data"),
        (detectron2, "output"),
        (hugging_face, "out/runs/Nov23_12-00-00_host"),
        (hugging_face, "out/logs"),
        (text_log, "unet"),
        (text_log, "unet/tensorboard"),
        (table, "unet/runs"),
        (table_and_log, "unet/logs"),
    ],
)
def test_that_event_files_and_tables_and_logs_are_one_run_from_the_first_file_on(
    tmp_path: Path, make: Callable[[Path], None], folder: str, event_log: Any
) -> None:
    event_log(tmp_path / folder)
    (events,) = plans(tmp_path)
    make(tmp_path)
    (plan,) = plans(tmp_path)
    assert {file.path for file in events.files} < {file.path for file in plan.files}
    if not folder.endswith("vis_data"):
        assert plan.key == events.key


def test_that_a_training_resumed_is_one_run_with_its_event_files_in_order_of_time(
    tmp_path: Path, event_log: Any
) -> None:
    folders = [tmp_path / "out/runs" / name for name in ("Nov30_host", "Nov30_host/1795", "Dec01_host")]
    paths = [folder / f"events.out.tfevents.{1_795_435_200 + number}.host" for number, folder in enumerate(folders)]
    for path in paths:
        event_log(path.parent, ".new").path.rename(path)
    hugging_face(tmp_path)
    (plan,) = plans(tmp_path)
    assert plan.key == str(folders[0])
    assert [file.path for file in plan.files if file.kind is Kind.EVENTS] == paths


def test_that_the_log_of_mmengine_alone_is_the_run_it_will_be(tmp_path: Path) -> None:
    mmengine(tmp_path)
    (whole,) = plans(tmp_path)
    for path in (whole.path / "vis_data").iterdir():
        path.unlink()
    (plan,) = plans(tmp_path)
    assert (plan.key, plan.name) == (whole.key, whole.name)


def test_that_runs_logged_into_one_folder_stay_apart_and_keep_their_keys(tmp_path: Path) -> None:
    write(tmp_path / "a.log", LOG)
    (first,) = plans(tmp_path)
    write(tmp_path / "b.log", LOG)
    write(tmp_path / "c.csv", TABLE)
    assert {plan.key for plan in plans(tmp_path)} > {first.key}
    assert [plan.name for plan in plans(tmp_path)] == ["c.csv", "a.log", "b.log"]


def test_that_two_logs_beside_event_files_are_not_taken_for_theirs(tmp_path: Path, event_log: Any) -> None:
    event_log(tmp_path / "unet")
    write(tmp_path / "unet/a.log", LOG)
    write(tmp_path / "unet/b.log", LOG)
    assert [plan.name for plan in plans(tmp_path)] == ["unet/a.log", "unet/b.log", "unet"]


def test_that_runs_of_mmcv_in_one_folder_have_each_their_log(tmp_path: Path) -> None:
    mmcv(tmp_path)
    folder = tmp_path / "work_dirs/unet"
    for name in ("20261123_120000.log.json", "20261123_120000.log"):
        write(folder / name.replace("12", "13", 1), (folder / name).read_text())
    assert [len(plan.files) for plan in plans(tmp_path)] == [2, 2]


def test_that_the_log_of_mmcv_alone_is_the_run_it_will_be(tmp_path: Path) -> None:
    mmcv(tmp_path)
    (whole,) = plans(tmp_path)
    (tmp_path / "work_dirs/unet/20261123_120000.log.json").unlink()
    (plan,) = plans(tmp_path)
    assert (plan.key, plan.source) == (whole.key, "mmengine")


@pytest.mark.parametrize("name", ["history.csv", "nohup.txt", "notes.md"])
def test_that_a_file_that_is_named_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, TABLE if name == "history.csv" else LOG)
    (plan,) = plans(path)
    assert plan.path == path


CONSOLE = "2026-11-23 12:00:{0:02},000 - Trainer - INFO - Epoch {0} | Average Training Loss: 0.{0}\n"


def test_that_a_captured_console_of_crackseg_is_its_log_under_any_name(tmp_path: Path) -> None:
    path = write(tmp_path / "console.txt", CONSOLE.format(1) + CONSOLE.format(2))
    (shared,) = discover([tmp_path]).shared
    assert (shared.path, shared.kind, shared.is_copy) == (path, Kind.LOG, False)


def test_that_a_captured_console_beside_the_runs_of_a_checkout_is_a_copy(checkout: Any) -> None:
    checkout.complete()
    write(checkout.root / "console.txt", CONSOLE.format(1) + CONSOLE.format(2))
    assert [shared.is_copy for shared in discover([checkout.root]).shared if shared.path.name == "console.txt"] == [
        True
    ]


def test_that_a_run_of_yolo_named_train_is_no_part_of_another(tmp_path: Path, event_log: Any) -> None:
    for name in ("train", "train2"):
        write(tmp_path / "runs/segment" / name / "args.yaml", "epochs: 9\n")
        event_log(tmp_path / "runs/segment" / name)
    assert [plan.name for plan in plans(tmp_path)] == ["runs/segment/train", "runs/segment/train2"]


def test_that_event_files_of_mmengine_are_the_run_it_will_be(tmp_path: Path, event_log: Any) -> None:
    event_log(tmp_path / "work_dirs/unet/20261123_120000/vis_data")
    (events,) = plans(tmp_path)
    mmengine(tmp_path)
    (plan,) = plans(tmp_path)
    assert (plan.key, plan.name, plan.source) == (events.key, events.name, "mmengine")


def test_that_the_log_of_mmengine_belongs_to_its_run_before_it_has_figures(tmp_path: Path) -> None:
    mmengine(tmp_path)
    log = tmp_path / "work_dirs/unet/20261123_120000/20261123_120000.log"
    log.write_text("2026/11/23 12:00:00 - mmengine - INFO - System environment\n")
    (plan,) = plans(tmp_path)
    assert log in {file.path for file in plan.files}
