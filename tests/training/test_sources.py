from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training import sources
from crackseg_desktop.training.formats.csv_table import CsvTable
from crackseg_desktop.training.formats.hydra_log import HydraLog
from crackseg_desktop.training.formats.json_rows import JsonRows
from crackseg_desktop.training.formats.metrics_jsonl import MetricsJsonl
from crackseg_desktop.training.formats.text_log import TextLog
from crackseg_desktop.training.sources import SETTLED_SECONDS, AppendedFile, Document, TrainerState, parse_config_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crackseg_desktop.training.formats.base import Parser
    from crackseg_desktop.training.sources import Source

NOON = 1_795_435_200.0


def rows(*steps: int) -> str:
    return "".join(f"2026-11-23 12:00:00 - Epoch {step}, loss: {1 / step}\n" for step in steps)


def steps(source: Source, now: float | None = None) -> list[int]:
    now = os.stat(source.path.parent).st_mtime if now is None else now
    return [point.step for portion in source.read(now) for point in portion]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "train.log"


@pytest.fixture
def source(log: Path) -> AppendedFile:
    return AppendedFile(log, 16, TextLog)


def test_that_half_a_line_and_half_a_letter_wait_for_their_rest(log: Path, source: AppendedFile) -> None:
    text = "Épôque 第 epoch 1, loss: 0.5 ✓\nepoch 2, loss: 0.25 ✓\n".encode()
    told: list[int] = []
    for byte in text:
        with log.open("ab") as file:
            file.write(bytes([byte]))
        told += steps(source)
    assert told == [1, 2]


def test_that_a_last_line_without_an_end_counts_when_nobody_writes_any_more(log: Path, source: AppendedFile) -> None:
    log.write_text(rows(1) + "Epoch 2, loss: 0.5")
    written = log.stat().st_mtime
    assert steps(source, written) == [1]
    assert steps(source, written + SETTLED_SECONDS + 1) == [2]
    assert steps(source, written + SETTLED_SECONDS + 2) == []


def rename(log: Path) -> None:
    log.rename(f"{log}.1")


def copy_and_truncate(log: Path) -> None:
    log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate])
@pytest.mark.parametrize("is_looked_at", [True, False])
def test_that_a_rotated_log_is_one_log(
    log: Path, source: AppendedFile, rotate: Callable[[Path], None], *, is_looked_at: bool
) -> None:
    log.write_text(rows(1, 2))
    told = steps(source)
    with log.open("a") as file:
        file.write(rows(3))
    rotate(log)
    if is_looked_at:
        told += steps(source)
    with log.open("a") as file:
        file.write(rows(4))
    told += steps(source)
    with log.open("a") as file:
        file.write(rows(5))
    assert told + steps(source) == [1, 2, 3, 4, 5]
    assert steps(AppendedFile(log, 16, TextLog)) == [1, 2, 3, 4, 5]


def test_that_a_log_rotated_twice_between_two_looks_loses_nothing(log: Path, source: AppendedFile) -> None:
    log.write_text(rows(1))
    told = steps(source)
    with log.open("a") as file:
        file.write(rows(2))
    log.rename(f"{log}.2")
    log.with_name("train.log.1").write_text(rows(3))
    log.write_text(rows(4))
    assert told + steps(source) == [1, 2, 3, 4]


def test_that_a_rotation_that_drops_the_oldest_part_tells_nothing_twice(log: Path, source: AppendedFile) -> None:
    log.with_name("train.log.1").write_text(rows(1, 2))
    log.write_text(rows(3, 4))
    told = steps(source)
    with log.open("a") as file:
        file.write(rows(5))
    os.replace(log, f"{log}.1")
    log.write_text(rows(6))
    assert told + steps(source) == [1, 2, 3, 4, 5, 6]


