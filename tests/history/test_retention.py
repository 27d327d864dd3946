"""What is deleted when it is old or too much, and what is kept then."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.history.recording import LOAD, POWER, record

from crackseg_desktop.history.archive import Archive
from crackseg_desktop.history.recorder import FILE_NAME, Keeping, Recorder, RecorderState
from crackseg_desktop.history.store import WAL_BYTES
from crackseg_desktop.history.tiers import Tier
from crackseg_desktop.storage import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import FakeClock

HOUR, DAY = 3600.0, 86_400.0
SHORT = Keeping((Tier(1.0, HOUR), Tier(10.0, 8 * HOUR), Tier(60.0, DAY), Tier(900.0, 730 * DAY)), pinned_seconds=DAY)


@pytest.fixture
def recorder(tmp_path: Path, clock: FakeClock) -> Iterator[Recorder]:
    opened = Recorder(tmp_path, clock, SHORT)
    yield opened
    opened.stop(10.0)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with closing(Archive(tmp_path, SHORT)) as opened:
        yield opened


def rows(folder: Path, period: float) -> list[tuple[float, float]]:
    """Return from when until when there are blocks of a tier, of one series."""
    query = "SELECT since, until FROM blocks WHERE period = ? AND series = 1 AND folded ORDER BY since"
    with closing(open_for_reading(folder / FILE_NAME, 99)) as connection:
        return connection.execute(query, (period,)).fetchall()


def test_that_each_tier_is_kept_for_its_age(
    tmp_path: Path, recorder: Recorder, archive: Archive, clock: FakeClock
) -> None:
    begin = clock.time()
    record(recorder, clock, 30 * HOUR, 5.0)
    now = clock.time()
    for period, age in ((1.0, HOUR), (10.0, 8 * HOUR)):
        assert now - age - 7 * HOUR < rows(tmp_path, period)[0][0]
        assert rows(tmp_path, period)[0][1] >= now - age - 600
    assert archive.read(LOAD, now - HOUR / 2, now).period == 5
    assert archive.read(LOAD, now - 5 * HOUR, now).period == 10
    assert archive.read(LOAD, now - 20 * HOUR, now).period == 60
    whole = archive.read(LOAD, begin, now + 1)
    assert whole.period == 60
    assert sum(whole.counts) == 30 * HOUR / 5


def test_that_what_is_pinned_is_kept_and_no_more(
    tmp_path: Path, recorder: Recorder, archive: Archive, clock: FakeClock
) -> None:
    record(recorder, clock, 2 * HOUR)
    alert = clock.time()
    recorder.pin(alert - 600, alert + 600)
    record(recorder, clock, 9 * HOUR)
    found = archive.read(LOAD, alert - 600, alert + 600)
    assert list(found.times) == pytest.approx([alert - 600 + second for second in range(1200)])
    assert set(found.counts) == {1}
    assert archive.read(LOAD, alert - 601, alert + 600).period == 10
    assert all(since >= alert - 600 and until <= alert + 600 for since, until in rows(tmp_path, 1.0)[:2])
    record(recorder, clock, 25 * HOUR, 10.0)
    assert not [since for since, _ in rows(tmp_path, 1.0) if since <= alert + 600]
    assert archive.read(LOAD, alert - 600, alert + 600).period == 60


def test_that_a_run_keeps_buckets_of_ten_seconds(
    tmp_path: Path, recorder: Recorder, archive: Archive, clock: FakeClock
) -> None:
    record(recorder, clock, HOUR, 5.0)
    started = clock.time()
    recorder.pin(started, started + 2 * HOUR, 10.0)
    record(recorder, clock, 20 * HOUR, 5.0)
    found = archive.read(LOAD, started, started + 2 * HOUR)
    assert (found.period, len(found), sum(found.counts)) == (10.0, 720, 1440)
    assert archive.read(LOAD, started - HOUR, started).period == 60


def test_that_a_pin_of_what_is_gone_promises_nothing(recorder: Recorder, archive: Archive, clock: FakeClock) -> None:
    begin = clock.time()
    record(recorder, clock, 6 * HOUR, 5.0)
    recorder.pin(begin, begin + 1200)
    recorder.write()
    assert sum(archive.read(LOAD, begin, begin + 1200).counts) == 239


def test_that_a_flood_of_alerts_is_one_pin(tmp_path: Path, recorder: Recorder, clock: FakeClock) -> None:
    for _ in range(2000):
        clock.advance(1)
        recorder.pin(clock.time() - 600, clock.time() + 600)
    record(recorder, clock, 10)
    with closing(open_for_reading(tmp_path / FILE_NAME, 99)) as connection:
        assert connection.execute("SELECT count(*) FROM pins").fetchone() == (1,)


def test_that_the_cap_takes_the_oldest_of_the_finest_first_and_pins_last(tmp_path: Path, clock: FakeClock) -> None:
    long = Keeping(tuple(replace(tier, seconds=730 * DAY) for tier in Keeping().tiers), WAL_BYTES + 400_000)
    recorder = Recorder(tmp_path, clock, long)
    record(recorder, clock, HOUR)
    pinned = clock.time() - 1200
    recorder.pin(pinned - 600, pinned + 600)
    for number in range(24 * 3600):
        clock.advance(1)
        recorder.add(clock.time(), {LOAD: hash((number, 1)) % 65_521 / 1000, POWER: hash((number, 2)) % 65_521 / 100})
        if number % 5 == 0:
            recorder.write()
    recorder.write()
    with closing(Archive(tmp_path, long)) as archive:
        assert sum(archive.read(LOAD, 0, math.inf).counts) == 25 * 3600  # the coarser tiers have it all
        assert archive.read(LOAD, 0, math.inf).period > 1
        assert archive.read(LOAD, pinned - 600, pinned + 600).period == 1
        assert archive.read(LOAD, clock.time() - HOUR, clock.time()).period == 1
        assert archive.read(LOAD, pinned + 3 * HOUR, pinned + 4 * HOUR).period == 10
    recorder.stop(10.0)
    assert (tmp_path / FILE_NAME).stat().st_size < long.most_bytes


def test_that_even_pins_give_way_to_the_cap(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path, clock, Keeping(most_bytes=WAL_BYTES + 250_000))
    begin = clock.time()
    recorder.pin(begin, begin + DAY)
    for number in range(12 * 3600):
        clock.advance(1)
        recorder.add(clock.time(), {LOAD: hash((number, 1)) % 65_521 / 1000, POWER: hash((number, 2)) % 65_521 / 100})
        if number % 5 == 0:
            recorder.write()
    recorder.write()
    assert recorder.health.state == RecorderState.OK
    with closing(Archive(tmp_path)) as archive:
        found = archive.read(LOAD, begin, clock.time() + 1)
        assert (found.period > 1, sum(found.counts)) == (True, 12 * 3600)
        assert archive.read(LOAD, clock.time() - HOUR / 2, clock.time()).period == 1
    recorder.stop(10.0)
