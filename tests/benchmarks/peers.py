"""What the application costs beside nvitop, glances and btop: ``python -m tests.benchmarks.peers``.

All watch this machine, 300 sleeping processes more and one fake GPU (``tests/fakenvml``), one after the other, in two
rounds: the application hidden in the tray of a virtual screen, hidden and following a run that writes an epoch every
two seconds, and with its full window on the GPUs page, following one; the others, which know no runs, at their
defaults in a pseudo terminal of 120 x 40. CPU is that of all processes of a program as a share of one core, ended
children included; neither the X server nor a terminal is counted for anybody. Quote the ratios, and the load of the
machine with them. Others that are not installed are named and left out. Exit code 1: a goal was missed.

``--hours`` watches instead whether memory is flat while hidden. The calls to the driver are counted by
``tests.benchmarks.gpus``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
from tests.benchmarks.alerts import FAKE_NVML
from tests.benchmarks.tray import WINDOW_WIDTH, app_command, mb, watching
from tests.desktop.harness import Desktop, missing_packages, running_desktop, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

INSTALLED_BY = {
    "nvitop": "pip install nvitop",
    "glances": "pip install glances",
    "btop": "apt-get install btop",
}
HIDDEN, FOLLOWING, WINDOW = "ours, hidden", "ours, hidden, following a run", "ours, GPUs page, the same"
HIDDEN_GOAL, WINDOW_GOAL = 0.01, 0.03
"""Shares of one core."""
SCENARIO = FAKE_NVML / "scenarios/rtx3070ti_training.ini"
ROWS, COLUMNS = 40, 120
SETTLE_SECONDS = 10
LOOKS = 12
TITLE = "^CrackSeg Desktop$"
SHOW = """
import sys
from pathlib import Path
from crackseg_desktop.system.instance import ask
sys.exit(ask(Path(sys.argv[1]), {"command": "show", "page": sys.argv[2]}) is None)
"""
"""What a second start asks for, with a page; in a process of its own, for where they meet is private to the desktop."""


class Cost(NamedTuple):
    """What all processes of a program take: a share of one core, resident memory before and after it was measured."""

    cpu_share: float
    rss_before: int
    rss_after: int


class Look(NamedTuple):
    """All processes of a program at one moment: CPU seconds since they began, and resident memory in bytes."""

    cpu_seconds: float
    rss_bytes: int


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60, help="how long each is measured in a round (default 60)")
    parser.add_argument("--rounds", type=int, default=2, help="how often all take their turn (default 2)")
    parser.add_argument("--processes", type=int, default=300, help="sleeping processes to add (default 300)")
    parser.add_argument("--hours", type=float, metavar="H", help="only the application, hidden, for so long")
    options = parser.parse_args()
    if missing := missing_packages():
        print(f"missing Debian packages: {' '.join(missing)}", file=sys.stderr)
        return 1
    subprocess.run(["make", "-s"], cwd=FAKE_NVML, check=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_desktop(Path(folder) / "screen") as desktop,
        crowd(options.processes),
    ):
        desktop.env |= {"LD_LIBRARY_PATH": str(FAKE_NVML / "build"), "FAKENVML_SCENARIO": str(SCENARIO)}
        if options.hours is not None:
            return report_memory(desktop, Path(folder), options.hours * 3600)
        return report_costs(desktop, Path(folder), options.rounds, options.seconds)


def report_costs(desktop: Desktop, work: Path, rounds: int, seconds: float) -> int:
    """Let all take their turns and print medians; return 0 if the goals are met."""
    absent = missing_peers()
    for name, command in absent.items():
        print(f"{name} is missing: {command}")
    print(f"load of the machine before (1, 5, 15 minutes): {loads()}", flush=True)
    taken: dict[str, list[Cost]] = {}
    crowds: list[int] = []
    for number in range(rounds):
        for name, start in turns(desktop, work, number, absent).items():
            with start as process:
                taken.setdefault(name, []).append(measured(process.pid, seconds))
                crowds.append(len(psutil.pids()))
                assert process.poll() is None, f"{name} ended with {process.returncode} while it was measured"
    print(f"load of the machine after: {loads()}, with {min(crowds)} to {max(crowds)} processes")
    costs = {name: median_cost(several) for name, several in taken.items()}
    print("\n".join(table(costs)))
    met = judged(costs)
    print("\n".join(f"{'met' if is_met else 'MISSED'}: {goal}" for goal, is_met in met.items()))
    return 0 if all(met.values()) else 1


def report_memory(desktop: Desktop, work: Path, seconds: float) -> int:
    """Print the memory of the hidden application every twelfth of the time, and the CPU share up to then."""
    with watching(desktop, work, "long") as ours:
        begun, first = time.monotonic(), look(ours.pid)
        print(f"{0:6.1f} min  {mb(first.rss_bytes)}", flush=True)
        for number in range(1, LOOKS + 1):
            time.sleep(max(0.0, begun + number * seconds / LOOKS - time.monotonic()))
            cost = cost_between(first, look(ours.pid), time.monotonic() - begun)
            print(f"{number * seconds / LOOKS / 60:6.1f} min  {mb(cost.rss_after)}  {cost.cpu_share:.2%}", flush=True)
    return 0


def turns(
    desktop: Desktop, work: Path, number: int, absent: Iterable[str]
) -> Mapping[str, AbstractContextManager[subprocess.Popen[bytes]]]:
    """Return what starts each program and gives it once it has settled, by its name, in the order of the turns."""
    ours = {
        HIDDEN: idle(desktop, work, f"hidden-{number}"),
        FOLLOWING: watching(desktop, work, f"following-{number}"),
        WINDOW: in_window(desktop, work, f"window-{number}", "gpus"),
    }
    return ours | {name: in_terminal(name, desktop.env) for name in INSTALLED_BY if name not in absent}


@contextmanager
def idle(desktop: Desktop, work: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the application in the tray, with no run to follow."""
    runs = work / f"runs-{name}"
    runs.mkdir()
    ours = desktop.spawn(*app_command(work, name, runs), log=f"{name}.log")
    wait_for(lambda: desktop.tray_icons() == 1, "the tray icon", 30)
    time.sleep(SETTLE_SECONDS)
    yield ours
    assert not desktop.windows(TITLE), "a window was open"
    desktop.end(ours)
    wait_for(lambda: desktop.tray_icons() == 0, "the end of the icon")


