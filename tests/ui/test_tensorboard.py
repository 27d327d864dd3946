from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.system import tensorboard as viewer
from crackseg_desktop.ui.tensorboard import TensorBoard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

SERVER = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def browsed() -> list[str]:
    return []


@pytest.fixture
def tensorboard(qtbot: QtBot, browsed: list[str]) -> Iterator[TensorBoard]:
    def browse(address: str) -> bool:
        browsed.append(address)
        return True

    made = TensorBoard(browse)
    yield made
    made.close()


def test_that_a_viewer_is_opened_once_it_answers_and_started_once(
    tensorboard: TensorBoard, browsed: list[str], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []

    def command(folder: Path, port: int) -> list[str]:
        started.append(folder)
        return [sys.executable, "-c", SERVER, str(port)]

    monkeypatch.setattr(viewer, "command", command)
    tensorboard.open(tmp_path)
    qtbot.waitUntil(lambda: len(browsed) == 1, timeout=20_000)
    tensorboard.open(tmp_path)
    qtbot.waitUntil(lambda: len(browsed) == 2, timeout=20_000)
    assert started == [tmp_path]
    assert browsed[0] == browsed[1]
    assert browsed[0].startswith("http://127.0.0.1:")


def test_that_a_viewer_that_ends_at_once_is_reported(
    tensorboard: TensorBoard, browsed: list[str], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "command", lambda folder, port: [sys.executable, "-c", "raise SystemExit(1)"])
    with qtbot.waitSignal(tensorboard.failed, timeout=20_000) as failed:
        tensorboard.open(tmp_path)
    assert "TensorBoard" in failed.args[0]
    assert browsed == []


def test_that_a_viewer_that_cannot_be_started_is_reported(
    tensorboard: TensorBoard, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "command", lambda folder, port: [str(tmp_path / "missing")])
    with qtbot.waitSignal(tensorboard.failed) as failed:
        tensorboard.open(tmp_path)
    assert "could not be started" in failed.args[0]


def test_that_viewers_end_with_the_application(
    tensorboard: TensorBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def launch(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
        processes.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        return processes[-1], "http://127.0.0.1:9/"

    monkeypatch.setattr(viewer, "launch", launch)
    monkeypatch.setattr(viewer, "wait_until_it_answers", lambda process, address: False)
    tensorboard.open(tmp_path)
    tensorboard.close()
    assert processes[0].wait(10) != 0
