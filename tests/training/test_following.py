"""Other trainings than CrackSeg's, followed live: each writes its files piece by piece as the framework does."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.readings import RunFacts
from crackseg_desktop.training.follower import Follower
from crackseg_desktop.training.merging import GRACE_SECONDS
from crackseg_desktop.training.runs import read_runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import FakeClock
    from tests.training.conftest import Told


class Training(ABC):
    """A training in the making. ``pieces`` cuts each write in so many, of which each is seen."""

    name = ""
    source = ""
    tag = "loss"
    axis = "step"
    begin = ""
    per_epoch = 10

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / self.name
        self.told: list[tuple[int, float]] = []

    @property
    @abstractmethod
    def file(self) -> Path:
        """The file that grows."""

    @abstractmethod
    def row(self, epoch: int, step: int, loss: float) -> str:
        """What is appended for one step or epoch."""

    def step(self, epoch: int, step: int) -> int:
        """The step that its curve has."""
        return step if self.axis == "step" else epoch

    def rows(self, epochs: int) -> list[bytes]:
        """Everything that it appends, a write at a time."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        written = [self.begin.encode()] if self.begin else []
        for epoch in range(1, epochs + 1):
            loss, step = 1 / (epoch + 0.5), epoch * self.per_epoch
            written.append(self.row(epoch, step, loss).encode())
            self.told.append((self.step(epoch, step), loss))
        return written


class Lightning(Training):
    name, source, tag = "lightning_logs/version_3", "lightning", "train_loss"
    begin = "epoch,step,train_loss,val_loss\n"

    @property
    def file(self) -> Path:
        return self.folder / "metrics.csv"

    def row(self, epoch: int, step: int, loss: float) -> str:
        return f"{epoch - 1},{step},{loss!r},\n{epoch - 1},{step},,{2 * loss!r}\n"


class Ultralytics(Training):
    name, source, tag, axis = "runs/segment/train", "ultralytics", "train/box_loss", "epoch"
    begin = "                  epoch,      train/box_loss\r\n"

    @property
    def file(self) -> Path:
        return self.folder / "results.csv"

    def row(self, epoch: int, step: int, loss: float) -> str:
        return f"{epoch:>23},{loss!r:>20}\r\n"


class Mmengine(Training):
    name, source = "work_dirs/unet/20261123_120000", "mmengine"

    @property
    def file(self) -> Path:
        return self.folder / "vis_data" / "20261123_120000.json"

    def row(self, epoch: int, step: int, loss: float) -> str:
        return f'{{"loss": {loss!r}, "iter": {step}, "step": {step}}}\n{{"mIoU": 50.5, "step": {step}}}\n'


class Mmcv(Training):
    name, source, begin = "work_dirs/unet/20261123_120000.log.json", "mmcv", '{"env_info": "Größe"}\n'

    @property
    def file(self) -> Path:
        return self.folder

    def row(self, epoch: int, step: int, loss: float) -> str:
        return f'{{"mode": "train", "epoch": {epoch}, "iter": {self.per_epoch}, "loss": {loss!r}}}\n'


class Detectron2(Training):
    name, source, tag = "output", "detectron2", "total_loss"

    @property
    def file(self) -> Path:
        return self.folder / "metrics.json"

    def row(self, epoch: int, step: int, loss: float) -> str:
        return f'{{"data_time": NaN, "iteration": {step}, "total_loss": {loss!r}}}\n'


class Table(Training):
    name, source, axis, begin = "unet/history.csv", "csv", "epoch", "epoch;loss;val_loss\n"

    @property
    def file(self) -> Path:
        return self.folder

    def row(self, epoch: int, step: int, loss: float) -> str:
        return f"{epoch};{str(loss).replace('.', ',')};0,5\n"


class JsonLines(Training):
    name, source, axis = "unet/log.jsonl", "jsonl", "epoch"

    @property
    def file(self) -> Path:
        return self.folder

    def row(self, epoch: int, step: int, loss: float) -> str:
        return json.dumps({"epoch": epoch, "größe": 1, "loss": loss}, ensure_ascii=False) + "\n"


class Log(Training):
    name, source, tag, axis = "unet/train.log", "log", "val_loss", "epoch"

    @property
    def file(self) -> Path:
        return self.folder

    def row(self, epoch: int, step: int, loss: float) -> str:
        return f"训练 ✓ Epoch {epoch}: val_loss: {loss!r} | val_iou: 0.0902\n"


class Bars(Log):
    """A console with progress bars: the line ends come last."""

    tag = "loss"

    def row(self, epoch: int, step: int, loss: float) -> str:
        bars = "".join(
            f"\rEpoch {epoch}/9: {n * 50}%|███  | {n}/2 [00:01, loss={9 if n < 2 else loss!r}]" for n in (1, 2)
        )
        return f"{bars}\n"


ALL = [Lightning, Ultralytics, Mmengine, Mmcv, Detectron2, Table, JsonLines, Log, Bars]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@pytest.fixture
def follower(tmp_path: Path, told: Told, clock: FakeClock) -> Follower:
    return Follower([tmp_path], told, clock)


