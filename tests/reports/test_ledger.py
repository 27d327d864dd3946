"""What became of reports: claims, races, and processes that die."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.reports.ledger import FILE_NAME, STALE_SECONDS, Entry, Known, Ledger, SendState, read_ledger
from crackseg_desktop.storage import NewerDatabaseError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import FakeClock

KEY = ("daily", "2026-11-23")
BOTH = ("mail", "slack")


def states(folder: Path) -> dict[str, SendState]:
    return {item.channel: item.state for item in read_ledger(folder).entry(KEY).sendings}


def test_that_reading_makes_no_file(tmp_path: Path) -> None:
    assert read_ledger(tmp_path) == Known()
    assert read_ledger(tmp_path).entry(KEY) == Entry()
    assert list(tmp_path.iterdir()) == []


def test_that_a_report_is_sent_once_through_each_channel(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as ours, Ledger(tmp_path, clock) as theirs:
        assert ours.begin(KEY, BOTH) == BOTH
        assert theirs.begin(KEY, BOTH) == BOTH
        assert ours.claim(KEY, "mail")
        assert not theirs.claim(KEY, "mail")
        assert theirs.claim(KEY, "slack")
        ours.settle(KEY, "mail", None)
        theirs.settle(KEY, "slack", None)
        assert ours.begin(KEY, BOTH) == ()
        assert not ours.claim(KEY, "mail")
        assert ours.begin(("daily", "2026-11-24"), BOTH) == BOTH
    entry = read_ledger(tmp_path).entry(KEY)
    assert entry.sent == BOTH
    assert not entry.waits_for(BOTH)


def test_that_a_channel_that_failed_is_tried_again_and_the_other_not(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as ledger:
        for name, error in zip(ledger.begin(KEY, BOTH), ("HTTP error=500", None), strict=True):
            assert ledger.claim(KEY, name)
            ledger.settle(KEY, name, error)
        (failed, sent) = ledger.known().entry(KEY).sendings
        assert (failed.state, failed.error, sent.state) == (SendState.FAILED, "HTTP error=500", SendState.SENT)
        assert ledger.known().entry(KEY).waits_for(BOTH)
        assert not ledger.known().entry(KEY).waits_for(["slack"])
        assert ledger.begin(KEY, BOTH) == ("mail",)
        assert ledger.claim(KEY, "mail")


def test_that_again_repeats_it_through_all_but_where_it_is_being_sent(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as ledger:
        ledger.begin(KEY, BOTH)
        ledger.claim(KEY, "mail")
        ledger.claim(KEY, "slack")
        ledger.settle(KEY, "slack", None)
        assert ledger.begin(KEY, (*BOTH, "phone"), again=True) == ("slack", "phone")
    assert states(tmp_path)["mail"] == SendState.CLAIMED


def test_that_a_claim_of_a_process_that_died_is_taken_over_after_a_while(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as died:
        died.begin(KEY, ("mail",))
        died.claim(KEY, "mail")
    with Ledger(tmp_path, clock) as ledger:
        clock.advance(STALE_SECONDS)
        assert ledger.begin(KEY, ("mail",)) == ()
        assert not ledger.claim(KEY, "mail")
        clock.advance(1)
        assert ledger.begin(KEY, ("mail",)) == ("mail",)
        assert ledger.claim(KEY, "mail")
        ledger.settle(KEY, "mail", None)
        ledger.settle(KEY, "mail", "the one that was thought dead gave up")
    assert states(tmp_path) == {"mail": SendState.SENT}


def test_that_a_clock_that_was_set_back_blocks_no_claim(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as ledger:
        ledger.begin(KEY, ("mail",))
        ledger.claim(KEY, "mail")
        clock.now -= 30 * 86_400
        assert ledger.begin(KEY, ("mail",)) == ("mail",)
        assert ledger.claim(KEY, "mail")


def test_that_a_channel_that_is_set_up_later_gets_no_old_report(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as ledger:
        ledger.begin(KEY, ("mail",))
        ledger.claim(KEY, "mail")
        ledger.settle(KEY, "mail", None)
        assert ledger.begin(KEY, BOTH) == ()
        assert not ledger.claim(KEY, "slack")
        assert not ledger.known().entry(KEY).waits_for(BOTH)


def test_that_what_was_written_is_known_with_its_summary(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as ledger:
        ledger.note_written(KEY, "one training")
        clock.advance(60)
        ledger.note_written(KEY, "two trainings")
    entry = read_ledger(tmp_path).entry(KEY)
    assert (entry.written, entry.summary, entry.sent) == (clock.now, "two trainings", ())
    assert entry.waits_for(["mail"])
    assert not entry.waits_for([])


def test_that_it_remembers_since_when_it_is_there_and_a_wrong_clock_is_corrected(
    tmp_path: Path, clock: FakeClock
) -> None:
    began = clock.now
    Ledger(tmp_path, clock).__exit__(None, None, None)
    clock.advance(3600)
    with Ledger(tmp_path, clock) as ledger:
        assert ledger.known().begun == began
    clock.now = began - 86_400
    with Ledger(tmp_path, clock) as ledger:
        assert ledger.known().begun == clock.now


def test_that_a_full_disk_is_named(tmp_path: Path, clock: FakeClock) -> None:
    with Ledger(tmp_path, clock) as ledger:
        ledger._connection.execute("PRAGMA max_page_count=1")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            ledger.begin(("daily", "2026-11-23"), ["x" * 100_000])


def test_that_a_damaged_ledger_keeps_no_report_from_being_sent(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"garbage " * 1000)
    assert read_ledger(tmp_path) == Known()
    with Ledger(tmp_path, clock) as ledger:
        assert ledger.begin(("daily", "2026-11-23"), ["mail"]) == ("mail",)
    assert (tmp_path / f"{FILE_NAME}.damaged").exists()


def test_that_the_file_of_a_later_version_is_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    Ledger(tmp_path, clock).__exit__(None, None, None)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerDatabaseError):
        Ledger(tmp_path, clock)
    with pytest.raises(NewerDatabaseError):
        read_ledger(tmp_path)


_RACE = """
import sys
from pathlib import Path
from crackseg_desktop.clock import SystemClock
from crackseg_desktop.reports.ledger import Ledger
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
with Ledger(Path(sys.argv[1]), SystemClock()) as ledger:
    for day in range(40):
        key = ("daily", f"day {day}")
        for name in ledger.begin(key, ("mail", "slack")):
            if ledger.claim(key, name):
                print(day, name)
                ledger.settle(key, name, None)
"""


def test_that_of_processes_that_race_one_sends_each(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RACE, str(tmp_path)]
    racing = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") for _ in range(3)
    ]
    for process in racing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in racing:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    sent = [line for process in racing for line in process.communicate(timeout=60)[0].splitlines()]
    assert [process.returncode for process in racing] == [0, 0, 0]
    assert sorted(sent) == sorted(f"{day} {name}" for day in range(40) for name in ("mail", "slack"))
