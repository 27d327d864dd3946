"""What reading event files costs, side by side with TensorBoard's readers: ``python -m tests.benchmarks.events``.

The files are generated: scalars of 8 and of 300 tags, as torch writes them. Every reader is a whole process that ends
with all points of all tags in memory, in turns, so that a busy machine slows all. Ours checks every CRC, as the
``EventAccumulator`` of TensorBoard does; its data server checks none. Quote the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
from tests.training import event_files

from crackseg_desktop.training.formats.tfevents import EventFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = "events.out.tfevents.1700000000.host.1.0"
PEERS = {"tensorboard": "tensorboard", "tensorboard_data_server": "tensorboard-data-server"}
DEFAULT_SIZES = (1_000, 100_000, 1_000_000, 10_000_000)
MOST_FOR_ACCUMULATOR = 1_000_000
MOST_FOR_ONE_REQUEST = 5_000_000  # the client takes no message beyond 256 MiB

OURS = """
import sys
from pathlib import Path
from crackseg_desktop.training.formats.tfevents import BulkTables, EventFile
tables = BulkTables(1 << 60, 1 << 60) if "serial" in sys.argv else None
points = {}
for columns in EventFile(Path(sys.argv[1]), tables).portions():
    for tag, column in columns.items():
        if tag in points:
            points[tag].extend(column)
        else:
            points[tag] = column
print(sum(map(len, points.values())))
"""
ACCUMULATOR = """
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
accumulator = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
accumulator.Reload()
print(sum(len(accumulator.Scalars(tag)) for tag in accumulator.Tags()["scalars"]))
"""
RUSTBOARD = """
import os, sys, time
from tensorboard import context
from tensorboard.data import provider, server_ingester
from tensorboard.util import grpc_util
pause = time.sleep
server_ingester.time.sleep = lambda seconds: pause(min(seconds, 0.002))  # its client looks for the port every 0.5 s
server = server_ingester.SubprocessServerDataIngester(
    server_binary=server_ingester.get_server_binary(),
    logdir=os.path.dirname(sys.argv[1]),
    reload_interval=0,
    channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
    samples_per_plugin={"scalars": 0},
)
server.start()
tags, last_step, at_once = map(int, sys.argv[2:5])
asked = dict(experiment_id="", plugin_name="scalars")
data, caller = server.data_provider, context.RequestContext()
while True:
    found = [series for run in data.list_scalars(caller, **asked).values() for series in run.items()]
    if len(found) == tags and all(series.max_step == last_step for _, series in found):
        break
    pause(0.002)
filters = [None] if at_once else [provider.RunTagFilter(tags=[tag]) for tag, _ in found]
points = [data.read_scalars(caller, **asked, downsample=1 << 30, run_tag_filter=only) for only in filters]
print(sum(len(series) for answer in points for run in answer.values() for series in run.values()))
"""


class Peer(NamedTuple):
    """A reader: its name, the program, and the words it is given beside the file."""

    name: str
    program: str
    words: tuple[str, ...] = ()


def main() -> int:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="*", default=DEFAULT_SIZES, help="events of a file")
    parser.add_argument("--rounds", type=int, default=5, help="paired runs (default 5), after one that is not counted")
    parser.add_argument("--all", action="store_true", help="run the EventAccumulator on more than 1 M events too")
    parser.add_argument("--runs", type=int, default=1000, help="folders for the runs command (default 1000, 0: none)")
    options = parser.parse_args()
    if missing := [package for module, package in PEERS.items() if importlib.util.find_spec(module) is None]:
        print(f"missing packages: {' '.join(missing)}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        print("events      tags  reader            seconds  ours is")
        for size in options.sizes:
            for tags in (8, 300) if 100_000 <= size <= 1_000_000 else (8,):
                path = generated(work / f"{size}-{tags}", size, tags)
                report_readers(path, size // tags * tags, tags, options)
                if size > MOST_FOR_ONE_REQUEST:
                    report_memory(path, size)
                path.unlink()
        report_tail(generated(work / "tail", 1_000_000, 8))
        if options.runs:
            report_runs(work / "runs", work / "data", options.runs)
    return 0


def report_readers(path: Path, size: int, tags: int, options: argparse.Namespace) -> None:
    """Let all readers read a file in turns; print the medians and the ratio of the pairs."""
    peers = [Peer("ours", OURS), Peer("record by record", OURS, ("serial",))]
    peers += [Peer("EventAccumulator", ACCUMULATOR)] if options.all or size <= MOST_FOR_ACCUMULATOR else []
    words = (str(tags), str(size // tags - 1), str(int(size <= MOST_FOR_ONE_REQUEST)))
    peers.append(Peer("data server", RUSTBOARD, words))
    rounds = [[read_seconds(peer, path, size) for peer in peers] for _ in range(options.rounds + 1)][1:]
    for peer, column in zip(peers, zip(*rounds, strict=True), strict=True):
        ratio = statistics.median(ours / other for (ours, *_), other in zip(rounds, column, strict=True))
        print(f"{size:<10,}  {tags:>4}  {peer.name:16}  {statistics.median(column):7.3f}  {ratio:7.3f}")


def read_seconds(peer: Peer, path: Path, size: int) -> float:
    """Return how long a process takes to read all points of a file."""
    before = time.perf_counter()
    done = subprocess.run(
        program(peer.program, path, *peer.words), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    taken = time.perf_counter() - before
    if int(done.stdout) != size:
        raise RuntimeError(f"{peer.name} read {int(done.stdout)} of {size} points")
    return taken


def program(code: str, *words: object) -> list[str]:
    """Return the command of a Python program."""
    return [sys.executable, "-c", code, *map(str, words)]


def report_memory(path: Path, size: int) -> None:
    """Print the most private memory that reading a file takes."""
    base, most = (
        peak_bytes(program("import crackseg_desktop.training.formats.tfevents")),
        peak_bytes(program(OURS, path)),
    )
    print(f"private memory for {size:,} events: {most / 1e6:.0f} MB at most, {(most - base) / size:.1f} bytes a point")


def peak_bytes(command: Sequence[str]) -> int:
    """Return the largest private resident memory of a process, looked at every millisecond (Linux)."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                memory = watched.memory_info()
            except psutil.NoSuchProcess:
                break
            most = max(most, memory.rss - getattr(memory, "shared", 0))
            time.sleep(0.001)
    return most