def facts(told: Told) -> RunFacts:
    (only,) = told.facts().values()
    return only


@pytest.mark.parametrize("make", ALL)
def test_that_rows_that_come_in_pieces_are_told_once_and_in_order(
    tmp_path: Path, follower: Follower, told: Told, clock: FakeClock, make: type[Training]
) -> None:
    follower.poll()
    training = make(tmp_path)
    for data in training.rows(6):
        for start in range(0, len(data), 23):
            append(training.file, data[start : start + 23])
            clock.advance(2)
            follower.poll()
    assert told.points(training.tag, baseline=False) == training.told
    assert (facts(told).name, facts(told).source) == (training.name, training.source)
    assert told.removed() == []


@pytest.mark.parametrize("make", ALL)
def test_that_a_run_found_at_the_start_is_the_same_as_one_followed(tmp_path: Path, make: type[Training]) -> None:
    training = make(tmp_path)
    training.file.parent.mkdir(parents=True, exist_ok=True)
    training.file.write_bytes(b"".join(training.rows(6)))
    (found,) = read_runs([tmp_path])
    curve = found.curves[training.tag]
    assert list(zip(curve.steps, curve.values, strict=True)) == training.told
    assert (found.facts.name, found.facts.source, curve.axis) == (training.name, training.source, training.axis)


@pytest.mark.parametrize("make", [Table, JsonLines, Log])
def test_that_a_run_is_found_with_its_first_epoch(
    tmp_path: Path, follower: Follower, told: Told, make: type[Training]
) -> None:
    training = make(tmp_path)
    training.file.parent.mkdir(parents=True)
    training.file.write_bytes(b"".join(training.rows(1)))
    follower.poll()
    assert told.points(training.tag) == training.told


def test_that_lightning_may_write_its_table_anew_with_another_column(
    tmp_path: Path, follower: Follower, told: Told
) -> None:
    path = tmp_path / "lightning_logs/version_0/metrics.csv"
    path.parent.mkdir(parents=True)
    path.write_text("epoch,step,train_loss\n0,49,0.5\n0,99,0.4\n")
    follower.poll()
    path.write_text("epoch,step,train_loss,val_loss\n0,49,0.5,\n0,99,0.4,\n0,99,,0.6\n")
    follower.poll()
    append(path, b"1,149,0.3,\n")
    follower.poll()
    assert told.points("train_loss") == [(49, 0.5), (99, 0.4), (149, 0.3)]
    assert told.points("val_loss", baseline=False) == [(99, 0.6)]


@pytest.mark.parametrize(
    ("make", "folder", "tag"),
    [(Lightning, ".", "train_loss"), (Ultralytics, ".", "train/box_loss"), (Mmengine, "vis_data", "loss")],
)
def test_that_event_files_beside_the_files_of_a_framework_double_nothing(
    tmp_path: Path,
    follower: Follower,
    told: Told,
    clock: FakeClock,
    event_log: Any,
    make: type[Training],
    folder: str,
    tag: str,
) -> None:
    training = make(tmp_path)
    rows = training.rows(4)
    events = event_log(training.folder / folder)
    (training.folder / "args.yaml").write_text("epochs: 9\n")
    follower.poll()
    if training.begin:
        append(training.file, rows.pop(0))
    for data, (step, loss) in zip(rows, training.told, strict=True):
        append(training.file, data)
        clock.advance(3)
        follower.poll()
        events.scalar(tag, step, loss, clock.now)
        clock.advance(3)
        follower.poll()
    clock.advance(GRACE_SECONDS)
    follower.poll()
    assert [step for step, _ in told.points(tag)] == [step for step, _ in training.told]
    assert [value for _, value in told.points(tag)] == pytest.approx([loss for _, loss in training.told])
    assert len({event.id for event in told.events if isinstance(event, RunFacts)}) == 1
    assert facts(told).source == training.source
    assert told.removed() == []


def test_that_figures_that_only_one_of_two_files_has_are_all_told(
    tmp_path: Path, follower: Follower, told: Told, event_log: Any
) -> None:
    path = tmp_path / "lightning_logs/version_0/metrics.csv"
    events = event_log(path.parent)
    events.scalar("train_loss", 49, 0.5)
    events.scalar("hp_metric", 0, -1.0)
    path.write_text("epoch,step,train_loss,val_iou\n0,49,0.5,\n0,49,,0.25\n")
    follower.poll()
    assert (told.points("train_loss"), told.points("val_iou")) == ([(49, 0.5)], [(49, 0.25)])
    assert told.points("hp_metric") == [(0, -1.0)]


