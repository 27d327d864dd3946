"""Commands that read what is kept: the alert log and the history."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

from crackseg_desktop.clock import SystemClock
from crackseg_desktop.commands.common import USAGE, CommandError, data_dir_of, print_document, settings_of

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from crackseg_desktop.history.archive import Archive
    from crackseg_desktop.simulation.archive import ToldPast


def alerts(options: argparse.Namespace) -> int:
    """Print the alert log."""
    import sqlite3

    from crackseg_desktop.alerts.log import FILE_NAME, read_log
    from crackseg_desktop.alerts.records import event_document
    from crackseg_desktop.export import text
    from crackseg_desktop.moments import parse_moment
    from crackseg_desktop.storage import NewerDatabaseError

    data_dir = data_dir_of(options)
    since = parse_moment(options.since, SystemClock().time()) if options.since else 0.0
    try:
        events = read_log(data_dir, since)
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        raise CommandError(f"{data_dir / FILE_NAME} cannot be read: {error}") from error
    print_document([event_document(event) for event in events], options.json, text.alerts_lines)
    return 0


def history(options: argparse.Namespace) -> int:
    """Print the stored figures."""
    from crackseg_desktop.export import history as stored
    from crackseg_desktop.moments import parse_moment

    if options.like and options.format == "json":
        raise CommandError(f"--like {options.like} is CSV", USAGE)
    now = SystemClock().time()
    since, until = parse_moment(options.since, now), parse_moment(options.until or str(now), now)
    if until < since:
        raise CommandError("--until lies before --since", USAGE)
    with closing(_past(options, now)) as past:
        chosen = stored.excerpt(past, options.metric, since, until)
        _check_readable(past, data_dir_of(options))
        if options.like:
            stored.write_nvidia_smi(sys.stdout, past, since, until)
        else:
            write = stored.write_json if options.format == "json" else stored.write_csv
            write(sys.stdout, chosen)
        _check_readable(past, data_dir_of(options))
    return 0


def _past(options: argparse.Namespace, now: float) -> Archive | ToldPast:
    """Open the history to read it."""
    if options.demo:
        from crackseg_desktop.simulation.archive import ToldPast

        return ToldPast(now)
    from crackseg_desktop.history.archive import Archive
    from crackseg_desktop.history.tiers import keeping_of

    return Archive(data_dir_of(options), keeping_of(settings_of(options).settings.history))


def _check_readable(past: Archive | ToldPast, data_dir: Path) -> None:
    """Raise where the history cannot be read; one that does not exist yet is empty."""
    from crackseg_desktop.history.schema import FILE_NAME

    path = data_dir / FILE_NAME
    if past.problem is not None and path.exists():
        raise CommandError(f"{path} cannot be read: {past.problem}")
