from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from tests.ui import report_story, story

from crackseg_desktop.reports.shelf import PastReport
from crackseg_desktop.settings import Reports, Settings
from crackseg_desktop.ui.dashboard import Dashboard
from crackseg_desktop.ui.desk import Desk
from crackseg_desktop.ui.pages.reports import ReportsPage, first_words, schedule_words
from crackseg_desktop.ui.theme import Theme, load_fonts, tokens
from crackseg_desktop.units import local_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    Open = Callable[..., tuple[Dashboard, ReportsPage]]

FOLDER = Path("reports")
PAST = (
    PastReport(
        *("2026-W48", "weekly", "Week 48, 23 to 29 November 2026", FOLDER / "weekly.html", story.NOW, "4 trainings"),
        sent=("phone", "lab"),
    ),
    PastReport("2026-11-23", "daily", "Monday 23 November 2026", FOLDER / "daily.html", story.NOW, "1 active"),
)
DESK = Desk(past=PAST, chosen="2026-11-23", report=report_story.daily())


@pytest.fixture
def opened(qtbot: QtBot, actions: Any) -> Open:
    def show(desk: Desk = DESK, size: tuple[int, int] = (1366, 768), **reports: Any) -> tuple[Dashboard, ReportsPage]:
        load_fonts()
        dashboard = Dashboard(Theme("dark"), actions, replace(Settings(), reports=Reports(**reports)))
        qtbot.addWidget(dashboard)
        dashboard.show_full("reports")
        dashboard.resize(*size)
        dashboard.load(story.snapshot(window=None, curves={}))
        dashboard.on_reports(desk)
        settle(dashboard)
        page = dashboard.full_view.current if dashboard.full_view is not None else None
        assert isinstance(page, ReportsPage)
        return dashboard, page

    return show


def settle(dashboard: Dashboard) -> None:
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        dashboard.refresh()


def test_that_past_reports_are_listed(opened: Open) -> None:
    _, page = opened()
    first, second = page.list.rows
    assert (first.title.text, first.summary.text) == ("Week 48, 23 to 29 November 2026", "4 trainings")
    assert first.about.text.endswith("sent through phone, lab")
    assert first.about.text.startswith("Weekly")
    assert second.about.text.endswith("not sent")
    assert second.accessibleName().startswith("Daily report, Monday 23 November 2026, 1 active")


def test_that_a_report_is_chosen_by_mouse_and_keyboard(opened: Open, actions: Any) -> None:
    _, page = opened()
    first, second = page.list.rows
    QTest.mouseClick(first, Qt.MouseButton.LeftButton)
    second.stepped.emit(-1)
    assert actions.reports.calls[-1] == ("choose", "2026-W48")
    assert actions.reports.calls.count(("choose", "2026-W48")) >= 1


def test_that_the_report_is_shown_and_can_be_heard(opened: Open) -> None:
    dashboard, page = opened()
    heard = page.pane.view.accessibleDescription()
    for words in ("Daily monitoring report", "swinv2-crack500-448", "Disk under 10 GiB on /data", "99.8 %"):
        assert words in heard, words
    image = page.pane.view.page.grab().toImage()
    colours = {image.pixelColor(x, y).rgb() for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}
    assert tokens("dark")["s1"].rgb() in colours
    assert page.pane.view.page.height() > 1000
    del dashboard


@pytest.mark.parametrize("size", [(1366, 768), (1100, 700), (1024, 640)])
def test_that_the_report_fits_into_the_window(opened: Open, size: tuple[int, int]) -> None:
    _, page = opened(size=size)
    view = page.pane.view
    assert view.page.width() <= view.viewport().width()
    for button in (page.pane.open, page.pane.save, page.pane.folder, page.pane.send, page.daily, page.weekly):
        assert button.isVisible()
        assert button.width() >= button.sizeHint().width()


def test_that_the_theme_is_followed(opened: Open, qtbot: QtBot) -> None:
    dashboard, page = opened()
    dashboard._theme.choose("light")
    image = page.pane.view.page.grab().toImage()
    colours = {image.pixelColor(x, y).rgb() for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}
    assert tokens("light")["s2"].rgb() in colours
    assert tokens("dark")["s2"].rgb() not in colours


