"""Who writes the history: a token of the process, of which another can tell at once that it was killed.

Waiting until the heartbeat of one that was killed has aged would keep the samples of its successor in memory for longer
than may be lost, should that be killed as well.
"""

from __future__ import annotations

import os
import socket
from uuid import uuid4


def new_token() -> str:
    """Return a token that no other writer has, and that says which process has it."""
    return f"{uuid4().hex} {os.getpid()} {_place()}"


def has_ended(token: str) -> bool:
    """Say whether the process with a token is known to have ended; False where it runs, or ran elsewhere."""
    import psutil

    _, _, process = token.partition(" ")
    pid, _, place = process.partition(" ")
    return place == _place() and pid.isdecimal() and not psutil.pid_exists(int(pid))


def _place() -> str:
    """Name where numbers of processes mean the same: a machine, or a container on it."""
    try:
        return f"{socket.gethostname()} {os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return socket.gethostname()
