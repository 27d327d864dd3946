"""The application's own schedule: reports that are written and sent when they are due, against a real endpoint."""

from __future__ import annotations

import logging
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from tests.notify.services import Endpoint

from crackseg_desktop.core import assemble
from crackseg_desktop.report_schedule import MOST_ATTEMPTS, RETRY_SECONDS, ReportSchedule, add_schedule
from crackseg_desktop.reports.ledger import FILE_NAME, STALE_SECONDS, Ledger, read_ledger
from crackseg_desktop.settings import RemoteChannel, Reports, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import FakeClock

    from crackseg_desktop.readings import Sample

pytest.importorskip("apprise")
pytest.importorskip("jinja2")
# A plugin of apprise imports tweepy where that is installed, which imports imghdr.
pytestmark = pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")

HOUR = 3600.0
TODAY = ("daily", "2026-11-23")
"""The day of the fake clock, which begins at noon (UTC), on a Monday."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(endpoint: Endpoint) -> Settings:
    channel = RemoteChannel(endpoint.url(), quiet_from="00:00", quiet_to="23:59")
    return Settings(channels=MappingProxyType({"hook": channel}))


@pytest.fixture
def make(tmp_path: Path, clock: FakeClock, make_sample: Callable[..., Sample]) -> Callable[[Settings], ReportSchedule]:
    def made(settings: Settings) -> ReportSchedule:
        return ReportSchedule(settings, tmp_path, list, clock, make_sample, ZoneInfo("UTC"))

    return made


def test_that_a_report_is_written_and_sent_when_it_is_due_and_once(
    make: Callable[[Settings], ReportSchedule], settings: Settings, endpoint: Endpoint, tmp_path: Path, clock: FakeClock
) -> None:
    schedule = make(settings)
    schedule.look()
    clock.advance(6 * HOUR - 1)
    schedule.look()
    assert not (tmp_path / "reports").exists()
    assert endpoint.asked.empty()
    clock.advance(1)
    schedule.look()
    document = endpoint.next().document
    assert document["title"] == "Daily monitoring report, Monday 23 November 2026"
    (attachment,) = document["attachments"]
    assert attachment["filename"] == "daily-2026-11-23.html"
    assert attachment["mimetype"] == "text/html"
    written = clock.now
    clock.advance(60)
    schedule.look()
    make(settings).look()
    assert endpoint.asked.empty()
    assert read_ledger(tmp_path).entry(TODAY).written == written
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [
        "daily-2026-11-23.html", "daily-2026-11-23.md",
    ]  # fmt: skip
    assert read_ledger(tmp_path).entry(TODAY).sent == ("hook",)


def test_that_of_days_that_were_missed_only_the_last_is_told(
    make: Callable[[Settings], ReportSchedule], settings: Settings, endpoint: Endpoint, tmp_path: Path, clock: FakeClock
) -> None:
    make(settings).look()
    clock.advance(9 * 24 * HOUR)
    make(settings).look()
    titles = [endpoint.next().document["title"] for _ in range(2)]
    assert titles == [
        "Daily monitoring report, Tuesday 1 December 2026",
        "Weekly performance report, Week 48, 23 to 29 November 2026",
    ]
    assert endpoint.asked.empty()


@pytest.mark.parametrize(
    "changed",
    [
        {"reports": Reports(send=False)},
        {"channels": MappingProxyType({})},
        {"notifications": replace(Settings().notifications, enabled=False)},
    ],
)
def test_that_a_report_is_only_written_where_nothing_is_to_be_sent(
    make: Callable[[Settings], ReportSchedule],
    settings: Settings,
    endpoint: Endpoint,
    tmp_path: Path,
    clock: FakeClock,
    changed: dict[str, Any],
) -> None:
    schedule = make(replace(settings, **changed))
    schedule.look()
    clock.advance(6 * HOUR)
    schedule.look()
    assert (tmp_path / "reports" / "daily-2026-11-23.html").exists()
    schedule.look()
    assert endpoint.asked.empty()
    assert read_ledger(tmp_path).entry(TODAY).sendings == ()


def test_that_what_another_program_has_sent_or_sends_is_not_sent_again(
    make: Callable[[Settings], ReportSchedule], settings: Settings, endpoint: Endpoint, tmp_path: Path, clock: FakeClock
) -> None:
    schedule = make(settings)
    schedule.look()
    clock.advance(6 * HOUR)
    with Ledger(tmp_path, clock) as other:
        other.begin(TODAY, ("hook",))
        other.claim(TODAY, "hook")
        schedule.look()
        assert endpoint.asked.empty()
        other.settle(TODAY, "hook", None)
    clock.advance(max(RETRY_SECONDS, STALE_SECONDS) + 1)
    schedule.look()
    assert endpoint.asked.empty()
    assert read_ledger(tmp_path).entry(TODAY).written is not None


def test_that_a_failure_is_named_once_and_tried_again_after_a_while(
    make: Callable[[Settings], ReportSchedule],
    settings: Settings,
    endpoint: Endpoint,
    tmp_path: Path,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    schedule = make(settings)
    schedule.look()
    clock.advance(6 * HOUR)
    for _ in range(2):
        endpoint.answers.put((500, {}))
    with caplog.at_level(logging.WARNING, "crackseg_desktop"):
        schedule.look()
        endpoint.next()
        for _ in range(5):
            clock.advance(60)
            schedule.look()
        assert endpoint.asked.empty()
        clock.advance(RETRY_SECONDS)
        schedule.look()
        endpoint.next()
        clock.advance(RETRY_SECONDS)
        schedule.look()
        endpoint.next()
    clock.advance(RETRY_SECONDS)
    schedule.look()
    assert endpoint.asked.empty()
    assert read_ledger(tmp_path).entry(TODAY).sent == ("hook",)
    (told,) = [record.getMessage() for record in caplog.records if "not sent through hook" in record.getMessage()]
    assert "error=500" in told


def test_that_what_cannot_be_gathered_is_named_once_and_given_up_at_last(
    tmp_path: Path, clock: FakeClock, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> list[Path]:
        raise RuntimeError("the list of folders is broken")

    schedule = ReportSchedule(settings, tmp_path, broken, clock, zone=ZoneInfo("UTC"))
    schedule.look()
    clock.advance(6 * HOUR)
    with caplog.at_level(logging.WARNING, "crackseg_desktop"):
        for _ in range(MOST_ATTEMPTS + 3):
            schedule.look()
            clock.advance(RETRY_SECONDS + 1)
    messages = [record.getMessage() for record in caplog.records]
    assert len([text for text in messages if "the list of folders is broken" in text]) == 1
    assert len([text for text in messages if "is given up" in text]) == 1


def test_that_a_folder_that_cannot_be_written_to_stops_nothing(
    tmp_path: Path, clock: FakeClock, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be", encoding="utf-8")
    schedule = ReportSchedule(settings, tmp_path / "data", list, clock, zone=ZoneInfo("UTC"))
    with caplog.at_level(logging.WARNING, "crackseg_desktop"):
        schedule.look()
        schedule.look()
    assert len(caplog.records) == 1
    assert "none is written" in caplog.records[0].getMessage()


def test_that_other_settings_hold_from_the_next_look_on(
    make: Callable[[Settings], ReportSchedule], settings: Settings, endpoint: Endpoint, clock: FakeClock
) -> None:
    schedule = make(settings)
    schedule.look()
    clock.advance(HOUR)
    schedule.configure(replace(settings, reports=Reports(daily_at="12:30")))
    schedule.look()
    assert endpoint.next().document["title"].startswith("Daily")


def test_that_the_thread_ends_when_it_is_told_to(
    make: Callable[[Settings], ReportSchedule], settings: Settings, tmp_path: Path
) -> None:
    schedule = make(settings)
    schedule.start()
    schedule.stop(10.0)
    assert schedule._thread is not None
    assert not schedule._thread.is_alive()
    assert not (tmp_path / FILE_NAME).exists(), "nothing is done in the first minute"


def test_that_a_core_runs_the_schedule_with_its_folders_newest_sample_and_settings(
    tmp_path: Path,
    clock: FakeClock,
    make_sample: Callable[..., Sample],
    settings: Settings,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core = assemble(Settings(), tmp_path, [], clock, notifiers=())
    told: list[Callable[[object], None]] = []
    monkeypatch.setattr(core.monitor, "subscribe", told.append)
    add_schedule(core, Settings(), tmp_path, clock)
    (schedule,) = [worker for worker in core.others if isinstance(worker, ReportSchedule)]
    schedule.look()
    told[0](make_sample())
    monkeypatch.delattr("crackseg_desktop.core.build_machine")  # the machine is not read a second time
    clock.advance(24 * HOUR)
    core.configure_notifications(settings)
    schedule.look()
    assert endpoint.next().document["title"] == "Daily monitoring report, Monday 23 November 2026"
    core.stop()
