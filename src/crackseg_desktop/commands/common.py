"""What the commands share: from options to settings, folders and sources, what they raise, and how they print.

Rooms are imported inside the functions: the tray icon must not wait for what only some commands need.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop import APP_NAME
from crackseg_desktop.clock import SystemClock
from crackseg_desktop.system import streams
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.core import Core
    from crackseg_desktop.settings import Loaded
    from crackseg_desktop.survey import Found, Look

    Document = dict[str, Any] | list[Any]

FAILURE, USAGE, UNKNOWN = 1, 2, 3


class CommandError(Exception):
    """A command cannot do its work; the message is one clear line."""

    def __init__(self, message: str, code: int = FAILURE) -> None:
        super().__init__(message)
        self.code = code


def settings_of(options: argparse.Namespace) -> Loaded:
    """Load the settings and say on stderr, once, what is wrong with them; the program goes on with the defaults."""
    if "loaded" not in options:
        from crackseg_desktop.alerts.rules import rules_from
        from crackseg_desktop.locations import settings_path
        from crackseg_desktop.settings import load

        loaded = load(options.config or settings_path())
        options.loaded = loaded.with_problems(rules_from(loaded.settings.rules)[1])
        if (message := options.loaded.message()) is not None:
            streams.complain(f"{APP_NAME}: {message}")
    known: Loaded = options.loaded
    return known


def data_dir_of(options: argparse.Namespace) -> Path:
    """Return the data folder; a demonstration gets one of its own that goes when it ends."""
    if options.data_dir is None and options.demo:
        options.data_dir = temporary_folder()
    if options.data_dir is None:
        from crackseg_desktop.locations import data_folder

        options.data_dir = data_folder()
    return Path(options.data_dir)


def temporary_folder() -> Path:
    """Return a folder that goes when the process ends."""
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="crackseg-desktop-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def clock_of(options: argparse.Namespace) -> Clock:
    """Return the machine's clock; a demonstration's stands still at an afternoon, whose day has something to tell."""
    if not options.demo:
        return SystemClock()
    from crackseg_desktop.simulation.timeline import story_clock

    return story_clock()


def folders_of(options: argparse.Namespace, given: Sequence[str]) -> list[Path]:
    """Return the folders to watch; one that was named and is not there is bad usage."""
    named = [Path(os.path.expanduser(folder)) for folder in given or options.runs]
    for folder in named:
        if not _answers(folder):
            raise CommandError(f"{folder} is on a file system that does not answer")
        if not os.path.exists(folder):
            raise CommandError(f"{folder} does not exist, or may not be looked into", USAGE)
    if named or options.demo:
        return named
    configured = [Path(os.path.expanduser(folder)) for folder in settings_of(options).settings.watch.folders]
    if configured:
        return configured
    from crackseg_desktop.training.discovery import watched_folders_here

    try:
        return watched_folders_here(Path.cwd())
    except FileNotFoundError:  # the folder we stand in was deleted
        return []


def _answers(folder: Path) -> bool:
    from crackseg_desktop.training.mounts import Mounts

    return Mounts(SystemClock()).answers(folder)


def core_of(options: argparse.Namespace, folders: Sequence[Path]) -> Core:
    """Assemble what watches: this machine, or the demonstration."""
    from crackseg_desktop.core import assemble, assemble_demo
    from crackseg_desktop.notify.desktop import native_notifiers
    from crackseg_desktop.report_schedule import add_schedule

    chosen, clock = settings_of(options).settings, SystemClock()
    if options.demo:
        core = assemble_demo(chosen, clock, notifiers=native_notifiers())
    else:
        core = assemble(chosen, data_dir_of(options), folders, clock, notifiers=native_notifiers())
        if not options.read_only:
            add_schedule(core, chosen, data_dir_of(options), clock)
    return core


def look_at_all(options: argparse.Namespace, given: Sequence[str]) -> Look:
    """Take one look at everything; a driver that hangs is left behind at the end of ``main``."""
    from crackseg_desktop.survey import look, look_at_demo

    if options.demo:
        return look_at_demo(settings_of(options).settings, SystemClock())
    folders = folders_of(options, given)
    seen = look(settings_of(options).settings, data_dir_of(options), folders, SystemClock())
    options.stuck = seen.stuck
    return seen


def find_run(options: argparse.Namespace) -> Found:
    """Return the one run that RUN names; several are bad usage and are listed."""
    from crackseg_desktop.survey import find_runs

    found = find_runs(options.run, folders_of(options, []), SystemClock(), demo=options.demo)
    if not found:
        raise CommandError(f"no run {options.run!r} was found")
    if len(found) > 1:
        names = ", ".join(f"{item.facts.id} ({item.facts.name})" for item in found)
        raise CommandError(f"{options.run!r} holds {len(found)} runs, name one of them: {names}", USAGE)
    return found[0]


def print_document(document: Document, as_json: bool, as_lines: Callable[[Any], Iterable[str]]) -> None:
    """Print a document as JSON, or as lines for a person."""
    if as_json:
        print_json(document)
    else:
        print("\n".join(map(printable, as_lines(document))))


def print_json(document: Document) -> None:
    """Print a document as strict JSON."""
    import json

    from crackseg_desktop.export.documents import strict

    json.dump(strict(document), sys.stdout, allow_nan=False, ensure_ascii=False)
    print()