def report_tail(path: Path) -> None:
    """Print what one appended event, and a look at a file where nothing is new, cost."""
    file = EventFile(path)
    for _ in file.portions():
        pass
    picked_up = []
    for step in range(2000):
        with path.open("ab") as out:
            out.write(event_files.scalar("val/loss", 10**6 + step, 1.8e9 + step, 0.5))
        picked_up.append(poll_seconds(file, 1))
    idle = [poll_seconds(file, 0) for _ in range(2000)]
    print(f"one event more in a file of 1 M   {statistics.median(picked_up) * 1e6:.1f} µs")
    print(f"a look at it with nothing new     {statistics.median(idle) * 1e6:.1f} µs")


def poll_seconds(file: EventFile, expected: int) -> float:
    """Return how long it takes to look for new points."""
    before = time.perf_counter()
    count = sum(len(column) for columns in file.portions() for column in columns.values())
    taken = time.perf_counter() - before
    if count != expected:
        raise RuntimeError(f"{count} points instead of {expected}")
    return taken


def report_runs(folder: Path, data: Path, count: int) -> None:
    """Print how long the runs command takes for a folder of many runs, the first time and again."""
    for number in range(count):
        generated(folder / f"run{number:04}", 4000, 8, began=1.6e9 + 1000 * number)
    command = [sys.executable, "-m", "crackseg_desktop", "--data-dir", str(data), "runs", str(folder)]
    for name in ("the first time", "again"):
        before = time.perf_counter()
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        taken = time.perf_counter() - before
        print(f"runs, {count} of 4,000 points, {name:14}  {taken:6.2f} s, {len(done.stdout.splitlines())} lines")


def generated(folder: Path, size: int, tags: int, began: float = 1.7e9) -> Path:
    """Write an event file of so many events, all tags in turns, and return its path."""
    folder.mkdir(parents=True)
    path = folder / NAME
    with path.open("wb", buffering=1 << 20) as file:
        file.writelines(event_records(size // tags, tag_names(tags), began))
    return path


def event_records(steps: int, tags: Sequence[str], began: float) -> Iterator[bytes]:
    """Yield the records of a training."""
    yield event_files.version(began)
    for step in range(steps):
        for number, tag in enumerate(tags):
            yield event_files.scalar(tag, step, began + step + number / 1024, 1 / (step + 1) + number)


def tag_names(count: int) -> list[str]:
    """Return tags as trainings name them."""
    usual = ["train/loss", "train/iou", "val/loss", "val/iou", "val/dice", "lr", "train/batch_time", "gpu/memory"]
    return [*usual, *(f"layers.{number}/grad_norm" for number in range(count - len(usual)))]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    sys.exit(main())
