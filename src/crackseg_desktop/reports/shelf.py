"""The reports that were written, as files in the data directory: ``reports/daily-2026-11-23.html`` and ``….md``."""

from __future__ import annotations

import logging
import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.reports.html import render_html
from crackseg_desktop.reports.ledger import Known, read_ledger
from crackseg_desktop.reports.markdown import render_markdown
from crackseg_desktop.reports.schedule import key_of, period_named
from crackseg_desktop.settings import write_atomically
from crackseg_desktop.storage import NewerDatabaseError

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from crackseg_desktop.reports.ledger import Key
    from crackseg_desktop.reports.period import Kind
    from crackseg_desktop.reports.report import Report

log = logging.getLogger(__name__)

FOLDER = "reports"
_NAME = re.compile(r"(daily)-(\d{4}-\d\d-\d\d)|(weekly)-(\d{4}-W\d\d)")


@dataclass(frozen=True, slots=True)
class PastReport:
    """A report that was written.

    Attributes:
        slug: names its period, such as ``2026-11-23`` or ``2026-W47``; unique among the past reports.
        name: its period for a person.
        path: its HTML document; the Markdown lies beside it.
        written: when that was, in Unix seconds.
        summary: what it says, in one line.
        sent: the channels that it went through.
    """

    slug: str
    kind: Kind
    name: str
    path: Path
    written: float
    summary: str = ""
    sent: tuple[str, ...] = ()


def shelve(report: Report, data_dir: Path) -> Path:
    """Write HTML and Markdown of a report, in place of older ones, and return the path of the HTML. Raises OSError."""
    path = data_dir / FOLDER / f"{'-'.join(key_of(report.period))}.html"
    write_atomically(path.with_suffix(".md"), render_markdown(report).encode())
    write_atomically(path, render_html(report).encode())
    return path


def past_reports(data_dir: Path, zone: tzinfo | None = None) -> tuple[PastReport, ...]:
    """Return the reports whose documents are there, the newest period first, and of one end the week before its day.

    Reads only. A ledger that cannot be read costs summaries and what was sent, nothing else.
    """
    try:
        documents = [(_key(path), path) for path in (data_dir / FOLDER).glob("*.html")]
    except OSError:
        return ()
    known = _ledger(data_dir)
    found = [
        (period_named(key, zone, 0.0), _past(key, path, known, zone)) for key, path in documents if key is not None
    ]
    ordered = sorted(found, key=lambda item: (item[0].end, item[1].kind), reverse=True)
    return tuple(past for _, past in ordered)


def _key(path: Path) -> Key | None:
    """Return which report a file is; None for one that is none of ours."""
    if (match := _NAME.fullmatch(path.stem)) is None:
        return None
    kind, slug = (part for part in match.groups() if part)
    try:
        period_named((kind, slug), None, 0.0)
    except ValueError:
        return None
    return kind, slug


def _past(key: Key, path: Path, known: Known, zone: tzinfo | None) -> PastReport:
    entry, period = known.entry(key), period_named(key, zone, 0.0)
    return PastReport(
        slug=period.slug,
        kind=period.kind,
        name=period.name,
        path=path,
        written=path.stat().st_mtime if entry.written is None else entry.written,
        summary=entry.summary,
        sent=entry.sent,
    )


def _ledger(data_dir: Path) -> Known:
    try:
        return read_ledger(data_dir)
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        log.warning("what became of the reports cannot be read: %s", error)
        return Known()
