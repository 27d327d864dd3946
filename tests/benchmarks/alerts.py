"""How soon an alert is on the bus, and what a flood of them does: ``python -m tests.benchmarks.alerts``.

The application runs on a virtual screen with a real notification server and watches five fake GPUs
(``tests/fakenvml``) once a second. *Latency* is from the moment a GPU gets hotter than a rule with ``for_seconds = 0``
allows, which falls anywhere into a sampling interval, until the call ``Notify`` is seen on the bus. The part up to the
sample that sees it is up to chance, so that the goal is one interval and 100 ms. Each breach is of another rule or GPU:
one that comes back would be damped.

The *flood* is 10,000 breaches in less than a minute, of 100 GPUs that step over the limits of 100 rules, in the
application with its window open, drawn offscreen. A timer in the GUI thread says how long the longest gap between two
of its ticks was, the bus how many notifications there were.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.desktop.harness import NOTIFICATIONS, Desktop, missing_packages, running_desktop, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crackseg_desktop.core import Core
    from crackseg_desktop.monitor import Published
    from crackseg_desktop.readings import Sample
    from crackseg_desktop.ui.app import Launcher

FAKE_NVML = Path(__file__).parents[1] / "fakenvml"
INTERVAL = 1.0
GPUS = 5
COOL = 40.0
APART_SECONDS = 2.5
"""So that with five GPUs no breach waits for another of its own GPU, which would be gathered for ten seconds."""
FLOOD_GPUS, STEPS, DEGREES = 100, 100, 0.3
TICK_MS = 5
CAP = 6


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--breaches", type=int, default=30, help="breaches that are timed (default 30)")
    parser.add_argument("--seconds", type=float, default=58, help="how long the flood lasts (default 58)")
    parser.add_argument("--flood", metavar="FOLDER", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flood is not None:
        return flood(options.flood, options.seconds)
    if missing := missing_packages():
        print(f"missing Debian packages: {' '.join(missing)}", file=sys.stderr)
        return 1
    subprocess.run(["make", "-s"], cwd=FAKE_NVML, check=True)
    with tempfile.TemporaryDirectory() as folder, running_desktop(Path(folder) / "screen") as desktop:
        is_soon = report_latency(desktop, Path(folder), options.breaches)
        is_capped = report_flood(desktop, Path(folder), options.seconds)
    return 0 if is_soon and is_capped else 1


def report_latency(desktop: Desktop, work: Path, count: int) -> bool:
    """Measure breach after breach and print median and maximum; say whether the goal is met."""
    taken = latencies(desktop, work, count)
    goal = (INTERVAL + 0.1) * 1000
    median, longest = statistics.median(taken) * 1000, max(taken) * 1000
    print(f"breach to bus, {count} breaches   median {median:5.0f} ms   max {longest:5.0f} ms   goal {goal:.0f} ms")
    return longest <= goal


def report_flood(desktop: Desktop, work: Path, seconds: float) -> bool:
    """Let a process of its own have the flood, and print what came of it; say whether the goals are met."""
    desktop.forget_notifications()
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.alerts",
        "--flood",
        str(work / "flood"),
        "--seconds",
        str(seconds),
    ]
    done = subprocess.run(
        command, env=desktop.env | {"QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return False
    told = json.loads(done.stdout.splitlines()[-1])
    shown = len(desktop.notifications())
    gap, idle = told["gap"] * 1000, told["idle"] * 1000
    print(f"flood, {told['breaches']} breaches in {told['seconds']:.0f} s, {told['fired']} alerts fired")
    print(f"  notifications on the bus    {shown:5.0f}      goal {CAP} a minute and one digest")
    print(f"  longest gap, GUI thread     {gap:5.0f} ms   goal 100 ms ({idle:.0f} ms without alerts)")
    return shown <= CAP + 1 and told["gap"] <= 0.1


def latencies(desktop: Desktop, work: Path, count: int) -> list[float]:
    """Return the seconds from each breach to its notification on the bus."""
    home = work / "latency"
    home.mkdir()
    scenario = home / "gpu.ini"
    (home / "settings.toml").write_text(_settings(count), encoding="utf-8")
    temperatures = [COOL] * GPUS
    _write_scenario(scenario, temperatures)
    env = {"LD_LIBRARY_PATH": str(FAKE_NVML / "build"), "FAKENVML_SCENARIO": str(scenario)}
    files = ["--data-dir", str(home / "data"), "--config", str(home / "settings.toml"), "--runs", str(home)]
    ours = desktop.spawn(sys.executable, "-m", "crackseg_desktop", *files, log="latency.log", env=env)
    wait_for(lambda: desktop.tray_icons() == 1, "the tray icon", 30)
    chance, taken = random.Random(4), []
    with notified(desktop) as seen:
        time.sleep(5)
        for number in range(count):
            time.sleep(APART_SECONDS + chance.random() * INTERVAL)
            temperatures[number % GPUS] += 1.0
            seen.forget()
            before = time.perf_counter()
            _write_scenario(scenario, temperatures)
            taken.append(seen.wait(30) - before)
    desktop.end(ours)
    return taken


def _settings(count: int) -> str:
    """Return settings with a rule for each degree."""
    table = '[rules.step_{step}]\nmetric = "gpu_temperature_celsius"\nlimit = {limit}\nseverity = "critical"\n'
    rules = [table.format(step=step, limit=COOL + step + 0.5) for step in range(count // GPUS + 1)]
    return f"[sampling]\nfast_seconds = {INTERVAL}\n{''.join(rules)}"


def _write_scenario(path: Path, temperatures: Sequence[float]) -> None:
    """Replace the scenario in one step."""
    gpus = [
        f"[gpu{index}]\nuuid = GPU-3070a000-0000-0000-0000-00000000000{index}\ntemp_c = {temperature}\n"
        for index, temperature in enumerate(temperatures)
    ]
    new = path.with_suffix(".new")
    new.write_text(f"[driver]\nversion = 580.95.05\n{''.join(gpus)}", encoding="utf-8")
    new.replace(path)


class Seen:
    """When the first ``Notify`` was seen on the bus since the last ``forget``."""

    def __init__(self) -> None:
        self._moments: list[float] = []
        self._changed = threading.Condition()

    def note(self) -> None:
        """Take the moment."""
        with self._changed:
            self._moments.append(time.perf_counter())
            self._changed.notify_all()

    def forget(self) -> None:
        """Wait for the next one."""
        with self._changed:
            self._moments.clear()

    def wait(self, timeout: float) -> float:
        """Return when it came, by ``time.perf_counter``."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self._moments), timeout), "no notification came"
            return self._moments[0]


