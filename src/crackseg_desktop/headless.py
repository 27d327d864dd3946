"""Running the core without a window: ``watch``, and collecting what a screenshot shows."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crackseg_desktop.history.health import RecorderState
from crackseg_desktop.readings import ACTIVE, AlertEvent, AlertState, Run, RunState, Sample, SourceState
from crackseg_desktop.system import streams
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.core import Core
    from crackseg_desktop.inbox import Inbox
    from crackseg_desktop.monitor import Monitor, Published, Snapshot
    from crackseg_desktop.settings import Settings

log = logging.getLogger(__name__)

_COLLECTED_SAMPLES = 4
_COLLECT_SECONDS = 3.0
_ANSWER_SECONDS = 60.0
_PAUSE_SECONDS = 0.5


def watch(core: Core, inbox: Inbox, logs: Path) -> int:
    """Watch until a signal comes, saying on stdout what happens; return the exit code.

    ``inbox`` answers what other processes ask meanwhile: the open alerts, and further folders to watch. ``logs`` is
    the folder for the log.
    """
    from crackseg_desktop.system.signals import stop_on_signals

    stopping = threading.Event()
    stop_on_signals(stopping.set)
    close_log = _keep_a_log(logs)
    print(f"Watching {', '.join(map(str, core.folders)) or 'this machine, no folder'}. Ctrl-C ends it.", flush=True)
    core.monitor.subscribe(_Reporter(stopping.set).on_event)
    core.monitor.subscribe(inbox.on_event)
    inbox.attach(lambda message: _add_folders(core, message))
    core.start()
    told = ""
    while not stopping.wait(_PAUSE_SECONDS):  # in pauses: on Windows one wait hears no Ctrl-C (python/cpython#80116)
        told = _tell_of_history(core, told)
    inbox.close()
    core.stop()
    close_log()
    leave_if_stuck(core)
    return 0


def _tell_of_history(core: Core, told: str) -> str:
    """Say how writing the history goes where that has changed since ``told``, and return what is told now."""
    health = core.recorder.health if core.recorder is not None else None
    reason = health.reason if health is not None and health.state != RecorderState.OFF else ""
    if reason != told:
        print(printable(f"history: {reason or 'it is written again.'}"), flush=True)
    return reason


def _keep_a_log(folder: Path) -> Callable[[], None]:
    from crackseg_desktop.system import crash

    try:
        return crash.install(folder).close
    except OSError as error:
        print(f"there is no log: {error}", file=sys.stderr)
        return lambda: None


def _add_folders(core: Core, message: dict[str, Any]) -> None:
    for folder in message.get("folders", []):
        core.add_folder(Path(str(folder)))


def collect(core: Core) -> Snapshot:
    """Sample for a few seconds, read the runs once, and return what there is to show."""
    from crackseg_desktop.training.runs import read_runs

    taken = threading.Semaphore(0)
    core.monitor.subscribe(lambda event: taken.release() if isinstance(event, Sample) else None)
    core.monitor.start([core.sampler])
    for found in read_runs(core.folders):
        core.monitor.publish(found.facts)
        for curve in found.curves.values():
            core.monitor.publish(curve.as_points(found.facts.id))
    for _ in range(_COLLECTED_SAMPLES):
        taken.acquire(timeout=_COLLECT_SECONDS)
    return _final_snapshot(core.monitor)


def collect_demo(settings: Settings, clock: Clock) -> Snapshot:
    """Tell the whole story of the demonstration up to the clock's time, and return what there is to show."""
    from crackseg_desktop.alerts.rules import rules_from
    from crackseg_desktop.monitor import Monitor
    from crackseg_desktop.simulation.sources import story

    monitor = Monitor(rules_from(settings.rules, with_disabled=True)[0], clock, lambda event: None)
    monitor.start([])
    for event in story(clock):
        monitor.publish(event)
    return _final_snapshot(monitor)


def _final_snapshot(monitor: Monitor) -> Snapshot:
    answers: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
    monitor.snapshot(answers.put)
    snapshot = answers.get(timeout=_ANSWER_SECONDS)
    monitor.stop()
    return snapshot


def leave_if_stuck(core: Core) -> None:
    """End the process at once where a driver thread hangs in the kernel: it would keep the interpreter from exiting."""
    if core.stuck:
        print(f"{', '.join(core.stuck)} never answered; leaving without it", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class _Reporter:
    """Prints alerts and changes of a run's state, one line each; ends the watch where nobody reads them any more."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._on_closed = on_closed
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
        try:
            print(printable(f"{'simulated: ' if simulated else ''}{line}"), flush=True)
        except OSError as error:  # a disk that is full makes alerts, and more is to come of them than these lines
            if streams.is_closed(error):
                self._on_closed()
