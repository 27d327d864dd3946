"""The command line: from words to a command and its exit code. What commands print is a contract that scripts use.

Exit codes: 0 done, 1 failure, 2 bad usage, 141 nobody reads the output; ``check`` follows the monitoring-plugin
convention (0 ok, 1 warning, 2 critical, 3 unknown, and 3 for bad usage too). Errors are one line on stderr.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop import APP_NAME
from crackseg_desktop.arguments import COMMANDS, UsageError, parse
from crackseg_desktop.commands.common import FAILURE, UNKNOWN, USAGE, CommandError
from crackseg_desktop.masking import masked
from crackseg_desktop.system import streams
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    streams.prepare()
    failure = UNKNOWN if next((word for word in words if word in COMMANDS), None) == "check" else FAILURE
    try:
        code = _run(words, failure)
        sys.stdout.flush()
    except OSError as error:
        if not streams.is_lost(error):
            raise
        streams.abandon_output()
        if streams.is_closed(error):
            return streams.CLOSED_PIPE
        streams.complain(f"{APP_NAME}: the output cannot be written: {error.strerror}")
        return failure
    return code


def _run(words: Sequence[str], failure: int) -> int:
    """Run the command and return its exit code; raises only the OSError of an output that cannot be written."""
    try:
        options = parse(words)
        code = command_of(options.command)(options)
        sys.stdout.flush()
        if "stuck" in options and options.stuck:
            os._exit(code)  # a thread that hangs in the driver could keep the interpreter from ending
    except (CommandError, UsageError) as error:
        streams.complain(printable(f"{APP_NAME}: {error}"))
        return failure if failure == UNKNOWN else getattr(error, "code", USAGE)
    except SystemExit as end:  # --help and --version
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if streams.is_lost(error):
            raise
        import traceback

        # Scripts were promised one line and a code of the convention.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        streams.complain(f"{APP_NAME}: unexpected {type(error).__name__} at {where}: {masked(str(error))}")
        return failure
    return code


def command_of(name: str | None) -> Command:
    """Return what does a command; None: the tray application, whose icon must not wait for the others' modules."""
    match name:
        case None:
            from crackseg_desktop.commands.running import tray as command
        case "watch":
            from crackseg_desktop.commands.running import watch as command
        case "status":
            from crackseg_desktop.commands.looking import status as command
        case "runs":
            from crackseg_desktop.commands.looking import runs as command
        case "check":
            from crackseg_desktop.commands.looking import check as command
        case "curves":
            from crackseg_desktop.commands.looking import curves as command
        case "trace":
            from crackseg_desktop.commands.looking import trace as command
        case "alerts":
            from crackseg_desktop.commands.keeping import alerts as command
        case "history":
            from crackseg_desktop.commands.keeping import history as command
        case "report":
            from crackseg_desktop.commands.report import report as command
        case "screenshot":
            from crackseg_desktop.commands.showing import screenshot as command
        case "tensorboard":
            from crackseg_desktop.commands.showing import tensorboard as command
        case "notify-test":
            from crackseg_desktop.commands.setting_up import notify_test as command
        case "simulate":
            from crackseg_desktop.commands.setting_up import simulate as command
        case "doctor":
            from crackseg_desktop.commands.setting_up import doctor as command
        case _:
            raise UsageError(f"there is no command {name!r}")
    return command