def test_that_an_epoch_named_before_the_rotation_still_counts(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    source = AppendedFile(log, 14, HydraLog)
    head = "[2026-11-23 12:00:00,000][trainer.metrics][INFO] - "
    log.write_text(f"{head}=== Epoch 7 Summary ===\n")
    assert steps(source) == []
    rename(log)
    log.write_text(f"{head}Train: loss: 0.5\n")
    assert steps(source) == [7]


def test_that_a_table_beside_an_old_copy_is_no_rotated_one(tmp_path: Path) -> None:
    table = tmp_path / "results.csv"
    table.write_text("epoch,loss\n1,0.5\n")
    copy_and_truncate(table)
    table.write_text("epoch,loss\n1,0.5\n2,0.25\n")
    assert steps(AppendedFile(table, 12, CsvTable)) == [1, 2]


def test_that_a_log_truncated_for_a_new_run_is_read_from_its_start(log: Path, source: AppendedFile) -> None:
    log.write_text(rows(1, 2, 3))
    steps(source)
    log.write_text("")
    assert steps(source) == []
    log.write_text(rows(5, 6))
    assert steps(source) == [5, 6]


@pytest.mark.parametrize("make_parser", [TextLog, CsvTable])
def test_that_of_a_file_replaced_by_a_longer_copy_only_what_is_new_is_told(
    tmp_path: Path, make_parser: Callable[[], Parser]
) -> None:
    path, coming = tmp_path / "history.csv", tmp_path / ".history.csv.part"
    source = AppendedFile(path, 12, make_parser)
    lines = ["epoch,loss\n"] if make_parser is CsvTable else ["begin\n"]
    told: list[int] = []
    for epoch in range(1, 6):
        lines.append(f"{epoch},0.{epoch}\n" if make_parser is CsvTable else f"epoch {epoch} loss: 0.{epoch}\n")
        coming.write_text("".join(lines))
        os.replace(coming, path)
        told += steps(source)
    assert told == [1, 2, 3, 4, 5]


def test_that_a_file_replaced_by_another_is_told_from_where_it_differs(log: Path, source: AppendedFile) -> None:
    log.write_text(rows(1, 2, 3))
    steps(source)
    other = log.with_name("other")
    other.write_text(rows(1, 2) + rows(9, 10))
    os.replace(other, log)
    assert steps(source) == [9, 10]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_that_a_named_pipe_in_place_of_a_log_is_not_waited_for(log: Path, source: AppendedFile) -> None:
    log.write_text(rows(1))
    told = steps(source)
    log.unlink()
    if sys.platform != "win32":
        os.mkfifo(log)
    for _ in range(3):
        assert steps(source) == []
    assert source.clues.notes == ["train.log cannot be read: it is no regular file"]
    log.unlink()
    log.write_text(rows(1, 2))
    assert told + steps(source) == [1, 2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
@pytest.mark.parametrize("name", ["config.json", "trainer_state.json"])
def test_that_a_named_pipe_in_place_of_a_document_is_not_waited_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if sys.platform != "win32":
        os.mkfifo(path)
    source = TrainerState(path, 8) if name == "trainer_state.json" else Document(path, 20, parse_config_json)
    assert steps(source) == []


def save(output: Path, step: int, *, folder: str | None = None, whole: bool = True) -> None:
    history = [{"epoch": float(n), "step": n * 10, "loss": 1.0 / n} for n in range(1, step // 10 + 1)]
    path = output / (f"checkpoint-{step}" if folder is None else folder) / "trainer_state.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"log_history": history, "global_step": step})
    path.write_text(text if whole else text[: len(text) // 2])


@pytest.fixture
def state(tmp_path: Path) -> TrainerState:
    return TrainerState(tmp_path / "trainer_state.json", 8)


def test_that_the_newest_checkpoint_tells_what_is_new(tmp_path: Path, state: TrainerState) -> None:
    assert steps(state) == []
    save(tmp_path, 20)
    assert steps(state) == [10, 20]
    save(tmp_path, 100)
    assert steps(state) == list(range(30, 101, 10))
    assert steps(state) == []


def test_that_the_state_of_a_checkpoint_is_waited_for(tmp_path: Path, state: TrainerState) -> None:
    save(tmp_path, 20)
    steps(state)
    (tmp_path / "checkpoint-30").mkdir()
    assert steps(state) == steps(state) == []
    save(tmp_path, 30, whole=False)
    assert steps(state) == []
    save(tmp_path, 30)
    assert steps(state) == [30]


def test_that_a_quiet_folder_is_not_listed(
    tmp_path: Path, state: TrainerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 20)
    steps(state)
    monkeypatch.setattr(sources, "newest_state", lambda folder: pytest.fail("it was listed"))
    assert steps(state) == []


def test_that_the_last_state_lies_in_the_output_folder_itself(tmp_path: Path, state: TrainerState) -> None:
    save(tmp_path, 20)
    steps(state)
    save(tmp_path, 40, folder=".")
    assert steps(state) == [30, 40]


def test_that_a_checkpoint_deleted_while_it_is_read_is_no_trouble(tmp_path: Path, state: TrainerState) -> None:
    save(tmp_path, 20)
    save(tmp_path, 30)
    steps(state)
    (tmp_path / "checkpoint-30" / "trainer_state.json").unlink()
    (tmp_path / "checkpoint-30").rmdir()
    assert steps(state) == []
    save(tmp_path, 40)
    assert steps(state) == [40]


ROW = '{"step": 3, "loss": 0.25}\n'


@pytest.mark.parametrize(
    ("make_parser", "before", "half", "rest", "told_early", "told_late"),
    [
        (CsvTable, "step,loss\n1,0.5\n", "3,1.25", "e-05\n4,1e-05\n", [(3, 1.25)], [(3, 1.25e-05), (4, 1e-05)]),
        (CsvTable, "step,loss\n1,0.5\n", "3,0.25", "\n4,0.125\n", [(3, 0.25)], [(4, 0.125)]),
        (JsonRows, '{"step": 1, "loss": 0.5}\n', ROW[:15], ROW[15:], [], [(3, 0.25)]),
        (MetricsJsonl, '{"step": 1, "loss": 0.5}\n', ROW[:15], ROW[15:], [], [(3, 0.25)]),
        (
            TextLog,
            "Epoch 1: val_loss: 0.5\n",
            "Epoch 3: val_loss: 0.8",
            "075 | val_iou: 0.25\n",
            [(3, 0.8)],
            [(3, 0.8075), (3, 0.25)],
        ),
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_that_a_line_cut_by_a_buffer_is_read_again_when_it_goes_on(
    tmp_path: Path,
    make_parser: Callable[[], Parser],
    before: str,
    half: str,
    rest: str,
    told_early: list[tuple[int, float]],
    told_late: list[tuple[int, float]],
    *,
    is_known: bool,
) -> None:
    path = tmp_path / "log"
    source = AppendedFile(path, 12, make_parser)

    def told(now: float) -> list[tuple[int, float]]:
        return [(point.step, point.value) for portion in source.read(now) for point in portion]

    path.write_text(before if is_known else before + half)
    written = path.stat().st_mtime
    early = told(written)
    if is_known:
        path.write_text(before + half)
    quiet = path.stat().st_mtime + SETTLED_SECONDS + 1
    early += told(quiet)
    assert early == [(1, 0.5), *told_early]
    assert told(quiet + 1) == []
    with path.open("a") as file:
        file.write(rest)
    assert told(quiet + 2) == told_late
    assert source.clues.notes == []


def test_that_what_a_last_line_told_of_the_end_is_forgotten_when_it_goes_on(log: Path, source: AppendedFile) -> None:
    log.write_text(rows(1) + "Training complete")
    steps(source, log.stat().st_mtime + SETTLED_SECONDS + 1)
    assert source.clues.ending is not None
    with log.open("a") as file:
        file.write("ly unexpected\n" + rows(2))
    assert steps(source) == [2]
    assert source.clues.ending is None
