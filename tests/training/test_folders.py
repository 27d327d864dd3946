from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training.folders import MOST_ENTRIES, modified_ns, scan

if TYPE_CHECKING:
    from pathlib import Path


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


def test_that_a_folder_of_many_entries_is_skipped_with_a_note(tmp_path: Path) -> None:
    crowd, most = tmp_path / "crowd", tmp_path / "most"
    for folder, count in ((crowd, MOST_ENTRIES + 1), (most, MOST_ENTRIES)):
        folder.mkdir()
        for number in range(count):
            (folder / str(number)).touch()
    found = scan([tmp_path])
    assert crowd not in found.folders
    assert most in found.folders
    assert found.notes == [f"{crowd} has more than {MOST_ENTRIES} entries and was skipped"]


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
