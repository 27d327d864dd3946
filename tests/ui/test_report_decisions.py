from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from crackseg_desktop.reports.shelf import PastReport
from crackseg_desktop.ui.desk import Desk
from crackseg_desktop.ui.report_decisions import ReportDecisions
from crackseg_desktop.ui.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.clock import Clock


class FakeDesk:
    """Remembers what it was asked for."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.calls: list[tuple[str, Any]] = []

    def refresh(self) -> None:
        self.calls.append(("refresh", None))

    def write(self, kind: str) -> None:
        self.calls.append(("write", kind))

    def choose(self, slug: str) -> None:
        self.calls.append(("choose", slug))

    def save(self, path: Path) -> None:
        self.calls.append(("save", path))

    def send(self) -> None:
        self.calls.append(("send", None))

    def say(self, problem: str) -> None:
        self.calls.append(("say", problem))


@pytest.fixture
def past(tmp_path: Path) -> PastReport:
    path = tmp_path / "daily-2026-11-23.html"
    path.write_text("<p>")
    return PastReport("2026-11-23", "daily", "Monday 23 November 2026", path, 0.0)


@pytest.fixture
def desk(past: PastReport) -> FakeDesk:
    return FakeDesk(Desk(past=(past,), chosen=past.slug))


@pytest.fixture
def windows(qtbot: QtBot, dashboard_class: type[Any], clock: Clock) -> Iterator[Windows]:
    made = Windows(dashboard_class, clock, lambda: None)
    yield made
    made.quitting = True
    made.close()


@pytest.fixture
def opened() -> list[Path]:
    return []


@pytest.fixture
def decisions(windows: Windows, desk: Any, opened: list[Path]) -> ReportDecisions:
    def open_path(path: Path) -> bool:
        opened.append(path)
        return path.suffix != ".none"

    return ReportDecisions(desk, windows, open_path)


def test_that_writing_opens_the_page(decisions: ReportDecisions, windows: Windows, desk: FakeDesk) -> None:
    decisions.write("daily")
    assert windows.dashboard is not None
    assert windows.dashboard.page == "reports"
    assert desk.calls == [("write", "daily")]


def test_that_the_rest_is_the_desk_s(decisions: ReportDecisions, desk: FakeDesk) -> None:
    decisions.refresh()
    decisions.choose("2026-11-22")
    decisions.send()
    assert desk.calls == [("refresh", None), ("choose", "2026-11-22"), ("send", None)]


def test_that_the_report_and_its_folder_are_opened(
    decisions: ReportDecisions, past: PastReport, opened: list[Path], desk: FakeDesk
) -> None:
    decisions.view()
    decisions.show_folder()
    assert opened == [past.path, past.path.parent]
    assert desk.calls == []


def test_that_a_report_that_is_gone_is_said(
    decisions: ReportDecisions, past: PastReport, desk: FakeDesk, opened: list[Path]
) -> None:
    past.path.unlink()
    decisions.view()
    assert opened == []
    assert desk.calls == [("say", f"It could not be opened; the report is {past.path}")]


def test_that_a_desktop_that_opens_nothing_is_said(
    decisions: ReportDecisions, past: PastReport, desk: FakeDesk, tmp_path: Path
) -> None:
    path = tmp_path / "report.none"
    path.touch()
    desk.desk = replace(desk.desk, past=(replace(past, path=path),))
    decisions.view()
    assert desk.calls == [("say", f"It could not be opened; the report is {path}")]


def test_that_a_place_is_asked_for_once(
    qtbot: QtBot, decisions: ReportDecisions, windows: Windows, desk: FakeDesk, tmp_path: Path
) -> None:
    windows.show_full("reports")
    decisions.ask_and_save(".pdf")
    decisions.ask_and_save(".pdf")
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog)]
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    assert dialog.selectedFiles()[0].endswith("daily-2026-11-23.pdf")
    dialog.fileSelected.emit(str(tmp_path / "mine.pdf"))
    dialog.reject()
    assert desk.calls == [("save", tmp_path / "mine.pdf")]
    decisions.ask_and_save(".md")
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog) and each.isVisible()]
    dialog.reject()


def test_that_nothing_chosen_is_nothing_to_open(decisions: ReportDecisions, desk: FakeDesk, opened: list[Path]) -> None:
    desk.desk = Desk(past=())
    decisions.view()
    decisions.show_folder()
    decisions.ask_and_save(".pdf")
    assert opened == []
    assert desk.calls == []
