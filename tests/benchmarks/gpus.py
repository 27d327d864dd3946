"""What reading the GPUs costs: ``python -m tests.benchmarks.gpus [--minutes 5] [--in-view]``.

Reads whatever NVIDIA library is found, a real one or the stand-in of ``tests/fakenvml`` (``LD_LIBRARY_PATH``,
``FAKENVML_SCENARIO``), as often as the sampler would in so many minutes, without waiting in between. Prints the calls
of each function a minute, and CPU and wall time a reading, as JSON. Exit code 1: there is no GPU to read.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from crackseg_desktop.hardware.nvidia import NvidiaSource
from crackseg_desktop.hardware.schedule import Periods
from crackseg_desktop.readings import SourceState, Tier

SECONDS = 60


@dataclass
class Ticking:
    """A clock that is moved on by the benchmark: sixty readings take no minute."""

    elapsed: float = 0.0

    def time(self) -> float:
        """Return a wall time."""
        return 1.8e9 + self.elapsed

    def monotonic(self) -> float:
        """Return the time since the beginning."""
        return self.elapsed


def measure(minutes: int, periods: Periods) -> dict[str, Any] | None:
    """Read for so many minutes and return the figures; None where there is no GPU."""
    clock = Ticking()
    source = NvidiaSource(clock)
    if source.read(frozenset(Tier)).state != SourceState.OK:
        return None
    before, cpu, wall, longest = dict(source.calls), time.process_time(), time.perf_counter(), 0.0
    gpus = 0
    for second in range(1, minutes * SECONDS + 1):
        clock.elapsed = float(second)
        began = time.perf_counter()
        gpus = len(source.read(frozenset(tier for tier in Tier if second % periods.of(tier) == 0)).gpus)
        longest = max(longest, time.perf_counter() - began)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    readings = minutes * SECONDS
    calls = {name: (count - before.get(name, 0)) / minutes for name, count in source.calls.items()}
    source.close()
    return {
        "gpus": gpus,
        "calls_per_minute": sum(calls.values()),
        "cpu_ms_per_reading": 1000 * cpu / readings,
        "wall_ms_per_reading": 1000 * wall / readings,
        "longest_ms": 1000 * longest,
        "by_function": {name: count for name, count in sorted(calls.items(), key=lambda item: -item[1]) if count},
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--in-view", action="store_true", help="processes every second, as a page that shows them")
    arguments = parser.parse_args()
    told = measure(arguments.minutes, Periods(medium=1.0) if arguments.in_view else Periods())
    if told is None:
        print("There is no NVIDIA GPU to read.", file=sys.stderr)
        return 1
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
