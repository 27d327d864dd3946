"""The recorder on a real file: what is kept, what survives, and what happens where it cannot be written."""

from __future__ import annotations

import logging
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time as system_time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.history.recording import LOAD, POWER, record

from crackseg_desktop import storage
from crackseg_desktop.history import recorder as recorder_module
from crackseg_desktop.history.archive import Archive
from crackseg_desktop.history.recorder import FILE_NAME, Keeping, Recorder, RecorderState
from crackseg_desktop.history.schema import MIGRATIONS
from crackseg_desktop.history.tiers import Tier
from crackseg_desktop.series import Gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import FakeClock

DAY = 86_400.0
SHORT = Keeping((Tier(1.0, 7200), Tier(10.0, 4 * 7200), Tier(60.0, 400 * DAY), Tier(900.0, 730 * DAY)))


@pytest.fixture
def recorder(tmp_path: Path, clock: FakeClock) -> Iterator[Recorder]:
    opened = Recorder(tmp_path, clock)
    yield opened
    opened.stop(10.0)


def everything(folder: Path) -> list[float]:
    """Return the times of all samples there are in the finest tier."""
    with closing(Archive(folder)) as archive:
        return list(archive.read(LOAD, 0, math.inf).times)


def state(recorder: Recorder) -> RecorderState:
    return recorder.health.state


def near(times: list[float]) -> object:
    return pytest.approx(times, abs=0.001)


def count(folder: Path, query: str) -> int:
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return int(connection.execute(query).fetchone()[0])


def test_that_what_is_recorded_is_read(tmp_path: Path, recorder: Recorder, clock: FakeClock) -> None:
    times = record(recorder, clock, 20)
    found = Archive(tmp_path).read(LOAD, 0, clock.time() + 1)
    assert list(found.times) == times
    assert list(found.lasts) == [number / 10 for number in range(20)]
    assert found.minima == found.maxima == found.means == found.lasts
    assert set(found.counts) == {1}
    assert state(recorder) == RecorderState.OK


@pytest.mark.parametrize("period", [0.2, 1.0, 7.5, 60.0, 3600.0])
def test_that_nothing_changes_when_the_journal_becomes_blocks(
    tmp_path: Path, recorder: Recorder, clock: FakeClock, period: float
) -> None:
    count = 5000 if period < 60 else 200
    times = record(recorder, clock, int(count * period), period)
    with closing(Archive(tmp_path)) as archive:
        found = archive.read(POWER, clock.time() - 80_000, clock.time() + 1)
    assert list(found.times) == near([time for time in times if time >= clock.time() - 80_000])
    assert list(found.lasts) == [250 + number % 7 for number in range(count)][-len(found) :]
    assert found.period == pytest.approx(period)
    assert state(recorder) == RecorderState.OK


def test_that_a_figure_that_is_missing_is_not_there_and_one_that_is_no_number_is(
    tmp_path: Path, recorder: Recorder, clock: FakeClock
) -> None:
    loss = ("training_value", (("run", "r"), ("tag", "train/loss")))
    for number in range(4000):
        clock.advance(1)
        recorder.add(clock.time(), {LOAD: 1.0, loss: math.nan} if number % 2 else {LOAD: 1.0})
        if number % 5 == 0:
            recorder.write()
    recorder.write()
    found = Archive(tmp_path).read(loss, 0, math.inf)
    assert len(found) == 2000
    assert all(map(math.isnan, found.lasts))
    assert Archive(tmp_path).series("training_*") == (loss,)


def test_that_a_gap_is_told_with_its_reason(tmp_path: Path, recorder: Recorder, clock: FakeClock) -> None:
    (*_, before) = record(recorder, clock, 10)
    clock.advance(1000)
    recorder.add(clock.time(), {LOAD: 1.0}, gap="suspended")
    recorder.write()
    assert Archive(tmp_path).gaps(0, math.inf) == (Gap(before, before + 1000, "suspended"),)


