"""A history of eight days for tests of the dashboard: the archive's face over figures that are made up."""

from __future__ import annotations

import math
from fnmatch import fnmatch

from tests.ui import story

from crackseg_desktop.series import Buckets, Gap, SeriesKey, series_key

DAY = 86400.0
BEGAN = story.NOW - 8 * DAY
GAPS = (
    Gap(story.NOW - 15 * 3600, story.NOW - 8 * 3600, "suspended"),
    Gap(story.NOW - 3 * DAY, story.NOW - 2.5 * DAY, "not running"),
)
PEAK_AT = story.NOW - 5.2 * 3600
"""When the GPU was at 93 °C, for a second."""
PERIODS = (1.0, 10.0, 60.0, 900.0)
GPU_OF_RUN = series_key("training_gpu_memory_used_bytes", {"run": "a1b2c3d4e5", "gpu": story.GPU})


class StoryPast:
    """What ``Archive`` does, from formulas."""

    def __init__(self, gaps: tuple[Gap, ...] = GAPS, began: float | None = BEGAN) -> None:
        self.told_gaps, self.began = gaps, began
        self.reads: list[tuple[SeriesKey, float, float, int | None]] = []
        self.closed = False

    @property
    def problem(self) -> str | None:
        return None

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        return tuple(key for key in (GPU_OF_RUN,) if fnmatch(key[0], pattern))

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        self.reads.append((key, since, until, most))
        since = max(since, until if self.began is None else self.began)
        enough = (period for period in PERIODS if most is None or (until - since) / period <= most)
        buckets = Buckets(key, next(enough, PERIODS[-1]) if until > since else 1.0)
        begin = math.ceil(since / buckets.period) * buckets.period
        for index in range(max(0, math.ceil((until - begin) / buckets.period))):
            self._add(buckets, begin + index * buckets.period)
        return buckets

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        return tuple(gap for gap in self.told_gaps if gap.since < until and gap.until > since)

    def covered(self) -> tuple[float, float] | None:
        return None if self.began is None else (self.began, story.NOW)

    def close(self) -> None:
        self.closed = True

    def _add(self, buckets: Buckets, time: float) -> None:
        if any(gap.since < time + buckets.period and time < gap.until for gap in self.told_gaps):
            return
        mean, spread = _figure(buckets.key[0], time)
        spread = 0.0 if buckets.period == 1.0 else spread
        high = min(mean + spread / 4, 1.0) if "ratio" in buckets.key[0] else mean + spread / 4
        if buckets.key[0] == "gpu_temperature_celsius" and time <= PEAK_AT < time + buckets.period:
            high = 93.0
        for column, value in (
            (buckets.times, time),
            (buckets.minima, mean - spread),
            (buckets.maxima, high),
            (buckets.means, mean),
            (buckets.lasts, mean),
        ):
            column.append(value)
        buckets.counts.append(int(buckets.period))


def _figure(metric: str, time: float) -> tuple[float, float]:
    """Return (mean, how far below it a bucket went) of a series at a moment; idle for a third of every nine hours."""
    busy = (time % (9 * 3600)) > 3 * 3600
    wave = math.sin(time / 1700)
    match metric:
        case "gpu_memory_used_bytes" | "training_gpu_memory_used_bytes":
            return (6.6 if busy else 0.5) * story.GIB, (0.5 if busy else 0.0) * story.GIB
        case "gpu_temperature_celsius":
            return (74 + 3 * wave if busy else 45 + wave), 3.0
        case "gpu_utilization_ratio":
            return (0.92 + 0.03 * wave if busy else 0.02), (0.7 if busy else 0.02)
        case "gpu_power_watts":
            return (104 + 4 * wave if busy else 14), (50 if busy else 2)
        case "host_cpu_used_ratio":
            return 0.36 + 0.04 * wave, 0.1
        case "host_memory_used_bytes":
            return (19 + wave) * story.GIB, 0.2 * story.GIB
        case "host_disk_read_bytes_per_second":
            return (80 + 20 * wave) * 1024**2, 30 * 1024**2
        case "gpu_energy_joules_total":
            return 1e7 + 100 * (time - BEGAN), 0.0
        case _:
            return 2e6 + 5e5 * wave, 1e6
