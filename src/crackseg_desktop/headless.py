"""Running the core without a window: ``watch``, and collecting what a screenshot shows."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING

from crackseg_desktop.readings import ACTIVE, AlertEvent, AlertState, Run, RunState, Sample, SourceState

if TYPE_CHECKING:
    from crackseg_desktop.core import Core
    from crackseg_desktop.monitor import Published, Snapshot

log = logging.getLogger(__name__)

_COLLECT_SECONDS = 4.0


def watch(core: Core) -> int:
    """Watch until a signal comes, saying on stdout what happens; return the exit code."""
    from crackseg_desktop.system.signals import stop_on_signals

    stopping = threading.Event()
    stop_on_signals(stopping.set)
    print(f"Watching {', '.join(map(str, core.folders)) or 'this machine, no folder'}. Ctrl-C ends it.", flush=True)
    core.monitor.subscribe(_Reporter().on_event)
    core.start()
    stopping.wait()
    core.stop()
    leave_if_stuck(core)
    return 0


def collect(core: Core) -> Snapshot:
    """Run the core until it has sampled and read the runs once, and return what there is to show."""
    sampled = threading.Event()
    core.monitor.subscribe(lambda event: sampled.set() if isinstance(event, Sample) else None)
    core.start()
    sampled.wait(_COLLECT_SECONDS)
    core.read_all()
    answers: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
    core.monitor.snapshot(answers.put)
    snapshot = answers.get(timeout=30)
    core.stop()
    return snapshot


def leave_if_stuck(core: Core) -> None:
    """End the process at once where a driver thread hangs in the kernel: it would keep the interpreter from exiting."""
    if core.stuck:
        print(f"{', '.join(core.stuck)} never answered; leaving without it", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class _Reporter:
    """Prints alerts and changes of a run's state, one line each."""

    def __init__(self) -> None:
        self._states: dict[str, RunState] = {}
        self._sources: dict[str, SourceState] = {}

    def on_event(self, event: Published) -> None:
        """Print what a person would want to know. Runs in the Monitor thread."""
        match event:
            case AlertEvent() if event.state != AlertState.PENDING:
                self._say(f"{event.severity} {event.state}: {event.title}. {event.summary}", event.simulated)
            case Run():
                self._say_run(event)
            case Sample():
                self._say_sources(event)

    def _say_run(self, run: Run) -> None:
        """Tell the active runs and what becomes of them; those that had ended before are no news."""
        before = self._states.get(run.id)
        self._states[run.id] = run.state
        if run.state != before and (run.active or before in ACTIVE):
            reason = f" ({run.reason})" if run.reason else ""
            self._say(f"run {run.facts.name}: {run.state}{reason}", run.facts.simulated)

    def _say_sources(self, sample: Sample) -> None:
        for source in sample.sources:
            if self._sources.get(source.name, SourceState.OK) != source.state:
                self._say(f"{source.name}: {source.reason or source.state}", sample.simulated)
            self._sources[source.name] = source.state

    def _say(self, line: str, simulated: bool) -> None:
        print(f"{'simulated: ' if simulated else ''}{line}", flush=True)