def test_that_the_time_between_two_sessions_is_a_gap(tmp_path: Path, clock: FakeClock) -> None:
    first = Recorder(tmp_path, clock)
    (*_, before) = record(first, clock, 10)
    first.stop(10.0)
    assert state(first) == RecorderState.OFF
    clock.advance(5000)
    second = Recorder(tmp_path, clock)
    after, *_ = record(second, clock, 10)
    assert Archive(tmp_path).gaps(0, math.inf) == (Gap(before, after, "not running"),)
    assert len(everything(tmp_path)) == 20
    second.stop(10.0)


def test_that_the_thread_writes_what_came_before_it_was_stopped(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path, clock)
    recorder.start()
    recorder.add(clock.time(), {LOAD: 1.0})
    recorder.stop(20.0)
    assert everything(tmp_path) == [clock.time()]


def test_that_a_figure_that_is_none_ends_nothing(
    tmp_path: Path, recorder: Recorder, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    record(recorder, clock, 5)
    recorder.add(clock.time(), {LOAD: None})  # type: ignore[dict-item]
    with caplog.at_level(logging.CRITICAL):
        recorder._write_whatever_comes()
    assert state(recorder) == RecorderState.FAILED
    record(recorder, clock, 5)
    assert state(recorder) == RecorderState.OK
    assert len(everything(tmp_path)) == 10


@pytest.mark.parametrize("mount", ["/mnt/\udcff", "/mnt/a\nb", "/mnt/'\");--", "/mnt/\x00", "/mnt/\u202e", "/mnt/é"])
def test_that_a_series_may_be_of_a_path_of_any_bytes(tmp_path: Path, clock: FakeClock, mount: str) -> None:
    recorder, key = Recorder(tmp_path, clock), ("host_disk_free_bytes", (("mount", mount),))
    recorder.add(clock.time(), {LOAD: 1.0, key: 2.0})
    recorder.write()
    recorder.stop(10.0)
    with closing(Archive(tmp_path)) as archive:
        assert key in archive.series()
        assert list(archive.read(key, 0, clock.time() + 1).lasts) == [2.0]


CHILD = """
import sys
from pathlib import Path
from tests.conftest import FakeClock
from tests.history.recording import record
from crackseg_desktop.history.recorder import Recorder
clock = FakeClock()
recorder = Recorder(Path(sys.argv[1]), clock)
while True:
    print(record(recorder, clock, 5)[-1], flush=True)
"""


def start_child(folder: Path) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(root / "src"), str(root)))}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )


def read_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


@pytest.mark.parametrize("writes", [1, 61, 700, 733, 1451])
def test_that_what_was_written_survives_a_kill(tmp_path: Path, clock: FakeClock, writes: int) -> None:
    with start_child(tmp_path) as child:
        written = [float(read_line(child)) for _ in range(writes)]
        child.kill()  # SIGKILL
    times = everything(tmp_path)
    assert times[: 5 * writes] == near([clock.time() + 1 + second for second in range(5 * writes)])
    assert times[5 * writes - 1] == pytest.approx(written[-1])
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_that_the_successor_of_a_killed_instance_writes_at_once(tmp_path: Path, clock: FakeClock) -> None:
    with start_child(tmp_path) as child:
        read_line(child)
        child.kill()  # SIGKILL; it may have written more by then
    clock.advance(everything(tmp_path)[-1] - clock.time() + 1)
    recorder = Recorder(tmp_path, clock)
    recorder.add(clock.time(), {LOAD: 1.0})
    recorder.write()
    assert state(recorder) == RecorderState.OK
    assert everything(tmp_path)[-1] == clock.time()
    recorder.stop(10.0)


def test_that_a_second_instance_waits_until_the_first_has_ended(tmp_path: Path, clock: FakeClock) -> None:
    first, second = Recorder(tmp_path, clock), Recorder(tmp_path, clock)
    for _ in range(30):
        clock.advance(1)
        first.add(clock.time(), {LOAD: 1.0})
        second.add(clock.time(), {LOAD: 2.0})
        first.write()
        second.write()
    assert (state(first), state(second)) == (RecorderState.OK, RecorderState.TAKEN)
    assert "Another instance" in second.health.reason
    first.stop(10.0)
    record(second, clock, 5)
    assert state(second) == RecorderState.OK
    assert len(everything(tmp_path)) == 35
    assert set(Archive(tmp_path).read(LOAD, 0, clock.time() - 5).lasts) == {1.0}
    second.stop(10.0)


