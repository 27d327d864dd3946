"""What the command line understands: commands, options and their checks. What they do is in ``commands``."""

from __future__ import annotations

import argparse
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from crackseg_desktop import APP_NAME, __version__
from crackseg_desktop.moments import parse_moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS = {
    "status": "Print one reading: GPUs, host, active runs, firing alerts.",
    "runs": "List the runs found, newest first.",
    "curves": "Print every point of a run's curves.",
    "check": "Make one pass over all rules and exit as a monitoring plugin does.",
    "alerts": "Print the alert log.",
    "history": "Print the stored figures.",
    "report": "Print, write or send the report of a day or a week.",
    "watch": "Watch headless until told to stop.",
    "screenshot": "Draw the dashboard into a PNG without a screen.",
    "notify-test": "Send a test message through every channel, or one, and say what happened.",
    "simulate": "Act out a fault before the real rules and channels, labelled as simulated, and say what happens.",
    "tensorboard": "Start TensorBoard on localhost for the watched folders, or one run, and open it.",
    "trace": "Sum up a PyTorch profiler trace.",
    "doctor": "Say what works on this machine, what does not, and why.",
}
"""What there is, with a sentence for --help."""
PAGES = ("overview", "training", "gpus", "system", "alerts", "reports", "settings")
_HELP = frozenset({"-h", "--help"})
_FOR_HELP = "for how many seconds (default 20); where a rule waits longer, simulated time runs faster"
_MOMENT_HELP = "Unix seconds, ISO 8601 or an age (10m, 24h, 7d)"
_DATE_HELP = (
    "a date, today, yesterday, last (the last day or week that is over), or due (what the settings had due last, for "
    "timers that may fire late). Default: today, or this week; with --send, and on the day of the weekly report "
    "(Monday), the week before"
)
_RUNS_HELP = "a folder to watch (repeatable)"


class UsageError(Exception):
    """The command line cannot be understood; the message is one clear line."""


class _Parser(argparse.ArgumentParser):
    """Raises what is wrong with the usage instead of printing a page about it."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read the words of a command line.

    Raises:
        UsageError: they cannot be understood.
    """
    # The parsers of the commands cost ten times that of the tray application, whose icon must not wait for them.
    is_plain = _HELP.isdisjoint(words) and COMMANDS.keys().isdisjoint(words)
    return _parser({} if is_plain else COMMANDS).parse_args(words)


