"""What is left behind when something goes wrong: a rotating log, and the stacks of a crash.

Only the one running instance writes here; commands that answer and end do not.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, TextIO

from crackseg_desktop.masking import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

LOG_BYTES = 1_000_000
LOG_FILES = 3
CRASHES_KEPT = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CrashLog:
    """Where the log and the stacks are written.

    ``previous`` holds the stacks of the last run's crash, or None where it ended well. ``close`` undoes all.
    """

    log: Path
    crash: Path
    previous: Path | None
    close: Callable[[], None]


def install(folder: Path, level: int = logging.INFO) -> CrashLog:
    """Log this package and every unhandled exception into a folder, and the stacks of a crash beside.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    crash = folder / "crash.txt"
    previous = _set_aside(crash)
    stacks = crash.open("w", encoding="utf-8")
    path = folder / "crackseg-desktop.log"
    # A path may hold bytes that are no UTF-8.
    handler = _Log(path, "a", LOG_BYTES, LOG_FILES - 1, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_Masking("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    package = logging.getLogger("crackseg_desktop")
    package.addHandler(handler)
    package.setLevel(level)
    faulthandler.enable(stacks)
    restore = _hook_exceptions()

    def close() -> None:
        restore()
        _end_stacks(stacks)
        package.removeHandler(handler)
        handler.close()

    return CrashLog(path, crash, previous, close)


class _Masking(logging.Formatter):
    """Writes no address of a service: errors of libraries repeat them, with the passwords that are in them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback that belongs to it."""
        return masked(super().format(record))


class _Log(RotatingFileHandler):
    """A log that does without what a full disk does not take: logging would print a traceback for every record."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (its name in logging)
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        with suppress(OSError):
            super().close()


def _set_aside(crash: Path) -> Path | None:
    """Keep the stacks of the last crashes under numbers, the newest as 1, and return the newest of the last run."""
    if not crash.exists() or crash.stat().st_size == 0:
        return None
    kept = [crash.with_suffix(f".{number}.txt") for number in range(1, CRASHES_KEPT + 1)]
    for newer, older in reversed(list(pairwise(kept))):
        if newer.exists():
            newer.replace(older)
    crash.replace(kept[0])
    return kept[0]


def _hook_exceptions() -> Callable[[], None]:
    """Log what nobody caught, in any thread, and then do what was done before."""
    before, before_in_thread = sys.excepthook, threading.excepthook

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("Unhandled exception", exc_info=(kind, error, trace))
        before(kind, error, trace)

    def on_thread_exception(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None and not isinstance(failed.exc_value, SystemExit):
            name = failed.thread.name if failed.thread is not None else "?"
            trace = failed.exc_traceback
            log.critical("Unhandled exception in thread %s", name, exc_info=(failed.exc_type, failed.exc_value, trace))
        before_in_thread(failed)

    def restore() -> None:
        sys.excepthook, threading.excepthook = before, before_in_thread

    sys.excepthook, threading.excepthook = on_exception, on_thread_exception
    return restore


def _end_stacks(stacks: TextIO) -> None:
    faulthandler.disable()
    with suppress(OSError):
        stacks.close()