@contextmanager
def in_window(desktop: Desktop, work: Path, name: str, page: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the application with its full window on a page."""
    with watching(desktop, work, name) as ours:
        desktop.run(sys.executable, "-c", SHOW, str(work / f"data-{name}"), page)
        width = desktop.geometry(desktop.find_window(TITLE))[2]
        assert width == WINDOW_WIDTH, f"the window is {width} pixels wide and not {WINDOW_WIDTH}"
        time.sleep(SETTLE_SECONDS)
        yield ours
        assert desktop.windows(TITLE), "the window was closed meanwhile"


@contextmanager
def in_terminal(name: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a pseudo terminal that takes what it draws and types nothing."""
    if sys.platform == "win32":
        raise OSError("there are no pseudo terminals here")
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
    told = dict(env) | {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    process = subprocess.Popen([name], env=told, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    drain = Drain(ours)
    reader = threading.Thread(target=drain.run)
    reader.start()
    try:
        time.sleep(SETTLE_SECONDS)
        before = drain.drawn
        yield process
        assert drain.drawn > before, f"{name} drew nothing while it was measured"
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        reader.join()
        os.close(ours)


@dataclass(slots=True)
class Drain:
    """Takes what a program draws; ``drawn`` counts the bytes."""

    descriptor: int
    drawn: int = 0

    def run(self) -> None:
        """Read until the last process has closed the terminal, which Linux tells as an error."""
        with suppress(OSError):
            while taken := os.read(self.descriptor, 65536):
                self.drawn += len(taken)


@contextmanager
def crowd(count: int) -> Iterator[None]:
    """Have so many sleepers on the machine, whatever else comes and goes on it meanwhile."""
    sleepers = [subprocess.Popen(["sleep", "infinity"]) for _ in range(count)]
    try:
        yield
    finally:
        for sleeper in sleepers:
            sleeper.kill()
        for sleeper in sleepers:
            sleeper.wait()


def missing_peers() -> dict[str, str]:
    """Return the programs that are not installed, each with the command that installs it."""
    return {name: command for name, command in INSTALLED_BY.items() if shutil.which(name) is None}


def measured(pid: int, seconds: float) -> Cost:
    """Measure a program over some seconds."""
    begun, before = time.monotonic(), look(pid)
    time.sleep(seconds)
    after = look(pid)
    return cost_between(before, after, time.monotonic() - begun)


def look(pid: int) -> Look:
    """Look at a process and all below it."""
    parent = psutil.Process(pid)
    times, memory = [], 0
    for process in (parent, *parent.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # a child that ended meanwhile: its parent has its time
            times.append(tuple(process.cpu_times()[:4]))
            memory += process.memory_info().rss
    return Look(cpu_seconds(times), memory)


def cpu_seconds(times: Iterable[Sequence[float]]) -> float:
    """Add up user, system, and the user and system time of ended children, of several processes.

    A child's time passes to its parent when it ends, so that the sum never falls and counts nothing twice.
    """
    return sum(sum(parts) for parts in times)


def cost_between(before: Look, after: Look, seconds: float) -> Cost:
    """Return what a program took between two looks."""
    return Cost((after.cpu_seconds - before.cpu_seconds) / seconds, before.rss_bytes, after.rss_bytes)


def median_cost(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure over the rounds."""
    shares, before, after = zip(*costs, strict=True)
    return Cost(statistics.median(shares), int(statistics.median(before)), int(statistics.median(after)))


def judged(costs: Mapping[str, Cost]) -> dict[str, bool]:
    """Return each goal and whether it is met; beside those who were measured."""
    hidden, following, window = (costs[name].cpu_share for name in (HIDDEN, FOLLOWING, WINDOW))
    less = {f"hidden less CPU than {name}": hidden < costs[name].cpu_share for name in INSTALLED_BY if name in costs}
    own = {
        f"hidden at most {HIDDEN_GOAL:.0%} of a core": hidden <= HIDDEN_GOAL,
        f"following at most {HIDDEN_GOAL:.0%} of a core": following <= HIDDEN_GOAL,
        f"GPUs page less than {WINDOW_GOAL:.0%} of a core": window < WINDOW_GOAL,
    }
    return own | less


def table(costs: Mapping[str, Cost]) -> list[str]:
    """Return the lines of the table."""
    head = f"{'':30} {'CPU':>7}   {'memory before':>13}   {'after':>9}"
    return [
        head,
        *(
            f"{name:30} {cost.cpu_share:7.2%}   {mb(cost.rss_before):>13}   {mb(cost.rss_after):>9}"
            for name, cost in costs.items()
        ),
    ]


def loads() -> str:
    """Return the load averages of the machine."""
    return ", ".join(f"{load:.2f}" for load in psutil.getloadavg())


if __name__ == "__main__":
    sys.exit(main())
