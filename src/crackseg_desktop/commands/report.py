"""The command that prints, writes or sends a report."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from crackseg_desktop.clock import SystemClock
from crackseg_desktop.commands.common import (
    FAILURE,
    USAGE,
    CommandError,
    clock_of,
    data_dir_of,
    folders_of,
    look_at_all,
    settings_of,
)
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from crackseg_desktop.notify.channels import Channel
    from crackseg_desktop.notify.notifier import Delivery
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.reports.report import Report


def report(options: argparse.Namespace) -> int:
    """Print, write or send the report of a day or a week."""
    from crackseg_desktop.reporting import ReportError
    from crackseg_desktop.reports.schedule import asked_period

    if options.again and not options.send:
        raise CommandError("--again needs --send", USAGE)
    settings, now = settings_of(options).settings, clock_of(options).time()
    try:
        # A week that goes on would be sent before its time, and then not once it is over.
        day = options.date or ("last" if options.send and options.kind == "weekly" else "")
        period = asked_period(options.kind, day, now, settings.reports, None)
    except ValueError as error:
        raise CommandError(f"--date {error}", USAGE) from error
    try:
        return _send_report(options, period) if options.send else _show_report(options, period)
    except ReportError as error:
        raise CommandError(str(error)) from error


def _show_report(options: argparse.Namespace, period: Period) -> int:
    from crackseg_desktop.reports.markdown import render_markdown

    found = _gather(options, period)
    if options.output:
        _write_report(found, options.output)
    else:
        sys.stdout.write(render_markdown(found))
    return 0


def _send_report(options: argparse.Namespace, period: Period) -> int:
    """Send the report through the channels that have not had it; what was sent before is not even gathered."""
    from crackseg_desktop.notify.channels import channels_from
    from crackseg_desktop.reporting import entry_of

    if options.demo or options.read_only:
        raise CommandError("a demonstration sends nothing" if options.demo else "--read-only sends nothing", USAGE)
    channels = channels_from(settings_of(options).settings)
    if not channels:
        raise CommandError("there is no channel to send through: set one up in the settings, under [channels]")
    entry = entry_of(period, data_dir_of(options))
    is_due = options.again or entry.waits_for([channel.name for channel in channels])
    found = _gather(options, period) if is_due or options.output else None
    if found is not None and options.output:
        _write_report(found, options.output)
    if found is not None and is_due:
        deliveries = _deliver(options, found, channels)
        if deliveries:
            return FAILURE if any(delivery.error for delivery in deliveries) else 0
    through = f"through {', '.join(entry.sent)}" if entry.sent else "by another program"
    print(printable(f"{period.slug}: was sent {through}; --again repeats it"))
    return 0


def _deliver(options: argparse.Namespace, found: Report, channels: Sequence[Channel]) -> list[Delivery]:
    """Send a report, say what happened as it happens, and keep it with the past reports."""
    from crackseg_desktop.core import build_sender
    from crackseg_desktop.reporting import keep, send

    data_dir, clock = data_dir_of(options), SystemClock()
    keep(found, data_dir, clock)
    deliveries = []
    for delivery in send(found, data_dir, clock, channels, build_sender(data_dir, clock), again=options.again):
        print(printable(f"{delivery.notifier}: {delivery.error or 'sent'}"), flush=True)
        deliveries.append(delivery)
    return deliveries


def _gather(options: argparse.Namespace, period: Period) -> Report:
    from crackseg_desktop.reporting import gather, gather_demo

    settings, clock = settings_of(options).settings, SystemClock()
    if options.demo:
        return gather_demo(settings, clock_of(options), period)
    return gather(settings, data_dir_of(options), folders_of(options, []), clock, period, look_at_all(options, []))


def _write_report(found: Report, path: Path) -> None:
    """Write a report into a file; a PDF is drawn by Qt, which a server may lack."""
    if path.suffix.lower() != ".pdf":
        from crackseg_desktop.reporting import write

        write(found, path)
        return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        from crackseg_desktop.ui.pdf import write_pdf
    except ImportError as error:
        raise CommandError(f"a PDF needs Qt: {error}; .md and .html do without it") from error
    try:
        write_pdf(found, path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error
