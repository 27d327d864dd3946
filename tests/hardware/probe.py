"""Runs the NVIDIA source in a process of its own and prints what it read as JSON.

    python probe.py once|steps|hang '{"argument": …}'

Not a test: the tests start it with LD_LIBRARY_PATH and FAKENVML_SCENARIO set.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackseg_desktop.clock import SystemClock
from crackseg_desktop.hardware.nvidia import NvidiaSource
from crackseg_desktop.hardware.sampler import Periods, Sampler
from crackseg_desktop.readings import Sample, SourceState, Tier


class FakeClock:
    """A clock that moves when it is told to, and by ``tick`` seconds whenever it is looked at."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now = 1000.0
        self._tick = tick

    def time(self) -> float:
        """Return a wall time."""
        return 1.7e9 + self.now

    def monotonic(self) -> float:
        """Return the same time from another beginning."""
        self.now += self._tick
        return self.now


def rewrite_scenario(text: str) -> None:
    """Put another scenario in force."""
    scenario = os.environ["FAKENVML_SCENARIO"]
    new = Path(scenario + ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(scenario)


def once(deadline: float = 2.0) -> dict[str, Any]:
    """Read once as a one-shot command does."""
    began = time.monotonic()
    sampler = Sampler([NvidiaSource(SystemClock())], lambda sample: None, SystemClock(), deadline=deadline)
    sample = sampler.sample_once(settle=0.05)
    return {**asdict(sample), "stuck": sampler.stuck, "took": time.monotonic() - began}


def steps(steps: list[dict[str, Any]], sysfs: str = "/sys", tick: float = 0.0) -> list[dict[str, Any]]:
    """Read once a step: after ``advance`` seconds, under another ``scenario``, the ``due`` tiers, after a suspend."""
    clock = FakeClock(tick)
    source = NvidiaSource(clock, Path(sysfs))
    parts = []
    for step in steps:
        clock.now += step.get("advance", 1.0)
        if "scenario" in step:
            rewrite_scenario(step["scenario"])
        for path, text in step.get("files", {}).items():
            Path(path).write_text(text, encoding="ascii")
        if step.get("resumed"):
            source.resumed()
        part = source.read(frozenset(Tier(name) for name in step.get("due", ("fast",))))
        parts.append({**asdict(part), "calls": dict(source.calls)})
    source.close()
    return parts


def hang(hung: str, again: str) -> dict[str, Any]:
    """Sample while the driver works, hangs and works again; return a sample of each and the threads there were."""
    samples: queue.Queue[Sample] = queue.Queue()
    sampler = Sampler([NvidiaSource(SystemClock())], samples.put, SystemClock(), Periods(0.02, 0.02, 0.02), 0.2)
    sampler.start()
    working = _first(samples, SourceState.OK)
    rewrite_scenario(hung)
    silent = _first(samples, SourceState.NOT_RESPONDING)
    later = _first(samples, SourceState.NOT_RESPONDING)
    rewrite_scenario(again)
    recovered = _first(samples, SourceState.OK)
    sampler.stop()
    named = {"working": working, "silent": silent, "later": later, "recovered": recovered}
    return {**{name: asdict(sample) for name, sample in named.items()}, "stuck": sampler.stuck}


def _first(samples: queue.Queue[Sample], state: SourceState) -> Sample:
    while True:
        sample = samples.get(timeout=20)
        if sample.sources[0].state is state:
            return sample


if __name__ == "__main__":
    task = {"once": once, "steps": steps, "hang": hang}[sys.argv[1]]
    result: Any = task(**json.loads(sys.argv[2]))  # type: ignore[operator]  # each task has its own arguments
    print(json.dumps(result), flush=True)
    # As the application ends where a driver thread is stuck: nothing waits for it.
    os._exit(0)
