from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.detectron2_json import Detectron2Json
from crackseg_desktop.training.formats.json_rows import JsonRows
from crackseg_desktop.training.formats.mmengine_json import MmcvJson, MmengineJson

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.base import LineParser, Point

NOON = 1_795_435_200.0


def read(parser: LineParser, *lines: str) -> list[Point]:
    parser.feed("".join(f"{line}\n" for line in lines).encode(), NOON)
    return parser.take()


def figures(points: list[Point]) -> list[tuple[str, int, float, str]]:
    return [(point.tag, point.step, point.value, point.axis) for point in points]


def test_that_rows_are_read_by_step_or_epoch() -> None:
    points = read(JsonRows(), '{"step": 5, "epoch": 0.5, "loss": 1.5, "note": "x"}', '{"epoch": 2, "val": {"loss": 2}}')
    assert figures(points) == [("loss", 5, 1.5, "step"), ("val/loss", 2, 2.0, "epoch")]


def test_that_only_a_time_of_day_is_a_time() -> None:
    (point,) = read(JsonRows(), f'{{"_step": 1, "_timestamp": {NOON - 5}, "loss": 1}}')
    assert (point.tag, point.time) == ("loss", NOON - 5)
    assert figures(read(JsonRows(), '{"step": 1, "time": 0.25}')) == [("time", 1, 0.25, "step")]


def test_that_detectron2_writes_nan_bare() -> None:
    parser = Detectron2Json()
    points = read(parser, '{"iteration": 19, "total_loss": NaN, "lr": 1e-05}', '{"iteration": 39, "bbox/AP": 3.5}')
    assert math.isnan(points[0].value)
    assert figures(points[1:]) == [("lr", 19, 1e-05, "step"), ("bbox/AP", 39, 3.5, "step")]


def test_that_a_validation_of_mmengine_is_at_the_step_of_its_training() -> None:
    points = read(
        MmengineJson(),
        '{"lr": 0.01, "loss": 0.5, "iter": 10, "step": 10}',
        '{"aAcc": 90.1, "mIoU": 50.4, "time": 0.5, "step": 10}',
    )
    assert figures(points) == [
        ("lr", 10, 0.01, "step"),
        ("loss", 10, 0.5, "step"),
        ("aAcc", 10, 90.1, "step"),
        ("mIoU", 10, 50.4, "step"),
        ("val/time", 10, 0.5, "step"),
    ]


def test_that_a_validation_of_mmengine_is_at_its_epoch_where_epochs_count() -> None:
    parser = MmengineJson()
    points = read(parser, '{"loss": 0.5, "epoch": 1, "iter": 25, "step": 25}', '{"mIoU": 50.4, "step": 1}')
    assert figures(points) == [("loss", 25, 0.5, "step"), ("mIoU", 1, 50.4, "epoch")]


def test_that_iterations_of_mmcv_that_begin_anew_are_counted_on() -> None:
    points = read(
        MmcvJson(),
        '{"env_info": "x"}',
        '{"mode": "train", "epoch": 1, "iter": 50, "loss": 3}',
        '{"mode": "train", "epoch": 2, "iter": 50, "loss": 2}',
        '{"mode": "val", "epoch": 2, "iter": 7, "lr": 0.1, "mIoU": 0.5}',
    )
    assert figures(points) == [
        ("loss", 50, 3.0, "step"),
        ("loss", 100, 2.0, "step"),
        ("val/lr", 100, 0.1, "step"),
        ("mIoU", 100, 0.5, "step"),
    ]


def test_that_steps_of_mmcv_that_go_on_stay() -> None:
    rows = [
        '{"mode": "train", "epoch": 1, "iter": 50, "loss": 3}',
        '{"mode": "train", "epoch": 2, "iter": 100, "loss": 2}',
    ]
    assert [point.step for point in read(MmcvJson(), *rows)] == [50, 100]
