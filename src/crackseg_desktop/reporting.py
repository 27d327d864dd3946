"""Gathering what a report is about from this machine, writing and sending it: what command, page and schedule share."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crackseg_desktop.alerts.log import read_log
from crackseg_desktop.core import build_sender
from crackseg_desktop.history.archive import Archive
from crackseg_desktop.history.schema import FILE_NAME
from crackseg_desktop.history.tiers import keeping_of
from crackseg_desktop.notify.channels import channels_from
from crackseg_desktop.notify.notifier import Delivery
from crackseg_desktop.notify.remote import send_at_once
from crackseg_desktop.notify.sending import Attachment, Letter
from crackseg_desktop.reports.brief import message_of, summary_of
from crackseg_desktop.reports.collect import Sources, collect
from crackseg_desktop.reports.html import render_html
from crackseg_desktop.reports.ledger import Ledger, read_ledger
from crackseg_desktop.reports.markdown import render_markdown
from crackseg_desktop.reports.schedule import asked_period, key_of, period_named
from crackseg_desktop.reports.shelf import past_reports, shelve
from crackseg_desktop.settings import write_atomically
from crackseg_desktop.simulation.archive import ToldPast
from crackseg_desktop.simulation.past_alerts import past_alerts
from crackseg_desktop.storage import NewerDatabaseError
from crackseg_desktop.survey import CurveReader, find_runs, look, look_at_demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.notify.channels import Channel
    from crackseg_desktop.notify.remote import Send
    from crackseg_desktop.readings import AlertEvent, Sample
    from crackseg_desktop.reports.ledger import Entry
    from crackseg_desktop.reports.period import Kind, Period
    from crackseg_desktop.reports.report import Report
    from crackseg_desktop.reports.shelf import PastReport
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.survey import Look

SEND_SECONDS = 60.0
TEXTS = {".md": render_markdown, ".html": render_html}
"""How a report is written into a file, by its suffix; PDF needs Qt and is the business of ``ui``."""


class ReportError(Exception):
    """Something about a report could not be done; the message is a sentence for a person."""


def gather(
    settings: Settings,
    data_dir: Path,
    folders: Sequence[Path],
    clock: Clock,
    period: Period,
    seen: Look | None = None,
) -> Report:
    """Gather the report of a period in one look at everything; ``seen`` is a look just taken."""
    seen = seen or look(settings, data_dir, folders, clock)
    alerts, notes = _alerts(data_dir)
    with closing(Archive(data_dir, keeping_of(settings.history))) as past:
        sources = Sources(
            past=past,
            runs=seen.runs,
            curves=CurveReader(data_dir, folders, clock),
            alerts=alerts,
            settings=settings,
            hostname=socket.gethostname(),
            sample=seen.sample,
            notes=notes,
        )
        report = collect(period, sources)
        problem = past.problem if (data_dir / FILE_NAME).exists() else None
    return replace(report, notes=(*report.notes, problem)) if problem else report


def gather_demo(settings: Settings, clock: Clock, period: Period) -> Report:
    """Gather the report of a period of the demonstration, whose present is the clock's."""
    now, seen = clock.time(), look_at_demo(settings, clock)
    sources = Sources(
        past=ToldPast(now),
        runs=seen.runs,
        curves=lambda run: find_runs(run, (), clock, demo=True)[0].curves,
        alerts=past_alerts(now, now),
        settings=settings,
        hostname=seen.sample.host.hostname if seen.sample is not None and seen.sample.host is not None else "",
        sample=seen.sample,
    )
    return collect(period, sources)


def write(report: Report, path: Path) -> None:
    """Write a report into a file: Markdown or HTML, by its suffix. Raises ReportError."""
    render = TEXTS.get(path.suffix.lower())
    if render is None:
        raise ReportError(f"{path.name} must end with {' or '.join(TEXTS)}")
    try:
        write_atomically(path, render(report).encode(), 0o666)
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror or error}") from error


def keep(report: Report, data_dir: Path, clock: Clock) -> Path:
    """Put a report among the past reports of the data directory, and return its HTML's path. Raises ReportError."""
    try:
        path = shelve(report, data_dir)
        with Ledger(data_dir, clock) as ledger:
            ledger.note_written(key_of(report.period), summary_of(report))
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        raise ReportError(f"the report cannot be kept in {data_dir}: {error}") from error
    return path


def entry_of(period: Period, data_dir: Path) -> Entry:
    """Return what became of the report of a period so far. Raises ReportError."""
    try:
        return read_ledger(data_dir).entry(key_of(period))
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        raise ReportError(f"what was sent cannot be read in {data_dir}: {error}") from error


