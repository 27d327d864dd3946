"""Signals that ask the program to end: the first ends it in order, the second at once.

Python runs a handler only when the main thread next runs Python code, which a foreign event loop may never do. So
``install`` returns a socket that becomes readable with each signal: a loop that watches it wakes up, and the handler
runs.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EXIT_INTERRUPTED = 130


def stop_on_signals(callback: Callable[[], None]) -> None:
    """Call ``callback`` in the main thread at the first signal; the second ends the process without clean-up.

    Must be called in the main thread. Signals that were ignored before (``nohup``) stay ignored.
    """
    asked = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            callback()
        elif number not in _repeated_by_machines():
            # A closing terminal hangs up twice, and systemd hangs up after it has terminated: only others are a person.
            os._exit(EXIT_INTERRUPTED)

    for number in _stopping_signals():
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handle)


def install(callback: Callable[[], None]) -> socket.socket | None:
    """Do as ``stop_on_signals``, and return the socket that a foreign event loop must watch and drain.

    Keep it open for as long as the loop runs. Outside the main thread nothing is installed and None returned.
    """
    if threading.current_thread() is not threading.main_thread():
        return None
    stop_on_signals(callback)
    woken, alarm = socket.socketpair()
    woken.setblocking(False)
    alarm.setblocking(False)
    # The interpreter writes to this descriptor for as long as the process lives.
    signal.set_wakeup_fd(alarm.detach(), warn_on_full_buffer=False)
    return woken


def drain(woken: socket.socket) -> None:
    """Empty the socket of ``install``; the handler has run when this returns."""
    try:
        while woken.recv(64):
            pass
    except BlockingIOError:
        return


def _stopping_signals() -> tuple[signal.Signals, ...]:
    if sys.platform == "win32":
        return signal.SIGINT, signal.SIGTERM, signal.SIGBREAK
    return signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def _repeated_by_machines() -> tuple[signal.Signals, ...]:
    if sys.platform == "win32":
        return ()
    return (signal.SIGHUP,)
