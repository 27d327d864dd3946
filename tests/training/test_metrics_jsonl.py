from __future__ import annotations

import math

import pytest

from crackseg_desktop.training.formats.metrics_jsonl import MetricsJsonl

LONG = '{"name": "val_loss", "value": 0.1, "step": 3, "timestamp": "2026-11-23T12:00:00.5"}\n'


def read(text: str, fallback_time: float = 5.0) -> MetricsJsonl:
    parser = MetricsJsonl()
    parser.feed(text.encode(), fallback_time)
    return parser


def test_that_a_figure_keeps_every_bit_of_its_value() -> None:
    (point,) = read('{"name": "val_iou", "value": 1.8463727213813286e-09, "step": 1}\n').take()
    assert point.value == 1.8463727213813286e-09


def test_that_bare_nan_and_infinity_are_values() -> None:
    rows = "".join(f'{{"name": "val_loss", "value": {text}, "step": 1}}\n' for text in ("NaN", "Infinity", "-Infinity"))
    values = [point.value for point in read(rows).take()]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def test_that_batches_count_steps_and_all_else_epochs() -> None:
    rows = LONG + '{"name": "train_batch/batch_loss", "value": 0.1, "step": 40}\n'
    assert [(point.step, point.axis) for point in read(rows).take()] == [(3, "epoch"), (40, "step")]


def test_that_rows_without_a_step_are_counted() -> None:
    rows = '{"name": "note", "value": 1}\n{"name": "note", "value": 2}\n'
    assert [(point.step, point.axis) for point in read(rows).take()] == [(0, "step"), (1, "step")]


def test_that_a_naive_timestamp_is_local_time() -> None:
    parser = read(LONG)
    (point,) = parser.take()
    assert point.time == parser.clues.last_time
    assert math.isclose(point.time % 1, 0.5)


def test_that_half_a_line_waits_for_the_rest() -> None:
    parser, data = MetricsJsonl(), LONG.encode()
    assert parser.feed(data[:30], 0.0) == 0
    assert parser.take() == []
    assert parser.feed(data, 0.0) == len(data)
    assert len(parser.take()) == 1


def test_that_an_object_that_closes_needs_no_line_end() -> None:
    parser = MetricsJsonl()
    data = LONG.strip().encode()
    assert parser.feed(data, 0.0) == len(data)
    assert len(parser.take()) == 1


def test_that_wide_rows_are_one_point_a_column() -> None:
    points = read('{"epoch": 2, "loss": 0.47, "val_loss": 0.48, "lr": 0.001}\n', fallback_time=9.0).take()
    assert {point.tag: point.value for point in points} == {"loss": 0.47, "val_loss": 0.48, "lr": 0.001}
    assert {(point.step, point.time) for point in points} == {(2, 9.0)}


def test_that_a_file_of_zeros_is_a_placeholder() -> None:
    zeros = "".join(f'{{"epoch": {epoch}, "train_loss": 0.0, "val_iou": 0.0}}\n' for epoch in range(1, 4))
    parser = read(zeros)
    assert parser.take() == []
    parser.feed(b'{"epoch": 4, "train_loss": 0.5, "val_iou": 0.0}\n', 0.0)
    assert [point.step for point in parser.take() if point.tag == "val_iou"] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "row",
    [
        "not json",
        "[1, 2]",
        "{}",
        '{"name": "x"}',
        '{"name": "x", "value": "abc", "step": 1}',
        '{"name": "x", "value": true, "step": 1}',
        '{"name": "x", "value": 1' + "0" * 400 + ', "step": 1}',
        '{"epoch": 1e300, "loss": 1}',
        "[" * 100_000,
    ],
)
def test_that_rows_without_sense_are_passed_over(row: str) -> None:
    parser = read(row + "\n" + LONG)
    assert [point.tag for point in parser.take()] == ["val_loss"]


def test_that_a_line_without_end_cannot_fill_the_memory() -> None:
    parser = MetricsJsonl()
    data = b"x" * (1 << 20)
    assert parser.feed(data, 0.0) == len(data)
    assert parser.clues.notes == ["a line longer than 1 MiB was passed over"]
