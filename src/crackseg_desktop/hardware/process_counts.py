"""One look at all processes: their counters, and who they are. Linux is read directly, other systems through psutil."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.hardware import procfs
from crackseg_desktop.hardware.cgroups import container_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    import psutil

    class ProcessLook(Protocol):
        """Looks at all processes; remembers those that it knows."""

        def __call__(self) -> Iterable[Counted]:
            """Return every process that there is now."""
            ...


_KERNEL_THREADS = 2  # the parent of all of them


class Identity(NamedTuple):
    """Who a process is: what stays the same until it runs another program."""

    pid: int
    parent: int
    started: float
    name: str
    command: tuple[str, ...]
    user: str
    own: bool
    container: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A process and its counters; None is what the system does not tell this user."""

    who: Identity
    state: str | None
    threads: int | None
    memory_bytes: int | None
    cpu_seconds: float | None
    read_bytes: int | None = None
    written_bytes: int | None = None


def process_look() -> ProcessLook:
    """Return what looks at the processes of this machine."""
    if sys.platform == "linux":
        return LinuxLook()
    return PortableLook()


if sys.platform != "win32":
    import pwd

    class LinuxLook:
        """Reads /proc. Threads of the kernel are left out; who a process is, is read once for each program it runs."""

        def __init__(self, proc: str = procfs.PROC) -> None:
            self._proc = proc
            self._own = os.getuid()
            self._tick = float(os.sysconf("SC_CLK_TCK"))
            self._page = os.sysconf("SC_PAGE_SIZE")
            self._known: dict[tuple[int, int, str], Identity] = {}
            self._users: dict[int, str] = {}

        def __call__(self) -> list[Counted]:
            """Return all processes but those of the kernel."""
            booted = boot_time(self._proc)
            known, found = self._known, []
            self._known = {}
            for pid in procfs.pids(self._proc):
                stat = procfs.stat_of(pid, self._proc)
                if stat is None or _KERNEL_THREADS in (pid, stat.parent):
                    continue
                key = (pid, stat.started, stat.name)
                who = known.get(key)
                if who is None or who.parent != stat.parent:
                    who = self._identify(pid, stat, booted)
                if who is not None:
                    self._known[key] = who
                    found.append(self._counted(who, stat))
            return found

        def _counted(self, who: Identity, stat: procfs.Stat) -> Counted:
            return Counted(
                who,
                stat.state,
                stat.threads,
                stat.resident_pages * self._page,
                stat.ticks / self._tick,
                *(self._traffic(who) or (None, None)),
            )

        def _traffic(self, who: Identity) -> tuple[int, int] | None:
            if not who.own and self._own != 0:
                return None
            try:
                return procfs.parse_io(procfs.read(f"{self._proc}/{who.pid}/io"))
            except OSError:  # gone, or one of ours that took on other rights
                return None

        def _identify(self, pid: int, stat: procfs.Stat, booted: float) -> Identity | None:
            folder = f"{self._proc}/{pid}"
            try:
                uid = os.stat(folder).st_uid
                groups = procfs.read(f"{folder}/cgroup").decode(errors="replace")
            except OSError:
                return None
            return Identity(
                pid,
                stat.parent,
                booted + stat.started / self._tick,
                stat.name,
                procfs.command_of(pid, self._proc),
                self._user(uid),
                uid == self._own,
                container_of(groups),
            )

        def _user(self, uid: int) -> str:
            if uid not in self._users:
                try:
                    self._users[uid] = pwd.getpwuid(uid).pw_name
                except KeyError:  # of a container, which has users of its own
                    self._users[uid] = str(uid)
            return self._users[uid]

    def boot_time(proc: str = procfs.PROC) -> float:
        """Return when this machine was started, in Unix seconds; raises OSError where that is not told."""
        for line in procfs.read(f"{proc}/stat").splitlines():
            if line.startswith(b"btime "):
                return float(line[6:])
        msg = "the kernel does not tell when it was started"
        raise OSError(msg)


class PortableLook:
    """Reads through psutil; who a process is, is asked once: on Windows each such question walks over all processes."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, float], Identity] = {}
        self._user: str | None = None

    def __call__(self) -> Iterator[Counted]:
        """Yield all processes."""
        import psutil

        self._user = self._user or psutil.Process().username()
        known, self._known = self._known, {}
        for process in psutil.process_iter():
            try:
                with process.oneshot():
                    key = (process.pid, process.create_time())
                    who = known.get(key) or self._identify(process)
                    self._known[key] = who
                    yield _portable_counts(process, who)
            except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
                continue

    def _identify(self, process: psutil.Process) -> Identity:
        told = process.as_dict(["ppid", "name", "cmdline", "username"], ad_value=None)
        user = told["username"] or ""
        own = bool(user) and user == self._user
        command = tuple(told["cmdline"] or ())
        return Identity(
            process.pid, told["ppid"] or 0, process.create_time(), told["name"] or "", command, user, own, None
        )


def _portable_counts(process: psutil.Process, who: Identity) -> Counted:
    # On Windows these two would walk over all processes for each process.
    slow = ["status", "num_threads"] if sys.platform != "win32" else []
    traffic = ["io_counters"] if hasattr(process, "io_counters") else []
    told = process.as_dict(["cpu_times", "memory_info", *slow, *traffic], ad_value=None)
    times, memory, transfers = told["cpu_times"], told["memory_info"], told.get("io_counters")
    return Counted(
        who,
        told.get("status"),
        told.get("num_threads"),
        memory.rss if memory is not None else None,
        times.user + times.system if times is not None else None,
        transfers.read_bytes if transfers is not None else None,
        transfers.write_bytes if transfers is not None else None,
    )
