from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QImage
from tests.ui import story

from crackseg_desktop.monitor import Snapshot
from crackseg_desktop.ui.dashboard import PAGES
from crackseg_desktop.ui.screenshot import render
from crackseg_desktop.ui.theme import tokens

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return story.snapshot(window=story.recent(900).window())


@pytest.mark.parametrize("page", [*PAGES, "compact"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_that_every_page_is_drawn_in_both_themes(
    qtbot: QtBot, snapshot: Snapshot, tmp_path: Path, page: str, theme: str
) -> None:
    path = tmp_path / "page.png"
    render(snapshot, path, page, theme)
    image = QImage(str(path))
    assert (image.width(), image.height()) == ((420, 640) if page == "compact" else (1366, 768))
    assert image.pixelColor(image.width() - 12, 4) == tokens(theme)["window"]
    colours = {image.pixelColor(x, y).rgb() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    assert len(colours) > 30


def test_that_the_same_snapshot_gives_the_same_pixels(qtbot: QtBot, snapshot: Snapshot, tmp_path: Path) -> None:
    for name in ("one", "two"):
        render(snapshot, tmp_path / f"{name}.png", "overview", "dark", (1200, 700))
    assert QImage(str(tmp_path / "one.png")) == QImage(str(tmp_path / "two.png"))
    assert QImage(str(tmp_path / "one.png")).width() == 1200


def test_that_nothing_known_is_drawn_too(qtbot: QtBot, tmp_path: Path) -> None:
    render(Snapshot(), tmp_path / "bare.png")
    assert not QImage(str(tmp_path / "bare.png")).isNull()


def test_that_an_unknown_page_or_theme_is_named(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no page 'nowhere'"):
        render(Snapshot(), tmp_path / "no.png", "nowhere")
    with pytest.raises(ValueError, match="there is no theme 'blue'"):
        render(Snapshot(), tmp_path / "no.png", "overview", "blue")


def test_that_a_file_that_cannot_be_written_is_named(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        render(Snapshot(), tmp_path / "missing" / "no.png", "compact")
