"""Ending a process that a person has chosen: only one of their own, and only the very one that they saw."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.readings import began_together

if TYPE_CHECKING:
    from collections.abc import Collection

    import psutil

WAIT_SECONDS = 10.0
"""So long a process has to end in order, as for writing its last checkpoint, before it is killed."""
_KILL_SECONDS = 2.0
_INIT = 1


@dataclass(frozen=True, slots=True)
class Target:
    """The process that is to end, as it is now."""

    pid: int
    started: float
    user: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of it: ``terminated`` in order, ``killed``, already ``gone``, ``refused`` or ``failed``, and why."""

    outcome: Literal["terminated", "killed", "gone", "refused", "failed"]
    reason: str = ""


def refusal(started: float, target: Target, user: str, spared: Collection[int], *, read_only: bool = False) -> str:
    """Return why a process must not be ended, in a sentence; empty where it may.

    Args:
        started: when the process began that the person saw, in Unix seconds.
        user: who runs this program.
        spared: this program and all processes above it.
    """
    if read_only:
        return "Nothing is changed: the program was started with --read-only."
    if target.pid <= _INIT:
        return "The first process of a system is never ended."
    if target.pid in spared:
        return "It is this program, or one that runs it."
    if not began_together(started, target.started):
        return "It has ended already, and another process has its number now."
    if not user or target.user != user:
        return f"It belongs to {target.user or 'somebody else'}: only own processes are ended."
    return ""


def end_process(pid: int, started: float, wait: float = WAIT_SECONDS, *, read_only: bool = False) -> Ended:
    """End a process if that may be: ask it to, wait so many seconds, then kill it. Blocks; never raises for its sake.

    On Windows there is no asking: it is ended at once.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        target = Target(pid, process.create_time(), process.username())
        reason = refusal(started, target, psutil.Process().username(), spared(), read_only=read_only)
        if reason:
            return Ended("refused", reason)
        return _end(process, wait)
    except psutil.NoSuchProcess:
        return Ended("gone", "It had ended already.")
    except (psutil.Error, OSError) as error:
        return Ended("failed", str(error) or type(error).__name__)


def spared() -> frozenset[int]:
    """Return this program and all processes above it."""
    import psutil

    return frozenset({os.getpid(), *(process.pid for process in psutil.Process().parents())})


def _end(process: psutil.Process, wait: float) -> Ended:
    import psutil

    # Each of these looks again whether the PID is still the same process's.
    process.terminate()
    try:
        process.wait(wait)
    except psutil.TimeoutExpired:
        process.kill()
    else:
        return Ended("terminated")
    try:
        process.wait(_KILL_SECONDS)
    except psutil.TimeoutExpired:
        return Ended("failed", "It does not end even when killed: likely it waits for a disk or a driver.")
    return Ended("killed", f"It did not end within {wait:g} s of being asked to.")
