"""What writes and sends reports behind the desk: of this machine or of the demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.reporting import Reporter, ReportError, gather_demo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.reports.report import Report
    from crackseg_desktop.reports.shelf import PastReport
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.app import AppOptions


class DemoReporter(Reporter):
    """Writes the reports of a demonstration, and sends none."""

    def gather(self, period: Period) -> Report:
        """Gather the report of a period from a week of simulated samples."""
        return gather_demo(self.settings, self.clock, period)

    def send(self, past: PastReport, report: Report, *, again: bool = False) -> tuple[str, ...]:
        """Send nothing."""
        raise ReportError("A demonstration sends nothing.")


class ReadingReporter(Reporter):
    """Shows reports where nothing may be written or sent."""

    def keep(self, report: Report) -> Path:
        """Keep nothing."""
        raise ReportError("Started with --read-only: no report is kept.")

    def send(self, past: PastReport, report: Report, *, again: bool = False) -> tuple[str, ...]:
        """Send nothing."""
        raise ReportError("Started with --read-only: nothing is sent.")


def reporter_for(options: AppOptions, settings: Settings, folders: Callable[[], Sequence[Path]]) -> Reporter:
    """Return what writes reports for this start of the application."""
    kind = DemoReporter if options.demo else ReadingReporter if options.read_only else Reporter
    return kind(settings, options.data_dir, folders, options.clock)
