"""What the application costs in the tray, side by side with a bare PySide6 tray: ``python -m tests.benchmarks.tray``.

Both run on a virtual screen with a real panel, in turns, so that a busy machine slows both. Start is from the start of
the process until the icon has registered with the panel's tray. Memory and CPU are read from the system once it has
settled: the application watches this machine at 1 Hz and follows a CrackSeg run of 100 epochs that another thread
goes on writing. Quote the ratios, not the milliseconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
from tests.desktop.harness import Desktop, missing_packages, running_desktop, wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

BARE = """
import sys
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon
app = QApplication(sys.argv)
app.setQuitOnLastWindowClosed(False)
picture = QPixmap(22, 22)
picture.fill("red")
menu = QMenu()
for number in range(8):
    menu.addAction(f"Entry {number}")
tray = QSystemTrayIcon(QIcon(picture))
tray.setContextMenu(menu)
tray.show()
sys.exit(app.exec())
"""

POPUP_WIDTH, WINDOW_WIDTH = 420, 1366
WATCHER = "org.kde.StatusNotifierWatcher"


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--starts", type=int, default=9, help="paired starts (default 9)")
    parser.add_argument("--seconds", type=float, default=60, help="how long CPU is measured in each state (default 60)")
    options = parser.parse_args()
    if missing := missing_packages():
        print(f"missing Debian packages: {' '.join(missing)}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, running_desktop(Path(folder) / "screen") as desktop:
        work = Path(folder)
        report_starts(desktop, work, options.starts)
        report_running(desktop, work, options.seconds)
    return 0


def report_starts(desktop: Desktop, work: Path, count: int) -> None:
    """Start both in turns and print the medians and the ratio of the pairs."""
    pairs = []
    for number in range(count + 1):
        pair = [start_seconds(desktop, command) for command in (bare_command(), app_command(work, number))]
        if number:  # the first pair warms the page cache
            pairs.append(pair)
    bare, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(ours / bare for bare, ours in pairs)
    print(f"start to tray icon      bare {bare * 1000:5.0f} ms   application {ours * 1000:5.0f} ms   ratio {ratio:.2f}")


def report_running(desktop: Desktop, work: Path, seconds: float) -> None:
    """Let both run, and print what they take: hidden, with the pop-up open, with the full window open."""
    bare = desktop.spawn(*bare_command(), log="bare.log")
    with watching(desktop, work, "hidden") as ours:
        hidden, bare_rss = measured(ours, seconds), rss_bytes(bare)
        desktop.end(bare)  # its icon would be in the way of the click
    with watching(desktop, work, "popup") as ours:
        desktop.click(*desktop.tray_icon())
        popup = measured_open(desktop, ours, seconds, POPUP_WIDTH)
    with watching(desktop, work, "window") as ours:
        desktop.run(*app_command(work, "window"))  # a second start shows the first one's window
        window = measured_open(desktop, ours, seconds, WINDOW_WIDTH)
    bare_line = f"memory hidden           bare {mb(bare_rss)}   application {mb(hidden.rss_bytes)}"
    print(f"{bare_line}   ratio {hidden.rss_bytes / bare_rss:.2f}")
    for what, cost in (("pop-up open", popup), ("window open", window)):
        ratio = cost.rss_bytes / bare_rss
        print(f"memory, {what}                    application {mb(cost.rss_bytes)}   ratio {ratio:.2f}")
    print(f"CPU hidden, 1 Hz        {hidden.cpu_share:.2%} of a core")
    for what, cost in (("pop-up open", popup), ("window open", window)):
        print(f"CPU, {what}, 1 Hz  {cost.cpu_share:.2%} of a core")


@contextmanager
def watching(desktop: Desktop, work: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Let the application follow a run that goes on, in a process of its own, once it has read what was there."""
    run = work / f"runs-{name}"
    ours = desktop.spawn(*app_command(work, name, run), log=f"{name}.log")
    with writing(run):
        time.sleep(10)
        yield ours
    desktop.end(ours)
    wait_for(lambda: desktop.tray_icons() == 0, "the end of the icon")