def test_that_everything_can_be_decided(opened: Open, actions: Any) -> None:
    _, page = opened()
    actions.reports.calls.clear()
    for button in (page.daily, page.weekly, page.pane.open, page.pane.folder, page.pane.send):
        button.click()
    page.pane.save.click()
    menu = cast("QMenu", QApplication.activePopupWidget())
    assert [action.text() for action in menu.actions()] == ["PDF…", "HTML…", "Markdown…"]
    menu.actions()[0].trigger()
    menu.close()
    assert actions.reports.calls == [
        *(("write", "daily"), ("write", "weekly"), ("view", None), ("show_folder", None), ("send", None)),
        ("ask_and_save", ".pdf"),
    ]


def test_that_nothing_is_asked_for_twice(opened: Open, actions: Any) -> None:
    _, page = opened(replace(DESK, doing="Writing the daily report…", busy=True))
    assert page.head.note == "Writing the daily report…"
    actions.reports.calls.clear()
    for button in (page.daily, page.weekly, page.pane.send, page.pane.save):
        assert not button.isEnabled()
        button.click()
    assert actions.reports.calls == []


def test_that_what_went_wrong_is_said(opened: Open) -> None:
    dashboard, page = opened(replace(DESK, problem="phone: the service said 403"))
    assert page.problem.isVisible()
    assert page.problem.words.text() == "phone: the service said 403"
    dashboard.on_reports(DESK)
    settle(dashboard)
    assert not page.problem.isVisible()


def test_that_reports_are_looked_for_once_the_page_is_shown(opened: Open, actions: Any) -> None:
    opened(Desk())
    assert ("refresh", None) in actions.reports.calls
    actions.reports.calls.clear()
    opened(Desk(doing="Looking for past reports…"))
    opened(Desk(problem="the disk is gone"))
    assert actions.reports.calls.count(("refresh", None)) <= 2, "only before it is told what is done"


def test_that_no_report_yet_is_a_state_with_one_button(opened: Open, actions: Any) -> None:
    dashboard, page = opened(Desk(past=()), daily_at="18:00")
    assert page.empty.isVisible()
    assert page.empty.texts[:2] == ("No report yet", first_words(Reports(), story.NOW))
    assert not page.daily.isVisible()
    actions.reports.calls.clear()
    page.first.click()
    assert actions.reports.calls == [("write", "daily")]
    dashboard.on_reports(Desk(past=(), doing="Writing the daily report…", busy=True))
    settle(dashboard)
    assert page.empty.texts[:2] == ("Writing the daily report…", "This takes some seconds.")


def test_that_a_report_sent_before_is_sent_again(opened: Open) -> None:
    _, page = opened(replace(DESK, chosen="2026-W48", report=report_story.weekly()))
    assert page.pane.send.text() == "Send again"


def test_that_a_report_being_read_is_said(opened: Open) -> None:
    _, page = opened(replace(DESK, report=None, doing="Reading Monday 23 November 2026…"))
    assert page.pane.waiting.text == "Reading Monday 23 November 2026…"
    assert not page.pane.view.isVisible()
    assert not page.pane.save.isEnabled()
    assert page.pane.open.isEnabled()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Reports(), "Written daily at 18:00 and weekly on Monday at 08:00, sent through the channels"),
        (Reports(weekly_at="", send=False), "Written daily at 18:00"),
        (Reports(daily_at="", weekly_at=""), "Written when asked for; a schedule is in the settings"),
    ],
)
def test_that_the_schedule_is_told(settings: Reports, words: str) -> None:
    assert schedule_words(settings) == words


def test_that_the_first_report_is_today_or_tomorrow() -> None:
    now = local_time(story.NOW)
    assert now is not None
    later = f"{now.hour:02d}:{now.minute + 1:02d}"
    assert first_words(Reports(daily_at=later), story.NOW) == f"The first one is written today at {later}."
    earlier = f"{now.hour:02d}:{now.minute:02d}"
    assert first_words(Reports(daily_at=earlier), story.NOW) == f"The first one is written tomorrow at {earlier}."
    assert first_words(Reports(daily_at=""), story.NOW).startswith("Nothing is scheduled")
