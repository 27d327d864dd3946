"""What tests of the recorder and the archive share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import FakeClock

    from crackseg_desktop.history.recorder import Recorder

LOAD = ("host_load1", ())
POWER = ("gpu_power_watts", (("gpu", "GPU-1"),))


def record(recorder: Recorder, clock: FakeClock, seconds: float, period: float = 1.0) -> list[float]:
    """Record two series for a while, written every five samples; return the times."""
    times = []
    for number in range(int(seconds / period)):
        clock.advance(period)
        times.append(clock.time())
        recorder.add(clock.time(), {LOAD: number % 100 / 10, POWER: 250 + number % 7})
        if number % 5 == 4:
            recorder.write()
    recorder.write()
    return times
