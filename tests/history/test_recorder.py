"""The recorder and the archive on a real file: what is kept, what survives, and what happens where it cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.history.archive import Archive
from crackseg_desktop.history.health import RecorderState
from crackseg_desktop.history.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import FakeClock

LOAD = ("host_load1", ())
POWER = ("gpu_power_watts", (("gpu", "GPU-1"),))


@pytest.fixture
def recorder(tmp_path: Path, clock: FakeClock) -> Iterator[Recorder]:
    opened = Recorder(tmp_path, clock)
    yield opened
    opened.stop(10.0)


def record(recorder: Recorder, clock: FakeClock, seconds: int, period: float = 1.0) -> list[float]:
    """Record figures for a while, written every five samples; return the times."""
    times = []
    for number in range(int(seconds / period)):
        clock.advance(period)
        times.append(clock.time())
        recorder.add(clock.time(), {LOAD: number % 100 / 10, POWER: 250 + number % 7})
        if number % 5 == 4:
            recorder.write()
    recorder.write()
    return times


def test_that_what_is_recorded_is_read(tmp_path: Path, recorder: Recorder, clock: FakeClock) -> None:
    times = record(recorder, clock, 20)
    found = Archive(tmp_path).read(LOAD, 0, clock.time() + 1)
    assert list(found.times) == times
    assert list(found.lasts) == [number / 10 for number in range(20)]
    assert found.minima == found.maxima == found.means == found.lasts
    assert set(found.counts) == {1}
    assert recorder.health.state == RecorderState.OK


@pytest.mark.parametrize("period", [0.2, 1.0, 7.5, 60.0, 3600.0])
def test_that_nothing_changes_when_the_journal_becomes_blocks(
    tmp_path: Path, recorder: Recorder, clock: FakeClock, period: float
) -> None:
    times = record(recorder, clock, int(5000 * period), period)
    found = Archive(tmp_path).read(POWER, 0, clock.time() + 1)
    assert list(found.times) == pytest.approx(times, abs=0.001)
    assert list(found.lasts) == [250 + number % 7 for number in range(5000)]
