"""The trainings among the processes of this user: found by what they run, or by the logs that they hold open."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.hardware import procfs
from crackseg_desktop.hardware.commands import is_interpreter, is_python, runs_a_training, starts_ranks
from crackseg_desktop.readings import Part, ProcessReading, Tier, began_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import psutil

SCAN_SECONDS = 30.0
"""So often all processes are looked at, with the files that they hold open."""

_EVENT_FILE = "events.out.tfevents."


class ProcessSource:
    """Looks for trainings among the processes of this user; belongs to its driver thread.

    Those that are known are looked at each time, by PID and start time; all processes every ``scan_seconds``, or when
    ``look_soon`` asks for it.

    Args:
        scan: returns the trainings among all processes.
        lives: says whether a known one is still there.
    """

    name = "processes"
    tiers = frozenset({Tier.MEDIUM})

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        scan: Callable[[], tuple[ProcessReading, ...]] | None = None,
        lives: Callable[[ProcessReading], bool] | None = None,
        scan_seconds: float = SCAN_SECONDS,
    ) -> None:
        self._monotonic, self._scan_seconds = monotonic, scan_seconds
        self._scan, self._lives = scan or training_processes, lives or is_alive
        self._known: tuple[ProcessReading, ...] = ()
        self._due = float("-inf")
        self._soon = threading.Event()

    def look_soon(self) -> None:
        """Look at all processes with the next reading: a run appeared or fell silent. From any thread."""
        self._soon.set()

    def read(self, due: frozenset[Tier]) -> Part:
        """Return the trainings that run now, as far as they are known."""
        now = self._monotonic()
        if now >= self._due or self._soon.is_set():
            self._soon.clear()
            self._due = now + self._scan_seconds
            self._known = self._scan()
        else:
            self._known = tuple(process for process in self._known if self._lives(process))
        return Part(processes=self._known)

    def resumed(self) -> None:
        """Look at all processes: time has passed."""
        self._soon.set()

    def close(self) -> None:
        """Have nothing to give back."""


def is_alive(process: ProcessReading) -> bool:
    """Say whether a process is still there, and no other one that got its PID."""
    import psutil

    try:
        found = psutil.Process(process.pid)
        return began_together(found.create_time(), process.started) and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Python process of this user; ``matches`` says whether its command line alone makes it a training."""

    pid: int
    command: tuple[str, ...]
    matches: bool


def training_processes() -> tuple[ProcessReading, ...]:
    """Return the processes of this user that look like trainings, a training's worker processes folded away.

    Cheap for all that do not: their command line is read, and on Linux the names of the files they hold open.
    """
    found = [training for candidate in _candidates() if (training := _training(candidate)) is not None]
    trainings = folded(found, launchers=sys.platform == "win32")
    return with_children(trainings, _parents()) if trainings else ()


def with_children(trainings: Sequence[ProcessReading], parents: Mapping[int, int]) -> tuple[ProcessReading, ...]:
    """Name the processes below each training, from the parents of all processes."""
    below: dict[int, list[int]] = defaultdict(list)
    for pid, parent in parents.items():
        below[parent].append(pid)
    return tuple(replace(item, children=tuple(sorted(_descendants(item.pid, below)))) for item in trainings)


def _descendants(pid: int, below: Mapping[int, list[int]]) -> set[int]:
    found: set[int] = set()
    left = [pid]
    while left:
        for child in below.get(left.pop(), ()):
            if child not in found:
                found.add(child)
                left.append(child)
    return found - {pid}


def _parents() -> dict[int, int]:
    if sys.platform == "linux":
        return procfs.parents()
    import psutil

    return {process.pid: process.info["ppid"] or 0 for process in psutil.process_iter(["ppid"])}


def folded(found: Sequence[ProcessReading], *, launchers: bool) -> tuple[ProcessReading, ...]:
    """Return one reading a training, from readings with their parents' process ids.

    A DataLoader worker is a fork: the child of a training with its very command line; the parent is the training.
    On Windows nothing forks, but the interpreter of a virtual environment (``launchers``) starts the real one with
    its own command line and waits: there the child is the training.
    """
    commands = {reading.pid: reading.command for reading in found}
    doubles = [item for item in found if item.parent is not None and commands.get(item.parent) == item.command]
    superfluous = {item.parent if launchers else item.pid for item in doubles}
    return tuple(reading for reading in found if reading.pid not in superfluous)


def _candidates() -> Iterator[Candidate]:
    for pid, command in _commands_on_linux() if sys.platform == "linux" else _commands():
        if pid != os.getpid() and is_python(command):
            yield Candidate(pid, command, runs_a_training(command))


def _commands() -> Iterator[tuple[int, tuple[str, ...]]]:
    import psutil

    for process in psutil.process_iter(["name"]):
        # The name first: a command line is slow to get on Windows, and refused for other users' processes.
        if not is_interpreter(process.info["name"] or ""):
            continue
        try:
            yield process.pid, tuple(process.cmdline())
        except (psutil.Error, OSError):
            continue


def _commands_on_linux() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Read /proc directly: psutil costs five times as much for a process that is passed over."""
    if sys.platform == "win32":
        return
    own = os.getuid()
    for pid in procfs.pids():
        try:
            if os.stat(f"{procfs.PROC}/{pid}").st_uid != own:
                continue
        except OSError:
            continue
        if command := procfs.command_of(pid):
            yield pid, command


def _training(candidate: Candidate) -> ProcessReading | None:
    """Return the reading of a training, or None where it is none or has ended."""
    import psutil

    if not candidate.matches and sys.platform != "linux":
        return None
    try:
        process = psutil.Process(candidate.pid)
        files = _open_files(process)
        if not (candidate.matches or holds_a_log(files, process.cwd())):
            return None
        parent = process.ppid()
        return ProcessReading(
            candidate.pid,
            process.create_time(),
            candidate.command,
            _folder(process),
            files,
            parent,
            launcher=parent if starts_ranks(_command_of(parent)) else None,
        )
    except (psutil.Error, OSError):
        return None


def _command_of(pid: int) -> Sequence[str]:
    import psutil

    try:
        return psutil.Process(pid).cmdline()
    except (psutil.Error, OSError):
        return ()


def holds_a_log(files: Sequence[str], folder: str) -> bool:
    """Say whether open files tell a training: an event file anywhere, or a log under its working folder."""
    inside = os.path.join(folder, "")
    anywhere = inside == os.sep  # the working folder of services: their logs lie all over the system
    return any(
        os.path.basename(file).startswith(_EVENT_FILE)
        or (file.endswith(".log") and file.startswith(inside) and not anywhere)
        for file in files
    )


def _folder(process: psutil.Process) -> str | None:
    import psutil

    try:
        return process.cwd()
    except (psutil.Error, OSError):
        return None


def _open_files(process: psutil.Process) -> tuple[str, ...]:
    """Return the paths of the regular files that a process holds open; on Windows none, since asking can hang."""
    import psutil

    if sys.platform == "win32":
        return ()
    if sys.platform == "linux":
        return tuple(sorted(set(_linked_files(Path(procfs.PROC, str(process.pid), "fd")))))
    try:
        return tuple(sorted({file.path for file in process.open_files()}))
    except (psutil.Error, OSError):
        return ()


def _linked_files(descriptors: Path) -> Iterator[str]:
    try:
        names = os.listdir(descriptors)
    except OSError:
        return
    for name in names:
        try:
            target = os.readlink(descriptors / name)
        except OSError:
            continue
        if target.startswith("/") and not target.startswith(("/dev/", "/proc/")):
            yield target.removesuffix(" (deleted)")
