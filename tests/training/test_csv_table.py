from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training.formats.csv_table import CsvTable, step_column
from crackseg_desktop.training.formats.lightning_csv import LightningCsv
from crackseg_desktop.training.formats.ultralytics_csv import UltralyticsCsv

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.base import LineParser, Point

NOON = 1_795_435_200.0


def read(parser: LineParser, text: str, time: float = NOON) -> list[Point]:
    parser.feed(text.encode(), time)
    return parser.take()


def figures(points: list[Point]) -> list[tuple[str, int, float]]:
    return [(point.tag, point.step, point.value) for point in points]


@pytest.mark.parametrize(
    "text", ["epoch,loss,acc\n0,1.5,0.25\n", "epoch;loss;acc\r\n0;1,5;0,25\r\n", "epoch\tloss\tacc\n0\t1.5\t0.25\n"]
)
def test_that_a_table_of_any_dialect_is_read(text: str) -> None:
    points = read(CsvTable(), text)
    assert figures(points) == [("loss", 0, 1.5), ("acc", 0, 0.25)]
    assert {point.axis for point in points} == {"epoch"}
    assert {point.time for point in points} == {NOON}


def test_that_nan_is_a_figure_and_words_and_blanks_are_none() -> None:
    assert repr(figures(read(CsvTable(), "step,loss,note\n1,nan,hot\n2,,\n"))) == "[('loss', 1, nan)]"


def test_that_a_row_without_a_step_tells_nothing() -> None:
    assert read(CsvTable(), "epoch,loss\n,0.5\n1.5,0.5\n") == []


def test_that_a_header_that_comes_again_begins_anew() -> None:
    points = read(CsvTable(), "epoch,loss\n1,0.5\nepoch,loss\n1,0.7\n")
    assert figures(points) == [("loss", 1, 0.5), ("loss", 1, 0.7)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epoch,acc,loss\n2,0.75,0.7\n", [("acc", 2, 0.75), ("loss", 2, 0.7)]),
        ("epoch,loss,acc,lr\n2,0.7,0.75,0.1\n", [("loss", 2, 0.7), ("acc", 2, 0.75), ("lr", 2, 0.1)]),
        ("step,loss\n2,0.7\n", [("loss", 2, 0.7)]),
        ("step,epoch,none\n", []),
        ("2,high,epoch\n", []),
    ],
)
def test_that_another_header_is_the_one_of_what_follows(text: str, expected: list[tuple[str, int, float]]) -> None:
    points = read(CsvTable(), f"epoch,loss,acc\n1,0.5,0.25\n{text}")
    assert figures(points) == [("loss", 1, 0.5), ("acc", 1, 0.25), *expected]


def test_that_columns_of_one_name_are_told_apart() -> None:
    points = read(CsvTable(), "epoch,loss,loss,,loss.1,loss,\n1,1,2,3,4,5,6\n")
    assert figures(points) == [("loss", 1, 1), ("loss.1", 1, 2), ("loss.1.1", 1, 4), ("loss.2", 1, 5)]


@pytest.mark.parametrize(
    ("note", "is_whole"),
    [
        ('"a\nb"', True),
        ('"a\n7,8"', True),
        ('"a, ""b""\n\n# c\n"', True),
        ('"never closed', False),
        ('5" pipe', True),
        ('"' + "\n" * 40 + '"', False),
    ],
)
def test_that_a_quoted_cell_may_go_over_several_lines(note: str, *, is_whole: bool) -> None:
    points = read(CsvTable(), f"epoch,note,loss\n1,none,0.5\n2,{note},0.25\n3,none,0.75\n4,none,0.5\n")
    told = figures(points)
    assert told == [("loss", 1, 0.5), *([("loss", 2, 0.25)] if is_whole else []), ("loss", 3, 0.75), ("loss", 4, 0.5)]


def test_that_a_title_may_go_over_several_lines() -> None:
    assert figures(read(CsvTable(), 'epoch,"train\nloss",note\n1,0.5,x\n')) == [("train loss", 1, 0.5)]


def test_that_a_time_of_day_is_a_time_and_seconds_are_not() -> None:
    parser = CsvTable()
    assert read(parser, f"epoch,timestamp,loss\n1,{NOON - 60},0.5\n")[0].time == NOON - 60
    assert parser.clues.first_time == NOON - 60
    assert read(CsvTable(), "epoch,time,loss\n1,12.5,0.5\n")[0].time == NOON


def test_that_the_part_of_a_row_is_put_before_its_tags() -> None:
    points = read(CsvTable(), "epoch,phase,loss\n1,train,0.5\n1,val,0.7\n")
    assert [point.tag for point in points] == ["train/loss", "val/loss"]


@pytest.mark.parametrize(
    ("header", "column", "axis"),
    [
        (["epoch", "step", "loss"], "step", "step"),
        (["epoch", "iter", "loss"], "epoch", "epoch"),
        (["Iteration", "loss"], "Iteration", "step"),
        (["Epoch", "loss"], "Epoch", "epoch"),
        (["epochs", "metric_loss"], None, "epoch"),
    ],
)
def test_that_the_column_that_counts_is_found(header: list[str], column: str | None, axis: str) -> None:
    assert step_column(header) == (column, axis)


def test_that_lightning_counts_steps_and_tells_finished_epochs() -> None:
    parser = LightningCsv()
    points = read(parser, "epoch,lr-SGD,step,train_loss_step,val_loss\n,0.1,0,,\n0,,1,0.5,\n")
    assert figures(points) == [("lr-SGD", 0, 0.1), ("train_loss_step", 1, 0.5)]
    assert {point.axis for point in points} == {"step"}
    assert parser.clues.epoch is None
    assert figures(read(parser, "0,,4,,0.7\n")) == [("val_loss", 4, 0.7)]
    assert parser.clues.epoch == 1
    read(parser, "1,,5,0.4,\n")
    assert parser.clues.epoch == 1


def test_that_padded_cells_of_older_versions_are_read() -> None:
    text = "      epoch,   train/box_loss, x/lr0\n          0,          0.06619,  0.01\n"
    assert figures(read(UltralyticsCsv(), text)) == [("train/box_loss", 0, 0.06619), ("x/lr0", 0, 0.01)]


def test_that_elapsed_seconds_become_times() -> None:
    parser = UltralyticsCsv()
    points = read(parser, "epoch,time,train/box_loss\n1,100,0.5\n2,190,0.4\n")
    assert [point.time for point in points] == [NOON - 90, NOON]
    assert [point.time for point in read(parser, "3,290,0.3\n", NOON + 103)] == [NOON + 100]


def test_that_a_training_appended_to_a_table_comes_after_the_one_before() -> None:
    points = read(UltralyticsCsv(), "epoch,time,train/box_loss\n1,100,0.5\n2,200,0.4\n1,80,0.5\n2,160,0.4\n")
    assert [point.time - NOON for point in points] == [-260, -160, -80, 0]
