"""Commands that show things in other programs: a picture of the dashboard, the curves in TensorBoard."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crackseg_desktop.clock import SystemClock
from crackseg_desktop.commands.common import (
    CommandError,
    clock_of,
    core_of,
    data_dir_of,
    find_run,
    folders_of,
    settings_of,
    temporary_folder,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from crackseg_desktop.ui.desk import Desk


def screenshot(options: argparse.Namespace) -> int:
    """Draw the dashboard into a PNG without a screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from dataclasses import replace
    from functools import partial

    from crackseg_desktop.headless import collect, collect_demo
    from crackseg_desktop.history.archive import Archive
    from crackseg_desktop.settings import Watch
    from crackseg_desktop.simulation.archive import ToldPast
    from crackseg_desktop.simulation.timeline import story_clock
    from crackseg_desktop.ui.screenshot import render

    chosen = settings_of(options).settings
    folders, clock = folders_of(options, []), story_clock()
    snapshot = collect_demo(chosen, clock) if options.demo else collect(core_of(options, folders))
    shown = replace(chosen, watch=Watch(tuple(map(str, folders))))
    past = partial(ToldPast, clock.time()) if options.demo else partial(Archive, data_dir_of(options))
    try:
        desk = _desk(options, folders) if options.page == "reports" else None
        render(snapshot, options.file, options.page, options.theme, options.size, shown, past, desk=desk)
    except OSError as error:
        raise CommandError(str(error)) from error
    return 0


def _desk(options: argparse.Namespace, folders: Sequence[Path]) -> Desk:
    """Return what the page of reports shows; a demonstration writes one for it."""
    from crackseg_desktop.reporting import ReportError
    from crackseg_desktop.ui.app import AppOptions
    from crackseg_desktop.ui.report_desk import at_once
    from crackseg_desktop.ui.report_work import reporter_for

    data_dir = temporary_folder() if options.demo else data_dir_of(options)
    how = AppOptions(lambda: settings_of(options), data_dir, demo=options.demo, clock=clock_of(options))
    try:
        return at_once(reporter_for(how, settings_of(options).settings, lambda: folders), writes=options.demo)
    except ReportError as error:
        raise CommandError(str(error)) from error


def tensorboard(options: argparse.Namespace) -> int:
    """Start TensorBoard on localhost for the watched folders, or one run, and open it."""
    from crackseg_desktop.system.tensorboard import serve
    from crackseg_desktop.viewer import places_of_folders, places_of_run

    data_dir = temporary_folder() if options.read_only else data_dir_of(options)
    try:
        if options.run:
            places = places_of_run(find_run(options), data_dir)
        else:
            places = places_of_folders(folders_of(options, []), data_dir, SystemClock(), demo=options.demo)
    except OSError as error:
        raise CommandError(f"the curves cannot be written for TensorBoard: {error}") from error
    if not places:
        raise CommandError("no folder is watched: name a RUN, or set watch.folders in the settings")
    try:
        return serve(places)
    except OSError as error:
        raise CommandError(f"TensorBoard could not be started: {error}") from error
