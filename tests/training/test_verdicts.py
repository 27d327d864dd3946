from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training import verdicts as module
from crackseg_desktop.training.discovery import discover
from crackseg_desktop.training.formats.text_log import TextLog
from crackseg_desktop.training.places import Kind
from crackseg_desktop.training.sources import AppendedFile
from crackseg_desktop.training.tails import read_head
from crackseg_desktop.training.verdicts import HEAD_BYTES, Verdicts, is_candidate, judge

if TYPE_CHECKING:
    from pathlib import Path

CRASH = 'Traceback (most recent call last):\n  File "train.py", line 1, in <module>\ntorch.OutOfMemoryError: '
GUIDE = "Epoch 1: val_loss: 0.9075 | val_iou: 0.0902 | val_dice: 0.1623\n"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("metrics.csv", "epoch,step,train_loss\n", Kind.LIGHTNING),
        ("results.csv", "                  epoch,         train/box_loss\n", Kind.ULTRALYTICS),
        ("metrics.json", '{"iteration": 19, "total_loss": NaN}\n', Kind.DETECTRON2),
        ("metrics.json", '{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "loss": 0.4}\n', Kind.JSON_LINES),
        ("20240513_225817.log.json", '{"env": "x"}\n{"mode": "train", "epoch": 1, "iter": 50}\n', Kind.MMCV_JSON),
        ("history.csv", "epoch,loss,val_loss\n0,0.5,0.6\n", Kind.CSV),
        ("history.tsv", "epoch\tloss\n1\t0.5\n2\t0.4\n", Kind.CSV),
        ("scores.csv", "epoch,phase,acc\n1,train,0.5\n1,val,0.4\n2,train,0.6\n2,val,0.5\n", Kind.CSV),
        ("log.jsonl", '{"epoch": 0, "train_loss": 0.5}\n', Kind.JSON_LINES),
        ("log.txt", '{"train_loss": 6.9, "test_acc1": 1.2, "epoch": 0}\n', Kind.JSON_LINES),
        ("train.log", GUIDE, Kind.TEXT_LOG),
        ("nohup.out", "Epoch 1/9 loss nan\n", Kind.TEXT_LOG),
        ("train.log", f"Epoch 1/50\n  0%|  | 0/9 [00:00<?]\n{CRASH}CUDA out of memory.\n", Kind.TEXT_LOG),
        ("a.log", "2024/05/13 22:58:17 - mmengine - INFO - Iter(train) [50/99]  loss: 2.1\n" * 2, None),
        (
            "a.log",
            "Iter(train) [50/99]  loss: 2.1\nIter(train) [60/99]  loss: 2.0\n",
            Kind.MMENGINE_LOG,
        ),
        ("console.txt", f"[2026-11-23 12:00:00,000][crackseg.runner][INFO] - {GUIDE}", Kind.LOG),
        ("train.log", f"2026-11-23 12:00:00,000 - trainer - INFO - {GUIDE}", Kind.LOG),
        ("train.log", "2026-11-23 12:00:00,000 - trainer - INFO - epoch 1 train loss 0.5\n", Kind.TEXT_LOG),
    ],
)
def test_that_a_training_is_known_by_its_first_lines(tmp_path: Path, name: str, text: str, kind: Kind | None) -> None:
    assert is_candidate(name)
    assert judge(tmp_path / name, text.encode()) is kind


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("annotations.csv", "image,x1,y1,label,score\n1.png,1,2,crack,0.5\n2.png,1,3,crack,0.6\n"),
        ("frames.csv", "frame,step,x\n1,1,0.5\n2,2,0.6\n"),
        ("studies.csv", "model,epoch,loss\nunet,9,0.5\n"),
        ("studies.csv", "model,epoch,loss\nunet,1,0.5\nfpn,2,0.4\ndeeplab,3,0.3\nswin,4,0.2\n"),
        ("search.csv", "epoch,lr,loss\n40,0.1,0.5\n12,0.2,0.4\n33,0.3,0.3\n7,0.1,0.6\n"),
        ("constant.csv", "epoch,accuracy\n1,0.5\n2,0.5\n3,0.5\n"),
        ("results.csv", "name,precision,recall\na,0.5,0.6\n"),
        ("metrics.csv", "epoch,value\n"),
        ("metrics.json", '{"accuracy": 0.93, "loss": 0.2}\n'),
        ("events.jsonl", '{"step": 1, "action": "left"}\n{"step": 2, "action": "right"}\n'),
        ("experiments.jsonl", '{"model": "unet", "epoch": 1, "loss": 0.5}\n'),
        ("npm-debug.log", "0 verbose cli step 1 of 9\n1 error code ELIFECYCLE\n2 error errno 1\n"),
        ("server.log", "2026-11-23 12:00:00 epoch=5 leader error 0\n2026-11-23 12:00:01 epoch=5 leader error 0\n"),
        ("train.txt", "images/train/0001.jpg\nimages/train/0002.jpg\n"),
        ("log.txt", "Epoch 7: loss 0.5\n"),
        ("build.log", "[ 1%] Building step 1/90\n[ 2%] Building step 2/90\n"),
        ("server.log", f"handling step 3\n{CRASH}CUDA out of memory.\n"),
        ("empty.log", ""),
        ("binary.log", "\x00\x01epoch\x00\x02" * 99),
        ("20240513_225817.json", '{"loss": 0.5, "iter": 10, "step": 10}\n'),
    ],
)
def test_that_other_files_are_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert judge(tmp_path / name, text.encode()) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("history.csv", "epoch,loss\n1,0.5\n2,0.25\n", Kind.CSV),
        ("metrics.csv", "epoch,step,train_loss\n", Kind.LIGHTNING),
        ("history.jsonl", '{"epoch": 1, "loss": 0.5}\n', Kind.JSON_LINES),
        ("train.log", GUIDE, Kind.TEXT_LOG),
        ("train.log", f"[2026-11-23 12:00:00,000][crackseg.runner][INFO] - {GUIDE}", Kind.LOG),
    ],
)
def test_that_a_byte_order_mark_makes_no_difference(
    tmp_path: Path, encoding: str, name: str, text: str, kind: Kind
) -> None:
    assert judge(tmp_path / name, text.encode(encoding)) is kind


