"""The alert log on a real file: what is kept, what survives, and what happens where it cannot be written."""

from __future__ import annotations

import logging
import math
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.alerts.log import FILE_NAME, LONGEST_SECONDS, AlertLog, read_log
from crackseg_desktop.readings import AlertState, Evidence
from crackseg_desktop.storage import NewerDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import FakeClock

    from crackseg_desktop.readings import AlertEvent


@pytest.fixture
def log(tmp_path: Path, clock: FakeClock) -> Iterator[AlertLog]:
    opened = AlertLog(tmp_path, clock)
    yield opened
    opened.stop(10.0)


def test_that_every_change_is_kept_with_its_evidence(
    tmp_path: Path, log: AlertLog, clock: FakeClock, make_alert: Callable[..., AlertEvent]
) -> None:
    evidence = Evidence(((clock.time() - 1, 85.0), (clock.time(), 86.0)), "Likely dust.", "Clean it.")
    fired = replace(make_alert(), evidence=evidence, peak=86.0, channels=("mail",), note="seen", occurrence=2)
    over = replace(make_alert(state=AlertState.RESOLVED), lasted=60.0)
    for event in (make_alert(state=AlertState.PENDING), fired, over):
        log.add(event)
    log.write()
    assert read_log(tmp_path) == (fired, over)
    assert log.problem is None


def test_that_a_value_that_is_no_number_comes_back(
    tmp_path: Path, log: AlertLog, make_alert: Callable[..., AlertEvent]
) -> None:
    log.add(replace(make_alert(), value=math.nan, evidence=Evidence(((1.0, math.inf),))))
    log.write()
    (event,) = read_log(tmp_path)
    assert event.value is not None
    assert math.isnan(event.value)
    assert event.evidence == Evidence(((1.0, math.inf),))


def test_that_the_log_is_asked_since_a_moment(
    tmp_path: Path, log: AlertLog, clock: FakeClock, make_alert: Callable[..., AlertEvent]
) -> None:
    begun = clock.time()
    for _ in range(3):
        log.add(make_alert())
        clock.advance(60)
    log.write()
    assert [event.time - begun for event in read_log(tmp_path, begun + 60)] == [60, 120]


def test_that_the_next_session_finds_the_state_and_what_was_resolved_last(
    tmp_path: Path, log: AlertLog, clock: FakeClock, make_alert: Callable[..., AlertEvent]
) -> None:
    over = [make_alert(state=AlertState.RESOLVED, title=str(number)) for number in range(150)]
    for event in (*over, make_alert()):
        log.add(event)
    log.keep({"old": True})
    log.keep({"time": 1.0, "alerts": []})
    log.write()
    recalled = AlertLog(tmp_path, clock).recall()
    assert recalled.document == {"time": 1.0, "alerts": []}
    assert [event.title for event in recalled.resolved] == [str(number) for number in range(149, 49, -1)]


def test_that_there_is_nothing_to_find_at_the_first_start(tmp_path: Path, clock: FakeClock) -> None:
    assert AlertLog(tmp_path, clock).recall().document is None
    assert read_log(tmp_path) == ()
    assert not (tmp_path / FILE_NAME).exists()


def test_that_the_log_is_capped_by_rows_and_age(
    tmp_path: Path, clock: FakeClock, make_alert: Callable[..., AlertEvent]
) -> None:
    log = AlertLog(tmp_path, clock, most_rows=10)
    for number in range(1005):
        log.add(make_alert(title=str(number)))
    log.write()
    assert [event.title for event in read_log(tmp_path)] == [str(number) for number in range(995, 1005)]
    log.stop(10.0)
    clock.advance(LONGEST_SECONDS + 1)
    later = AlertLog(tmp_path, clock)
    later.add(make_alert(title="new"))
    later.write()
    later.stop(10.0)
    assert [event.title for event in read_log(tmp_path)] == ["new"]


def test_that_a_locked_file_is_named_once_and_written_later(
    tmp_path: Path,
    log: AlertLog,
    make_alert: Callable[..., AlertEvent],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crackseg_desktop.storage.BUSY_SECONDS", 0.0)
    log.add(make_alert(title="before"))
    log.write()
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for title in ("first", "second"):
            log.add(make_alert(title=title))
            log.keep({"title": title})
            log.write()
        assert log.problem is not None
        assert "locked" in log.problem
        other.execute("ROLLBACK")
    log.write()
    assert log.problem is None
    assert [event.title for event in read_log(tmp_path)] == ["before", "first", "second"]
    assert log.recall().document == {"title": "second"}
    assert caplog.text.count("cannot be written") == 1


def test_that_a_full_disk_is_named_and_nothing_is_lost(
    tmp_path: Path, log: AlertLog, make_alert: Callable[..., AlertEvent]
) -> None:
    log.add(make_alert(title="before"))
    log.write()
    assert log._connection is not None
    log._connection.execute("PRAGMA max_page_count=1")
    log.add(make_alert(title="x" * 100_000))
    log.write()
    assert log.problem == "database or disk is full"
    log._connection.execute("PRAGMA max_page_count=1000000")
    log.write()
    assert log.problem is None
    assert len(read_log(tmp_path)) == 2


def test_that_a_folder_that_cannot_be_made_is_named_and_nothing_is_lost_of_what_fits(
    tmp_path: Path, clock: FakeClock, make_alert: Callable[..., AlertEvent], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    log = AlertLog(tmp_path / "file" / "data", clock)
    log.add(make_alert())
    log.write()
    assert log.problem is not None
    assert "cannot be written" in caplog.text


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_that_a_read_only_folder_can_still_be_read(
    tmp_path: Path, log: AlertLog, make_alert: Callable[..., AlertEvent]
) -> None:
    log.add(make_alert())
    log.write()
    log.stop(0.0)
    tmp_path.chmod(0o500)
    try:
        assert len(read_log(tmp_path)) == 1
    finally:
        tmp_path.chmod(0o700)


def test_that_a_damaged_file_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, log: AlertLog, make_alert: Callable[..., AlertEvent], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database, and long enough to be one" * 100)
    assert log.recall().document is None
    log.add(make_alert())
    log.write()
    assert len(read_log(tmp_path)) == 1
    assert "damaged" in caplog.text


def test_that_the_file_of_a_later_version_is_left_alone(
    tmp_path: Path, log: AlertLog, make_alert: Callable[..., AlertEvent]
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as later:
        later.execute("PRAGMA user_version=99")
    log.add(make_alert())
    log.write()
    assert log.problem is not None
    assert "later version" in log.problem
    with pytest.raises(NewerDatabaseError):
        read_log(tmp_path)


def test_that_an_entry_that_cannot_be_read_hides_no_other(
    tmp_path: Path, log: AlertLog, make_alert: Callable[..., AlertEvent], caplog: pytest.LogCaptureFixture
) -> None:
    log.add(make_alert())
    log.write()
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("INSERT INTO changes (time, state, content) VALUES (1e12, 'firing', '{}')")
    with caplog.at_level(logging.WARNING):
        assert len(read_log(tmp_path)) == 1
    assert "cannot be read" in caplog.text


def test_that_the_thread_writes_what_waits_before_it_ends(
    tmp_path: Path, log: AlertLog, make_alert: Callable[..., AlertEvent]
) -> None:
    log.start()
    for _ in range(50):
        log.add(make_alert())
    log.keep({"time": 2.0})
    log.stop(10.0)
    assert len(read_log(tmp_path)) == 50
    assert log.recall().document == {"time": 2.0}
