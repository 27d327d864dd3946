"""What the history costs on the disk and in time: ``python -m tests.benchmarks.history``.

A machine is simulated that samples 60 series a second: one GPU, the host, two disks, eight interfaces, a run with 16
watched values that trains for ten hours and rests for two. Every sample of the whole time goes through ``Recorder.add``
and ``write`` as in the application, only faster: the clock is a fake one. Nothing is extrapolated.

The time ends shortly before the next spans are folded, so that reading has as much as possible to fold itself. For
comparison one day is written into a plain wide table: a row a sample, a column a series.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crackseg_desktop.history.archive import Archive
from crackseg_desktop.history.codec import unpack
from crackseg_desktop.history.recorder import FILE_NAME, Recorder
from crackseg_desktop.history.tiers import DEFAULT_KEEPING
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crackseg_desktop.series import SeriesKey

START = 1_795_435_200.0
HOUR = 3600
GIB = 1024.0**3
FLUSHED = 8
ON, OFF = 10, 2
"""Hours of training, and of rest."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--days", type=float, default=30.24, help="how long is recorded (default 30.24)")
    parser.add_argument("--reads", type=int, default=60, help="how often each reading is timed (default 60)")
    parser.add_argument("--keep", type=Path, help="a folder for the file; it is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder)
        end = record(place, int(options.days * 24))
        print_size(place)
        print_reading(place, end, options.reads)
    with tempfile.TemporaryDirectory() as folder:
        print_wide(Path(folder) / "wide.sqlite", options.reads)
    return 0


class Turned:
    """A clock that stands where it is put."""

    now = START

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def record(folder: Path, hours: int) -> float:
    """Record so many hours, and 55 minutes; print what it took, and return the last time."""
    clock = Turned()
    recorder = Recorder(folder, clock)
    adding = writing = longest = 0.0
    working: list[float] = []
    samples = 0
    for hour in range(hours + 1):
        for moment, figures in sampled(hour, HOUR if hour < hours else 55 * 60):
            clock.now = moment
            before = time.perf_counter()
            recorder.add(moment, figures)
            adding += time.perf_counter() - before
            samples += 1
            if samples % FLUSHED == 0:
                before, worked = time.perf_counter(), time.thread_time()
                recorder.write()
                took = time.perf_counter() - before
                writing, longest = writing + took, max(longest, took)
                working.append(time.thread_time() - worked)
    recorder.write()
    print(f"recorded              {samples:,} samples of {len(KEYS)} series, {samples / 86400:.1f} days")
    print(f"add, caller's thread  {1e6 * adding / samples:.2f} us a sample")
    inserting = 1e3 * statistics.median(working) / FLUSHED
    cpu, wall = 1e3 * sum(working) / samples, 1e3 * writing / samples
    print(f"writer's thread       {inserting:.4f} ms of CPU a sample to insert (median)")
    print(f"  packed and folded   {cpu:.4f} ms of CPU a sample, {wall:.4f} ms with waiting (longest {longest:.2f} s)")
    end = clock.now
    recorder.stop(60.0)
    return end


def sampled(hour: int, seconds: int) -> Iterator[tuple[float, dict[SeriesKey, float]]]:
    """Yield an hour of samples, a second apart but for what a timer is late by."""
    rng = np.random.default_rng(hour)
    columns = np.empty((seconds, len(MAKERS)))
    for place, (seed, (_, make)) in enumerate(enumerate(MAKERS)):
        columns[:, place] = make(Moment(rng, hour, seconds, seed))
    late = rng.exponential(0.0015, seconds)
    for second, row in enumerate(columns.tolist()):
        yield START + hour * HOUR + second + late[second].item(), dict(zip(KEYS, row, strict=True))


class Moment:
    """An hour of the machine: what makers draw their columns from."""

    def __init__(self, rng: np.random.Generator, hour: int, seconds: int, seed: int) -> None:
        self.rng, self.seconds, self.seed = rng, seconds, seed
        self.trains = hour % (ON + OFF) < ON
        self.second = hour * HOUR + np.arange(seconds, dtype=float)
        self.own = random.Random(seed)

    def noise(self, size: float, every: int = 1) -> np.ndarray:
        """Return white noise that changes every so many seconds."""
        return np.repeat(self.rng.normal(0, size, self.seconds // every + 1), every)[: self.seconds]

    def wave(self, size: float, minutes: float) -> np.ndarray:
        """Return a slow wave."""
        return size * np.sin(self.second / (60 * minutes) * 2 * np.pi + self.seed)


def rate(usual: float) -> Callable[[Moment], np.ndarray]:
    """Return what makes bytes a second: packets come in bursts."""

    def make(moment: Moment) -> np.ndarray:
        quiet = moment.rng.exponential(usual, moment.seconds)
        return quiet + np.where(moment.rng.random(moment.seconds) < 0.01, moment.rng.exponential(200 * usual), 0)

    return make


def logged(every: float) -> Callable[[Moment], np.ndarray]:
    """Return what makes a value that a training logs every so many seconds, as a float32."""

    def make(moment: Moment) -> np.ndarray:
        step = np.floor(moment.second / every)
        chance = np.sin(step * 12.9898 + moment.seed) * 43758.5453
        return np.asarray(
            0.3 + 0.5 * np.exp(-step * every / 2e5) + 0.02 * (chance - np.floor(chance)), np.float32
        ).astype(float)

    return make


def steady(busy: float, idle: float) -> Callable[[Moment], np.ndarray]:
    """Return what makes a figure that only changes as the training does."""
    return lambda moment: np.full(moment.seconds, busy if moment.trains else idle)


def either(busy: float, idle: float, noise: float, step: float, wave: float = 0.0) -> Callable[[Moment], np.ndarray]:
    """Return what makes a noisy figure in whole steps that is one thing in training and another at rest."""

    def make(moment: Moment) -> np.ndarray:
        usual = (busy if moment.trains else idle) + moment.wave(wave, 11)
        whole: np.ndarray = np.round(np.abs(usual + moment.noise(noise)) / step)
        return step * whole

    return make


def utilization(moment: Moment) -> np.ndarray:
    """Return whole percents, as the driver tells them, with the pauses of validation."""
    busy = np.round(np.clip(94 + moment.noise(3), 0, 100)) / 100
    busy = np.where(moment.second % 600 < 20, np.round(busy * 40) / 100, busy)
    whole: np.ndarray = busy if moment.trains else np.round(np.abs(moment.noise(1.0))) / 100
    return whole


def disk_read(moment: Moment) -> np.ndarray:
    """Return whole sectors a second: much while images are read."""
    return 512 * np.round(moment.rng.exponential(40_000 if moment.trains else 50, moment.seconds))


def pages(usual: float, spread: float, every: int) -> Callable[[Moment], np.ndarray]:
    """Return what makes bytes of memory or disk: whole pages that come and go."""
    return lambda moment: 4096 * np.round((usual + moment.wave(spread, 37) + moment.noise(spread / 50, every)) / 4096)


GPU = {"gpu": "GPU-1"}
INTERFACES = {"eth0": 4000.0, "wlan0": 0.0, "lo": 900.0, "docker0": 120.0, "br-1": 0.0}
INTERFACES |= {"veth1": 60.0, "veth2": 60.0, "tun0": 300.0}
MAKERS: Sequence[tuple[tuple[str, dict[str, str]], Callable[[Moment], np.ndarray]]] = [
    (("gpu_memory_used_bytes", GPU), lambda m: 2**20 * np.round(m.noise(8, 30) + (7100 if m.trains else 600))),
    (("gpu_utilization_ratio", GPU), utilization),
    (("gpu_memory_controller_utilization_ratio", GPU), lambda m: np.round(60 * utilization(m)) / 100),
    (("gpu_temperature_celsius", GPU), either(72, 41, 0.4, 1, wave=2)),
    (("gpu_power_watts", GPU), either(252, 21, 9, 0.001)),
    (("gpu_energy_joules_total", GPU), lambda m: m.second[0] * 250 + np.cumsum(250 + m.noise(9))),
    (("gpu_clock_sm_hertz", GPU), lambda m: 15e6 * np.round((122 if m.trains else 14) + m.noise(1.5))),
    (("gpu_clock_memory_hertz", GPU), steady(9.251e9, 4.05e8)),
    (("gpu_fan_speed_ratio", GPU), lambda m: np.round((62 if m.trains else 30) + m.wave(3, 11)) / 100),
    (("gpu_performance_state", GPU), steady(2, 8)),
    (("gpu_throttled", GPU), lambda m: (m.rng.random(m.seconds) < 0.001).astype(float)),
    (("host_cpu_used_ratio", {}), lambda m: np.abs((0.35 if m.trains else 0.03) + m.noise(0.04))),
    (("host_load1", {}), lambda m: np.round(np.abs((6 if m.trains else 0.4) + m.wave(1, 7) + m.noise(0.05, 5)), 2)),
    (("host_memory_used_bytes", {}), pages(21 * GIB, 0.4 * GIB, 1)),
    (("host_swap_used_bytes", {}), steady(268_435_456, 268_435_456)),
    (("host_disk_read_bytes_per_second", {}), disk_read),
    (("host_disk_written_bytes_per_second", {}), lambda m: 4096 * np.round(m.rng.exponential(60, m.seconds))),
    (("host_disk_free_bytes", {"mount": "/"}), pages(90 * GIB, 0.01 * GIB, 30)),
    (("host_disk_free_bytes", {"mount": "/data"}), pages(700 * GIB, 2 * GIB, 30)),
    *(
        ((f"host_network_{way}_bytes_per_second", {"interface": name}), rate(usual) if usual else steady(0, 0))
        for name, usual in INTERFACES.items()
        for way in ("receive", "transmit")
    ),
    (("training_epoch", {"run": "r1"}), lambda m: np.floor(m.second / 600)),
    (("training_step", {"run": "r1"}), lambda m: 50 * np.floor(m.second / 50 * 3.1)),
    (("training_epochs_per_hour", {"run": "r1"}), lambda m: 6 + 0.1 * np.sin(np.floor(m.second / 600))),
    (("training_eta_seconds", {"run": "r1"}), lambda m: 4e6 - m.second),
    (("training_nonfinite_points_total", {"run": "r1"}), steady(0, 0)),
    (("training_gpu_memory_used_bytes", {"run": "r1", "gpu": "GPU-1"}), steady(6.9 * GIB, 0)),
    *((("training_value", {"run": "r1", "tag": f"step/{n}"}), logged(16)) for n in range(8)),
    *((("training_value", {"run": "r1", "tag": f"epoch/{n}"}), logged(600)) for n in range(8)),
    (("self_cpu_ratio", {}), lambda m: np.abs(0.01 + m.noise(0.004))),
    (("self_memory_rss_bytes", {}), pages(70 * 1024.0**2, 1e6, 5)),
    (("host_cpu_used_ratio", {"host": "other"}), lambda m: np.abs(0.1 + m.noise(0.02))),
]  # fmt: skip
KEYS = [series_key(*name) for name, _ in MAKERS]


def print_size(folder: Path) -> None:
    """Print what the tiers take."""
    path = folder / FILE_NAME
    size = path.stat().st_size
    with closing(sqlite3.connect(path)) as connection:
        free, page = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
        for tier in DEFAULT_KEEPING.tiers:
            rows = packed = 0
            query = "SELECT content FROM blocks WHERE period = ? AND (folded OR period > 1)"
            for (content,) in connection.execute(query, (tier.period,)):
                rows += sum(len(columns.times) for columns in unpack(content))
                packed += len(content)
            each = packed / max(rows, 1)
            print(f"tier of {tier.period:5.0f} s       {rows:12,} rows, {packed / 1e6:7.2f} MB, {each:5.2f} bytes each")
    print(f"file                  {size / 1e6:.1f} MB, of which {free * page / 1e6:.1f} MB are free")


def print_reading(folder: Path, end: float, times: int) -> None:
    """Print how long spans of a series take, over all series."""
    archive = Archive(folder)
    for title, hours in (("1 h", 1), ("24 h", 24), ("7 days", 168), ("30 days", 720)):
        took, buckets = [], 0
        archive.read(KEYS[0], end - hours * HOUR, end, 1000)
        for number in range(times):
            before = time.perf_counter()
            buckets = max(buckets, len(archive.read(KEYS[number % len(KEYS)], end - hours * HOUR, end, 1000)))
            took.append(time.perf_counter() - before)
        worst = 1e3 * sorted(took)[int(0.95 * len(took))]
        print(
            f"read {title:8}         {1e3 * statistics.median(took):.2f} ms (95 %: {worst:.2f} ms), {buckets} buckets"
        )
    before = time.perf_counter()
    samples = len(archive.read(KEYS[1], end - 23 * HOUR, end))
    print(f"every sample of 23 h  {1e3 * (time.perf_counter() - before):.1f} ms, {samples:,} samples")
    archive.close()


def print_wide(path: Path, times: int) -> None:
    """Print what one day is in a plain wide table."""
    names = ", ".join(f"c{number} REAL" for number in range(len(KEYS)))
    marks = ", ".join("?" * (len(KEYS) + 1))
    inserting = 0.0
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"CREATE TABLE samples (time REAL PRIMARY KEY, {names}) WITHOUT ROWID")
        for hour in range(24):
            rows = [(moment, *figures.values()) for moment, figures in sampled(hour, HOUR)]
            before = time.perf_counter()
            for start in range(0, HOUR, FLUSHED):
                connection.execute("BEGIN")
                connection.executemany(f"INSERT INTO samples VALUES ({marks})", rows[start : start + FLUSHED])
                connection.execute("COMMIT")
            inserting += time.perf_counter() - before
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        took = []
        for _ in range(min(times, 10)):
            before = time.perf_counter()
            query = "SELECT cast(time / 120 AS INTEGER), min(c4), max(c4), avg(c4) FROM samples GROUP BY 1"
            connection.execute(query).fetchall()
            took.append(time.perf_counter() - before)
    samples = 24 * HOUR
    size, reading = path.stat().st_size, 1e3 * statistics.median(took)
    each = size / samples / len(KEYS)
    print(f"plain wide table      {each:.1f} bytes a figure ({30 * size / 1e6:.0f} MB for 30 days)")
    print(f"                      {1e3 * inserting / samples:.4f} ms a sample; 24 h of one series {reading:.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
