"""What is read of the history: which series, over which span, and of a file that is not as it should be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from tests.history.recording import LOAD, POWER, record

from crackseg_desktop.history.archive import Archive
from crackseg_desktop.history.recorder import FILE_NAME, Recorder
from crackseg_desktop.series import Buckets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import FakeClock


@pytest.fixture
def recorder(tmp_path: Path, clock: FakeClock) -> Iterator[Recorder]:
    opened = Recorder(tmp_path, clock)
    yield opened
    opened.stop(10.0)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("content", [None, b"", b"no database, but long enough to be read as one" * 50])
def test_that_what_is_no_history_reads_as_an_empty_one_and_says_why(
    tmp_path: Path, archive: Archive, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / FILE_NAME).write_bytes(content)
    assert archive.read(LOAD, 0, math.inf) == Buckets(LOAD, 1.0)
    assert archive.series() == ()
    assert archive.gaps(0, math.inf) == ()
    assert archive.covered() is None
    assert archive.problem
    assert list(tmp_path.iterdir()) == ([tmp_path / FILE_NAME] if content is not None else [])


def test_that_series_are_found_by_name_and_time(archive: Archive, recorder: Recorder, clock: FakeClock) -> None:
    record(recorder, clock, 10)
    clock.advance(90_000)
    recorder.add(clock.time(), {("gpu_temperature_celsius", (("gpu", "GPU-Ä"),)): 50.0})
    recorder.write()
    heat = ("gpu_temperature_celsius", (("gpu", "GPU-Ä"),))
    assert archive.series() == (POWER, heat, LOAD)
    assert archive.series("gpu_*") == (POWER, heat)
    assert archive.series("gpu_*", since=clock.time()) == (heat,)
    assert archive.series("nothing") == ()
    assert archive.read(("nothing", ()), 0, math.inf) == Buckets(("nothing", ()), 1.0)


def test_that_a_span_begins_with_its_first_moment_and_ends_before_its_last(
    archive: Archive, recorder: Recorder, clock: FakeClock
) -> None:
    times = record(recorder, clock, 4000)
    for start, end in ((0, 10), (1000, 1001), (3500, 3999), (3598, 3603)):
        assert list(archive.read(LOAD, times[start], times[end]).times) == times[start:end]
    assert len(archive.read(LOAD, times[5], times[5])) == 0
    assert len(archive.read(LOAD, times[5], times[3])) == 0
    assert archive.covered() == (times[0] - 1, times[-1])  # a bucket begins a second before the first sample


@pytest.mark.parametrize("most", [1, 2, 30, 500, 1000, 3999])
def test_that_few_buckets_hide_no_peak_and_no_sample(
    archive: Archive, recorder: Recorder, clock: FakeClock, most: int
) -> None:
    record(recorder, clock, 2000)
    clock.advance(1)
    recorder.add(clock.time(), {LOAD: 1e6, POWER: -1e6})
    times = record(recorder, clock, 6000)
    found = archive.read(LOAD, 0, math.inf, most)
    assert len(found) <= most
    assert sum(found.counts) == 8001
    assert max(found.maxima) == 1e6
    assert min(archive.read(POWER, 0, math.inf, most).minima) == -1e6
    assert found.times[-1] <= times[-1] < found.times[-1] + found.period


def test_that_buckets_stay_where_they_are_as_the_span_moves(
    archive: Archive, recorder: Recorder, clock: FakeClock
) -> None:
    times = record(recorder, clock, 8000)
    first = archive.read(LOAD, times[100], times[6100], 100)
    later = archive.read(LOAD, times[150], times[6150], 100)
    assert first.period == later.period
    both = set(first.times[:-1]) & set(later.times[:-1])
    assert len(both) > 45
    for time in both:
        one, other = first.times.index(time), later.times.index(time)
        assert first.maxima[one] == later.maxima[other]
        assert first.counts[one] == later.counts[other]


def test_that_a_gap_holds_no_buckets(archive: Archive, recorder: Recorder, clock: FakeClock) -> None:
    (*_, before) = record(recorder, clock, 3000)
    clock.advance(20_000)
    record(recorder, clock, 3000)
    for most in (None, 100, 20):
        found = archive.read(LOAD, 0, math.inf, most)
        assert not [time for time in found.times if before < time < before + 20_000 - found.period]


def test_that_an_archive_can_be_closed_and_asked_again(archive: Archive, recorder: Recorder, clock: FakeClock) -> None:
    record(recorder, clock, 5)
    for _ in range(2):
        assert len(archive.read(LOAD, 0, math.inf)) == 5
        archive.close()
