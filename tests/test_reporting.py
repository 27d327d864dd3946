"""Gathering, writing and sending reports from a real checkout and a real data directory."""

from __future__ import annotations

import sqlite3
import sys
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from tests.training.conftest import Checkout

from crackseg_desktop.alerts.log import FILE_NAME as ALERTS
from crackseg_desktop.alerts.log import AlertLog
from crackseg_desktop.history.recorder import Recorder
from crackseg_desktop.history.schema import FILE_NAME as HISTORY
from crackseg_desktop.reporting import Reporter, ReportError
from crackseg_desktop.reports.ledger import FILE_NAME as LEDGER
from crackseg_desktop.reports.period import day_of
from crackseg_desktop.reports.report import Outcome
from crackseg_desktop.series import series_key
from crackseg_desktop.settings import RemoteChannel, Settings
from crackseg_desktop.survey import CurveReader, look_at_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import FakeClock

    from crackseg_desktop.readings import AlertEvent, Sample
    from crackseg_desktop.reports.period import Period

pytest.importorskip("jinja2")

HOUR = 3600.0
UTC = ZoneInfo("UTC")


@pytest.fixture
def checkout(tmp_path: Path, clock: FakeClock) -> Checkout:
    """A checkout with a run of three epochs that ended some hours ago."""
    made = Checkout(tmp_path / "checkout")
    made.complete(began=clock.now - 6 * HOUR, epochs=3)
    return made


@pytest.fixture
def reporter(tmp_path: Path, clock: FakeClock, checkout: Checkout, make_sample: Callable[..., Sample]) -> Reporter:
    return Reporter(Settings(), tmp_path / "data", lambda: [checkout.root], clock, make_sample, UTC)


def today(clock: FakeClock) -> Period:
    return day_of(datetime.fromtimestamp(clock.now, UTC).date(), UTC, clock.now)


def test_that_a_report_joins_runs_curves_history_and_alerts(
    reporter: Reporter, clock: FakeClock, make_alert: Callable[..., AlertEvent]
) -> None:
    log = AlertLog(reporter.data_dir, clock)
    log.add(make_alert())
    log.write()
    log.stop(5.0)
    clock.advance(60)
    recorder = Recorder(reporter.data_dir, clock)
    for second in range(100):
        recorder.add(clock.now - 100 + second, {series_key("gpu_temperature_celsius", {"gpu": "GPU-1"}): 60.0 + second})
    recorder.stop(5.0)
    report = reporter.gather(today(clock))
    (run,) = report.runs
    assert run.outcome == Outcome.COMPLETED
    assert run.iou is not None
    assert len(run.iou.values) == 3
    assert [issue.rule for issue in report.issues] == ["gpu_temperature"]
    (temperature,) = [row for row in report.health if row.kind == "temperature"]
    assert (temperature.peak.value, temperature.now.value) == (159.0, 60.0)
    assert report.notes == ()
    assert report.hostname


def test_that_what_cannot_be_read_is_noted_and_the_rest_told(reporter: Reporter, clock: FakeClock) -> None:
    reporter.data_dir.mkdir()
    for name in (ALERTS, HISTORY):
        (reporter.data_dir / name).write_bytes(b"no database, " * 1000)
    report = reporter.gather(today(clock))
    assert len(report.runs) == 1
    alerts, history = report.notes
    assert "alert log" in alerts
    assert "history" in history


def test_that_a_report_that_is_written_is_kept_listed_and_read_again(reporter: Reporter) -> None:
    past, report = reporter.write("daily")
    assert (past.slug, past.kind, past.sent) == ("2026-11-23", "daily", ())
    assert past.summary.startswith("Trainings: 1 completed, best IoU ")
    assert reporter.past() == (past,)
    assert reporter.read(past) == report
    assert reporter.write("weekly")[0].slug == "2026-W48"
    assert [item.kind for item in reporter.past()] == ["weekly", "daily"]


def test_that_a_report_is_saved_by_suffix_or_refused_in_a_sentence(reporter: Reporter, tmp_path: Path) -> None:
    _, report = reporter.write("daily")
    for name, begin in (("a.md", "# "), ("a.html", "<!")):
        reporter.save(report, tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
    if sys.platform != "win32":  # it may be read by whoever may read what else this person writes
        (tmp_path / "plain").touch()
        assert (tmp_path / "a.md").stat().st_mode == (tmp_path / "plain").stat().st_mode
    with pytest.raises(ReportError, match=r"must end with .md or .html"):
        reporter.save(report, tmp_path / "a.docx")
    with pytest.raises(ReportError, match="cannot be written"):
        reporter.save(report, tmp_path / "a.md" / "b.md")


def test_that_without_a_channel_nothing_is_sent_nor_noted(reporter: Reporter) -> None:
    past, report = reporter.write("daily")
    assert reporter.send(past, report) == ()
    assert reporter.past()[0].sent == ()


def test_that_a_channel_without_its_secret_is_named(reporter: Reporter) -> None:
    pytest.importorskip("apprise")
    reporter.settings = Settings(channels=MappingProxyType({"mail": RemoteChannel("keyring:mail")}))
    past, report = reporter.write("daily")
    with pytest.raises(ReportError, match=r"^mail: "):
        reporter.send(past, report)


def test_that_what_cannot_be_noted_is_not_sent(reporter: Reporter) -> None:
    past, report = reporter.write("daily")
    reporter.settings = Settings(channels=MappingProxyType({"mail": RemoteChannel("keyring:mail")}))
    connection = sqlite3.connect(reporter.data_dir / LEDGER)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ReportError, match="cannot be noted"):
        reporter.send(past, report)


def test_that_curves_are_read_alike_whether_the_index_knows_a_run_or_not(
    tmp_path: Path, clock: FakeClock, checkout: Checkout
) -> None:
    second = checkout.complete(began=clock.now - 3 * HOUR, epochs=2)
    data, folders = tmp_path / "data", [checkout.root]
    before = CurveReader(data, folders, clock)
    runs = [run for look in look_at_runs(Settings(), data, folders, clock) for run in look.runs]
    assert len(runs) == 2
    after = CurveReader(data, folders, clock)
    told = {run.id: len(before(run.id)["val_iou"]) for run in runs}
    assert sorted(told.values()) == [2, 3]
    assert {run.id: len(after(run.id)["val_iou"]) for run in runs} == told
    assert before("0123456789") == {}
    assert second.metrics.exists()