def measured_open(desktop: Desktop, process: subprocess.Popen[bytes], seconds: float, width: int) -> Cost:
    """Measure with the dashboard open, once that is drawn; ``width`` tells that it is the one that was meant."""
    shown = desktop.geometry(desktop.find_window("^CrackSeg Desktop$"))[2]
    assert shown == width, f"the window is {shown} pixels wide and not {width}"
    time.sleep(5)
    cost = measured(process, seconds)
    assert desktop.windows("^CrackSeg Desktop$"), "it was closed meanwhile"
    return cost


def bare_command() -> list[str]:
    """Return the command of the bare tray."""
    return [sys.executable, "-c", BARE]


def app_command(work: Path, name: object, run: Path | None = None) -> list[str]:
    """Return the command of the application with a data folder of its own."""
    words = ["--data-dir", str(work / f"data-{name}"), "--config", str(work / "settings.toml")]
    return [sys.executable, "-m", "crackseg_desktop", *words, *(["--runs", str(run)] if run is not None else [])]


def start_seconds(desktop: Desktop, command: Sequence[str]) -> float:
    """Start a tray, and return the seconds until its icon is registered; it is ended again."""
    wait_for(lambda: desktop.tray_icons() == 0, "an empty tray")
    before = time.perf_counter()
    with registrations(desktop) as registered:
        process = desktop.spawn(*command, log="start.log")
        registered.wait(30)
        taken = time.perf_counter() - before
    desktop.end(process)
    return taken


@contextmanager
def registrations(desktop: Desktop) -> Iterator[threading.Event]:
    """Set an event when an icon registers with the tray: by its signal, not by asking again and again."""
    from jeepney import MatchRule, message_bus
    from jeepney.io.blocking import open_dbus_connection

    rule = MatchRule(type="signal", interface=WATCHER, member="StatusNotifierItemRegistered")
    seen, done = threading.Event(), threading.Event()
    with open_dbus_connection(desktop.env["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        connection.send_and_get_reply(message_bus.AddMatch(rule))

        def listen() -> None:
            while not done.is_set():
                try:
                    seen.set() if rule.matches(connection.receive(timeout=0.5)) else None
                except TimeoutError:
                    continue

        listener = threading.Thread(target=listen)
        listener.start()
        yield seen
        done.set()
        listener.join()


@contextmanager
def writing(run: Path) -> Iterator[None]:
    """Keep writing a CrackSeg run into a checkout: 100 epochs at once, then one every two seconds."""
    started = datetime.now(UTC).astimezone() - timedelta(hours=2)
    name = f"{started:%Y%m%d-%H%M%S}-benchmark"
    metrics = run / "src/crackseg/artifacts/experiments" / name / "metrics/metrics.jsonl"
    metrics.parent.mkdir(parents=True)
    (run / "artifacts/experiments" / name).mkdir(parents=True)
    (metrics.parents[1] / "config.json").write_text('{"training": {"epochs": 1000}}', encoding="utf-8")
    done = threading.Event()

    def write() -> None:
        epoch = 0
        while not done.wait(0 if epoch < 100 else 2):
            epoch += 1
            moment = datetime.now(UTC).astimezone().replace(tzinfo=None) - timedelta(minutes=max(0, 100 - epoch))
            with metrics.open("a", encoding="utf-8") as file:
                for tag in ("train/epoch_loss", "val_loss", "val_iou", "val_dice", "val_precision", "val_recall"):
                    row = {"name": tag, "value": 1 / epoch, "step": epoch, "timestamp": moment.isoformat()}
                    file.write(json.dumps(row) + "\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()


class Cost(NamedTuple):
    """What a process takes: resident memory, and the share of one core."""

    rss_bytes: int
    cpu_share: float


def measured(process: subprocess.Popen[bytes], seconds: float) -> Cost:
    """Measure a process over some seconds; the memory is that at their end."""
    share = cpu_share(process, seconds)
    return Cost(rss_bytes(process), share)


def rss_bytes(process: subprocess.Popen[bytes]) -> int:
    """Return the resident memory of a process."""
    return psutil.Process(process.pid).memory_info().rss


def cpu_share(process: subprocess.Popen[bytes], seconds: float) -> float:
    """Return the share of one core that a process uses over some seconds."""
    measured = psutil.Process(process.pid)
    before = measured.cpu_times()
    time.sleep(seconds)
    after = measured.cpu_times()
    return (after.user + after.system - before.user - before.system) / seconds


def mb(size: int) -> str:
    """Write bytes as decimal megabytes."""
    return f"{size / 1e6:5.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