@contextmanager
def notified(desktop: Desktop) -> Iterator[Seen]:
    """Watch the bus as a monitor, in a thread of its own."""
    from jeepney import DBusAddress, MatchRule, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    rule = MatchRule(type="method_call", interface=NOTIFICATIONS, member="Notify")
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus.Monitoring")
    seen, done = Seen(), threading.Event()
    with open_dbus_connection(desktop.env["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        watch = new_method_call(bus, "BecomeMonitor", "asu", ([rule.serialise()], 0))
        connection.send_and_get_reply(watch)

        def listen() -> None:
            while not done.is_set():
                try:
                    seen.note() if rule.matches(connection.receive(timeout=0.5)) else None
                except TimeoutError:
                    continue

        listener = threading.Thread(target=listen)
        listener.start()
        yield seen
        done.set()
        listener.join()


def flood(folder: Path, seconds: float) -> int:
    """Run the application with its window open, flood it, and print as JSON what its GUI thread felt."""
    from PySide6.QtCore import QTimer

    from crackseg_desktop.settings import load
    from crackseg_desktop.ui.app import AppOptions, Launcher, make_application

    folder.mkdir()
    app = make_application()
    options = AppOptions(lambda: load(folder / "settings.toml"), folder / "data", show=True)
    launcher = Launcher(app, options, lambda: _core(folder), tray_available=lambda: False)
    launcher.start()
    heart, beat = Heart(), QTimer()
    beat.timeout.connect(heart.beat)
    told: dict[str, Any] = {}

    def begin() -> None:
        told["idle"] = heart.longest()
        threading.Thread(target=_flood_monitor, args=(launcher, seconds, told), daemon=True).start()

    def end() -> None:
        told["gap"] = heart.longest()
        app.exit(0)

    beat.start(TICK_MS)
    for delay, step in ((5.0, heart.begin), (15.0, begin), (16.0 + seconds, end)):
        QTimer.singleShot(int(delay * 1000), step)
    app.exec()
    launcher.close()
    print(json.dumps(told))
    return 0


def _core(folder: Path) -> Core:
    from crackseg_desktop.clock import SystemClock
    from crackseg_desktop.core import assemble
    from crackseg_desktop.notify.desktop import native_notifiers
    from crackseg_desktop.settings import Settings

    rules = {
        f"step_{step}": {"metric": "gpu_temperature_celsius", "limit": COOL + DEGREES * step} for step in range(STEPS)
    }
    settings = Settings(rules=rules)
    return assemble(settings, folder / "data", [folder], SystemClock(), notifiers=native_notifiers())


class Heart:
    """The longest time between two beats of a timer in the GUI thread."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget what was."""
        self._last, self._longest = time.perf_counter(), 0.0

    def beat(self) -> None:
        """Note that the GUI thread is alive."""
        now = time.perf_counter()
        self._longest = max(self._longest, now - self._last)
        self._last = now

    def longest(self) -> float:
        """Return the longest gap in seconds, and begin anew."""
        longest = self._longest
        self.begin()
        return longest


def _flood_monitor(launcher: Launcher, seconds: float, told: dict[str, Any]) -> None:
    """Publish the breaches over some seconds, and note how many alerts fired."""
    from crackseg_desktop.readings import AlertEvent, AlertState

    assert launcher.shell is not None
    assert launcher.shell.core is not None
    monitor = launcher.shell.core.monitor
    fired: set[str] = set()

    def on_event(event: Published) -> None:
        if isinstance(event, AlertEvent) and event.state == AlertState.FIRING:
            fired.add(event.key)

    monitor.subscribe(on_event)
    begun = time.perf_counter()
    for step in range(STEPS):
        monitor.publish(_sample(COOL + DEGREES * (step + 0.5)))
        time.sleep(max(0.0, begun + (step + 1) * seconds / STEPS - time.perf_counter()))
    answered = threading.Event()
    monitor.snapshot(lambda snapshot: answered.set())
    answered.wait(10)
    told |= {"breaches": STEPS * FLOOD_GPUS, "seconds": time.perf_counter() - begun, "fired": len(fired)}


def _sample(temperature: float) -> Sample:
    from crackseg_desktop.readings import GpuReading, Sample

    gpus = tuple(
        GpuReading({"gpu": f"GPU-{index}"}, {"gpu_temperature_celsius": temperature}, uuid=f"GPU-{index}", index=index)
        for index in range(FLOOD_GPUS)
    )
    return Sample(time.time(), time.monotonic(), None, gpus)


if __name__ == "__main__":
    sys.exit(main())
