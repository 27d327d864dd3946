"""Where reports are written, listed, read, saved and sent on a person's word: one at a time, in one thread."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, Slot

from crackseg_desktop.ui.desk import Desk
from crackseg_desktop.ui.widgets.ticks import clock as time_of_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crackseg_desktop.reports.period import Kind
    from crackseg_desktop.reports.report import Report
    from crackseg_desktop.reports.shelf import PastReport

    Change = Callable[[Desk], Desk]

log = logging.getLogger(__name__)

_END_SECONDS = 2.0


class ReportWork(Protocol):
    """What is done for the desk. Every call may take seconds and is made in the desk's thread.

    What cannot be done raises an exception whose text is for a person.
    """

    def past(self) -> tuple[PastReport, ...]:
        """Return the reports that were written, the newest first."""
        ...

    def write(self, kind: Kind) -> tuple[PastReport, Report]:
        """Write the report of the day or the week that goes on, and keep it."""
        ...

    def read(self, past: PastReport) -> Report:
        """Return what a past report says."""
        ...

    def save(self, report: Report, path: Path) -> None:
        """Write a report into a file: Markdown or HTML, by its suffix."""
        ...

    def send(self, past: PastReport, report: Report, *, again: bool = False) -> tuple[str, ...]:
        """Send a report, or send it ``again``, and return the channels that it went through."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    """Something to do: in words, in the thread (it returns how the desk changes), and whether a person asked for it."""

    doing: str
    work: Callable[[ReportWork], Change]
    acts: bool


class ReportDesk(QObject):
    """Does what a person wants about reports. Lives in the GUI thread, whose calls return at once.

    What is asked for while something else that was asked for is being done is not begun: no report is written or sent
    twice by a second click. Whatever is chosen is read as soon as there is time.

    Attributes:
        changed: there is something else to show.
        find_work: returns what it is done with, in the desk's thread; None before the core is built.
    """

    changed = Signal(object)
    _done = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.find_work: Callable[[], ReportWork] | None = None
        self._desk = Desk()
        self._thread: threading.Thread | None = None
        self._waiting: _Job | None = None
        self._is_closed = False
        self._done.connect(self._on_done)

    @property
    def desk(self) -> Desk:
        """Return what there is to show."""
        return self._desk

    def refresh(self) -> None:
        """Look for past reports; the one chosen, or else the newest, is read as well."""
        if self._thread is None:
            self._begin(_Job("Looking for past reports…", _look, acts=False))

    def write(self, kind: Kind) -> None:
        """Write the report of the day or the week that goes on, and preview it."""
        self._ask(f"Writing the {kind} report…", partial(_write, kind))

    def choose(self, slug: str) -> None:
        """Preview a past report."""
        if slug != self._desk.chosen:
            self._put(replace(self._desk, chosen=slug, report=None, problem=""))
            self._read_chosen()

    def save(self, path: Path) -> None:
        """Write the report that is previewed into a file: PDF, Markdown or HTML, by its suffix."""
        report = self._desk.report
        if report is None:
            return
        if path.suffix.lower() == ".pdf":
            self._save_pdf(report, path)
        else:
            self._ask(f"Saving {path.name}…", partial(_save, report, path))

    def send(self) -> None:
        """Send the report that is previewed through the channels."""
        past, report = self._desk.current, self._desk.report
        if past is not None and report is not None:
            self._ask(f"Sending the {past.kind} report…", partial(_send, past, report))

    def say(self, problem: str) -> None:
        """Tell what could not be done."""
        self._put(replace(self._desk, problem=problem))

    @Slot(bool)
    def on_shown(self, shown: bool) -> None:
        """Keep nothing for a window that nobody sees."""
        if not shown and self._thread is None:
            self._put(Desk(chosen=self._desk.chosen))

    def close(self) -> None:
        """Wait a moment for what is being done, and tell nothing more."""
        self._is_closed = True
        if self._thread is not None:
            self._thread.join(_END_SECONDS)
            self._thread = None

    def _ask(self, doing: str, work: Callable[[ReportWork], Change]) -> None:
        """Begin what a person asked for, or let it wait until what is being looked at is known."""
        job = _Job(doing, work, acts=True)
        if self._thread is None:
            self._begin(job)
        elif not self._desk.busy and self._waiting is None:
            self._waiting = job

    def _begin(self, job: _Job) -> None:
        if self._is_closed:
            return
        if self.find_work is None:
            self.say("Reports need the core, which has not started yet.")
            return
        self._put(
            replace(self._desk, doing=job.doing, busy=job.acts, said="" if job.acts else self._desk.said, problem="")
        )
        self._thread = threading.Thread(target=self._run, args=(job, self.find_work), name="reports", daemon=True)
        self._thread.start()

    def _run(self, job: _Job, find_work: Callable[[], ReportWork]) -> None:
        """Do a job. Runs in the thread."""
        try:
            change = job.work(find_work())
        except Exception as failure:  # a disk, a database, a service: a person is told which
            log.warning("%s %s", job.doing, failure, exc_info=True)
            change = partial(_failed, str(failure) or type(failure).__name__)
        if not self._is_closed:
            self._done.emit(change)

    @Slot(object)
    def _on_done(self, change: Change) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._put(replace(change(self._desk), doing="", busy=False))
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._begin(waiting)
        else:
            self._read_chosen()

    def _read_chosen(self) -> None:
        past = self._desk.current
        if past is not None and self._desk.report is None and not self._desk.problem and self._thread is None:
            self._begin(_Job(f"Reading {past.name}…", partial(_read, past), acts=False))

    def _put(self, desk: Desk) -> None:
        if desk != self._desk:
            self._desk = desk
            self.changed.emit(desk)

    def _save_pdf(self, report: Report, path: Path) -> None:
        """Draw it here, with the window's fonts: it takes a few hundredths of a second."""
        from crackseg_desktop.ui.pdf import write_pdf

        try:
            write_pdf(report, path)
        except OSError as error:
            self.say(str(error))
        else:
            self._put(replace(self._desk, said=f"Saved as {path}", problem=""))


