from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.ui import report_story as story

from crackseg_desktop.reports.shelf import PastReport
from crackseg_desktop.ui.desk import Desk
from crackseg_desktop.ui.report_desk import ReportDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.reports.report import Report

MONDAY = PastReport("2026-11-23", "daily", "Monday 23 November 2026", Path("a.html"), story.at(20))
SUNDAY = PastReport("2026-11-22", "daily", "Sunday 22 November 2026", Path("b.html"), story.at(18) - 86400)


@dataclass
class FakeWork:
    """Does at once what it is asked for, or waits until it may."""

    shelf: tuple[PastReport, ...] = (MONDAY, SUNDAY)
    channels: tuple[str, ...] = ("phone",)
    failure: Exception | None = None
    may: threading.Event = field(default_factory=threading.Event)
    done: list[str] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)

    def past(self) -> tuple[PastReport, ...]:
        self._do("past")
        return self.shelf

    def write(self, kind: str) -> tuple[PastReport, Report]:
        self._do(f"write {kind}")
        self.shelf = (MONDAY, SUNDAY)
        return MONDAY, story.daily()

    def read(self, past: PastReport) -> Report:
        self._do(f"read {past.slug}")
        return story.daily(hostname=past.slug)

    def save(self, report: Report, path: Path) -> None:
        self._do(f"save {path.name}")

    def send(self, past: PastReport, report: Report, *, again: bool = False) -> tuple[str, ...]:
        self._do(f"send {past.slug}{' again' if again else ''}")
        self.shelf = (replace(MONDAY, sent=self.channels), SUNDAY)
        return self.channels

    def _do(self, what: str) -> None:
        self.threads.add(threading.current_thread())
        assert self.may.wait(10)
        self.done.append(what)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def work() -> Iterator[FakeWork]:
    made = FakeWork()
    made.may.set()
    yield made
    made.may.set()


@pytest.fixture
def desk(qtbot: QtBot, work: FakeWork) -> Iterator[ReportDesk]:
    made = ReportDesk()
    made.find_work = lambda: work
    yield made
    work.may.set()
    made.close()
    made.deleteLater()


def settle(qtbot: QtBot, desk: ReportDesk) -> Desk:
    qtbot.waitUntil(lambda: not desk.desk.doing, timeout=10_000)
    return desk.desk


def test_that_past_reports_are_found_and_the_newest_is_read(qtbot: QtBot, desk: ReportDesk, work: FakeWork) -> None:
    desk.refresh()
    assert desk.desk.doing == "Looking for past reports…"
    assert not desk.desk.busy
    shown = settle(qtbot, desk)
    assert shown.past == (MONDAY, SUNDAY)
    assert shown.current == MONDAY
    assert shown.report is not None
    assert shown.report.hostname == MONDAY.slug
    assert threading.main_thread() not in work.threads


def test_that_a_second_click_writes_no_second_report(qtbot: QtBot, desk: ReportDesk, work: FakeWork) -> None:
    work.may.clear()
    desk.write("daily")
    assert (desk.desk.doing, desk.desk.busy) == ("Writing the daily report…", True)
    desk.write("daily")
    desk.write("weekly")
    desk.send()
    work.may.set()
    shown = settle(qtbot, desk)
    assert work.done == ["write daily", "past"]
    assert shown.current == MONDAY
    assert shown.said.startswith("Written ")


def test_that_a_report_asked_for_while_looking_is_written_after_it(
    qtbot: QtBot, desk: ReportDesk, work: FakeWork
) -> None:
    work.may.clear()
    desk.refresh()
    desk.write("daily")
    desk.write("daily")
    work.may.set()
    settle(qtbot, desk)
    assert work.done == ["past", "write daily", "past"]


def test_that_the_last_one_chosen_is_shown(qtbot: QtBot, desk: ReportDesk, work: FakeWork) -> None:
    desk.refresh()
    settle(qtbot, desk)
    work.may.clear()
    desk.choose(SUNDAY.slug)
    desk.choose(MONDAY.slug)
    desk.choose(SUNDAY.slug)
    assert desk.desk.report is None
    work.may.set()
    shown = settle(qtbot, desk)
    assert shown.current == SUNDAY
    assert shown.report is not None
    assert shown.report.hostname == SUNDAY.slug


