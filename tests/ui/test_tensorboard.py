from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.system import tensorboard as viewer
from crackseg_desktop.ui.tensorboard import TensorBoard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.system.tensorboard import Places

SERVER = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def browsed() -> list[str]:
    return []


def watched_folders(run_id: str | None, folders: Sequence[Path], data_dir: Path) -> Places:
    return {folder.name: folder for folder in folders}


@pytest.fixture
def tensorboard(qtbot: QtBot, browsed: list[str], tmp_path: Path) -> Iterator[TensorBoard]:
    def browse(address: str) -> bool:
        browsed.append(address)
        return True

    made = TensorBoard(watched_folders, tmp_path / "data", browse)
    yield made
    made.close()


def test_that_a_viewer_is_opened_once_it_answers_and_started_once(
    tensorboard: TensorBoard, browsed: list[str], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Places] = []

    def command(places: Places, port: int) -> list[str]:
        started.append(places)
        return [sys.executable, "-c", SERVER, str(port)]

    monkeypatch.setattr(viewer, "command", command)
    tensorboard.open(None, [tmp_path])
    qtbot.waitUntil(lambda: len(browsed) == 1, timeout=20_000)
    tensorboard.open(None, [tmp_path])
    qtbot.waitUntil(lambda: len(browsed) == 2, timeout=20_000)
    assert started == [{tmp_path.name: tmp_path}]
    assert browsed[0] == browsed[1]
    assert browsed[0].startswith("http://127.0.0.1:")


def test_that_a_viewer_that_ends_at_once_is_reported(
    tensorboard: TensorBoard, browsed: list[str], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "command", lambda places, port: [sys.executable, "-c", "raise SystemExit(1)"])
    with qtbot.waitSignal(tensorboard.failed, timeout=20_000) as failed:
        tensorboard.open(None, [tmp_path])
    assert "TensorBoard" in failed.args[0]
    assert browsed == []


def test_that_a_viewer_that_cannot_be_started_is_reported(
    tensorboard: TensorBoard, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "command", lambda places, port: [str(tmp_path / "missing")])
    with qtbot.waitSignal(tensorboard.failed) as failed:
        tensorboard.open(None, [tmp_path])
    assert "could not be started" in failed.args[0]


def test_that_viewers_end_with_the_application(
    tensorboard: TensorBoard, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def launch(places: Places) -> tuple[subprocess.Popen[bytes], str]:
        processes.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        return processes[-1], "http://127.0.0.1:9/"

    monkeypatch.setattr(viewer, "launch", launch)
    monkeypatch.setattr(viewer, "wait_until_it_answers", lambda process, address: False)
    tensorboard.open(None, [tmp_path])
    qtbot.waitUntil(lambda: len(processes) == 1)
    tensorboard.close()
    assert processes[0].wait(10) != 0


def test_that_curves_that_cannot_be_written_are_reported(tmp_path: Path, qtbot: QtBot) -> None:
    def refuse(run_id: str | None, folders: Sequence[Path], data_dir: Path) -> Places:
        raise OSError(28, "No space left on device")

    tensorboard = TensorBoard(refuse, tmp_path)
    with qtbot.waitSignal(tensorboard.failed) as failed:
        tensorboard.open(None, [])
    assert "No space left" in failed.args[0]


def test_that_a_person_without_watched_folders_is_told(tensorboard: TensorBoard, qtbot: QtBot) -> None:
    with qtbot.waitSignal(tensorboard.failed) as failed:
        tensorboard.open(None, [])
    assert "choose the folder" in failed.args[0]


def test_that_nothing_is_started_once_the_application_has_ended(
    tensorboard: TensorBoard, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[Places] = []
    monkeypatch.setattr(viewer, "launch", launched.append)
    tensorboard.open(None, [tmp_path])
    tensorboard.close()
    qtbot.wait(1)
    assert launched == []


def test_that_without_a_data_directory_a_temporary_one_is_used_and_goes(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "command", lambda places, port: [sys.executable, "-c", "raise SystemExit(1)"])
    given: list[Path] = []

    def find_places(run_id: str | None, folders: Sequence[Path], data_dir: Path) -> Places:
        (data_dir / "tensorboard").mkdir(exist_ok=True)
        given.append(data_dir)
        return {"runs": tmp_path}

    tensorboard = TensorBoard(find_places, None)
    for _ in range(2):
        with qtbot.waitSignal(tensorboard.failed, timeout=20_000):
            tensorboard.open("0123456789", [])
    assert given[0] == given[1]
    assert given[0].is_dir()
    tensorboard.close()
    assert not given[0].exists()