def test_that_a_second_instance_goes_on_where_a_killed_one_was_lost(tmp_path: Path, clock: FakeClock) -> None:
    record(Recorder(tmp_path, clock), clock, 10)  # and no stop
    second = Recorder(tmp_path, clock)
    record(second, clock, 10)
    assert state(second) == RecorderState.TAKEN
    record(second, clock, 30)
    assert state(second) == RecorderState.OK
    assert len(everything(tmp_path)) == 50
    second.stop(10.0)


def test_that_an_instance_whose_place_was_taken_leaves_it(tmp_path: Path, clock: FakeClock) -> None:
    first, second = Recorder(tmp_path, clock), Recorder(tmp_path, clock)
    record(first, clock, 10)
    clock.advance(100)  # as if its disk had hung
    record(second, clock, 10)
    record(first, clock, 10)
    assert (state(first), state(second)) == (RecorderState.TAKEN, RecorderState.OK)
    second.stop(10.0)
    first.stop(10.0)


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be taken away there")
@pytest.mark.parametrize("how", ["deleted", "replaced", "emptied", "with its folder"])
def test_that_a_file_that_is_taken_away_is_begun_anew(
    tmp_path: Path, clock: FakeClock, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "data"
    recorder = Recorder(folder, clock)
    record(recorder, clock, 20)
    path = folder / FILE_NAME
    if how == "emptied":
        path.write_bytes(b"")
    elif how == "with its folder":
        shutil.rmtree(folder)
    else:
        path.unlink()
        if how == "replaced":
            path.write_bytes(b"")
    after = record(recorder, clock, 20)
    assert state(recorder) == RecorderState.OK
    assert everything(folder)[-20:] == near(after)
    recorder.stop(10.0)
    assert caplog.text.count("was taken away") == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def failing(message: str) -> Callable[..., sqlite3.Connection]:
    def fail(*_: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError(message)

    return fail


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("database or disk is full", RecorderState.FULL),
        ("attempt to write a readonly database", RecorderState.READ_ONLY),
        ("database is locked", RecorderState.LOCKED),
        ("something else", RecorderState.FAILED),
    ],
)
def test_that_nothing_is_lost_while_the_file_cannot_be_opened(
    tmp_path: Path,
    recorder: Recorder,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    expected: RecorderState,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(recorder_module, "open_sound", failing(message))
        record(recorder, clock, 50)
        assert state(recorder) == expected
        assert recorder.health.reason
        assert recorder.health.since is not None
    record(recorder, clock, 5)
    assert state(recorder) == RecorderState.OK
    assert len(everything(tmp_path)) == 55


def test_that_a_disk_that_fills_up_costs_nothing_that_is_there(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(path: Path, migrations: tuple[str, ...]) -> sqlite3.Connection:
        connection = storage.open_sound(path, migrations)
        connection.execute("PRAGMA max_page_count=28")
        return connection

    recorder = Recorder(tmp_path, clock)
    with monkeypatch.context() as patch:
        patch.setattr(recorder_module, "open_sound", small)
        patch.setattr(recorder_module, "_WAITING_FIGURES", 4000)
        while state(recorder) != RecorderState.FULL:
            record(recorder, clock, 50)
        kept = everything(tmp_path)
        times = record(recorder, clock, 5000)
        assert state(recorder) == RecorderState.FULL
        assert "samples were lost" in recorder.health.reason
        assert everything(tmp_path)[: len(kept)] == kept
    record(recorder, clock, 5)
    found = everything(tmp_path)
    assert state(recorder) == RecorderState.OK
    assert [time for time in found if time <= times[-1]][-1900:] == near(times[-1900:])
    (hole,) = Archive(tmp_path).gaps(0, math.inf)
    assert hole.reason == "not recorded"
    assert not [time for time in found if hole.since < time < hole.until]
    recorder.stop(10.0)


def test_that_a_locked_file_is_waited_for(
    tmp_path: Path, recorder: Recorder, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "BUSY_SECONDS", 0.0)
    record(recorder, clock, 5)
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        record(recorder, clock, 20)
        assert state(recorder) == RecorderState.LOCKED
        other.execute("ROLLBACK")
    record(recorder, clock, 5)
    assert state(recorder) == RecorderState.OK
    assert len(everything(tmp_path)) == 30


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_that_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, clock: FakeClock) -> None:
    tmp_path.chmod(0o500)
    recorder = Recorder(tmp_path, clock)
    record(recorder, clock, 5)
    assert state(recorder) == RecorderState.READ_ONLY
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("content", [b"no database, but long enough to be read as one" * 50, b"\0" * 8192])
def test_that_a_damaged_file_is_set_aside_and_said(
    tmp_path: Path, recorder: Recorder, clock: FakeClock, content: bytes
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    record(recorder, clock, 20)
    assert state(recorder) == RecorderState.DAMAGED
    assert "set aside" in recorder.health.reason
    assert (tmp_path / f"{FILE_NAME}.damaged").read_bytes() == content
    assert len(everything(tmp_path)) == 20


def test_that_damage_that_shows_only_later_is_noticed(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path, clock)
    record(recorder, clock, 8000)
    recorder.stop(10.0)
    path = tmp_path / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    path.write_bytes(content)
    archive = Archive(tmp_path)
    assert len(archive.read(LOAD, 0, math.inf)) == 0
    assert archive.problem
    again = Recorder(tmp_path, clock)
    record(again, clock, 20)
    assert state(again) == RecorderState.DAMAGED
    assert len(archive.read(LOAD, 0, math.inf)) == 20
    assert archive.problem is None
    again.stop(10.0)


def test_that_a_damaged_block_costs_only_itself(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path, clock)
    times = record(recorder, clock, 8000)
    recorder.stop(10.0)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        first = connection.execute("SELECT min(id) FROM blocks WHERE folded AND period = 1").fetchone()[0]
        connection.execute("UPDATE blocks SET content = substr(content, 1, 60) WHERE id = ?", (first,))
    archive = Archive(tmp_path)
    lengths = sorted(len(archive.read(key, 0, math.inf)) for key in (LOAD, POWER))
    assert lengths[0] < lengths[1] == len(times)


def test_that_the_file_of_a_later_version_is_left_alone(tmp_path: Path, recorder: Recorder, clock: FakeClock) -> None:
    with closing(storage.open_database(tmp_path / FILE_NAME, MIGRATIONS)) as connection:
        connection.execute("PRAGMA user_version=99")
    before = (tmp_path / FILE_NAME).read_bytes()
    record(recorder, clock, 10)
    assert state(recorder) == RecorderState.NEWER
    assert "later version" in recorder.health.reason
    assert (tmp_path / FILE_NAME).read_bytes() == before
    archive = Archive(tmp_path)
    assert archive.series() == ()
    assert archive.problem is not None
    assert "later version" in archive.problem


def test_that_a_file_of_an_earlier_version_is_brought_up_to_date(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = Recorder(tmp_path, clock)
    record(earlier, clock, 400)
    earlier.stop(10.0)
    monkeypatch.setattr(recorder_module, "MIGRATIONS", (*MIGRATIONS, "ALTER TABLE series ADD COLUMN note TEXT"))
    later = Recorder(tmp_path, clock)
    record(later, clock, 400)
    later.stop(10.0)
    assert count(tmp_path, "PRAGMA user_version") == len(MIGRATIONS) + 1
    monkeypatch.setattr("crackseg_desktop.history.archive.MIGRATIONS", (*MIGRATIONS, ""))
    assert len(everything(tmp_path)) == 800


def test_that_a_clock_that_is_set_back_loses_nothing(tmp_path: Path, recorder: Recorder, clock: FakeClock) -> None:
    before = record(recorder, clock, 8000)
    clock.now -= 5000.5
    after = record(recorder, clock, 600)
    assert state(recorder) == RecorderState.CLOCK
    assert "set back" in recorder.health.reason
    after += record(recorder, clock, 8000)
    assert state(recorder) == RecorderState.OK
    assert everything(tmp_path) == near(sorted(before + after))
    buckets = Archive(tmp_path).read(LOAD, 0, math.inf, 50)
    assert sum(buckets.counts) == len(before) + len(after)
    assert list(buckets.times) == sorted(set(buckets.times))


def test_that_a_clock_that_goes_far_forward_deletes_nothing(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path, clock, SHORT)
    before = record(recorder, clock, 5000)
    right = clock.now
    clock.now += 4000 * DAY
    record(recorder, clock, 4000)
    assert state(recorder) == RecorderState.CLOCK
    assert "forward" in recorder.health.reason
    recorder.stop(10.0)
    recorder = Recorder(tmp_path, clock, SHORT)  # which does not forget it
    record(recorder, clock, 4000)
    assert state(recorder) == RecorderState.CLOCK
    assert Archive(tmp_path, SHORT).read(LOAD, before[0], before[-1]).times.tolist() == near(before[:-1])
    clock.now = right + 100
    record(recorder, clock, 10)
    recorder.stop(10.0)
    recorder = Recorder(tmp_path, clock, SHORT)
    record(recorder, clock, 10)
    assert state(recorder) == RecorderState.OK
    recorder.stop(10.0)


def test_that_a_clock_that_stays_forward_is_believed_after_a_day(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path, clock, SHORT)
    record(recorder, clock, 5000)
    clock.advance(20 * DAY)
    record(recorder, clock, 23 * 3600, 60.0)
    assert state(recorder) == RecorderState.CLOCK
    kept = count(tmp_path, "SELECT count(*) FROM blocks WHERE period = 1 AND folded")
    record(recorder, clock, 2 * 3600, 60.0)
    assert state(recorder) == RecorderState.OK
    assert count(tmp_path, "SELECT count(*) FROM blocks WHERE period = 1 AND folded") < kept
    recorder.stop(10.0)


@pytest.mark.skipif(sys.platform == "win32", reason="the time zone cannot be set there")
def test_that_daylight_saving_does_not_touch_it(
    tmp_path: Path, recorder: Recorder, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    set_zone()
    clock.now = 1_792_889_999.0 - 1800  # half an hour before the clocks go back, on 25 October 2026
    times = record(recorder, clock, 3600 * 2)
    monkeypatch.undo()
    set_zone()
    assert everything(tmp_path) == near(times)
    assert Archive(tmp_path).gaps(0, math.inf) == ()
    assert state(recorder) == RecorderState.OK


def set_zone() -> None:
    """Let this process be where ``TZ`` says."""
    if sys.platform != "win32":
        system_time.tzset()


def test_that_reading_while_writing_sees_a_whole(tmp_path: Path, recorder: Recorder, clock: FakeClock) -> None:
    begin = clock.time()
    record(recorder, clock, 300)
    stop, found = threading.Event(), []

    def read() -> None:
        archive = Archive(tmp_path)
        while not stop.is_set():
            found.append(list(archive.read(LOAD, 0, math.inf).times))
            found.append([archive.problem] if archive.problem else [])  # type: ignore[list-item]
            assert sum(archive.read(LOAD, 0, math.inf, 20).counts) >= len(found[-2])
        archive.close()

    thread = threading.Thread(target=read)
    thread.start()
    record(recorder, clock, 9000)
    stop.set()
    thread.join()
    lengths = [len(times) for times in found[::2]]
    assert lengths == sorted(lengths)
    assert not any(found[1::2])
    assert all(times == near([begin + 1 + second for second in range(len(times))]) for times in found[::2])
