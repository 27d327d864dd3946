"""Draws a page of the dashboard into a PNG file without a screen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crackseg_desktop.readings import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from crackseg_desktop.monitor import Snapshot
    from crackseg_desktop.reports.period import Kind
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.dashboard import Dashboard
    from crackseg_desktop.ui.desk import Desk
    from crackseg_desktop.ui.past import Past
    from crackseg_desktop.ui.snoozes import Length
    from crackseg_desktop.ui.time_range import TimeRange

COMPACT = "compact"


def render(
    snapshot: Snapshot,
    path: Path,
    page: str = "overview",
    theme: str = "dark",
    size: tuple[int, int] | None = None,
    settings: Settings | None = None,
    open_past: Callable[[], Past] | None = None,
    shown: TimeRange | None = None,
    desk: Desk | None = None,
) -> None:
    """Draw a page (one of the dashboard's, or ``compact``) of a snapshot; the same snapshot gives the same pixels.

    ``open_past`` opens the history, for what is older than the snapshot; ``shown`` is the time that plots show;
    ``desk`` is what the reports page shows: none, and no report was written yet.

    Makes a QApplication where there is none; to be called in the main thread.

    Raises:
        ValueError: there is no such page or theme.
        OSError: the file cannot be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from crackseg_desktop.ui.dashboard import PAGES
    from crackseg_desktop.ui.desk import Desk
    from crackseg_desktop.ui.lifecycle import log_qt_messages

    if page not in (*PAGES, COMPACT):
        raise ValueError(f"there is no page {page!r}; there are {', '.join((*PAGES, COMPACT))}")
    if theme not in ("dark", "light"):
        raise ValueError(f"there is no theme {theme!r}; there are dark and light")
    restore_messages = log_qt_messages()  # the offscreen platform has opinions that no script wants to read
    app = QApplication.instance() or QApplication(["crackseg-desktop"])
    dashboard = _opened(page, theme, size, settings, open_past)
    try:
        dashboard.on_reports(desk or Desk(past=()))
        if shown is not None:
            dashboard.model.timeline.range = shown
        _settle(dashboard, snapshot)
        if not dashboard.grab().save(str(path), "PNG"):
            raise OSError(f"{path} cannot be written")
    finally:
        dashboard.close()
        dashboard.deleteLater()
        restore_messages()
        del app  # held until the picture was taken


def _opened(
    page: str,
    theme: str,
    size: tuple[int, int] | None,
    settings: Settings | None,
    open_past: Callable[[], Past] | None,
) -> Dashboard:
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.dashboard import Dashboard
    from crackseg_desktop.ui.past import PastReader
    from crackseg_desktop.ui.theme import Theme, load_fonts

    load_fonts()
    past = None if open_past is None else PastReader(open_past, threaded=False)
    dashboard = Dashboard(Theme(theme), _Deaf(), settings or Settings(), None, past)
    if page == COMPACT:
        dashboard.show_compact()
    else:
        dashboard.show_full(page)
    if size is not None:
        dashboard.setMinimumSize(1, 1)
        dashboard.resize(*size)
    return dashboard


def _settle(dashboard: Dashboard, snapshot: Snapshot) -> None:
    """Load and lay out until sizes rest: what is drawn asks for room, and plots are thinned to the room they get."""
    from PySide6.QtCore import QCoreApplication, QEvent

    dashboard.load(snapshot)
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        dashboard.refresh()


class _DeafReports:
    """What a picture does about reports."""

    def refresh(self) -> None:
        """Do nothing."""

    def write(self, kind: Kind) -> None:
        """Do nothing."""

    def choose(self, slug: str) -> None:
        """Do nothing."""

    def view(self) -> None:
        """Do nothing."""

    def show_folder(self) -> None:
        """Do nothing."""

    def ask_and_save(self, suffix: str) -> None:
        """Do nothing."""

    def send(self) -> None:
        """Do nothing."""


class _DeafProcesses:
    """What a picture does about processes."""

    refusal = ""

    def watch(self, wanted: bool, *, network: bool = False) -> None:
        """Do nothing: the snapshot has what was read."""

    def end(self, pid: int, started: float, title: str) -> None:
        """Do nothing."""

    def pin(self, run: str, process: tuple[int, float] | None) -> None:
        """Do nothing."""


class _Deaf:
    """Actions for a picture, in which nobody decides anything."""

    reports = _DeafReports()
    processes = _DeafProcesses()

    def open_dashboard(self, page: str | None = None) -> None:
        """Do nothing."""

    def toggle(self) -> None:
        """Do nothing."""

    def hide(self) -> None:
        """Do nothing."""

    def request_curves(self, run_id: str) -> None:
        """Do nothing: the snapshot has the curves of all runs."""

    def request_snapshot(self) -> None:
        """Do nothing: the snapshot is handed over."""

    def snooze(self, length: Length, scope: Scope = Scope.ALL, subject: str = "") -> None:
        """Do nothing."""

    def end_snooze(self, scope: Scope = Scope.ALL, subject: str = "") -> None:
        """Do nothing."""

    def acknowledge(self, key: str, note: str = "") -> None:
        """Do nothing."""

    def change_settings(self, changes: Mapping[str, object]) -> bool:
        """Change nothing."""
        return False

    def store_secret(self, channel: str, url: str) -> None:
        """Do nothing."""

    def test_channel(self, channel: str) -> None:
        """Do nothing."""

    def choose_folder(self) -> None:
        """Do nothing."""

    def open_tensorboard(self, run_id: str | None) -> None:
        """Do nothing."""

    def open_settings_file(self) -> None:
        """Do nothing."""

    def set_theme(self, name: str) -> None:
        """Do nothing."""

    def quit(self) -> None:
        """Do nothing."""
