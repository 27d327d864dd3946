from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from tests.ui import report_story
from tests.ui.test_report_desk import MONDAY, SUNDAY, FakeWork

from crackseg_desktop.reporting import Reporter, ReportError
from crackseg_desktop.settings import Settings
from crackseg_desktop.ui.app import AppOptions
from crackseg_desktop.ui.report_desk import ReportWork, at_once
from crackseg_desktop.ui.report_work import DemoReporter, ReadingReporter, reporter_for

if TYPE_CHECKING:
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.settings import Loaded


@pytest.fixture
def options(tmp_path: Path, clock: Clock) -> AppOptions:
    return AppOptions(lambda: cast("Loaded", None), tmp_path, clock=clock)


@pytest.mark.parametrize(
    ("demo", "read_only", "kind"),
    [(False, False, Reporter), (True, False, DemoReporter), (True, True, DemoReporter), (False, True, ReadingReporter)],
)
def test_that_each_start_has_its_reporter(options: AppOptions, demo: bool, read_only: bool, kind: type) -> None:
    found = reporter_for(replace(options, demo=demo, read_only=read_only), Settings(), list)
    assert type(found) is kind
    assert (found.data_dir, found.clock) == (options.data_dir, options.clock)
    assert isinstance(cast("ReportWork", found).past(), tuple)


@pytest.mark.parametrize(("start", "said"), [({"demo": True}, "demonstration"), ({"read_only": True}, "--read-only")])
def test_that_some_starts_send_nothing(options: AppOptions, start: dict[str, bool], said: str) -> None:
    found = reporter_for(replace(options, demo="demo" in start, read_only="read_only" in start), Settings(), list)
    with pytest.raises(ReportError, match=said):
        found.send(MONDAY, report_story.daily())


def test_that_a_start_that_only_reads_keeps_no_report(options: AppOptions, tmp_path: Path) -> None:
    found = reporter_for(replace(options, read_only=True), Settings(), list)
    with pytest.raises(ReportError, match="no report is kept"):
        found.keep(report_story.daily())
    assert list(tmp_path.iterdir()) == []


def test_that_a_picture_has_what_there_is_at_once() -> None:
    work = FakeWork()
    work.may.set()
    shown = at_once(work)
    assert (shown.past, shown.chosen) == ((MONDAY, SUNDAY), MONDAY.slug)
    assert shown.report is not None
    work.shelf = ()
    assert at_once(work).past == ()
    assert at_once(work, writes=True).current == MONDAY
