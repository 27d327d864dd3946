"""Standard output and error as they may be: closed from the start, a pipe whose reader went away, on a full disk."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

CLOSED_PIPE = 141
"""What a shell tells of a tool that SIGPIPE ended, 128 + 13."""

_CLOSED = (errno.EPIPE, errno.EINVAL) if sys.platform == "win32" else (errno.EPIPE,)  # bugs.python.org/issue35754
_LOST = (*_CLOSED, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def prepare() -> None:
    """Let no print fail for want of a stream, or for a character that a terminal cannot show."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us, or a Windows program without a console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (for as long as the process lives)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_lost(error: BaseException) -> bool:
    """Say whether this is a failure to write: what the commands write is their output."""
    return isinstance(error, OSError) and error.errno in _LOST


def is_closed(error: OSError) -> bool:
    """Say whether the reader of the output has gone."""
    return error.errno in _CLOSED


def abandon_output() -> None:
    """Write nothing more to standard output: Python would try once more at exit, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def complain(line: str) -> None:
    """Write a line to standard error, if that is possible."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)