def save_checkpoint(output: Path, step: int) -> None:
    history = [{"epoch": n / 10, "step": 10 * n, "loss": 1 / n} for n in range(1, step // 10 + 1)]
    history += [{"epoch": n / 10, "step": 10 * n, "eval_loss": 0.5} for n in range(2, step // 10 + 1, 2)]
    path = output / f"checkpoint-{step}" / "trainer_state.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"log_history": history, "global_step": step, "max_steps": 60}, indent=2))


def test_that_the_states_of_hugging_face_tell_on_from_one_checkpoint_to_the_next(
    tmp_path: Path, follower: Follower, told: Told
) -> None:
    for step in (20, 40, 60):
        save_checkpoint(tmp_path / "out", step)
        follower.poll()
    assert told.points("loss") == [(10 * n, 1 / n) for n in range(1, 7)]
    assert [step for step, _ in told.points("eval_loss")] == [20, 40, 60]
    ending = facts(told).ending
    assert ending is not None
    assert ending.kind == "completed"


def test_that_the_state_of_hugging_face_beside_its_event_files_doubles_nothing(
    tmp_path: Path, follower: Follower, told: Told, clock: FakeClock, event_log: Any
) -> None:
    events = event_log(tmp_path / "out/runs/Nov23_12-00-00_host")
    follower.poll()
    first = facts(told).id
    for number in range(1, 5):
        events.scalar("train/loss", 10 * number, 1 / number, clock.now)
        clock.advance(2)
        follower.poll()
        if number % 2 == 0:
            save_checkpoint(tmp_path / "out", 10 * number)
        clock.advance(GRACE_SECONDS + 1)
        follower.poll()
    assert [step for step, _ in told.points("train/loss")] == [10, 20, 30, 40]
    assert told.points("loss") == []
    newest = list(told.facts().values())[-1]
    assert (newest.id, newest.name, newest.source) == (first, "out", "huggingface")
    assert told.removed() == []


def test_that_the_log_and_the_json_of_mmengine_are_one_run_and_no_curve_is_double(
    tmp_path: Path, follower: Follower, told: Told, clock: FakeClock
) -> None:
    follower.poll()
    training = Mmengine(tmp_path)
    log = training.folder / "20261123_120000.log"
    for data, (step, loss) in zip(training.rows(4), training.told, strict=True):
        head = "2026/11/23 12:00:00 - mmengine - INFO - "
        append(log, f"{head}Iter(train) [{step:>5}/40000]  lr: 1.0000e-02  loss: {loss:.4f}\n".encode())
        append(log, f"{head}Iter(val) [11/11]    mIoU: 50.5000\n".encode())
        follower.poll()
        append(training.file, data)
        clock.advance(2)
        follower.poll()
    clock.advance(GRACE_SECONDS + 1)
    follower.poll()
    assert told.points("loss") == training.told
    assert told.points("mIoU") == [(step, 50.5) for step, _ in training.told]
    assert told.points("lr") == [(step, 0.01) for step, _ in training.told]
    assert (facts(told).name, facts(told).source, told.removed()) == (training.name, "mmengine", [])


def test_that_the_log_of_a_script_and_its_table_are_one_run(
    tmp_path: Path, follower: Follower, told: Told, clock: FakeClock
) -> None:
    folder = tmp_path / "unet"
    folder.mkdir()
    append(folder / "history.csv", b"epoch,loss,val_loss\n")
    for epoch in range(4):
        append(folder / "train.log", f"Epoch {epoch + 1}/4 loss: {0.5 / (epoch + 1):.4f} acc: 0.7{epoch}\n".encode())
        follower.poll()
        append(folder / "history.csv", f"{epoch},{0.5 / (epoch + 1)!r},0.6\n".encode())
        clock.advance(30)
        follower.poll()
    clock.advance(GRACE_SECONDS + 1)
    follower.poll()
    assert len(told.facts()) == 1
    assert [step for step, _ in told.points("acc")] == [1, 2, 3, 4]
    assert facts(told).total_epochs == 4
    assert told.removed() == []


@pytest.mark.parametrize("way", ["renamed", "copied and truncated"])
def test_that_a_log_is_followed_over_its_rotation(tmp_path: Path, follower: Follower, told: Told, way: str) -> None:
    training = Log(tmp_path)
    rows = training.rows(6)
    for number, data in enumerate(rows):
        append(training.file, data)
        if number == 2:
            older = training.file.with_name("train.log.1")
            if way == "renamed":
                training.file.rename(older)
                append(training.file, b"")
            else:
                older.write_bytes(training.file.read_bytes())
                os.truncate(training.file, 0)
        follower.poll()
    assert told.points("val_loss") == training.told
    assert told.removed() == []
    (found,) = read_runs([tmp_path])
    assert list(found.curves["val_loss"].steps) == [step for step, _ in training.told]


def test_that_a_run_copied_by_another_machine_again_and_again_is_told_once(
    tmp_path: Path, follower: Follower, told: Told
) -> None:
    training = Ultralytics(tmp_path)
    rows = training.rows(5)
    for count in range(2, len(rows) + 1):
        part = training.folder / ".results.csv.Xy12"
        part.write_bytes(b"".join(rows[:count]))
        os.replace(part, training.file)
        follower.poll()
    assert told.points(training.tag) == training.told


def test_that_the_end_of_a_training_is_told_by_its_log(tmp_path: Path, follower: Follower, told: Told) -> None:
    training = Log(tmp_path)
    for data in training.rows(2):
        append(training.file, data)
    follower.poll()
    assert facts(told).ending is None
    append(training.file, b'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n')
    append(training.file, b"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n")
    follower.poll()
    ending = facts(told).ending
    assert ending is not None
    assert ending.kind == "out_of_memory"
