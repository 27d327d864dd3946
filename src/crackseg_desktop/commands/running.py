"""Commands that go on until told to stop: the tray application and the headless watch."""

from __future__ import annotations

import os
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from crackseg_desktop import APP_NAME
from crackseg_desktop.commands.common import CommandError, core_of, data_dir_of, folders_of, settings_of
from crackseg_desktop.system import streams

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crackseg_desktop.inbox import Inbox


def tray(options: argparse.Namespace) -> int:
    """Run the tray application, or ask the running instance to show itself."""
    from crackseg_desktop.inbox import Inbox
    from crackseg_desktop.system.display import missing_display

    data_dir = data_dir_of(options)
    folders = folders_of(options, []) if options.runs else []
    if _ask_running_instance(data_dir, folders):
        return 0
    if (problem := missing_display(os.environ, sys.platform)) is not None:
        raise CommandError(problem)
    inbox = Inbox()
    with _only_instance(data_dir, inbox) as is_only:
        if is_only:
            return _run_tray(options, data_dir, folders, inbox)
    if _ask_running_instance(data_dir, folders):
        return 0
    raise CommandError("an instance is running and does not answer; end its process first")


def _run_tray(options: argparse.Namespace, data_dir: Path, folders: Sequence[Path], inbox: Inbox) -> int:
    from crackseg_desktop.ui.app import AppOptions, run

    app = AppOptions(
        lambda: settings_of(options), data_dir, show=options.show, demo=options.demo, read_only=options.read_only
    )
    return run(app, lambda: core_of(options, folders or folders_of(options, [])), inbox)


def watch(options: argparse.Namespace) -> int:
    """Watch headless until told to stop."""
    from crackseg_desktop.headless import watch as watch_headless
    from crackseg_desktop.inbox import Inbox

    data_dir, folders = data_dir_of(options), folders_of(options, [])
    inbox = Inbox(f"'watch' runs with {data_dir}: end it first, or give another --data-dir")
    with _only_instance(data_dir, inbox) as is_only:
        if not is_only:
            raise CommandError(f"an instance with {data_dir} is running")
        return watch_headless(core_of(options, folders), inbox, data_dir / "logs")


@contextmanager
def _only_instance(data_dir: Path, inbox: Inbox) -> Iterator[bool]:
    """Be the one instance with this data folder, which others can ask through ``inbox``; False: there is another.

    Where that cannot be had, neither a lock nor a socket, watching without it is better than not watching.
    """
    from crackseg_desktop.system.instance import claim

    try:
        instance = claim(data_dir, inbox)
    except OSError as error:
        streams.complain(f"{APP_NAME}: cannot make sure that no other instance runs: {error}")
        yield True
        return
    if instance is None:
        yield False
        return
    inbox.on_close = instance.retire
    with closing(instance):
        yield True


def _ask_running_instance(data_dir: Path, folders: Sequence[Path]) -> bool:
    """Hand this start over to the instance that runs already; False: there is none."""
    from crackseg_desktop.system.instance import ask

    if folders and ask(data_dir, {"command": "add_runs", "folders": [str(path.resolve()) for path in folders]}) is None:
        return False
    answer = ask(data_dir, {"command": "show"})
    if answer is not None and "error" in answer:
        raise CommandError(answer["error"])
    return answer is not None
