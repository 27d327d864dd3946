"""What dev.py says and does where something is missing."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import dev
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def without_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user who may not install packages."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)

    def refuse(arguments: list[str]) -> int:
        raise AssertionError(f"apt-get {arguments} was called without the right to")

    monkeypatch.setattr(dev, "_apt", refuse)


@pytest.mark.usefixtures("without_rights")
def test_that_without_the_right_to_install_what_is_missing_is_named_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dev.provide(["libegl1", "libgl1"], "Qt needs them")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "dev.py: missing on this system: sudo apt-get install libegl1 libgl1 (Qt needs them)\n"


@pytest.mark.usefixtures("without_rights")
def test_that_what_cannot_be_done_without_stops_with_the_same_line() -> None:
    with pytest.raises(dev.SetupError, match="sudo apt-get install python3-venv"):
        dev.provide(["python3-venv"], "no environments without it", required=True)


def test_that_root_on_debian_installs_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")

    def apt(arguments: list[str]) -> int:
        called.append(arguments)
        return 0

    monkeypatch.setattr(dev, "_apt", apt)
    dev.provide(["libegl1"], "Qt needs it")
    assert called == [["update"], ["install", "-y", "--no-install-recommends", "libegl1"]]


def test_that_an_old_python_is_told_in_one_line() -> None:
    dev.require_python((3, 11))
    with pytest.raises(dev.SetupError, match=r"3\.11 or newer is needed, this is 3\.9"):
        dev.require_python((3, 9))


def test_that_an_environment_that_is_up_to_date_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(folder: Path) -> None:
        made.append("environment")
        for name in ("bin/python", "Scripts/python.exe"):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).touch()

    def pip(python: Path, arguments: list[str]) -> None:
        made.append(" ".join(arguments))

    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "_has_pip", lambda python: python.exists())
    monkeypatch.setattr(dev, "_make_environment", make)
    monkeypatch.setattr(dev, "_pip", pip)
    for requirement in ("one", "two", "one", "two"):
        dev.environment(".venv", [requirement])
    assert made == ["environment", "--upgrade one", "--upgrade two"]
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'changed'\n", encoding="utf-8")
    dev.environment(".venv", ["one"])
    assert made[3:] == ["--upgrade one"]


@pytest.mark.parametrize(
    ("arguments", "started"),
    [
        ([], ["watch"]),
        (["--runs", "/r", "--show"], ["watch", "--runs", "/r"]),
        (["status"], ["status"]),
        (["--version"], ["--version"]),
    ],
)
def test_that_without_a_display_watch_stands_in_for_the_tray(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], started: list[str]
) -> None:
    monkeypatch.setattr(dev, "has_display", lambda: False)
    assert dev.for_this_display(arguments) == started
    monkeypatch.setattr(dev, "has_display", lambda: True)
    assert dev.for_this_display(arguments) == arguments
