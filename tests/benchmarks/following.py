"""Whether memory and handles stay flat while many live runs are followed: ``python -m tests.benchmarks.following``.

One process writes the runs at a steady rate, half of them as CrackSeg does and half as event files; another follows
them as ``watch`` does; this one looks at that other from outside. Exit code 1: in the second half of the time its
memory grew by more than the points it was told explain, or its handles grew at all, or it did not get every point.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event

    Count = Synchronized[int]

TAGS = ("train/epoch_loss", "val_loss", "val_iou", "val_dice", "val_precision", "val_recall")
BYTES_A_POINT = 40
"""20 in its curve, 8 to know it again in a log that may be written anew, and what the allocator loses as 1,200 curves
of three columns each grow a little at a time: 44 in all were measured over ten minutes, the first growth included."""
SLACK_BYTES = 3_000_000
"""What the allocator and the last hour of this machine's own figures may take beside the points."""
_PATIENCE_SECONDS = 20.0
_LEAVE_SECONDS = 10.0


class Look(NamedTuple):
    """The follower at one moment, seen from outside."""

    seconds: float
    rss_bytes: int
    handles: int
    threads: int
    cpu_seconds: float
    points: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What the three processes tell each other: points written and told, runs told, and when to end."""

    written: Count
    told: Count
    runs: Count
    stop_writing: Event
    stop_following: Event


def main() -> int:
    """Measure, print a table and what it means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30, help="how long it is watched (default 30)")
    parser.add_argument("--runs", type=int, default=200, help="live runs (default 200)")
    parser.add_argument("--period", type=float, default=1.0, help="seconds between a run's epochs (default 1)")
    options = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    shared = Shared(
        processes.Value("q", 0),
        processes.Value("q", 0),
        processes.Value("q", 0),
        processes.Event(),
        processes.Event(),
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        runs = Path(folder, "runs")
        runs.mkdir()
        writer = processes.Process(target=write, args=(runs, options.runs, options.period, shared), daemon=True)
        follower = processes.Process(target=follow, args=(runs, Path(folder, "data"), shared), daemon=True)
        writer.start()
        wait_for(shared.written, options.runs * len(TAGS))  # every run has all its files when it is found
        follower.start()
        looks = list(watched(follower.pid or 0, options.seconds, shared))
        shared.stop_writing.set()
        writer.join(_LEAVE_SECONDS)
        wait_for(shared.told, shared.written.value)
        shared.stop_following.set()
        follower.join(_LEAVE_SECONDS)
    findings = {
        **judged(looks),
        f"{shared.told.value} points of {shared.written.value} were told": shared.told.value == shared.written.value,
        f"{shared.runs.value} runs of {options.runs} were told": shared.runs.value == options.runs,
    }
    for words, is_good in findings.items():
        print(f"{'ok    ' if is_good else 'FAILED'}  {words}")
    return 0 if all(findings.values()) else 1


def follow(folder: Path, data_dir: Path, shared: Shared) -> None:
    """Follow the runs of a folder with the real core and count what it tells, in a process of its own."""
    from crackseg_desktop.clock import SystemClock
    from crackseg_desktop.core import assemble
    from crackseg_desktop.readings import CurvePoints, Run, RunRemoved
    from crackseg_desktop.settings import Settings

    core = assemble(Settings(), data_dir, [folder], SystemClock(), notifiers=[])
    known: set[str] = set()

    def count(event: object) -> None:
        match event:
            case CurvePoints():
                shared.told.value += len(event.steps)
            case Run():
                known.add(event.id)
            case RunRemoved():
                known.discard(event.run)
        shared.runs.value = len(known)

    core.monitor.subscribe(count)
    core.start()
    shared.stop_following.wait()
    core.stop()


class Writer(Protocol):
    """Writes one run."""

    def epoch(self, number: int) -> None:
        """Write one point of every tag."""
        ...


def write(folder: Path, runs: int, period: float, shared: Shared) -> None:
    """Write epoch after epoch of many runs, each its turn, in a process of its own."""
    kinds = (CrackSegRun, EventRun)
    writers: list[Writer] = [kinds[number % len(kinds)](folder, number) for number in range(runs)]
    began, turn = time.monotonic(), 0
    while not shared.stop_writing.wait(max(0.0, began + turn * period / runs - time.monotonic())):
        writers[turn % runs].epoch(turn // runs + 1)
        shared.written.value += len(TAGS)
        turn += 1


class CrackSegRun:
    """A run in a checkout: ``metrics.jsonl`` and the text log."""

    def __init__(self, folder: Path, number: int) -> None:
        checkout = folder / f"checkout-{number}"
        name = f"{datetime.now(UTC).astimezone() - timedelta(minutes=1):%Y%m%d-%H%M%S}-live{number}"
        self._metrics = checkout / "src/crackseg/artifacts/experiments" / name / "metrics/metrics.jsonl"
        self._log = checkout / "artifacts/experiments" / name / "main.log"
        for path in (self._metrics, self._log):
            path.parent.mkdir(parents=True)
        (self._metrics.parents[1] / "config.json").write_text('{"training": {"epochs": 100000}}', encoding="utf-8")

    def epoch(self, number: int) -> None:
        """Write one point of every tag."""
        now = datetime.now(UTC).astimezone().replace(tzinfo=None)
        rows = [{"name": tag, "value": 1 / number, "step": number, "timestamp": now.isoformat()} for tag in TAGS]
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"[{now:%Y-%m-%d %H:%M:%S},000][trainer][INFO] - Epoch {number} done\n")


class EventRun:
    """A run that TensorBoard's own writer writes."""

    def __init__(self, folder: Path, number: int) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        path = folder / f"events-{number}" / f"events.out.tfevents.{time.time():.0f}.host.{number}.0"
        path.parent.mkdir()
        make_writer: Any = RecordWriter
        self._records = make_writer(path.open("wb"))
        self._write({"wall_time": time.time(), "file_version": "brain.Event:2"})

    def epoch(self, number: int) -> None:
        """Write one point of every tag."""
        for tag in TAGS:
            value = {"tag": tag, "simple_value": 1 / number}
            self._write({"wall_time": time.time(), "step": number, "summary": {"value": [value]}})

    def _write(self, fields: dict[str, Any]) -> None:
        from tensorboard.compat.proto import event_pb2

        pb: Any = event_pb2
        self._records.write(pb.Event(**fields).SerializeToString())
        self._records.flush()


def watched(pid: int, seconds: float, shared: Shared) -> Iterator[Look]:
    """Look at a process once a second, printing now and then."""
    process, began = psutil.Process(pid), time.monotonic()
    print("seconds      RSS  handles  threads    CPU   runs   points told of written")
    before, shown = None, 0.0
    while (now := time.monotonic() - began) < seconds:
        look = looked_at(process, now, shared)
        if before is None or now - shown >= seconds / 15:
            cpu = 0.0 if before is None else (look.cpu_seconds - before.cpu_seconds) / (now - before.seconds)
            told = f"{shared.runs.value:5d}  {look.points:9d}    {shared.written.value:9d}"
            print(
                f"{now:7.0f} {mb(look.rss_bytes):>8} {look.handles:8d} {look.threads:8d} {cpu:6.1%}  {told}", flush=True
            )
            before, shown = look, now
        yield look
        time.sleep(max(0.0, began + now + 1.0 - time.monotonic()))


def looked_at(process: psutil.Process, seconds: float, shared: Shared) -> Look:
    """Read what the system tells of a process."""
    with process.oneshot():
        times, rss = process.cpu_times(), process.memory_info().rss
        return Look(
            seconds, rss, open_handles(process), process.num_threads(), times.user + times.system, shared.told.value
        )


def open_handles(process: psutil.Process) -> int:
    """Return how many files, sockets and the like a process has open."""
    if sys.platform == "win32":
        return process.num_handles()
    return process.num_fds()


def wait_for(count: Count, enough: int) -> None:
    """Wait until a count has come so far, or for as long as that can take."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    while count.value < enough and time.monotonic() < ends:
        time.sleep(0.1)


def judged(looks: list[Look]) -> dict[str, bool]:
    """Return what the second half of the looks shows, and whether that is as it should be."""
    part = max(1, len(looks) // 10)
    middle, end = looks[len(looks) // 2 :][:part], looks[-part:]
    points = typical(look.points for look in end) - typical(look.points for look in middle)
    grown = typical(look.rss_bytes for look in end) - typical(look.rss_bytes for look in middle)
    allowed = BYTES_A_POINT * points + SLACK_BYTES
    # The fewest at a time: what is open for the moment of a read comes and goes.
    more = min(look.handles for look in end) - min(look.handles for look in middle)
    return {
        f"memory grew by {mb(grown)} in the second half, {points:.0f} points explain up to {mb(allowed)}": grown
        <= allowed,
        f"handles grew by {more}": more <= 0,
    }


def typical(figures: Iterable[int]) -> float:
    """Return the middle one of some figures: single looks fall on moments of much work."""
    return statistics.median(figures)


def mb(size: float) -> str:
    """Write bytes as decimal megabytes."""
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
