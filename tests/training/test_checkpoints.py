"""Checkpoints by their directory entries."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training.checkpoints import Listing, checkpoints_in, kind_of_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

NOW = 2_000_000_000.0


def save(path: Path, size: int, time: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (time, time))
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model_best.pth.tar", "best"),
        ("checkpoint_last.pth", "last"),
        ("best.pt", "best"),
        ("last.ckpt", "last"),
        ("best_mIoU_iter_20.pth", "best"),
        ("latest.pth", "last"),
        ("net_best_epoch_003_20260101_120000.pth", "best"),
        ("epoch_3.pth", None),
        ("plaster.pt", None),
        ("bestiary.pt", None),
    ],
)
def test_that_best_and_last_are_told_by_name(name: str, kind: str | None) -> None:
    assert kind_of_checkpoint(name) == kind


def test_that_all_checkpoints_of_a_run_are_listed_oldest_first(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    save(one / "checkpoints" / "checkpoint_last.pth", 70, 2000.0)
    save(one / "checkpoints" / "model_best.pth.tar", 60, 1000.0)
    save(two / "weights" / "epoch3.PT", 50, 500.0)
    save(two / "checkpoint-500" / "model.safetensors", 40, 300.0)
    save(two / "final.ckpt", 30, 4000.0)
    for other in ("checkpoint-500/optimizer.pt", "notes.txt", "data/x.pt", "checkpoints/test_write_3.tmp"):
        save(two / other, 10, 9000.0)
    found = checkpoints_in([one, two, one, tmp_path / "missing"], {}, NOW)
    assert [(os.path.basename(item.path), item.size_bytes, item.time, item.kind) for item in found] == [
        ("model.safetensors", 40, 300.0, None),
        ("epoch3.PT", 50, 500.0, None),
        ("model_best.pth.tar", 60, 1000.0, "best"),
        ("checkpoint_last.pth", 70, 2000.0, "last"),
        ("final.ckpt", 30, 4000.0, None),
    ]


def test_that_a_checkpoint_overwritten_in_place_is_seen_and_a_new_one_too(tmp_path: Path) -> None:
    known: dict[Path, Listing] = {}
    last = save(tmp_path / "checkpoint_last.pth", 70, 2000.0)
    assert [item.size_bytes for item in checkpoints_in([tmp_path], known, NOW)] == [70]
    with last.open("r+b") as file:
        file.truncate(5)
    assert [item.size_bytes for item in checkpoints_in([tmp_path], known, NOW)] == [5]
    save(tmp_path / "model_best.pth.tar", 9, 2500.0)
    os.utime(tmp_path, (3000.0, 3000.0))
    assert [item.size_bytes for item in checkpoints_in([tmp_path], known, NOW)] == [9, 5]
    last.unlink()
    assert [item.size_bytes for item in checkpoints_in([tmp_path], known, NOW)] == [9]


def test_that_a_folder_is_listed_again_only_once_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "last.pt", 7, 2000.0)
    listed: list[object] = []
    scandir = os.scandir

    def listing(path: Path) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listing)
    known: dict[Path, Listing] = {}
    for _ in range(3):
        assert len(checkpoints_in([tmp_path], known, NOW)) == 1
    assert len(listed) == 1
    os.utime(tmp_path, (NOW - 1, NOW - 1))
    checkpoints_in([tmp_path], known, NOW)
    checkpoints_in([tmp_path], {}, NOW)
    assert len(listed) == 3


def test_that_a_folder_that_changed_a_moment_ago_is_not_taken_for_known(tmp_path: Path) -> None:
    known: dict[Path, Listing] = {}
    save(tmp_path / "last.pt", 7, 2000.0)
    os.utime(tmp_path, (NOW - 1, NOW - 1))
    checkpoints_in([tmp_path], known, NOW)
    save(tmp_path / "best.pt", 7, 2000.0)
    os.utime(tmp_path, (NOW - 1, NOW - 1))
    assert len(checkpoints_in([tmp_path], known, NOW)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in the file system there")
def test_that_only_files_are_checkpoints_and_none_is_opened(tmp_path: Path) -> None:
    save(tmp_path / "last.pt", 7, 2000.0)
    os.mkdir(tmp_path / "folder.pt")
    (tmp_path / "gone.pt").symlink_to(tmp_path / "nowhere")
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe.pt")
    assert [os.path.basename(item.path) for item in checkpoints_in([tmp_path], {}, NOW)] == ["last.pt"]