def at_once(work: ReportWork, *, writes: bool = False) -> Desk:
    """Look for past reports and read the newest, for a picture; ``writes``: write that of the day first."""
    desk = (_write("daily", work) if writes else _look(work))(Desk())
    past = desk.current
    return _read(past, work)(desk) if past is not None and desk.report is None else desk


def _look(work: ReportWork) -> Change:
    past = work.past()

    def change(desk: Desk) -> Desk:
        known = {each.slug for each in past}
        chosen = desk.chosen if desk.chosen in known else next((each.slug for each in past), "")
        return replace(desk, past=past, chosen=chosen, report=desk.report if chosen == desk.chosen else None)

    return change


def _read(past: PastReport, work: ReportWork) -> Change:
    report = work.read(past)
    return lambda desk: replace(desk, report=report) if desk.chosen == past.slug else desk


def _write(kind: Kind, work: ReportWork) -> Change:
    (written, report), past = work.write(kind), work.past()
    said = f"Written {time_of_day(written.written)}"
    return lambda desk: Desk(past, written.slug, report, said=said)


def _save(report: Report, path: Path, work: ReportWork) -> Change:
    work.save(report, path)
    return lambda desk: replace(desk, said=f"Saved as {path}")


def _send(sent: PastReport, report: Report, work: ReportWork) -> Change:
    through = work.send(sent, report, again=bool(sent.sent))
    if not through:
        return partial(_failed, "No channel is set up: add one in the settings.")
    past, said = work.past(), f"Sent through {', '.join(through)}"
    return lambda desk: replace(desk, past=past, said=said)


def _failed(why: str, desk: Desk) -> Desk:
    return replace(desk, problem=why)
