"""The table of processes of the simulated workstation. Pure, in story time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.readings import ProcessRow
from crackseg_desktop.simulation.host import MAIN_PID, STALLED_PID
from crackseg_desktop.simulation.scripts import MAIN, STALLED
from crackseg_desktop.simulation.timeline import smooth_noise

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIB = 1024**2
_SHELL, _DESKTOP = 2871, 1544
_TRAIN = ("python", "run.py")
_WORKERS = 8
_FOREIGN = "the system tells it of a user's own processes only"
_NOT_ASKED = dict.fromkeys(("received_bytes_per_second", "sent_bytes_per_second"), "not asked for")
_NO_DISK = dict.fromkeys(("read_bytes_per_second", "written_bytes_per_second"), _FOREIGN)


class _Program(NamedTuple):
    """A program that is there all day: its share of a core and MiB of memory, and what it reads (MiB/s)."""

    pid: int
    parent: int
    command: str
    cpu: float
    memory: int
    read: float = 0.0
    threads: int = 1
    user: str = "kim"
    container: str | None = None


_PROGRAMS = (
    _Program(1, 0, "/sbin/init", 0.0, 13, user="root"),
    _Program(912, 1, "/usr/bin/dockerd", 0.01, 96, threads=24, user="root"),
    _Program(1380, 912, "postgres", 0.01, 148, user="70", container="docker 4f1d09c2ab7e"),
    _Program(_DESKTOP, 1, "/usr/lib/systemd/systemd --user", 0.0, 12),
    _Program(2210, _DESKTOP, "/usr/bin/gnome-shell", 0.06, 412, threads=31),
    _Program(3987, _DESKTOP, "/usr/lib/firefox/firefox", 0.09, 940, 0.1, 84),
    _Program(_SHELL, _DESKTOP, "bash", 0.0, 6),
    _Program(51402, _SHELL, "python -m tensorboard.main --logdir outputs", 0.01, 310, threads=12),
)


def table_at(at: float, anchor: float, seed: int, *, works: bool) -> tuple[ProcessRow, ...]:
    """Return all processes at a story time; ``works`` says whether the main training computes at that moment."""
    return (*(_row(program, at, anchor, seed) for program in _PROGRAMS), *_trainings(at, anchor, seed, works=works))


def _trainings(at: float, anchor: float, seed: int, *, works: bool) -> Iterator[ProcessRow]:
    stalled = _Program(STALLED_PID, _SHELL, " ".join(_TRAIN), 0.0, 2900, threads=14)
    yield _row(stalled, at, anchor, seed, STALLED.started - 9.0)
    if not MAIN.started <= at < MAIN.end:
        return
    main = _Program(MAIN_PID, _SHELL, " ".join(_TRAIN), 1.0 if works else 0.05, 5200, threads=26)
    yield _row(main, at, anchor, seed, MAIN.started - 9.0)
    for number in range(1, _WORKERS + 1):
        worker = _Program(MAIN_PID + number, MAIN_PID, " ".join(_TRAIN), 0.7 if works else 0.0, 720, 10.5)
        yield _row(worker, at, anchor, seed, MAIN.started + 4.0)


def _row(program: _Program, at: float, anchor: float, seed: int, began: float = -5 * 86400.0) -> ProcessRow:
    noise = 1.0 + 0.15 * smooth_noise(seed, f"process {program.pid}", at, 5.0)
    own = program.user == "kim"
    command = tuple(program.command.split(" "))
    return ProcessRow(
        pid=program.pid,
        parent=program.parent,
        started=anchor + began,
        name=command[0].rpartition("/")[2],
        command=command,
        user=program.user,
        own=own,
        state="running" if program.cpu > 0.5 else "sleeping",
        threads=program.threads,
        memory_bytes=program.memory * _MIB,
        cpu_ratio=program.cpu * noise,
        read_bytes_per_second=program.read * _MIB * noise if own else None,
        written_bytes_per_second=0.0 if own else None,
        container=program.container,
        unavailable=_NOT_ASKED if own else _NOT_ASKED | _NO_DISK,
    )