def send(
    report: Report,
    data_dir: Path,
    clock: Clock,
    channels: Sequence[Channel],
    sender: Send,
    *,
    again: bool = False,
) -> Iterator[Delivery]:
    """Send a report through the channels that have not had it, and yield what happened at each.

    Quiet hours and severities do not apply: a person has chosen the hour. Raises ReportError where it cannot be noted
    what is sent, and sends nothing then.
    """
    key, now = key_of(report.period), clock.time()
    name = "-".join(key)
    uid = f"report-{name}-{now:.0f}" if again else f"report-{name}"
    named = {channel.name: channel for channel in channels}
    letter = Letter(message_of(report), uid, Attachment(render_html(report).encode(), f"{name}.html", "text/html"))
    try:
        with Ledger(data_dir, clock) as ledger:
            for waiting in ledger.begin(key, list(named), again=again):
                if ledger.claim(key, waiting):
                    outcome = send_at_once(named[waiting], letter, sender, SEND_SECONDS)
                    ledger.settle(key, waiting, outcome.error)
                    yield Delivery(clock.time(), letter.notification.key, waiting, outcome.error)
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        raise ReportError(f"it cannot be noted in {data_dir} what was sent: {error}") from error


@dataclass(slots=True)
class Reporter:
    """Writes, lists and sends the reports of this machine. Each method may take seconds; from any thread.

    Attributes:
        settings: may be replaced at any time.
        folders: names the folders that are watched now.
        sample: returns what was read of the machine last; None: nothing yet, and it is read anew.
        zone: the zone of its days; None: the machine's.
    """

    settings: Settings
    data_dir: Path
    folders: Callable[[], Sequence[Path]]
    clock: Clock
    sample: Callable[[], Sample | None] = lambda: None
    zone: tzinfo | None = None

    def gather(self, period: Period) -> Report:
        """Gather the report of a period."""
        folders = list(self.folders())
        seen = look(self.settings, self.data_dir, folders, self.clock, self.sample())
        return gather(self.settings, self.data_dir, folders, self.clock, period, seen)

    def past(self) -> tuple[PastReport, ...]:
        """Return the reports that were written, the newest first."""
        return past_reports(self.data_dir, self.zone)

    def write(self, kind: Kind) -> tuple[PastReport, Report]:
        """Write the report of the day or the week that goes on, and keep it. Raises ReportError."""
        report = self.gather(asked_period(kind, "today", self.clock.time(), self.settings.reports, self.zone))
        path = self.keep(report)
        return next(past for past in self.past() if past.path == path), report

    def read(self, past: PastReport) -> Report:
        """Return what a past report says, gathered anew."""
        return self.gather(period_named((past.kind, past.slug), self.zone, self.clock.time()))

    def save(self, report: Report, path: Path) -> None:
        """Write a report into a file: Markdown or HTML, by its suffix. Raises ReportError."""
        write(report, path)

    def keep(self, report: Report) -> Path:
        """Put a report among the past reports, and return its HTML's path. Raises ReportError."""
        return keep(report, self.data_dir, self.clock)

    def send(self, past: PastReport, report: Report, *, again: bool = False) -> tuple[str, ...]:
        """Send a report and return the channels that it went through; none where there is no channel.

        Raises ReportError where it was sent before (``again``: it is sent once more), or a channel did not take it.
        """
        if not channels_from(self.settings):
            return ()
        deliveries = self.deliver(report, again=again)
        if not deliveries:
            raise ReportError(f"It was sent before, through {', '.join(past.sent) or 'another program'}.")
        failures = [f"{item.notifier}: {item.error}" for item in deliveries if item.error is not None]
        if failures:
            raise ReportError("; ".join(failures))
        return tuple(item.notifier for item in deliveries)

    def deliver(self, report: Report, *, again: bool = False) -> tuple[Delivery, ...]:
        """Send a report through every channel that has not had it, and return what happened. Raises ReportError."""
        channels, sender = channels_from(self.settings), build_sender(self.data_dir, self.clock)
        return tuple(send(report, self.data_dir, self.clock, channels, sender, again=again))


def _alerts(data_dir: Path) -> tuple[tuple[AlertEvent, ...], tuple[str, ...]]:
    """Return the changes of the alert log, the oldest first, and a note where it cannot be read."""
    try:
        return read_log(data_dir), ()
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        return (), (f"The alert log cannot be read: {error}",)