@pytest.mark.parametrize(
    ("failure", "said"),
    [(OSError("the disk is full"), "the disk is full"), (RuntimeError(), "RuntimeError")],
)
def test_that_what_fails_is_told_and_not_tried_for_ever(
    qtbot: QtBot, desk: ReportDesk, work: FakeWork, failure: Exception, said: str
) -> None:
    work.failure = failure
    desk.write("weekly")
    shown = settle(qtbot, desk)
    assert (shown.problem, shown.busy) == (said, False)
    assert work.done == ["write weekly"]
    work.failure = None
    desk.write("weekly")
    assert settle(qtbot, desk).problem == ""


def test_that_a_report_that_cannot_be_read_is_not_read_again_by_itself(
    qtbot: QtBot, desk: ReportDesk, work: FakeWork
) -> None:
    desk.refresh()
    settle(qtbot, desk)
    work.failure = OSError("damaged")
    desk.choose(SUNDAY.slug)
    assert settle(qtbot, desk).problem == "damaged"
    assert work.done.count(f"read {SUNDAY.slug}") == 1


def test_that_a_report_is_sent_and_sent_again_only_on_purpose(qtbot: QtBot, desk: ReportDesk, work: FakeWork) -> None:
    desk.refresh()
    settle(qtbot, desk)
    desk.send()
    shown = settle(qtbot, desk)
    assert shown.said == "Sent through phone"
    assert shown.current is not None
    assert shown.current.sent == ("phone",)
    desk.send()
    settle(qtbot, desk)
    assert [what for what in work.done if what.startswith("send")] == ["send 2026-11-23", "send 2026-11-23 again"]


def test_that_no_channel_is_said(qtbot: QtBot, desk: ReportDesk, work: FakeWork) -> None:
    work.channels = ()
    desk.refresh()
    settle(qtbot, desk)
    desk.send()
    assert settle(qtbot, desk).problem.startswith("No channel is set up")


@pytest.mark.parametrize("suffix", [".pdf", ".html", ".md"])
def test_that_a_report_is_saved(qtbot: QtBot, desk: ReportDesk, work: FakeWork, tmp_path: Path, suffix: str) -> None:
    desk.refresh()
    settle(qtbot, desk)
    path = tmp_path / f"report{suffix}"
    desk.save(path)
    assert settle(qtbot, desk).said == f"Saved as {path}"
    assert (f"save {path.name}" in work.done) is (suffix != ".pdf")
    assert path.exists() is (suffix == ".pdf")


def test_that_a_pdf_that_cannot_be_written_is_told(qtbot: QtBot, desk: ReportDesk, tmp_path: Path) -> None:
    desk.refresh()
    settle(qtbot, desk)
    (tmp_path / "file").touch()
    desk.save(tmp_path / "file" / "report.pdf")
    assert "file" in desk.desk.problem


def test_that_a_hidden_window_keeps_no_report(qtbot: QtBot, desk: ReportDesk) -> None:
    desk.refresh()
    settle(qtbot, desk)
    desk.on_shown(True)
    assert desk.desk.report is not None
    desk.on_shown(False)
    assert desk.desk == Desk(chosen=MONDAY.slug)


def test_that_before_the_core_there_is_a_word(qtbot: QtBot) -> None:
    desk = ReportDesk()
    desk.write("daily")
    assert desk.desk.problem.startswith("Reports need the core")
    desk.deleteLater()


def test_that_after_the_end_nothing_is_begun_or_told(qtbot: QtBot, desk: ReportDesk, work: FakeWork) -> None:
    told: list[Desk] = []
    work.may.clear()
    desk.write("daily")
    desk.changed.connect(told.append)
    threading.Timer(0.05, work.may.set).start()
    desk.close()
    desk.write("daily")
    qtbot.wait(1)
    assert told == []
    assert work.done == ["write daily", "past"]