def _common() -> _Parser:
    """Make the options that stand before or after the command; SUPPRESS keeps a command from resetting them."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--config", metavar="FILE", type=Path, help="the settings file")
    common.add_argument("--data-dir", metavar="DIR", type=Path, help="the folder for history, caches and logs")
    common.add_argument("--demo", action="store_true", help="simulated GPUs and a simulated training")
    common.add_argument("--version", action="version", version=f"{APP_NAME} {__version__}")
    common.add_argument("--read-only", action="store_true", help="change nothing: no settings, no processes")
    return common


def _parser(commands: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(APP_NAME, parents=[_common()], description="Watches trainings and the workstation they run on.")
    # Not shared with the commands: set_defaults changes the options themselves.
    parser.set_defaults(command=None, config=None, data_dir=None, demo=False, read_only=False)
    parser.add_argument("--runs", metavar="DIR", action="append", default=[], help=_RUNS_HELP)
    parser.add_argument("--show", action="store_true", help="open the dashboard, or ask the running instance to")
    if commands:
        common, added = _common(), parser.add_subparsers(metavar="COMMAND", dest="command")
        for name, summary in commands.items():
            _add_arguments(name, added.add_parser(name, parents=[common], help=summary, description=summary))
    return parser


def _add_arguments(name: str, parser: argparse.ArgumentParser) -> None:
    if name in ("status", "runs", "check", "alerts", "trace", "doctor"):
        parser.add_argument("--json", action="store_true", help="print one JSON document")
    match name:
        case "status":
            parser.add_argument("--watch", metavar="S", type=_seconds, help="print again every S seconds")
        case "runs" | "check":
            parser.add_argument("folders", metavar="DIR", nargs="*", help="instead of the watched folders")
        case "alerts":
            parser.add_argument("--since", metavar="T", type=_moment, help=_MOMENT_HELP)
        case "history":
            _add_history(parser)
        case "report":
            _add_report(parser)
        case "curves":
            parser.add_argument("run", metavar="RUN", help="an id or name from 'runs', a folder or a file")
            parser.add_argument("--tag", metavar="GLOB", action="append", default=[], help="only these tags")
            parser.add_argument("--format", choices=("csv", "json"), default="csv")
            parser.add_argument("--normalised", action="store_true", help="print our tag names (val/iou)")
            parser.add_argument("--superseded", action="store_true", help="include points that a restart replaced")
        case "watch":
            # SUPPRESS: what was given before the command must not be reset by it.
            parser.add_argument("--runs", metavar="DIR", action="append", default=argparse.SUPPRESS, help=_RUNS_HELP)
        case "screenshot":
            parser.add_argument("file", metavar="FILE.png", type=Path)
            parser.add_argument("--page", choices=(*PAGES, "compact"), default="overview")
            parser.add_argument("--theme", choices=("dark", "light"), default="dark")
            parser.add_argument("--size", metavar="WxH", type=_size, help="default 1366x768, compact 420x640")
        case "notify-test":
            parser.add_argument("channel", metavar="CHANNEL", nargs="?", help="only this channel")
            secret = parser.add_mutually_exclusive_group()
            secret.add_argument(
                "--set-url", action="store_true", help="store the address read from stdin as its secret"
            )
            secret.add_argument("--forget-url", action="store_true", help="forget the stored address")
        case "trace":
            parser.add_argument("file", metavar="FILE", type=Path, help="*.pt.trace.json, gzipped or not")
        case "simulate":
            _add_fault(parser)
        case "tensorboard":
            parser.add_argument("run", metavar="RUN", nargs="?", help="an id or name from 'runs', or a folder")


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--metric", metavar="GLOB", action="append", default=[], help="only these metrics (repeatable)")
    parser.add_argument("--since", metavar="T", type=_moment, default="24h", help=f"{_MOMENT_HELP} (default 24h)")
    parser.add_argument("--until", metavar="T", type=_moment, help=f"{_MOMENT_HELP} (default: now)")
    parser.add_argument("--format", choices=("csv", "json"), help="default csv, a column for each label")
    like = "the CSV columns of that tool's --query-gpu, in local time; --metric does not apply"
    parser.add_argument("--like", choices=("nvidia-smi",), help=like)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=("daily", "weekly"))
    parser.add_argument("--date", metavar="D", default="", help=_DATE_HELP)
    output = "FILE.md, .html or .pdf; without it Markdown is printed"
    parser.add_argument("--output", metavar="FILE", type=_document, help=output)
    parser.add_argument("--send", action="store_true", help="send it through all channels that are on, once a period")
    parser.add_argument("--again", action="store_true", help="with --send: send it although it was sent before")


def _add_fault(parser: argparse.ArgumentParser) -> None:
    from crackseg_desktop.simulation.faults import FAULTS

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "faults:\n" + "\n".join(f"  {fault.name:<12} {fault.says}" for fault in FAULTS)
    names = [fault.name for fault in FAULTS]
    parser.add_argument("fault", metavar="FAULT", choices=names, help="what goes wrong: see below")
    parser.add_argument("--for", metavar="S", dest="seconds", type=_seconds, default=20.0, help=_FOR_HELP)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text!r}")
    return value


def _moment(text: str) -> str:
    """Check how a moment is written; the commands know what time it is."""
    try:
        parse_moment(text, 0.0)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _document(text: str) -> Path:
    path = Path(text).expanduser()
    if path.suffix.lower() not in (".md", ".html", ".pdf"):
        raise argparse.ArgumentTypeError(f"must end with .md, .html or .pdf, not {text!r}")
    return path


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and 200 <= int(width) <= 8000 and 200 <= int(height) <= 8000):
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT of 200 to 8000 pixels, not {text!r}")
    return int(width), int(height)
