from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training.folders import MOST_FILES, modified_ns, scan

if TYPE_CHECKING:
    from pathlib import Path

    from crackseg_desktop.training.folders import Folder, Scan


def names(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in scan([root]).folders}


def test_that_folders_without_runs_are_left_alone(tmp_path: Path) -> None:
    for name in (".git/objects", "data/images", ".cache/x", "run/.hydra", "run/metrics", "src/data"):
        (tmp_path / name).mkdir(parents=True)
    assert names(tmp_path) == {".", "run", "run/metrics", "src"}
    assert ".hydra" in scan([tmp_path]).folders[tmp_path / "run"].folders


def test_that_a_watched_folder_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "data" / "run").mkdir(parents=True)
    assert names(tmp_path / "data") == {".", "run"}


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def test_that_of_a_crowd_of_files_those_that_may_tell_are_kept_with_a_note(tmp_path: Path) -> None:
    crowd, most, deaf = tmp_path / "crowd", tmp_path / "most", tmp_path / "deaf"
    numbers = [f"{number}.png" for number in range(MOST_FILES)]
    touch(most, *numbers)
    touch(crowd, *numbers, "train.log")
    touch(crowd / "run", "train.log")
    touch(deaf, *(f"{number}.log" for number in range(MOST_FILES + 1)))
    found = scan([tmp_path], may_tell=lambda name: name.endswith(".log"))
    assert found.folders[most].files == set(numbers)
    assert found.folders[crowd].files == {"train.log"}
    assert found.folders[crowd / "run"].files == {"train.log"}
    assert found.folders[deaf].files == set()
    assert found.notes == [
        f"{crowd} has more than {MOST_FILES} files: only some were looked at, by their names",
        f"{deaf} has more than {MOST_FILES} files that may tell of a training, and they were passed over",
    ]


def test_that_a_folder_of_many_folders_is_gone_through(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        (tmp_path / f"run{number}").mkdir()
    found = scan([tmp_path])
    assert len(found.folders) == MOST_FILES + 2
    assert found.notes == []


def test_that_a_crowded_folder_is_listed_again_only_once_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = tmp_path / "crowd"
    listed: list[Path] = []
    touch(crowd, *map(str, range(MOST_FILES + 1)))
    listing = os.scandir

    def count(path: Path) -> object:
        listed.append(path)
        return listing(path)

    def look() -> Scan:
        return scan([tmp_path], may_tell=lambda name: name.endswith(".log"), crowds=crowds)

    monkeypatch.setattr(os, "scandir", count)
    crowds: dict[Path, Folder] = {}
    first = look()
    assert look() == first
    assert listed == [tmp_path, crowd, tmp_path]
    touch(crowd, "train.log")
    os.utime(crowd, (1.0, 1.0))
    assert look().folders[crowd].files == {"train.log"}
    for path in crowd.iterdir():
        path.unlink()
    assert look().notes == []
    assert crowds == {}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_that_links_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    assert names(tmp_path) == {".", "a", "a/b"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_that_a_link_to_another_disk_is_followed(tmp_path: Path) -> None:
    (tmp_path / "big" / "experiments").mkdir(parents=True)
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "artifacts").symlink_to(tmp_path / "big")
    assert "artifacts/experiments" in names(tmp_path / "checkout")


def test_that_a_closed_folder_is_noted_and_its_neighbours_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rights do not keep root out, so the refusal is played.
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    listing = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = scan([tmp_path])
    assert set(found.folders) == {tmp_path, tmp_path / "open"}
    assert found.notes == [f"{tmp_path / 'closed'} cannot be read: Permission denied"]


def test_that_a_folder_that_vanishes_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    listing = os.scandir

    def vanish(path: Path) -> object:
        if path.name == "gone":
            path.rmdir()
        return listing(path)

    monkeypatch.setattr(os, "scandir", vanish)
    found = scan([tmp_path, tmp_path / "never"])
    assert set(found.folders) == {tmp_path}
    assert found.notes == []
    assert modified_ns(tmp_path / "never") is None


def test_that_a_file_system_that_does_not_answer_is_not_touched(tmp_path: Path) -> None:
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    for folder in (dead / "run", alive / "run"):
        folder.mkdir(parents=True)
    (alive / "link").symlink_to(dead)
    asked: list[Path] = []

    def answers(path: Path) -> bool:
        asked.append(path)
        return dead not in (path, *path.parents) and path.name != "link"

    found = scan([dead, alive], answers)
    assert set(found.folders) == {alive, alive / "run"}
    assert {note.split(" ")[0] for note in found.notes} == {str(dead), str(alive / "link")}
    assert set(asked) >= {dead, alive, alive / "run", alive / "link"}