@pytest.mark.parametrize(
    "name", ["package.json", "requirements.txt", "setup.cfg", "notes.md", ".train.log", "train.log.1", "weights.pt"]
)
def test_that_most_files_are_not_even_opened(name: str) -> None:
    assert not is_candidate(name)


def fill(root: Path, count: int) -> None:
    """Write files of the kinds that lie about in folders of data and of other programs."""
    rng = random.Random(7)
    for index in range(count // 5):
        folder = root / f"set{index % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        boxes = "".join(f"{n}.png,{n},{n + 1},crack,{rng.random():.3f}\n" for n in range(20))
        (folder / f"boxes{index}.csv").write_text(f"image,x,y,label,score\n{boxes}")
        (folder / f"package{index}.json").write_text(json.dumps({"name": "x", "version": "1.0"}))
        (folder / f"train_{index}.txt").write_text("".join(f"images/{n:06}.jpg\n" for n in range(50)))
        (folder / f"requirements{index}.txt").write_text("numpy==2.0\n")
        (folder / f"npm{index}.log").write_text("".join(f"{n} verbose stack step {n} error 0\n" for n in range(50)))


def test_that_a_thousand_unrelated_files_are_no_runs_and_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 1000)
    opened: list[Path] = []

    def count(path: Path, limit: int) -> bytes:
        opened.append(path)
        return read_head(path, limit)

    monkeypatch.setattr(module, "read_head", count)
    verdicts = Verdicts()
    for _ in range(3):
        found = discover([tmp_path], verdicts)
        assert (found.plans, found.shared, found.notes) == ((), (), ())
    assert len(opened) == len(set(opened)) == 600
    opened[0].write_text("Epoch 1, train loss: 0.5, val loss: 0.25\n")
    opened[1].unlink()
    discover([tmp_path], verdicts)
    assert opened[600:] == opened[:1]


def test_that_a_file_is_judged_anew_when_it_changes_until_it_tells_of_a_training(tmp_path: Path) -> None:
    path, verdicts = tmp_path / "train.log", Verdicts()
    assert verdicts.of(path) is None
    path.write_text("loading\n")
    assert verdicts.of(path) is None
    with path.open("a") as file:
        file.write(GUIDE)
    assert verdicts.of(path) is Kind.TEXT_LOG
    os.truncate(path, 0)
    assert verdicts.of(path) is Kind.TEXT_LOG


def test_that_a_log_with_a_long_preface_is_known_by_its_end(tmp_path: Path) -> None:
    path = tmp_path / "20240513_225817.log"
    lines = "".join(f"2024/05/13 22:58:17 - mmengine - INFO - Iter(train) [{n}/9]  loss: 0.{n}\n" for n in range(1, 9))
    path.write_text("backbone.conv.weight - torch.Size([64, 3, 7, 7])\n" * (HEAD_BYTES // 40) + lines)
    assert Verdicts().of(path) is Kind.MMENGINE_LOG


@pytest.mark.parametrize("again", ["\r", "\b" * 60, "\b" * 60 + "\r"], ids=["return", "backspaces", "both"])
@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_that_a_log_whose_first_bar_is_longer_than_what_is_looked_at_is_known(
    tmp_path: Path, again: str, epochs: int, end: str
) -> None:
    path = tmp_path / "train.log"
    states = [f"{n}/3000 [====>........] 2ms/step - accuracy: 0.9 - loss: {1 / n:.4f}" for n in range(1, 3000)]
    with path.open("w", newline="") as file:
        for epoch in range(1, epochs + 1):
            file.write(f"Epoch {epoch}/10{end}{again.join(states)}{again}")
            file.write(f"3000/3000 [=============] 2ms/step - loss: {1 / (epoch + 1):.4f} - val_loss: 0.75{end}")
    assert path.stat().st_size > 2 * HEAD_BYTES
    assert Verdicts().of(path) is Kind.TEXT_LOG
    source = AppendedFile(path, 16, TextLog)
    losses = [point.step for portion in source.read(0.0) for point in portion if point.tag == "loss"]
    assert losses == list(range(1, epochs + 1))


def test_that_a_log_just_begun_is_known_by_what_was_rotated_away(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.with_name("train.log.1").write_text(GUIDE)
    path.write_text("")
    assert Verdicts().of(path) is Kind.TEXT_LOG


def test_that_what_cannot_be_read_tells_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.log").write_text(GUIDE)
    (tmp_path / "train.csv").mkdir()

    def refuse(path: object, *_: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    verdicts = Verdicts()
    assert {verdicts.of(tmp_path / name) for name in ("train.log", "train.csv", "gone.log")} == {None}
