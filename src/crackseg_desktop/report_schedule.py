"""The application's own schedule of reports: a thread that writes and sends each when it is due, once.

What gathers them is imported when the first is due: the tray icon must not wait for it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from typing import TYPE_CHECKING

from crackseg_desktop.readings import Sample
from crackseg_desktop.reports.schedule import Handled, due, key_of
from crackseg_desktop.storage import NewerDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.core import Core
    from crackseg_desktop.reports.ledger import Entry, Key
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
"""So often it looks at the calendar: clocks are set and machines sleep, so that no longer wait would end in time."""
RETRY_SECONDS = 900.0
MOST_ATTEMPTS = 24


class NewestSample:
    """Keeps the newest sample that a Monitor published, for who asks for it in another thread."""

    def __init__(self) -> None:
        self._sample: Sample | None = None

    def on_event(self, event: object) -> None:
        """Remember a sample; runs in the Monitor thread."""
        if isinstance(event, Sample):
            self._sample = event

    def __call__(self) -> Sample | None:
        """Return the newest sample; None: there was none yet."""
        return self._sample


def add_schedule(core: Core, settings: Settings, data_dir: Path, clock: Clock) -> None:
    """Have a core that is not started yet run the schedule of reports."""
    newest = NewestSample()
    core.monitor.subscribe(newest.on_event)
    schedule = ReportSchedule(settings, data_dir, lambda: tuple(core.folders), clock, newest)
    core.on_settings.append(schedule.configure)
    core.others = (*core.others, schedule)


class ReportSchedule:
    """Writes the reports that are due and sends them. Not for a demonstration, nor where nothing may be written.

    ``folders`` names the folders that are watched, ``sample`` returns the newest reading of the machine; both are
    called in its thread.
    """

    def __init__(
        self,
        settings: Settings,
        data_dir: Path,
        folders: Callable[[], Sequence[Path]],
        clock: Clock,
        sample: Callable[[], Sample | None] = lambda: None,
        zone: tzinfo | None = None,
    ) -> None:
        self._settings, self._data_dir, self._folders = settings, data_dir, folders
        self._clock, self._sample, self._zone = clock, sample, zone
        self._begun: float | None = None
        self._done: set[Key] = set()
        self._failures: dict[Key, tuple[int, float, str]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; it does nothing in the first minute, in which there is enough to do."""
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End within ``timeout`` seconds; a report that is being written or sent is left to its thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def configure(self, settings: Settings) -> None:
        """Use other settings from the next look on; in any thread."""
        self._settings = settings

    def look(self) -> None:
        """Write and send what is due. What the thread does every minute; tests call it instead."""
        settings, now = self._settings, self._clock.time()
        try:
            if self._begun is None:
                self._begun = self._known_begun()
            for period in due(now, settings.reports, self._zone, Handled(self._begun, self._done)):
                self._attend(period, settings, now)
        except (OSError, sqlite3.Error, NewerDatabaseError) as error:
            self._fail(("of any period", ""), f"none is written: {error}", now)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self.look()

    def _known_begun(self) -> float:
        from crackseg_desktop.reports.ledger import Ledger

        with Ledger(self._data_dir, self._clock) as ledger:
            begun = ledger.known().begun
        return self._clock.time() if begun is None else begun

    def _attend(self, period: Period, settings: Settings, now: float) -> None:
        """See to one report that is due, unless it failed a short while ago."""
        key = key_of(period)
        attempts, failed, _ = self._failures.get(key, (0, float("-inf"), ""))
        if attempts and 0 <= now - failed < RETRY_SECONDS:
            return
        try:
            problem = self._do(period, settings)
        except Exception as error:
            # Whatever is wrong with one report, the next one is due all the same.
            problem = f"{type(error).__name__}: {error}"
            if not attempts:
                log.exception("the %s report of %s failed", *key)
        if not problem:
            self._failures.pop(key, None)
            self._done.add(key)
            return
        self._fail(key, problem, now)
        if attempts + 1 >= MOST_ATTEMPTS:
            log.warning("the %s report of %s is given up", *key)
            self._done.add(key)

    def _do(self, period: Period, settings: Settings) -> str:
        """Write and send a report as far as that was not done before, and return what stays to be done, in words."""
        from crackseg_desktop.notify.channels import channels_from
        from crackseg_desktop.reporting import Reporter
        from crackseg_desktop.reports.ledger import read_ledger

        is_told = settings.reports.send and settings.notifications.enabled
        names = [channel.name for channel in channels_from(settings)] if is_told else []

        def entry() -> Entry:
            return read_ledger(self._data_dir).entry(key_of(period))

        if entry().written is not None and not entry().waits_for(names):
            return ""
        reporter = Reporter(settings, self._data_dir, self._folders, self._clock, self._sample, self._zone)
        report = reporter.gather(period)
        log.info("the %s report of %s is in %s", *key_of(period), reporter.keep(report))
        failures = [item for item in reporter.deliver(report) if item.error is not None] if names else []
        if failures:
            return "; ".join(f"not sent through {item.notifier}: {item.error}" for item in failures)
        return "another program is sending it" if entry().waits_for(names) else ""

    def _fail(self, key: Key, problem: str, now: float) -> None:
        """Remember a failure, and name it where it is not the same as before."""
        attempts, _, before = self._failures.get(key, (0, 0.0, ""))
        self._failures[key] = (attempts + 1, now, problem)
        if problem != before:
            log.warning("report %s: %s", " ".join(key), problem)
