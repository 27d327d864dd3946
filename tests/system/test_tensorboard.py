from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crackseg_desktop.system.tensorboard import command, working_folder


def shown(places: dict[str, Path]) -> list[str]:
    words = command(places, 6007)
    return words[words.index("tensorboard.main") + 1 : words.index("--host")]


def test_that_tensorboard_answers_on_this_machine_alone() -> None:
    words = command({"runs": Path("/runs")}, 6007)
    assert words[0] == sys.executable
    assert words[-4:] == ["--host", "127.0.0.1", "--port", "6007"]


def test_that_one_folder_is_given_as_it_is() -> None:
    folder = Path("/my runs, and:more")
    assert shown({"runs": folder}) == ["--logdir", str(folder)]
    assert working_folder({"runs": folder}) is None


def test_that_several_folders_are_given_by_name() -> None:
    places = {"curves": Path("/data/a b"), "runs": Path("/runs")}
    assert shown(places) == ["--logdir_spec", f"curves:{places['curves']},runs:{places['runs']}"]
    assert working_folder(places) is None


def test_that_a_comma_that_all_folders_share_is_left_out_of_their_paths() -> None:
    home = Path("/home/Doe, John")
    places = {"curves": home / "data", "runs": home / "trainings" / "runs"}
    assert working_folder(places) == home
    assert shown(places) == ["--logdir_spec", f"curves:data,runs:{Path('trainings/runs')}"]


def test_that_a_folder_that_cannot_be_told_is_named() -> None:
    odd = Path("/trainings, old")
    with pytest.raises(OSError, match="comma") as error:
        command({"curves": Path("/data"), "runs": odd}, 6006)
    assert str(odd) in str(error.value)
