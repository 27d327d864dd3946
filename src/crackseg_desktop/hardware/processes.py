"""The trainings among the processes of this user: found by what they run, or by the logs that they hold open."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.readings import Part, ProcessReading, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psutil

_INTERPRETER = re.compile(r"(python|pypy)w?[\d.]*(\.exe)?", re.IGNORECASE)
_SCRIPT = re.compile(r"(run|main|train\w*)\.py", re.IGNORECASE)
_MODULE = re.compile(r"crackseg\b.*|src\.main|.*train.*", re.IGNORECASE)
_OURSELVES = re.compile(r"crackseg[-_]desktop", re.IGNORECASE)
_OPTIONS_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
_EVENT_FILE = "events.out.tfevents."
_PROC = Path("/proc")


class ProcessSource:
    """Looks for trainings among the processes of this user; belongs to its driver thread."""

    name = "processes"
    tiers = frozenset({Tier.MEDIUM})

    def read(self, due: frozenset[Tier]) -> Part:
        """Return the trainings that run now."""
        return Part(processes=training_processes())

    def resumed(self) -> None:
        """Have nothing to forget."""

    def close(self) -> None:
        """Have nothing to give back."""


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
    return folded(found, launchers=sys.platform == "win32")


def folded(found: Sequence[tuple[ProcessReading, int]], *, launchers: bool) -> tuple[ProcessReading, ...]:
    """Return one reading a training, from readings with their parents' process ids.

    A DataLoader worker is a fork: the child of a training with its very command line; the parent is the training.
    On Windows nothing forks, but the interpreter of a virtual environment (``launchers``) starts the real one with
    its own command line and waits: there the child is the training.
    """
    commands = {reading.pid: reading.command for reading, _ in found}
    doubles = [(reading.pid, parent) for reading, parent in found if commands.get(parent) == reading.command]
    superfluous = {parent if launchers else child for child, parent in doubles}
    return tuple(reading for reading, _ in found if reading.pid not in superfluous)


def runs_a_training(command: Sequence[str]) -> bool:
    """Say whether a Python command line runs a script or module that is named like a training."""
    kind, target = _target(command)
    if kind == "module":
        return _MODULE.fullmatch(target) is not None
    return kind == "script" and _SCRIPT.fullmatch(re.split(r"[\\/]", target)[-1]) is not None


def is_python(command: Sequence[str]) -> bool:
    """Say whether a command line starts a Python interpreter on something that is not this program."""
    if not command or _INTERPRETER.fullmatch(re.split(r"[\\/]", command[0])[-1]) is None:
        return False
    kind, target = _target(command)
    if kind == "code" and "multiprocessing" in target:
        return False  # a helper or a spawned worker of another Python process
    named = target if kind == "module" else re.split(r"[\\/]", target)[-1]
    return _OURSELVES.match(named) is None


def _target(command: Sequence[str]) -> tuple[str, str]:
    """Return what an interpreter was told to run: ("module" | "script" | "code" | "nothing", its name)."""
    arguments = iter(command[1:])
    for argument in arguments:
        if argument == "-m":
            return "module", next(arguments, "")
        if argument == "-c":
            return "code", next(arguments, "")
        if argument in _OPTIONS_WITH_VALUE:
            next(arguments, None)
        elif not argument.startswith("-"):
            return "script", argument
    return "nothing", ""


def _candidates() -> Iterator[Candidate]:
    for pid, command in _commands_on_linux() if sys.platform == "linux" else _commands():
        if pid != os.getpid() and is_python(command):
            yield Candidate(pid, command, runs_a_training(command))


def _commands() -> Iterator[tuple[int, tuple[str, ...]]]:
    import psutil

    for process in psutil.process_iter(["name"]):
        # The name first: a command line is slow to get on Windows, and refused for other users' processes.
        if _INTERPRETER.fullmatch(process.info["name"] or "") is None:
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
    for name in os.listdir(_PROC):
        if not name.isdigit():
            continue
        folder = _PROC / name
        try:
            if folder.stat().st_uid != own:
                continue
            raw = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if raw:
            yield int(name), tuple(os.fsdecode(part) for part in raw.rstrip(b"\0").split(b"\0"))


def _training(candidate: Candidate) -> tuple[ProcessReading, int] | None:
    """Return the reading of a training and its parent's process id, or None where it is none or has ended."""
    import psutil

    if not candidate.matches and sys.platform != "linux":
        return None
    try:
        process = psutil.Process(candidate.pid)
        files = _open_files(process)
        if not (candidate.matches or holds_a_log(files, process.cwd())):
            return None
        reading = ProcessReading(candidate.pid, process.create_time(), candidate.command, _folder(process), files)
        return reading, process.ppid()
    except (psutil.Error, OSError):
        return None


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
        return tuple(sorted(set(_linked_files(_PROC / str(process.pid) / "fd"))))
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
